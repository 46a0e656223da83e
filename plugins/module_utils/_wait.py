# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting for a condition. Here and not beside AWS's calls, so that who talks to no AWS API needs none of its packages."""

from __future__ import annotations

import collections.abc as c
import random
import time
import typing as t

R = t.TypeVar("R")


def poll(
    read: c.Callable[[], R],
    done: c.Callable[[R], bool],
    *,
    timeout: float,
    delay: float = 0.2,
    max_delay: float = 5.0,
    sleep: c.Callable[[float], None] = time.sleep,
    clock: c.Callable[[], float] = time.monotonic,
) -> tuple[R, bool]:
    """Reads until it is done or the time (seconds) is up. Returns what was read last, and whether it is done.

    The pauses double from ``delay`` to ``max_delay``, with a random part so that threads do not call in step.
    """
    deadline = clock() + timeout
    while True:
        found = read()
        if done(found):
            return found, True
        left = deadline - clock()
        if left <= 0:
            return found, False
        sleep(min(left, delay * random.uniform(0.75, 1.25)))
        delay = min(delay * 2, max_delay)
