# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Readings that other devices publish by MQTT to a broker on this box or its LAN: they go into the same outbox.

A device publishes a JSON object to ``<topic_prefix>/<panel>/<meter>``, or to any topic below the prefix with ``panelId`` and
``meterId`` in the object. The broker gets its acknowledgement once the reading is on the disk, and keeps what comes meanwhile.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import math
import pathlib
from collections.abc import Callable
from typing import Any, Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from .clock import EARLIEST_MS
from .config import ListenerSettings
from .models import PROPERTIES
from .outbox import encode

# A reading must fit into a message of AWS IoT Core with room to spare.
MAX_BYTES: Final = 64 * 1024
# 2100-01-01: a timestamp above is in other units than milliseconds.
_LATEST_MS: Final = 4_102_444_800_000

_LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Heard:
    """A message that is a reading. taken: Unix ms if it says when."""

    key: str
    body: str
    taken: int | None


def understand(topic: str, payload: bytes, prefix: str) -> Heard:
    """The reading in a message. Raises ValueError with a sentence that says what is wrong with it."""
    if len(payload) > MAX_BYTES:
        raise ValueError(f"it has {len(payload)} bytes, more than {MAX_BYTES}")
    try:
        data = json.loads(payload)
    except (ValueError, RecursionError) as error:  # RecursionError: nested more deeply than any reading
        raise ValueError("it is no JSON") from error
    if not isinstance(data, dict):
        raise ValueError("it is no JSON object")
    levels = topic[len(prefix) + 1 :].split("/")
    panel, meter = levels if len(levels) == 2 else ("", "")
    panel, meter = _name(data, "panelId", panel), _name(data, "meterId", meter)
    values = {name: _number(name, data[name]) for name in PROPERTIES if data.get(name) is not None}
    if not values:
        raise ValueError(f"it has none of {', '.join(PROPERTIES)}")
    taken = data.get("timestamp")
    if taken is not None and (isinstance(taken, bool) or not isinstance(taken, int) or not EARLIEST_MS <= taken < _LATEST_MS):
        raise ValueError(f"its timestamp {str(taken)[:30]!r} is no integer of Unix milliseconds since this program was made")
    return Heard(f"{panel}/{meter}", encode({"panelId": panel, "meterId": meter, **values}), taken)


def _name(data: dict[str, Any], key: str, of_topic: str) -> str:
    value = data.get(key, of_topic)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value:
        raise ValueError(f"neither its topic nor its {key} names that")
    if of_topic and value != of_topic:
        raise ValueError(f"its {key} '{value}' is another one than its topic's '{of_topic}'")
    return value


def _number(name: str, value: Any) -> float:
    try:
        number = math.nan if isinstance(value, bool) or not isinstance(value, (int, float)) else float(value)
    except OverflowError:  # an integer beyond every float
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"its {name} is no number")
    return number


class Listener:
    """Listens in paho's own thread between ``start`` and ``stop``.

    record: ``record(body, taken, committed)`` hands a reading in; ``committed`` is to be called once it is on the disk.
    """

    def __init__(self, settings: ListenerSettings, record: Callable[[str, int | None, Callable[[], None]], None]) -> None:
        self._settings = settings
        self._record = record
        self._said_bad: set[str] = set()
        self.messages = 0
        self.refused = 0
        self.state = "connecting"
        self.last_error: str | None = None
        # The session lasts, so that the broker keeps what is published while this program is not there.
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=settings.client_id, clean_session=False, manual_ack=True)
        self._client.reconnect_delay_set(1, 30)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_connect_fail = self._on_connect_fail
        self._client.on_message = self._on_message

    def start(self) -> None:
        settings = self._settings
        if settings.user:
            self._client.username_pw_set(settings.user, _password(settings.password_file))
        self._client.connect_async(settings.host, settings.port)
        self._client.loop_start()

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._trouble(f"The local broker {self._peer} refused the listener ({reason}): check listener.user and its password file.")
            return
        self.state, self.last_error = "connected", None
        _LOG.info("Listening to %s for readings below '%s/'.", self._peer, self._settings.topic_prefix)
        client.subscribe(f"{self._settings.topic_prefix}/#", qos=1)

    def _on_disconnect(self, *_more: Any) -> None:
        if self.state == "connected":
            self._trouble(f"The local broker {self._peer} closed the connection: check that it runs (systemctl status mosquitto).")

    def _on_connect_fail(self, *_more: Any) -> None:
        self._trouble(f"The local broker {self._peer} cannot be reached: check that it runs (systemctl status mosquitto).")

    def _trouble(self, sentence: str) -> None:
        self.state = "disconnected"
        if sentence != self.last_error:
            _LOG.warning("%s", sentence)
        self.last_error = sentence

    @property
    def _peer(self) -> str:
        return f"{self._settings.host}:{self._settings.port}"

    def _on_message(self, client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        def committed() -> None:
            client.ack(message.mid, message.qos)

        try:
            heard = understand(message.topic, bytes(message.payload), self._settings.topic_prefix)
        except ValueError as error:
            committed()  # it will not be better next time
            self._refuse(message, str(error))
            return
        except Exception as error:  # whatever a device thinks of: an exception would end paho's thread, and with it the listening
            committed()
            self._refuse(message, f"{type(error).__name__} while it was read")
            return
        self.messages += 1
        self._record(heard.body, heard.taken, committed)

    def _refuse(self, message: paho.MQTTMessage, why: str) -> None:
        self.refused += 1
        try:
            topic = message.topic
        except ValueError:
            topic = "(no UTF-8)"
        # One line for each topic and fault; a flood of topics is cut off.
        line = f"{topic}: {why}"
        if line not in self._said_bad and len(self._said_bad) < 100:
            self._said_bad.add(line)
            _LOG.warning("A message on the local broker's topic '%s' is no reading: %s. Such messages are counted from now on.", topic, why)


def _password(path: pathlib.Path | None) -> str | None:
    return path.read_text(encoding="utf-8").rstrip("\n") if path else None
