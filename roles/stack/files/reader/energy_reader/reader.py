# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a request to the answer that IoT TwinMaker expects."""

from __future__ import annotations

import collections.abc as c
import typing as t

from energy_reader import interpolation, paging, times
from energy_reader import store as stores
from energy_reader.paging import Place
from energy_reader.request import METER_ID, PANEL_ID, SUMMARY_ID, Request, parse
from energy_reader.store import Page, Points, Reading, Series, Store, Totals

Answer = dict[str, t.Any]


class Reader:
    """Answers the events of a ``dataReader``: one page each, of an entity's component or of every component of the type.

    A request for readings and totals is answered part by part: first all pages of the one, then those of the other.
    """

    def __init__(self, store: Store, totals: Totals | None = None) -> None:
        """totals: None where there are none; then they have no values."""
        self._store = store
        self._totals = totals

    def answer(self, event: c.Mapping[str, t.Any]) -> Answer:
        """``{"propertyValues": [...], "nextToken": str | None}``; ReaderError where the request or the store is at fault."""
        request = parse(event)
        number, place = paging.place(request)
        parts = request.parts()
        span, part = parts[number]
        history, following = self._history(span, part, place)
        token = None
        if following is not None:
            token = paging.token(number, following, request)
        elif number + 1 < len(parts):
            token = paging.token(number + 1, None, request)
        # Several properties have the same times.
        moments = {moment for points in history.values() for moment, _value in points}
        written = {moment: times.written(moment) for moment in moments}
        return {
            "propertyValues": [_property_values(part, series, history[series], written) for series in _in_order(part, history)],
            "nextToken": token,
        }

    def _history(self, span: str | None, part: Request, place: Place | None) -> tuple[dict[Series, Points], Place | None]:
        if part.interval is not None:
            return self._interpolated(part, part.interval, place)
        page = self._page(span, part, place)
        return _histories(part, page.readings), page.after

    def _page(self, span: str | None, part: Request, place: Place | None) -> Page:
        if span is None:
            return self._store.page(part, place)
        return Page([]) if self._totals is None else self._totals.page(part, span, place)

    def _interpolated(self, request: Request, interval: int, place: Place | None) -> tuple[dict[Series, Points], Place | None]:
        moments = interpolation.moments(request.start, request.end, interval)[:: -1 if request.descending else 1]
        if place is not None and place.time in moments:
            moments = moments[moments.index(place.time) :]
        page = moments[: request.page_size]
        if not page:
            return {}, None
        known = self._store.around(request, interval, page)
        if known:
            # With many meters a page holds fewer moments.
            page = page[: max(1, stores.VALUES_PER_ANSWER // len(known))]
        history = {series: interpolation.linear(points, page) for series, points in known.items()}
        return history, Place(moments[len(page)]) if len(page) < len(moments) else None


def _histories(request: Request, readings: c.Iterable[Reading]) -> dict[Series, Points]:
    history: dict[Series, Points] = {}
    for reading in readings:
        for name, value in zip(request.properties, reading.values, strict=True):
            if value is not None:
                history.setdefault((reading.panel_id, reading.meter_id, name), []).append((reading.time, value))
    return history


def _in_order(request: Request, history: dict[Series, Points]) -> list[Series]:
    """By panel and meter, then as the properties were selected; what has no value is left out."""
    return sorted((series for series in history if history[series]), key=lambda series: (*series[:2], request.properties.index(series[2])))


def _property_values(request: Request, series: Series, points: Points, written: c.Mapping[int, str]) -> Answer:
    panel_id, meter_id, name = series
    reference: Answer
    if request.meter:
        reference = {"entityId": request.meter.entity_id, "componentName": request.meter.component_name, "propertyName": name}
    elif request.is_summary:
        reference = {"externalIdProperty": {SUMMARY_ID: panel_id}, "propertyName": name}
    else:
        reference = {"externalIdProperty": {PANEL_ID: panel_id, METER_ID: meter_id}, "propertyName": name}
    return {
        "entityPropertyReference": reference,
        "values": [{"time": written[moment], "value": {"doubleValue": value}} for moment, value in points],
    }
