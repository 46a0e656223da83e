# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bringing the readings of one store into the other, day by day of each meter, and comparing them."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import threading
import time

from ansible_collections.energytwin.aws.plugins.module_utils._aws import in_parallel, poll
from ansible_collections.energytwin.aws.plugins.module_utils._migration.ledger import Ledger
from ansible_collections.energytwin.aws.plugins.module_utils._migration.readings import (
    DAY,
    Comparison,
    Gap,
    Meter,
    Reading,
    day_name,
    window,
)
from ansible_collections.energytwin.aws.plugins.module_utils._migration.store import Store

# A day is settled when it ended so long ago that no gateway is expected to bring readings of it.
SETTLED_AFTER = DAY
# Readings that are deleted within this time are not worth the way, and some would be gone on it.
MARGIN = 3_600_000
# Readings that are written together.
GAPS_AT_ONCE = 500
REPORT_SECONDS = 5.0
FAULTS_KEPT = 3
# Days of each thread that are waited for together.
DAYS_AT_ONCE = 25


@dataclasses.dataclass(frozen=True)
class Settings:
    """now: Unix milliseconds. writes: whether missing readings are written. patient: whether readings are waited for that may be on
    their way. trusting: whether the days of the record are left alone. leave_behind: whether readings that the destination cannot
    hold are no hindrance. timeout: seconds until readings that were written must be there to be read.
    """

    now: int
    retention_days: int
    writes: bool
    patient: bool
    trusting: bool
    leave_behind: bool
    concurrency: int
    timeout: float

    @property
    def oldest(self) -> int:
        return self.now - self.retention_days * DAY + MARGIN

    def settled(self, day: int) -> bool:
        return (day + 1) * DAY + SETTLED_AFTER < self.now


@dataclasses.dataclass
class Day:
    """A meter's day, and what became of it.

    readings: in the source, without those that are too old (expired) or left behind. missing, different: in the destination, at the
    end. copied: readings that were written. known: it was in the record, and not read. faults: why the destination cannot hold some,
    or did not take them.
    """

    meter: Meter
    day: int
    readings: int = 0
    copied: int = 0
    missing: int = 0
    different: int = 0
    expired: int = 0
    left_behind: int = 0
    known: bool = False
    faults: list[str] = dataclasses.field(default_factory=list)

    @property
    def equal(self) -> bool:
        return not (self.missing or self.different)

    def blame(self, fault: str) -> None:
        if len(self.faults) < FAULTS_KEPT and fault not in self.faults:
            self.faults.append(fault)

    def sentence(self) -> str:
        """What is wrong with it."""
        panel, meter = self.meter
        why = f" ({'; '.join(self.faults)})" if self.faults else ""
        return (
            f"meter '{meter}' of panel '{panel}' on {day_name(self.day)}: of {self.readings} readings {self.missing} are missing"
            f" and {self.different} are different{why}"
        )


class Migration:
    """log: takes a line now and then, while it goes on."""

    def __init__(
        self,
        source: Store,
        destination: Store,
        ledger: Ledger,
        settings: Settings,
        log: c.Callable[[str], None],
        clock: c.Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._destination = destination
        self._ledger = ledger
        self._settings = settings
        self._log = log
        self._clock = clock
        self._lock = threading.Lock()
        self._reported = clock()
        self._done = 0

    def run(self) -> list[Day]:
        """Every day of every meter of the source, in order. The record is saved, too, when an error ends the run."""
        try:
            plans = in_parallel(self._plan, self._source.meters(), self._settings.concurrency)
            days = [day for plan in plans for day in plan]
            work = [day for day in days if not day.known]
            some = DAYS_AT_ONCE * self._settings.concurrency
            for begin in range(0, len(work), some):
                self._bring(work[begin : begin + some], len(work))
            return days
        finally:
            self._ledger.save()

    def _plan(self, meter: Meter) -> list[Day]:
        """The days of a meter; those that the record knows need no work."""
        recorded = self._ledger.load(meter)
        known = recorded if self._settings.trusting else {}
        return [
            Day(meter, day, readings=known[day]["readings"], known=True) if day in known else Day(meter, day)
            for day in self._source.days(meter, known)
        ]

    def _bring(self, days: list[Day], total: int) -> None:
        """Compares days and writes what is missing, and then waits for all of them together until it is there to be read."""

        def first(day: Day) -> None:
            self._compare(day, self._settings.writes)
            self._report(day, total)

        def left() -> list[Day]:
            waiting = [day for day in days if self._may_become_equal(day)]
            in_parallel(lambda day: self._compare(day, writes=False), waiting, self._settings.concurrency)
            return [day for day in waiting if not day.equal]

        in_parallel(first, days, self._settings.concurrency)
        if self._settings.patient:
            poll(left, lambda found: not found, timeout=self._settings.timeout)

    def _may_become_equal(self, day: Day) -> bool:
        """What was written may take a while to be seen; what the source has just got may be on its way to the destination."""
        hopeless = day.faults and not day.left_behind
        return not day.equal and not hopeless and (day.copied > 0 or not self._settings.settled(day.day))

    def _report(self, day: Day, total: int) -> None:
        with self._lock:
            self._done += 1
            if self._clock() - self._reported >= REPORT_SECONDS:
                self._reported = self._clock()
                self._log(f"{self._done} of {total} days, at last {day_name(day.day)} of meter '{day.meter[1]}' in panel '{day.meter[0]}'")

    def _compare(self, day: Day, writes: bool) -> None:
        """Compares a day as it is, and notes what was found.

        The destination is read after the source, so that it can be behind only by what is written at this moment.
        """
        start, end = window(day.day, self._settings.oldest)
        comparison = Comparison()
        day.expired = sum(1 for _old in self._source.readings(day.meter, day.day * DAY, start)) if start > day.day * DAY else 0
        if start < end:
            source, faulty = self._judged(day, self._source.readings(day.meter, start, end))
            gaps: list[Gap] = []
            for gap in comparison.gaps(source, self._destination.readings(day.meter, start, end)):
                if writes and gap[0].time not in faulty:
                    gaps.append(gap)
                if len(gaps) == GAPS_AT_ONCE:
                    self._write(day, gaps)
                    gaps = []
            self._write(day, gaps)
        day.readings, day.missing, day.different = comparison.source.readings, comparison.missing, comparison.different
        if not comparison.equal:
            self._ledger.drop(day.meter, day.day)
        elif self._settings.settled(day.day):
            self._ledger.keep(day.meter, day.day, comparison.source)

    def _judged(self, day: Day, readings: c.Iterable[Reading]) -> tuple[list[Reading], set[int]]:
        """The readings to compare, and the times of those that the destination cannot hold."""
        kept, faulty = [], set()
        day.left_behind = 0
        for reading in readings:
            fault = self._destination.fault(day.meter, reading)
            if fault:
                faulty.add(reading.time)
                day.blame(f"the reading at {reading.time} {fault}")
                if self._settings.leave_behind:
                    day.left_behind += 1
                    continue
            kept.append(reading)
        return kept, faulty

    def _write(self, day: Day, gaps: list[Gap]) -> None:
        if gaps:
            for reason in self._destination.write(day.meter, gaps, self._settings.settled(day.day)):
                day.blame(reason)
            day.copied += len(gaps)
