# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Folders of tmdt: as tmdt writes them, and broken ones."""

from __future__ import annotations

import copy
import json
import pathlib
import typing as t

import pytest

from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.snapshot import gltf_references
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.snapshot_folder import read_entities, read_snapshot

FLAGS = ("isRequiredInEntity", "isExternalId", "isStoredExternally", "isTimeSeries", "isImported", "isFinal")


def answered(kind: str, *flags: str, inherited: bool = False, **members: t.Any) -> dict[str, t.Any]:
    """A property definition as GetComponentType gives it."""
    return {"dataType": {"type": kind}, **{flag: flag in flags for flag in FLAGS}, "isInherited": inherited, **members}


def text(value: str) -> dict[str, t.Any]:
    return {"stringValue": value}


METER = {
    "componentTypeId": "com.example.meter",
    "description": "A meter",
    "isSingleton": False,
    "extendsFrom": [],
    "functions": {"dataReader": {"implementedBy": {"isNative": False, "lambda": {"arn": "arn"}}, "isInherited": False}},
    "propertyDefinitions": {"id": answered("STRING", "isExternalId"), "maker": answered("STRING", defaultValue=text("A"))},
}
HEIR = {
    "componentTypeId": "com.example.heir",
    "extendsFrom": ["com.example.meter", "com.amazon.iottwinmaker.alarm.basic"],
    "functions": {"dataReader": {"implementedBy": {"isNative": False, "lambda": {"arn": "arn"}}, "isInherited": True}},
    "propertyDefinitions": {
        "id": answered("STRING", "isExternalId", inherited=True),
        "maker": answered("STRING", inherited=True, defaultValue=text("B")),
        "alarm_key": answered("STRING", "isExternalId", inherited=True),
        "alarm_type": answered("STRING", inherited=True, defaultValue=text("over")),
        "kW": answered("DOUBLE", "isTimeSeries", "isStoredExternally"),
    },
}
# As tmdt writes entities: the data type of every property that has a value is repeated.
ENTITIES = [
    {
        "entityId": "panel",
        "entityName": "Panel",
        "description": "",
        "parentEntityId": "hall",
        "components": {
            "meter": {
                "componentTypeId": "com.example.heir",
                "properties": {
                    "id": {"definition": {"dataType": {"type": "STRING"}}, "value": text("5")},
                    "colour": {"definition": {"dataType": {"type": "STRING"}}, "value": text("red")},
                },
            }
        },
    },
    {"entityId": "hall", "entityName": "Hall", "parentEntityId": "$ROOT", "components": []},
]
SCENE = {
    "specVersion": "1.0",
    "nodes": [
        {"transform": {}, "components": [{"type": "ModelRef", "uri": "halls/hall.gltf", "modelType": "GLTF"}]},
        {"transform": {}, "components": [{"type": "ModelRef", "uri": "s3://any-bucket/plant.glb", "modelType": "GLB"}]},
    ],
    "rootNodeIndexes": [0, 1],
}
CONFIG = {
    "version": "0.0.2",
    "component_types": ["com.example.heir.json", "com.example.meter.json"],
    "scenes": ["scenes/plant.json"],
    "models": ["halls/hall.gltf", "halls/hall.bin", "plant.glb", "spare.glb"],
    "entities": "entities.json",
}
FILES: dict[str, t.Any] = {
    "tmdt.json": CONFIG,
    "com.example.meter.json": METER,
    "com.example.heir.json": HEIR,
    "entities.json": ENTITIES,
    "scenes/plant.json": SCENE,
    "3d_models/halls/hall.gltf": {},
    "3d_models/halls/hall.bin": "",
    "3d_models/plant.glb": "",
    "3d_models/spare.glb": "",
}


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """A snapshot as tmdt writes it."""
    for name, content in FILES.items():
        write(tmp_path, name, content)
    return tmp_path


def write(folder: pathlib.Path, name: str, content: t.Any) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def test_component_types_are_what_they_define_themselves(folder: pathlib.Path) -> None:
    meter, heir = read_snapshot(str(folder))["component_types"]
    assert meter["component_type_id"] == "com.example.meter", "parents first"
    assert meter["property_definitions"] == {
        "id": {"dataType": {"type": "STRING"}, "isExternalId": True},
        "maker": {"dataType": {"type": "STRING"}, "defaultValue": text("A")},
    }
    assert meter["functions"] == {"dataReader": {"implementedBy": {"lambda": {"arn": "arn"}}}}
    assert heir["extends_from"] == HEIR["extendsFrom"]
    assert heir["functions"] == {}
    assert heir["property_definitions"] == {
        "maker": {"defaultValue": text("B")},
        # Its parent is AWS's own and not in the snapshot.
        "alarm_type": {"defaultValue": text("over")},
        "kW": {"dataType": {"type": "DOUBLE"}, "isTimeSeries": True, "isStoredExternally": True},
    }


def test_entities_come_parents_first_and_without_definitions_of_their_types(folder: pathlib.Path) -> None:
    hall, panel = read_snapshot(str(folder))["entities"]
    assert hall == {"entity_id": "hall", "name": "Hall", "parent_entity_id": "$ROOT", "description": "", "components": {}}
    properties = {"id": {"value": text("5")}, "colour": {"value": text("red"), "definition": {"dataType": {"type": "STRING"}}}}
    assert panel["components"] == {"meter": {"componentTypeId": "com.example.heir", "properties": properties}}


def test_relationships_are_as_the_api_has_them(folder: pathlib.Path) -> None:
    # As snapshots in AWS's own samples have them.
    target = {"relationshipValue": {"TargetEntityId": "hall", "TargetComponentName": "c"}}
    components = of_meter(feeds={"value": {"listValue": [target]}}, limits={"value": {"mapValue": {"TargetEntityId": text("x")}}})
    write(folder, "entities.json", entity(components=components))
    (hall,) = read_entities(str(folder))
    properties = hall["components"]["m"]["properties"]
    relationship = {"relationshipValue": {"targetEntityId": "hall", "targetComponentName": "c"}}
    assert properties["feeds"] == {"value": {"listValue": [relationship]}}
    assert properties["limits"] == {"value": {"mapValue": {"TargetEntityId": text("x")}}}


def test_scenes_bring_their_models(folder: pathlib.Path) -> None:
    found = read_snapshot(str(folder))
    (scene,) = found["scenes"]
    assert scene["scene_id"] == "plant"
    assert scene["src"] == str(folder / "scenes/plant.json")
    assert [resource["key"] for resource in scene["resources"]] == CONFIG["models"]
    assert {resource["src"] for resource in scene["resources"]} == {
        str(folder / "3d_models" / key) for key in t.cast("list[str]", CONFIG["models"])
    }
    assert found["models"] == []


def test_without_a_scene_the_models_stand_by_themselves(folder: pathlib.Path) -> None:
    write(folder, "tmdt.json", {**CONFIG, "scenes": []})
    found = read_snapshot(str(folder))
    assert found["scenes"] == []
    assert [resource["key"] for resource in found["models"]] == CONFIG["models"]


def test_entities_alone_need_neither_scenes_nor_models(folder: pathlib.Path) -> None:
    everything = read_snapshot(str(folder))["entities"]
    (folder / "scenes/plant.json").unlink()
    (folder / "3d_models/plant.glb").unlink()
    assert read_entities(str(folder)) == everything


def test_component_types_alone_need_neither_entities_nor_models(folder: pathlib.Path) -> None:
    everything = read_snapshot(str(folder))["component_types"]
    write(folder, "entities.json", "{")
    write(folder, "tmdt.json", {**CONFIG, "models": ["../../elsewhere.glb"]})
    assert read_snapshot(str(folder), ["component_types"]) == {"component_types": everything}


def test_a_folder_without_tmdt_json_is_no_snapshot(tmp_path: pathlib.Path) -> None:
    with pytest.raises(Refused, match=r"is no snapshot of tmdt, for there is no tmdt\.json in it"):
        read_snapshot(str(tmp_path))


def test_an_empty_snapshot_is_one(tmp_path: pathlib.Path) -> None:
    write(tmp_path, "tmdt.json", {})
    assert read_snapshot(str(tmp_path)) == {"component_types": [], "entities": [], "scenes": [], "models": []}


def entity(**members: t.Any) -> list[dict[str, t.Any]]:
    return [{"entityId": "hall", "entityName": "Hall", **members}]


def of_meter(**properties: t.Any) -> dict[str, t.Any]:
    return {"m": {"componentTypeId": "com.example.meter", "properties": properties}}


BROKEN = [
    ("tmdt.json", "{", "tmdt.json is no JSON: Expecting property name"),
    ("tmdt.json", "[" * 100_000, "tmdt.json is nested too deep"),
    ("tmdt.json", [], "tmdt.json: [] is no mapping; give component_types"),
    ("tmdt.json", {"models": {}, "scenes": "x"}, "tmdt.json, scenes: 'x' is no list"),
    ("tmdt.json", {"component_types": [1]}, "tmdt.json, component_types[0]: 1 is no path below the folder"),
    ("tmdt.json", {"component_types": ["../x.json"]}, "tmdt.json, component_types[0]: '../x.json' is no path below the folder"),
    ("tmdt.json", {"entities": "/etc/passwd"}, "tmdt.json, entities: '/etc/passwd' is no path below the folder"),
    ("tmdt.json", {"models": ["a/../../x"]}, "tmdt.json, models[0]: 'a/../../x' is no path below the folder"),
    ("tmdt.json", {"models": ["gone.glb"]}, "there is no file '3d_models/gone.glb', but tmdt.json names it"),
    ("tmdt.json", {"scenes": ["gone.json"]}, "there is no file 'gone.json', but tmdt.json names it"),
    ("tmdt.json", {"scenes": ["scenes/plant.json"], "scene_options": {"plant": 1}}, "tmdt.json, scene_options: "),
    ("com.example.meter.json", "x", "com.example.meter.json is no JSON"),
    ("com.example.meter.json", {}, "com.example.meter.json: it is no component type, for it has no componentTypeId"),
    ("com.example.meter.json", HEIR, "com.example.meter.json: another file defines component type 'com.example.heir' too"),
    ("com.example.meter.json", {**METER, "extendsFrom": "x"}, "com.example.meter.json, extendsFrom: 'x' is no list of ids"),
    (
        "com.example.meter.json",
        {**METER, "propertyDefinitions": {"a": 1}},
        'com.example.meter.json, propertyDefinitions: {"a": 1} is no mapping',
    ),
    ("com.example.meter.json", {**METER, "tags": {"a": 1}}, 'com.example.meter.json, tags: {"a": 1} is no mapping of names to texts'),
    (
        "com.example.meter.json",
        {**METER, "propertyDefinitions": {"a": {"dataType": "STRING"}}},
        "com.example.meter.json, propertyDefinitions.a: ",
    ),
    (
        "com.example.meter.json",
        {**METER, "propertyDefinitions": {"a": {"dataType": {"type": "LONG"}, "defaultValue": {"longValue": "x"}}}},
        "com.example.meter.json, propertyDefinitions.a.defaultValue.longValue: 'x' is not of type LONG",
    ),
    (
        "com.example.meter.json",
        {**METER, "functions": {"dataReader": {"implementedBy": "arn"}}},
        "com.example.meter.json, functions.dataReader: ",
    ),
    ("entities.json", {}, "entities.json: {} is no list"),
    ("entities.json", [1], "entities.json, entities[0]: 1 is no mapping"),
    ("entities.json", [{"entityName": "Hall"}], "entities.json, entities[0]: entity 'Hall' has no entityId that is a text"),
    ("entities.json", [{"entityId": {"lookupByPath": "x"}}], "entities.json, entities[0]: entity null has no entityId that is a text"),
    ("entities.json", [{"entityId": "hall"}], "entities.json, entities[0]: entity 'hall' has no entityName"),
    ("entities.json", entity() * 2, "entities.json, entities[1].entity_id: 'hall' is used by entities[0] already"),
    ("entities.json", entity(components=["x"]), 'entities.json, entities[0].components: ["x"] is no mapping'),
    ("entities.json", entity(components={"m": 1}), "entities.json, entities[0].components.m: 1 is no mapping"),
    ("entities.json", entity(components={"m": {}}), "entities.json, entities[0].components.m.componentTypeId: "),
    ("entities.json", entity(tags=["x"]), 'entities.json, entities[0].tags: ["x"] is no mapping'),
    (
        "entities.json",
        entity(components=of_meter(id={"definition": "STRING"})),
        "entities.json, entities[0].components.m.properties.id.definition: 'STRING' has not the form of the API",
    ),
    ("entities.json", entity(parentEntityId="a b"), "entities.json, entities[0].parent_entity_id: 'a b' cannot be used"),
    ("scenes/plant.json", [], "scenes/plant.json: [] is no scene document"),
    ("scenes/plant.json", {**SCENE, "rootNodeIndexes": [7]}, "scenes/plant.json.rootNodeIndexes: there is no node 7"),
]


@pytest.mark.parametrize(("name", "content", "message"), BROKEN)
def test_a_broken_folder_is_one_sentence_with_file_and_place(folder: pathlib.Path, name: str, content: t.Any, message: str) -> None:
    write(folder, name, copy.deepcopy(content))
    with pytest.raises(Refused) as refused:
        read_snapshot(str(folder))
    assert refused.value.message.startswith(f"Snapshot '{folder}': {message}")
    assert "\n" not in refused.value.message
    assert refused.value.message.endswith(".")


def test_a_file_that_is_no_text_is_one_sentence(folder: pathlib.Path) -> None:
    (folder / "entities.json").write_bytes(b"\xff\xfe\x00[")
    with pytest.raises(Refused, match=r"entities\.json is no JSON"):
        read_entities(str(folder))


def test_two_documents_of_one_name_are_refused(folder: pathlib.Path) -> None:
    write(folder, "other/plant.json", SCENE)
    write(folder, "tmdt.json", {**CONFIG, "scenes": ["scenes/plant.json", "other/plant.json"]})
    with pytest.raises(Refused, match=r"two documents are named 'plant\.json'"):
        read_snapshot(str(folder))


def test_what_a_gltf_model_consists_of() -> None:
    model = {
        "buffers": [{"uri": "a%20b.bin"}, {"uri": "data:application/octet-stream;base64,AA"}, {}],
        "images": [{"uri": "../c.png"}, "x"],
    }
    assert gltf_references(model, "halls/one/hall.gltf") == ["halls/one/a b.bin", "halls/c.png"]
