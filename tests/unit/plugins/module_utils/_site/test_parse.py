# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A site that is wrong is refused with every fault, each with its path, its value and a remedy."""

from __future__ import annotations

import copy
import typing as t

import pytest

from ansible_collections.energytwin.aws.plugins.module_utils._site.parse import SiteError, parse_site

METER = {"id": "5", "name": "Chiller 1", "phases": 3}
PANEL = "areas[0].panels[0]"


def site(**changes: t.Any) -> dict[str, t.Any]:
    panel = {"id": "mech-rooftop", "name": "Mechanical rooftop", "meters": [copy.deepcopy(METER)]}
    good = {"name": "Example plant", "topic": "energy/example-plant", "areas": [{"id": "roof", "name": "Roof", "panels": [panel]}]}
    return {**good, **changes}


def with_meters(*meters: t.Any) -> dict[str, t.Any]:
    data = site()
    data["areas"][0]["panels"][0]["meters"] = list(meters)
    return data


def with_meter(**changes: t.Any) -> dict[str, t.Any]:
    return with_meters({**METER, **changes})


def problems(data: t.Any, gateways: list[str] | None = None, site_id: str = "example-plant") -> list[str]:
    with pytest.raises(SiteError) as caught:
        parse_site(data, site_id, gateways)
    return list(caught.value.problems)


def nested(levels: int) -> dict[str, t.Any]:
    area: dict[str, t.Any] = {"id": f"area-{levels}", "name": "Innermost", "panels": site()["areas"][0]["panels"]}
    for level in range(levels - 1, 0, -1):
        area = {"id": f"area-{level}", "name": f"Area {level}", "areas": [area]}
    return site(areas=[area])


def test_a_good_site_is_taken_as_it_is() -> None:
    data = with_meter(
        id=5,
        model="eastron_sdm630",
        gateway="gw-roof",
        address=7,
        serial="A1",
        limits={"kW": {"warning": 40, "alarm": 50}},
        position=[1, 2.5, 0],
    )
    found = parse_site(data, "example-plant", ["gw-roof"])
    meter = found.areas[0].panels[0].meters[0]
    assert (found.id, found.topic) == ("example-plant", "energy/example-plant")
    assert (meter.id, meter.address, meter.position) == ("5", "7", (1.0, 2.5, 0.0))
    assert (meter.limits[0].property, meter.limits[0].warning, meter.limits[0].alarm) == ("kW", 40.0, 50.0)


def test_a_panel_is_fed_from_another_panel_of_the_site_and_never_from_itself() -> None:
    def feeding(*feeds: str) -> dict[str, t.Any]:
        panels = [{"id": f"p{number}", "name": f"P{number}", "fed_from": feed, "meters": []} for number, feed in enumerate(feeds, 1)]
        return site(areas=[{**site()["areas"][0], "panels": [*site()["areas"][0]["panels"], *panels]}])

    assert parse_site(feeding("mech-rooftop", "p1"), "example-plant").areas[0].panels[2].fed_from == "p1"
    assert problems(feeding("p9")) == [
        "areas[0].panels[1].fed_from: 'p9' is no panel of this site; write the id of the panel that feeds this one"
    ]
    itself = "is fed from this panel itself; name the panel nearer to the grid"
    assert problems(feeding("p2", "p1")) == [f"areas[0].panels[1].fed_from: 'p2' {itself}", f"areas[0].panels[2].fed_from: 'p1' {itself}"]


def test_whether_a_meter_is_an_incomer_is_true_or_false() -> None:
    assert parse_site(with_meter(incomer=True), "example-plant").areas[0].panels[0].meters[0].incomer
    assert problems(with_meter(incomer="yes")) == [
        f"{PANEL}.meters[0].incomer: 'yes' is neither true nor false; write one of them, without quotes"
    ]


def test_all_faults_are_said_at_once() -> None:
    data = with_meters({**METER, "id": True, "phases": 2}, {"id": "6"}, "meter")
    data["topic"] = "a/+"
    del data["name"]
    found = problems(data)
    assert [problem.split(": ")[0] for problem in found] == [
        "name",
        "topic",
        f"{PANEL}.meters[0].phases",
        f"{PANEL}.meters[0].id",
        f"{PANEL}.meters[1].phases",
        f"{PANEL}.meters[1].name",
        f"{PANEL}.meters[2]",
    ]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (
            with_meters(METER, {**METER, "id": 5, "name": "Chiller 2"}),
            f"{PANEL}.meters[1].id: '5' is used twice in panel 'mech-rooftop'; give each meter of a panel its own id",
        ),
        (with_meter(id=1.5), f"{PANEL}.meters[0].id: 1.5 is no text or whole number; put it in quotes if it means '1.5'"),
        (with_meter(id=False), f"{PANEL}.meters[0].id: False is no text or whole number; put it in quotes if it means 'False'"),
        (with_meter(id="5'; --"), f'{PANEL}.meters[0].id: "5\'; --" is no legal meter id; use letters, digits, - and _'),
        (with_meter(phases=True), f"{PANEL}.meters[0].phases: True is no number of phases; write 1 or 3"),
        (with_meter(gatewy="x"), f"{PANEL}.meters[0].gatewy: is no key of a meter; did you mean 'gateway'?"),
        (with_meter(position=[1, 2]), f"{PANEL}.meters[0].position: [1, 2] is no position; write three numbers in metres, [x, y, z]"),
        (
            with_meter(position=[1, 2, float("nan")]),
            f"{PANEL}.meters[0].position: [1, 2, nan] is no position; write three numbers in metres, [x, y, z]",
        ),
        (
            with_meter(limits={"kW": {"warning": 50, "alarm": 50}}),
            f"{PANEL}.meters[0].limits.kW.warning: 50.0 is not below the alarm 50.0; a warning comes before the alarm",
        ),
        (with_meter(limits={"kW": {}}), f"{PANEL}.meters[0].limits.kW: sets no limit; write warning, alarm or both"),
        (
            with_meter(limits={"kW": {"alarm": "50 kW"}}),
            f"{PANEL}.meters[0].limits.kW.alarm: '50 kW' is no number; write it without quotes and unit",
        ),
        (site(topic="energy/#"), "topic: 'energy/#' holds a wildcard; readings are published to one topic, write it without + and #"),
        (site(topic="$aws/x"), "topic: '$aws/x' holds a $, which belongs to AWS's reserved topics; write it without"),
        (site(topic="/energy"), "topic: '/energy' begins or ends with a slash; write it without"),
        (site(topic="a/b/c/d/e/f/g/h/i"), "topic: 'a/b/c/d/e/f/g/h/i' has 8 slashes; IoT Core takes at most 7"),
        (site(people=[{"user": "jane", "role": "boss"}]), "people[0].role: 'boss' is no role; use one of admin, editor, viewer"),
        (
            site(people=[{"user": "jane", "role": "admin"}, {"user": "jane", "role": "viewer"}]),
            "people[1].user: 'jane' stands already at people[0].user; give each person one role",
        ),
        (site(model="plant.step"), "model: 'plant.step' is no 3D file that a scene can show; give a .glb or .gltf file"),
        (site(areas=[]), "areas: is missing; a site has at least one area with a panel and a meter"),
        (with_meters(), "areas: hold no meter; a site has at least one"),
        (site(areas="roof"), "areas: 'roof' is no list; write one entry per line, each after a dash"),
        (site(id="other"), "id: 'other' is not the site's id 'example-plant'; leave it out, the name of the inventory host is the id"),
        (site(name="Line\nbreak"), "name: 'Line\\nbreak' holds a line break or another control character; write it on one line"),
        ("plant", "'plant' is no site; write a mapping with the keys id, name, topic, areas, people, model, timezone"),
        (
            site(timezone="Europe/Nowhere"),
            "timezone: 'Europe/Nowhere' is no time zone; write an IANA name, for example Europe/Berlin or UTC",
        ),
        (site(timezone="../etc/passwd"), "timezone: '../etc/passwd' is no time zone; write an IANA name, for example Europe/Berlin or UTC"),
    ],
)
def test_a_fault_names_path_value_and_remedy(data: t.Any, problem: str) -> None:
    assert problem in problems(data)


def test_a_topic_counts_in_bytes() -> None:
    assert problems(site(topic="ä" * 129)) == [f"topic: {('ä' * 129)[:76]!r}"[:-1] + "... has 258 bytes; IoT Core takes at most 256"]
    assert parse_site(site(topic="ä" * 128), "example-plant").topic == "ä" * 128


def test_areas_panels_and_the_site_share_one_set_of_ids() -> None:
    data = site()
    data["areas"].append({"id": "mech-rooftop", "name": "Hall", "panels": [{"id": "example-plant", "name": "P"}]})
    rest = "; the site, its areas and its panels share one set of ids, give each its own"
    assert problems(data) == [
        f"areas[1].id: 'mech-rooftop' is used already at {PANEL}.id{rest}",
        f"areas[1].panels[0].id: 'example-plant' is used already at id{rest}",
    ]


def test_a_meter_stands_in_one_panel_only() -> None:
    data = with_meter(gateway="gw", address=7, serial="A1")
    data["areas"][0]["panels"].append(
        {"id": "other", "name": "Other", "meters": [{**METER, "gateway": "gw", "address": "7", "serial": "A1"}]}
    )
    remedy = "a meter stands in one panel only, remove one of the two entries or mend it"
    second = "areas[0].panels[1].meters[0]"
    assert problems(data) == [
        f"{second}.serial: 'A1' is the serial number at {PANEL}.meters[0].serial too; {remedy}",
        f"{second}.address: '7 at gateway gw' is the address at {PANEL}.meters[0].address too; {remedy}",
    ]


def test_panels_may_number_their_meters_alike() -> None:
    data = with_meter(gateway="gw", address=1)
    data["areas"][0]["panels"].append({"id": "other", "name": "Other", "meters": [{**METER, "gateway": "gw", "address": 2}]})
    assert parse_site(data, "example-plant").areas[0].panels[1].meters[0].id == "5"


def test_things_side_by_side_have_different_names() -> None:
    data = site()
    data["areas"][0]["areas"] = [{"id": "inner", "name": "Mechanical rooftop"}]
    assert problems(data) == [
        f"{PANEL}.name: 'Mechanical rooftop' is the name at areas[0].areas[0].name too; give things that stand side by side different names"
    ]


def test_a_gateway_must_be_one_of_the_site() -> None:
    data = with_meter(gateway="gw-hall")
    assert parse_site(data, "example-plant", None).areas
    assert problems(data, ["gw-roof", "gw-cellar"]) == [
        f"{PANEL}.meters[0].gateway: 'gw-hall' is no gateway of this site (known: gw-cellar, gw-roof); mend the name, or add the host"
        " to the gateways with gateway_site set to this site"
    ]


def test_a_limit_is_on_something_that_the_meter_measures() -> None:
    found = problems(with_meter(phases=1, limits={"v2": {"alarm": 250}, "kVA": {"alarm": 1}}))
    measured = "use one of v1, i1, kW, kW1, pf, hz, kWhImport, kWhExport"
    assert found == [
        f"{PANEL}.meters[0].limits.v2: is not measured by a meter of 1 phase; {measured}",
        f"{PANEL}.meters[0].limits.kVA: is no measured property; {measured}",
    ]


@pytest.mark.parametrize("entity_id", ["a", "-ab", "ab-", "a b", "a/b", "ab\n", "x" * 129])
def test_an_id_is_legal_for_an_entity(entity_id: str) -> None:
    assert problems(site(), site_id=entity_id)


def test_quotas_of_twinmaker_hold() -> None:
    meters = [{"id": number, "name": f"Meter {number}", "phases": 1} for number in range(30)]
    assert problems(with_meters(*meters)) == [
        f"{PANEL}.meters: are 30; a panel takes at most 29, as IoT TwinMaker takes 30 components in an entity and one is for the panel's totals;"
        " divide the panel"
    ]
    assert parse_site(nested(28), "example-plant")
    assert any("29 levels deep; IoT TwinMaker takes at most 28 levels of areas" in problem for problem in problems(nested(29)))
