# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""MQTT sessions: who is subscribed to what, and what waits for clients that are away.

The messages of a persistent session stand in the store until the client has acknowledged them, so that neither a
lost connection nor the end of the process loses one. Source: "Using MQTT persistent sessions" in AWS's documentation.
"""

from __future__ import annotations

import base64
import collections.abc as c
import dataclasses
import itertools
import threading
import time
import typing as t

from local_cloud.broker import topics
from local_cloud.store import Store

SESSION: t.Final = "mqtt/session"
QUEUED: t.Final = "mqtt/queued"
LIFETIME: t.Final = 3600.0  # seconds that a persistent session outlives its connection
MAX_SUBSCRIPTIONS: t.Final = 50

_SEPARATOR: t.Final = "\0"  # in no client id


@dataclasses.dataclass(frozen=True)
class Delivery:
    """A message on its way to a subscriber. key: where it stands in the store, None if nowhere."""

    topic: str
    payload: bytes
    qos: int
    retain: bool = False
    key: str | None = None


class Receiver(t.Protocol):
    """A connection, as sessions see it. Both methods may be called from any thread."""

    def deliver(self, delivery: Delivery) -> None: ...

    def close(self, reason: str) -> None: ...


@dataclasses.dataclass
class Session:
    """expires: epoch seconds, None while a client is connected."""

    client_id: str
    persistent: bool
    subscriptions: dict[str, int] = dataclasses.field(default_factory=dict)
    receiver: Receiver | None = None
    expires: float | None = None


class Sessions:
    """All sessions of the broker. Safe to use from many threads."""

    def __init__(self, store: Store, clock: c.Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.RLock()
        # Greater than any number that an earlier process has given, so that the order of messages stays.
        self._numbers = itertools.count(time.time_ns())
        self._sessions = {
            client_id: Session(client_id, True, record["subscriptions"], expires=record["expires"] or clock() + LIFETIME)
            for client_id, record in store.list(SESSION)
        }

    def open(self, client_id: str, receiver: Receiver, *, clean: bool) -> tuple[bool, list[Delivery]]:
        """Connects a client: whether it has resumed a session, and what was waiting in it. An older connection is closed."""
        with self._lock, self._store.transaction():
            session = self._sessions.get(client_id)
            displaced = session.receiver if session else None
            if session is not None and (clean or not session.persistent or self._expired(session)):
                self._forget(session)
                session = None
            present = session is not None
            if session is None:
                session = self._sessions[client_id] = Session(client_id, persistent=not clean)
            session.receiver, session.expires = receiver, None
            self._save(session)
            waiting = self._waiting(client_id)
        if displaced is not None:
            displaced.close("DUPLICATE_CLIENTID")
        return present, waiting

    def close(self, client_id: str, receiver: Receiver) -> None:
        """Disconnects a client, unless a newer connection has taken its session over."""
        with self._lock, self._store.transaction():
            session = self._sessions.get(client_id)
            if session is None or session.receiver is not receiver:
                return
            session.receiver = None
            if session.persistent:
                session.expires = self._clock() + LIFETIME
                self._save(session)
            else:
                self._forget(session)

    def subscribe(self, client_id: str, topic_filter: str, qos: int) -> bool:
        """False if the client has too many subscriptions."""
        with self._lock:
            session = self._sessions[client_id]
            if topic_filter not in session.subscriptions and len(session.subscriptions) >= MAX_SUBSCRIPTIONS:
                return False
            session.subscriptions[topic_filter] = qos
            self._save(session)
        return True

    def unsubscribe(self, client_id: str, topic_filter: str) -> None:
        with self._lock:
            session = self._sessions[client_id]
            session.subscriptions.pop(topic_filter, None)
            self._save(session)

    def route(self, topic: str, payload: bytes, qos: int) -> None:
        """Gives a message to every subscriber. What persistent sessions are owed is in the store when this returns."""
        with self._lock, self._store.transaction():
            for session in list(self._sessions.values()):
                granted = max((level for wanted, level in session.subscriptions.items() if topics.matches(wanted, topic)), default=None)
                if granted is None:
                    continue
                if self._expired(session):
                    self._forget(session)
                    continue
                delivery = Delivery(topic, payload, min(granted, qos))
                if session.persistent and delivery.qos:
                    delivery = dataclasses.replace(delivery, key=self._queue(session.client_id, delivery))
                if session.receiver is not None:
                    session.receiver.deliver(delivery)

    def acknowledged(self, key: str) -> None:
        self._store.delete(QUEUED, key)

    def receivers(self) -> list[Receiver]:
        with self._lock:
            return [session.receiver for session in self._sessions.values() if session.receiver is not None]

    def _expired(self, session: Session) -> bool:
        return session.expires is not None and session.expires <= self._clock()

    def _save(self, session: Session) -> None:
        if session.persistent:
            self._store.put(SESSION, session.client_id, {"subscriptions": session.subscriptions, "expires": session.expires})

    def _forget(self, session: Session) -> None:
        self._sessions.pop(session.client_id, None)
        self._store.delete(SESSION, session.client_id)
        for key, _unused in self._store.list(QUEUED, parent=session.client_id):
            self._store.delete(QUEUED, key)

    def _queue(self, client_id: str, delivery: Delivery) -> str:
        key = f"{client_id}{_SEPARATOR}{next(self._numbers):020d}"
        record = {"topic": delivery.topic, "payload": base64.b64encode(delivery.payload).decode()}
        self._store.put(QUEUED, key, record, parent=client_id)
        return key

    def _waiting(self, client_id: str) -> list[Delivery]:
        return [
            Delivery(record["topic"], base64.b64decode(record["payload"]), qos=1, key=key)
            for key, record in self._store.list(QUEUED, parent=client_id)
        ]
