# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Energy counters only rise. What does otherwise is held back until the meter says it twice."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

HOURS = 3600.0


@dataclasses.dataclass(frozen=True)
class Verdict:
    """`value` is None when it is held back; then `reason` says why. `notice`: a sentence for the log, or empty."""

    value: float | None
    reason: str = ""
    notice: str = ""


class CounterWatch:
    """The counters of one meter, over its readings.

    A value below the last one, or above what `most_kw` can have added since, is held back once. When the next reading goes on from
    it, the counter was reset or the meter replaced: from then on the new values count, and a notice tells it. A single bad reading
    never gets through. floats: the properties that the meter keeps as floats. Nothing is remembered over a restart of the program.
    """

    def __init__(self, most_kw: float, floats: Collection[str] = ()) -> None:
        self._floats = frozenset(floats)
        self._most_kw = most_kw
        self._good: dict[str, tuple[float, float]] = {}
        self._doubted: dict[str, tuple[float, float]] = {}

    def check(self, name: str, value: float, now: float) -> Verdict:
        """name: the property; value: kWh; now: seconds of a clock that never goes back."""
        good = self._good.get(name)
        if good is None or self._follows(name, good, value, now):
            self._accept(name, value, now)
            return Verdict(value)
        doubted = self._doubted.get(name)
        if doubted is not None and self._follows(name, doubted, value, now):
            self._accept(name, value, now)
            return Verdict(value, notice=f"{name} went from {good[0]:g} to {value:g} kWh and stays there: counter reset or meter replaced")
        self._doubted[name] = (value, now)
        what = "less than" if value < good[0] else "more than can have come since"
        return Verdict(None, f"{value:g} kWh is {what} {good[0]:g} kWh: waiting for the next reading to confirm it")

    def _accept(self, name: str, value: float, now: float) -> None:
        self._good[name] = (value, now)
        self._doubted.pop(name, None)

    def _follows(self, name: str, last: tuple[float, float], value: float, now: float) -> bool:
        # Counters step by up to 1 kWh, and a step may have been due just before the last reading.
        most = last[0] + 1.0 + self._most_kw * (now - last[1]) / HOURS
        # A float counter may seem to fall by its last digit; a whole number never does.
        least = last[0] * (1 - 1e-6) if name in self._floats else last[0]
        return least <= value <= most
