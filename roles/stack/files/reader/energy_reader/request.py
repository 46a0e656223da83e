# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What IoT TwinMaker asks for: the event of a ``dataReader``, checked and typed (pure).

Source: AWS IoT TwinMaker guide, "data connectors", and the API's GetPropertyValueHistory.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import math
import typing as t

from energy_reader import times
from energy_reader.errors import ReaderError

PANEL_ID = "panelId"
METER_ID = "meterId"
IDENTIFIERS = (PANEL_ID, METER_ID)
# The identifier of a component that holds the totals of several meters together.
SUMMARY_ID = "summaryId"
# The API's own limit for maxResults; a page holds so many readings at most.
PAGE_SIZE = 200
ORDERS = ("ASCENDING", "DESCENDING")
# The API leaves the operators of filters to the connector.
OPERATORS = ("=", "!=", "<", "<=", ">", ">=")
IDENTIFIER_OPERATORS = ("=", "!=")
INTERPOLATION = "LINEAR"
# Of a range that is longer than this (48 hours), not every reading is given, but of each of so many equal intervals the first, the last,
# the lowest and the highest value: a chart of them looks like one of all readings. Those who ask for few values at a time get them all.
LONG = 48 * 3600 * times.SECOND
INTERVALS = 500
FEW = 50


class Figure(t.NamedTuple):
    """A total: of an hour or of a day, and what of it."""

    span: str
    figure: str


FIGURES = {figure + span: Figure(span, figure) for span in ("Hour", "Day") for figure in ("kWhImport", "kWhExport", "kWAverage", "kWPeak")}


@dataclasses.dataclass(frozen=True)
class Filter:
    """Only readings whose property compares so with the value; a text for identifiers, a number for measured properties."""

    property: str
    operator: str
    value: str | float


@dataclasses.dataclass(frozen=True)
class Meter:
    """The one meter of an entity's component, and how the twin calls that component.

    Of a component that holds totals of several meters, panel_id is its identifier, and meter_id is empty.
    """

    panel_id: str
    meter_id: str
    entity_id: str
    component_name: str


@dataclasses.dataclass(frozen=True)
class Request:
    """Which history to read. Times are Unix nanoseconds and both belong to the range.

    meter: None asks for every meter of the component type. interval: nanoseconds between interpolated values; None gives readings as
    they are. page_size: readings of a meter, or moments of the interpolation, in one answer: no property has more values than that.
    is_summary: it is about totals of several meters together, not about meters.
    """

    workspace_id: str
    properties: tuple[str, ...]
    start: int
    end: int
    meter: Meter | None = None
    filters: tuple[Filter, ...] = ()
    descending: bool = False
    interval: int | None = None
    page_size: int = PAGE_SIZE
    next_token: str | None = None
    is_summary: bool = False

    @property
    def thinned(self) -> int | None:
        """Nanoseconds of each interval of which only the outermost values are given; None where all are."""
        span = self.end - self.start
        if self.interval is not None or span <= LONG or self.page_size < FEW or self.measured_filters:
            return None
        return -(-span // (INTERVALS * times.SECOND)) * times.SECOND

    @property
    def measured_filters(self) -> list[Filter]:
        return [condition for condition in self.filters if condition.property not in (*IDENTIFIERS, SUMMARY_ID)]

    def parts(self) -> list[tuple[str | None, Request]]:
        """What has to be asked of readings (None), of totals of hours and of totals of days: each with the properties that it has."""
        found: dict[str | None, list[str]] = {}
        for name in self.properties:
            found.setdefault(FIGURES[name].span if name in FIGURES else None, []).append(name)
        return [(span, dataclasses.replace(self, properties=tuple(names))) for span, names in found.items()]


def parse(event: c.Mapping[str, t.Any]) -> Request:
    """The request of an event, or ReaderError."""
    definitions = event.get("properties") or {}
    request = Request(
        workspace_id=str(event.get("workspaceId") or ""),
        properties=_properties(event, definitions),
        start=_time(event, "startTime", "startDateTime"),
        end=_time(event, "endTime", "endDateTime"),
        meter=_meter(event, definitions),
        filters=tuple(_filter(entry) for entry in event.get("propertyFilters") or []),
        descending=_order(event) == "DESCENDING",
        interval=_interval(event.get("interpolation")),
        page_size=_page_size(event),
        next_token=event.get("nextToken") or None,
        is_summary=SUMMARY_ID in definitions,
    )
    if request.start > request.end:
        raise ReaderError("startTime is after endTime; exchange them")
    if request.interval and request.measured_filters:
        raise ReaderError("propertyFilters on a measured property cannot be combined with interpolation; use one of the two")
    for span, part in request.parts():
        _check_part(request, span, part.properties[0])
    return request


def _check_part(request: Request, span: str | None, name: str) -> None:
    """name: a property of the part."""
    if span is None and request.is_summary:
        raise ReaderError(f"selectedProperties: {name!r} is no total; several meters together have {', '.join(FIGURES)} only")
    if span is not None and request.interval:
        raise ReaderError(f"interpolation: {name} is a total, and nothing lies between two of them; leave interpolation out")
    for condition in request.measured_filters:
        own = FIGURES[condition.property].span if condition.property in FIGURES else None
        if own != span:
            raise ReaderError(f"propertyFilters: {condition.property} has other times than {name}; filter by what is selected")


def _properties(event: c.Mapping[str, t.Any], definitions: c.Mapping[str, t.Any]) -> tuple[str, ...]:
    selected = event.get("selectedProperties")
    if not isinstance(selected, list) or not selected or not all(isinstance(name, str) for name in selected):
        raise ReaderError("selectedProperties is missing or empty; name at least one property")
    for name in selected:
        definition = (definitions.get(name) or {}).get("definition") or {}
        if name in (*IDENTIFIERS, SUMMARY_ID) or definition.get("isTimeSeries") is False:
            raise ReaderError(f"selectedProperties: {name!r} has no history; select measured properties only")
    return tuple(dict.fromkeys(selected))


def _meter(event: c.Mapping[str, t.Any], definitions: c.Mapping[str, t.Any]) -> Meter | None:
    entity_id, component_name = event.get("entityId"), event.get("componentName")
    if not entity_id:
        return None
    if not component_name:
        raise ReaderError("componentName is missing; an entity's history is read by component")
    names = (SUMMARY_ID,) if SUMMARY_ID in definitions else IDENTIFIERS
    panel_id, meter_id = [*(_identifier(event, definitions, name) for name in names), ""][:2]
    return Meter(panel_id=panel_id, meter_id=meter_id, entity_id=str(entity_id), component_name=str(component_name))


def _identifier(event: c.Mapping[str, t.Any], definitions: c.Mapping[str, t.Any], name: str) -> str:
    value = ((definitions.get(name) or {}).get("value") or {}).get("stringValue")
    if not isinstance(value, str) or not value:
        where = f"component {event['componentName']!r} of entity {event['entityId']!r}"
        raise ReaderError(f"{where} has no {name}; set it, it says {'whose totals are' if name == SUMMARY_ID else 'which meter is'} meant")
    return value


def _time(event: c.Mapping[str, t.Any], name: str, deprecated: str) -> int:
    value = event.get(name)
    if value is not None:
        try:
            return times.parse(value)
        except (ValueError, TypeError):
            raise ReaderError(f"{name}: {value!r} is no time; write it as YYYY-MM-DDThh:mm:ss.SSSZ") from None
    seconds = event.get(deprecated)
    if isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and math.isfinite(seconds):
        return round(seconds * 1000) * times.MILLISECOND
    raise ReaderError(f"{name} is missing; name the time range")


def _filter(entry: t.Any) -> Filter:
    entry = entry if isinstance(entry, dict) else {}
    name, operator, value = entry.get("propertyName"), entry.get("operator"), entry.get("value")
    if not isinstance(name, str) or not name or not isinstance(value, dict) or len(value) != 1:
        raise ReaderError("propertyFilters: each needs a propertyName, an operator and one value")
    is_identifier = name in (*IDENTIFIERS, SUMMARY_ID)
    allowed = IDENTIFIER_OPERATORS if is_identifier else OPERATORS
    if not isinstance(operator, str) or operator not in allowed:
        raise ReaderError(f"propertyFilters: {name} cannot be compared by {operator!r}; use one of {' '.join(allowed)}")
    given = next(iter(value.values()))
    return Filter(name, operator, str(given) if is_identifier else _number(name, given))


def _number(name: str, given: t.Any) -> float:
    try:
        number = float(given)
    except (ValueError, TypeError):
        number = math.nan
    if isinstance(given, bool) or not math.isfinite(number):
        raise ReaderError(f"propertyFilters: {name} is a number and cannot be compared with {given!r}")
    return number


def _order(event: c.Mapping[str, t.Any]) -> str:
    order = event.get("orderByTime") or ORDERS[0]
    if order not in ORDERS:
        raise ReaderError(f"orderByTime: {order!r} is no order; use {' or '.join(ORDERS)}")
    return str(order)


def _interval(interpolation: t.Any) -> int | None:
    if not interpolation:
        return None
    kind, seconds = interpolation.get("interpolationType"), interpolation.get("intervalInSeconds")
    if kind != INTERPOLATION:
        raise ReaderError(f"interpolation: {kind!r} is not known; use {INTERPOLATION}")
    if isinstance(seconds, bool) or not isinstance(seconds, int) or seconds < 1:
        raise ReaderError(f"interpolation: intervalInSeconds is {seconds!r}; give a whole number of seconds from 1 on")
    return seconds * times.SECOND


def _page_size(event: c.Mapping[str, t.Any]) -> int:
    # The API takes 0, and its documents speak of more than its model takes: both get a page of full size.
    size = event.get("maxResults") or PAGE_SIZE
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise ReaderError(f"maxResults: {size!r} is no number of results; give one from 1 to {PAGE_SIZE}")
    return min(size, PAGE_SIZE)
