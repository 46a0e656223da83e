# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules against the local cloud, which is written from AWS's documents and knows nothing of the modules."""

from __future__ import annotations

import collections.abc as c
import json
import pathlib
import time
import typing as t

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from local_cloud.cloud import Cloud
from local_cloud.settings import Knobs
from tests.unit.plugins.modules.clouds import ROLE, furnished

METER = "com.example.energymeter"


@pytest.fixture(params=[0.0, 0.05], ids=["at-once", "settling"])
def cloud(request: pytest.FixtureRequest, tmp_path: pathlib.Path, run: t.Any, monkeypatch: pytest.MonkeyPatch) -> c.Iterator[Cloud]:
    """A cloud with a bucket and a role, whose clients the modules get."""
    with furnished(tmp_path / "cloud", Knobs(settle=request.param)) as made:
        monkeypatch.setattr(AnsibleAWSModule, "client", lambda self, service, **options: made.client(service))
        yield made


def meter(number: int, **properties: t.Any) -> dict[str, t.Any]:
    return {"componentTypeId": METER, "properties": {"panelId": "panel-1", "meterId": number, **properties}}


def test_the_life_of_a_workspace(cloud: Cloud, run: t.Any, three_times: t.Any) -> None:
    workspace = {"workspace_id": "plant", "s3_location": "arn:aws:s3:::plant-twin", "role": ROLE, "tags": {"a": "b"}}
    three_times("twinmaker_workspace", **workspace)
    three_times("twinmaker_workspace", workspace_id="plant", description="A plant", tags={"c": "d"})
    own_type = {
        "workspace_id": "plant",
        "component_type_id": METER,
        "property_definitions": {
            "panelId": {"dataType": {"type": "STRING"}, "isRequiredInEntity": True, "isExternalId": True},
            "meterId": {"dataType": {"type": "STRING"}, "isRequiredInEntity": True, "isExternalId": True},
            "maker": {"dataType": {"type": "STRING", "allowedValues": [{"stringValue": "A"}, {"stringValue": "B"}]}, "defaultValue": "A"},
            "rating": {"dataType": {"type": "DOUBLE", "unitOfMeasure": "kW"}},
        },
        "tags": {"a": "b"},
    }
    three_times("twinmaker_component_type", **own_type)
    three_times("twinmaker_component_type", workspace_id="plant", component_type_id=METER, description="A meter")
    heir = {
        "workspace_id": "plant",
        "component_type_id": "com.example.heir",
        "extends_from": [METER],
        "property_definitions": {"serial": {"dataType": {"type": "STRING"}}},
    }
    three_times("twinmaker_component_type", **heir)
    three_times("twinmaker_component_type", workspace_id="plant", component_type_id="com.example.heir", description="An heir")

    def entities(**meters: t.Any) -> list[dict[str, t.Any]]:
        return [
            {"entity_id": "panel-1", "name": "Panel", "parent_entity_id": "hall-1", "components": meters, "tags": {"a": "b"}},
            {"entity_id": "hall-1", "name": "Hall", "parent_entity_id": "site-1", "description": "One"},
            {"entity_id": "site-1", "name": "Site"},
        ]

    def bring(listed: list[dict[str, t.Any]], **options: t.Any) -> list[tuple[str, str]]:
        result = three_times("twinmaker_entities", workspace_id="plant", entities=listed, **options)
        return [(step["action"], step["entity_id"]) for step in result["plan"]]

    first = entities(m5=meter(5, rating=7), m6=meter(6, maker="B"))
    assert bring(first) == [("create", "site-1"), ("create", "hall-1"), ("create", "panel-1")]
    assert bring(entities(m5=meter(5, rating=8.5), m7={**meter(7), "componentTypeId": "com.example.heir"}), prune=True) == [
        ("update", "panel-1")
    ]
    moved = [
        {**first[0], "parent_entity_id": "site-1", "name": "Hall"},
        {**first[1], "name": "Panel", "parent_entity_id": "panel-1"},
        first[2],
    ]
    # Hall gives its name free first.
    assert bring(moved, prune=True) == [("update", "hall-1"), ("move", "panel-1"), ("move", "hall-1")]
    swapped = [{**moved[0], "components": {"m5": {**meter(5), "componentTypeId": "com.example.heir"}}}, *moved[1:]]
    assert bring(swapped, prune=True) == [("update", "panel-1")]
    assert "cannot change while it is in use by 'panel-1'" in run("twinmaker_component_type", **{**heir, "property_definitions": {}})["msg"]
    assert "is not empty" in run("twinmaker_workspace", workspace_id="plant", state="absent")["msg"]
    assert bring([], prune=True) == [("delete", "hall-1"), ("delete", "panel-1"), ("delete", "site-1")]
    for type_id in ("com.example.heir", METER):
        three_times("twinmaker_component_type", workspace_id="plant", component_type_id=type_id, state="absent")
    three_times("twinmaker_workspace", workspace_id="plant", state="absent")


def test_the_life_of_a_rule(cloud: Cloud, three_times: t.Any) -> None:
    action = {"republish": {"roleArn": ROLE, "topic": "other/plant"}}
    three_times("iot_topic_rule", name="readings", sql="SELECT * FROM 'energy/plant'", actions=[action], tags={"a": "b c"}, enabled=False)
    three_times("iot_topic_rule", name="readings", enabled=True)
    three_times(
        "iot_topic_rule", name="readings", sql="SELECT kW FROM 'energy/plant'", error_action=action, description="x", tags={"d": "e"}
    )
    three_times("iot_topic_rule", name="readings", error_action={}, description="")
    assert cloud.client("iot").get_topic_rule(ruleName="readings")["rule"]["ruleDisabled"] is False
    three_times("iot_topic_rule", name="readings", state="absent")


@pytest.fixture
def workspace(cloud: Cloud) -> str:
    """A workspace with a component type for meters and one area."""
    twin = cloud.client("iottwinmaker")
    twin.create_workspace(workspaceId="plant", s3Location="arn:aws:s3:::plant-twin", role=ROLE)
    identifier = {"dataType": {"type": "STRING"}, "isRequiredInEntity": True, "isExternalId": True}
    twin.create_component_type(
        workspaceId="plant", componentTypeId=METER, propertyDefinitions={"panelId": identifier, "meterId": identifier}
    )
    until_active(lambda: twin.get_component_type(workspaceId="plant", componentTypeId=METER))
    twin.create_entity(workspaceId="plant", entityId="roof", entityName="Roof")
    until_active(lambda: twin.get_entity(workspaceId="plant", entityId="roof"))
    return "plant"


def until_active(read: c.Callable[[], dict[str, t.Any]]) -> None:
    deadline = time.monotonic() + 30
    while read()["status"]["state"] != "ACTIVE":
        assert time.monotonic() < deadline, "it does not settle"


def test_the_life_of_one_entity(workspace: str, cloud: Cloud, run: t.Any, three_times: t.Any) -> None:
    panel = {"workspace_id": workspace, "entity_id": "panel-1"}
    three_times("twinmaker_entity", **panel, name="Panel", components={"meter-5": meter(5)}, tags={"a": "b"})
    three_times("twinmaker_entity", **panel, description="On the roof", parent_entity_id="roof")
    there = cloud.client("iottwinmaker").get_entity(workspaceId=workspace, entityId="panel-1")
    assert (there["entityName"], there["description"], there["parentEntityId"]) == ("Panel", "On the roof", "roof")
    assert there["components"]["meter-5"]["properties"]["meterId"]["value"] == {"stringValue": "5"}
    three_times("twinmaker_entity", **panel, components={"meter-6": meter(6)}, prune=True, tags={}, purge_tags=True)
    components = cloud.client("iottwinmaker").get_entity(workspaceId=workspace, entityId="panel-1")["components"]
    assert components.keys() == {"meter-6"}
    assert "panel-1" in run("twinmaker_entity", workspace_id=workspace, entity_id="roof", state="absent")["msg"]
    three_times("twinmaker_entity", **panel, state="absent")
    three_times("twinmaker_entity", workspace_id=workspace, entity_id="roof", state="absent")


def test_one_entity_needs_a_name_and_a_parent_that_is_there(workspace: str, run: t.Any) -> None:
    assert "name" in run("twinmaker_entity", workspace_id=workspace, entity_id="panel-1")["msg"]
    lost = run("twinmaker_entity", workspace_id=workspace, entity_id="panel-1", name="Panel", parent_entity_id="cellar")
    assert lost["failed"]
    assert "'cellar'" in lost["msg"]


def scene_document(rule: str = "limits") -> dict[str, t.Any]:
    tag = {"type": "Tag", "icon": "iottwinmaker.common.icon:Info", "ruleBasedMapId": rule}
    node = {"name": "Chiller", "transform": {}, "components": [tag, {"type": "ModelRef", "uri": "plant.glb", "modelType": "GLB"}]}
    rules = {"limits": {"statements": [{"expression": "kW > 40", "target": "iottwinmaker.common.icon:Error"}]}}
    return {"specVersion": "1.0", "version": "1", "unit": "meters", "nodes": [node], "rootNodeIndexes": [0], "cameras": [], "rules": rules}


def test_the_life_of_a_scene(workspace: str, cloud: Cloud, tmp_path: pathlib.Path, three_times: t.Any) -> None:
    s3 = cloud.client("s3")
    model = tmp_path / "plant.glb"
    model.write_bytes(b"glTF first")
    scene = {"workspace_id": workspace, "scene_id": "plant", "content": scene_document(), "resources": [{"src": str(model)}]}
    made = three_times("twinmaker_scene", **scene, description="The plant", tags={"a": "b"})
    assert made["uploads"] == ["s3://plant-twin/plant.glb", "s3://plant-twin/plant.json"]
    assert json.loads(s3.get_object(Bucket="plant-twin", Key="plant.json")["Body"].read()) == scene_document()
    # TwinMaker does not see that a file's content is another one.
    model.write_bytes(b"glTF second")
    assert three_times("twinmaker_scene", **scene)["uploads"] == ["s3://plant-twin/plant.glb"]
    assert s3.get_object(Bucket="plant-twin", Key="plant.glb")["Body"].read() == b"glTF second"
    three_times("twinmaker_scene", workspace_id=workspace, scene_id="plant", description="From above", tags={"c": "d"})
    three_times("twinmaker_scene", workspace_id=workspace, scene_id="plant", state="absent", delete_content=True)
    left = [entry["Key"] for entry in s3.list_objects_v2(Bucket="plant-twin")["Contents"]]
    assert "plant.glb" in left
    assert "plant.json" not in left


def test_a_scene_that_no_viewer_can_show_is_refused_before_anything_is_uploaded(workspace: str, cloud: Cloud, run: t.Any) -> None:
    refused = run("twinmaker_scene", workspace_id=workspace, scene_id="plant", content=scene_document(rule="heat"))
    assert refused["failed"]
    assert "heat" in refused["msg"]
    assert cloud.client("iottwinmaker").list_scenes(workspaceId=workspace)["sceneSummaries"] == []
    assert "plant.json" not in [entry["Key"] for entry in cloud.client("s3").list_objects_v2(Bucket="plant-twin").get("Contents", [])]


def test_the_life_of_a_sync_job(workspace: str, cloud: Cloud, run: t.Any, three_times: t.Any) -> None:
    iam = cloud.client("iam")
    iam.create_role(
        RoleName="other", AssumeRolePolicyDocument=json.dumps(iam.get_role(RoleName="twin")["Role"]["AssumeRolePolicyDocument"])
    )
    three_times("twinmaker_sync_job", workspace_id=workspace, sync_role=ROLE, tags={"a": "b"})
    other = ROLE.replace("role/twin", "role/other")
    refused = run("twinmaker_sync_job", workspace_id=workspace, sync_role=other)
    assert refused["failed"]
    assert "recreate" in refused["msg"]
    three_times("twinmaker_sync_job", workspace_id=workspace, sync_role=other, recreate=True)
    three_times("twinmaker_sync_job", workspace_id=workspace, state="absent")
