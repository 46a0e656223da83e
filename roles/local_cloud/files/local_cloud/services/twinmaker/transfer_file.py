# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file of a metadata transfer job: checked against its schema, turned into API requests, and made from records.

Pure. Source: IoT TwinMaker user guide, "metadata transfer job schema". What the schema says like the API is checked
against the API's own model; only what the file says differently is here.
"""

from __future__ import annotations

import collections.abc as c
import json
import re
import typing as t

from local_cloud.protocol import models, validate
from local_cloud.services.twinmaker.errors import invalid
from local_cloud.store import Record

# A resource of a file: its section, its name, and the parameters of the API request that stands for it.
Item = dict[str, t.Any]

_SECTIONS: t.Final = ("componentTypes", "entities", "entityComponents")
_IDENTITY: dict[str, tuple[str, ...]] = {
    "componentTypes": ("componentTypeId",),
    "entities": ("entityId",),
    "entityComponents": ("entityId", "componentName"),
}
_REQUIRED: dict[str, tuple[str, ...]] = {
    "componentTypes": ("componentTypeId",),
    "entities": ("entityId", "entityName"),
    "entityComponents": ("entityId", "componentName", "componentTypeId"),
}
_COMPONENT_TYPE: t.Final = (
    "componentTypeId",
    "componentTypeName",
    "description",
    "extendsFrom",
    "functions",
    "isSingleton",
    "propertyDefinitions",
    "propertyGroups",
    "tags",
)
_ENTITY: t.Final = ("entityId", "entityName", "description", "parentEntityId", "tags", "components")
_COMPONENT: t.Final = ("componentTypeId", "description", "properties", "propertyGroups")
_ALLOWED: dict[str, tuple[str, ...]] = {
    "componentTypes": (*_COMPONENT_TYPE, "componentTypeExternalId"),
    "entities": (*_ENTITY, "entityExternalId"),
    "entityComponents": (*_COMPONENT, "entityId", "componentName", "componentExternalId"),
}
_LONGEST_DESCRIPTION: t.Final = 512
_LONGEST_LAMBDA_ARN: t.Final = 128
_ENTITY_NAME: t.Final = re.compile(r"[a-zA-Z_0-9\-.][a-zA-Z_0-9\-. ]*[a-zA-Z0-9]+")
_CONFIGURATION_VALUE: t.Final = re.compile(r"[a-zA-Z_\-0-9]+")
# The file writes the members of a relationship with a capital letter.
_RELATIONSHIP: dict[str, str] = {"TargetEntityId": "targetEntityId", "TargetComponentName": "targetComponentName"}


def parsed(body: bytes, workspace_id: str, placeholders: dict[str, str]) -> list[Item]:
    """The resources of a file, each as ``{"section", "name", "parameters"}``, in an order in which they can be made.

    placeholders: what stands for ``${partition}``, ``${region}`` and ``${accountId}`` in the ARNs of functions.
    Raises ValidationException that names the place in the file.
    """
    try:
        content = json.loads(body)
    except ValueError as error:
        raise invalid(f"The file is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise invalid("The file must be a JSON object")
    _only(content, _SECTIONS, "the file")
    items: list[Item] = []
    for section in _SECTIONS:
        resources = content.get(section, [])
        if not isinstance(resources, list):
            raise invalid(f"{section} must be a list")
        for number, resource in enumerate(resources):
            items.append(_item(section, resource, f"{section}[{number}]", workspace_id, placeholders))
    _refuse_doubles(items)
    types = [item for item in items if item["section"] == "componentTypes"]
    entities = [item for item in items if item["section"] == "entities"]
    parts = [item for item in items if item["section"] == "entityComponents"]
    return [
        *_ordered(types, lambda item: item["parameters"].get("extendsFrom", [])),
        *_ordered(entities, lambda item: [item["parameters"].get("parentEntityId", "")]),
        *parts,
    ]


def _item(section: str, resource: t.Any, where: str, workspace_id: str, placeholders: dict[str, str]) -> Item:
    if not isinstance(resource, dict):
        raise invalid(f"{where} must be an object")
    _only(resource, _ALLOWED[section], where)
    for name in _REQUIRED[section]:
        if not isinstance(resource.get(name), str):
            raise invalid(f"{where}.{name} is required and must be a string")
    known = {name: value for name, value in resource.items() if not name.endswith("ExternalId")}
    parameters = {**_with_api_names(known, where), "workspaceId": workspace_id}
    operation = "CreateComponentType" if section == "componentTypes" else "CreateEntity"
    if section == "componentTypes":
        _resolve_placeholders(parameters, placeholders, where)
    if section == "entityComponents":
        component = {name: parameters[name] for name in _COMPONENT if name in parameters}
        parameters = {
            "workspaceId": workspace_id,
            "entityId": parameters["entityId"],
            "components": {parameters["componentName"]: component},
        }
        checked = {**parameters, "entityName": parameters["entityId"]}
    else:
        checked = parameters
    found = validate.problems(checked, models.operation_model("iottwinmaker", operation).input_shape)
    if found:
        raise invalid(f"{where}: {found[0]}")
    _check_narrower(resource, where)
    name = "/".join(resource[part] for part in _IDENTITY[section])
    return {"section": section, "name": name, "parameters": parameters}


def _check_narrower(resource: dict[str, t.Any], where: str) -> None:
    """What the file's schema limits more than the API does."""
    if "entityName" in resource and not _ENTITY_NAME.fullmatch(resource["entityName"]):
        raise invalid(f"{where}.entityName {resource['entityName']!r} must fit {_ENTITY_NAME.pattern}")
    for component in [resource, *resource.get("components", {}).values()]:
        if len(component.get("description", "")) > _LONGEST_DESCRIPTION:
            raise invalid(f"{where}.description is longer than {_LONGEST_DESCRIPTION} characters")
        definitions = [*component.get("propertyDefinitions", {}).items()]
        definitions += [(name, one.get("definition", {})) for name, one in component.get("properties", {}).items()]
        for name, definition in definitions:
            for value in definition.get("configuration", {}).values():
                if not _CONFIGURATION_VALUE.fullmatch(value):
                    raise invalid(f"{where}: the configuration of property {name} must fit {_CONFIGURATION_VALUE.pattern}, found {value!r}")
    if "componentName" not in resource and "components" in resource:
        for name, component in resource["components"].items():
            if "componentTypeId" not in component:
                raise invalid(f"{where}.components.{name}.componentTypeId is required")


def _resolve_placeholders(parameters: dict[str, t.Any], placeholders: dict[str, str], where: str) -> None:
    functions = parameters.get("functions")
    if not isinstance(functions, dict):
        return
    for name, function in functions.items():
        try:
            connector = function["implementedBy"]["lambda"]
            arn = connector["arn"]
        except (KeyError, TypeError):
            continue
        if len(arn) > _LONGEST_LAMBDA_ARN:
            raise invalid(f"{where}.functions.{name}: the ARN is longer than {_LONGEST_LAMBDA_ARN} characters")
        for placeholder, value in placeholders.items():
            arn = arn.replace(f"${{{placeholder}}}", value)
        connector["arn"] = arn


def _with_api_names(value: t.Any, where: str) -> t.Any:
    """A copy of a part of the file in which relationships have the API's member names."""
    if isinstance(value, list):
        return [_with_api_names(item, where) for item in value]
    if not isinstance(value, dict):
        return value
    if value and value.keys() <= set(_RELATIONSHIP.values()):
        raise invalid(f"{where}: a relationshipValue has the members {', '.join(_RELATIONSHIP)}, found {', '.join(value)}")
    if value and value.keys() <= _RELATIONSHIP.keys():
        return {_RELATIONSHIP[member]: item for member, item in value.items()}
    return {name: _with_api_names(item, where) for name, item in value.items()}


def _refuse_doubles(items: list[Item]) -> None:
    seen: set[tuple[str, str]] = set()
    for item in items:
        if (item["section"], item["name"]) in seen:
            raise invalid(f"{item['section']}: {item['name']} is there twice")
        seen.add((item["section"], item["name"]))
    for item in items:
        if item["section"] == "entityComponents" and ("entities", item["parameters"]["entityId"]) in seen:
            raise invalid(
                f"Entity {item['parameters']['entityId']} is in entities and in entityComponents; a file may hold it in one of them"
            )


def _ordered(items: list[Item], needs: c.Callable[[Item], list[str]]) -> list[Item]:
    """The items with those that others need before them; a circle keeps its order, and fails when it is made."""
    by_name = {item["name"]: item for item in items}
    done: dict[str, Item] = {}
    for item in items:
        waiting = [item]
        while waiting:
            last = waiting[-1]
            missing = [by_name[name] for name in needs(last) if name in by_name and name not in done and by_name[name] not in waiting]
            if missing:
                waiting.append(missing[0])
            else:
                done.setdefault(last["name"], waiting.pop())
    return list(done.values())


def _only(content: dict[str, t.Any], allowed: c.Iterable[str], where: str) -> None:
    unknown = sorted(set(content) - set(allowed))
    if unknown:
        raise invalid(f"{unknown[0]} is not allowed in {where}; allowed are {', '.join(sorted(allowed))}")


# ---- the other way


def component_type(record: Record, tags: dict[str, str]) -> dict[str, t.Any]:
    """A component type as a file holds it."""
    shown = {name: record[name] for name in _COMPONENT_TYPE if name in record}
    return t.cast("dict[str, t.Any]", _with_file_names({**shown, **({"tags": tags} if tags else {})}))


def entity(record: Record, tags: dict[str, str]) -> dict[str, t.Any]:
    """An entity as a file holds it."""
    shown = {name: record[name] for name in ("entityId", "entityName", "description", "parentEntityId")}
    components = {name: {part: one[part] for part in _COMPONENT if part in one} for name, one in record["components"].items()}
    return t.cast(
        "dict[str, t.Any]",
        _with_file_names({**shown, **({"components": components} if components else {}), **({"tags": tags} if tags else {})}),
    )


def _with_file_names(value: t.Any) -> t.Any:
    if isinstance(value, list):
        return [_with_file_names(item) for item in value]
    if not isinstance(value, dict):
        return value
    names = {api: file for file, api in _RELATIONSHIP.items()}
    if value and value.keys() <= names.keys():
        return {names[member]: item for member, item in value.items()}
    return {name: _with_file_names(item) for name, item in value.items()}
