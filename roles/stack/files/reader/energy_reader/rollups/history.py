# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The totals as a history: what the reader asks for, answered from the table of totals.

A page is made as one of readings is; only what is looked up differs.
"""

from __future__ import annotations

import collections.abc as c
import typing as t

from energy_reader.dynamodb.store import DynamoDb, Item, Items, Meter
from energy_reader.paging import Place
from energy_reader.request import FIGURES, Request
from energy_reader.rollups.table import DAY, HOUR, Table, moment_of, series, written
from energy_reader.store import Page

SPANS = (HOUR, DAY)


class Totals:
    """The totals of the hours, or those of the days, of a time zone. client: a boto3 client ``dynamodb``."""

    def __init__(self, client: t.Any, table: str, zone: str) -> None:
        self._of = {(span, summaries): _TotalsOf(client, table, zone, span, summaries) for span in SPANS for summaries in (False, True)}

    def page(self, request: Request, span: str, place: Place | None) -> Page:
        """The totals of the request's properties, which are all of this span."""
        return self._of[span, request.is_summary].page(request, place)


class _TotalsOf(DynamoDb):
    def __init__(self, client: t.Any, name: str, zone: str, span: str, summaries: bool) -> None:
        super().__init__(client, name)
        self._table = Table(client, name, zone)
        self._zone = zone
        self._span = span
        self._summaries = summaries

    def _query(self, names: c.Iterable[str], meter: Meter, start: int, end: int, descending: bool, limit: int) -> Items:
        whose = meter[0] if self._summaries else "#".join(meter)
        figures = {name: FIGURES[name].figure for name in names}
        items: list[Item] = []
        found = self._table.query(series(self._span, self._zone, whose), written(start), written(end), descending, limit)
        for item in found:
            values = {name: item[figure] for name, figure in figures.items() if figure in item}
            items.append({"time": {"N": str(moment_of(item["entry"]["S"]))}, **values})
        return items, len(items) == limit

    def _distinct(self) -> c.Iterator[Meter]:
        if self._summaries:
            yield from ((summary, "") for summary in self._table.summaries())
        else:
            yield from self._table.progress()
