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
ITEM_KEYS = {
    "propertyDefinitions": DEFINITION_KEYS,
    "functions": ("requiredProperties", "scope", "implementedBy"),
    "propertyGroups": ("groupType", "propertyNames"),
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
    for name, item in answer.get("propertyDefinitions", {}).items():
        definition = tidy_definition(item)
        inherited = [tidy_definition(seen[name]) for parent in parents if name in (seen := parent.get("propertyDefinitions") or {})]
        overrides = bool(inherited) and definition not in inherited
        if not item.get("isImported") and (not item.get("isInherited") or overrides):
            definitions[name] = definition
    own: Parts = {
        "componentTypeName": answer.get("componentTypeName") or "",
        "description": answer.get("description") or "",
        "isSingleton": bool(answer.get("isSingleton")),
        "extendsFrom": list(answer.get("extendsFrom") or []),
        "propertyDefinitions": definitions,
    }
    for member, tidy in (("functions", _tidy_function), ("propertyGroups", _tidy_item), ("compositeComponentTypes", _tidy_item)):
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


def _tidy_data_type(data_type: Answer) -> Answer:
    kept = {key: item for key, item in data_type.items() if item not in (None, "", [], {})}
    if "allowedValues" in kept:
        # AWS does not say that their order means anything.
        kept["allowedValues"] = sorted((data_value(value, "allowedValues") for value in kept["allowedValues"]), key=repr)
    if "nestedType" in kept:
        kept["nestedType"] = _tidy_data_type(kept["nestedType"])
    return kept


def _tidy_function(function: Answer) -> Answer:
    kept = {key: item for key, item in _tidy_item(function).items() if item not in (None, [], {})}
    if "requiredProperties" in kept:
        kept["requiredProperties"] = sorted(kept["requiredProperties"])
    if "implementedBy" in kept:
        kept["implementedBy"] = {key: item for key, item in kept["implementedBy"].items() if item not in (None, False, {})}
    return kept


def _tidy_item(item: Answer) -> Answer:
    return {key: content for key, content in item.items() if key not in ANSWER_ONLY}


def shown_type(answer: Answer, parents: c.Sequence[Answer], tags: c.Mapping[str, str]) -> Answer:
    """A component type in the shape of the module's options, with all that it defines itself. parents: as ``own_parts`` takes them."""
    parts = own_parts(answer, parents)
    options = {OPTIONS[member]: parts[member] for member in parts}
    return {"component_type_id": answer["componentTypeId"], **options, "tags": dict(tags)}


TIDIES: dict[str, c.Callable[[Answer], Answer]] = {"propertyDefinitions": tidy_definition, "functions": _tidy_function}


def change_type(answer: Answer | None, parents: c.Sequence[Answer], wanted: Parts) -> TypeChange:
    """What turns the type that is there (None: there is none) into the wanted one. What is not given stays."""
    before = own_parts(answer or {}, parents)
    after = {**before, **wanted}
    for member, tidy in TIDIES.items():
        after[member] = {name: tidy(item) for name, item in after[member].items()}
    everything = (answer or {}).get("propertyDefinitions", {})
    changed = [member for member in wanted if not _same(member, before[member], after[member], everything)]
    reasons = [reason for member in changed for reason in _reasons(member, before[member], after[member])]
    if answer is None:
        reasons = ["is not there"]
    elif error := error_of(answer.get("status")):
        reasons.insert(0, f"is in state ERROR: {error}")
    if not reasons:
        return TypeChange(before, before, [], {}, [])
    # Empty texts and lists clear what is there; in a create they say nothing.
    sent = {member: item for member, item in after.items() if answer is not None or item not in (None, "", [], {})}
    return TypeChange({} if answer is None else before, after, reasons, sent, changed)


def _same(member: str, before: t.Any, after: t.Any, everything: Answer) -> bool:
    if member == "propertyDefinitions":
        return (
            all(_same_definition(before.get(name), item, everything.get(name, {})) for name, item in after.items())
            and before.keys() <= after.keys()
        )
    if member == "functions":
        # The service may add a scope of its own choice.
        return bool(before.keys() == after.keys()) and covers(before, after)
    return bool(before == after)


def _same_definition(before: Answer | None, after: Answer, seen: Answer) -> bool:
    """An inherited property that is named only to override something is compared by what is given."""
    if seen.get("isInherited"):
        return covers(tidy_definition(seen), after)
    return before == after


def _reasons(member: str, before: t.Any, after: t.Any) -> list[str]:
    option = OPTIONS[member]
    if member not in MAPS:
        return [changed_value(option, before, after)]
    added = [f"{option}: '{name}' is missing" for name in sorted(after.keys() - before.keys())]
    gone = [f"{option}: '{name}' is not listed" for name in sorted(before.keys() - after.keys())]
    return added + gone + [f"{option}: '{name}' differs" for name in sorted(after.keys() & before.keys()) if before[name] != after[name]]
