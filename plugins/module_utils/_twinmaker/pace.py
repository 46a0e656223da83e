# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast calls go out: never faster than asked for, and slower for a while after AWS has said "too many"."""

from __future__ import annotations

import threading
import time
import typing as t

SLOWER = 0.8
FASTER = 0.2
LEAST = 5.0
TOO_MANY_REQUESTS = 429


class Pace:
    """Spaces the calls of several threads.

    max_calls_per_second: None is no limit until AWS throttles. After a throttled call the rate falls to a share of
    what was sent lately, at most once a second; each call that succeeds raises it a little again.
    """

    def __init__(
        self,
        max_calls_per_second: float | None = None,
        clock: t.Callable[[], float] = time.monotonic,
        sleep: t.Callable[[float], None] = time.sleep,
    ) -> None:
        self.rate = max_calls_per_second
        self._limit = max_calls_per_second if max_calls_per_second is not None else float("inf")
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next = self._window_start = clock()
        self._window_calls = 0
        self._lately = 0.0
        self._throttled_at = float("-inf")

    def wait(self) -> None:
        """Returns when the next call may go out."""
        with self._lock:
            now = self._clock()
            self._count(now)
            if self.rate is None:
                return
            at = max(self._next, now)
            self._next = at + 1 / self.rate
        if at > now:
            self._sleep(at - now)

    def throttled(self) -> None:
        with self._lock:
            now = self._clock()
            if now - self._throttled_at < 1:
                return
            self._throttled_at = now
            sent = self._lately or self._window_calls
            self.rate = min(self._limit, max(LEAST, SLOWER * min(sent, self.rate or sent)))

    def succeeded(self) -> None:
        with self._lock:
            if self.rate is not None:
                self.rate = min(self._limit, self.rate + FASTER)

    def _count(self, now: float) -> None:
        elapsed = now - self._window_start
        if elapsed >= 1:
            self._lately = self._window_calls / elapsed
            self._window_start, self._window_calls = now, 0
        self._window_calls += 1

    def attach(self, client: t.Any) -> None:
        """Makes a boto3 client keep the pace. Every attempt counts, botocore's own retries included."""
        service = client.meta.service_model.service_id.hyphenize()

        def sending(**_event: t.Any) -> None:
            self.wait()

        def received(parsed_response: dict[str, t.Any] | None = None, **_event: t.Any) -> None:
            status = ((parsed_response or {}).get("ResponseMetadata") or {}).get("HTTPStatusCode")
            if status == TOO_MANY_REQUESTS:
                self.throttled()
            elif status is not None:
                self.succeeded()

        client.meta.events.register(f"before-send.{service}", sending)
        client.meta.events.register(f"response-received.{service}", received)
