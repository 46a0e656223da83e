# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What follows from a site holds for any site."""

from __future__ import annotations

import collections.abc as c
import json
import typing as t

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.energytwin.aws.plugins.module_utils._site.parse import parse_site
from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import as_site, meters, plain, summaries, twin_entities
from ansible_collections.energytwin.aws.plugins.module_utils._site.properties import (
    MEASURED,
    SERIES,
    SUMMARY_ID,
    SUMMARY_NAME,
    SUMMARY_TYPE_ID,
    measured_by,
)

METER_IDS = st.lists(st.from_regex(r"[A-Za-z0-9_-]{1,6}", fullmatch=True) | st.integers(0, 999), max_size=4, unique_by=str)


def numbered(data: t.Any, counter: c.Iterator[int]) -> t.Any:
    """Gives every area and panel an id and a name of its own."""
    number = next(counter)
    meters = [{"id": meter, "name": f"Meter {index}", "phases": 1 + 2 * (index % 2)} for index, meter in enumerate(data.get("meters", []))]
    inner = {key: [numbered(entry, counter) for entry in data[key]] for key in ("areas", "panels") if key in data}
    return {"id": f"node-{number}", "name": f"Node {number}", **inner, **({"meters": meters} if "meters" in data else {})}


PANELS = st.fixed_dictionaries({"meters": METER_IDS})
AREAS = st.recursive(
    st.fixed_dictionaries({"panels": st.lists(PANELS, max_size=3)}),
    lambda inner: st.fixed_dictionaries({"panels": st.lists(PANELS, max_size=2), "areas": st.lists(inner, max_size=3)}),
    max_leaves=8,
)


@st.composite
def sites(draw: st.DrawFn) -> dict[str, t.Any]:
    counter = iter(range(10_000))
    areas = [numbered(area, counter) for area in draw(st.lists(AREAS, max_size=3))]
    sure = {"id": "sure", "name": "Sure", "panels": [{"id": "sure-panel", "name": "P", "meters": [{"id": 1, "name": "M", "phases": 3}]}]}
    return {"id": "plant", "name": "Plant", "topic": "energy/plant", "areas": [*areas, sure]}


def meters_of(areas: list[dict[str, t.Any]]) -> c.Iterator[tuple[str, str]]:
    for area in areas:
        yield from ((panel["id"], str(meter["id"])) for panel in area.get("panels", []) for meter in panel.get("meters", []))
        yield from meters_of(area.get("areas", []))


@settings(max_examples=60, deadline=None)
@given(sites())
def test_entities_hold_for_any_site(data: dict[str, t.Any]) -> None:
    site = parse_site(data)
    entities = twin_entities(site)
    seen: set[str | None] = set()
    for entity in entities:
        assert entity["entity_id"] not in seen
        assert entity.get("parent_entity_id") in (seen or {None})
        seen.add(entity["entity_id"])
    components = [
        tuple(component["properties"][identifier]["value"]["stringValue"] for identifier in ("panelId", "meterId"))
        for entity in entities
        for name, component in entity["components"].items()
        if name != SUMMARY_NAME
    ]
    for entity in entities:
        summary = {"componentTypeId": SUMMARY_TYPE_ID, "properties": {SUMMARY_ID: {"value": {"stringValue": entity["entity_id"]}}}}
        assert entity["components"][SUMMARY_NAME] == summary
    assert sorted(components) == sorted(meters_of(data["areas"]))
    assert json.loads(json.dumps(entities)) == entities == twin_entities(parse_site(data))


@settings(max_examples=60, deadline=None)
@given(sites())
def test_every_meter_is_listed_once_and_is_the_component_of_its_entity(data: dict[str, t.Any]) -> None:
    site = parse_site(data)
    listed = meters(site)
    assert [(meter["panel_id"], meter["meter_id"]) for meter in listed] == list(meters_of(data["areas"]))
    by_id = {entity["entity_id"]: entity for entity in twin_entities(site)}
    for meter in listed:
        assert by_id[meter["entity_id"]]["components"][meter["component_name"]]["description"] == meter["meter_name"]
        assert meter["area_ids"][-1] == by_id[meter["entity_id"]]["parent_entity_id"]
    assert json.loads(json.dumps(listed)) == listed


@settings(max_examples=30, deadline=None)
@given(sites())
def test_the_plain_form_is_the_same_site(data: dict[str, t.Any]) -> None:
    site = parse_site(data)
    assert as_site(json.loads(json.dumps(plain(site)))) == site


@settings(max_examples=30, deadline=None)
@given(sites())
def test_without_incomers_and_feeds_every_meter_counts_once_for_all_that_it_stands_in(data: dict[str, t.Any]) -> None:
    counted = summaries(parse_site(data))
    assert list(counted) == [
        *(entity["entity_id"] for entity in twin_entities(parse_site(data)) if entity["entity_id"] not in panels_of(data)),
        *panels_of(data),
    ]
    expected: dict[str, list[list[str]]] = {entity_id: [] for entity_id in counted}
    for meter in meters(data):
        for entity_id in (data["id"], *meter["area_ids"], meter["panel_id"]):
            expected[entity_id].append([meter["panel_id"], meter["meter_id"]])
    assert {key: sorted(value) for key, value in counted.items()} == {key: sorted(value) for key, value in expected.items()}


def panels_of(data: dict[str, t.Any]) -> list[str]:
    def below(area: dict[str, t.Any]) -> list[str]:
        return [*(panel["id"] for panel in area.get("panels", [])), *(one for inner in area.get("areas", []) for one in below(inner))]

    return [panel for area in data["areas"] for panel in below(area)]


def test_what_an_incomer_or_a_feeding_panel_measures_is_not_counted_twice() -> None:
    def panel(panel_id: str, *meter_ids: str, **more: str) -> dict[str, t.Any]:
        meters = [{"id": one, "name": one, "phases": 3, "incomer": one == "in"} for one in meter_ids]
        return {"id": panel_id, "name": panel_id, "meters": meters, **more}

    hall = {"id": "hall", "name": "Hall", "panels": [panel("main", "in", "a", "b"), panel("light", "a", "b", fed_from="main")]}
    roof = {"id": "roof", "name": "Roof", "panels": [panel("cold", "a", fed_from="main")]}
    found = summaries({"id": "plant", "name": "Plant", "topic": "t", "areas": [hall, roof]})
    assert found == {
        "plant": [["main", "in"]],
        "hall": [["main", "in"]],
        "roof": [["cold", "a"]],
        "main": [["main", "in"]],
        "light": [["light", "a"], ["light", "b"]],
        "cold": [["cold", "a"]],
    }


def test_everything_that_a_meter_is_given_comes_through() -> None:
    meter = {
        "id": "5",
        "name": "Chiller",
        "phases": 1,
        "model": "sdm120",
        "gateway": "gw",
        "address": "7",
        "serial": "A1",
        "incomer": True,
        "limits": {"kW": {"warning": 40.0, "alarm": 50.0}},
        "position": [1.0, 2.0, 3.0],
    }
    data = {
        "id": "plant",
        "name": "Plant",
        "topic": "energy/plant",
        "model": "plant.glb",
        "timezone": "Europe/Berlin",
        "people": [{"user": "jane", "role": "editor"}],
        "areas": [
            {
                "id": "roof",
                "name": "Roof",
                "position": [0.0, 0.0, 8.0],
                "areas": [],
                "panels": [{"id": "mdb", "name": "MDB", "meters": [meter]}],
            }
        ],
    }
    assert plain(parse_site(data)) == data
    (listed,) = meters(data)
    assert {key: listed[key] for key in ("phases", "model", "gateway", "address", "serial", "limits", "position")} == {
        key: meter[key] for key in ("phases", "model", "gateway", "address", "serial", "limits", "position")
    }
    assert (listed["panel_id"], listed["component_name"], listed["area_ids"]) == ("mdb", "meter-5", ["roof"])


def test_a_meter_of_one_phase_measures_less() -> None:
    assert measured_by(3) == tuple(measured.name for measured in MEASURED)
    assert set(measured_by(1)) == {"v1", "i1", "kW", "kW1", "pf", "hz", "kWhImport", "kWhExport"}
    assert len(set(SERIES)) == len(SERIES) == 15
