# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records on SQLite: what a service has stored is there after ``kill -9``."""

from __future__ import annotations

import collections.abc as c
import contextlib
import json
import pathlib
import sqlite3
import threading
import typing as t

Record = dict[str, t.Any]

_SCHEMA = """
create table if not exists records (
  kind text not null, key text not null, parent text not null, value text not null,
  primary key (kind, key)
) without rowid;
create index if not exists records_by_parent on records (kind, parent, key);
"""


class Store:
    """JSON records, each under a kind and a key, with an optional parent to list them by.

    Every read and write takes the store's lock; ``transaction`` holds it over several steps, so that
    "check, then write" is one step. A record that is returned is the caller's own copy. Keys sort by
    code point, and lists come in that order. Times are stored as numbers (epoch seconds).
    """

    def __init__(self, path: pathlib.Path) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("pragma journal_mode=wal")
        self._db.execute("pragma synchronous=normal")
        self._db.executescript(_SCHEMA)
        self._depth = 0

    @contextlib.contextmanager
    def transaction(self) -> c.Iterator[sqlite3.Connection]:
        """All or nothing, one thread at a time; may be nested. Gives the connection, for tables of a service's own."""
        with self._lock:
            outermost = self._depth == 0
            if outermost:
                self._db.execute("begin immediate")
            self._depth += 1
            try:
                yield self._db
            except BaseException:
                if outermost:
                    self._db.execute("rollback")
                raise
            else:
                if outermost:
                    self._db.execute("commit")
            finally:
                self._depth -= 1

    def get(self, kind: str, key: str) -> Record | None:
        with self._lock:
            row = self._db.execute("select value from records where kind = ? and key = ?", (kind, key)).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, kind: str, key: str, value: Record, parent: str = "") -> None:
        with self._lock:
            self._db.execute("insert or replace into records values (?, ?, ?, ?)", (kind, key, parent, json.dumps(value)))

    def delete(self, kind: str, key: str) -> bool:
        with self._lock:
            return self._db.execute("delete from records where kind = ? and key = ?", (kind, key)).rowcount > 0

    def list(self, kind: str, *, prefix: str = "", parent: str | None = None, after: str = "", limit: int = -1) -> list[tuple[str, Record]]:
        """(key, record) pairs whose key starts with ``prefix`` and comes after ``after``, at most ``limit`` of them (-1: all)."""
        # SQLite would rather scan the whole kind by its primary key.
        index, condition = ("", "") if parent is None else (" indexed by records_by_parent", " and parent = ?")
        sql = f"select key, value from records{index} where kind = ? and key > ? and key >= ? and key < ?{condition} order by key limit ?"
        args = (kind, after, prefix, prefix + "\U0010ffff", *(() if parent is None else (parent,)), limit)
        with self._lock:
            rows = self._db.execute(sql, args).fetchall()
        return [(key, json.loads(value)) for key, value in rows]

    def close(self) -> None:
        with self._lock:
            self._db.close()
