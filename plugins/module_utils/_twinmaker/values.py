# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of properties: plain ones from and to the API's ``DataValue``, which names the type in its only key. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, listed, shown
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.model import DataValue, Definition

MEMBERS = {
    "BOOLEAN": "booleanValue",
    "DOUBLE": "doubleValue",
    "INTEGER": "integerValue",
    "LONG": "longValue",
    "STRING": "stringValue",
    "LIST": "listValue",
    "MAP": "mapValue",
    "RELATIONSHIP": "relationshipValue",
}
KINDS = {member: kind for kind, member in MEMBERS.items()}
KINDS_OF_PLAIN = {bool: "BOOLEAN", int: "INTEGER", float: "DOUBLE"}
ALL_MEMBERS = (*MEMBERS.values(), "expression")
TRUTH = {"true": True, "yes": True, "false": False, "no": False}


def scalar(value: t.Any, kind: str, where: str) -> t.Any:
    """A plain value as the type asks for it; templates often give a text for a number.

    kind: BOOLEAN, DOUBLE, INTEGER, LONG or STRING. where: names the item in the message.
    """
    try:
        if kind == "STRING" and not isinstance(value, (dict, list)) and value is not None:
            return str(value).lower() if isinstance(value, bool) else str(value)
        if kind == "BOOLEAN" and (isinstance(value, bool) or str(value).lower() in TRUTH):
            return value if isinstance(value, bool) else TRUTH[str(value).lower()]
        if kind == "DOUBLE" and not isinstance(value, bool):
            return float(value)
        if kind in ("INTEGER", "LONG") and not isinstance(value, bool) and int(value) == float(value):
            return int(value)
    except (TypeError, ValueError, OverflowError):
        pass
    raise Refused(f"{where}: {shown(value)} is not of type {kind}; give one that is.")


def data_value(value: t.Any, where: str) -> DataValue:
    """A value in the API's form, with its numbers and texts of the right kind."""
    member = next(iter(value), None) if isinstance(value, dict) and len(value) == 1 else None
    if member not in ALL_MEMBERS:
        raise Refused(f"{where}: {shown(value)} is not a value of the API; give one of the keys {listed(ALL_MEMBERS)}.")
    content = value[member]
    if member == "stringValue" and isinstance(content, str):
        return {member: content}
    kind = KINDS.get(member, "EXPRESSION")
    if kind == "LIST":
        if not isinstance(content, list):
            raise Refused(f"{where}.listValue: {shown(content)} is no list; give a list of values.")
        return {member: [data_value(item, f"{where}.listValue[{index}]") for index, item in enumerate(content)]}
    if kind == "MAP":
        if not isinstance(content, dict):
            raise Refused(f"{where}.mapValue: {shown(content)} is no mapping; give a mapping of names to values.")
        return {member: {key: data_value(item, f"{where}.mapValue.{key}") for key, item in content.items()}}
    if kind == "RELATIONSHIP" or kind == "EXPRESSION":
        return {member: content}
    return {member: scalar(content, kind, f"{where}.{member}")}


def typed(value: t.Any, data_type: dict[str, t.Any] | None, where: str) -> DataValue:
    """A plain value (text, number, boolean, list of those) by the definition of its property.

    data_type: the API's ``DataType``; None (the type is not known) takes the kind of the value itself.
    """
    if isinstance(value, list):
        nested = (data_type or {}).get("nestedType")
        if data_type and data_type.get("type") != "LIST":
            raise Refused(f"{where}: {shown(value)} is a list, but the property is of type {data_type.get('type')}; give one value.")
        return {"listValue": [typed(item, nested, f"{where}[{index}]") for index, item in enumerate(value)]}
    kind = str(data_type.get("type")) if data_type else KINDS_OF_PLAIN.get(type(value), "STRING")
    if kind in ("LIST", "MAP", "RELATIONSHIP"):
        raise Refused(f"{where}: {shown(value)} cannot be a {kind}; give the value in the API's form, with the key {MEMBERS[kind]}.")
    return {MEMBERS[kind]: scalar(value, kind, where)}


def plain(value: DataValue) -> t.Any:
    """The plain value in a ``DataValue``. Readers may send numbers as texts, so they are made numbers here."""
    for member, content in value.items():
        if content is None:
            continue
        if member == "listValue":
            return [plain(item) for item in content]
        if member == "mapValue":
            return {key: plain(item) for key, item in content.items()}
        if member == "doubleValue":
            return float(content)
        if member in ("integerValue", "longValue"):
            return int(content)
        return content
    return None


def data_type(definitions: dict[str, Definition] | None, name: str, where: str) -> dict[str, t.Any] | None:
    """The type of a property. definitions: those of the component type, or None if it is not known."""
    if definitions is None:
        return None
    if name not in definitions:
        raise Refused(f"{where}: the component type has no property '{name}'; it has {listed(sorted(definitions))}.")
    return t.cast("dict[str, t.Any] | None", definitions[name].get("dataType"))
