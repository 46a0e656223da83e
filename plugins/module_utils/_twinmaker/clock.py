# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS's own time, from the Date headers of its answers: this machine's clock may be wrong."""

from __future__ import annotations

import collections.abc as c
import email.utils
import threading
import time
import typing as t

Answer = dict[str, t.Any]


class ServerClock:
    """A time that AWS's clock has reached for certain.

    A Date header is cut to whole seconds and is old when it arrives, so it is a lower bound. The best of all bounds, moved on
    by the time since, soon comes within milliseconds.
    """

    def __init__(self, monotonic: c.Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._ahead: float | None = None
        self._last: str | None = None

    def attach(self, client: t.Any) -> None:
        """Makes the clock read every answer that a boto3 client gets."""

        def answered(parsed: Answer | None = None, **_event: t.Any) -> None:
            headers = ((parsed or {}).get("ResponseMetadata") or {}).get("HTTPHeaders") or {}
            self.see(headers.get("date"))

        client.meta.events.register(f"after-call.{client.meta.service_model.service_id.hyphenize()}", answered)

    def see(self, date: str | None) -> None:
        """Takes a Date header."""
        # The first answer of a second tells more than the others of that second.
        if date == self._last:
            return
        self._last = date
        try:
            seconds = email.utils.parsedate_to_datetime(date or "").timestamp()
        except (TypeError, ValueError):
            return
        with self._lock:
            ahead = seconds - self._monotonic()
            self._ahead = ahead if self._ahead is None else max(self._ahead, ahead)

    def now(self) -> int:
        """Microseconds since the epoch; 0 as long as no answer has told the time."""
        with self._lock:
            return 0 if self._ahead is None else int((self._ahead + self._monotonic()) * 1_000_000)
