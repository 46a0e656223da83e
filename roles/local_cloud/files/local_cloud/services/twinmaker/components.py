# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The components of an entity: built from requests, checked against their component types, shown as the API shows them.

Pure. A component is kept as
``{"componentTypeId", "description"?, "properties", "propertyGroups"?, "parts": {path: part}}``
where ``properties`` maps names to ``{"definition"?, "value"?}`` as they were set, and a part, below its path in the
composition tree (``motor/bearing``), has the same members but no type of its own: that comes from the component type.
"""

from __future__ import annotations

import collections.abc as c
import typing as t
import urllib.parse

from local_cloud.services.twinmaker import quotas, states
from local_cloud.services.twinmaker.definitions import ComponentTypes, Definition, Flat, check_definition, complete, is_external, override
from local_cloud.services.twinmaker.errors import invalid, missing, over_quota
from local_cloud.services.twinmaker.values import check_value, scalar

Component = dict[str, t.Any]
Part = dict[str, t.Any]
Components = dict[str, Component]


def type_reference(type_id: str) -> str:
    """A component type, as what an entity refers to."""
    return f"type/{type_id}"


def external_reference(value: str) -> str:
    """The value of an external id, as what an entity refers to; quoted, since a reference is part of a key."""
    return f"external/{urllib.parse.quote(value, safe='')}"


class Found(t.NamedTuple):
    """A component, or a part of one, by its address."""

    name: str
    path: str
    type_id: str
    part: Part


# ---- from requests


def built(requests: dict[str, t.Any], composite_requests: dict[str, t.Any]) -> Components:
    """The components of a CreateEntity request."""
    components: Components = {}
    for name, request in requests.items():
        components[name] = _updated_component({}, name, {**request, "propertyUpdates": request.get("properties", {})})
    return with_part_updates(
        components, {path: {**request, "propertyUpdates": request.get("properties", {})} for path, request in composite_requests.items()}
    )


def with_updates(components: Components, updates: dict[str, t.Any]) -> Components:
    """The components after the ``componentUpdates`` of an UpdateEntity request."""
    result = dict(components)
    for name, update in updates.items():
        kind = update.get("updateType")
        if kind == "CREATE" and name in result:
            raise invalid(f"Component {name} cannot be created as it already exists")
        if kind in ("UPDATE", "DELETE") and name not in result:
            raise invalid(f"Component {name} cannot be {'updated' if kind == 'UPDATE' else 'deleted'} as it does not exist")
        if kind == "DELETE":
            del result[name]
        else:
            result[name] = _updated_component(result.get(name, {}), name, update)
    return result


def with_part_updates(components: Components, updates: dict[str, t.Any]) -> Components:
    """The components after ``compositeComponentUpdates``: {path from the top-level component: update}."""
    result = dict(components)
    for path, update in updates.items():
        name, _unused, below = path.partition("/")
        if name not in result or not below:
            raise invalid(f"Composite component {path} does not exist")
        if update.get("updateType") == "DELETE":
            raise invalid(f"Composite component {path} cannot be deleted: it is part of the component type")
        component = result[name]
        parts = {**component["parts"], below: _updated_part(component["parts"].get(below, {}), update, f"component {path}")}
        result[name] = {**component, "parts": parts}
    return result


def _updated_component(old: Component, name: str, update: dict[str, t.Any]) -> Component:
    type_id = update.get("componentTypeId", old.get("componentTypeId"))
    if type_id is None:
        raise invalid(f"Component {name} needs a componentTypeId")
    if type_id != old.get("componentTypeId", type_id):
        raise invalid(f"The component type of component {name} is {old['componentTypeId']} and cannot be changed to {type_id}")
    return {**_updated_part(old, update, f"component {name}"), "componentTypeId": type_id, "parts": old.get("parts", {})}


def _updated_part(old: Part, update: dict[str, t.Any], where: str) -> Part:
    part: Part = {"properties": dict(old.get("properties", {}))}
    for name, change in update.get("propertyUpdates", {}).items():
        changed = _updated_property(part["properties"].get(name), change, f"Property {name} of {where}")
        if changed:
            part["properties"][name] = changed
        else:
            part["properties"].pop(name, None)
    groups = dict(old.get("propertyGroups", {}))
    for name, change in {**update.get("propertyGroups", {}), **update.get("propertyGroupUpdates", {})}.items():
        if change.get("updateType") != "DELETE":
            groups[name] = {member: change[member] for member in ("groupType", "propertyNames") if member in change}
        elif groups.pop(name, None) is None:
            raise invalid(f"Property group {name} of {where} cannot be deleted: it is not defined there")
    if groups:
        part["propertyGroups"] = groups
    description = update.get("description", old.get("description"))
    if description is not None:
        part["description"] = description
    return part


def _updated_property(old: dict[str, t.Any] | None, change: dict[str, t.Any], where: str) -> dict[str, t.Any]:
    """The property as it is kept from now on; empty where nothing of it is left."""
    kind = change.get("updateType")
    if kind == "RESET_VALUE":
        if "value" in change:
            raise invalid(f"{where}: RESET_VALUE takes no value")
        return {name: item for name, item in (old or {}).items() if name != "value"}
    if kind == "DELETE":
        if old is None or "dataType" not in old.get("definition", {}):
            raise invalid(f"{where} cannot be deleted: it is not defined in the component; use RESET_VALUE to remove a value")
        return {}
    return {**(old or {}), **{name: change[name] for name in ("definition", "value") if name in change}}


# ---- against the component types


def check(components: Components, types: ComponentTypes) -> None:
    """Refuses components that do not fit their types, or one another in an entity."""
    if len(components) > quotas.COMPONENTS_PER_ENTITY:
        raise over_quota(f"An entity has at most {quotas.COMPONENTS_PER_ENTITY} components, found {len(components)}")
    seen: dict[str, str] = {}
    for name, component in components.items():
        type_id = component["componentTypeId"]
        tree = types.composition(type_id)
        for path in component["parts"]:
            if path not in tree:
                raise invalid(f"Composite component {name}/{path} does not exist in component type {type_id}")
        _check_part(f"component {name}", type_id, component, types)
        for path, part_type in tree.items():
            _check_part(f"component {name}/{path}", part_type, component["parts"].get(path, {}), types)
        if type_id in seen and types.flat(type_id).is_singleton:
            raise invalid(f"Component type {type_id} is a singleton: an entity cannot have both {seen[type_id]} and {name}")
        seen[type_id] = name


def _check_part(where: str, type_id: str, part: Part, types: ComponentTypes) -> None:
    flat = types.flat(type_id)
    if flat.is_abstract:
        raise invalid(f"Component type {type_id} of {where} is abstract: it cannot be added to an entity")
    found = definitions(part, flat, where)
    if len(found) > quotas.PROPERTIES:
        raise over_quota(f"{where} has more than {quotas.PROPERTIES} properties")
    kept = part.get("properties", {})
    for name, definition in found.items():
        value = kept.get(name, {}).get("value")
        if value is not None:
            if is_external(definition):
                raise invalid(f"Property {name} of {where} is stored externally: it takes no value in the entity")
            check_value(value, definition["dataType"], f"Property {name} of {where}")
        elif definition["isRequiredInEntity"] and not is_external(definition) and "defaultValue" not in definition:
            raise invalid(f"Property {name} of {where} is required in the entity and has no value")
    for group, content in part.get("propertyGroups", {}).items():
        if "groupType" not in content or not content.get("propertyNames"):
            raise invalid(f"Property group {group} of {where} needs groupType and propertyNames")
        for unknown in sorted(set(content["propertyNames"]) - set(found)):
            raise invalid(f"Property {unknown} of property group {group} of {where} is not defined")


def definitions(part: Part, flat: Flat, where: str = "component") -> dict[str, Definition]:
    """The definitions that are in force: the type's, with the component's own over them."""
    result = dict(flat.properties)
    for name, kept in part.get("properties", {}).items():
        own = kept.get("definition")
        full = f"Property {name} of {where}"
        if name not in result:
            if own is None:
                raise invalid(f"{full} is not defined in its component type")
            result[name] = complete(own, full)
            check_definition(result[name], full)
        elif own is not None:
            result[name] = override(result[name], own, full)
            check_definition(result[name], full)
    return result


def every(components: Components, types: ComponentTypes) -> list[Found]:
    """All components with all their parts."""
    return [
        Found(name, path, type_id, component["parts"].get(path, {}) if path else component)
        for name, component in components.items()
        for path, type_id in {"": component["componentTypeId"], **types.composition(component["componentTypeId"])}.items()
    ]


def references(components: Components, types: ComponentTypes) -> set[str]:
    """What the components refer to, each a ``type_reference`` or an ``external_reference``."""
    found: set[str] = set()
    for one in every(components, types):
        found.add(type_reference(one.type_id))
        found.update(external_reference(value) for value in external_ids(one.part, types.flat(one.type_id)).values())
    return found


def external_ids(part: Part, flat: Flat) -> dict[str, str]:
    """{property: value} of the properties that identify the component in an external store, where they have a value."""
    found = {}
    for name, definition in definitions(part, flat).items():
        value = part.get("properties", {}).get(name, {}).get("value", definition.get("defaultValue"))
        if definition["isExternalId"] and value is not None:
            found[name] = scalar(value)
    return found


def find(components: Components, address: str, types: ComponentTypes, entity_id: str) -> Found:
    """The component or part at a name or path (``meter-5``, ``pump/motor/bearing``)."""
    name, _unused, path = address.partition("/")
    component = components.get(name)
    if component is None:
        raise missing("Component", f"{name} of entity {entity_id}")
    if not path:
        return Found(name, "", component["componentTypeId"], component)
    tree = types.composition(component["componentTypeId"])
    if path not in tree:
        raise missing("Component", f"{address} of entity {entity_id}")
    return Found(name, path, tree[path], component["parts"].get(path, {}))


# ---- as the API shows them


def property_responses(part: Part, flat: Flat) -> dict[str, dict[str, t.Any]]:
    """{property: PropertyResponse}: every property that is defined, with its value where one was set."""
    kept = part.get("properties", {})
    return {
        name: {"definition": definition, **_value(kept.get(name, {}), definition)} for name, definition in definitions(part, flat).items()
    }


def effective_responses(part: Part, flat: Flat) -> dict[str, dict[str, t.Any]]:
    """{property: PropertyResponse} with the default as the value where none was set: what a connector is told."""
    return {
        name: {"value": response["definition"]["defaultValue"], **response} if "defaultValue" in response["definition"] else response
        for name, response in property_responses(part, flat).items()
    }


def _value(kept: dict[str, t.Any], definition: Definition) -> dict[str, t.Any]:
    many = {"areAllPropertyValuesReturned": True} if definition["dataType"]["type"] in ("LIST", "MAP") else {}
    return {"value": kept["value"], **many} if "value" in kept else many


def component_responses(components: Components, types: ComponentTypes, state: c.Callable[[str], str]) -> dict[str, dict[str, t.Any]]:
    """{component: ComponentResponse}, as in GetEntity. state: the state of a component, by its name."""
    return {
        name: {
            **_summary(name, component["componentTypeId"], component, types, state(name)),
            "properties": property_responses(component, types.flat(component["componentTypeId"])),
            "areAllPropertiesReturned": True,
            **_composites(name, "", component, types, state(name)),
        }
        for name, component in components.items()
    }


def _composites(name: str, path: str, component: Component, types: ComponentTypes, state: str) -> dict[str, t.Any]:
    summaries = {summary["componentName"]: summary for summary in part_summaries(name, path, component, types, state)}
    return {"compositeComponents": summaries, "areAllCompositeComponentsReturned": True} if summaries else {}


def component_summary(name: str, component: Component, types: ComponentTypes, state: str) -> dict[str, t.Any]:
    return _summary(name, component["componentTypeId"], component, types, state)


def part_summaries(name: str, path: str, component: Component, types: ComponentTypes, state: str) -> list[dict[str, t.Any]]:
    """ComponentSummary of the parts right below a path of a component (the component itself: an empty path)."""
    prefix = f"{path}/" if path else ""
    return [
        {
            **_summary(below.rpartition("/")[2], type_id, component["parts"].get(below, {}), types, state),
            "componentPath": f"{name}/{below}",
        }
        for below, type_id in types.composition(component["componentTypeId"]).items()
        if below.startswith(prefix) and "/" not in below[len(prefix) :]
    ]


def _summary(name: str, type_id: str, part: Part, types: ComponentTypes, state: str) -> dict[str, t.Any]:
    answer: dict[str, t.Any] = {"componentName": name, "componentTypeId": type_id, "status": states.status(state)}
    if "description" in part:
        answer["description"] = part["description"]
    inherited = {group: {**content, "isInherited": True} for group, content in types.flat(type_id).groups.items()}
    groups = {**inherited, **{group: {**content, "isInherited": False} for group, content in part.get("propertyGroups", {}).items()}}
    return {**answer, "propertyGroups": groups} if groups else answer
