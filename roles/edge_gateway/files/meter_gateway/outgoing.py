# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is published next: live readings first, then the backlog, within the rate and the window. No I/O but ``fetch``."""

from __future__ import annotations

import collections
import threading
from collections.abc import Callable, Sequence
from typing import Final

from .outbox import Entry

# AWS IoT Core closes a connection with more than 100 messages in flight.
MAX_IN_FLIGHT: Final = 90
# More live readings than this wait in the outbox, with the backlog.
MAX_LIVE: Final = 500
FETCH: Final = 200


class Outgoing:
    """The publisher's queue. ``offer`` and ``rescan`` may come from any thread, all else from the publisher's.

    fetch: ``fetch(last id, count)`` gives the next entries of the outbox, oldest first. rate: messages a second at most.
    All times are monotonic seconds.
    """

    def __init__(self, fetch: Callable[[int, int], list[Entry]], rate: float) -> None:
        self._fetch = fetch
        self._rate = rate
        # A tenth of a second's worth: any second then sees 1.1 times the rate at most.
        self._burst = max(1.0, rate / 10)
        self._tokens = 0.0
        self._filled = 0.0
        self._lock = threading.Lock()
        self._open = False
        self._cursor = 0
        self._exhausted = True
        self._live: collections.deque[Entry] = collections.deque()
        self._backlog: collections.deque[Entry] = collections.deque()
        self._in_flight: dict[int, tuple[int, float]] = {}
        self._claimed: set[int] = set()

    # ---- from any thread

    def offer(self, entries: Sequence[Entry]) -> None:
        """Live readings. Without a connection they are left to the outbox, where ``begin`` finds them."""
        with self._lock:
            if not self._open:
                return
            for entry in entries:
                if entry.id not in self._claimed:
                    self._claimed.add(entry.id)
                    self._live.append(entry)
            while len(self._live) > MAX_LIVE:
                self._back_to_outbox(self._live.popleft())

    def _back_to_outbox(self, entry: Entry) -> None:
        self._claimed.discard(entry.id)
        self._cursor = min(self._cursor, entry.id - 1)
        self._exhausted = False

    def rescan(self) -> None:
        """The outbox has old readings that it did not give before."""
        with self._lock:
            self._cursor = 0
            self._exhausted = False

    # ---- the publisher's

    def begin(self, now: float) -> None:
        """A connection stands: everything that no broker has confirmed goes out again."""
        with self._lock:
            for waiting in (self._live, self._backlog, self._in_flight, self._claimed):
                waiting.clear()
            self._cursor, self._exhausted, self._open = 0, False, True
            self._tokens, self._filled = self._burst, now

    def end(self) -> None:
        """The connection is gone."""
        with self._lock:
            self._open = False

    def next(self, now: float) -> Entry | None:
        """The entry to publish now, if the rate and the window allow one and there is one."""
        self._fill(now)
        if self._tokens < 1 or len(self._in_flight) >= MAX_IN_FLIGHT:
            return None
        with self._lock:
            if self._live:
                entry = self._live.popleft()
            else:
                self._refill_backlog()
                if not self._backlog:
                    return None
                entry = self._backlog.popleft()
        self._tokens -= 1
        return entry

    def _refill_backlog(self) -> None:
        while not self._backlog and not self._exhausted:
            entries = self._fetch(self._cursor, FETCH)
            if not entries:
                self._exhausted = True
                return
            self._cursor = entries[-1].id
            new = [entry for entry in entries if entry.id not in self._claimed]
            self._claimed.update(entry.id for entry in new)
            self._backlog.extend(new)

    def _fill(self, now: float) -> None:
        self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._rate)
        self._filled = now

    def pause(self, now: float) -> float | None:
        """Seconds until ``next`` has something, None if that takes a reading or a confirmation."""
        self._fill(now)
        with self._lock:
            waiting = bool(self._live or self._backlog or not self._exhausted)
        if not waiting or len(self._in_flight) >= MAX_IN_FLIGHT:
            return None
        # A backlog goes out in small groups: one wake-up for each, not for each message.
        wanted = 1.0 if self._live else max(1.0, self._burst / 2)
        return max(0.0, wanted - self._tokens) / self._rate

    def sent(self, message: int, entry: Entry, now: float) -> None:
        """message: the packet id by which the confirmation will name it."""
        self._in_flight[message] = entry.id, now

    def confirmed(self, message: int) -> int | None:
        """The id of the entry that the broker confirms; None for a message that is not known."""
        number, _unused = self._in_flight.pop(message, (None, 0.0))
        if number is not None:
            with self._lock:
                self._claimed.discard(number)
        return number

    @property
    def in_flight(self) -> int:
        return len(self._in_flight)

    def oldest_in_flight(self) -> float | None:
        """When the message was sent that has waited longest for its confirmation."""
        return next(iter(self._in_flight.values()))[1] if self._in_flight else None
