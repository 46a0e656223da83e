# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The outbox: readings on disk (SQLite) from the moment they are taken until the broker has confirmed them.

Durability comes from SQLite's write-ahead log with ``synchronous=FULL``: a commit is on the disk when it returns. Flash wear
comes from commits, not from bytes, so many readings and many deletions go into one.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import logging
import pathlib
import sqlite3
import typing as t
from collections.abc import Callable, Collection, Iterator, Sequence

# Written in one go: how many readings are dropped when there is no room, how many are looked at for their age.
_BATCH: t.Final = 64
_SCHEMA: t.Final = """
CREATE TABLE IF NOT EXISTS readings (
  id INTEGER PRIMARY KEY,
  taken INTEGER,             -- Unix milliseconds; NULL as long as the clock cannot be believed
  since_boot INTEGER,        -- of a reading without 'taken': milliseconds since boot, and which boot
  boot TEXT,
  topic TEXT,                -- NULL: the gateway's own topic
  body TEXT NOT NULL         -- the JSON object without its timestamp
);
CREATE TABLE IF NOT EXISTS dropped (reason TEXT PRIMARY KEY, readings INTEGER NOT NULL) WITHOUT ROWID;
"""

Reason = t.Literal["full", "too_old", "clock_never_set", "damaged_files", "no_disk"]
WhenFull = t.Literal["drop_oldest", "drop_newest"]

_LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Entry:
    """A reading on its way. taken: Unix ms, or None while only ``since_boot`` (ms) is known. topic: None is the gateway's own."""

    id: int
    taken: int | None
    since_boot: int
    body: str
    topic: str | None = None

    @property
    def payload(self) -> str:
        """The message: the body with its timestamp. Only for entries that have one."""
        return f'{self.body[:-1]},"timestamp":{self.taken}}}'


@dataclasses.dataclass(frozen=True)
class Limits:
    """max_bytes: what the readings may take on disk (SQLite's write-ahead log, some MB, comes on top)."""

    max_bytes: int
    max_age_seconds: float
    when_full: WhenFull = "drop_oldest"


@dataclasses.dataclass(frozen=True)
class Contents:
    """oldest: Unix ms of the first reading that has a time. bytes: on disk. dropped: readings by reason, ever."""

    readings: int
    oldest: int | None
    bytes: int
    dropped: dict[str, int]


class OutboxFailed(Exception):
    """The disk did not take it; nothing of that call is written. One sentence. It may go better later."""


class Damaged(Exception):
    """The file is no database any more. One sentence."""


class Outbox:
    """One database file. All methods but ``after`` belong to one thread, ``after`` to one thread too (its own connection).

    Raises Damaged or OutboxFailed from any of them.
    """

    def __init__(self, path: pathlib.Path, limits: Limits, boot: str) -> None:
        self.path = path
        self._limits = limits
        self._boot = boot
        self._lock = _lock(path)
        with _sentences(path), contextlib.ExitStack() as after_failure:
            after_failure.callback(self._lock.close)
            self._writer = _connect(path)
            try:
                self._writer.executescript(_SCHEMA)
                self._readings, last = self._writer.execute("SELECT count(body), coalesce(max(id), 0) FROM readings").fetchone()
                self._dropped: dict[str, int] = dict(self._writer.execute("SELECT reason, readings FROM dropped"))
                self._held = bool(self._writer.execute("SELECT 1 FROM readings WHERE taken IS NULL LIMIT 1").fetchone())
                self._reader = _connect(path)
            except BaseException:
                self._writer.close()
                raise
            after_failure.pop_all()
        self.last_id: int = last

    def close(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            self._reader.close()
        with contextlib.suppress(sqlite3.Error):
            self._writer.close()
        self._lock.close()

    # ---- the writing thread's

    def write(self, entries: Sequence[Entry], confirmed: Collection[int] = (), no_disk: int = 0) -> list[Entry]:
        """Put entries in and take confirmed ones out, in one commit; gives the entries that are in. Their ids ascend.

        no_disk: how many readings were lost before, to be counted by the same commit.
        With "drop_oldest" older readings make room; with "drop_newest" entries may be refused. Both are counted.
        """
        with self._transaction() as database:
            self._readings -= _delete(database, confirmed)
            kept = entries if self._limits.when_full == "drop_oldest" or self._bytes() < self._limits.max_bytes else ()
            self._count("full", len(entries) - len(kept))
            self._count("no_disk", no_disk)
            database.executemany(
                "INSERT INTO readings VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (
                        entry.id,
                        entry.taken,
                        *((entry.since_boot, self._boot) if entry.taken is None else (None, None)),
                        entry.topic,
                        entry.body,
                    )
                    for entry in kept
                ],
            )
            self._readings += len(kept)
            self._held = self._held or any(entry.taken is None for entry in kept)
            if self._limits.when_full == "drop_oldest":
                self._make_room(database)
        self.last_id = max(self.last_id, *(entry.id for entry in entries)) if entries else self.last_id
        return list(kept)

    def _make_room(self, database: sqlite3.Connection) -> None:
        while self._bytes() > self._limits.max_bytes and self._readings:
            oldest = [row[0] for row in database.execute("SELECT id FROM readings ORDER BY id LIMIT ?", (_BATCH,))]
            self._drop(database, "full", oldest)

    def stamp(self, offset: int) -> int:
        """Give this boot's held readings their time (since boot + ``offset`` ms); how many. Those of earlier boots are dropped."""
        if not self._held:
            return 0
        with self._transaction() as database:
            lost = [row[0] for row in database.execute("SELECT id FROM readings WHERE taken IS NULL AND boot IS NOT ?", (self._boot,))]
            self._drop(database, "clock_never_set", lost)
            stamped = database.execute(
                "UPDATE readings SET taken = since_boot + ?, since_boot = NULL, boot = NULL WHERE taken IS NULL", (offset,)
            ).rowcount
            self._held = False
        return int(stamped)

    def expire(self, now: int) -> int:
        """Drop what was taken longer than ``max_age_seconds`` before ``now`` (Unix ms); how many."""
        edge = now - int(self._limits.max_age_seconds * 1000)
        dropped = 0
        # Ids ascend with time but for a step of the clock: looking at the oldest until one batch has nothing to drop is enough.
        while True:
            oldest = self._writer.execute("SELECT id, taken FROM readings ORDER BY id LIMIT ?", (_BATCH,)).fetchall()
            old = [number for number, taken in oldest if taken is not None and taken < edge]
            if not old:
                return dropped
            with self._transaction() as database:
                self._drop(database, "too_old", old)
            dropped += len(old)

    def count_dropped(self, reason: Reason, readings: int) -> None:
        """Count readings that never came this far; "damaged_files" counts files, for nobody knows what was in them."""
        if readings:
            with self._transaction():
                self._count(reason, readings)

    def contents(self) -> Contents:
        with _sentences(self.path):
            oldest = self._writer.execute("SELECT taken FROM readings WHERE taken IS NOT NULL ORDER BY id LIMIT 1").fetchone()
            return Contents(self._readings, oldest[0] if oldest else None, self._bytes(), dict(self._dropped))

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, the counts in memory included."""
        before = self._readings, dict(self._dropped), self._held
        with _sentences(self.path):
            try:
                with self._writer:
                    self._writer.execute("BEGIN IMMEDIATE")
                    yield self._writer
            except BaseException:
                self._readings, self._dropped, self._held = before
                raise

    def _drop(self, database: sqlite3.Connection, reason: Reason, ids: Collection[int]) -> None:
        deleted = _delete(database, ids)
        self._readings -= deleted
        self._count(reason, deleted)

    def _count(self, reason: Reason, readings: int) -> None:
        if readings:
            self._dropped[reason] = self._dropped.get(reason, 0) + readings
            self._writer.execute("INSERT OR REPLACE INTO dropped VALUES (?, ?)", (reason, self._dropped[reason]))

    def _bytes(self) -> int:
        pages, free, size = (self._writer.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size"))
        return int((pages - free) * size)

    # ---- the publishing thread's

    def after(self, last: int, count: int) -> list[Entry]:
        """The next entries that can be published, oldest first: those with a time and an id above ``last``."""
        with _sentences(self.path):
            rows = self._reader.execute(
                "SELECT id, taken, 0, body, topic FROM readings WHERE id > ? AND taken IS NOT NULL ORDER BY id LIMIT ?", (last, count)
            ).fetchall()
        return [Entry(*row) for row in rows]


def encode(reading: dict[str, t.Any]) -> str:
    """The body of an entry: a reading without its timestamp. Raises ValueError for what JSON cannot say (not a number, infinite)."""
    return json.dumps(reading, allow_nan=False, separators=(",", ":"))


def open_or_replace(path: pathlib.Path, limits: Limits, boot: str, stamp: Callable[[], int]) -> Outbox:
    """The outbox of a file; a damaged one is moved aside (and kept), what can be read of it is saved.

    stamp: a number for the name of the file that is moved aside. Raises OutboxFailed.
    """
    try:
        return Outbox(path, limits, boot)
    except Damaged:
        pass
    aside = path.with_name(f"{path.name}.damaged-{stamp()}")
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    fresh = Outbox(path, limits, boot)
    found = _salvage(aside)
    saved = fresh.write([entry for entry in found if entry.taken is not None])
    # A reading that was held may be of an earlier boot: nobody knows which time to give it.
    fresh.count_dropped("clock_never_set", sum(entry.taken is None for entry in found))
    fresh.count_dropped("damaged_files", 1)
    _LOG.error(
        "The outbox %s is damaged: it was moved to %s, %d readings were saved from it, and the service goes on with a new one."
        " Check the disk, and delete that file when you need it no more.",
        path,
        aside,
        len(saved),
    )
    return fresh


def _salvage(path: pathlib.Path) -> Sequence[Entry]:
    """What can be read of a damaged file, from both ends; held readings, too."""
    found: dict[int, Entry] = {}
    for order in ("ASC", "DESC"):
        with contextlib.suppress(sqlite3.Error, TypeError), contextlib.closing(sqlite3.connect(path)) as database:
            for number, taken, body, topic in database.execute(f"SELECT id, taken, body, topic FROM readings ORDER BY id {order}"):
                if number in found:
                    break
                if _is_object(body):
                    found[number] = Entry(number, None if taken is None else int(taken), 0, body, topic)
    return [found[number] for number in sorted(found)]


def _is_object(body: t.Any) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, TypeError):
        return False


def _lock(path: pathlib.Path) -> t.IO[bytes]:
    """One program uses an outbox: two would give the same ids to different readings. Held until the file is closed, however that comes."""
    file = path.with_name(f"{path.name}.lock")
    try:
        lock = file.open("ab")
    except OSError as error:
        raise OutboxFailed(f"The outbox {path} cannot be written: {error.strerror}. Check the folder and its owner.") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise OutboxFailed(f"The outbox {path} is used by another meter_gateway: stop that one first.") from error
    return lock


def _connect(path: pathlib.Path) -> sqlite3.Connection:
    # Each connection is used by one thread, which is not always the one that opens it.
    connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    try:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-1024", "journal_size_limit=8388608"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def _delete(database: sqlite3.Connection, ids: Collection[int]) -> int:
    return max(0, database.executemany("DELETE FROM readings WHERE id = ?", [(number,) for number in ids]).rowcount) if ids else 0


@contextlib.contextmanager
def _sentences(path: pathlib.Path) -> Iterator[None]:
    """SQLite's errors as ours. Only what is no OperationalError speaks of the file's content; the others of the disk and the access."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise OutboxFailed(
            f"The outbox {path} cannot be written: {error}. Free disk space, or check the disk and the folder's owner."
        ) from error
    except sqlite3.DatabaseError as error:
        raise Damaged(f"The outbox {path} is damaged: {error}.") from error
