# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A workspace of a local cloud with something of all that TwinMaker knows."""

from __future__ import annotations

import json
import typing as t

from tests.unit.plugins.modules.clouds import ROLE, Clients

METER, HEIR, PANEL, AREA = "com.example.meter", "com.example.heir", "com.example.panel", "com.example.area"


def scene_document(bucket: str = "plant-twin") -> dict[str, t.Any]:
    components = [
        {"type": "Tag", "icon": "iottwinmaker.common.icon:Info", "ruleBasedMapId": "limits"},
        {"type": "ModelRef", "uri": f"s3://{bucket}/models/plant.gltf", "modelType": "GLTF"},
        {"type": "ModelRef", "uri": "chiller.glb", "modelType": "GLB"},
        {"type": "PlaneGeometry", "width": 1, "height": 1, "textureUri": "floor.png"},
    ]
    rules = {"limits": {"statements": [{"expression": "kW > 40", "target": "iottwinmaker.common.icon:Error"}]}}
    nodes = [{"name": "Chiller", "transform": {}, "components": components}]
    return {"specVersion": "1.0", "version": "1", "unit": "meters", "nodes": nodes, "rootNodeIndexes": [0], "cameras": [], "rules": rules}


def make_rich(cloud: Clients) -> str:
    """Makes workspace ``plant`` as somebody would by hand, with what modules would not have written that way. Gives its id."""
    twin, s3 = cloud.client("iottwinmaker"), cloud.client("s3")
    twin.create_workspace(
        workspaceId="plant", description="By hand", s3Location="arn:aws:s3:::plant-twin", role=ROLE, tags={"Site": "plant", "Note": "a b"}
    )
    text: dict[str, t.Any] = {"dataType": {"type": "STRING"}}
    twin.create_component_type(
        workspaceId="plant",
        componentTypeId=METER,
        componentTypeName="Meter",
        description="A meter",
        propertyDefinitions={
            "panelId": {**text, "isRequiredInEntity": True, "isExternalId": True},
            "maker": {"dataType": {"type": "STRING", "allowedValues": [{"stringValue": "B"}, {"stringValue": "A"}]}, **default("B")},
            "rating": {"dataType": {"type": "DOUBLE", "unitOfMeasure": "kW"}, "configuration": {"register": "40001"}, "displayName": "R"},
            "serial": {**text, "isRequiredInEntity": True, **default("none")},
            "fuses": {"dataType": {"type": "LIST", "nestedType": {"type": "INTEGER"}}},
            "limits": {"dataType": {"type": "MAP", "nestedType": {"type": "DOUBLE"}}},
            "feeds": {"dataType": {"type": "RELATIONSHIP", "relationship": {"relationshipType": "feeds"}}},
        },
        propertyGroups={"plate": {"groupType": "TABULAR", "propertyNames": ["maker", "rating"]}},
        tags={"a": "b"},
    )
    # Its parent has a later name, overrides differ from it by a flag that is taken back, and one is the parent's again.
    twin.create_component_type(
        workspaceId="plant",
        componentTypeId=HEIR,
        isSingleton=True,
        extendsFrom=[METER],
        propertyDefinitions={
            "maker": {**default("A")},
            "serial": {"isRequiredInEntity": False},
            "rating": {"configuration": {"register": "40001"}},
            "hz": {"dataType": {"type": "DOUBLE"}, "isTimeSeries": True, "isStoredExternally": True},
        },
        functions={
            "dataReader": {
                "requiredProperties": ["serial", "panelId"],
                "scope": "ENTITY",
                "implementedBy": {"lambda": {"arn": "arn:aws:lambda:eu-central-1:123456789012:function:iottwinmaker-reader"}},
            }
        },
    )
    twin.create_component_type(workspaceId="plant", componentTypeId=AREA, propertyDefinitions={"note": text})
    twin.create_component_type(workspaceId="plant", componentTypeId=PANEL, compositeComponentTypes={"main": {"componentTypeId": AREA}})
    entities: list[dict[str, t.Any]] = [
        {"entityId": "z-site", "entityName": "Site"},
        {"entityId": "hall", "entityName": "Hall", "parentEntityId": "z-site", "description": "One", "tags": {"Cost Center": "4711"}},
        {
            "entityId": "a-panel",
            "entityName": "Panel / 1 (ä)",
            "parentEntityId": "hall",
            "components": {
                "meter-5": {
                    "componentTypeId": METER,
                    "description": "On the roof",
                    "properties": {
                        "panelId": {"value": {"stringValue": "a-panel"}},
                        "serial": {"value": {"stringValue": "007"}},
                        "rating": {"value": {"doubleValue": 7}, "definition": {"dataType": {"type": "DOUBLE", "unitOfMeasure": "W"}}},
                        "fuses": {"value": {"listValue": [{"integerValue": 16}, {"integerValue": 10}]}},
                        "limits": {"value": {"mapValue": {"alarm": {"doubleValue": 50}}}},
                        "feeds": {"value": {"relationshipValue": {"targetEntityId": "hall", "targetComponentName": "note"}}},
                        # What no type knows: the component's own.
                        "colour": {
                            "value": {"stringValue": "red"},
                            "definition": {
                                "dataType": {"type": "STRING", "allowedValues": [{"stringValue": "red"}, {"stringValue": "blue"}]}
                            },
                        },
                        "spare": {"definition": {"dataType": {"type": "BOOLEAN"}}},
                    },
                    "propertyGroups": {"own": {"groupType": "TABULAR", "propertyNames": ["colour"]}},
                },
                "heir": {"componentTypeId": HEIR, "properties": {"panelId": {"value": {"stringValue": "x"}}}},
            },
        },
        {"entityId": "board", "entityName": "Board", "components": {"main": {"componentTypeId": PANEL}}},
        {"entityName": "Without an id of its own"},
    ]
    for entity in entities:
        twin.create_entity(workspaceId="plant", **entity)
    for key, body in {
        "plant.json": json.dumps(scene_document()).encode(),
        "models/plant.gltf": json.dumps(
            {"buffers": [{"uri": "plant%201.bin"}, {"uri": "data:,x"}], "images": [{"uri": "../skin.png"}]}
        ).encode(),
        "models/plant 1.bin": b"\0\1",
        "skin.png": b"PNG",
        "chiller.glb": b"glTF",
        "floor.png": b"PNG floor",
        "broken.json": b"{",
    }.items():
        s3.put_object(Bucket="plant-twin", Key=key, Body=body)
    twin.create_scene(
        workspaceId="plant",
        sceneId="plant",
        contentLocation="s3://plant-twin/plant.json",
        description="From above",
        capabilities=["MATTERPORT"],
        sceneMetadata={"a": "b"},
        tags={"c": "d"},
    )
    twin.create_scene(workspaceId="plant", sceneId="broken", contentLocation="s3://plant-twin/broken.json")
    return "plant"


def default(text: str) -> dict[str, t.Any]:
    return {"defaultValue": {"stringValue": text}}
