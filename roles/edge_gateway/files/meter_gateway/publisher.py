# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Publishes the outbox over MQTT with mutual TLS and QoS 1, one connection after the other, for ever.

paho-mqtt gets a new client for each connection: what is in flight is known here, and goes out again from the outbox.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import logging
import os
import pathlib
import random
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from . import certificate
from .outgoing import Outgoing

CONNECT_SECONDS: Final = 15.0
# Without a confirmation for this long, the connection is taken for dead.
CONFIRM_SECONDS: Final = 30.0
LEAVE_SECONDS: Final = 3.0
BACK_OFF: Final = (1.0, 60.0)
FILES_SECONDS: Final = 5.0
# An unchanged reason is said again after this long; where readings have gone out in between, after this.
REMIND_SECONDS: Final = 3600.0
FLAP_SECONDS: Final = 60.0

_LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class MqttSettings:
    """Where to publish, and as whom. basic_ingest_rule: the rule that gets the messages directly, without the broker's topics."""

    host: str
    port: int
    ca_file: pathlib.Path
    cert_file: pathlib.Path
    key_file: pathlib.Path
    client_id: str
    alpn: str | None = None
    basic_ingest_rule: str | None = None
    keepalive: int = 60


@dataclasses.dataclass(frozen=True)
class State:
    """state: connecting, connected or disconnected. since: Unix seconds. certificate_id: of the certificate in use (AWS's id)."""

    state: str
    since: float
    last_error: str | None = None
    certificate_id: str | None = None


class _Lost(Exception):
    """The connection could not be made, or ended. One sentence."""


class _Renew(Exception):
    """The certificate's files have changed: connect again with the new ones."""


class Publisher:
    """Its own thread: ``run``. confirm: called with the ids of entries that the broker has confirmed."""

    def __init__(
        self,
        settings: MqttSettings,
        topic: str,
        outgoing: Outgoing,
        confirm: Callable[[Iterable[int]], None],
        clock_is_sure: Callable[[], bool],
    ) -> None:
        self._settings = settings
        self._topic = topic
        self._outgoing = outgoing
        self._confirm = confirm
        self._clock_is_sure = clock_is_sure
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_read.setblocking(False)
        self._wake_write.setblocking(False)
        self._random = random.Random()
        self._said: tuple[str, float] = ("", 0.0)
        self._told = False  # whether the log has it that readings do not go out
        self._recovered = False
        self._leave = False
        self.state = State("connecting", time.time())
        self.published = 0
        self.acknowledged = 0

    def wake(self) -> None:
        """There may be something to publish. From any thread."""
        with contextlib.suppress(BlockingIOError, OSError):
            self._wake_write.send(b"\0")

    def stop(self) -> None:
        """Ends ``run`` soon, whatever it is doing but connecting. From any thread."""
        self._leave = True
        self.wake()

    def run(self, stop: threading.Event, alive: Callable[[], None]) -> None:
        delay = BACK_OFF[0]
        while not stop.is_set() and not self._leave:
            alive()
            confirmed = self.acknowledged
            files = self._stamps()
            try:
                self._connection(files, alive)
                continue
            except _Renew:
                _LOG.info("The certificate's files have changed: connecting with the new ones.")
                continue
            except _Lost as lost:
                self._report(str(lost))
            if self.acknowledged > confirmed:
                delay = BACK_OFF[0]
            delay = min(BACK_OFF[1], self._random.uniform(BACK_OFF[0], delay * 3))
            self._sleep(delay, files, alive)

    def _sleep(self, seconds: float, files: list[Any], alive: Callable[[], None]) -> None:
        until = time.monotonic() + seconds
        while not self._leave and (left := until - time.monotonic()) > 0:
            alive()
            select.select([self._wake_read], [], [], min(left, 1.0))
            self._drain_wake()
            if self._stamps() != files:  # somebody has mended them
                return

    def _report(self, reason: str) -> None:
        self.state = State("disconnected", time.time() if self.state.state != "disconnected" else self.state.since, reason)
        said, when = self._said
        if reason != said or time.monotonic() - when > (FLAP_SECONDS if self._recovered else REMIND_SECONDS):
            _LOG.warning("%s Readings stay in the outbox meanwhile.", reason)
            self._said, self._told = (reason, time.monotonic()), True
        self._recovered = False

    # ---- one connection

    def _connection(self, files: list[Any], alive: Callable[[], None]) -> None:
        """Returns when it was told to leave. Raises _Lost or _Renew."""
        if self.state.state == "connected":
            self.state = State("connecting", time.time())
        session = _Session(self._settings, self._clock_is_sure())
        try:
            session.open(alive, lambda: self._leave)
            if self._leave:
                return
            # A broker that lets us in may still hang up at the first message: an error stays until something was confirmed.
            self.state = State("connected", time.time(), self.state.last_error, session.certificate_id)
            if not self.state.last_error:
                _LOG.info("Connected to %s as '%s'.", self._peer, self._settings.client_id)
            self._outgoing.begin(time.monotonic())
            self._serve(session, files, alive)
        finally:
            self._outgoing.end()
            session.close()

    def _serve(self, session: _Session, files: list[Any], alive: Callable[[], None]) -> None:
        look = time.monotonic() + FILES_SECONDS
        while not self._leave:
            alive()
            self._publish_what_may(session)
            pause = self._outgoing.pause(time.monotonic())
            session.turn(1.0 if pause is None else min(1.0, pause), self._wake_read)
            self._drain_wake()
            self._take_confirmations(session)
            now = time.monotonic()
            sent = self._outgoing.oldest_in_flight()
            if sent is not None and now - sent > CONFIRM_SECONDS:
                raise _Lost(f"{self._peer} has confirmed nothing for {CONFIRM_SECONDS:.0f} s: the connection is opened anew.")
            if now >= look:
                look = now + FILES_SECONDS
                if self._stamps() != files and self._new_files_fit():
                    self._finish(session)
                    raise _Renew
        self._finish(session)

    def _publish_what_may(self, session: _Session) -> None:
        while (entry := self._outgoing.next(time.monotonic())) is not None:
            assert entry.taken is not None
            message = session.publish(entry.topic or self._topic, entry.payload)
            self._outgoing.sent(message, entry, time.monotonic())
            self.published += 1

    def _take_confirmations(self, session: _Session) -> None:
        confirmed = [self._outgoing.confirmed(message) for message in session.confirmations()]
        known = [number for number in confirmed if number is not None]
        if known:
            self.acknowledged += len(known)
            self._confirm(known)
            if self.state.last_error:
                if self._told:
                    _LOG.info("%s takes readings again.", self._peer)
                self.state = dataclasses.replace(self.state, last_error=None)
                self._told, self._recovered = False, True

    def _finish(self, session: _Session) -> None:
        """Wait a little for what is in flight: less to be sent twice."""
        until = time.monotonic() + LEAVE_SECONDS
        while self._outgoing.in_flight and (left := until - time.monotonic()) > 0:
            session.turn(left, None)
            self._take_confirmations(session)

    @property
    def _peer(self) -> str:
        return f"{self._settings.host}:{self._settings.port}"

    def _stamps(self) -> list[Any]:
        """Changes when one of the TLS files does."""
        stamps: list[Any] = []
        for path in (self._settings.ca_file, self._settings.cert_file, self._settings.key_file):
            try:
                status = os.stat(path)
                stamps.append((status.st_mtime_ns, status.st_ino, status.st_size))
            except OSError as error:
                stamps.append(error.errno)
        return stamps

    def _new_files_fit(self) -> bool:
        """Key and certificate are replaced one after the other: between the two they do not fit."""
        try:
            _context(self._settings)
        except _Lost:
            return False
        return True

    def _drain_wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wake_read.recv(4096)


class _Session:
    """One MQTT connection, driven by ``turn``."""

    def __init__(self, settings: MqttSettings, clock_is_sure: bool) -> None:
        self._settings = settings
        self._peer = f"{settings.host}:{settings.port}"
        now = datetime.datetime.now(datetime.timezone.utc) if clock_is_sure else None
        self._findings = certificate.findings(settings.cert_file, settings.client_id, now)
        self._confirmed: list[int] = []
        self._answer: str | None = None
        self._unconfirmed_only = True
        self._sent_something = False
        self.certificate_id: str | None = None
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=settings.client_id,
            clean_session=True,
            protocol=paho.MQTTv311,
            reconnect_on_failure=False,
        )
        self._client.connect_timeout = CONNECT_SECONDS
        self._client.max_inflight_messages_set(0)
        self._client.on_connect = self._on_connect
        self._client.on_publish = self._on_publish

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: Any, *_more: Any) -> None:
        self._answer = str(reason)

    def _on_publish(self, _client: Any, _data: Any, message: int, *_more: Any) -> None:
        self._confirmed.append(message)
        self._unconfirmed_only = False

    def open(self, alive: Callable[[], None], leave: Callable[[], bool]) -> None:
        """Returns when the broker has let us in. Raises _Lost."""
        self._client.tls_set_context(_context(self._settings))
        with contextlib.suppress(OSError, ValueError):
            self.certificate_id = certificate.read(self._settings.cert_file).identifier
        try:
            self._client.connect(self._settings.host, self._settings.port, self._settings.keepalive)
        except ssl.SSLCertVerificationError as error:
            raise _Lost(
                f"{self._peer} is not trusted ({error.verify_message}): check the CA file {self._settings.ca_file}, the host name,"
                " and this box's clock."
            ) from error
        except ssl.SSLError as error:
            raise _Lost(f"{self._peer} refused the TLS connection ({error.reason or error}): {self._remedy()}") from error
        except OSError as error:
            raise _Lost(f"{self._peer} cannot be reached ({error.strerror or error}): check the network, DNS and the firewall.") from error
        deadline = time.monotonic() + CONNECT_SECONDS
        while self._answer is None and not leave():
            alive()
            if time.monotonic() >= deadline:
                raise _Lost(f"{self._peer} did not answer within {CONNECT_SECONDS:.0f} s: check that an MQTT broker listens there.")
            self.turn(1.0, None)
        if self._answer not in (None, "Success"):
            raise _Lost(f"{self._peer} refused '{self._settings.client_id}' ({self._answer}): {self._remedy()}")

    def publish(self, topic: str, payload: str) -> int:
        """Puts a message on its way; gives its packet id. Raises _Lost."""
        rule = self._settings.basic_ingest_rule
        sent = self._client.publish(f"$aws/rules/{rule}/{topic}" if rule else topic, payload, qos=1)
        if sent.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise self._lost(sent.rc)
        self._sent_something = True
        return sent.mid

    def confirmations(self) -> list[int]:
        confirmed, self._confirmed = self._confirmed, []
        return confirmed

    def turn(self, seconds: float, wake: socket.socket | None) -> None:
        """Waits for the network (or ``wake``), at most so long, and does what there is to do. Raises _Lost."""
        link = self._client.socket()
        if link is None:
            raise self._lost(MQTTErrorCode.MQTT_ERR_CONN_LOST)
        pending = link.pending() if isinstance(link, ssl.SSLSocket) else 0
        readers = [link] if wake is None else [link, wake]
        readable, writable, _unused = select.select(readers, [link] if self._client.want_write() else [], [], 0 if pending else seconds)
        code = MQTTErrorCode.MQTT_ERR_SUCCESS
        if link in readable or pending:
            code = self._client.loop_read()
        if not code and writable:
            code = self._client.loop_write()
        if not code:
            code = self._client.loop_misc()
        if code:
            raise self._lost(code)

    def _lost(self, code: MQTTErrorCode) -> _Lost:
        if self._answer is None:
            return _Lost(f"{self._peer} closed the connection before it let '{self._settings.client_id}' in: {self._remedy()}")
        if self._sent_something and self._unconfirmed_only:
            return _Lost(
                f"{self._peer} closed the connection at the first message: check that the certificate's policy allows iot:Publish on this topic,"
                f" and that only this gateway connects as '{self._settings.client_id}'."
            )
        return _Lost(
            f"{self._peer} closed the connection: check the network and, if it does so again and again, that no other box connects as"
            f" '{self._settings.client_id}'."
        )

    def _remedy(self) -> str:
        return " ".join(self._findings) or (
            "check that the certificate is active and attached to the thing of that name, and that its policy allows iot:Connect."
        )

    def close(self) -> None:
        if self._answer == "Success":
            self._client.disconnect()
        link = self._client.socket()
        if link is not None:
            with contextlib.suppress(OSError):
                link.close()


def _context(settings: MqttSettings) -> ssl.SSLContext:
    """TLS 1.2 or later, both sides with certificates. Raises _Lost."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(settings.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise _Lost(f"The CA file {settings.ca_file} cannot be used ({_why(error)}): install it again.") from error
    for file in (settings.cert_file, settings.key_file):
        try:
            file.open("rb").close()
        except OSError as error:
            raise _Lost(f"{file} cannot be read ({error.strerror}): install it again, readable for the gateway's user.") from error
    try:
        context.load_cert_chain(settings.cert_file, settings.key_file, password=_no_password)
    except (OSError, ssl.SSLError, ValueError) as error:
        raise _Lost(
            f"The certificate {settings.cert_file} and the key {settings.key_file} cannot be used together ({_why(error)}): install them again."
        ) from error
    if settings.alpn:
        context.set_alpn_protocols([settings.alpn])
    return context


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return error.reason or "not in PEM form"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _no_password() -> str:
    """An encrypted key would make OpenSSL ask on the terminal."""
    raise ValueError("the key is encrypted; a gateway's key has no password")
