# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Timestream SQL -> DuckDB SQL, by way of its close relative Trino. Pure: no database is asked."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import itertools
import typing as t

import sqlglot
import sqlglot.errors
from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.tokens import Token, TokenType

from local_cloud.services.timestream.expressions import COMPARISONS, measure_value, operator, rewrite
from local_cloud.services.timestream.functions import KNOWN, SUPPORTED, names
from local_cloud.services.timestream.syntax import DURATION_UNITS, NotSupported, QueryError, duration, place, place_of

# What may stand before a parenthesis without being a function's name.
_WORDS: t.Final = names(
    "all and any array as asc between by case cross desc distinct else end except exists filter following from full group having in inner "
    "intersect interval is join lateral left like limit natural not null offset on or order outer over partition preceding range right "
    "row rows select set sets cube rollup table then timestamp union using values when where with within"
)


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
    first = next(iter(tree.find_all(*COMPARISONS, exp.Between)), None)
    comparison = ("line 1:1", "=") if first is None else (place_of(first), operator(first))
    _name_columns(tree)
    texts: set[str] = set()
    _replace(tree, lambda node: _relation(node, resolve, ctes, texts))
    _replace(tree, lambda node: rewrite(node, texts, now))
    return Translation(tree.sql(dialect="duckdb"), places, comparison)


def _replace(tree: exp.Query, change: c.Callable[[exp.Expr], exp.Expr]) -> None:
    for node in reversed(list(tree.walk())):  # arguments before the functions that they belong to
        rewritten = change(node)
        if rewritten is not node:
            node.replace(rewritten)


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
        if isinstance(column, exp.Cast) and measure_value(column) is not None:
            column.replace(exp.alias_(column.copy(), t.cast(str, measure_value(column)), quoted=True))
        elif not isinstance(column, (exp.Alias, exp.Column, exp.Star)):
            column.replace(exp.alias_(column.copy(), f"_col{position}", quoted=True))


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
