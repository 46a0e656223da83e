# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Linear interpolation between readings (pure)."""

from __future__ import annotations

import bisect
import collections.abc as c


def moments(start: int, end: int, interval: int) -> range:
    """The whole multiples of the interval from start to end, so that a range that moves on keeps its moments."""
    first = -(-start // interval) * interval
    return range(first, end + 1, interval)


def linear(points: c.Iterable[tuple[int, float]], at: c.Iterable[int]) -> list[tuple[int, float]]:
    """(moment, value) for every moment that lies on a reading or between two of them; nothing is guessed beyond the first and the last."""
    known = dict(points)
    ordered = sorted(known)
    values = []
    for moment in at:
        right = bisect.bisect_left(ordered, moment)
        if right == len(ordered):
            continue
        after = ordered[right]
        if after == moment:
            values.append((moment, known[moment]))
        elif right > 0:
            before = ordered[right - 1]
            share = (moment - before) / (after - before)
            values.append((moment, known[before] + share * (known[after] - known[before])))
    return values
