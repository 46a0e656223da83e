# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A site's scene: what the viewer can show, of what the twin has, for any site."""

from __future__ import annotations

import copy
import itertools
import math
import pathlib
import typing as t
import urllib.parse

import pytest
import yaml
from hypothesis import given, settings

from ansible_collections.energytwin.aws.plugins.module_utils._site.dashboard_names import camera_name
from ansible_collections.energytwin.aws.plugins.module_utils._site.model import Limit, Site
from ansible_collections.energytwin.aws.plugins.module_utils._site.parse import parse_site
from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import as_site, meters, plain
from ansible_collections.energytwin.aws.plugins.module_utils._site.scene import FIELD_OF_VIEW, scene
from ansible_collections.energytwin.aws.plugins.module_utils._site.scene_lint import scene_faults
from ansible_collections.energytwin.aws.plugins.module_utils._site.scene_places import every_area, places, to_viewer, view_of
from ansible_collections.energytwin.aws.plugins.module_utils._site.scene_rules import icon_rule, number, reading_rule, speed_rule
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.scenes import document_faults
from tests.unit.plugins.module_utils._site.test_projections import sites

INVENTORIES = pathlib.Path(__file__).parents[5] / "inventories"
EXAMPLE = yaml.safe_load((INVENTORIES / "local/host_vars/example-plant/site.yml").read_text())["site"]
GRAFANA = "https://g-1234567890.grafana-workspace.eu-central-1.amazonaws.com"


def example(**changes: t.Any) -> Site:
    return parse_site({**copy.deepcopy(EXAMPLE), **changes}, "example-plant")


def components(document: dict[str, t.Any], kind: str) -> list[dict[str, t.Any]]:
    return [component for node in document["nodes"] for component in node["components"] if component["type"] == kind]


def context(component: dict[str, t.Any]) -> tuple[str, str, str]:
    bound = component["valueDataBinding"]["dataBindingContext"]
    return bound["entityId"], bound["componentName"], bound["propertyName"]


@settings(max_examples=60, deadline=None)
@given(sites())
def test_a_scene_holds_for_any_site(data: dict[str, t.Any]) -> None:
    site = parse_site(data)
    for motion in (False, True):
        document = scene(site, GRAFANA, motion)
        assert list(document_faults(document)) == []
        assert scene_faults(document, plain(site)) == []
        children = [child for node in document["nodes"] for child in node["children"]]
        assert sorted(children) == list(range(1, len(document["nodes"]))), "every node but the root has one parent"
        tags = [context(tag)[:2] for tag in components(document, "Tag")]
        assert sorted(tags) == sorted((meter["entity_id"], meter["component_name"]) for meter in meters(site)), "one tag per meter"
        assert len(components(document, "MotionIndicator")) == (len(tags) if motion else 0)
        cameras = [node["name"] for node in document["nodes"] if any(one["type"] == "Camera" for one in node["components"])]
        assert sorted(cameras) == sorted(camera_name(one) for one in [site.id, *(area.id for area in every_area(site.areas))])


@settings(max_examples=40, deadline=None)
@given(sites())
def test_tags_of_a_site_without_positions_stand_apart(data: dict[str, t.Any]) -> None:
    found = [place.tag for place in places(parse_site(data)).of_meter.values()]
    assert all(math.dist(one, other) > 0.1 for one, other in itertools.combinations(found, 2))


def test_a_changed_limit_changes_one_rule_and_nothing_else() -> None:
    before = scene(example())
    changed = copy.deepcopy(EXAMPLE)
    changed["areas"][1]["panels"][0]["meters"][0]["limits"]["kW"]["alarm"] = 50
    after = scene(parse_site(changed, "example-plant"))
    assert {key for key in before if before[key] != after[key]} == {"rules"}
    assert [name for name in before["rules"] if before["rules"][name] != after["rules"][name]] == ["mech-rooftop/meter-5 icon"]


@pytest.mark.parametrize(
    ("limit", "expressions"),
    [
        (Limit("kW", 40.0, 48.5), ["kW >= 48.5 Error", "kW >= 40 Warning", "kW < 40 Info"]),
        (Limit("v1", 240.0, None), ["v1 >= 240 Warning", "v1 < 240 Info"]),
        (Limit("pf", None, -0.00001), ["pf >= -0.00001 Error", "pf < -0.00001 Info"]),
    ],
)
def test_a_limit_is_reached_at_its_value(limit: Limit, expressions: list[str]) -> None:
    said = [f"{statement['expression']} {statement['target'].rpartition(':')[2]}" for statement in icon_rule(limit)["statements"]]
    assert said == expressions


def test_numbers_have_no_exponent() -> None:
    assert [number(value) for value in (1e21, 1e-7, 40.0, 0.1)] == ["1000000000000000000000", "0.0000001", "40", "0.1"]


def test_arrows_never_divide_by_nothing() -> None:
    assert speed_rule("kW", Limit("kW", -5.0, 0.0))["statements"][0]["expression"] == "kW / 10"
    assert speed_rule("kW", Limit("kW", 5.0, None))["statements"][0]["expression"] == "kW / 5"


def test_a_tag_shows_power_or_else_what_has_limits() -> None:
    changed = copy.deepcopy(EXAMPLE)
    first, second = changed["areas"][0]["panels"][0]["meters"][:2]
    first["limits"] = {"v1": {"alarm": 250}}
    second["limits"] = {"v1": {"alarm": 250}, "kW": {"alarm": 36}}
    tags = {context(tag)[:2]: tag for tag in components(scene(parse_site(changed, "example-plant")), "Tag")}
    assert context(tags["mdb-hall-1", "meter-1"])[2] == "v1"
    assert context(tags["mdb-hall-1", "meter-2"])[2] == "kW"
    assert context(tags["light-hall-1", "meter-1"])[2] == "kW", "it has no limits"


def test_a_tag_without_a_value_looks_like_none_with_one() -> None:
    document = scene(example())
    tags = components(document, "Tag")
    targets = {statement["target"] for tag in tags for statement in document["rules"][tag["ruleBasedMapId"]]["statements"]}
    assert {target.rpartition(":")[2] for target in targets} == {"Info", "Warning", "Error"}
    assert {tag["icon"].rpartition(":")[2] for tag in tags} == {"Custom"}
    assert {tag["chosenColor"] for tag in tags} == {"#879596"}


def test_any_value_of_what_has_no_limits_is_good() -> None:
    (statement,) = reading_rule("kW")["statements"]
    assert statement == {"expression": "kW < 0 || kW >= 0", "target": "iottwinmaker.common.icon:Info"}


def test_a_tag_leads_to_its_meter_by_an_absolute_address() -> None:
    links = {context(tag)[:2]: tag["navLink"] for tag in components(scene(example(), GRAFANA + "/"), "Tag")}
    link = links["mech-rooftop", "meter-5"]
    address = urllib.parse.urlsplit(link["destination"])
    assert f"{address.scheme}://{address.netloc}" == GRAFANA
    assert urllib.parse.parse_qs(address.query) == {"var-panel": ["mech-rooftop"], "var-meter": ["meter-5"]}
    assert link["params"] == {}
    assert not any("navLink" in tag for tag in components(scene(example()), "Tag"))


@pytest.mark.parametrize(("model", "kind"), [("plant.glb", "GLB"), ("halls/Plant.GLTF", "GLTF")])
def test_the_model_is_shown_if_there_is_one(model: str, kind: str) -> None:
    (shown,) = components(scene(example(model=model)), "ModelRef")
    assert (shown["uri"], shown["modelType"]) == (model, kind)
    assert components(scene(example(model=None)), "ModelRef") == []


def test_up_is_up() -> None:
    assert to_viewer((1.0, 2.0, 3.0)) == (1.0, 3.0, -2.0)


def test_a_camera_looks_at_what_it_is_to_show() -> None:
    points = [(0.0, 0.0, 0.0), (40.0, 0.0, 0.0), (40.0, 30.0, 8.0)]
    eye, rotation = view_of(points, FIELD_OF_VIEW)
    # A camera looks along -z; its rotation is around x, then y, then z (three.js's order XYZ: Rx Ry Rz).
    x, y, _z = rotation
    ahead = (-math.sin(y), math.sin(x) * math.cos(y), -math.cos(x) * math.cos(y))
    half = math.radians(FIELD_OF_VIEW / 2)
    for point in points:
        way = [one - other for one, other in zip(to_viewer(point), eye, strict=True)]
        cosine = sum(one * other for one, other in zip(way, ahead, strict=True)) / math.hypot(*way)
        assert cosine > math.cos(half), "within the picture"


@pytest.mark.parametrize(
    ("bound", "fault"),
    [
        (
            {"entityId": "mech-roof"},
            "nodes[1].components[0].valueDataBinding.dataBindingContext.entityId: the site has no entity 'mech-roof'",
        ),
        (
            {"entityId": "mech-rooftop", "componentName": "meter-9"},
            "componentName: entity 'mech-rooftop' has no component 'meter-9'; it has meter-5",
        ),
        (
            {"entityId": "light-hall-1", "componentName": "meter-1", "propertyName": "v2"},
            "propertyName: component 'meter-1' has no property 'v2'; it has panelId, meterId, v1",
        ),
        ({"entityId": "hall-1", "componentName": "meter-1"}, "componentName: entity 'hall-1' has no component 'meter-1'; it has none"),
    ],
)
def test_what_the_site_does_not_have_is_named(bound: dict[str, str], fault: str) -> None:
    document = {"nodes": [{}, {"components": [{"type": "Tag", "valueDataBinding": {"dataBindingContext": bound}}]}]}
    (found,) = scene_faults(document, as_site(plain(example())))
    assert fault in found


def test_bindings_with_variables_are_left_alone() -> None:
    bound = {"entityId": "${sel_entity}", "componentName": "nowhere", "propertyName": "x"}
    assert scene_faults({"nodes": [{"components": [{"valueDataBinding": {"dataBindingContext": bound}}]}]}, example()) == []


@pytest.mark.parametrize("destination", ["/d/plant-panel", "javascript:alert(1)", "https:///x"])
def test_a_link_that_grafana_does_not_follow_is_named(destination: str) -> None:
    document = {"nodes": [{"components": [{"type": "Tag", "navLink": {"destination": destination}}]}]}
    assert scene_faults(document, example()) == [
        f"nodes[0].components[0].navLink.destination: '{destination}' leads nowhere; give an address with http:// or https://"
    ]
