# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The values that rule SQL works on, their conversions, and their JSON form.

An Int is an ``int``, a Decimal a ``decimal.Decimal``, Null is None, and ``UNDEFINED`` is the value of what is not there.
Source: "Data types" and "Conversions" in the AWS IoT SQL reference.
"""

from __future__ import annotations

import decimal
import enum
import json
import math
import re
import typing as t


class Undefined(enum.Enum):
    """The type of ``UNDEFINED``, so that type checkers know it."""

    UNDEFINED = "undefined"


UNDEFINED: t.Final = Undefined.UNDEFINED
Value = t.Any

# 34 digits, as the reference says; a context of our own, so that no thread's default one is touched.
DECIMALS: t.Final = decimal.Context(prec=34, rounding=decimal.ROUND_HALF_EVEN, Emax=999, Emin=-999)

_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE]-?\d+)?\Z")


def is_number(value: Value) -> bool:
    return isinstance(value, (int, decimal.Decimal)) and not isinstance(value, bool)


def whole_as_int(value: Value) -> Value:
    """What SQL 2016-03-23 makes of a number: a Decimal without a fraction is an Int there."""
    if isinstance(value, decimal.Decimal) and value.is_finite() and value == value.to_integral_value():
        return int(value)
    return value


def to_decimal(value: Value) -> Value:
    """A number, None for Null, else UNDEFINED. An Int stays an ``int``: it compares and calculates as a Decimal."""
    if is_number(value) or value is None:
        return value
    if isinstance(value, str) and _NUMBER.match(value):
        return _decimal(value)
    return UNDEFINED


def _decimal(text: str) -> Value:
    """UNDEFINED if the number is out of range."""
    try:
        return DECIMALS.create_decimal(text)
    except decimal.DecimalException:
        return UNDEFINED


def to_int(value: Value) -> Value:
    """Rounded down, as most functions document it for their Int arguments."""
    number = to_decimal(value)
    return math.floor(number) if is_number(number) else number


def to_boolean(value: Value) -> Value:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower(), UNDEFINED)
    return UNDEFINED


def to_string(value: Value) -> Value:
    """The String form; Null and Undefined have none."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return UNDEFINED
    if value is None or value is UNDEFINED:
        return UNDEFINED
    return dumps(value)


def from_float(number: float) -> Value:
    """The Decimal of a function that works in double precision; NaN and infinities are UNDEFINED."""
    return decimal.Decimal(repr(number)) if math.isfinite(number) else UNDEFINED


def equal(left: Value, right: Value) -> Value:
    """The = operator: UNDEFINED if an operand is, False where the types differ."""
    if left is UNDEFINED or right is UNDEFINED:
        return UNDEFINED
    return _same(left, right)


def _same(left: Value, right: Value) -> bool:
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(value, right[key]) for key, value in left.items())
    if is_number(left) and is_number(right):
        return bool(left == right)
    return type(left) is type(right) and bool(left == right)


def loads(text: str | bytes) -> Value:
    """The value of a JSON document. Raises ValueError if it is none."""

    def refuse(constant: str) -> t.NoReturn:
        raise ValueError(f"{constant} is not JSON")

    return json.loads(text, parse_float=_decimal, parse_constant=refuse)


def deep_whole_as_int(value: Value) -> Value:
    if isinstance(value, list):
        return [deep_whole_as_int(item) for item in value]
    if isinstance(value, dict):
        return {key: deep_whole_as_int(item) for key, item in value.items()}
    return whole_as_int(value)


def dumps(value: Value) -> str:
    """JSON text without spaces; members that are UNDEFINED are left out, a Decimal keeps its decimal point."""
    if isinstance(value, dict):
        members = (f"{json.dumps(key, ensure_ascii=False)}:{dumps(item)}" for key, item in value.items() if item is not UNDEFINED)
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(dumps(item) for item in value if item is not UNDEFINED) + "]"
    if isinstance(value, decimal.Decimal):
        return _decimal_text(value)
    if isinstance(value, bytes):
        return json.dumps(value.decode("utf-8", "replace"), ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False)


def _decimal_text(value: decimal.Decimal) -> str:
    if -20 < value.adjusted() < 34:
        text = format(value, "f")
        return text if "." in text else text + ".0"
    return str(value)


def payload_of(value: Value) -> bytes:
    """The outgoing payload of a rule: bytes as they are, UNDEFINED as nothing, all else as JSON."""
    if isinstance(value, bytes):
        return value
    return b"" if value is UNDEFINED else dumps(value).encode()


def text_of(value: Value) -> str:
    """What a value is in a substitution template: "" for Undefined, "null" for Null."""
    if value is UNDEFINED:
        return ""
    if value is None:
        return "null"
    text = to_string(value)
    return "" if text is UNDEFINED else text
