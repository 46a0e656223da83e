# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""moto's memory on the disk: snapshots of its backends, a journal of the calls since, and large S3 bodies in files."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import hashlib
import io
import json
import os
import pathlib
import pickle
import secrets
import sqlite3
import threading
import typing as t
import weakref

import moto
import moto.backends
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.s3.models import FakeKey
from moto.s3.utils import _VersionedKeyStore

from local_cloud.protocol.http import HttpRequest

_BODY_LIMIT = 8 * 1024  # bytes; a larger S3 body gets a file of its own
_FORGET_EVERY = 100  # snapshots; moto keeps a reference to every object that it ever made
_SCHEMA = """
create table if not exists snapshots (service text primary key, blob blob not null);
create table if not exists journal (
  id integer primary key autoincrement, service text not null, operation text not null, request text not null, body blob not null
);
create index if not exists journal_by_service on journal (service, id);
create table if not exists stamp (moto text not null);
"""


class WrongVersion(Exception):
    """The state on the disk belongs to another version of moto; its text is one sentence with the remedy."""


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """upto: id of the last journal entry that it includes; bodies: names of the body files that it refers to."""

    service: str
    blob: bytes
    upto: int
    bodies: frozenset[str]


@dataclasses.dataclass(frozen=True)
class Journaled:
    service: str
    operation: str
    request: HttpRequest


class State:
    """``take``, ``append`` and ``load`` are called with moto's lock held, ``keep`` without it."""

    def __init__(self, home: pathlib.Path) -> None:
        self._bodies = _Bodies(home / "objects")
        self._lock = threading.Lock()
        self._db = sqlite3.connect(home / "moto.sqlite", isolation_level=None, check_same_thread=False)
        self._db.execute("pragma journal_mode=wal")
        self._db.execute("pragma synchronous=normal")
        self._db.executescript(_SCHEMA)
        self._last = self._db.execute("select coalesce(max(id), 0) from journal").fetchone()[0]
        self._taken = 0
        self._check_stamp()

    def _check_stamp(self) -> None:
        row = self._db.execute("select moto from stamp").fetchone()
        if row is None:
            self._db.execute("insert into stamp values (?)", (moto.__version__,))
        elif row[0] != moto.__version__:
            raise WrongVersion(
                f"The local cloud's data was written with moto {row[0]}, but moto {moto.__version__} is installed; "
                f"install moto=={row[0]}, or empty the local cloud with `reset`."
            )

    def load(self, services: c.Iterable[str], account: str, home_region: str) -> list[Journaled]:
        """Puts the snapshots into an empty moto and gives the calls that came after them, in their order."""
        for service in services:
            backends: t.Any = moto.backends.get_backend(t.cast(t.Any, service))
            row = self._db.execute("select blob from snapshots where service = ?", (service,)).fetchone()
            if row is not None:
                for region, backend in _Unpickler(io.BytesIO(row[0]), self._bodies).load().items():
                    dict.__setitem__(backends[account], region, backend)
            elif service == "sso-admin":
                for instance in backends[account][home_region].instances:
                    instance.identity_store_id = f"d-{secrets.token_hex(5)}"  # AWS's form; moto's own has letters that AWS refuses
                self.keep(self.take(service, account))
        rows = self._db.execute("select service, operation, request, body from journal order by id").fetchall()
        return [Journaled(service, operation, HttpRequest(**json.loads(request), body=body)) for service, operation, request, body in rows]

    def take(self, service: str, account: str) -> Snapshot:
        backends: BackendDict[t.Any] = moto.backends.get_backend(t.cast(t.Any, service))
        buffer = io.BytesIO()
        pickler = _Pickler(buffer, self._bodies)
        pickler.dump(dict(backends[account]))
        self._taken += 1
        if self._taken % _FORGET_EVERY == 0:
            reset_model_data()
        return Snapshot(service, buffer.getvalue(), self._last, frozenset(pickler.bodies))

    def keep(self, snapshot: Snapshot) -> None:
        with self._lock:
            self._db.execute("begin immediate")
            self._db.execute("insert or replace into snapshots values (?, ?)", (snapshot.service, snapshot.blob))
            self._db.execute("delete from journal where service = ? and id <= ?", (snapshot.service, snapshot.upto))
            self._db.execute("commit")
        if snapshot.service == "s3":
            self._bodies.keep_only(snapshot.bodies)

    def append(self, service: str, operation: str, request: HttpRequest) -> None:
        parts = json.dumps({"method": request.method, "path": request.path, "query": request.query, "headers": dict(request.headers)})
        with self._lock:
            sql = "insert into journal (service, operation, request, body) values (?, ?, ?, ?)"
            self._last = self._db.execute(sql, (service, operation, parts, request.body)).lastrowid

    def close(self) -> None:
        with self._lock:
            self._db.close()


class _Bodies:
    """Files named by the digest of what they hold. moto never changes a stored object's body, so each is digested once."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self._names: weakref.WeakKeyDictionary[FakeKey, str] = weakref.WeakKeyDictionary()

    def store(self, key: FakeKey) -> str:
        name = self._names.get(key)
        if name is None:
            body = key.value
            name = self._names[key] = hashlib.sha256(body).hexdigest()
            path = self._folder / name
            if not path.exists():
                self._folder.mkdir(mode=0o700, exist_ok=True)
                new = path.with_suffix(".new")
                new.write_bytes(body)
                os.replace(new, path)
        return name

    def read(self, name: str) -> bytes:
        return (self._folder / name).read_bytes()

    def keep_only(self, names: frozenset[str]) -> None:
        if self._folder.exists():
            for path in self._folder.iterdir():
                if path.name not in names:
                    path.unlink()


@dataclasses.dataclass(frozen=True)
class _Body:
    """Stands in a snapshot for the bytes in a file."""

    name: str


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, bodies: _Bodies) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._store = bodies.store
        self.bodies: set[str] = set()

    def reducer_override(self, thing: t.Any) -> t.Any:
        if isinstance(thing, _VersionedKeyStore):
            # Its own ``items`` gives the last version of each object only.
            return _versioned_keys, (dict(dict.items(thing)),)
        if not isinstance(thing, FakeKey) or thing.contentsize <= _BODY_LIMIT or thing.disposed:
            return NotImplemented
        name = self._store(thing)
        self.bodies.add(name)
        state = {key: value for key, value in thing.__dict__.items() if key not in ("_value_buffer", "lock")}
        return FakeKey.__new__, (FakeKey,), {**state, "value": _Body(name)}

    def persistent_id(self, thing: t.Any) -> str | None:
        return thing.name if isinstance(thing, _Body) else None


def _versioned_keys(versions: dict[str, list[t.Any]]) -> _VersionedKeyStore:
    store = _VersionedKeyStore()
    for name, keys in versions.items():
        dict.__setitem__(store, name, keys)
    return store


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, bodies: _Bodies) -> None:
        super().__init__(file)
        self._read = bodies.read

    def persistent_load(self, name: str) -> bytes:
        return self._read(name)
