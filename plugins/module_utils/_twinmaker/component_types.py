# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Component types: what is there against what is wanted. Pure.

Answers hold the flattened set of all that a type inherits; requests hold the complete own definition, since an update
is taken to replace it as a whole. Source of the differences: botocore's service model and recorded answers of the service.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, changed_value, covers
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import checks
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.transformations import ANSWER_ONLY, error_of
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.values import data_value, typed

Answer = dict[str, t.Any]
Parts = dict[str, t.Any]

RESERVED = "com.amazon."
# Member of the API -> the module's option.
OPTIONS = {
    "componentTypeName": "component_type_name",
    "description": "description",
    "isSingleton": "is_singleton",
    "extendsFrom": "extends_from",
    "propertyDefinitions": "property_definitions",
    "functions": "functions",
    "propertyGroups": "property_groups",
    "compositeComponentTypes": "composite_component_types",
}
MAPS = ("propertyDefinitions", "functions", "propertyGroups", "compositeComponentTypes")
# AWS does not change these once a component of the type exists.
FIXED_IN_USE = ("propertyDefinitions", "functions")
DEFINITION_KEYS = (
    "dataType",
    "isRequiredInEntity",
    "isExternalId",
    "isStoredExternally",
    "isTimeSeries",
    "defaultValue",
    "configuration",
    "displayName",
)
FLAGS = ("isRequiredInEntity", "isExternalId", "isStoredExternally", "isTimeSeries")
ITEM_KEYS = {
    "propertyDefinitions": DEFINITION_KEYS,
    "functions": ("requiredProperties", "scope", "implementedBy"),
    "propertyGroups": checks.GROUP_KEYS,
    "compositeComponentTypes": ("componentTypeId",),
}


@dataclasses.dataclass(frozen=True)
class TypeChange:
    """From one complete own definition to another. request: members of Create- or UpdateComponentType; empty if nothing changes."""

    before: Parts
    after: Parts
    reasons: list[str]
    request: Parts
    changed: list[str]


def wanted_parts(parameters: c.Mapping[str, t.Any]) -> Parts:
    """The module's options as members of the API, those that were given only. Raises Refused with all faults, one per line."""
    checks.check(
        {
            "workspace_id": (checks.WORKSPACE_ID, parameters["workspace_id"]),
            "component_type_id": (checks.COMPONENT_TYPE_ID, parameters["component_type_id"]),
            "description": (checks.DESCRIPTION, parameters["description"]),
        }
    )
    wanted = {member: parameters[option] for member, option in OPTIONS.items() if parameters[option] is not None}
    faults = [fault for member in MAPS if member in wanted for fault in _map_faults(OPTIONS[member], wanted[member], ITEM_KEYS[member])]
    if faults:
        raise Refused("\n".join(f"{fault}." for fault in faults))
    if "propertyDefinitions" in wanted:
        definitions = wanted["propertyDefinitions"]
        wanted["propertyDefinitions"] = {name: _sent_definition(name, definition) for name, definition in definitions.items()}
    return wanted


def _map_faults(option: str, content: Answer, keys: tuple[str, ...]) -> c.Iterator[str]:
    for name, item in content.items():
        if fault := checks.NAME.fault(name):
            yield f"{option}.{name}: {fault}"
        if isinstance(item, dict):
            yield from (f"{option}.{name}{fault}" for fault in checks.unknown_keys(item, keys))
            if option == OPTIONS["propertyDefinitions"]:
                yield from (f"{option}.{name}{fault}" for fault in checks.definition_faults(item))
            elif option == OPTIONS["functions"]:
                yield from (f"{option}.{name}{fault}" for fault in checks.function_faults(item))
            elif option == OPTIONS["propertyGroups"]:
                yield from (f"{option}.{name}{fault}" for fault in checks.group_faults(item))
        else:
            yield f"{option}.{name}: it is no mapping; give a mapping in the form of the API"


def _sent_definition(name: str, definition: Answer) -> Answer:
    """A property definition as it is sent: a plain default value takes the kind of the data type."""
    if definition.get("defaultValue") is None:
        return {key: item for key, item in definition.items() if item is not None}
    where = f"property_definitions.{name}.defaultValue"
    default = definition["defaultValue"]
    value = data_value(default, where) if isinstance(default, dict) else typed(default, definition.get("dataType"), where)
    return {**{key: item for key, item in definition.items() if item is not None}, "defaultValue": value}


def may_hide_overrides(answer: Answer) -> bool:
    """Whether the answer alone does not tell what of a definition is the type's own or inherited: then the parents do."""
    return any(item.get("isInherited") for item in answer.get("propertyDefinitions", {}).values())


def own_parts(answer: Answer, parents: c.Sequence[Answer]) -> Parts:
    """The own definition in an answer of GetComponentType, as it would be sent: without what is inherited, imported or a default.

    parents: answers for the types that it extends; see ``may_hide_overrides``.
    """
    definitions = {}
    for name, item in (answer.get("propertyDefinitions") or {}).items():
        inherited = [seen[name] for parent in parents if name in (seen := parent.get("propertyDefinitions") or {})]
        if item.get("isImported"):
            continue
        if not item.get("isInherited"):
            definitions[name] = tidy_definition(item)
        elif inherited and not any(_tidy_override(item, seen) == {} for seen in inherited):
            definitions[name] = _tidy_override(item, inherited[0])
    own: Parts = {
        "componentTypeName": answer.get("componentTypeName") or "",
        "description": answer.get("description") or "",
        "isSingleton": bool(answer.get("isSingleton")),
        "extendsFrom": list(answer.get("extendsFrom") or []),
        "propertyDefinitions": definitions,
    }
    for member, tidy in (("functions", tidy_function), ("propertyGroups", _tidy_item), ("compositeComponentTypes", _tidy_item)):
        own[member] = {name: tidy(item) for name, item in (answer.get(member) or {}).items() if not item.get("isInherited")}
    return own


def tidy_definition(definition: Answer) -> Answer:
    """A property definition without what only answers have and without what says nothing: false, empty."""
    kept = {key: item for key, item in definition.items() if key not in ANSWER_ONLY and item not in (None, False, "", {})}
    if "defaultValue" in kept:
        kept["defaultValue"] = data_value(kept["defaultValue"], "defaultValue")
    if "dataType" in kept:
        kept["dataType"] = _tidy_data_type(kept["dataType"])
    return kept


def _tidy_override(definition: Answer, inherited: Answer) -> Answer:
    """What a definition changes of the one that it inherits. A flag that it takes back is there as false."""
    own, seen = tidy_definition(definition), tidy_definition(inherited)
    taken_back = {flag: False for flag in FLAGS if seen.get(flag) and not own.get(flag)}
    return {**{key: item for key, item in own.items() if item != seen.get(key)}, **taken_back}


def _tidy_data_type(data_type: Answer) -> Answer:
    kept = {key: item for key, item in data_type.items() if item not in (None, "", [], {})}
    if "allowedValues" in kept:
        # AWS does not say that their order means anything.
        kept["allowedValues"] = sorted((data_value(value, "allowedValues") for value in kept["allowedValues"]), key=repr)
    if "nestedType" in kept:
        kept["nestedType"] = _tidy_data_type(kept["nestedType"])
    return kept


def tidy_function(function: Answer) -> Answer:
    """A function as ``tidy_definition`` makes a property definition."""
    kept = {key: item for key, item in _tidy_item(function).items() if item not in (None, [], {})}
    if "requiredProperties" in kept:
        kept["requiredProperties"] = sorted(kept["requiredProperties"])
    if "implementedBy" in kept:
        kept["implementedBy"] = {key: item for key, item in kept["implementedBy"].items() if item not in (None, False, {})}
    return kept


def _tidy_item(item: Answer) -> Answer:
    return {key: content for key, content in item.items() if key not in ANSWER_ONLY}


def change_type(answer: Answer | None, parents: c.Sequence[Answer], wanted: Parts) -> TypeChange:
    """What turns the type that is there (None: there is none) into the wanted one. What is not given stays."""
    before = own_parts(answer or {}, parents)
    after = {**before, **wanted}
    there = (answer or {}).get("propertyDefinitions") or {}
    after["propertyDefinitions"] = {name: _tidy_wanted(item, there.get(name)) for name, item in after["propertyDefinitions"].items()}
    after["functions"] = {name: tidy_function(item) for name, item in after["functions"].items()}
    differences = {member: _differences(member, before[member], after[member], there) for member in wanted}
    changed = [member for member in wanted if differences[member]]
    reasons = [reason for member in changed for reason in differences[member]]
    if answer is None:
        reasons = ["is not there"]
    elif error := error_of(answer.get("status")):
        reasons.insert(0, f"is in state ERROR: {error}")
    if not reasons:
        return TypeChange(before, before, [], {}, [])
    # Empty texts and lists clear what is there; in a create they say nothing.
    sent = {member: item for member, item in after.items() if answer is not None or item not in (None, "", [], {})}
    return TypeChange({} if answer is None else before, after, reasons, sent, changed)


def _tidy_wanted(definition: Answer, there: Answer | None) -> Answer:
    """A wanted definition without what says nothing. A flag that is false does say something where it may be inherited."""
    flags = {} if there and not there.get("isInherited") else {flag: False for flag in FLAGS if definition.get(flag) is False}
    return {**tidy_definition(definition), **flags}


def _differences(member: str, before: t.Any, after: t.Any, there: Answer) -> list[str]:
    """The reasons for a change of one member. there: the property definitions that are there, inherited ones included."""
    option = OPTIONS[member]
    if member not in MAPS:
        return [changed_value(option, before, after)] if before != after else []
    differing = [name for name in sorted(after) if not _same_item(member, before.get(name), after[name], there.get(name) or {})]
    missing = [f"{option}: '{name}' is missing" for name in differing if name not in before]
    gone = [f"{option}: '{name}' is not listed" for name in sorted(before.keys() - after.keys())]
    return missing + gone + [f"{option}: '{name}' differs" for name in differing if name in before]


def _same_item(member: str, before: Answer | None, after: Answer, there: Answer) -> bool:
    if member == "propertyDefinitions" and there.get("isInherited"):
        # It is named only to override something, so that what is given counts.
        return covers({**dict.fromkeys(FLAGS, False), **tidy_definition(there)}, after)
    if member == "functions":
        # The service may add a scope of its own choice.
        return covers(before, after)
    return before == after
