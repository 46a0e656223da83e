# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Expressions of Timestream's SQL as expressions of DuckDB's. Pure.

What DuckDB would read more leniently than Timestream is made as strict, so that a query that works here works there.
"""

from __future__ import annotations

import collections.abc as c
import typing as t

from sqlglot import exp

from local_cloud.services.timestream.syntax import NotSupported, QueryError, duration, iso_time, place, place_of

COMPARISONS: t.Final = {exp.EQ: "=", exp.NEQ: "<>", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<="}
_NUMBERS: t.Final = {"measure_value::double": "double", "measure_value::bigint": "bigint"}
_INTERVAL_UNITS: t.Final = {
    "MICROSECOND": 10**3,
    "MILLISECOND": 10**6,
    "SECOND": 10**9,
    "MINUTE": 60 * 10**9,
    "HOUR": 3600 * 10**9,
    "DAY": 86400 * 10**9,
}


def rewrite(node: exp.Expr, texts: set[str], now: int) -> exp.Expr:
    """The node, or what to put in its place; its arguments have been rewritten before.

    texts: names of the VARCHAR columns, in lower case. now: ns since the epoch. Raises QueryError or NotSupported.
    """
    if isinstance(node, exp.Cast):
        name = measure_value(node)
        return node if name is None else exp.column(exp.to_identifier(name, quoted=True), table=node.this.args.get("table"))
    if isinstance(node, (exp.Between, exp.In, *COMPARISONS)):
        return _strict(node, texts)
    if isinstance(node, exp.Literal) and not node.is_string and not node.is_int:
        return exp.cast(exp.Literal.string(node.name), "DOUBLE")  # Timestream has no decimals
    if isinstance(node, exp.Anonymous):
        return _named(node, now)
    return _known(node, now)


def measure_value(node: exp.Cast) -> str | None:
    """``measure_value::double`` parses as a cast, but is the name of a column."""
    column = node.this
    if not isinstance(column, exp.Column) or column.name.lower() != "measure_value":
        return None
    return f"measure_value::{ {'text': 'varchar'}.get(node.to.this.name.lower(), node.to.this.name.lower()) }"


def operator(node: exp.Expr) -> str:
    """The sign of a comparison, or BETWEEN or IN."""
    return next((sign for comparison, sign in COMPARISONS.items() if isinstance(node, comparison)), node.key.upper())


def _strict(node: exp.Expr, texts: set[str]) -> exp.Expr:
    """DuckDB would read a literal as whatever type it is compared with; Trino's relatives refuse that."""
    parts = [part for part in node.iter_expressions() if not isinstance(part, exp.Query)]
    columns = {part.name.lower() for part in parts if isinstance(part, exp.Column)}
    numbers = [_NUMBERS[column] for column in columns & _NUMBERS.keys()]
    for literal in parts:
        kind = _literal_kind(literal)
        if kind is None:
            continue
        if kind == "varchar" and numbers:
            raise QueryError(f"{place_of(node)}: '{operator(node)}' cannot be applied to {numbers[0]}, varchar")
        if kind != "varchar" and columns & texts:
            raise QueryError(f"{place_of(node)}: '{operator(node)}' cannot be applied to varchar, {kind}")
        if kind != "double":
            wanted = "VARCHAR" if kind == "varchar" else "INTEGER" if int(literal.name) < 2**31 else "BIGINT"
            literal.replace(exp.cast(literal.copy(), wanted))
    return node


def _literal_kind(node: exp.Expr) -> str | None:
    """varchar, integer or double if it is a literal; those of doubles have become casts already."""
    if isinstance(node, exp.Cast) and isinstance(node.this, exp.Literal) and node.to.is_type("double"):
        return "double"
    if not isinstance(node, exp.Literal):
        return None
    return "varchar" if node.is_string else "integer"


def _known(node: exp.Expr, now: int) -> exp.Expr:
    """Functions for which sqlglot has a node of their own."""
    if isinstance(node, exp.CurrentTimestamp):
        return _instant(now)
    if isinstance(node, exp.CurrentDate):
        return exp.cast(_instant(now), "DATE", dialect="duckdb")
    if isinstance(node, exp.CurrentTimezone):
        return exp.Literal.string("UTC")
    if isinstance(node, exp.CurrentTime):
        raise NotSupported("current_time")
    if isinstance(node, exp.FromISO8601Timestamp):
        if isinstance(node.this, exp.Literal):
            return _instant(iso_time(node.this.name))
        return exp.cast(node.this, "TIMESTAMP_NS", dialect="duckdb")
    if isinstance(node, (exp.TimestampTrunc, exp.DateTrunc)):
        node.set("this", _microseconds(node.this))
    if isinstance(node, exp.ApproxQuantile):
        quantile = node.args["quantile"]
        node.set("quantile", exp.cast(quantile.copy(), "FLOAT[]" if isinstance(quantile, exp.Array) else "FLOAT", dialect="duckdb"))
    if isinstance(node, (exp.Ceil, exp.Floor)):
        node.set("this", exp.cast(node.this, "DOUBLE"))
    return node


def _named(node: exp.Anonymous, now: int) -> exp.Expr:
    """Functions that sqlglot knows by name only."""
    build = _FUNCTIONS.get(node.name.lower())
    if build is None:
        return node
    try:
        return build(now, *node.expressions)
    except TypeError:
        raise QueryError(f"{place(node)}: Unexpected parameters for function {node.name.lower()}") from None


def _instant(nanoseconds: int) -> exp.Expr:
    return exp.func("make_timestamp_ns", exp.Literal.number(nanoseconds))


def _interval(nanoseconds: int) -> exp.Expr:
    return exp.Interval(this=exp.Literal.string(str(nanoseconds // 1000)), unit=exp.var("MICROSECOND"))


def _nanoseconds(time: exp.Expr) -> exp.Expr:
    return exp.func("epoch_ns", exp.cast(time, "TIMESTAMP_NS", dialect="duckdb"))


def _microseconds(time: exp.Expr) -> exp.Expr:
    """As the timestamps that most of DuckDB's functions take. A cast would round it up, even into the next hour."""
    return exp.func("make_timestamp", exp.IntDiv(this=_nanoseconds(time), expression=exp.Literal.number(1000)))


def _bin(now: int, time: exp.Expr, span: exp.Expr) -> exp.Expr:
    nanoseconds = _span(span)
    if nanoseconds is None:
        raise NotSupported("The function bin with anything but a duration")
    count = exp.paren(exp.IntDiv(this=_nanoseconds(time), expression=exp.Literal.number(nanoseconds)))
    return exp.func("make_timestamp_ns", exp.Mul(this=count, expression=exp.Literal.number(nanoseconds)))


def _span(node: exp.Expr) -> int | None:
    """ns of an interval of a fixed length."""
    if not (isinstance(node, exp.Interval) and isinstance(node.this, exp.Literal) and node.this.name.isdecimal() and node.unit):
        return None
    unit = _INTERVAL_UNITS.get(node.unit.name.upper())
    return None if unit is None else int(node.this.name) * unit or None


def _parse_duration(now: int, text: exp.Expr) -> exp.Expr:
    if not (isinstance(text, exp.Literal) and text.is_string):
        raise NotSupported("The function parse_duration of anything but a literal")
    return _interval(duration(text.name))


def _to_iso8601(now: int, time: exp.Expr) -> exp.Expr:
    text = exp.func("strftime", exp.cast(time, "TIMESTAMP_NS", dialect="duckdb"), exp.Literal.string("%Y-%m-%dT%H:%M:%S.%n"))
    return exp.func("concat", text, exp.Literal.string("Z"))


def _from_milliseconds(now: int, number: exp.Expr) -> exp.Expr:
    return exp.func("make_timestamp_ns", exp.Mul(this=exp.cast(number, "BIGINT"), expression=exp.Literal.number(10**6)))


def _millisecond(now: int, time: exp.Expr) -> exp.Expr:
    """DuckDB's counts from the full minute."""
    return exp.paren(exp.Mod(this=exp.func("millisecond", _microseconds(time)), expression=exp.Literal.number(1000)))


_FUNCTIONS: t.Final[dict[str, c.Callable[..., exp.Expr]]] = {
    "_duration": lambda now, number: _interval(int(number.name)),
    "ago": lambda now, span: exp.paren(exp.Sub(this=_instant(now), expression=span)),
    "now": _instant,
    "bin": _bin,
    "parse_duration": _parse_duration,
    "from_milliseconds": _from_milliseconds,
    "from_nanoseconds": lambda now, number: exp.func("make_timestamp_ns", exp.cast(number, "BIGINT")),
    "to_milliseconds": lambda now, time: exp.paren(exp.IntDiv(this=_nanoseconds(time), expression=exp.Literal.number(10**6))),
    "to_nanoseconds": lambda now, time: _nanoseconds(time),
    "to_iso8601": _to_iso8601,
    "millisecond": _millisecond,
    "every": lambda now, condition: exp.func("bool_and", condition),
    "e": lambda now: exp.func("exp", exp.Literal.number(1)),
}
