# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""DynamoDB as the store of readings: an item each, by meter (``<panel>#<meter>``) and time (Unix milliseconds).

An item: meter, time, panelId, meterId, and a number for each measured property. Panels have no ``#`` in their ids.
"""

from __future__ import annotations

import collections
import collections.abc as c
import concurrent.futures
import contextlib
import functools
import heapq
import itertools
import math
import operator
import time
import typing as t

from botocore.exceptions import BotoCoreError, ClientError

from energy_reader import store as stores
from energy_reader import times
from energy_reader.errors import ReaderError
from energy_reader.paging import Place
from energy_reader.request import IDENTIFIERS, METER_ID, PANEL_ID, Request
from energy_reader.store import Page, Points, Reading, Series

Item = c.Mapping[str, c.Mapping[str, str]]
Items = tuple[list[Item], bool]
# Panel and meter.
Meter = tuple[str, str]

# Seconds after which the meters of the table are looked for again; each costs a call.
METERS_KEPT = 300.0
# Items that one answer may look at before it hands on to the next page: a filter may refuse them all.
EXAMINED = 50_000
# Calls at the same time.
CALLS = 8
# Items in a row without a property before it counts as one that the meter does not give there.
NEAR = 512
# Between moments that lie farther apart than this (15 minutes), readings are not read but looked up beside each moment.
DENSE = 900 * times.SECOND
# Later than any reading.
_NEVER = 10**15
_COMPARE: t.Final[dict[str, c.Callable[[t.Any, t.Any], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class DynamoDb:
    """One table. client: a boto3 client ``dynamodb``. clock: seconds that only grow."""

    def __init__(self, client: t.Any, table: str, clock: c.Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._name = table
        self._clock = clock
        self._meters: list[Meter] = []
        self._seen = -math.inf

    # ---- What the reader asks for

    def meters(self, since: int) -> list[Meter]:
        return list(self._distinct())

    def page(self, request: Request, place: Place | None) -> Page:
        start, end = request.start, request.end
        interval = request.thinned
        if place is not None:
            start, end = stores.left_of(request, place)
        meters = self._asked(request)
        if not meters:
            return Page([])
        names = _names(request)
        most = max(1, stores.VALUES_PER_ANSWER // len(request.properties))
        # A page, the reading that it begins behind, and one to see whether there is another page.
        first = min(request.page_size, most // len(meters)) + 2
        streams = [_Stream(functools.partial(self._query, names), meter, start, end, request.descending, first) for meter in meters]
        self._each(_Stream.fetch, streams)
        histories: list[c.Iterable[_Found]] = list(streams)
        if interval is not None:
            histories = [_outermost(stream, request.properties, interval, request.descending) for stream in streams]
        merged = heapq.merge(*histories, key=_order, reverse=request.descending)
        return _filled(request, place, merged, most, lambda: sum(stream.given for stream in streams))

    def around(self, request: Request, interval: int, moments: c.Sequence[int]) -> dict[Series, Points]:
        meters = self._asked(request)
        if interval > DENSE:
            lookups = [(meter, moment, backward) for meter in meters for moment in moments for backward in (True, False)]
        else:
            lookups = [(meter, *edge) for meter in meters for edge in ((min(moments), True), (max(moments), False))]
        beside = functools.partial(self._beside, request)
        found = self._each(lambda lookup: beside(*lookup), lookups)
        known: dict[Series, Points] = {}
        for (meter, _moment, _backward), points in zip(lookups, found, strict=True):
            for name, point in points.items():
                known.setdefault((*meter, name), []).append(point)
        if interval <= DENSE:
            between = self._each(lambda meter: self._between(request, interval, meter, min(moments), max(moments)), meters)
            for meter, series in zip(meters, between, strict=True):
                for name, some in series.items():
                    known.setdefault((*meter, name), []).extend(some)
        return known

    # ---- Meters

    def _asked(self, request: Request) -> list[Meter]:
        """The meters that the request is about."""
        meters = self._all_meters() if request.meter is None else [(request.meter.panel_id, request.meter.meter_id)]
        for condition in request.filters:
            if condition not in request.measured_filters:
                index = int(condition.property == METER_ID)
                meters = [meter for meter in meters if _COMPARE[condition.operator](meter[index], condition.value)]
        return sorted(meters)

    def _all_meters(self) -> list[Meter]:
        """Every meter that has a reading. An empty table is looked at each time, a filled one now and then."""
        if not self._meters or self._clock() - self._seen > METERS_KEPT:
            self._meters = list(self._distinct())
            self._seen = self._clock()
        return self._meters

    def _distinct(self) -> c.Iterator[Meter]:
        """One item of each meter: a scan that begins behind the last reading that a meter can have goes on with the next meter."""
        behind: dict[str, t.Any] = {}
        while True:
            answer = self._call("scan", TableName=self._name, Limit=1, **_projection(IDENTIFIERS), **behind)
            for item in answer["Items"]:
                yield item[PANEL_ID]["S"], item[METER_ID]["S"]
            if "LastEvaluatedKey" not in answer:
                return
            behind = {"ExclusiveStartKey": {"meter": answer["LastEvaluatedKey"]["meter"], "time": {"N": str(_NEVER)}}}

    # ---- Interpolation

    def _beside(self, request: Request, meter: Meter, moment: int, backward: bool) -> dict[str, tuple[int, float]]:
        """The reading of each property that is next to the moment, within the range: at it or before it, or at it or after it."""
        start, end = (request.start, moment) if backward else (moment, request.end)
        found: dict[str, tuple[int, float]] = {}
        stream = _Stream(functools.partial(self._query, request.properties), meter, start, end, backward, 2)
        for reading in itertools.islice(stream, NEAR):
            for name, value in _values(request.properties, reading.item).items():
                found.setdefault(name, (reading.time, value))
            if len(found) == len(request.properties):
                break
        return found

    def _between(self, request: Request, interval: int, meter: Meter, start: int, end: int) -> dict[str, Points]:
        """The first and the last reading of each interval."""
        series: dict[str, Points] = {}
        for reading in _Stream(functools.partial(self._query, request.properties), meter, start, end, False, request.page_size):
            for name, value in _values(request.properties, reading.item).items():
                points = series.setdefault(name, [])
                inner = len(points) > 1 and points[-2][0] // interval == points[-1][0] // interval == reading.time // interval
                points[len(points) - inner :] = [(reading.time, value)]
        return series

    # ---- Calls

    def _query(self, names: c.Iterable[str], meter: Meter, start: int, end: int, descending: bool, limit: int) -> Items:
        """At most so many items of a meter, from start to end in milliseconds; and whether there may be more."""
        shown = _projection(["time", *names])
        answer = self._call(
            "query",
            TableName=self._name,
            KeyConditionExpression="#meter = :meter AND #n0 BETWEEN :start AND :end",
            ProjectionExpression=shown["ProjectionExpression"],
            ExpressionAttributeNames={"#meter": "meter", **shown["ExpressionAttributeNames"]},
            ExpressionAttributeValues={":meter": {"S": key(*meter)}, ":start": {"N": str(start)}, ":end": {"N": str(end)}},
            ScanIndexForward=not descending,
            Limit=limit,
        )
        return answer["Items"], "LastEvaluatedKey" in answer

    def _call(self, operation: str, **arguments: t.Any) -> dict[str, t.Any]:
        try:
            return t.cast("dict[str, t.Any]", getattr(self._client, operation)(**arguments))
        except ClientError as exception:
            error = exception.response.get("Error", {})
            raise ReaderError(f"DynamoDB did not answer for table {self._name}: {error.get('Code')}: {error.get('Message')}") from exception
        except BotoCoreError as exception:
            raise ReaderError(f"DynamoDB cannot be reached for table {self._name}: {exception}") from exception

    @staticmethod
    def _each(call: c.Callable[[t.Any], t.Any], arguments: c.Sequence[t.Any]) -> list[t.Any]:
        if len(arguments) < 2:
            return [call(argument) for argument in arguments]
        with concurrent.futures.ThreadPoolExecutor(min(CALLS, len(arguments))) as pool:
            return list(pool.map(call, arguments))


class _Found(t.NamedTuple):
    """An item of a meter; time: Unix nanoseconds."""

    time: int
    panel_id: str
    meter_id: str
    item: Item


class _Stream:
    """The items of a meter in their order, read ahead a few at a time: more each time."""

    def __init__(
        self, query: c.Callable[[Meter, int, int, bool, int], Items], meter: Meter, start: int, end: int, descending: bool, limit: int
    ) -> None:
        """start, end: Unix nanoseconds, both belong to the range. limit: how many items to begin with."""
        self._query = query
        self._meter = meter
        self._start, self._end = -(-start // times.MILLISECOND), end // times.MILLISECOND
        self._descending = descending
        self._limit = limit
        self.given = 0
        self._ahead: collections.deque[Item] = collections.deque()

    def fetch(self) -> None:
        if self._start > self._end:
            return
        items, more = self._query(self._meter, self._start, self._end, self._descending, self._limit)
        self._ahead.extend(items)
        if not more:
            self._start = self._end + 1
        elif self._descending:
            self._end = int(items[-1]["time"]["N"]) - 1
        else:
            self._start = int(items[-1]["time"]["N"]) + 1
        self._limit = min(2 * self._limit, 4000)

    def __iter__(self) -> c.Iterator[_Found]:
        while True:
            if not self._ahead:
                self.fetch()
            if not self._ahead:
                return
            item = self._ahead.popleft()
            self.given += 1
            yield _Found(int(item["time"]["N"]) * times.MILLISECOND, *self._meter, item)


def key(panel_id: str, meter_id: str) -> str:
    """The partition key of a meter's readings."""
    return f"{panel_id}#{meter_id}"


def _outermost(stream: c.Iterable[_Found], names: c.Sequence[str], interval: int, descending: bool) -> c.Iterator[_Found]:
    """Of each interval the items with the first, the last, the lowest and the highest value of each property, and these values only."""
    for _number, items in itertools.groupby(stream, key=lambda found: found.time // interval):
        kept: dict[str, stores.Outermost[_Found]] = {}
        for found in items:
            for name, value in _values(names, found.item).items():
                kept.setdefault(name, stores.Outermost(found, value)).add(found, value)
        rows: dict[int, tuple[_Found, dict[str, t.Any]]] = {}
        for name, outermost in kept.items():
            for found in outermost.kept():
                rows.setdefault(found.time, (found, {}))[1][name] = found.item[name]
        for moment in sorted(rows, reverse=descending):
            found, item = rows[moment]
            yield found._replace(item=item)


def _filled(request: Request, place: Place | None, merged: c.Iterable[_Found], most: int, examined: c.Callable[[], int]) -> Page:
    """A page of what comes in the request's order. most: readings of all meters together. examined: how many were looked at for it."""
    readings: list[Reading] = []
    of_meter: collections.Counter[Meter] = collections.Counter()
    last: Place | None = None
    for found in merged:
        if place is not None and not _beyond(found, place, request.descending):
            continue
        values = _passed(request, found.item)
        meter = (found.panel_id, found.meter_id)
        full = len(readings) == most or of_meter[meter] == request.page_size
        if (values is not None and full) or (last is not None and examined() > EXAMINED):
            return Page(readings, last)
        last = Place(found.time, *meter)
        if values is not None:
            of_meter[meter] += 1
            readings.append(Reading(found.time, *meter, values))
    return Page(readings)


def _passed(request: Request, item: Item) -> tuple[float | None, ...] | None:
    """The values of the selected properties, or None for a reading that has none of them or does not pass the filters."""
    known = _values(_names(request), item)
    for condition in request.measured_filters:
        if condition.property not in known or not _COMPARE[condition.operator](known[condition.property], condition.value):
            return None
    values = tuple(known.get(name) for name in request.properties)
    return None if all(value is None for value in values) else values


def _order(found: _Found) -> tuple[int, str, str]:
    return found[:3]


def _beyond(found: _Found, place: Place, descending: bool) -> bool:
    before = (place.time, place.panel_id, place.meter_id)
    return _order(found) < before if descending else _order(found) > before


def _names(request: Request) -> list[str]:
    """The properties that have to be read."""
    return list(dict.fromkeys([*request.properties, *(condition.property for condition in request.measured_filters)]))


def _values(names: c.Iterable[str], item: Item) -> dict[str, float]:
    """The finite numbers among the properties."""
    values = {}
    for name in names:
        # A text, or null, is no measurement.
        with contextlib.suppress(KeyError):
            values[name] = float(item[name]["N"])
    return values


def _projection(names: c.Iterable[str]) -> dict[str, t.Any]:
    """By placeholders, so that no name is taken for something else."""
    placeholders = {f"#n{index}": name for index, name in enumerate(dict.fromkeys(names))}
    return {"ProjectionExpression": ", ".join(placeholders), "ExpressionAttributeNames": placeholders}
