# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cloud's moods: how slow it is, how much it takes, and how often it fails."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import math
import random
import threading
import time

from local_cloud.settings import Knobs

SHARES = ("faults", "throttled", "broken")
# What a fault may be: an error answer, or a connection that is cut before or after the work was done.
FAULTS = ("error", "throttle", "cut-before", "cut-after")


class BadKnob(ValueError):
    """A setting that no knob takes; its text is one sentence."""


def changed(knobs: Knobs, settings: c.Mapping[str, str | float]) -> Knobs:
    """``knobs`` with ``settings`` (name to number). Raises ``BadKnob``."""
    names = [field.name for field in dataclasses.fields(Knobs)]
    values: dict[str, float] = {}
    for name, text in settings.items():
        if name not in names:
            raise BadKnob(f"There is no knob {name!r}; the knobs are {', '.join(names)}.")
        try:
            value = float(text)
        except (TypeError, ValueError):
            value = math.nan
        if not math.isfinite(value) or value < 0 or (name in SHARES and value > 1):
            limits = "a number from 0 to 1" if name in SHARES else "a number that is not negative"
            raise BadKnob(f"The knob {name} takes {limits}, not {text!r}.")
        values[name] = value
    return dataclasses.replace(knobs, **values)


class Moods:
    """Decides for each call, by the knobs as they stand. Thread-safe."""

    def __init__(self, clock: c.Callable[[], float] = time.monotonic, chance: random.Random | None = None) -> None:
        self._clock = clock
        self._chance = chance or random.Random()
        self._lock = threading.Lock()
        self._tokens = 0.0
        self._rate = 0.0
        self._filled = clock()

    def throttles(self, knobs: Knobs) -> bool:
        """For a share ``knobs.throttled`` of the calls, and by a token bucket that holds one second's calls of ``knobs.rate``."""
        if knobs.throttled:
            with self._lock:
                if self._chance.random() < knobs.throttled:
                    return True
        if not knobs.rate:
            return False
        with self._lock:
            now = self._clock()
            capacity = max(1.0, knobs.rate)
            if knobs.rate != self._rate:
                self._rate, self._tokens = knobs.rate, capacity
            else:
                self._tokens = min(capacity, self._tokens + (now - self._filled) * knobs.rate)
            self._filled = now
            if self._tokens < 1.0:
                return True
            self._tokens -= 1.0
            return False

    def fault(self, knobs: Knobs) -> str | None:
        """One of ``FAULTS`` for a share ``knobs.faults`` of the calls."""
        if not knobs.faults:
            return None
        with self._lock:
            return self._chance.choice(FAULTS) if self._chance.random() < knobs.faults else None
