# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each rule of the linter finds its fault, says where it is and what to do, and nothing else."""

from __future__ import annotations

import json
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.energytwin.aws.plugins.module_utils._grafana.lint import DATASOURCE_TYPE, SCENE_VIEWER, Twin, faults, twin_of

Dashboard = dict[str, t.Any]

SOURCE = {"type": DATASOURCE_TYPE, "uid": "twin"}
QUERY = {
    "refId": "A",
    "datasource": SOURCE,
    "queryType": "EntityHistory",
    "entityId": "mdb",
    "componentName": "meter-1",
    "properties": ["kW"],
    "order": "DESCENDING",
}
TWIN = twin_of(
    {
        "entities": [{"entity_id": "mdb", "components": {"meter-1": {}}}, {"entity_id": "roof"}],
        "properties": ["kW", "v1"],
        "scenes": ["plant"],
        "datasources": ["twin"],
    }
)
GOOD: Dashboard = {
    "uid": "power",
    "title": "Power",
    "templating": {
        "list": [
            {"type": "textbox", "name": "entity"},
            {
                "type": "query",
                "name": "meter",
                "datasource": SOURCE,
                "query": {"queryType": "ListComponentNames", "entityId": "$entity"},
            },
        ]
    },
    "panels": [
        {
            "id": 1,
            "type": SCENE_VIEWER,
            "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8},
            "datasource": SOURCE,
            "options": {"datasource": "twin", "sceneId": "plant", "customSelEntityVarName": "${entity}"},
            "targets": [QUERY],
        },
        {"id": 2, "type": "timeseries", "gridPos": {"x": 12, "y": 0, "w": 12, "h": 8}, "datasource": SOURCE, "targets": [QUERY]},
        {
            "id": 3,
            "type": "row",
            "collapsed": True,
            "gridPos": {"x": 0, "y": 8, "w": 24, "h": 1},
            "panels": [{"id": 4, "type": "stat", "gridPos": {"x": 0, "y": 0, "w": 24, "h": 4}, "targets": [QUERY]}],
        },
    ],
}


def changed(path: str, value: t.Any) -> Dashboard:
    """GOOD with one member changed; a value of None takes it away. path: e.g. ``panels.0.id``."""
    dashboard = json.loads(json.dumps(GOOD))
    *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place: t.Any = dashboard
    for step in way:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return dashboard


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def places(value: t.Any, way: tuple[t.Any, ...] = ()) -> list[tuple[t.Any, ...]]:
    """The way to every member of a dashboard."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [one for key, inner in members for one in ((*way, key), *places(inner, (*way, key)))]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(places(json.loads(json.dumps(GOOD)))), ANYTHING)
def test_whatever_stands_in_a_dashboard_it_is_judged(way: tuple[t.Any, ...], value: t.Any) -> None:
    dashboard = json.loads(json.dumps(GOOD))
    place = dashboard
    for step in way[:-1]:
        place = place[step]
    place[way[-1]] = value
    assert all(fault.endswith(".") for fault in faults(dashboard, TWIN))


def test_a_good_dashboard_has_no_fault() -> None:
    assert faults(GOOD, TWIN) == []
    assert faults({"uid": "empty", "title": "Empty"}, TWIN) == []


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        ("uid", "a" * 41, "uid: 'aaaa"),
        ("uid", "power plant", "uid: 'power plant' cannot be used; use letters"),
        ("panels", {"id": 1}, 'panels: {"id": 1} is no list'),
        ("panels.1.id", 1, "panels[1].id: 1 is that of panels[0] already"),
        ("panels.2.panels.0.id", 2, "panels[2].panels[0].id: 2 is that of panels[1] already"),
        ("panels.1.gridPos.x", 11, "panels[1].gridPos: it lies over panels[0]"),
        ("panels.1.gridPos.w", 13, "panels[1].gridPos: x 12 and w 13 go beyond the 24 columns"),
        ("panels.1.gridPos.w", "12", 'panels[1].gridPos: {"h": 8'),
        ("panels.0.type", "grafana-iot-twinmaker-layout-panel", "panels[0].type: 'grafana-iot-twinmaker-layout-panel' is no panel of"),
        ("panels.0.options.sceneId", "hall", "panels[0].options.sceneId: the twin has no scene 'hall'"),
        ("panels.0.options.sceneId", None, "panels[0].options.sceneId: there is none"),
        ("panels.0.options.datasource", "tm", "panels[0].options.datasource: there is no data source 'tm'; use one of twin."),
        ("panels.0.options.customSelEntityVarName", "who", "panels[0].options.customSelEntityVarName: the dashboard has no variable 'who'"),
        ("panels.0.targets.0.order", "ASCENDING", "panels[0].targets[0].order: the scene takes the first value"),
        ("panels.0.targets.0.queryType", "GetEntity", "panels[0].targets[0].queryType: the scene reads no GetEntity"),
        ("panels.1.targets.0.queryType", "TwinMakerPanel", "panels[1].targets[0].queryType: 'TwinMakerPanel' is none of"),
        ("panels.1.targets.0.queryType", None, "panels[1].targets[0].queryType: null is none of"),
        ("panels.1.targets.0.entityId", None, "panels[1].targets[0].entityId: EntityHistory needs it"),
        ("panels.1.targets.0.properties", [], "panels[1].targets[0].properties: EntityHistory needs it"),
        ("panels.1.targets.0.properties", "kW", "panels[1].targets[0].properties: 'kW' is no list"),
        ("panels.1.targets.0.queryType", "ComponentHistory", "panels[1].targets[0].componentTypeId: ComponentHistory needs it"),
        ("panels.1.targets.0.order", "UP", "panels[1].targets[0].order: 'UP' is no order"),
        ("panels.1.targets.0.intervalStreaming", 30, "panels[1].targets[0].intervalStreaming: 30 is none"),
        ("panels.1.targets.0.intervalStreaming", "4", "panels[1].targets[0].intervalStreaming: '4' is none"),
        ("panels.1.targets.0.intervalStreaming", "\u00b2", "panels[1].targets[0].intervalStreaming: '\u00b2' is none"),
        ("panels.1.targets.0.entityId", "attic", "panels[1].targets[0].entityId: the twin has no entity 'attic'"),
        ("panels.1.targets.0.entityId", "roof", "panels[1].targets[0].componentName: entity 'roof' has no component 'meter-1'"),
        ("panels.1.targets.0.entityId", "${who}", "panels[1].targets[0].entityId: the dashboard has no variable 'who'"),
        ("panels.1.targets.0.properties", ["kw"], "panels[1].targets[0].properties: 'kw' is no property of the twin"),
        ("panels.1.targets.0.datasource", {**SOURCE, "uid": "tm"}, "panels[1].targets[0].datasource: there is no data source 'tm'"),
        ("panels.2.panels.0.targets.0.componentName", "meter-2", "panels[2].panels[0].targets[0].componentName: entity 'mdb' has no"),
        ("templating.list.1.query.queryType", "ListScenes", "templating.list[1].query.queryType: 'ListScenes' gives no values"),
        ("templating.list.1.query.entityId", "$who", "templating.list[1].query.entityId: the dashboard has no variable 'who'"),
    ],
)
def test_a_fault_is_found(path: str, value: t.Any, fault: str) -> None:
    found = faults(changed(path, value), TWIN)
    assert len(found) == 1, found
    assert found[0].startswith(fault) and found[0].endswith(".")


@pytest.mark.parametrize(
    ("condition", "fault"),
    [
        ({"name": "kW", "value": "5"}, "value: '5' is no value"),
        ({"name": "kW", "value": {"stringValue": "5", "doubleValue": 5}}, "value: {"),
        ({"name": "kW", "value": {"number": 5}}, "value: 'number' is no kind of value"),
        ({"name": "kW", "value": {"doubleValue": "5"}}, "value.doubleValue: '5' is of another type"),
        ({"name": "kW", "value": {"integerValue": True}}, "value.integerValue: true is of another type"),
        ({"value": {"doubleValue": 5}}, "name: there is none"),
    ],
)
def test_a_filter_that_the_app_cannot_read_is_found(condition: dict[str, t.Any], fault: str) -> None:
    (found,) = faults(changed("panels.1.targets.0.filter", [condition]), TWIN)
    assert found.startswith(f"panels[1].targets[0].filter[0].{fault}")


def test_a_good_filter_has_no_fault() -> None:
    good = [{"name": "kW", "op": ">", "value": {"doubleValue": 5}}, {"name": "kW", "value": {"booleanValue": True}}]
    assert faults(changed("panels.1.targets.0.filter", good), TWIN) == []


def test_what_is_not_known_of_the_twin_is_not_checked() -> None:
    elsewhere = changed("panels.1.targets.0.entityId", "attic")
    assert faults(elsewhere, Twin()) == []
    assert faults(elsewhere) == []
    assert len(faults(elsewhere, TWIN)) == 1


def test_all_faults_are_found_at_once() -> None:
    wrong = changed("panels.1.targets.0.entityId", "attic")
    wrong["panels"][0]["options"]["sceneId"] = "hall"
    wrong["uid"] = "power plant"
    assert [fault.split(":")[0] for fault in faults(wrong, TWIN)] == ["uid", "panels[0].options.sceneId", "panels[1].targets[0].entityId"]


@pytest.mark.parametrize("source", [{"uid": "twin"}, {"uid": "twin", "type": None}, {}, None, "twin"])
@pytest.mark.parametrize(("member", "value"), [("entityId", "attic"), ("queryType", "GetAll")])
def test_a_source_without_a_type_is_checked_too(source: t.Any, member: str, value: str) -> None:
    dashboard = changed("panels.1.targets", [{**QUERY, "datasource": source}])
    if not source:
        dashboard["panels"][1]["datasource"] = SOURCE
    assert faults(dashboard, TWIN) == []
    dashboard["panels"][1]["targets"][0][member] = value
    (found,) = faults(dashboard, TWIN)
    assert found.startswith(f"panels[1].targets[0].{member}: ")


def test_a_query_of_the_app_is_known_without_its_source() -> None:
    for source in (None, {"uid": "${source}"}):
        dashboard = changed("panels.1.targets", [{**QUERY, "datasource": source, "entityId": "attic"}])
        dashboard["panels"][1]["datasource"] = None
        assert [fault.split(":")[0] for fault in faults(dashboard, TWIN)] == ["panels[1].targets[0].entityId"]


def test_targets_of_other_sources_are_left_alone() -> None:
    assert faults(changed("panels.1.targets", [{"refId": "B", "datasource": {"uid": "other"}, "queryType": "Metrics"}]), TWIN) == []
    other = {"refId": "B", "datasource": {"type": "__expr__", "uid": "__expr__"}, "type": "math", "expression": "$A * 2"}
    assert faults(changed("panels.1.targets", [QUERY, other]), TWIN) == []
