# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the two stores of readings have in common."""

from __future__ import annotations

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._migration.readings import Gap, Meter, Reading


class Store(t.Protocol):
    """A store of readings. Errors of AWS come as AwsError.

    name: as a sentence names it. identity: another one for a table that was deleted and made again under the same name.
    """

    name: str
    identity: str

    def meters(self) -> list[Meter]:
        """Every meter that has a reading, in order."""

    def days(self, meter: Meter, known: c.Container[int]) -> c.Iterator[int]:
        """The days on which the meter has a reading, in order. Days that are known need not be looked for; they are given, too."""

    def readings(self, meter: Meter, start: int, end: int) -> c.Iterator[Reading]:
        """The meter's readings from start to end (not included), in the order of their times."""

    def fault(self, meter: Meter, reading: Reading) -> str | None:
        """Why the store cannot hold the reading, as the end of a sentence; None if it can."""

    def write(self, meter: Meter, gaps: c.Sequence[Gap], settled: bool) -> list[str]:
        """Writes readings that are missing, or there with other values, whose place they take; what else is there stays.

        settled: no message brings a reading of that day any more, so that nobody else writes them at the same time.
        Gives the reasons, in the store's own words, why some were not taken.
        """


class Nothing:
    """The destination of a run in check mode, as long as it was not made."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.identity = ""

    def meters(self) -> list[Meter]:
        return []

    def days(self, meter: Meter, known: c.Container[int]) -> c.Iterator[int]:
        return iter(())

    def readings(self, meter: Meter, start: int, end: int) -> c.Iterator[Reading]:
        return iter(())

    def fault(self, meter: Meter, reading: Reading) -> str | None:
        return None

    def write(self, meter: Meter, gaps: c.Sequence[Gap], settled: bool) -> list[str]:
        raise NotImplementedError
