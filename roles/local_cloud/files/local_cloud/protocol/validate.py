# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Strict validation of parameters against botocore's shapes, in AWS's words.

botocore's client checks required members, types and minimums only; AWS's services also check maximums, patterns and enums.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import re
import typing as t

import regex
from botocore.model import ListShape, MapShape, OperationModel, Shape, StringShape, StructureShape

from local_cloud.errors import ApiError

_SHOWN = 512  # characters of a refused value that a message repeats
_LARGEST = 2**63 - 1  # what a service can store; smaller ranges are in the models' bounds
_LAST_MOMENT = 253_402_300_800.0  # the year 10000 in epoch seconds
_CODES = ("ValidationException", "InvalidRequestException", "InvalidParameterException", "ValidationError")


@dataclasses.dataclass(frozen=True)
class Problem:
    """path: in AWS's form, e.g. ``tags.1.member.key``; value: the member's value, None if it is missing."""

    path: str
    value: t.Any
    constraint: str
    sensitive: bool = False
    is_type: bool = False

    def __str__(self) -> str:
        shown = "Value" if self.sensitive else "Value null" if self.value is None else f"Value '{_shown(self.value)}'"
        return f"{shown} at '{self.path}' failed to satisfy constraint: {self.constraint}"


def check(operation: OperationModel, parameters: dict[str, t.Any]) -> None:
    """Raises ``ApiError``: SerializationException for a wrong type, else the service's own validation error."""
    if operation.input_shape is None:
        return
    found = problems(parameters, operation.input_shape)
    if not found:
        return
    wrong_type = next((problem for problem in found if problem.is_type), None)
    if wrong_type is not None:
        raise ApiError("SerializationException", f"{wrong_type.path}: {wrong_type.constraint}", status=400)
    raise ApiError(validation_code(operation), message(found), status=400)


def message(found: t.Sequence[Problem]) -> str:
    """One sentence for all problems, as AWS writes it."""
    return f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: " + "; ".join(map(str, found))


def validation_code(operation: OperationModel) -> str:
    """The name under which the operation's service reports a broken constraint."""
    declared = {shape.name for shape in operation.error_shapes}
    by_protocol = "ValidationError" if operation.service_model.metadata["protocol"] == "query" else "ValidationException"
    return next((code for code in _CODES if code in declared), by_protocol)


def problems(value: t.Any, shape: Shape, path: str = "") -> list[Problem]:
    """All that is wrong with ``value``, in the order of the value's own members, missing ones first."""
    found: list[Problem] = []
    _check(value, shape, path, found)
    return found


def _check(value: t.Any, shape: Shape, path: str, found: list[Problem]) -> None:
    if isinstance(shape, StructureShape):
        _check_structure(value, shape, path, found)
    elif isinstance(shape, ListShape):
        if not isinstance(value, list):
            _wrong_type(value, "a list", shape, path, found)
            return
        _check_size(len(value), value, shape, path, found)
        for number, item in enumerate(value, 1):
            _check(item, shape.member, f"{path}.{number}.member", found)
    elif isinstance(shape, MapShape):
        if not isinstance(value, dict):
            _wrong_type(value, "a map", shape, path, found)
            return
        _check_size(len(value), value, shape, path, found)
        for key, item in value.items():
            _check(key, shape.key, f"{path}.{key}.key", found)
            _check(item, shape.value, f"{path}.{key}.member", found)
    elif isinstance(shape, StringShape):
        _check_string(value, shape, path, found)
    else:
        _check_plain(value, shape, path, found)


def _check_structure(value: t.Any, shape: StructureShape, path: str, found: list[Problem]) -> None:
    if shape.is_document_type:
        return
    if not isinstance(value, dict):
        _wrong_type(value, "a structure", shape, path, found)
        return
    for name in shape.required_members:
        if value.get(name) is None:
            found.append(Problem(_below(path, name), None, "Member must not be null"))
    for name, item in value.items():
        member = shape.members.get(name)
        if member is None:
            found.append(Problem(_below(path, name), item, "Member must not be present: the operation does not know it"))
        elif item is not None:
            _check(item, member, _below(path, name), found)
    if shape.is_tagged_union and len(value) != 1:
        found.append(Problem(path, value, f"Member must have exactly one of: [{', '.join(shape.members)}]"))


def _check_string(value: t.Any, shape: StringShape, path: str, found: list[Problem]) -> None:
    if not isinstance(value, str):
        _wrong_type(value, "a string", shape, path, found)
        return
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        _wrong_type(value, "a string of whole characters", shape, path, found)
        return
    _check_size(len(value), value, shape, path, found)
    pattern = shape.metadata.get("pattern")
    if pattern is not None and not _compiled(pattern).fullmatch(value):
        _broken(value, f"Member must satisfy regular expression pattern: {pattern}", shape, path, found)
    if shape.enum and value not in shape.enum:
        _broken(value, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]", shape, path, found)


def _check_plain(value: t.Any, shape: Shape, path: str, found: list[Problem]) -> None:
    kind = shape.type_name
    if kind == "boolean":
        if not isinstance(value, bool):
            _wrong_type(value, "a boolean", shape, path, found)
    elif kind == "blob":
        if not isinstance(value, bytes):
            _wrong_type(value, "base64", shape, path, found)
        else:
            _check_size(len(value), value, shape, path, found)
    elif kind == "timestamp":
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < _LAST_MOMENT:
            _wrong_type(value, "a timestamp", shape, path, found)
    elif isinstance(value, bool) or not isinstance(value, int if kind in ("integer", "long") else (int, float)):
        _wrong_type(value, f"a number of type {kind}", shape, path, found)
    elif isinstance(value, float) and not math.isfinite(value):
        _wrong_type(value, "a finite number", shape, path, found)
    elif isinstance(value, int) and not -_LARGEST - 1 <= value <= _LARGEST:
        _wrong_type(value, "a number of 64 bits", shape, path, found)
    else:
        _check_bounds(value, shape, path, found)


def _check_bounds(value: float, shape: Shape, path: str, found: list[Problem]) -> None:
    if "min" in shape.metadata and value < shape.metadata["min"]:
        _broken(value, f"Member must have value greater than or equal to {shape.metadata['min']}", shape, path, found)
    if "max" in shape.metadata and value > shape.metadata["max"]:
        _broken(value, f"Member must have value less than or equal to {shape.metadata['max']}", shape, path, found)


def _check_size(size: int, value: t.Any, shape: Shape, path: str, found: list[Problem]) -> None:
    if size < shape.metadata.get("min", 0):
        _broken(value, f"Member must have length greater than or equal to {shape.metadata['min']}", shape, path, found)
    if "max" in shape.metadata and size > shape.metadata["max"]:
        _broken(value, f"Member must have length less than or equal to {shape.metadata['max']}", shape, path, found)


def _broken(value: t.Any, constraint: str, shape: Shape, path: str, found: list[Problem]) -> None:
    found.append(Problem(path, value, constraint, sensitive=bool(shape.metadata.get("sensitive"))))


def _wrong_type(value: t.Any, expected: str, shape: Shape, path: str, found: list[Problem]) -> None:
    found.append(Problem(path, value, f"Expected {expected}, got {_json_name(value)}", is_type=True))


def _json_name(value: t.Any) -> str:
    if value is None:
        return "null"
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "a list", dict: "a structure", bytes: "a blob"}
    return names.get(type(value), type(value).__name__)


def _below(path: str, name: str) -> str:
    """Members stand in messages as in Java: with a small first letter."""
    member = name[:1].lower() + name[1:]
    return f"{path}.{member}" if path else member


def _shown(value: t.Any) -> str:
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    text = f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


@functools.lru_cache(maxsize=2048)
def _compiled(pattern: str) -> t.Any:
    """A few of the models' patterns use Java's classes (``\\p{L}``), which only ``regex`` knows."""
    try:
        return re.compile(pattern)
    except re.error:
        return regex.compile(pattern)
