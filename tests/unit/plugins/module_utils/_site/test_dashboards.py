# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A site's dashboards: they name what the twin has, hold a limit once, and are dashboards that Grafana takes."""

from __future__ import annotations

import collections.abc as c
import copy
import json
import re
import typing as t

from hypothesis import given, settings

from ansible_collections.energytwin.aws.plugins.module_utils._grafana import lint
from ansible_collections.energytwin.aws.plugins.module_utils._grafana.dashboards import differences
from ansible_collections.energytwin.aws.plugins.module_utils._site import dashboard_names as names
from ansible_collections.energytwin.aws.plugins.module_utils._site.dashboards import dashboards
from ansible_collections.energytwin.aws.plugins.module_utils._site.parse import parse_site
from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import meters, twin_entities
from ansible_collections.energytwin.aws.plugins.module_utils._site.properties import MEASURED, TOTALS
from ansible_collections.energytwin.aws.plugins.module_utils._site.scene import scene
from tests.tools.checkout import read_yaml
from tests.unit.plugins.module_utils._site.test_projections import sites

SITE: dict[str, t.Any] = {"id": "example-plant", **read_yaml("inventories/local/host_vars/example-plant/site.yml")["site"]}


def made(site: dict[str, t.Any] = SITE, scene_id: str = "plant", **options: t.Any) -> dict[str, dict[str, t.Any]]:
    return {one["title"]: one for one in dashboards(parse_site(site), scene_id, **options)}


def twin_of(site: dict[str, t.Any]) -> lint.Twin:
    return lint.twin_of(
        {
            "entities": twin_entities(site),
            "properties": [known.name for known in (*MEASURED, *TOTALS)],
            "scenes": ["plant"],
            "datasources": [names.uid(site["id"], names.DATASOURCE)],
        }
    )


def asked(dashboard: dict[str, t.Any]) -> c.Iterator[dict[str, t.Any]]:
    for _path, panel in lint.panels(dashboard):
        for _index, target in lint.targets(panel):
            yield dict(target)


def panel(dashboard: dict[str, t.Any], title: str) -> dict[str, t.Any]:
    return next(one for one in dashboard["panels"] if one.get("title") == title)


def test_the_example_plant_has_four_dashboards_without_a_fault() -> None:
    there = made()
    assert list(there) == ["Site", "Panel", "Meters", "Gateways"]
    for dashboard in there.values():
        assert lint.faults(dashboard, twin_of(SITE)) == []
        assert json.loads(json.dumps(dashboard)) == dashboard


@settings(max_examples=30, deadline=None)
@given(sites())
def test_dashboards_of_any_site_name_only_what_its_twin_has(data: dict[str, t.Any]) -> None:
    for dashboard in made(data).values():
        assert lint.faults(dashboard, twin_of(data)) == []


def test_a_meter_that_the_twin_does_not_have_is_found_in_every_dashboard_that_names_it() -> None:
    missing = copy.deepcopy(SITE)
    missing["areas"][0]["panels"][0]["meters"].pop()
    found = {title: lint.faults(dashboard, twin_of(missing)) for title, dashboard in made().items()}
    assert found["Panel"] == []  # asks for what is chosen, and the choice is the twin's own
    for title in ("Site", "Meters", "Gateways"):
        assert found[title] and all("entity 'mdb-hall-1' has no component 'meter-3'" in fault for fault in found[title])


def test_every_meter_is_on_the_dashboards_that_show_all_meters() -> None:
    everywhere = {(meter["entity_id"], meter["component_name"]) for meter in meters(SITE)}
    for title in ("Site", "Meters", "Gateways"):
        fixed = {(target["entityId"], target["componentName"]) for target in asked(made()[title]) if "$" not in target["entityId"]}
        assert fixed == everywhere


def test_a_changed_limit_changes_one_threshold_of_one_dashboard() -> None:
    changed = copy.deepcopy(SITE)
    changed["areas"][0]["panels"][0]["meters"][0]["limits"]["kW"]["alarm"] = 90
    before, after = made(), made(changed)
    reasons = [f"{title}: {reason}" for title in before for reason in differences(before[title], after[title])]
    assert len(reasons) == 1
    assert reasons[0].startswith("Meters: panels[3].fieldConfig.overrides[0].properties[2].value.steps[2].value changes from 95")


def test_limits_are_colours_in_the_unit_of_what_they_limit() -> None:
    site = copy.deepcopy(SITE)
    site["areas"][0]["panels"][0]["meters"][0]["limits"] = {"v1": {"alarm": 250}}
    limits = panel(made(site)["Meters"], "Limits")
    (target,) = (target for target in limits["targets"] if target.get("properties") == ["v1"])
    properties = {one["id"]: one["value"] for one in limits["fieldConfig"]["overrides"][0]["properties"]}
    assert target["refId"] == "M1" and limits["fieldConfig"]["overrides"][0]["matcher"]["options"] == "L1"
    assert properties["displayName"] == "Incomer hall 1: v1" and properties["unit"] == "volt"
    assert properties["thresholds"]["steps"] == [{"color": "green", "value": None}, {"color": "red", "value": 250}]


def test_expressions_name_targets_of_their_own_panel() -> None:
    seen = 0
    for dashboard in made().values():
        for _path, one in lint.panels(dashboard):
            there = [target["refId"] for target in one.get("targets", [])]
            assert len(there) == len(set(there))
            for target in one.get("targets", []):
                if target.get("type") == "reduce":
                    assert target["expression"] in there
                    seen += 1
                elif target.get("type") == "classic_conditions":
                    assert target["conditions"][0]["query"]["params"][0] in there
                    seen += 1
                elif target.get("type") == "math":
                    assert {part.strip("$()") for part in target["expression"].split() if "$" in part} <= set(there)
                    seen += 1
    assert seen > 3 * len(meters(SITE))


def test_only_what_an_expression_reads_is_limited_to_one_value() -> None:
    """Without an expression the app would fetch page after page of one value each."""
    for dashboard in made().values():
        for _path, one in lint.panels(dashboard):
            limited = [target for _index, target in lint.targets(one) if target.get("maxResults")]
            assert not limited or any(target["datasource"]["type"] == "__expr__" for target in one["targets"])


def test_derived_panels_show_a_panel_that_is_there() -> None:
    dashboard = made()["Panel"]
    ids = {one["id"] for one in dashboard["panels"]}
    derived = [target["panelId"] for one in dashboard["panels"] for target in one.get("targets", []) if "panelId" in target]
    assert derived and set(derived) <= ids


def test_what_is_chosen_at_first_is_there() -> None:
    for title in ("Site", "Panel"):
        chosen = [variable["current"]["value"] for variable in made()[title]["templating"]["list"] if variable["name"] != "view"]
        assert chosen == ["mdb-hall-1", "meter-1"]


def test_the_scene_is_seen_from_any_of_its_cameras() -> None:
    cameras = [node["name"] for node in scene(parse_site(SITE))["nodes"] if any(one["type"] == "Camera" for one in node["components"])]
    board = made()["Site"]
    (views,) = (variable for variable in board["templating"]["list"] if variable["name"] == "view")
    assert [option["value"] for option in views["options"]] == cameras
    assert views["current"] == {"text": "Example plant", "value": "camera-example-plant"}
    (viewer,) = (one for one in board["panels"] if one["type"] == lint.SCENE_VIEWER)
    assert viewer["options"]["customInputActiveCamera"] == "view"


def test_the_scene_asks_for_no_more_than_its_tags_show() -> None:
    """It asks for every value in its time, for each of its tags, page by page."""
    (viewer,) = (one for one in made()["Site"]["panels"] if one["type"] == lint.SCENE_VIEWER)
    assert viewer["timeFrom"] == "15m"
    assert viewer["targets"] == []


def test_without_a_scene_there_is_no_view_of_it() -> None:
    board = made(scene_id="")["Site"]
    assert "view" not in [variable["name"] for variable in board["templating"]["list"]]
    assert lint.SCENE_VIEWER not in [one["type"] for one in board["panels"]]


def test_a_year_is_read_as_totals_of_days() -> None:
    year = [one for one in made()["Panel"]["panels"] if one.get("timeFrom") == "365d"]
    assert [one["title"] for one in year] == ["Energy per day", "Demand (15 minutes) and mean power per day"]
    for one in year:
        (target,) = one["targets"]
        assert (target["entityId"], target["componentName"]) == ("${panel}", "energy")
        assert all(name.endswith("Day") for name in target["properties"])
    assert [one["fieldConfig"]["defaults"]["unit"] for one in year] == ["kwatth", "kwatt"]
    meter = made()["Panel"]["templating"]["list"][1]
    assert re.search(meter["regex"].strip("/"), "meter-1") and not re.search(meter["regex"].strip("/"), "energy")


def test_names_with_commas_do_not_become_two_choices() -> None:
    site = copy.deepcopy(SITE)
    site["areas"][0]["panels"][0]["name"] = "Hall 1, north : left"
    query = made(site)["Panel"]["templating"]["list"][0]["query"]
    assert query.startswith("Hall 1\\, north : left : mdb-hall-1, Lighting hall 1 : light-hall-1")


def test_a_stale_meter_is_one_without_a_reading_for_the_given_time() -> None:
    stale = panel(made(stale_minutes=5)["Meters"], "Stale meters (silent for 5m)")
    assert stale["timeFrom"] == "5m"
    states = stale["fieldConfig"]["defaults"]["mappings"][0]["options"]
    assert {value: state["text"] for value, state in states.items()} == {"0": "reports", "1": "stale"}


def test_a_gateway_shows_how_many_of_its_meters_report() -> None:
    gateways = made()["Gateways"]
    assert [one["title"] for one in gateways["panels"] if one["type"] == "row"] == ["gw-hall", "gw-roof"]
    reporting = panel(gateways, "Meters that report (15m)")
    own = [meter for meter in meters(SITE) if meter["gateway"] == "gw-hall"]
    assert reporting["fieldConfig"]["defaults"]["unit"] == f"suffix: of {len(own)}"
    assert reporting["targets"][-1]["expression"] == f"{len(own)} - ({' + '.join(f'$S{n + 1}' for n in range(len(own)))})"


def test_without_a_scene_there_is_no_scene_panel() -> None:
    assert not [one for one in made(scene_id="")["Site"]["panels"] if "scene" in one["type"]]
    assert [one for one in made()["Site"]["panels"] if one["type"] == lint.SCENE_VIEWER]


def test_uids_are_legal_and_differ_for_ids_that_look_alike() -> None:
    long_ids = ["a" * 60 + "1", "a" * 60 + "2", "plant.north", "plant:north", "plant-north"]
    for kind in ("", *names.KINDS, names.DATASOURCE):
        made_of = [names.uid(site_id, kind) for site_id in long_ids]
        assert len(set(made_of)) == len(long_ids)
        assert all(0 < len(one) <= 40 and one.replace("-", "").isalnum() for one in made_of)
    assert names.uids("plant")["folder"] == "plant" and names.uids("plant")["gateways"] == "plant-gateways"
    assert names.panel_path("plant", "mdb", "meter-1") == "/d/plant-panel?var-panel=mdb&var-meter=meter-1"
