# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A reading in the one form that both stores are compared in, and the comparison of a meter's day (pure).

Times are Unix milliseconds, days are counted from 1970-01-01 UTC.
"""

from __future__ import annotations

import collections.abc as c
import datetime
import hashlib
import math
import typing as t

DAY = 86_400_000
SECONDS_OF_DAY = 86_400
# Panel and meter.
Meter = tuple[str, str]
Values = dict[str, float]


class Reading(t.NamedTuple):
    """What a meter measured at a time; values: finite numbers by the name of their property, one at least."""

    time: int
    values: Values


# A reading that the destination has not, and what it has at that time instead.
Gap = tuple[Reading, "Reading | None"]


def day_of(time: int) -> int:
    return time // DAY


def day_name(day: int) -> str:
    """As people write it: ``2026-11-23``."""
    return (datetime.date(1970, 1, 1) + datetime.timedelta(days=day)).isoformat()


def number(text: str) -> float | None:
    """The double of a text; None for what is no finite number, which the twin has no form for. -0 is 0, as DynamoDB has no other zero."""
    value = float(text) + 0.0
    return value if math.isfinite(value) else None


def canonical(reading: Reading) -> bytes:
    """The same bytes for the same reading, whatever store it comes from; doubles are exact."""
    values = "".join(f" {name}={reading.values[name].hex()}" for name in sorted(reading.values))
    return f"{reading.time}{values}\n".encode()


class Checksum:
    """Count and SHA-256 of the canonical forms of readings, in their order."""

    def __init__(self) -> None:
        self.readings = 0
        self._digest = hashlib.sha256()

    def add(self, reading: Reading) -> None:
        self.readings += 1
        self._digest.update(canonical(reading))

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


class Comparison:
    """Whether the destination holds a meter's readings of the source.

    What the destination holds beyond them is no fault: it may have been a store of this site before, and a value that is no number
    keeps a whole reading out of DynamoDB, but only that value out of Timestream. So the destination's checksum is that of the same
    properties of the same readings.
    """

    def __init__(self) -> None:
        self.source = Checksum()
        self.destination = Checksum()
        self.missing = 0
        self.different = 0

    def gaps(self, source: c.Iterable[Reading], destination: c.Iterable[Reading]) -> c.Iterator[Gap]:
        """Each reading that the destination has not, or has otherwise. Both must come in the order of their times."""
        there = iter(destination)
        candidate = next(there, None)
        for reading in source:
            while candidate is not None and candidate.time < reading.time:
                candidate = next(there, None)
            self.source.add(reading)
            if candidate is None or candidate.time != reading.time:
                self.missing += 1
                yield reading, None
                continue
            same = {name: candidate.values[name] for name in reading.values if name in candidate.values}
            self.destination.add(Reading(reading.time, same))
            if same != reading.values:
                self.different += 1
                yield reading, candidate

    @property
    def equal(self) -> bool:
        return (self.source.readings, self.source.sha256) == (self.destination.readings, self.destination.sha256)


def window(day: int, oldest: int) -> tuple[int, int]:
    """Begin and end (not included) of the part of a day that is not older than the oldest time; empty if all of it is."""
    end = (day + 1) * DAY
    return min(end, max(day * DAY, oldest)), end
