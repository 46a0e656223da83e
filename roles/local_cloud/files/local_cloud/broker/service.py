# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The broker as a service: its listener, its threads, and the way of a message.

A message goes through the rules engine, then to retained messages and subscribers, and only then is it acknowledged: what a client
has a PUBACK for survives ``kill -9``.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import dataclasses
import logging
import queue
import ssl
import threading
import typing as t

from local_cloud.broker import topics
from local_cloud.broker.authorization import Authorizer
from local_cloud.broker.connection import Connection
from local_cloud.broker.retained import Retained
from local_cloud.broker.rules.context import Message
from local_cloud.broker.rules.engine import Engine
from local_cloud.broker.sessions import Sessions
from local_cloud.service import Service
from local_cloud.services.iot import authority

if t.TYPE_CHECKING:
    from local_cloud.cloud import Cloud

_ALPN: t.Final = ["mqtt", "x-amzn-mqtt-ca"]
_LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Publication:
    """A message that the broker has accepted from a client, an API call or a rule."""

    message: Message
    qos: int
    retain: bool = False


Submission = tuple[Publication, "asyncio.Future[None]"]


class Broker(Service):
    """MQTT 3.1.1 over TLS with client certificates on 127.0.0.1. It works without listening too: ``publish`` runs rules.

    publish_rate: messages a second that one connection may publish before more are discarded (100 on AWS); 0 is no limit.
    """

    publish_rate: float = 0.0

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self.authorizer = Authorizer(cloud)
        self.sessions = Sessions(cloud.store, cloud.now)
        self.retained = Retained(cloud.store)
        self._engine = Engine(cloud, self._republish)
        self._arrived: list[Submission] = []
        self._inbox: queue.SimpleQueue[list[Submission] | None] = queue.SimpleQueue()
        self._connections: dict[Connection, asyncio.Task[None]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listener: threading.Thread | None = None

    # ---- messages

    def publish(self, *publications: Publication) -> None:
        """Runs the rules, keeps what is retained and gives the messages to their subscribers, in this thread."""
        self._engine.process([publication.message for publication in publications])
        for publication in publications:
            topic, payload = publication.message.topic, publication.message.payload
            if topics.basic_ingest_rule(topic):
                continue
            if publication.retain:
                self.retained.put(topic, payload, publication.qos, publication.message.received)
            self.sessions.route(topic, payload, publication.qos)

    def submit(self, message: Message, qos: int, retain: bool) -> asyncio.Future[None]:
        """Publishes in the broker's own thread; the future is done when that is done for good. Only for the loop's thread.

        Messages that arrive together are handled together: a rule's action may then write them all with one call.
        """
        loop = asyncio.get_running_loop()
        if not self._arrived:
            loop.call_soon(self._pass_on)
        future: asyncio.Future[None] = loop.create_future()
        self._arrived.append((Publication(message, qos, retain), future))
        return future

    def _pass_on(self) -> None:
        if self._arrived:
            self._inbox.put(self._arrived)
            self._arrived = []

    def disconnect_certificate(self, certificate_id: str) -> None:
        """Closes the connections of a certificate that is no longer active."""
        loop = self._loop
        if loop is not None:
            loop.call_soon_threadsafe(self._close_certificate, certificate_id)

    def _close_certificate(self, certificate_id: str) -> None:
        for connection in list(self._connections):
            if connection.certificate_id == certificate_id:
                connection.close("AUTH_ERROR: the certificate is no longer active")

    def _republish(self, message: Message, qos: int) -> None:
        if problem := topics.name_problem(message.topic):
            raise ValueError(f"The topic '{message.topic}' of the republish action {problem}")
        self.publish(Publication(message, qos))

    def _dispatch(self, loop: asyncio.AbstractEventLoop) -> None:
        while (batch := self._inbox.get()) is not None:
            error: Exception | None = None
            try:
                self.publish(*(publication for publication, _unused in batch))
            except Exception as caught:  # nothing may end this thread; the clients hear of it by their futures
                error = caught
            # A loop that has ended has no clients left who wait for an acknowledgement.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(_finish, batch, error)

    # ---- the listener

    def start(self) -> None:
        """Listens when it returns. Raises OSError with one sentence if the port is taken."""
        ready: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._listener = threading.Thread(target=self._listen, args=(self._tls(), ready), name="broker", daemon=True)
        self._listener.start()
        try:
            ready.result()
        except OSError as error:
            port = self.cloud.settings.mqtt_port
            raise OSError(
                error.errno, f"MQTT cannot listen on 127.0.0.1:{port}: {error.strerror}; choose another port or free it"
            ) from error

    def stop(self) -> None:
        """Closes all connections, handles what has been submitted, and ends the threads."""
        loop, self._loop = self._loop, None
        if loop is not None and self._listener is not None:
            loop.call_soon_threadsafe(self._stopping.set)
            self._listener.join()

    def _tls(self) -> ssl.SSLContext:
        home = self.cloud.settings.home
        chain = home / "broker.pem"
        authority.load(home).server(chain)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(home / "ca.pem")
        context.load_cert_chain(chain)
        context.set_alpn_protocols(_ALPN)
        return context

    def _listen(self, tls: ssl.SSLContext, ready: concurrent.futures.Future[None]) -> None:
        try:
            asyncio.run(self._serve(tls, ready))
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    async def _serve(self, tls: ssl.SSLContext, ready: concurrent.futures.Future[None]) -> None:
        loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        server = await asyncio.start_server(self._accept, "127.0.0.1", self.cloud.settings.mqtt_port, ssl=tls, ssl_handshake_timeout=30)
        dispatcher = threading.Thread(target=self._dispatch, args=(loop,), name="broker-rules", daemon=True)
        dispatcher.start()
        self._loop = loop
        ready.set_result(None)
        await self._stopping.wait()
        server.close()
        for connection in list(self._connections):
            connection.close("SERVER_INITIATED_DISCONNECT")
        if self._connections:
            await asyncio.wait(self._connections.values(), timeout=5)
        self._pass_on()
        self._inbox.put(None)
        await asyncio.to_thread(dispatcher.join)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        if certificate is None or not self.authorizer.is_active(certificate):
            _LOG.warning("a client's certificate is not registered or not active: the connection is closed")
            writer.close()
            return
        connection = Connection(self, reader, writer, certificate)
        task = asyncio.current_task()
        if task is not None:
            self._connections[connection] = task
        try:
            await connection.run()
        finally:
            del self._connections[connection]


def _finish(batch: list[Submission], error: Exception | None) -> None:
    for _unused, future in batch:
        if future.cancelled():
            continue
        future.set_result(None) if error is None else future.set_exception(error)
