# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a meter, or several together, took in an hour or a day: from readings to totals (pure). Moments are Unix milliseconds."""

from __future__ import annotations

import bisect
import collections.abc as c
import dataclasses
import itertools
import typing as t

from energy_reader.rollups.calendar import QUARTER, Span

POWER, IMPORT, EXPORT = "kW", "kWhImport", "kWhExport"
COUNTERS = (IMPORT, EXPORT)
# What is read of a reading.
READ = (POWER, *COUNTERS)
# Decimal places that are kept: milliwatts and milliwatt-hours. So the same readings give the same numbers in whatever order they come.
PLACES = 6

Quarters = tuple["float | None", ...]


@dataclasses.dataclass(frozen=True)
class Total:
    """Of an hour or a day that begins at start.

    quarters: the mean power in kW of each quarter of an hour; None without a reading. kwh_import, kwh_export: None where no two readings
    say anything of it.
    """

    start: int
    quarters: Quarters
    kwh_import: float | None = None
    kwh_export: float | None = None

    @property
    def average(self) -> float | None:
        """Mean power in kW of the time that has readings."""
        known = [quarter for quarter in self.quarters if quarter is not None]
        return round(sum(known) / len(known), PLACES) if known else None

    @property
    def peak(self) -> float | None:
        """The highest mean of a quarter of an hour, in kW."""
        return max((quarter for quarter in self.quarters if quarter is not None), default=None)

    @property
    def is_empty(self) -> bool:
        return self.average is None and self.kwh_import is None and self.kwh_export is None


class Sample(t.NamedTuple):
    """A reading of a meter; None for what it does not hold."""

    time: int
    kw: float | None
    kwh_import: float | None
    kwh_export: float | None


class Hours:
    """Totals of hours that follow each other, made of samples one at a time: so the memory that it takes does not depend on their number.

    Samples come in the order of time. Those before and after the hours count for the energy between them and the hours.
    Energy is what a counter has risen from one reading to the next, spread evenly over the time between: an outage gets what was used in
    it. A counter that falls was reset, or is another meter's: what it shows then is not energy that was used.
    """

    def __init__(self, hours: c.Sequence[Span]) -> None:
        self._hours = hours
        self._start = hours[0].start
        quarters = (hours[-1].end - self._start) // QUARTER
        self._sums = [0.0] * quarters
        self._counts = [0] * quarters
        self._energy: dict[str, list[float | None]] = {name: [None] * len(hours) for name in COUNTERS}
        self._before: dict[str, tuple[int, float]] = {}
        self._first: dict[str, tuple[int, int]] = {}

    def add(self, sample: Sample) -> None:
        quarter = (sample.time - self._start) // QUARTER
        if sample.kw is not None and 0 <= quarter < len(self._sums):
            self._sums[quarter] += sample.kw
            self._counts[quarter] += 1
        for name, value in zip(COUNTERS, sample[2:], strict=True):
            if value is not None:
                if name in self._before and self._before[name][0] < sample.time:
                    self._spread(name, self._before[name], (sample.time, value))
                    self._first.setdefault(name, (self._before[name][0], sample.time))
                self._before[name] = (sample.time, value)

    @property
    def first_rises(self) -> list[tuple[int, int]]:
        """Of each counter the times of the first two samples."""
        return list(self._first.values())

    def totals(self) -> list[Total]:
        """Of every hour, the empty ones too."""
        return [
            Total(hour.start, self._quarters(hour), *(self._energy_of(name, index) for name in COUNTERS))
            for index, hour in enumerate(self._hours)
        ]

    def _spread(self, name: str, before: tuple[int, float], after: tuple[int, float]) -> None:
        (since, low), (until, high) = before, after
        risen = max(0.0, high - low)
        energy = self._energy[name]
        for index in range(self._index(since), len(self._hours)):
            hour = self._hours[index]
            if hour.start >= until:
                break
            share = (min(until, hour.end) - max(since, hour.start)) / (until - since)
            if share > 0:
                energy[index] = (energy[index] or 0.0) + risen * share

    def _index(self, moment: int) -> int:
        """The first hour that can have a share of what came after the moment."""
        return max(0, bisect.bisect_right(self._hours, moment, key=lambda hour: hour.start) - 1)

    def _quarters(self, hour: Span) -> Quarters:
        first = (hour.start - self._start) // QUARTER
        return tuple(
            round(self._sums[index] / self._counts[index], PLACES) if self._counts[index] else None
            for index in range(first, first + (hour.end - hour.start) // QUARTER)
        )

    def _energy_of(self, name: str, index: int) -> float | None:
        energy = self._energy[name][index]
        return None if energy is None else round(energy, PLACES)


def day_total(day: Span, hours: c.Iterable[Total]) -> Total:
    """Of the hours of a day, whichever of them are known."""
    quarters: list[float | None] = [None] * ((day.end - day.start) // QUARTER)
    known = list(hours)
    for hour in known:
        first = (hour.start - day.start) // QUARTER
        quarters[first : first + len(hour.quarters)] = hour.quarters
    return Total(day.start, tuple(quarters), _sum(hour.kwh_import for hour in known), _sum(hour.kwh_export for hour in known))


def together(totals: c.Sequence[Total]) -> Total:
    """Of several meters in the same hour. A meter that is silent counts as one that takes nothing."""
    quarters = itertools.zip_longest(*(total.quarters for total in totals))
    return Total(
        totals[0].start,
        tuple(_sum(quarter) for quarter in quarters),
        _sum(total.kwh_import for total in totals),
        _sum(total.kwh_export for total in totals),
    )


def _sum(values: c.Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known), PLACES) if known else None
