# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Timestream SQL -> DuckDB SQL, by way of its close relative Trino. Pure: no database is asked."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import datetime
import itertools
import re
import typing as t

import sqlglot
import sqlglot.errors
from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.tokens import Token, TokenType

from local_cloud.services.timestream.functions import KNOWN, SUPPORTED, names

DURATION_UNITS: t.Final = {
    "ns": 1,
    "us": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
    "d": 86400 * 10**9,
}
# What may stand before a parenthesis without being a function's name.
_WORDS: t.Final = names(
    "all and any array as asc between by case cross desc distinct else end except exists filter following from full group having in inner "
    "intersect interval is join lateral left like limit natural not null offset on or order outer over partition preceding range right "
    "row rows select set sets cube rollup table then timestamp union using values when where with within"
)
_NUMBERS: t.Final = {"measure_value::double": "double", "measure_value::bigint": "bigint"}
_COMPARISONS: t.Final = {exp.EQ: "=", exp.NEQ: "<>", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<="}


class QueryError(Exception):
    """The query is wrong; the text is for its author."""


class NotSupported(Exception):
    """The query may be right, but this is not built here."""


@dataclasses.dataclass(frozen=True)
class Translation:
    """sql: for DuckDB. places: name -> where the query names it first, as "line 1:8". comparison: place and operator of its first."""

    sql: str
    places: dict[str, str]
    comparison: tuple[str, str]


@dataclasses.dataclass(frozen=True)
class View:
    """A table in DuckDB. texts: its columns of type VARCHAR, in lower case."""

    name: str
    texts: frozenset[str]


# (database, table, place) -> the table. May raise ApiError.
Resolve = c.Callable[[str, str, str], View]


def translate(query: str, resolve: Resolve, now: int) -> Translation:
    """One SELECT. now: ns since the epoch, the same for the whole query. Raises QueryError or NotSupported."""
    tree, places = _parse(query)
    ctes = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    for identifier in tree.find_all(exp.Identifier, bfs=False):
        places.setdefault(identifier.name.lower(), place(identifier))
    first = next(iter(tree.find_all(*_COMPARISONS, exp.Between)), None)
    comparison = ("line 1:1", "=") if first is None else (place_of(first), _operator(first))
    _name_columns(tree)
    texts: set[str] = set()
    _replace(tree, lambda node: _relation(node, resolve, ctes, texts))
    _replace(tree, lambda node: _expression(node, texts, now))
    return Translation(tree.sql(dialect="duckdb"), places, comparison)


def _replace(tree: exp.Query, rewrite: c.Callable[[exp.Expr], exp.Expr]) -> None:
    for node in reversed(list(tree.walk())):  # arguments before the functions that they belong to
        rewritten = rewrite(node)
        if rewritten is not node:
            node.replace(rewritten)


def place(node: exp.Expr) -> str:
    """Where an identifier or function starts, as AWS writes it; columns count from 1."""
    meta = node.meta
    if "col" not in meta:
        return "line 1:1"
    return f"line {meta['line']}:{meta['col'] - (meta['end'] - meta['start'])}"


def place_of(node: exp.Expr) -> str:
    """Where an expression starts: at the first part of it that knows its place."""
    return next((place(part) for part in node.walk(bfs=False) if "col" in part.meta), "line 1:1")


def duration(text: str) -> int:
    """'5m' -> ns. Raises QueryError."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(ns|us|ms|s|m|h|d)\s*", text)
    if match is None:
        raise QueryError(f"Invalid duration: {text!r}")
    return round(float(match[1]) * DURATION_UNITS[match[2]]) if "." in match[1] else int(match[1]) * DURATION_UNITS[match[2]]


def iso_time(text: str) -> int:
    """ISO 8601 with up to nine decimals -> ns since the epoch. Raises QueryError."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9})\d*)?)?(Z|[+-]\d\d:\d\d)?", text)
    try:
        if match is None:
            raise ValueError
        day, clock, fraction, zone = match.groups()
        instant = datetime.datetime.fromisoformat(f"{day}T{clock or '00:00'}{'+00:00' if zone in (None, 'Z') else zone}")
    except ValueError:
        raise QueryError(f"Invalid timestamp: {text!r}") from None
    return int(instant.timestamp()) * 10**9 + int((fraction or "").ljust(9, "0"))


# Parsing


def _parse(query: str) -> tuple[exp.Query, dict[str, str]]:
    """The query, and the places of the functions in it."""
    dialect = Trino()
    try:
        tokens = _durations(dialect.tokenize(query))
        if tokens and tokens[0].text.upper() in ("SHOW", "DESCRIBE", "DESC", "UNLOAD", "EXPLAIN"):
            raise NotSupported(f"The statement {tokens[0].text.upper()}")
        trees = dialect.parser().parse(tokens, query)
    except sqlglot.errors.ParseError as error:
        at = error.errors[0] if error.errors else {}
        raise QueryError(f"The query syntax is invalid at line {at.get('line') or 1}:{at.get('col') or 1}") from None
    except sqlglot.errors.TokenError:
        raise QueryError("The query syntax is invalid at line 1:1") from None
    if len(trees) == 1 and isinstance(trees[0], exp.Query) and not isinstance(trees[0], exp.Table):
        return trees[0], _functions(tokens, trees[0])
    raise QueryError("The query syntax is invalid at line 1:1")


def _durations(tokens: list[Token]) -> list[Token]:
    """Timestream's duration literals, as in bin(time, 5m), as interval literals; each keeps its place."""
    found: list[Token] = []
    for token in tokens:
        number = found[-1] if found else None
        is_unit = token.token_type == TokenType.VAR and token.text in DURATION_UNITS
        if number is None or not is_unit or number.token_type != TokenType.NUMBER or number.end + 1 != token.start:
            found.append(token)
            continue
        text = f"{duration(number.text + token.text)}"
        found[-1] = _token(TokenType.VAR, "_duration", number)
        found += [_token(TokenType.L_PAREN, "(", number), _token(TokenType.NUMBER, text, number), _token(TokenType.R_PAREN, ")", number)]
    return found


def _token(kind: TokenType, text: str, at: Token) -> Token:
    return Token(kind, text, at.line, at.col, at.start, at.end)


def _functions(tokens: list[Token], tree: exp.Query) -> dict[str, str]:
    """Name -> place of each function. Raises QueryError or NotSupported for one that does not run here."""
    places: dict[str, str] = {}
    aliases = {alias.name.lower() for alias in tree.find_all(exp.TableAlias)}
    for token, following in itertools.pairwise(tokens):
        name = token.text.lower()
        if following.token_type != TokenType.L_PAREN or token.token_type in (TokenType.STRING, TokenType.NUMBER):
            continue
        if not name.isidentifier() or name in _WORDS or name in aliases or name == "_duration":
            continue
        at = f"line {token.line}:{token.col - (token.end - token.start)}"
        if name in KNOWN:
            raise NotSupported(f"The function {name}")
        if name not in SUPPORTED:
            raise QueryError(f"{at}: Function {name} not registered")
        places.setdefault(name, at)
    return places


# Rewriting


def _name_columns(tree: exp.Query) -> None:
    """Timestream calls a result column without a name _col<position>."""
    select: exp.Expr = tree
    while isinstance(select, (exp.SetOperation, exp.Subquery)):
        select = select.this
    for position, column in enumerate(select.expressions):
        if isinstance(column, exp.Cast) and _measure_value(column) is not None:
            column.replace(exp.alias_(column.copy(), t.cast(str, _measure_value(column)), quoted=True))
        elif not isinstance(column, (exp.Alias, exp.Column, exp.Star)):
            column.replace(exp.alias_(column.copy(), f"_col{position}", quoted=True))


def _measure_value(node: exp.Cast) -> str | None:
    """``measure_value::double`` parses as a cast, but is the name of a column."""
    column = node.this
    if not isinstance(column, exp.Column) or column.name.lower() != "measure_value":
        return None
    return f"measure_value::{ {'text': 'varchar'}.get(node.to.this.name.lower(), node.to.this.name.lower()) }"


def _relation(node: exp.Expr, resolve: Resolve, ctes: set[str], texts: set[str]) -> exp.Expr:
    """Tables and CTEs; ``texts`` collects the names of their VARCHAR columns."""
    if isinstance(node, exp.CTE):
        node.args["alias"].set("this", _cte(node.alias))
        return node
    if isinstance(node, (exp.Unnest, exp.Lateral)):
        raise NotSupported("UNNEST")
    if not isinstance(node, exp.Table):
        return node
    if not isinstance(node.this, exp.Identifier) or node.catalog:
        raise QueryError(f'{place_of(node)}: Only tables of the form "database"."table" can be read')
    alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(node.name, quoted=True))
    if not node.db:
        if node.name.lower() in ctes:
            return exp.Table(this=_cte(node.name), alias=alias, joins=node.args.get("joins"))
        raise QueryError(f"{place(node.this)}: Schema must be specified when session schema is not set")
    view = resolve(node.db, node.name, place(t.cast(exp.Expr, node.args["db"])))
    texts |= view.texts
    return exp.Table(this=exp.to_identifier(view.name, quoted=True), alias=alias, joins=node.args.get("joins"))


def _cte(name: str) -> exp.Expr:
    """A name that no table of DuckDB's own has, so that a query cannot reach one by the name of a CTE that is out of scope."""
    return exp.to_identifier(f"cte {name.lower()}", quoted=True)


def _expression(node: exp.Expr, texts: set[str], now: int) -> exp.Expr:
    if isinstance(node, exp.Cast):
        name = _measure_value(node)
        return node if name is None else exp.column(exp.to_identifier(name, quoted=True), table=node.this.args.get("table"))
    if isinstance(node, (exp.Between, exp.In, *_COMPARISONS)):
        return _strict(node, texts)
    return _function(node, now)


def _operator(node: exp.Expr) -> str:
    return next((sign for comparison, sign in _COMPARISONS.items() if isinstance(node, comparison)), node.key.upper())


def _strict(node: exp.Expr, texts: set[str]) -> exp.Expr:
    """DuckDB would read a literal as whatever type it is compared with; Trino's relatives refuse that."""
    parts = [part for part in node.iter_expressions() if not isinstance(part, exp.Query)]
    columns = {part.name.lower() for part in parts if isinstance(part, exp.Column)}
    for literal in parts:
        if not isinstance(literal, exp.Literal):
            continue
        kind = "varchar" if literal.is_string else "integer" if literal.is_int else "double"
        text_with_number = kind != "varchar" and columns & texts
        number_with_text = kind == "varchar" and columns & _NUMBERS.keys()
        if text_with_number or number_with_text:
            column = "varchar" if text_with_number else _NUMBERS[next(iter(columns & _NUMBERS.keys()))]
            raise QueryError(f"{place_of(node)}: '{_operator(node)}' cannot be applied to {column}, {kind}")
    for literal in parts:
        if isinstance(literal, exp.Literal) and literal.is_string:
            literal.replace(exp.cast(literal.copy(), "VARCHAR"))
    return node


def _instant(nanoseconds: int) -> exp.Expr:
    return exp.func("make_timestamp_ns", exp.Literal.number(nanoseconds))


def _interval(nanoseconds: int) -> exp.Expr:
    return exp.Interval(this=exp.Literal.string(str(nanoseconds // 1000)), unit=exp.var("MICROSECOND"))


def _timestamp(node: exp.Expr) -> exp.Expr:
    return exp.cast(node, "TIMESTAMP", dialect="duckdb")


def _function(node: exp.Expr, now: int) -> exp.Expr:
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
    if not isinstance(node, exp.Anonymous):
        return node
    build = _FUNCTIONS.get(node.name.lower())
    if build is None:
        return node
    try:
        return build(now, *node.expressions)
    except TypeError:
        raise QueryError(f"{place(node)}: Unexpected parameters for function {node.name.lower()}") from None


def _ago(now: int, span: exp.Expr) -> exp.Expr:
    return exp.Sub(this=_instant(now), expression=span)


def _bin(now: int, time: exp.Expr, span: exp.Expr) -> exp.Expr:
    epoch = exp.cast(exp.Literal.string("1970-01-01"), "TIMESTAMP", dialect="duckdb")
    return exp.func("time_bucket", span, _timestamp(time), epoch)


def _parse_duration(now: int, text: exp.Expr) -> exp.Expr:
    if not (isinstance(text, exp.Literal) and text.is_string):
        raise NotSupported("The function parse_duration of anything but a literal")
    return _interval(duration(text.name))


def _to_iso8601(now: int, time: exp.Expr) -> exp.Expr:
    text = exp.func("strftime", exp.cast(time, "TIMESTAMP_NS", dialect="duckdb"), exp.Literal.string("%Y-%m-%dT%H:%M:%S.%n"))
    return exp.func("concat", text, exp.Literal.string("Z"))


_FUNCTIONS: t.Final[dict[str, c.Callable[..., exp.Expr]]] = {
    "_duration": lambda now, number: _interval(int(number.name)),
    "ago": _ago,
    "now": _instant,
    "bin": _bin,
    "parse_duration": _parse_duration,
    "from_milliseconds": lambda now, number: exp.func(
        "make_timestamp_ns", exp.Mul(this=exp.cast(number, "BIGINT"), expression=exp.Literal.number(10**6))
    ),
    "from_nanoseconds": lambda now, number: exp.func("make_timestamp_ns", exp.cast(number, "BIGINT")),
    "to_milliseconds": lambda now, time: exp.func("epoch_ms", _timestamp(time)),
    "to_nanoseconds": lambda now, time: exp.func("epoch_ns", exp.cast(time, "TIMESTAMP_NS", dialect="duckdb")),
    "to_iso8601": _to_iso8601,
    "millisecond": lambda now, time: exp.Mod(this=exp.func("millisecond", _timestamp(time)), expression=exp.Literal.number(1000)),
}
