# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the reader asks of a store of readings, whichever it is."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

from energy_reader.paging import Place
from energy_reader.request import Request

# An answer of Lambda holds 6 MB at most; a value takes about a hundred bytes of it.
VALUES_PER_ANSWER = 20_000

# Panel, meter, property.
Series = tuple[str, str, str]
Points = list[tuple[int, float]]


@dataclasses.dataclass(frozen=True)
class Reading:
    """What a meter gave at a moment (Unix nanoseconds). values: of the request's properties, in their order; None where there is none."""

    time: int
    panel_id: str
    meter_id: str
    values: tuple[float | None, ...]


@dataclasses.dataclass(frozen=True)
class Page:
    """Readings in the request's order. after: the place after which the next page begins; None if this is the last one."""

    readings: c.Sequence[Reading]
    after: Place | None = None


def left_of(request: Request, place: Place) -> tuple[int, int]:
    """The range in which the page after a place lies. Where the request is thinned, it begins with a whole interval."""
    interval = request.thinned or 1
    begun = place.time // interval * interval
    return (request.start, min(request.end, begun + interval - 1)) if request.descending else (max(request.start, begun), request.end)


T = t.TypeVar("T")


class Outermost(t.Generic[T]):
    """What is kept of values that come one after the other: the first, the last, the lowest and the highest, with what they belong to."""

    def __init__(self, first: T, value: float) -> None:
        self.first = self.last = first
        self._low = self._high = (value, first)

    def add(self, found: T, value: float) -> None:
        self.last = found
        if value < self._low[0]:
            self._low = (value, found)
        if value > self._high[0]:
            self._high = (value, found)

    def kept(self) -> list[T]:
        return [self.first, self._low[1], self._high[1], self.last]


class Totals(t.Protocol):
    """Totals of hours and days. ReaderError where their store does not answer."""

    def page(self, request: Request, span: str, place: Place | None) -> Page:
        """As of readings. span: Hour or Day; the request's properties are all of it."""


class Store(t.Protocol):
    """ReaderError where the store does not answer."""

    def meters(self, since: int) -> c.Sequence[tuple[str, str]]:
        """Panel and meter of every meter that has a reading since the moment (Unix nanoseconds), and maybe of others."""

    def page(self, request: Request, place: Place | None) -> Page:
        """The readings after the place that hold a selected property and pass the filters: of no meter more than the page's size.

        Where the request is thinned, of each interval those with the first, last, lowest or highest value of a property, and these only.
        """

    def around(self, request: Request, interval: int, moments: c.Sequence[int]) -> dict[Series, Points]:
        """The readings that interpolation at the moments (multiples of the interval) needs: those next to each moment, at least."""
