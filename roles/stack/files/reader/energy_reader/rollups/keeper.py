# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeps the totals of hours and days: of every meter from its readings, of every summary from its meters.

Runs now and then; each run goes on where the last one ended and stops when its time is over. What a run does follows from the readings
alone, so doing it again changes nothing. Only one run works at a time (a lease), so none writes what is older over what is newer.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import datetime
import typing as t
import uuid

from energy_reader import times
from energy_reader.request import Meter as RequestMeter
from energy_reader.request import Request
from energy_reader.rollups import calendar
from energy_reader.rollups.calendar import Span
from energy_reader.rollups.table import DAY, HOUR, LateHour, Meter, Progress, Table, whose
from energy_reader.rollups.totals import COUNTERS, READ, Hours, Sample, Total, day_total, together
from energy_reader.store import Reading, Store

SECOND, MINUTE = 1000, 60_000
# A reading that came before this has arrived in the store: the topic rules work side by side.
SETTLED = MINUTE
# The topic rule notes readings that arrive later than this after their time. The others are counted by counting the last hours again.
PUNCTUAL = 10 * MINUTE
# Once a day the readings of so many days are counted again: a message that a gateway sends to the topic rule by its name (Basic Ingest)
# passes the rule that notes late ones by.
REVIEWED = 7 * 24 * calendar.HOUR
# Readings that are asked of the store at once.
PAGE = 5000
# Late hours, and days of summaries, that are looked at in one go.
SOME = 500
# Of its time, a run gives so much to each of late readings, meters and summaries at least.
SHARES = (0.2, 0.6, 1.0)
# Where the store is searched for the reading before a moment: near it first, since Timestream charges for what it looks at.
REACHES = (calendar.HOUR, 30 * 24 * calendar.HOUR, None)


class Clock(t.Protocol):
    """When it is, and how long a run may still work."""

    def now(self) -> int:
        """Unix milliseconds."""

    def left(self) -> float:
        """The share of its time that a run has left, from 1 down to 0."""

    def ends(self) -> int:
        """Unix milliseconds after which nothing of this run can go on."""


@dataclasses.dataclass
class Report:
    """What a run has done. hours, days: totals that were written. finished: nothing was left for the next run."""

    busy: bool = False
    meters: int = 0
    readings: int = 0
    hours: int = 0
    days: int = 0
    late_hours: int = 0
    finished: bool = True


class Keeper:
    """store: of the readings. members: entity id -> the meters that its totals are made of (``<panel>#<meter>``)."""

    def __init__(self, store: Store, table: Table, zone: datetime.tzinfo, clock: Clock, members: c.Mapping[str, c.Sequence[str]]) -> None:
        self._store = store
        self._table = table
        self._zone = zone
        self._clock = clock
        self._members = members
        self._report = Report()
        self._summaries_of: dict[str, list[str]] = {}
        for summary, own in members.items():
            for member in own:
                self._summaries_of.setdefault(member, []).append(summary)

    def run(self) -> Report:
        holder = uuid.uuid4().hex
        if not self._table.take_lease(holder, self._clock.now(), self._clock.ends()):
            return Report(busy=True)
        try:
            self._note_changed_summaries()
            progress = self._table.progress()
            self._note_late_readings(progress)
            self._count_meters(progress)
            self._add_up_summaries()
        finally:
            self._table.give_back_lease(holder)
        return self._report

    def _goes_on(self, share: float) -> bool:
        """Whether there is time left. What is not done is left to the next run."""
        goes_on = self._clock.left() > 1 - share
        if not goes_on:
            self._report.finished = False
        return goes_on

    # ---- Late readings

    def _note_late_readings(self, progress: dict[Meter, Progress]) -> None:
        hours: dict[Meter, list[LateHour]] = {}
        for late in self._table.late_hours(self._clock.now() - SETTLED, SOME):
            hours.setdefault(late.meter, []).append(late)
        for meter, own in hours.items():
            if not self._goes_on(SHARES[0]):
                return
            if meter in progress:
                progress[meter] = self._with_again(meter, progress[meter], own)
                self._table.put_progress(meter, progress[meter])
            else:
                # Nothing of this meter was counted yet, so nothing of it is late.
                self._begin(meter, progress)
            for late in own:
                self._table.forget_late(late)
            self._report.late_hours += len(own)

    def _with_again(self, meter: Meter, progress: Progress, late: c.Sequence[LateHour]) -> Progress:
        """A late reading changes what was counted from the counter before it to the one after it."""
        start, end = min(hour.start for hour in late), max(hour.start for hour in late) + calendar.HOUR
        first = min([start, *(sample.time for sample in self._counters_beside(meter, start, True))])
        last = max([end, *(sample.time for sample in self._counters_beside(meter, end, False))])
        return progress if first > progress.until else progress.with_again(first, min(progress.until, last))

    # ---- Meters

    def _count_meters(self, progress: dict[Meter, Progress]) -> None:
        since = self._clock.now() - 2 * 24 * calendar.HOUR if progress else 0
        for meter in self._store.meters(since * times.MILLISECOND):
            if meter not in progress and self._goes_on(SHARES[1]):
                self._begin(meter, progress)
        # Day by day, those that are behind most first.
        waiting = sorted(progress, key=lambda meter: progress[meter].until)
        while waiting:
            behind = []
            for meter in waiting:
                if not self._goes_on(SHARES[1]):
                    return
                after = self._step(meter, progress[meter])
                if after is not None:
                    progress[meter] = after
                    self._table.put_progress(meter, after)
                    behind.append(meter)
            waiting = behind

    def _begin(self, meter: Meter, progress: dict[Meter, Progress]) -> None:
        first = self._beside(meter, 0, READ, False)
        if first is not None:
            progress[meter] = Progress(first.time - 1)
            self._report.meters += 1

    def _step(self, meter: Meter, progress: Progress) -> Progress | None:
        """Counts about a day at most; None where there is nothing to count."""
        if progress.again is not None:
            first, last = progress.again
            end = min(calendar.day_of(first, self._zone).end, calendar.hour_of(last, self._zone).end)
            self._count(meter, calendar.hour_of(first, self._zone).start, end, progress.until)
            return Progress(progress.until, (end, last) if end <= last else None)
        settled = self._clock.now() - SETTLED
        newest = self._beside(meter, settled, READ, True, since=progress.until)
        if newest is None:
            return None
        begin = calendar.hour_of(progress.until - PUNCTUAL, self._zone).start
        end = min(calendar.day_of(progress.until + 1, self._zone).end, calendar.hour_of(newest.time, self._zone).end)
        reopened = self._count(meter, begin, end, progress.until)
        after = Progress(min(newest.time, end - 1))
        if self._is_new_day(progress.until, after.until):
            reopened = min(begin - REVIEWED, begin if reopened is None else reopened)
        return after if reopened is None else after.with_again(reopened, begin - 1)

    def _is_new_day(self, before: int, after: int) -> bool:
        """Whether a meter that is not behind has come to another day."""
        today = calendar.day_of(self._clock.now(), self._zone)
        return before < today.start <= after

    def _count(self, meter: Meter, begin: int, end: int, until: int) -> int | None:
        """Makes the totals of the hours from begin to end, and of their days.

        Gives the moment from which earlier hours are to be counted again: where a counter shows something for the first time after
        until, what it has risen since it did so last belongs to them, too.
        """
        days = list(calendar.days(begin, end - 1, self._zone))
        hours = [hour for day in days for hour in calendar.hours_of(day) if begin <= hour.start < end]
        totals, reopened = self._hours(meter, hours, until)
        made = {total.start: total for total in totals if not total.is_empty}
        for day in days:
            known = self._table.totals(HOUR, whose(meter), *day)
            own = {start: total for start, total in made.items() if day.start <= start < day.end and known.get(start) != total}
            if own:
                # Before the totals change, so that a run that ends here leaves no summary behind the times.
                self._table.put_due((summary, day.start) for summary in self._summaries_of.get(whose(meter), []))
                self._put(whose(meter), day, {**known, **own}, own)
        return reopened

    def _hours(self, meter: Meter, hours: c.Sequence[Span], until: int) -> tuple[list[Total], int | None]:
        counted = Hours(hours)
        begin, end = hours[0].start, min(hours[-1].end, self._clock.now() - SETTLED)
        for sample in self._counters_beside(meter, begin, True):
            counted.add(sample)
        for sample in self._samples(meter, begin, end - 1):
            counted.add(sample)
            self._report.readings += 1
        for sample in self._counters_beside(meter, end, False):
            counted.add(sample)
        begun = [before for before, first in counted.first_rises if before < begin and first > until]
        return counted.totals(), min(begun, default=None)

    def _counters_beside(self, meter: Meter, moment: int, backward: bool) -> list[Sample]:
        """The readings beside the moment that hold the counters: mostly one, which holds both."""
        until = self._clock.now() - SETTLED
        found = self._beside(meter, moment, COUNTERS, backward, until=until)
        if found is None:
            return []
        missing = [name for name, value in zip(COUNTERS, found[2:], strict=True) if value is None]
        others = [self._beside(meter, moment, (name,), backward, until=until) for name in missing]
        return sorted([found, *(other for other in others if other is not None)], key=lambda sample: sample.time)

    def _put(self, whose: str, day: Span, known: c.Mapping[int, Total], changed: c.Mapping[int, Total]) -> None:
        # The day first: where a run ends between the two, the next one finds hours that have changed, and writes both.
        self._table.put_totals(DAY, whose, [day_total(day, known.values())])
        self._table.put_totals(HOUR, whose, changed.values())
        self._report.hours += len(changed)
        self._report.days += 1

    # ---- Readings

    def _samples(self, meter: Meter, start: int, end: int) -> c.Iterator[Sample]:
        request = _request(meter, READ, start, end)
        if request is None:
            return
        place = None
        while True:
            page = self._store.page(request, place)
            yield from (_sample(reading, READ) for reading in page.readings)
            place = page.after
            if place is None:
                return

    def _beside(
        self, meter: Meter, moment: int, names: tuple[str, ...], backward: bool, since: int = 0, until: int | None = None
    ) -> Sample | None:
        """The last reading before the moment and after since, or the first one from the moment on; with one of the properties."""
        end = self._clock.now() if until is None else until
        for reach in REACHES:
            if backward:
                start, stop = max(since + 1, 0 if reach is None else moment - reach), moment - 1
                exhausted = start == since + 1
            else:
                start, stop = moment, end if reach is None else min(end, moment + reach)
                exhausted = stop == end
            request = _request(meter, names, start, stop, backward, 1)
            readings = self._store.page(request, None).readings if request is not None else ()
            if readings:
                return _sample(readings[0], names)
            if exhausted:
                return None
        return None

    # ---- Summaries

    def _note_changed_summaries(self) -> None:
        made = self._table.summaries()
        for summary in made.keys() - self._members.keys():
            self._table.delete_summary(summary)
        for summary, members in self._members.items():
            if made.get(summary) == list(members):
                continue
            firsts = [self._table.first(DAY, member) for member in {*members, *made.get(summary, [])}]
            begun = [first for first in firsts if first is not None]
            if begun:
                days = calendar.days(min(begun), self._clock.now(), self._zone)
                self._table.put_due((summary, day.start) for day in days)
            self._table.put_summary(summary, members)

    def _add_up_summaries(self) -> None:
        while due := self._table.due(SOME):
            by_day: dict[int, list[str]] = {}
            for summary, moment in due:
                by_day.setdefault(moment, []).append(summary)
            for moment, summaries in by_day.items():
                if not self._goes_on(SHARES[2]):
                    return
                self._add_up(calendar.day_of(moment, self._zone), [one for one in summaries if one in self._members])
                self._table.delete_due((summary, moment) for summary in summaries)

    def _add_up(self, day: Span, summaries: c.Sequence[str]) -> None:
        """A meter belongs to several summaries: to its panel's, its areas' and the site's. Its totals are read once."""
        wanted = dict.fromkeys(member for summary in summaries for member in self._members[summary])
        totals = {member: self._table.totals(HOUR, member, *day) for member in wanted}
        for summary in summaries:
            own = [totals[member] for member in self._members[summary]]
            starts = sorted({start for hours in own for start in hours})
            made = {start: together([hours[start] for hours in own if start in hours]) for start in starts}
            known = self._table.totals(HOUR, summary, *day)
            # What its former meters gave, where its present ones give nothing.
            made |= {start: Total(start, (None,) * len(total.quarters)) for start, total in known.items() if start not in made}
            changed = {start: total for start, total in made.items() if known.get(start) != total}
            if changed:
                self._put(summary, day, made, changed)


def _request(meter: Meter, names: tuple[str, ...], start: int, end: int, descending: bool = False, size: int = PAGE) -> Request | None:
    """None where the range is empty."""
    if start > end:
        return None
    panel_id, meter_id = meter
    return Request(
        workspace_id="",
        properties=names,
        start=start * times.MILLISECOND,
        end=end * times.MILLISECOND,
        meter=RequestMeter(panel_id=panel_id, meter_id=meter_id, entity_id="", component_name=""),
        descending=descending,
        page_size=size,
    )


def _sample(reading: Reading, names: tuple[str, ...]) -> Sample:
    values = dict(zip(names, reading.values, strict=True))
    return Sample(reading.time // times.MILLISECOND, *(values.get(name) for name in READ))
