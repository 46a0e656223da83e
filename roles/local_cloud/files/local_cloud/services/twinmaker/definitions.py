# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Component types as they act: own definitions merged over those of the types that they extend.

Pure: a component type comes in as its record (members as in CreateComponentType) through a lookup function, and goes out
flattened, in the shapes of GetComponentType's answer.
Source: IoT TwinMaker user guide, "Using and creating component types"; botocore model iottwinmaker 2021-11-29.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import functools
import typing as t

from local_cloud.services.twinmaker import quotas
from local_cloud.services.twinmaker.errors import invalid, not_implemented, over_quota
from local_cloud.services.twinmaker.values import check_data_type, check_value

Definition = dict[str, t.Any]
Lookup = c.Callable[[str], "dict[str, t.Any] | None"]

HISTORY_READERS = ("dataReader", "dataReaderByEntity", "dataReaderByComponentType")
ATTRIBUTE_READER = "attributePropertyValueReaderByEntity"
WRITER = "dataWriter"
_FUNCTIONS = (*HISTORY_READERS, ATTRIBUTE_READER, WRITER)
_FUNCTIONS_NOT_RUN = ("schemaInitializer", "tabularDataReaderByEntity", "tabularDataReaderByComponentType")
_KEPT_FLAGS = ("isTimeSeries", "isExternalId", "isStoredExternally")
_FLAGS = ("isTimeSeries", "isRequiredInEntity", "isExternalId", "isStoredExternally", "isImported", "isFinal", "isInherited")
_EXTRAS = ("defaultValue", "configuration", "displayName")


@dataclasses.dataclass(frozen=True)
class Flat:
    """A component type with all that it inherits; the maps are in the shapes of GetComponentType's answer."""

    properties: dict[str, Definition]
    functions: dict[str, dict[str, t.Any]]
    groups: dict[str, dict[str, t.Any]]
    composites: dict[str, dict[str, t.Any]]
    ancestors: frozenset[str]
    depth: int
    is_singleton: bool

    @functools.cached_property
    def is_abstract(self) -> bool:
        """Whether a property is stored externally and no function can read it; such a type cannot be in an entity."""
        can_read = {name for name, function in self.functions.items() if is_implemented(function)}
        external = [definition for definition in self.properties.values() if is_external(definition)]
        series = any(definition["isTimeSeries"] for definition in external)
        attributes = any(not definition["isTimeSeries"] for definition in external)
        return (series and can_read.isdisjoint(HISTORY_READERS)) or (attributes and ATTRIBUTE_READER not in can_read)


def is_external(definition: Definition) -> bool:
    return bool(definition["isStoredExternally"] or definition["isTimeSeries"])


def is_implemented(function: dict[str, t.Any]) -> bool:
    connector = function.get("implementedBy", {})
    return "lambda" in connector or bool(connector.get("isNative"))


def complete(definition: Definition, where: str) -> Definition:
    """A PropertyDefinitionRequest that stands by itself as a PropertyDefinitionResponse: all booleans explicit."""
    if "dataType" not in definition:
        raise invalid(f"{where}: a definition that is not inherited needs a dataType")
    return {
        "dataType": definition["dataType"],
        **{flag: definition.get(flag, False) for flag in _FLAGS},
        **{extra: definition[extra] for extra in _EXTRAS if extra in definition},
    }


def override(inherited: Definition, own: Definition, where: str) -> Definition:
    """An inherited definition with the own members over it; what says where and how values are kept cannot change."""
    if inherited["isFinal"]:
        raise invalid(f"{where}: the inherited definition is final and cannot be updated")
    inherited_kind = inherited["dataType"]["type"]
    kind = own["dataType"]["type"] if "dataType" in own else inherited_kind
    if kind != inherited_kind:
        raise invalid(f"{where}: data type {kind} differs from the inherited {inherited_kind}")
    for flag in _KEPT_FLAGS:
        if own.get(flag, inherited[flag]) != inherited[flag]:
            raise invalid(f"{where}: {flag} {own[flag]} differs from the inherited {inherited[flag]}")
    changed = {name: own[name] for name in ("dataType", "isRequiredInEntity", *_EXTRAS) if name in own}
    return {**inherited, **changed, "isInherited": True}


def check_definition(definition: Definition, where: str) -> None:
    check_data_type(definition["dataType"], where)
    if "defaultValue" in definition:
        check_value(definition["defaultValue"], definition["dataType"], f"{where}: default value")


class ComponentTypes:
    """The component types of one workspace at one moment; each is flattened once.

    lookup: gives the record of a component type, or None where there is none.
    """

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._flat: dict[str, Flat] = {}
        self._compositions: dict[str, dict[str, str]] = {}

    def flat(self, type_id: str, trail: tuple[str, ...] = ()) -> Flat:
        """The flattened type. Raises ValidationException where it or a type that it extends cannot be."""
        if type_id not in self._flat:
            record = self._lookup(type_id)
            if record is None:
                raise invalid(f"Component type(s) [{type_id}] do not exist in workspace")
            if record.get("undocumented"):
                raise not_implemented(f"component type {type_id}")
            if type_id in trail:
                raise invalid(f"Component type {type_id} cannot extend itself (by way of {' > '.join(trail)})")
            self._flat[type_id] = self._flatten(type_id, record, (*trail, type_id))
        return self._flat[type_id]

    def composition(self, type_id: str) -> dict[str, str]:
        """The component types below a component of this type: {path below it, e.g. ``motor/bearing``: type id}."""
        if type_id not in self._compositions:
            found: dict[str, str] = {}
            self._compose(type_id, "", (), found)
            self._compositions[type_id] = found
        return self._compositions[type_id]

    def _compose(self, type_id: str, path: str, trail: tuple[str, ...], found: dict[str, str]) -> None:
        if type_id in trail:
            raise invalid(f"Component type {type_id} cannot be composed of itself (at {path.rstrip('/')})")
        if len(trail) >= quotas.COMPOSITION_DEPTH:
            raise over_quota(f"The composition tree at {path.rstrip('/')} is deeper than {quotas.COMPOSITION_DEPTH}")
        for name, part in self.flat(type_id).composites.items():
            found[path + name] = part["componentTypeId"]
            if len(found) > quotas.COMPOSITION_SIZE:
                raise over_quota(f"The composition tree holds more than {quotas.COMPOSITION_SIZE} components")
            self._compose(part["componentTypeId"], f"{path}{name}/", (*trail, type_id), found)

    def _flatten(self, type_id: str, record: dict[str, t.Any], trail: tuple[str, ...]) -> Flat:
        parents = {parent: self.flat(parent, trail) for parent in record.get("extendsFrom", [])}
        if len(parents) > quotas.PARENTS_PER_COMPONENT_TYPE:
            raise over_quota(f"Component type {type_id} extends more than {quotas.PARENTS_PER_COMPONENT_TYPE} component types")
        depth = 1 + max((parent.depth for parent in parents.values()), default=0)
        if depth > quotas.INHERITANCE_DEPTH:
            raise over_quota(f"The inheritance of component type {type_id} is deeper than {quotas.INHERITANCE_DEPTH}")
        properties = self._properties(type_id, record, parents)
        functions = {
            **_inherited_functions([parent.functions for parent in parents.values()]),
            **{name: _function(type_id, name, function) for name, function in record.get("functions", {}).items()},
        }
        groups = {
            **_inherited(parent.groups for parent in parents.values()),
            **{name: _group(type_id, name, group) for name, group in record.get("propertyGroups", {}).items()},
        }
        for what, name, named in [
            *(("property group", name, group["propertyNames"]) for name, group in groups.items()),
            *(("function", name, function.get("requiredProperties", [])) for name, function in functions.items()),
        ]:
            for unknown in sorted(set(named) - set(properties)):
                raise invalid(f"Property {unknown} of {what} {name} is not defined in component type {type_id}")
        composites = {
            **_inherited(parent.composites for parent in parents.values()),
            **{name: _composite(type_id, name, part) for name, part in record.get("compositeComponentTypes", {}).items()},
        }
        ancestors = frozenset(parents).union(*(parent.ancestors for parent in parents.values()))
        return Flat(properties, functions, groups, composites, ancestors, depth, record.get("isSingleton", False))

    def _properties(self, type_id: str, record: dict[str, t.Any], parents: dict[str, Flat]) -> dict[str, Definition]:
        properties: dict[str, Definition] = {}
        for parent, flat in parents.items():
            for name, definition in flat.properties.items():
                other = properties.get(name)
                if other is not None and other["dataType"]["type"] != definition["dataType"]["type"]:
                    raise invalid(f"Property {name} that component type {type_id} inherits from {parent} has another data type elsewhere")
                properties.setdefault(name, {**definition, "isInherited": True})
        for name, own in record.get("propertyDefinitions", {}).items():
            where = f"Property {name} of component type {type_id}"
            properties[name] = override(properties[name], own, where) if name in properties else complete(own, where)
            check_definition(properties[name], where)
        if len(properties) > quotas.PROPERTIES:
            raise over_quota(f"Component type {type_id} has more than {quotas.PROPERTIES} properties")
        return properties


def _inherited(maps: c.Iterable[dict[str, dict[str, t.Any]]]) -> dict[str, dict[str, t.Any]]:
    merged: dict[str, dict[str, t.Any]] = {}
    for one in maps:
        for name, item in one.items():
            merged.setdefault(name, {**item, "isInherited": True})
    return merged


def _inherited_functions(maps: list[dict[str, dict[str, t.Any]]]) -> dict[str, dict[str, t.Any]]:
    """As ``_inherited``; a function that is implemented goes before one of the same name that another parent only declares."""
    implemented = [{name: function for name, function in one.items() if is_implemented(function)} for one in maps]
    return _inherited([*implemented, *maps])


def _function(type_id: str, name: str, function: dict[str, t.Any]) -> dict[str, t.Any]:
    if name in _FUNCTIONS_NOT_RUN:
        raise not_implemented(f"function {name} of component type {type_id}")
    if name not in _FUNCTIONS:
        raise invalid(f"Function {name} of component type {type_id} is not one of {', '.join((*_FUNCTIONS, *_FUNCTIONS_NOT_RUN))}")
    answer = {**function, "isInherited": False}
    if "implementedBy" in function:
        answer["implementedBy"] = {"isNative": False, **function["implementedBy"]}
    return answer


def _group(type_id: str, name: str, group: dict[str, t.Any]) -> dict[str, t.Any]:
    if "groupType" not in group or not group.get("propertyNames"):
        raise invalid(f"Property group {name} of component type {type_id} needs groupType and propertyNames")
    return {**group, "isInherited": False}


def _composite(type_id: str, name: str, part: dict[str, t.Any]) -> dict[str, t.Any]:
    if "componentTypeId" not in part:
        raise invalid(f"Composite component type {name} of component type {type_id} needs a componentTypeId")
    return {**part, "isInherited": False}
