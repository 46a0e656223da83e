# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One client's connection: what AWS IoT Core answers to each packet, and when it hangs up.

Source: MQTT 3.1.1 and "AWS IoT differences from MQTT version 3.1.1 specification". Where AWS closes the connection without a word
(an action that no policy allows, a reserved topic, QoS 2), so does this one; the reason goes to the log.
"""

from __future__ import annotations

import asyncio
import collections
import collections.abc as c
import contextlib
import logging
import time
import typing as t
import uuid

from local_cloud.broker import packets, topics
from local_cloud.broker.authorization import Identity
from local_cloud.broker.packets import ProtocolError
from local_cloud.broker.rules.context import Message
from local_cloud.broker.sessions import Delivery

if t.TYPE_CHECKING:
    from local_cloud.broker.service import Broker

MAX_PAYLOAD: t.Final = 128 * 1024
MAX_PACKET: t.Final = MAX_PAYLOAD + 4096
MAX_CLIENT_ID: t.Final = 128
MAX_FILTERS: t.Final = 8
MAX_IN_FLIGHT: t.Final = 100
CONNECT_SECONDS: t.Final = 30.0
KEEP_ALIVE: t.Final = (30, 1200)  # seconds; AWS takes the nearer end for a value outside

_LOG = logging.getLogger(__name__)


class Refused(Exception):
    """The connection is closed; the text says why, in AWS's words for disconnect reasons where it has one."""


def patience(keep_alive: int) -> float:
    """Seconds of silence after which a client is given up: one and a half keep-alive intervals."""
    least, most = KEEP_ALIVE
    return 1.5 * (min(max(keep_alive, least), most) if keep_alive else most)


class Connection:
    """Serves one TLS connection until it ends. ``deliver`` and ``close`` may be called from any thread."""

    def __init__(self, broker: Broker, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, certificate: bytes) -> None:
        self._broker = broker
        self._reader = reader
        self._writer = writer
        self._loop = asyncio.get_running_loop()
        self._decoder = packets.Decoder(MAX_PACKET)
        self._identity = Identity(certificate, "", writer.get_extra_info("peername")[0])
        self._will: packets.Will | None = None
        self._silence = CONNECT_SECONDS
        self._unfinished: collections.deque[tuple[int, asyncio.Future[None]]] = collections.deque()
        self._in_flight: dict[int, Delivery] = {}
        self._backlog: collections.deque[Delivery] = collections.deque()
        self._last_id = 0
        self._recent: collections.deque[float] = collections.deque()

    @property
    def certificate_id(self) -> str:
        return self._identity.certificate_id

    @property
    def client_id(self) -> str:
        return self._identity.client_id

    async def run(self) -> None:
        """Returns when the connection has ended, for whatever reason, and its session is closed."""
        reason = "CONNECTION_LOST"
        try:
            await self._serve()
            reason = "CLIENT_INITIATED_DISCONNECT"
            self._will = None
        except (Refused, ProtocolError) as refusal:
            reason = str(refusal)
        except (TimeoutError, asyncio.TimeoutError):
            reason = "MQTT_KEEP_ALIVE_TIMEOUT"
        except (ConnectionError, asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self._writer.close()
            _LOG.info("client '%s' (certificate %.8s) disconnected: %s", self.client_id, self.certificate_id, reason)
            if self.client_id:
                self._broker.sessions.close(self.client_id, self)
                self._publish_will()

    # ---- from other threads

    def deliver(self, delivery: Delivery) -> None:
        self._soon(self._send, delivery)

    def close(self, reason: str) -> None:
        _LOG.info("closing the connection of client '%s': %s", self.client_id, reason)
        self._soon(self._writer.close)

    def _soon(self, call: c.Callable[..., None], *arguments: t.Any) -> None:
        # A loop that has ended has closed its connections.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call, *arguments)

    # ---- packets in

    async def _serve(self) -> None:
        """Until the client says goodbye. Raises Refused, ProtocolError, TimeoutError or ConnectionError otherwise."""
        while True:
            data = await asyncio.wait_for(self._reader.read(1 << 16), self._silence)
            if not data:
                raise ConnectionResetError
            for packet in self._decoder.feed(data):
                if isinstance(packet, packets.Simple) and packet.kind == packets.DISCONNECT:
                    await self._settle()
                    return
                await self._handle(packet)
            await self._writer.drain()

    async def _settle(self) -> None:
        """A client may say goodbye before its acknowledgements are out; its messages are handled all the same."""
        while self._unfinished:
            await asyncio.wait([self._unfinished[-1][1]])
            self._acknowledge()

    async def _handle(self, packet: packets.Packet) -> None:
        if not self.client_id:
            if not isinstance(packet, packets.Connect):
                raise Refused("CLIENT_ERROR: the first packet is not CONNECT")
            self._connect(packet)
        elif isinstance(packet, packets.Publish):
            await self._publish(packet)
        elif isinstance(packet, packets.Acknowledge):
            self._acknowledged(packet)
        elif isinstance(packet, packets.Subscribe):
            self._subscribe(packet)
        elif isinstance(packet, packets.Unsubscribe):
            self._unsubscribe(packet)
        elif isinstance(packet, packets.Simple):
            self._writer.write(packets.pingresp())
        else:
            raise Refused("CLIENT_ERROR: a second CONNECT on the same connection")

    def _connect(self, packet: packets.Connect) -> None:
        if packet.protocol != ("MQTT", 4):
            self._writer.write(packets.connack(packets.BAD_PROTOCOL))
            raise Refused(f"CLIENT_ERROR: protocol {packet.protocol[0]} level {packet.protocol[1]}; only MQTT 3.1.1 is implemented here")
        client_id = packet.client_id
        if not client_id and packet.clean_session:
            client_id = f"$GEN/{uuid.uuid4()}"
        elif not client_id or client_id.startswith("$") or len(client_id.encode()) > MAX_CLIENT_ID:
            self._writer.write(packets.connack(packets.BAD_CLIENT_ID))
            raise Refused(f"CLIENT_ERROR: the client id '{client_id}' is empty, reserved or longer than {MAX_CLIENT_ID} bytes")
        if packet.will is not None:
            _check_will(packet.will)
        identity = Identity(self._identity.certificate, client_id, self._identity.address)
        asked = ([] if packet.clean_session else ["PersistentConnect"]) + (["LastWill"] if packet.will else [])
        if not self._broker.authorizer.may_connect(identity, asked):
            raise Refused(f"AUTH_ERROR: no policy allows iot:Connect with the client id '{client_id}'")
        self._identity, self._will, self._silence = identity, packet.will, patience(packet.keep_alive)
        present, waiting = self._broker.sessions.open(client_id, self, clean=packet.clean_session)
        self._writer.write(packets.connack(packets.ACCEPTED, present))
        _LOG.info("client '%s' (certificate %.8s) connected", client_id, self.certificate_id)
        for delivery in waiting:
            self._send(delivery)

    async def _publish(self, packet: packets.Publish) -> None:
        if packet.qos == 2:
            raise Refused("CLIENT_ERROR: QoS 2 is not supported")
        if problem := topics.name_problem(packet.topic):
            raise Refused(f"CLIENT_ERROR: the topic '{packet.topic}' {problem}")
        if packet.retain and packet.topic.startswith("$"):
            raise Refused(f"CLIENT_ERROR: a message on the reserved topic '{packet.topic}' cannot be retained")
        if len(packet.payload) > MAX_PAYLOAD:
            raise Refused(f"CLIENT_ERROR: a payload of {len(packet.payload)} bytes is larger than {MAX_PAYLOAD}")
        if not self._broker.authorizer.may_publish(self._identity, packet.topic, retain=packet.retain):
            raise Refused(
                f"AUTH_ERROR: no policy allows iot:Publish{' and iot:RetainPublish' * packet.retain} on the topic '{packet.topic}'"
            )
        if self._throttled():
            _LOG.warning("client '%s' publishes too fast: a message is discarded", self.client_id)
            return
        future = self._submit(packet.topic, packet.payload, packet.qos, packet.retain)
        self._unfinished.append((packet.packet_id, future))
        future.add_done_callback(self._acknowledge)
        while len(self._unfinished) >= MAX_IN_FLIGHT:
            await asyncio.wait([self._unfinished[0][1]])
            self._acknowledge()

    def _throttled(self) -> bool:
        """More than ``publish_rate`` messages within a second."""
        limit = self._broker.publish_rate
        if not limit:
            return False
        now = time.monotonic()
        while self._recent and self._recent[0] <= now - 1:
            self._recent.popleft()
        if len(self._recent) >= limit:
            return True
        self._recent.append(now)
        return False

    def _submit(self, topic: str, payload: bytes, qos: int, retain: bool) -> asyncio.Future[None]:
        message = Message(
            topic=topic,
            payload=payload,
            client_id=self.client_id,
            principal=self.certificate_id,
            received=int(self._broker.cloud.now() * 1000),
            trace_id=str(uuid.uuid4()),
        )
        return self._broker.submit(message, qos, retain)

    def _acknowledge(self, _unused: object = None) -> None:
        """PUBACKs in the order of the messages, each after its message has been handled for good."""
        while self._unfinished and self._unfinished[0][1].done():
            packet_id, future = self._unfinished.popleft()
            error = None if future.cancelled() else future.exception()
            if error is not None:  # not handled, so not acknowledged: the client will send it again
                _LOG.error("a message of client '%s' was not handled", self.client_id, exc_info=error)
                self.close(f"SERVER_ERROR: {error}")
            elif packet_id and not self._writer.is_closing():
                self._writer.write(packets.acknowledge(packets.PUBACK, packet_id))

    def _subscribe(self, packet: packets.Subscribe) -> None:
        if len(packet.filters) > MAX_FILTERS:
            raise Refused(f"CLIENT_ERROR: a SUBSCRIBE has {len(packet.filters)} topic filters; {MAX_FILTERS} is the maximum")
        codes: list[int] = []
        granted: list[str] = []
        for topic_filter, qos in packet.filters:
            if qos == 2:
                raise Refused("CLIENT_ERROR: QoS 2 is not supported")
            if topic_filter.startswith("$"):
                raise Refused(f"CLIENT_ERROR: nobody can subscribe to the reserved topic '{topic_filter}' here")
            if problem := topics.filter_problem(topic_filter):
                raise Refused(f"CLIENT_ERROR: the topic filter '{topic_filter}' {problem}")
            allowed = self._broker.authorizer.may_subscribe(self._identity, topic_filter)
            if not allowed:
                _LOG.warning("AUTH_ERROR: no policy allows client '%s' iot:Subscribe on '%s'", self.client_id, topic_filter)
            if allowed and self._broker.sessions.subscribe(self.client_id, topic_filter, qos):
                codes.append(qos)
                granted.append(topic_filter)
            else:
                codes.append(packets.SUBSCRIBE_FAILED)
        self._writer.write(packets.suback(packet.packet_id, codes))
        for topic_filter, code in zip(granted, (code for code in codes if code != packets.SUBSCRIBE_FAILED), strict=True):
            self._send_retained(topic_filter, code)

    def _send_retained(self, topic_filter: str, qos: int) -> None:
        """As on AWS, a filter with a wildcard gets no retained messages."""
        if topics.has_wildcard(topic_filter):
            return
        retained = self._broker.retained.get(topic_filter)
        if retained is not None:
            self._send(Delivery(retained.topic, retained.payload, min(qos, retained.qos), retain=True))

    def _unsubscribe(self, packet: packets.Unsubscribe) -> None:
        for topic_filter in packet.filters:
            if topic_filter.startswith("$"):
                raise Refused(f"CLIENT_ERROR: UNSUBSCRIBE on the reserved topic '{topic_filter}'")
            self._broker.sessions.unsubscribe(self.client_id, topic_filter)
        self._writer.write(packets.acknowledge(packets.UNSUBACK, packet.packet_id))

    def _acknowledged(self, packet: packets.Acknowledge) -> None:
        if packet.kind != packets.PUBACK:
            raise Refused("CLIENT_ERROR: QoS 2 is not supported")
        delivery = self._in_flight.pop(packet.packet_id, None)
        if delivery is not None and delivery.key is not None:
            self._broker.sessions.acknowledged(delivery.key)
        if self._backlog:
            self._send(self._backlog.popleft())

    # ---- packets out

    def _send(self, delivery: Delivery) -> None:
        """In the loop's thread. No more than ``MAX_IN_FLIGHT`` messages of QoS 1 wait for the client's acknowledgement."""
        if self._writer.is_closing():
            return
        if not self._broker.authorizer.may_receive(self._identity, delivery.topic):
            _LOG.warning("AUTH_ERROR: no policy allows client '%s' iot:Receive on '%s'", self.client_id, delivery.topic)
            if delivery.key is not None:
                self._broker.sessions.acknowledged(delivery.key)
            return
        if not delivery.qos:
            self._writer.write(packets.publish(packets.Publish(delivery.topic, delivery.payload, 0, delivery.retain)))
        elif len(self._in_flight) >= MAX_IN_FLIGHT:
            self._backlog.append(delivery)
        else:
            packet_id = self._next_id()
            self._in_flight[packet_id] = delivery
            self._writer.write(packets.publish(packets.Publish(delivery.topic, delivery.payload, 1, delivery.retain, packet_id=packet_id)))

    def _next_id(self) -> int:
        while True:
            self._last_id = self._last_id % 0xFFFF + 1
            if self._last_id not in self._in_flight:
                return self._last_id

    def _publish_will(self) -> None:
        will = self._will
        if will is None:
            return
        if self._broker.authorizer.may_publish(self._identity, will.topic, retain=will.retain):
            self._submit(will.topic, will.payload, will.qos, will.retain)
        else:
            _LOG.warning("AUTH_ERROR: no policy allows client '%s' its will message on '%s'", self.client_id, will.topic)


def _check_will(will: packets.Will) -> None:
    problem = topics.name_problem(will.topic)
    if will.qos == 2:
        problem = "has QoS 2, which is not supported"
    if will.retain and will.topic.startswith("$"):
        problem = "is reserved: no message can be retained on it"
    if len(will.payload) > MAX_PAYLOAD:
        problem = f"has a payload larger than {MAX_PAYLOAD} bytes"
    if problem:
        raise Refused(f"CLIENT_ERROR: the will message's topic '{will.topic}' {problem}")
