# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entities from the API's answers and the module's options to what the plan compares, and from there to requests. Pure.

The names of components and properties are the user's and are never rewritten.
"""

from __future__ import annotations

import collections.abc as c
import datetime
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, building
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.model import (
    ROOT,
    Actual,
    Component,
    Definition,
    Property,
    Wanted,
    WantedComponent,
    WantedProperty,
)
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.values import data_type, data_value, typed

Answer = dict[str, t.Any]
Definitions = c.Mapping[str, "dict[str, Definition] | None"]

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
# Members of a definition that only answers have: AWS works them out.
ANSWER_ONLY = ("isInherited", "isImported", "isFinal")


def error_of(status: Answer | None) -> str:
    """Why something is in state ERROR, or an empty text if it is not. AWS answers an empty ``error`` for what is well."""
    status = status or {}
    if status.get("state") != "ERROR":
        return ""
    error = status.get("error") or {}
    return f"{error.get('message') or 'AWS gives no reason'} ({error.get('code') or 'no code'})"


def microseconds(moment: datetime.datetime | None) -> int:
    """A time of an answer since the epoch, exactly; 0 for none."""
    return 0 if moment is None else (moment - EPOCH) // datetime.timedelta(microseconds=1)


def as_time(microseconds_since: int) -> str:
    """The reverse of ``microseconds``, as ISO 8601 in UTC to the second."""
    return (EPOCH + datetime.timedelta(microseconds=microseconds_since)).strftime("%Y-%m-%dT%H:%M:%SZ")


def types_in_use(entries: c.Iterable[Answer]) -> set[str]:
    """The component types of the entries."""
    return {component["componentTypeId"] for entry in entries for component in (entry.get("components") or {}).values()}


def types_to_read(entries: c.Iterable[Answer]) -> set[str]:
    """The component types whose definitions tell how to send the plain values in the entries."""
    return {
        component["componentTypeId"]
        for entry in entries
        for component in (entry.get("components") or {}).values()
        if any(not isinstance(value, dict) or _has_plain_value(value) for value in (component.get("properties") or {}).values())
    }


def _has_plain_value(content: Answer) -> bool:
    return content.get("value") is not None and not isinstance(content["value"], dict)


@building
def wanted_entities(entries: c.Sequence[Answer], parent_id: str, definitions: Definitions) -> list[Wanted]:
    """The entries of the module's option, checked before, as the plan takes them.

    parent_id: of the entries that name none. definitions: property definitions by component type; None for a type
    that is not there yet, whose plain values are sent as they are.
    """
    return [
        wanted_entity(entry, entry.get("parent_entity_id") or parent_id, definitions, f"entities[{position}].", position)
        for position, entry in enumerate(entries)
    ]


def wanted_entity(entry: Answer, parent_id: str, definitions: Definitions, where: str = "", position: int = 0) -> Wanted:
    """One entry as the plan takes it. where: what messages put before the keys of the entry."""
    components = entry.get("components")
    return Wanted(
        entity_id=entry["entity_id"],
        name=entry["name"],
        parent_id=parent_id,
        description=entry.get("description"),
        components=None if components is None else _wanted_components(components, where, definitions),
        tags=entry.get("tags"),
        position=position,
    )


def _wanted_components(components: Answer, where: str, definitions: Definitions) -> dict[str, WantedComponent]:
    wanted = {}
    for name, component in components.items():
        type_id = component["componentTypeId"]
        properties = {}
        for key, content in (component.get("properties") or {}).items():
            try:
                properties[key] = _wanted_property(content, key, definitions.get(type_id))
            except Refused as error:
                raise Refused(f"{where}components.{name}.properties.{key}{error.message}") from error
        wanted[name] = WantedComponent(type_id, component.get("description"), properties, component.get("propertyGroups"))
    return wanted


def _wanted_property(content: t.Any, name: str, definitions: dict[str, Definition] | None) -> WantedProperty:
    """The messages of Refused begin behind the name of the property: a list has many properties and, as a rule, no fault."""
    if not isinstance(content, dict):
        return WantedProperty(typed(content, data_type(definitions, name, ""), ""))
    value, definition = content.get("value"), content.get("definition")
    if value is not None and not isinstance(value, dict):
        kind = definition.get("dataType") if definition else data_type(definitions, name, "")
        return WantedProperty(typed(value, kind, ".value"), definition)
    return WantedProperty(None if value is None else data_value(value, ".value"), definition)


def actual_from_summary(summary: Answer) -> Actual:
    """An entity of ListEntities: without components, tags and whether it is synced."""
    status = summary.get("status") or {}
    return Actual(
        entity_id=summary["entityId"],
        name=summary["entityName"],
        parent_id=summary.get("parentEntityId") or ROOT,
        description=summary.get("description") or "",
        state=status.get("state", "ACTIVE"),
        error=error_of(status),
        arn=summary["arn"],
        updated=microseconds(summary.get("updateDateTime")),
    )


def actual_from_answer(answer: Answer, wanted: Wanted | None = None, tags: dict[str, str] | None = None) -> Actual:
    """An entity of GetEntity.

    Only what a plan needs is kept: answers repeat the type's definitions for every property of every component,
    which for fifty thousand entities would fill the memory.
    """
    base = actual_from_summary(answer)
    asked = (wanted.components if wanted else None) or {}
    components = {name: _component(component, asked.get(name)) for name, component in (answer.get("components") or {}).items()}
    return Actual(
        entity_id=base.entity_id,
        name=base.name,
        parent_id=base.parent_id,
        description=base.description,
        state=base.state,
        error=base.error,
        arn=base.arn,
        components=components,
        tags=tags,
        synced=bool(answer.get("syncSource")),
        updated=base.updated,
    )


def _component(component: Answer, wanted: WantedComponent | None) -> Component:
    asked = wanted.properties if wanted else {}
    properties = {}
    for name, content in (component.get("properties") or {}).items():
        asks_definition = name in asked and asked[name].definition is not None
        given = content.get("value")
        if not given and not asks_definition:
            continue
        value = data_value(given, name) if given else None
        definition = content.get("definition") or {}
        default = definition.get("defaultValue")
        properties[name] = Property(
            value=value,
            definition={key: item for key, item in definition.items() if key not in ANSWER_ONLY} if asks_definition else None,
            resettable=value is not None
            and not definition.get("isRequiredInEntity")
            and not definition.get("isImported")
            and (not default or data_value(default, name) != value),
            required=value is not None and bool(definition.get("isRequiredInEntity")),
        )
    return Component(
        type_id=component.get("componentTypeId", ""),
        description=component.get("description") or "",
        properties=properties,
        groups={name: {key: item for key, item in group.items() if key != "isInherited"} for name, group in _own_groups(component)},
        error=error_of(component.get("status")),
        synced=bool(component.get("syncSource")),
    )


def _own_groups(component: Answer) -> c.Iterator[tuple[str, Answer]]:
    return ((name, group) for name, group in (component.get("propertyGroups") or {}).items() if not group.get("isInherited"))


def property_request(wanted: WantedProperty) -> Answer:
    return {key: item for key, item in (("value", wanted.value), ("definition", wanted.definition)) if item is not None}


def component_request(wanted: WantedComponent, properties_key: str = "properties", groups_key: str = "propertyGroups") -> Answer:
    """A component of CreateEntity; the keys are others in the component updates of UpdateEntity."""
    request: Answer = {"componentTypeId": wanted.type_id}
    if wanted.description:
        request["description"] = wanted.description
    if wanted.properties:
        request[properties_key] = {name: property_request(item) for name, item in wanted.properties.items()}
    if wanted.groups:
        request[groups_key] = wanted.groups
    return request


def create_request(wanted: Wanted) -> Answer:
    """The members of CreateEntity beside the ids of workspace and entity."""
    request: Answer = {"entityName": wanted.name}
    if wanted.parent_id != ROOT:
        request["parentEntityId"] = wanted.parent_id
    if wanted.description:
        request["description"] = wanted.description
    if wanted.components:
        request["components"] = {name: component_request(component) for name, component in wanted.components.items()}
    if wanted.tags:
        request["tags"] = wanted.tags
    return request


def picture(actual: Actual | None) -> Answer:
    """An entity as a diff shows it, in the shape of the module's option ``entities``."""
    if actual is None:
        return {}
    shape: Answer = {"name": actual.name, "parent_entity_id": actual.parent_id}
    if actual.description:
        shape["description"] = actual.description
    if actual.components:
        shape["components"] = {name: _component_picture(component) for name, component in actual.components.items()}
    if actual.tags:
        shape["tags"] = dict(actual.tags)
    if actual.error:
        shape["error"] = actual.error
    return shape


def _component_picture(component: Component) -> Answer:
    shape: Answer = {"componentTypeId": component.type_id}
    if component.description:
        shape["description"] = component.description
    if component.properties:
        shape["properties"] = {
            name: {key: content for key, content in (("value", item.value), ("definition", item.definition)) if content is not None}
            for name, item in component.properties.items()
        }
    if component.groups:
        shape["propertyGroups"] = component.groups
    if component.error:
        shape["error"] = component.error
    return shape
