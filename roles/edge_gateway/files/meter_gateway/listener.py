# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Readings that other devices publish by MQTT to a broker on this box or its LAN: they go into the same outbox.

A device publishes a JSON object to ``<topic_prefix>/<panel>/<meter>``, or to any topic below the prefix with ``panelId`` and
``meterId`` in the object; or what it is used to, where the configuration says how to read that (``sources``). The broker gets its
acknowledgement once the reading is on the disk, and keeps what comes meanwhile.
"""

from __future__ import annotations

import logging
import pathlib
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from .config import ListenerSettings
from .heard import understand

_LOG = logging.getLogger(__name__)


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
        self.last_refused: str | None = None  # its topic, and why
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
            try:
                password = _password(settings.password_file)
            except (OSError, ValueError) as error:
                why = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
                self._trouble(
                    f"The listener's password file {settings.password_file} cannot be read: {why}. Mend it, and start the gateway again."
                )
                return
            self._client.username_pw_set(settings.user, password)
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
        topics = self._topics()
        _LOG.info("Listening to %s for readings on %s.", self._peer, ", ".join(topics))
        client.subscribe([(topic, 1) for topic in topics])

    def _topics(self) -> list[str]:
        """Those below the prefix, and the sources' own. None twice: a broker may send a message for each that fits."""
        below = f"{self._settings.topic_prefix}/"
        return [f"{below}#", *(source.filter for source in self._settings.sources if not source.filter.startswith(below))]

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
            heard = understand(message.topic, bytes(message.payload), self._settings.topic_prefix, self._settings.sources)
            if message.retain and heard.taken is None:
                raise ValueError("the broker has kept it since nobody knows when, and it does not say itself")
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
            # A device may name its topics as it likes, also with what a terminal takes for commands.
            topic = "".join(letter if letter.isprintable() else "?" for letter in message.topic)
        except ValueError:
            topic = "(no UTF-8)"
        # One line for each topic and fault; a flood of topics is cut off.
        line = self.last_refused = f"{topic}: {why}"
        if line not in self._said_bad and len(self._said_bad) < 100:
            self._said_bad.add(line)
            _LOG.warning("A message on the local broker's topic '%s' is no reading: %s. Such messages are counted from now on.", topic, why)


def _password(path: pathlib.Path | None) -> str | None:
    return path.read_text(encoding="utf-8").rstrip("\n") if path else None
