# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What functions print, to CloudWatch Logs: in the background, as the function's role, and never at the cost of an answer."""

from __future__ import annotations

import contextlib
import dataclasses
import queue
import threading
import typing as t

import botocore.exceptions

if t.TYPE_CHECKING:
    from local_cloud.cloud import Cloud

MOST_WAITING: t.Final = 1000
MOST_AT_ONCE: t.Final = 1000
LAST_WORDS: t.Final = 2.0


@dataclasses.dataclass(frozen=True)
class Entry:
    """time: epoch seconds."""

    role: str
    group: str
    stream: str
    text: str
    time: float


class LogWriter:
    """One thread. A role that may not write logs writes none, as on AWS; when too much waits, the newest is lost."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._lock = threading.Lock()
        self._waiting: queue.Queue[Entry | None] = queue.Queue(MOST_WAITING)
        self._thread: threading.Thread | None = None
        self._known: set[tuple[str, str]] = set()

    def write(self, entry: Entry) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="lambda-logs", daemon=True)
                self._thread.start()
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(entry)

    def stop(self) -> None:
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            with contextlib.suppress(queue.Full):
                self._waiting.put(None, timeout=LAST_WORDS)
                thread.join(LAST_WORDS)

    def _work(self) -> None:
        while (entry := self._waiting.get()) is not None:
            try:
                self._write(entry)
            except botocore.exceptions.ClientError:
                self._known.discard((entry.group, entry.stream))

    def _write(self, entry: Entry) -> None:
        logs = self._cloud.client("logs", role=entry.role)
        if (entry.group, entry.stream) not in self._known:
            self._make_stream(logs, entry)
            self._known.add((entry.group, entry.stream))
        milliseconds = int(entry.time * 1000)
        events = [{"timestamp": milliseconds, "message": line} for line in entry.text.splitlines() if line]
        for start in range(0, len(events), MOST_AT_ONCE):
            logs.put_log_events(logGroupName=entry.group, logStreamName=entry.stream, logEvents=events[start : start + MOST_AT_ONCE])

    def _make_stream(self, logs: t.Any, entry: Entry) -> None:
        """The stream, and the group only where it is missing: a role that may not make groups still writes into one that is there."""
        try:
            with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
                logs.create_log_stream(logGroupName=entry.group, logStreamName=entry.stream)
        except logs.exceptions.ResourceNotFoundException:
            logs.create_log_group(logGroupName=entry.group)
            logs.create_log_stream(logGroupName=entry.group, logStreamName=entry.stream)
