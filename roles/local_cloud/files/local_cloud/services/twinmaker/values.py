# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Data types and data values: the shapes DataType and DataValue of the service model, and what fits what."""

from __future__ import annotations

import typing as t

from local_cloud.services.twinmaker.errors import invalid

DataType = dict[str, t.Any]
DataValue = dict[str, t.Any]

_MEMBERS = {
    "STRING": "stringValue",
    "LONG": "longValue",
    "BOOLEAN": "booleanValue",
    "INTEGER": "integerValue",
    "DOUBLE": "doubleValue",
    "LIST": "listValue",
    "MAP": "mapValue",
    "RELATIONSHIP": "relationshipValue",
}
_RANGES = {"INTEGER": 2**31, "LONG": 2**63}


def check_data_type(data_type: DataType, where: str) -> None:
    """Refuses a type whose parts do not go together; ``where`` begins the error's sentence."""
    kind = data_type["type"]
    nested = data_type.get("nestedType")
    if kind in ("LIST", "MAP"):
        if nested is None:
            raise invalid(f"{where}: data type {kind} needs a nestedType")
        check_data_type(nested, where)
    elif nested is not None:
        raise invalid(f"{where}: data type {kind} takes no nestedType")
    if "relationship" in data_type and kind != "RELATIONSHIP":
        raise invalid(f"{where}: data type {kind} takes no relationship")
    for value in data_type.get("allowedValues", []):
        check_value(value, {**data_type, "allowedValues": []}, f"{where}: allowed value")


def check_value(value: DataValue, data_type: DataType, where: str) -> None:
    """Refuses a value that is not exactly one value of the type; an expression stands for a value of any type."""
    if len(value) != 1:
        raise invalid(f"{where}: exactly one member of DataValue must be set, found {sorted(value) or 'none'}")
    if "expression" in value:
        return
    kind = data_type["type"]
    member = _MEMBERS[kind]
    if member not in value:
        raise invalid(f"{where}: data type {kind} needs {member}, found {next(iter(value))}")
    content = value[member]
    if kind in _RANGES and not -_RANGES[kind] <= content < _RANGES[kind]:
        raise invalid(f"{where}: {content} is out of range for data type {kind}")
    if kind == "LIST":
        for item in content:
            check_value(item, data_type["nestedType"], where)
    elif kind == "MAP":
        for item in content.values():
            check_value(item, data_type["nestedType"], where)
    allowed = data_type.get("allowedValues")
    if allowed and value not in allowed:
        raise invalid(f"{where}: {content!r} is not one of the allowed values {[next(iter(one.values())) for one in allowed]}")


def scalar(value: DataValue) -> str:
    """A value as an external id: a string."""
    return str(next(iter(value.values())))
