# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a long run tells about itself: lines in the log while it goes on, and in its result how many calls it took.

Ansible shows nothing of a module before it has ended, so what is told on the way goes to the log of the machine that runs it.
"""

from __future__ import annotations

import collections.abc as c
import threading
import time
import typing as t

REPORT_SECONDS = 5.0
TOO_MANY_REQUESTS = 429
SERVER_ERROR = 500


class Progress:
    """Counts the requests of boto3 clients, in whatever threads, and logs a line every few seconds while there are any.

    log: takes a line. phase: what the run is doing, for the lines.
    """

    def __init__(self, log: c.Callable[[str], None], clock: c.Callable[[], float] = time.monotonic) -> None:
        self.phase = "reading"
        self._log = log
        self._clock = clock
        self._lock = threading.Lock()
        self._began = self._reported = clock()
        self._sent = self._failed = self._throttled = 0

    def attach(self, client: t.Any) -> None:
        """Counts every request of the client, those that botocore repeats by itself included."""
        client.meta.events.register(f"needs-retry.{client.meta.service_model.service_id.hyphenize()}", self._attempted)

    def statistics(self) -> dict[str, t.Any]:
        """For the module's result."""
        with self._lock:
            seconds = round(self._clock() - self._began, 1)
            return {"calls": self._sent, "retries": self._failed, "throttled": self._throttled, "seconds": seconds}

    def report(self, line: str) -> None:
        """Logs the line with the counts so far."""
        with self._lock:
            self._write(line)

    def _attempted(self, response: tuple[t.Any, dict[str, t.Any]] | None = None, **_event: t.Any) -> None:
        """After each attempt. response: the HTTP response and its content, or None if the connection broke."""
        status = SERVER_ERROR if response is None else response[0].status_code
        with self._lock:
            self._sent += 1
            self._failed += status >= SERVER_ERROR or status == TOO_MANY_REQUESTS
            self._throttled += status == TOO_MANY_REQUESTS
            if self._clock() - self._reported >= REPORT_SECONDS:
                self._write(self.phase)

    def _write(self, line: str) -> None:
        self._reported = self._clock()
        counts = f"{self._sent} calls, {self._failed} of them repeated, {self._throttled} throttled"
        self._log(f"{line}; {counts}, {self._reported - self._began:.0f} s")
