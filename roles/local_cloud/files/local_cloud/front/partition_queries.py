# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Queries that cost what they give: moto would sort the whole table for each, DynamoDB goes to the one place in the one partition."""

from __future__ import annotations

import bisect
import functools
import itertools
import typing as t


def install() -> None:
    """Let moto's tables look only at the items that a query by the table's own keys can give."""
    from moto.dynamodb.models.table import Table

    whole = getattr(Table.query, "__wrapped__", Table.query)

    @functools.wraps(whole)
    def query(
        table: t.Any,
        hash_key: t.Any,
        range_comparison: str | None,
        range_values: list[t.Any],
        limit: int | None,
        start_key: dict[str, t.Any] | None,
        forward: bool,
        projection: t.Any,
        index_name: str | None,
        *others: t.Any,
        **conditions: t.Any,
    ) -> t.Any:
        arguments = (hash_key, range_comparison, range_values, limit, start_key, forward, projection, index_name, *others)
        # What else it knows by name are conditions of the old interface.
        if index_name or not table.range_key_attr or conditions.keys() - {"hash_key_conditions", "range_key_conditions"}:
            return whole(table, *arguments, **conditions)
        between = tuple(value.cast_value for value in range_values) if range_comparison == "BETWEEN" else None
        after = None if start_key is None else type(hash_key)(start_key[table.range_key_attr]).cast_value
        partition = table.items.get(hash_key, {})
        # moto has one lock around all that it does here.
        table.all_items = lambda: narrowed(partition, between, after, forward, None if range_comparison and between is None else limit)
        try:
            return whole(table, *arguments, **conditions)
        finally:
            del table.all_items

    Table.query = query  # type: ignore[method-assign, assignment]


def narrowed(
    partition: dict[t.Any, t.Any], between: tuple[t.Any, ...] | None, after: t.Any, forward: bool, limit: int | None
) -> list[t.Any]:
    """The items of a partition in the range and behind the key, in the query's direction: one more than the limit, so that moto sees the rest.

    partition: range key -> item. between: first and last range key. after: the range key that the page before ended with.
    """
    keyed = sorted(((key.cast_value, item) for key, item in partition.items()), key=_key)
    first, last = 0, len(keyed)
    if between is not None:
        first, last = bisect.bisect_left(keyed, between[0], key=_key), bisect.bisect_right(keyed, between[1], key=_key)
    if after is not None and forward:
        first = max(first, bisect.bisect_right(keyed, after, key=_key))
    if after is not None and not forward:
        last = min(last, bisect.bisect_left(keyed, after, key=_key))
    found = keyed[first:last] if forward else keyed[first : max(first, last)][::-1]
    return [item for _unused, item in itertools.islice(found, None if limit is None else limit + 1)]


def _key(entry: tuple[t.Any, t.Any]) -> t.Any:
    return entry[0]
