# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The functions of rule SQL.

Source: "Functions" in the AWS IoT SQL reference. Functions that ask other services (aws_lambda, get_dynamodb, get_secret,
get_thing_shadow, machinelearning_predict) are not here, and neither is md2. A call with too few or too many arguments is Undefined,
as documented.
"""

from __future__ import annotations

import base64
import binascii
import collections.abc as c
import dataclasses
import decimal
import hashlib
import math
import random
import re
import typing as t
import uuid

from local_cloud.broker.rules import times, values
from local_cloud.broker.rules.context import Context
from local_cloud.broker.rules.values import UNDEFINED, Value, is_number, to_decimal, to_int, to_string

Implementation = c.Callable[..., Value]


@dataclasses.dataclass(frozen=True)
class Function:
    """run: takes the context and the evaluated arguments. most: None is any number. version_2: needs SQL 2016-03-23."""

    run: Implementation
    least: int
    most: int | None
    version_2: bool = False

    def __call__(self, context: Context, *arguments: Value) -> Value:
        if len(arguments) < self.least or (self.most is not None and len(arguments) > self.most):
            return UNDEFINED
        try:
            return self.run(context, *arguments)
        except (decimal.DecimalException, OverflowError):
            return UNDEFINED


def _round(number: Value) -> int:
    """To the nearest Int, halves away from zero: round(-1.5) is -2 in the reference."""
    return int(decimal.Decimal(number).to_integral_value(rounding=decimal.ROUND_HALF_UP))


def remainder(left: Value, right: Value) -> Value:
    """Of a division that is truncated, so it has the sign of the left operand."""
    if right == 0:
        return UNDEFINED
    if isinstance(left, int) and isinstance(right, int):
        return int(math.copysign(abs(left) % abs(right), left)) if abs(left) < 2**53 else left - right * _quotient(left, right)
    return values.DECIMALS.remainder(decimal.Decimal(left), decimal.Decimal(right))


def _quotient(left: int, right: int) -> int:
    return abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)


def divide(left: Value, right: Value) -> Value:
    """Int by Int is an Int (truncated), all else a Decimal; by zero it is Undefined."""
    if right == 0:
        return UNDEFINED
    if isinstance(left, int) and isinstance(right, int):
        return _quotient(left, right)
    return values.DECIMALS.divide(decimal.Decimal(left), decimal.Decimal(right))


def _numeric(operation: c.Callable[..., Value]) -> Implementation:
    """On arguments that convert to numbers; Undefined if one does not."""

    def run(_context: Context, *arguments: Value) -> Value:
        numbers = [to_decimal(argument) for argument in arguments]
        return operation(*numbers) if all(map(is_number, numbers)) else UNDEFINED

    return run


def _double(operation: c.Callable[..., float]) -> Implementation:
    """In double precision; Undefined where the result is no real number."""

    def compute(*numbers: Value) -> Value:
        try:
            return values.from_float(operation(*map(float, numbers)))
        except (ValueError, OverflowError, ZeroDivisionError):
            return UNDEFINED

    return _numeric(compute)


def _integral(operation: c.Callable[..., int]) -> Implementation:
    return _numeric(lambda *numbers: operation(*map(math.floor, numbers)))


def _textual(operation: c.Callable[..., Value]) -> Implementation:
    """On the string forms of all arguments; Undefined if one has none."""

    def run(_context: Context, *arguments: Value) -> Value:
        texts = [to_string(argument) for argument in arguments]
        return UNDEFINED if UNDEFINED in texts else operation(*texts)

    return run


def _regular(operation: c.Callable[..., Value]) -> Implementation:
    def guarded(*texts: str) -> Value:
        try:
            return operation(*texts)
        except (re.error, IndexError):
            return UNDEFINED

    return _textual(guarded)


def _absolute(number: Value) -> Value:
    return abs(number)


def _sign(number: Value) -> int:
    return (number > 0) - (number < 0)


def _character(code: int) -> Value:
    return chr(code) if 0 <= code < 128 else UNDEFINED


def _decimals(number: Value, places: Value = 0) -> Value:
    """trunc(): as many decimal places, 0 to 34, and no rounding."""
    kept = min(max(math.floor(places), 0), 34)
    if isinstance(number, int):
        return number
    return number.quantize(decimal.Decimal(1).scaleb(-kept), rounding=decimal.ROUND_DOWN, context=values.DECIMALS)


def _pad(left: bool) -> Implementation:
    def run(_context: Context, value: Value, width: Value) -> Value:
        text, count = to_string(value), to_int(width)
        if text is UNDEFINED or not is_number(count):
            return UNDEFINED
        spaces = " " * min(max(count, 0), 1000)
        return spaces + text if left else text + spaces

    return run


def _substring(_context: Context, value: Value, first: Value, last: Value = None) -> Value:
    text, start = to_string(value), to_int(first)
    stop = len(text) if last is None and text is not UNDEFINED else to_int(last)
    if text is UNDEFINED or not is_number(start) or not is_number(stop):
        return UNDEFINED
    begin, end = (min(max(index, 0), len(text)) for index in (start, stop))
    return text[begin:end] if begin < end else ""


def _concat(_context: Context, *parts: Value) -> Value:
    if not parts:
        return UNDEFINED
    if len(parts) == 1:
        return parts[0]
    if any(isinstance(part, list) for part in parts):
        return [item for part in parts for item in (part if isinstance(part, list) else [part])]
    texts = [to_string(part) for part in parts]
    return UNDEFINED if UNDEFINED in texts or not any(isinstance(part, str) for part in parts) else "".join(texts)


def _get(_context: Context, collection: Value, key: Value) -> Value:
    if isinstance(collection, dict):
        return collection.get(key, UNDEFINED) if isinstance(key, str) else UNDEFINED
    index = to_int(key)
    if not isinstance(collection, (list, str)) or not is_number(index):
        return UNDEFINED
    return collection[index] if 0 <= index < len(collection) else UNDEFINED


def _nanvl(_context: Context, value: Value, otherwise: Value) -> Value:
    return otherwise if value is UNDEFINED or value is None else value


def _topic(context: Context, *segment: Value) -> Value:
    if not segment:
        return context.topic
    number, levels = to_int(segment[0]), context.topic.split("/")
    return levels[number - 1] if is_number(number) and 1 <= number <= len(levels) else UNDEFINED


def _encode(_context: Context, value: Value, scheme: Value) -> Value:
    text = value if isinstance(value, bytes) else to_string(value)
    if text is UNDEFINED or scheme != "base64":
        return UNDEFINED
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


def _decode(_context: Context, value: Value, scheme: Value) -> Value:
    if not isinstance(value, str) or scheme != "base64":
        return None
    try:
        text = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    try:
        return values.loads(text)
    except ValueError:
        return text


def _transform(_context: Context, mode: Value, extra: Value, items: Value) -> Value:
    if mode != "enrichArray" or not isinstance(extra, dict) or not isinstance(items, list):
        return UNDEFINED
    return [{**item, **extra} for item in items] if all(isinstance(item, dict) for item in items) else UNDEFINED


def _parse_time(_context: Context, pattern: Value, moment: Value, zone: Value = "UTC") -> Value:
    milliseconds = to_int(moment)
    if not isinstance(pattern, str) or not isinstance(zone, str) or not is_number(milliseconds):
        return UNDEFINED
    return times.format_time(pattern, milliseconds, zone)


def _time_to_epoch(_context: Context, text: Value, pattern: Value) -> Value:
    return times.parse_time(text, pattern) if isinstance(text, str) and isinstance(pattern, str) else UNDEFINED


def _replacement(text: str) -> str:
    """A Java replacement string ($1) as Python writes it (\\g<1>)."""
    return re.sub(r"\$(\d)", r"\\g<\1>", text.replace("\\", r"\\"))


def _found(text: str, pattern: str) -> Value:
    match = re.search(pattern, text)
    return match.group() if match else UNDEFINED


def _hash(name: str) -> Function:
    return Function(_textual(lambda text: hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()), 1, 1)


FUNCTIONS: t.Final[dict[str, Function]] = {
    "abs": Function(_numeric(_absolute), 1, 1),
    "accountid": Function(lambda context: context.account, 0, 0),
    "acos": Function(_double(math.acos), 1, 1),
    "asin": Function(_double(math.asin), 1, 1),
    "atan": Function(_double(math.atan), 1, 1),
    "atan2": Function(_double(math.atan2), 2, 2),
    "bitand": Function(_integral(lambda left, right: left & right), 2, 2),
    "bitor": Function(_integral(lambda left, right: left | right), 2, 2),
    "bitxor": Function(_integral(lambda left, right: left ^ right), 2, 2),
    "bitnot": Function(_integral(lambda number: ~number), 1, 1),
    "ceil": Function(_numeric(math.ceil), 1, 1),
    "chr": Function(_integral(_character), 1, 1),
    "clientid": Function(lambda context: "n/a" if context.message.client_id is None else context.message.client_id, 0, 0),
    "concat": Function(_concat, 0, None),
    "cos": Function(_double(math.cos), 1, 1),
    "cosh": Function(_double(math.cosh), 1, 1),
    "decode": Function(_decode, 2, 2, version_2=True),
    "encode": Function(_encode, 2, 2, version_2=True),
    "endswith": Function(_textual(str.endswith), 2, 2),
    "exp": Function(_double(math.exp), 1, 1),
    "floor": Function(_numeric(math.floor), 1, 1),
    "get": Function(_get, 2, 2),
    "indexof": Function(_textual(str.find), 2, 2, version_2=True),
    "isnull": Function(lambda _context, value: value is None, 1, 1),
    "isundefined": Function(lambda _context, value: value is UNDEFINED, 1, 1, version_2=True),
    "length": Function(_textual(len), 1, 1, version_2=True),
    "ln": Function(_double(math.log), 1, 1),
    "log": Function(_double(math.log10), 1, 1),
    "lower": Function(_textual(str.lower), 1, 1),
    "lpad": Function(_pad(left=True), 2, 2),
    "ltrim": Function(_textual(lambda text: text.lstrip(" \t")), 1, 1),
    "md5": _hash("md5"),
    "mod": Function(_numeric(remainder), 2, 2),
    "nanvl": Function(_nanvl, 2, 2),
    "newuuid": Function(lambda _context: str(uuid.uuid4()), 0, 0),
    "numbytes": Function(_textual(lambda text: len(text.encode())), 1, 1, version_2=True),
    "parse_time": Function(_parse_time, 2, 3, version_2=True),
    "power": Function(_double(math.pow), 2, 2),
    "principal": Function(lambda context: context.message.principal, 0, 0),
    "rand": Function(lambda _context: values.from_float(random.random()), 0, 0),
    "regexp_matches": Function(_regular(lambda text, pattern: re.search(pattern, text) is not None), 2, 2),
    "regexp_replace": Function(_regular(lambda text, pattern, new: re.sub(pattern, _replacement(new), text)), 3, 3),
    "regexp_substr": Function(_regular(_found), 2, 2),
    "remainder": Function(_numeric(remainder), 2, 2),
    "replace": Function(_textual(str.replace), 3, 3),
    "round": Function(_numeric(_round), 1, 1),
    "rpad": Function(_pad(left=False), 2, 2),
    "rtrim": Function(_textual(lambda text: text.rstrip(" \t")), 1, 1),
    "sha1": _hash("sha1"),
    "sha224": _hash("sha224"),
    "sha256": _hash("sha256"),
    "sha384": _hash("sha384"),
    "sha512": _hash("sha512"),
    "sign": Function(_numeric(_sign), 1, 1),
    "sin": Function(_double(math.sin), 1, 1),
    "sinh": Function(_double(math.sinh), 1, 1),
    "sql_version": Function(lambda context: "2016-03-23" if context.version_2 else "2015-10-08", 0, 0),
    "sqrt": Function(_double(math.sqrt), 1, 1),
    "startswith": Function(_textual(str.startswith), 2, 2),
    "substring": Function(_substring, 2, 3),
    "tan": Function(_double(math.tan), 1, 1),
    "tanh": Function(_double(math.tanh), 1, 1),
    "time_to_epoch": Function(_time_to_epoch, 2, 2, version_2=True),
    "timestamp": Function(lambda context: context.message.received, 0, 0),
    "topic": Function(_topic, 0, 1),
    "traceid": Function(lambda context: UNDEFINED if context.message.client_id is None else context.message.trace_id, 0, 0),
    "transform": Function(_transform, 3, 3, version_2=True),
    "trunc": Function(_numeric(_decimals), 1, 2),
    "upper": Function(_textual(str.upper), 1, 1),
}
