# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The syntax tree of rule SQL."""

from __future__ import annotations

import dataclasses
import typing as t

Expression = t.Union[
    "Literal", "Star", "Name", "Member", "Call", "Cast", "Negative", "Not", "Binary", "Case", "ArrayOf", "ObjectOf", "Nested", "Exists"
]


@dataclasses.dataclass(frozen=True)
class Literal:
    value: t.Any


@dataclasses.dataclass(frozen=True)
class Star:
    """The whole payload."""


@dataclasses.dataclass(frozen=True)
class Name:
    name: str


@dataclasses.dataclass(frozen=True)
class Member:
    target: Expression
    name: str


@dataclasses.dataclass(frozen=True)
class Call:
    """function: its name in lower case; arguments that are not evaluated do not exist."""

    function: str
    arguments: tuple[Expression, ...]


@dataclasses.dataclass(frozen=True)
class Cast:
    value: Expression
    kind: str


@dataclasses.dataclass(frozen=True)
class Negative:
    value: Expression


@dataclasses.dataclass(frozen=True)
class Not:
    value: Expression


@dataclasses.dataclass(frozen=True)
class Binary:
    """operator: one of + - * / % = <> < <= > >= and, or, in."""

    operator: str
    left: Expression
    right: Expression


@dataclasses.dataclass(frozen=True)
class Case:
    subject: Expression
    branches: tuple[tuple[Expression, Expression], ...]
    otherwise: Expression | None


@dataclasses.dataclass(frozen=True)
class ArrayOf:
    items: tuple[Expression, ...]


@dataclasses.dataclass(frozen=True)
class ObjectOf:
    members: tuple[tuple[str, Expression], ...]


@dataclasses.dataclass(frozen=True)
class Nested:
    query: Query


@dataclasses.dataclass(frozen=True)
class Exists:
    query: Query


@dataclasses.dataclass(frozen=True)
class Item:
    """One item of a SELECT list; path is the place in the result, e.g. ("color",)."""

    value: Expression
    path: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Query:
    """items: None where ``value`` is set (SELECT VALUE). source: the array of a nested query."""

    items: tuple[Item, ...]
    value: Expression | None
    source: Expression | None
    where: Expression | None


@dataclasses.dataclass(frozen=True)
class Statement:
    """A rule's SQL. topic_filter: None if there is no FROM (a rule for Basic Ingest only)."""

    query: Query
    topic_filter: str | None
    version: str
