# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rule's SQL can see of one message."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from local_cloud.broker import topics
from local_cloud.broker.rules import values


@dataclasses.dataclass(frozen=True)
class Message:
    """A message as the broker has accepted it.

    topic: as published, with the Basic Ingest prefix if there is one. client_id: None if it did not come over MQTT.
    principal: certificate id, or the user's. received: milliseconds since 1970, UTC. hops: how often rules have republished it.
    """

    topic: str
    payload: bytes
    client_id: str | None
    principal: str
    received: int
    trace_id: str
    hops: int = 0


@dataclasses.dataclass(frozen=True)
class Context:
    """A message as a rule of one SQL version sees it."""

    message: Message
    version_2: bool
    account: str

    @functools.cached_property
    def is_json(self) -> bool:
        return not isinstance(self.payload, bytes)

    @functools.cached_property
    def payload(self) -> t.Any:
        """The JSON value, or the bytes as they are if they are no JSON."""
        try:
            value = values.loads(self.message.payload)
        except (ValueError, RecursionError):
            return self.message.payload
        return values.deep_whole_as_int(value) if self.version_2 else value

    @property
    def topic(self) -> str:
        return topics.without_basic_ingest(self.message.topic)
