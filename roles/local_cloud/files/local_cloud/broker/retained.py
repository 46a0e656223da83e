# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Retained messages: the last one of each topic, kept in the store."""

from __future__ import annotations

import base64
import dataclasses
import typing as t

from local_cloud.store import Record, Store

RETAINED: t.Final = "mqtt/retained"


@dataclasses.dataclass(frozen=True)
class RetainedMessage:
    """modified: milliseconds since 1970, UTC."""

    topic: str
    payload: bytes
    qos: int
    modified: int


class Retained:
    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, topic: str, payload: bytes, qos: int, modified: int) -> None:
        """An empty payload removes the topic's message, as MQTT has it."""
        if payload:
            record = {"payload": base64.b64encode(payload).decode(), "qos": qos, "modified": modified}
            self._store.put(RETAINED, topic, record)
        else:
            self._store.delete(RETAINED, topic)

    def get(self, topic: str) -> RetainedMessage | None:
        record = self._store.get(RETAINED, topic)
        return None if record is None else _message(topic, record)

    def all(self) -> list[RetainedMessage]:
        return [_message(topic, record) for topic, record in self._store.list(RETAINED)]


def _message(topic: str, record: Record) -> RetainedMessage:
    return RetainedMessage(topic, base64.b64decode(record["payload"]), record["qos"], record["modified"])
