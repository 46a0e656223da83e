# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a request to the answer that IoT TwinMaker expects."""

from __future__ import annotations

import collections.abc as c
import math
import typing as t

from energy_reader import interpolation, paging, statement, times
from energy_reader.paging import Place
from energy_reader.request import METER_ID, PANEL_ID, Request, parse
from energy_reader.store import Cells, Store

# An answer of Lambda holds 6 MB at most; a value takes about a hundred bytes of it.
VALUES_PER_ANSWER = 20_000
# How many times the span of the last page is looked at for the next one.
NEAR = 2

Answer = dict[str, t.Any]
# Panel, meter, property.
Series = tuple[str, str, str]
Points = list[tuple[int, float]]


class Reader:
    """Answers the events of a ``dataReader``: one page each, of an entity's component or of every meter of the component type."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def answer(self, event: c.Mapping[str, t.Any]) -> Answer:
        """``{"propertyValues": [...], "nextToken": str | None}``; ReaderError where the request or the store is at fault."""
        request = parse(event)
        place = paging.place(request)
        table = self._store.table()
        if not table.has_readings:
            return {"propertyValues": [], "nextToken": None}
        if request.interval is None:
            history, following = self._measured(request, table, place)
        else:
            history, following = self._interpolated(request, table, request.interval, place)
        return {
            "propertyValues": [_property_values(request, series, history[series]) for series in _in_order(request, history)],
            "nextToken": None if following is None else paging.token(following, request),
        }

    def _measured(self, request: Request, table: statement.Table, place: Place | None) -> tuple[dict[Series, Points], Place | None]:
        rows: list[Cells] = []
        for start, end in _ranges(request, place):
            rows = list(self._store.rows(statement.readings(request, table, start, end, place)))
            if len(rows) > request.page_size:
                break
        history: dict[Series, Points] = {}
        for time, panel, meter, *values in rows[: request.page_size]:
            for name, value in zip(request.properties, values, strict=True):
                if value is not None and math.isfinite(float(value)):
                    history.setdefault((panel or "", meter or "", name), []).append((times.parse(time or ""), float(value)))
        return history, _place_after(request, place, rows[: request.page_size]) if len(rows) > request.page_size else None

    def _interpolated(
        self, request: Request, table: statement.Table, interval: int, place: Place | None
    ) -> tuple[dict[Series, Points], Place | None]:
        moments = interpolation.moments(request.start, request.end, interval)[:: -1 if request.descending else 1]
        if place is not None and place.time in moments:
            moments = moments[moments.index(place.time) :]
        page = moments[: request.page_size]
        if not page:
            return {}, None
        known = self._around(statement.around(request, table, interval, min(page), max(page)))
        if known:
            # With many meters a page holds fewer moments.
            page = page[: max(1, VALUES_PER_ANSWER // len(known))]
        history = {series: interpolation.linear(points, page) for series, points in known.items()}
        return history, Place(moments[len(page)]) if len(page) < len(moments) else None

    def _around(self, sql: str) -> dict[Series, Points]:
        known: dict[Series, Points] = {}
        for name, panel, meter, *found in self._store.rows(sql):
            points = known.setdefault((panel or "", meter or "", name or ""), [])
            for time, value in (found[:2], found[2:]):
                if time is not None and value is not None and math.isfinite(float(value)):
                    points.append((times.parse(time), float(value)))
        return known


def _ranges(request: Request, place: Place | None) -> list[tuple[int, int]]:
    """Where to look for a page: near its place first, since each look costs what it covers, then in all that is left."""
    if place is None:
        return [(request.start, request.end)]
    rest = (request.start, place.time) if request.descending else (place.time, request.end)
    reach = NEAR * place.span
    near = (max(rest[0], rest[1] - reach), rest[1]) if request.descending else (rest[0], min(rest[1], rest[0] + reach))
    return [near, rest] if near != rest else [rest]


def _place_after(request: Request, place: Place | None, rows: c.Sequence[Cells]) -> Place:
    time, panel, meter = rows[-1][:3]
    begin = times.parse(rows[0][0] or "") if place is None else place.time
    end = times.parse(time or "")
    return Place(end, panel or "", meter or "", abs(end - begin))


def _in_order(request: Request, history: dict[Series, Points]) -> list[Series]:
    """By panel and meter, then as the properties were selected; what has no value is left out."""
    return sorted((series for series in history if history[series]), key=lambda series: (*series[:2], request.properties.index(series[2])))


def _property_values(request: Request, series: Series, points: Points) -> Answer:
    panel_id, meter_id, name = series
    reference: Answer
    if request.meter:
        reference = {"entityId": request.meter.entity_id, "componentName": request.meter.component_name, "propertyName": name}
    else:
        reference = {"externalIdProperty": {PANEL_ID: panel_id, METER_ID: meter_id}, "propertyName": name}
    return {
        "entityPropertyReference": reference,
        "values": [{"time": times.written(moment), "value": {"doubleValue": value}} for moment, value in points],
    }
