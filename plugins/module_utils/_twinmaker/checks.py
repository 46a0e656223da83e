# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What botocore does not check before it sends: patterns, lengths and keys, with messages that name the item. Pure.

Source: the patterns and limits of botocore's service model ``iottwinmaker`` 2021-11-29.
"""

from __future__ import annotations

import collections.abc as c
import difflib
import re
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, building, listed, shown
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.model import ROOT

Entry = dict[str, t.Any]

MAX_SHOWN = 20
COMPONENT_KEYS = ("componentTypeId", "description", "properties", "propertyGroups")
PROPERTY_KEYS = ("value", "definition")
GROUP_KEYS = ("groupType", "propertyNames")


class Form(t.NamedTuple):
    """How an id or a text has to look: the pattern, its greatest length, and the same in words."""

    pattern: re.Pattern[str]
    length: int
    words: str

    def fault(self, value: t.Any) -> str | None:
        """What is wrong with the value, or None."""
        if isinstance(value, str) and 1 <= len(value) <= self.length and self.pattern.fullmatch(value):
            return None
        return f"{shown(value)} cannot be used; use {self.words}, at most {self.length} characters"


WORKSPACE_ID = Form(
    re.compile(r"[a-zA-Z_0-9][a-zA-Z_\-0-9]*[a-zA-Z0-9]+"), 128, "two or more letters, digits, '_' and '-' that end in a letter or digit"
)
ENTITY_ID = Form(
    re.compile(r"[a-zA-Z0-9][a-zA-Z_\-0-9.:]*[a-zA-Z0-9]+"),
    128,
    "two or more letters, digits, '_', '-', '.' and ':' that start and end with a letter or digit",
)
ENTITY_NAME = Form(re.compile(r"[^\u0000-\u001F\u007F]+"), 256, "any characters but control characters")
COMPONENT_TYPE_ID = Form(re.compile(r"[a-zA-Z_.\-0-9:]+"), 256, "letters, digits, '_', '.', '-' and ':'")
NAME = Form(re.compile(r"[a-zA-Z_\-0-9]+"), 256, "letters, digits, '_' and '-'")
DESCRIPTION = Form(re.compile(r".*"), 2048, "one line of text")
ROLE = Form(re.compile(r"arn:(aws|aws-cn|aws-us-gov):iam::[0-9]{12}:role/.*"), 2048, "the ARN of an IAM role")
SYNC_SOURCE = Form(re.compile(r"[a-zA-Z_0-9]+"), 128, "the name of a source, such as SITEWISE")
CONTENT_LOCATION = Form(
    re.compile(r"[sS]3://[A-Za-z0-9._/-]+"), 256, "s3://BUCKET/KEY with letters, digits, '.', '_', '/' and '-' in bucket and key"
)
BUCKET = Form(
    re.compile(r"arn:(aws|aws-cn|aws-us-gov):s3:::[a-zA-Z0-9_-]+"), 1024, "the ARN of a bucket whose name has no dots, without a key"
)


def check(forms: c.Mapping[str, tuple[Form, t.Any]]) -> None:
    """Raises Refused with one line for each option whose value does not fit its form. None and an empty text were not given."""
    faults = [f"{name}: {fault}." for name, (form, value) in forms.items() if value not in (None, "") and (fault := form.fault(value))]
    if faults:
        raise Refused("\n".join(faults))


def check_least_one(numbers: c.Mapping[str, int]) -> None:
    """Raises Refused for options that have to be 1 at least."""
    if faults := [f"{name}: {number} is less than 1; use 1 or more." for name, number in numbers.items() if number < 1]:
        raise Refused("\n".join(faults))


def check_parent(entity_id: str) -> None:
    """The parent of a set: an entity id, or the root."""
    if entity_id != ROOT:
        check({"parent_entity_id": (ENTITY_ID, entity_id)})


@building
def check_entries(entries: c.Sequence[Entry]) -> None:
    """Checks the entries of a set of entities, each on its own and against the others. Raises Refused with all faults, one per line."""
    faults = [f"entities[{index}].{fault}." for index, entry in enumerate(entries) for fault in _entry_faults(entry)]
    faults += _set_faults(entries)
    if faults:
        more = [] if len(faults) <= MAX_SHOWN else [f"... and {len(faults) - MAX_SHOWN} more like these."]
        raise Refused("\n".join(faults[:MAX_SHOWN] + more))


def check_entry(entry: Entry) -> None:
    """As ``check_entries``, for an entity by itself. An entry without a name keeps the one that is there."""
    faults = list(_entry_faults(entry if entry.get("name") is not None else {**entry, "name": "unnamed"}))
    if faults:
        raise Refused("\n".join(f"{fault}." for fault in faults))


def _set_faults(entries: c.Sequence[Entry]) -> c.Iterator[str]:
    first: dict[str, int] = {}
    for index, entry in enumerate(entries):
        entity_id = entry["entity_id"]
        if entity_id in first:
            yield f"entities[{index}].entity_id: '{entity_id}' is used by entities[{first[entity_id]}] already; give each entity an id of its own."
        first.setdefault(entity_id, index)


def _entry_faults(entry: Entry) -> c.Iterator[str]:
    for key, form in (("entity_id", ENTITY_ID), ("name", ENTITY_NAME)):
        if fault := form.fault(entry[key]):
            yield f"{key}: {fault}"
    parent_id = entry.get("parent_entity_id")
    if parent_id not in (None, ROOT) and (fault := ENTITY_ID.fault(parent_id)):
        yield f"parent_entity_id: {fault}"
    if entry.get("description") and (fault := DESCRIPTION.fault(entry["description"])):
        yield f"description: {fault}"
    components = entry.get("components") or {}
    for name, component in components.items():
        yield from (f"components.{name}{fault}" for fault in _component_faults(name, component))


def _component_faults(name: str, component: t.Any) -> c.Iterator[str]:
    if fault := NAME.fault(name):
        yield f": {fault}"
    if not isinstance(component, dict):
        yield f": {shown(component)} is no mapping; give componentTypeId and properties"
        return
    yield from unknown_keys(component, COMPONENT_KEYS)
    if fault := COMPONENT_TYPE_ID.fault(component.get("componentTypeId")):
        yield f".componentTypeId: {fault}"
    if component.get("description") and (fault := DESCRIPTION.fault(component["description"])):
        yield f".description: {fault}"
    for key in ("properties", "propertyGroups"):
        content = component.get(key) or {}
        if not isinstance(content, dict):
            yield f".{key}: {shown(content)} is no mapping; give a mapping of names to values"
            continue
        for item, value in content.items():
            if fault := NAME.fault(item):
                yield f".{key}.{item}: {fault}"
            if key == "properties" and isinstance(value, dict):
                yield from (f".properties.{item}{fault}" for fault in unknown_keys(value, PROPERTY_KEYS))
                if value.get("definition") is not None:
                    yield from (f".properties.{item}.definition{fault}" for fault in definition_faults(value["definition"]))
            elif key == "properties" and value is None:
                yield f".properties.{item}: there is no value; leave the property out or give one"
            elif key == "propertyGroups" and not isinstance(value, dict):
                yield f".{key}.{item}: {shown(value)} is no mapping; give one with groupType and propertyNames"
            elif key == "propertyGroups":
                yield from (f".{key}.{item}{fault}" for fault in unknown_keys(value, GROUP_KEYS))
                yield from (f".{key}.{item}{fault}" for fault in group_faults(value))


def data_type_faults(data_type: t.Any) -> c.Iterator[str]:
    """The faults in the shape of a DataType of the API, each to be put behind its path."""
    if not isinstance(data_type, dict):
        yield f": {shown(data_type)} is no mapping; give one such as {{type: STRING}}"
        return
    if not isinstance(data_type.get("allowedValues") or [], list):
        yield f".allowedValues: {shown(data_type['allowedValues'])} is no list; give a list of values"
    elif any(not isinstance(value, dict) for value in data_type.get("allowedValues") or []):
        yield ".allowedValues: a value is no mapping; give each in the form of the API, such as {stringValue: on}"
    if data_type.get("nestedType") is not None:
        yield from (f".nestedType{fault}" for fault in data_type_faults(data_type["nestedType"]))


def definition_faults(definition: t.Any) -> c.Iterator[str]:
    """The faults in the shape of a property definition, each to be put behind its path."""
    if not isinstance(definition, dict):
        yield f": {shown(definition)} is no mapping; give one such as {{dataType: {{type: STRING}}}}"
    elif definition.get("dataType") is not None:
        yield from (f".dataType{fault}" for fault in data_type_faults(definition["dataType"]))


def function_faults(function: Entry) -> c.Iterator[str]:
    """The faults in the shape of a function of a component type, each to be put behind its path."""
    code = function.get("implementedBy")
    yield from _names_faults("requiredProperties", function.get("requiredProperties"))
    if code is not None and not isinstance(code, dict):
        yield f".implementedBy: {shown(code)} is no mapping; give one such as {{lambda: {{arn: ...}}}}"


def group_faults(group: Entry) -> c.Iterator[str]:
    """The faults in the shape of a property group, each to be put behind its path."""
    if group.get("groupType") is not None and not isinstance(group["groupType"], str):
        yield f".groupType: {shown(group['groupType'])} is no text; give a type such as TABULAR"
    yield from _names_faults("propertyNames", group.get("propertyNames"))


def _names_faults(key: str, names: t.Any) -> c.Iterator[str]:
    if names is not None and not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        yield f".{key}: {shown(names)} is no list of names; give a list such as [meterId]"


def unknown_keys(content: dict[str, t.Any], known: tuple[str, ...]) -> c.Iterator[str]:
    """The faults of keys that are not known, each to be put behind the path of the mapping."""
    for key in content:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, 1)
            yield f".{key}: there is no such key; " + (f"did you mean '{near[0]}'" if near else f"use {listed(known)}")
