# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Timestream as the store of readings: what the reader asks for, put as SQL."""

from __future__ import annotations

import collections.abc as c
import math
import time
import typing as t

from botocore.exceptions import BotoCoreError, ClientError

from energy_reader import store as stores
from energy_reader import times
from energy_reader.errors import ReaderError
from energy_reader.paging import Place
from energy_reader.request import Request
from energy_reader.store import Page, Points, Reading, Series
from energy_reader.timestream import statement

Cells = list["str | None"]
# Seconds after which the table is looked at again: a column comes into being with the first value of its type.
COLUMNS_KEPT = 300.0
# How many times the span of the last page is looked at for the next one.
NEAR = 2
# Intervals of a thinned history that are asked for at once.
AT_ONCE = 100


class Timestream:
    """One table. client: a boto3 client ``timestream-query``. clock: seconds that only grow."""

    def __init__(self, client: t.Any, database: str, table: str, clock: c.Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._database = database
        self._name = table
        self._table: statement.Table | None = None
        self._seen = 0.0

    def meters(self, since: int) -> list[tuple[str, str]]:
        table = self.table()
        return [(panel or "", meter or "") for panel, meter in self.rows(statement.meters(table, since))] if table.has_readings else []

    def page(self, request: Request, place: Place | None) -> Page:
        table = self.table()
        if request.thinned is not None:
            return self._outermost(request, table, request.thinned, place) if table.has_readings else Page([])
        rows: list[Cells] = []
        for start, end in _ranges(request, place) if table.has_readings else []:
            rows = list(self.rows(statement.readings(request, table, start, end, place)))
            if len(rows) > request.page_size:
                break
        readings = [_reading(request, row) for row in rows[: request.page_size]]
        return Page(readings, _place_after(place, readings) if len(rows) > request.page_size else None)

    def _outermost(self, request: Request, table: statement.Table, interval: int, place: Place | None) -> Page:
        """Some intervals at a time, until the page is full."""
        start, end = (request.start, request.end) if place is None else stores.left_of(request, place)
        readings: list[Reading] = []
        for first, last in _chunks(start, end, AT_ONCE * interval, request.descending):
            found: dict[tuple[int, str, str], dict[str, float]] = {}
            for name, panel, meter, *cells in self.rows(statement.outermost(request, table, interval, first, last)):
                for moment, cell in zip(cells[::2], cells[1::2], strict=True):
                    value = _number(cell)
                    if moment is not None and value is not None:
                        found.setdefault((times.parse(moment), panel or "", meter or ""), {})[name or ""] = value
            for key in sorted(found, reverse=request.descending):
                if place is None or _beyond(key, place, request.descending):
                    readings.append(Reading(*key, tuple(found[key].get(name) for name in request.properties)))
            if len(readings) > request.page_size:
                page = readings[: request.page_size]
                return Page(page, Place(page[-1].time, page[-1].panel_id, page[-1].meter_id))
        return Page(readings)

    def around(self, request: Request, interval: int, moments: c.Sequence[int]) -> dict[Series, Points]:
        table = self.table()
        known: dict[Series, Points] = {}
        if not table.has_readings:
            return known
        for name, panel, meter, *found in self.rows(statement.around(request, table, interval, min(moments), max(moments))):
            points = known.setdefault((panel or "", meter or "", name or ""), [])
            for moment, value in ((found[0], _number(found[1])), (found[2], _number(found[3]))):
                if moment is not None and value is not None:
                    points.append((times.parse(moment), value))
        return known

    def table(self) -> statement.Table:
        """The table with its columns. An empty table is looked at each time, a filled one now and then."""
        if self._table is None or not self._table.has_readings or self._clock() - self._seen > COLUMNS_KEPT:
            self._table = statement.Table(self._database, self._name, self._columns())
            self._seen = self._clock()
        return self._table

    def rows(self, sql: str) -> c.Iterator[Cells]:
        """The rows of a query, page after page; a cell without a value is None."""
        for page in self._pages(sql):
            for row in page["Rows"]:
                yield [cell.get("ScalarValue") for cell in row["Data"]]

    def _columns(self) -> frozenset[str]:
        page = next(self._pages(statement.columns(self._database, self._name)))
        return frozenset(column["Name"] for column in page["ColumnInfo"])

    def _pages(self, sql: str) -> c.Iterator[dict[str, t.Any]]:
        more: dict[str, str] = {}
        while True:
            try:
                page = self._client.query(QueryString=sql, **more)
            except ClientError as exception:
                error = exception.response.get("Error", {})
                raise ReaderError(
                    f"Timestream did not answer for table {self._database}.{self._name}: {error.get('Code')}: {error.get('Message')}"
                ) from exception
            except BotoCoreError as exception:
                raise ReaderError(f"Timestream cannot be reached for table {self._database}.{self._name}: {exception}") from exception
            yield page
            if not page.get("NextToken"):
                return
            more = {"NextToken": page["NextToken"]}


def _reading(request: Request, row: Cells) -> Reading:
    if request.meter:
        moment, *values = row
        return Reading(times.parse(moment or ""), request.meter.panel_id, request.meter.meter_id, tuple(map(_number, values)))
    moment, panel, meter, *values = row
    return Reading(times.parse(moment or ""), panel or "", meter or "", tuple(map(_number, values)))


def _chunks(start: int, end: int, width: int, descending: bool) -> c.Iterator[tuple[int, int]]:
    """The range in parts that begin and end at whole multiples of the width, in the request's order."""
    firsts = range(start // width, end // width + 1)
    for number in reversed(firsts) if descending else firsts:
        yield max(start, number * width), min(end, (number + 1) * width - 1)


def _beyond(key: tuple[int, str, str], place: Place, descending: bool) -> bool:
    before = (place.time, place.panel_id, place.meter_id)
    return key < before if descending else key > before


def _number(text: str | None) -> float | None:
    """None for what is no finite number, too: the twin has no form for it."""
    number = math.nan if text is None else float(text)
    return number if math.isfinite(number) else None


def _ranges(request: Request, place: Place | None) -> list[tuple[int, int]]:
    """Where to look for a page: near its place first, since each look costs what it covers, then in all that is left."""
    if place is None:
        return [(request.start, request.end)]
    rest = (request.start, place.time) if request.descending else (place.time, request.end)
    reach = NEAR * place.span
    near = (max(rest[0], rest[1] - reach), rest[1]) if request.descending else (rest[0], min(rest[1], rest[0] + reach))
    return [near, rest] if near != rest else [rest]


def _place_after(place: Place | None, readings: c.Sequence[Reading]) -> Place:
    last = readings[-1]
    begin = readings[0].time if place is None else place.time
    return Place(last.time, last.panel_id, last.meter_id, abs(last.time - begin))
