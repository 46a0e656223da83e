# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hours and days as the clocks of the site's time zone show them (pure). Moments are Unix milliseconds."""

from __future__ import annotations

import collections.abc as c
import datetime
import typing as t

HOUR = 3_600_000
QUARTER = 900_000


class Span(t.NamedTuple):
    """From start to before end."""

    start: int
    end: int


def day_of(moment: int, zone: datetime.tzinfo) -> Span:
    """The day that a moment lies in: 23 or 25 hours where the clocks are changed."""
    date = datetime.datetime.fromtimestamp(moment / 1000, zone).date()
    return Span(_midnight(date, zone), _midnight(date + datetime.timedelta(days=1), zone))


def hours_of(day: Span) -> list[Span]:
    """The hours of a day. In zones that change their clocks by half an hour the last one of such a day is shorter."""
    return [Span(start, min(start + HOUR, day.end)) for start in range(day.start, day.end, HOUR)]


def hour_of(moment: int, zone: datetime.tzinfo) -> Span:
    day = day_of(moment, zone)
    start = day.start + (moment - day.start) // HOUR * HOUR
    return Span(start, min(start + HOUR, day.end))


def days(first: int, last: int, zone: datetime.tzinfo) -> c.Iterator[Span]:
    """The days from that of the first moment to that of the last one."""
    day = day_of(first, zone)
    while day.start <= last:
        yield day
        day = day_of(day.end, zone)


def _midnight(date: datetime.date, zone: datetime.tzinfo) -> int:
    return round(datetime.datetime.combine(date, datetime.time(), zone).timestamp() * 1000)
