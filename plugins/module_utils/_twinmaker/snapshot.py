# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots of a workspace in the format of AWS's tool tmdt: to and from the shape of the modules' options. Pure.

A snapshot is a folder: ``tmdt.json`` names one file per component type (members of CreateComponentType or of GetComponentType),
the scene documents, the models below ``3d_models``, and the file of all entities (a list of members of CreateEntity).
``scene_options`` in ``tmdt.json`` is an addition that tmdt does not look at: what TwinMaker knows of a scene beside its document.
Source: package tools-iottwinmaker of awslabs/iot-app-kit, commands init and deploy.
"""

from __future__ import annotations

import collections.abc as c
import posixpath
import typing as t
import urllib.parse

from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, covers, in_order, shown
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import checks, scenes
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.checks import COMPONENT_KEYS, PROPERTY_KEYS
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.component_types import (
    FLAGS,
    MAPS,
    OPTIONS,
    tidy_definition,
    tidy_function,
)
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.model import ROOT
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.objects import location
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.shapes import in_making_order, type_options, under_their_parents

Answer = dict[str, t.Any]

CONFIG = "tmdt.json"
ENTITIES = "entities.json"
MODELS = "3d_models"
# The version that tmdt writes, and does not read.
VERSION = "0.0.2"
# Member of CreateEntity -> option.
ENTITY_OPTIONS = {
    "entityId": "entity_id",
    "entityName": "name",
    "description": "description",
    "parentEntityId": "parent_entity_id",
    "components": "components",
    "tags": "tags",
}
# Option of twinmaker_scene -> its value where a snapshot has none.
SCENE_OPTIONS: dict[str, t.Any] = {"description": "", "capabilities": [], "metadata": {}, "tags": {}}


Snapshot = dict[str, list[Answer]]
# What there is in a snapshot, each in the shape of the options of twinmaker_component_type, twinmaker_entities and twinmaker_scene.
# models: files that no scene brings along, as resources of twinmaker_scene; they come with the scenes.
KINDS = ("component_types", "entities", "scenes")


def inside(name: t.Any, where: str) -> str:
    """A path of a snapshot, or a key that becomes one. Raises Refused if it leads out of its folder."""
    path = posixpath.normpath(name) if isinstance(name, str) and name else ""
    if path in ("", ".", "..") or path.startswith(("/", "../")) or "\\" in path or "\0" in path:
        raise Refused(f"{where}: {shown(name)} is no path below the folder of the snapshot; correct it.")
    return path


# ---- to files


def files(
    component_types: c.Sequence[Answer],
    entities: c.Sequence[Answer],
    scenes_: c.Sequence[Answer],
    models: c.Sequence[str],
) -> dict[str, t.Any]:
    """{path: JSON content} of a snapshot. scenes_: those with ``content``. models: keys of the files below ``3d_models``."""
    types = {f"{shape['component_type_id']}.json": _type_file(shape) for shape in component_types}
    documents = {f"{shape['scene_id']}.json": shape["content"] for shape in scenes_}
    taken = sorted(documents.keys() & {*types, CONFIG, ENTITIES})
    if taken:
        raise Refused(f"The scene document '{taken[0]}' would take the place of another file of the snapshot; give the scene another id.")
    options = {shape["scene_id"]: {key: shape[key] for key in SCENE_OPTIONS if shape.get(key)} for shape in scenes_}
    config = {
        "version": VERSION,
        "component_types": list(types),
        "scenes": list(documents),
        "models": sorted(models),
        "entities": ENTITIES,
        "scene_options": {scene_id: item for scene_id, item in options.items() if item},
    }
    return {CONFIG: config, **types, ENTITIES: [_entity_file(shape) for shape in entities], **documents}


def _type_file(shape: Answer) -> Answer:
    members = {member: shape[option] for member, option in OPTIONS.items() if shape.get(option) not in (None, "", [], {})}
    tags = {"tags": shape["tags"]} if shape.get("tags") else {}
    return {"componentTypeId": shape["component_type_id"], **members, **tags}


def _entity_file(shape: Answer) -> Answer:
    members = {member: shape[option] for member, option in ENTITY_OPTIONS.items() if shape.get(option) not in (None, "", {})}
    return {"components": {}, **members}


def own_keys(document: Answer, bucket: str) -> list[str]:
    """The keys of the files that a document shows from the bucket of its workspace."""
    relative = scenes.with_relative_files(document, bucket)
    return [uri for uri in scenes.file_uris(relative) if "://" not in uri]


def gltf_references(model: Answer, key: str) -> list[str]:
    """The keys of the buffers and images that a glTF model keeps in files of their own (glTF 2.0, 3.6.1 and 3.8.4)."""
    items = [*(model.get("buffers") or []), *(model.get("images") or [])]
    uris = (item.get("uri", "") for item in items if isinstance(item, dict))
    return [posixpath.normpath(posixpath.join(posixpath.dirname(key), urllib.parse.unquote(uri))) for uri in uris if uri and ":" not in uri]


# ---- from files


def from_files(load: c.Callable[[str], t.Any], path_of: c.Callable[[str], str], kinds: c.Collection[str] = KINDS) -> Snapshot:
    """A snapshot, or what is asked for of it, from its files. Raises Refused with what is wrong with them, and where.

    load: gives the JSON content of a file, by its path in the folder. path_of: gives the path for the modules to read.
    """
    config = _config(load)
    types = _types(config, load) if {"component_types", "entities"} & {*kinds} else {}
    found: Snapshot = {}
    if "component_types" in kinds:
        found["component_types"] = in_making_order([_type_options(content, types) for content in types.values()])
    if "entities" in kinds:
        found["entities"] = _entities(config, types, load)
    if "scenes" in kinds:
        documents = {name: load(name) for name in _names(config, "scenes")}
        shapes, found["models"] = _scene_options(documents, _names(config, "models"), path_of)
        found["scenes"] = [{**shape, **_options_of_scene(config, shape["scene_id"])} for shape in shapes]
    return found


def _config(load: c.Callable[[str], t.Any]) -> Answer:
    config = load(CONFIG)
    if not isinstance(config, dict):
        raise Refused(f"{CONFIG}: {shown(config)} is no mapping; give component_types, scenes, models and entities.")
    return config


def _types(config: Answer, load: c.Callable[[str], t.Any]) -> dict[str, Answer]:
    """The contents of the component types' files, by id."""
    types: dict[str, Answer] = {}
    for name in _names(config, "component_types"):
        content = _checked_type(load(name), name)
        if content["componentTypeId"] in types:
            raise Refused(
                f"{name}: another file defines component type '{content['componentTypeId']}' too; take one of them out of {CONFIG}."
            )
        types[content["componentTypeId"]] = content
    return types


def _entities(config: Answer, types: c.Mapping[str, Answer], load: c.Callable[[str], t.Any]) -> list[Answer]:
    if not config.get("entities"):
        return []
    name = inside(config["entities"], f"{CONFIG}, entities")
    return entity_options(load(name), name, types)


def _names(config: Answer, key: str) -> list[str]:
    """The paths in one list of tmdt.json, each once."""
    names = config.get(key) or []
    if not isinstance(names, list):
        raise Refused(f"{CONFIG}, {key}: {shown(names)} is no list; give a list of files.")
    return list(dict.fromkeys(inside(name, f"{CONFIG}, {key}[{index}]") for index, name in enumerate(names)))


def _checked_type(content: t.Any, name: str) -> Answer:
    if not isinstance(content, dict) or not isinstance(content.get("componentTypeId"), str):
        raise Refused(f"{name}: it is no component type, for it has no componentTypeId; correct it or take it out of {CONFIG}.")
    parents = content.get("extendsFrom") or []
    if not isinstance(parents, list) or not all(isinstance(parent, str) for parent in parents):
        raise Refused(f"{name}, extendsFrom: {shown(parents)} is no list of ids; correct it.")
    for member in (*MAPS, "tags"):
        items = content.get(member) or {}
        kind = str if member == "tags" else dict
        if not isinstance(items, dict) or not all(isinstance(item, kind) for item in items.values()):
            raise Refused(
                f"{name}, {member}: {shown(items)} is no mapping of names to {'texts' if kind is str else 'mappings'}; correct it."
            )
    for member, tidy in (("propertyDefinitions", tidy_definition), ("functions", tidy_function)):
        for key, item in (content.get(member) or {}).items():
            _tidied(tidy, item, f"{name}, {member}.{key}")
    return content


def _tidied(tidy: c.Callable[[Answer], Answer], item: Answer, where: str) -> Answer:
    """The tidied item. Raises Refused if the item is not of the API's form."""
    try:
        return tidy(item)
    except Refused as fault:
        raise Refused(f"{where}.{fault.message}") from fault
    except (AttributeError, TypeError) as error:
        raise Refused(f"{where}: {shown(item)} has not the form of the API; correct it.") from error


def _type_options(content: Answer, types: c.Mapping[str, Answer]) -> Answer:
    parents = [types[parent] for parent in content.get("extendsFrom") or [] if parent in types]
    shape = type_options(content, parents, content.get("tags") or {})
    known = {name for parent in parents for name in parent.get("propertyDefinitions") or {}}
    for name, definition in (content.get("propertyDefinitions") or {}).items():
        if definition.get("isInherited"):
            # Inherited from a type that is not in the snapshot: as tmdt does it, the default is taken for its own.
            if name not in known and definition.get("defaultValue"):
                shape["property_definitions"][name] = {"defaultValue": tidy_definition(definition)["defaultValue"]}
        elif name in known or "dataType" not in definition:
            # It overrides another one, so that a flag that is false says something.
            shape["property_definitions"][name].update({flag: False for flag in FLAGS if definition.get(flag) is False})
    return shape


def entity_options(content: t.Any, where: str, types: c.Mapping[str, Answer]) -> list[Answer]:
    """The entities of a snapshot in the shape of the option ``entities``, parents first.

    where: the file. types: the component types of the snapshot, by id.
    """
    if not isinstance(content, list):
        raise Refused(f"{where}: {shown(content)} is no list; give a list of entities.")
    shapes = [_entity_options(entity, f"{where}, entities[{index}]", types) for index, entity in enumerate(content)]
    try:
        checks.check_entries(shapes)
    except Refused as fault:
        raise Refused("\n".join(f"{where}, {line}" for line in fault.message.splitlines())) from fault
    return under_their_parents(shapes)


def _entity_options(entity: t.Any, where: str, types: c.Mapping[str, Answer]) -> Answer:
    if not isinstance(entity, dict):
        raise Refused(f"{where}: {shown(entity)} is no mapping; give an entity.")
    if not isinstance(entity.get("entityId"), str):
        raise Refused(
            f"{where}: entity {shown(entity.get('entityName'))} has no entityId that is a text; give it one, for without it"
            " every run would make a new entity."
        )
    if not isinstance(entity.get("entityName"), str):
        raise Refused(f"{where}: entity '{entity['entityId']}' has no entityName that is a text; give it one.")
    shape = {option: entity[member] for member, option in ENTITY_OPTIONS.items() if entity.get(member) is not None}
    # tmdt writes an empty list where there are no components.
    components = shape.get("components") or {}
    if not isinstance(components, dict):
        raise Refused(f"{where}.components: {shown(components)} is no mapping; give a mapping of names to components.")
    if not isinstance(shape.get("tags", {}), dict):
        raise Refused(f"{where}.tags: {shown(shape['tags'])} is no mapping; give a mapping of keys to texts.")
    shape.setdefault("description", "")
    shape["parent_entity_id"] = shape.get("parent_entity_id") or ROOT
    shape["components"] = {
        name: _component_options(component, f"{where}.components.{name}", types) for name, component in components.items()
    }
    return shape


def _component_options(component: t.Any, where: str, types: c.Mapping[str, Answer]) -> t.Any:
    if not isinstance(component, dict):
        return component
    shape = {key: component[key] for key in COMPONENT_KEYS if component.get(key)}
    if isinstance(shape.get("properties"), dict):
        known = _known_properties(component.get("componentTypeId"), types)
        shape["properties"] = {
            name: _property_options(content, f"{where}.properties.{name}", known.get(name)) for name, content in shape["properties"].items()
        }
    return shape


def _property_options(content: t.Any, where: str, definition: Answer | None) -> t.Any:
    """tmdt repeats the data type of every property; only a definition that is not the one of the type needs to be there."""
    if not isinstance(content, dict):
        return content
    shape = {key: content[key] for key in PROPERTY_KEYS if content.get(key) is not None}
    if "value" in shape:
        shape["value"] = _with_small_keys(shape["value"])
    if "definition" in shape:
        own = _tidied(tidy_definition, shape["definition"], f"{where}.definition")
        if definition is not None and covers(tidy_definition(definition), own):
            del shape["definition"]
    return in_order(shape)


def _with_small_keys(value: t.Any) -> t.Any:
    """A value with the keys of relationships as the API has them: snapshots of older tools begin them with a capital letter."""
    if not isinstance(value, dict):
        return [_with_small_keys(item) for item in value] if isinstance(value, list) else value
    relationship = value.get("relationshipValue")
    if isinstance(relationship, dict):
        return {**value, "relationshipValue": {f"{key[:1].lower()}{key[1:]}": item for key, item in relationship.items()}}
    return {key: _with_small_keys(item) for key, item in value.items()}


def _known_properties(type_id: t.Any, types: c.Mapping[str, Answer]) -> dict[str, Answer]:
    """The properties of a component type, as far as the snapshot tells."""
    known: dict[str, Answer] = {}
    waiting, seen = [type_id], set()
    while waiting:
        one = waiting.pop()
        if one in seen or not isinstance(one, str) or one not in types:
            continue
        seen.add(one)
        for name, definition in (types[one].get("propertyDefinitions") or {}).items():
            known[name] = {**definition, **known.get(name, {})}
        waiting += types[one].get("extendsFrom") or []
    return known


def _scene_options(
    documents: c.Mapping[str, t.Any], models: c.Sequence[str], path_of: c.Callable[[str], str]
) -> tuple[list[Answer], list[Answer]]:
    """Every scene with the models that it shows (the first one has those too that none shows), and the models where there is no scene."""
    keys: dict[str, list[str]] = {}
    left = list(models)
    for name, document in documents.items():
        if not isinstance(document, dict):
            raise Refused(f"{name}: {shown(document)} is no scene document; correct it or take it out of {CONFIG}.")
        scenes.check_document(document, name)
        shown_keys = {location(uri).key if "://" in uri else uri for uri in scenes.file_uris(document)}
        # What a glTF model or a set of tiles consists of lies beside it.
        folders = tuple(f"{posixpath.dirname(key)}/" for key in shown_keys if key.endswith((".gltf", ".json")) and "/" in key)
        keys[name] = [key for key in models if key in shown_keys or (folders and key.startswith(folders))]
        left = [key for key in left if key not in keys[name]]
    if keys:
        keys[next(iter(keys))] += left
        left = []

    def resources(of: c.Iterable[str]) -> list[Answer]:
        return [{"src": path_of(f"{MODELS}/{key}"), "key": key} for key in of]

    shapes = [
        {"scene_id": posixpath.splitext(posixpath.basename(name))[0], "src": path_of(name), "resources": resources(own)}
        for name, own in keys.items()
    ]
    twice = [
        shape["scene_id"] for index, shape in enumerate(shapes) if shape["scene_id"] in {other["scene_id"] for other in shapes[:index]}
    ]
    if twice:
        raise Refused(f"{CONFIG}, scenes: two documents are named '{twice[0]}.json', so that their scene would be the same; rename one.")
    return shapes, resources(left)


def _options_of_scene(config: Answer, scene_id: str) -> Answer:
    every = config.get("scene_options") or {}
    options = every.get(scene_id) or {} if isinstance(every, dict) else None
    if not isinstance(options, dict):
        raise Refused(f"{CONFIG}, scene_options: {shown(every)} is no mapping of scene ids to options; correct it.")
    return {key: options.get(key) or empty for key, empty in SCENE_OPTIONS.items()}
