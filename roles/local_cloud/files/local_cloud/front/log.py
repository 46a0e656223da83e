# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The request log: a ring of the last calls in a file of its own. Never bodies, parameters or secrets."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import pathlib
import sqlite3
import threading

RING = 20_000
_TRIM_EVERY = 1_000
_SCHEMA = """
create table if not exists requests (
  id integer primary key autoincrement, time real not null, service text not null, operation text not null,
  status integer not null, milliseconds real not null, principal text not null
);
"""
FILE = "requests.sqlite"


@dataclasses.dataclass(frozen=True)
class Entry:
    """One call. time: epoch seconds at its end; status: HTTP status, 0 if the connection was cut; principal: an ARN or ``account``."""

    time: float
    service: str
    operation: str
    status: int
    milliseconds: float
    principal: str


class Log:
    """The writing side, in the server."""

    def __init__(self, home: pathlib.Path) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(home / FILE, isolation_level=None, check_same_thread=False)
        self._db.execute("pragma journal_mode=wal")
        self._db.execute("pragma synchronous=off")  # a log may lose its last lines in a power cut
        self._db.executescript(_SCHEMA)
        self._count = 0

    def write(self, entry: Entry) -> None:
        with self._lock:
            added = self._db.execute(
                "insert into requests (time, service, operation, status, milliseconds, principal) values (?, ?, ?, ?, ?, ?)",
                (entry.time, entry.service, entry.operation, entry.status, entry.milliseconds, entry.principal),
            )
            self._count += 1
            if self._count % _TRIM_EVERY == 0:
                self._db.execute("delete from requests where id <= ?", ((added.lastrowid or 0) - RING,))

    @property
    def count(self) -> int:
        """Calls since the server started."""
        return self._count

    def close(self) -> None:
        with self._lock:
            self._db.close()


def read(home: pathlib.Path, *, after: int = 0, last: int | None = None, service: str | None = None) -> c.Iterator[tuple[int, Entry]]:
    """(id, entry) pairs with a greater id than ``after``, oldest first; ``last``: only so many of the newest. No server needed."""
    if not (home / FILE).exists():
        return
    where = "id > ? and (? is null or service = ?)"
    newest = f"select * from requests where {where} order by id desc limit ?"
    db = sqlite3.connect(f"file:{home / FILE}?mode=ro", uri=True)
    try:
        rows = db.execute(f"select * from ({newest}) order by id", (after, service, service, -1 if last is None else last))
        for number, *fields in rows:
            yield number, Entry(*fields)
    finally:
        db.close()
