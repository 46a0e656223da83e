# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A broker that can be made to misbehave, for tests and benchmarks of the gateway: it records what it confirms."""

from __future__ import annotations

import asyncio
import collections.abc as c
import contextlib
import datetime
import ipaddress
import pathlib
import socket
import ssl
import threading
import time
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from local_cloud.broker import packets


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Authority:
    """Makes certificates: ``ca.pem``, ``server.pem`` and any number of devices' in one folder."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
        self.ca = folder / "ca.pem"
        self.ca.write_bytes(self._certify(self._name, self._key, ca=True).public_bytes(serialization.Encoding.PEM))
        self.server = folder / "server.pem"
        certificate, key = self.device("localhost", "server")
        self.server.write_bytes(certificate.read_bytes() + key.read_bytes())

    def device(self, common_name: str, file: str, *, days: float = 1.0, since_days: float = -1.0) -> tuple[pathlib.Path, pathlib.Path]:
        """Writes ``<file>.pem`` and ``<file>.key``; valid from ``since_days`` to ``days`` from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        certificate = self._certify(name, key, days=days, since_days=since_days)
        paths = self.folder / f"{file}.pem", self.folder / f"{file}.key"
        paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        form = serialization.PrivateFormat.PKCS8
        paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
        return paths

    def _certify(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, ca: bool = False, days: float = 1.0, since_days: float = -1.0
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.timezone.utc)
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + datetime.timedelta(days=since_days))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(self._key, hashes.SHA256())
        )


class FakeBroker:
    """MQTT 3.1.1 on a port of the loopback, over TLS with client certificates if there is an authority.

    Set at any time: ``confirm`` (whether it answers PUBLISH with PUBACK), ``confirm_delay`` (seconds before it does), ``hang_up``
    (True for a packet after which it closes the connection, without an answer).
    """

    def __init__(self, authority: Authority | None = None, port: int | None = None) -> None:
        self.port = port or free_port()
        self.confirm = True
        self.confirm_delay = 0.0
        self.hang_up: c.Callable[[packets.Packet], bool] = lambda _packet: False
        self.messages: list[tuple[str, bytes]] = []  # what it has confirmed
        self.arrived: list[float] = []  # monotonic time of each message
        self.received = 0
        self.logins: list[str] = []
        self.peers: list[dict[str, t.Any]] = []
        self.subscriptions: list[str] = []
        self._authority = authority
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._acknowledged: set[int] = set()

    # ---- from the test's thread

    def up(self) -> FakeBroker:
        """Listens when it returns."""
        self._call(self._up())
        return self

    def down(self) -> None:
        """Closes its port and all connections."""
        self._call(self._down())

    def cut(self) -> None:
        """Closes all connections; new ones are let in."""
        self._call(self._cut())

    def close(self) -> None:
        self.down()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def send(self, topic: str, payload: bytes, packet_id: int, *, retain: bool = False) -> None:
        """To everybody who is connected, with QoS 1."""
        self._call(self._send(packets.publish(packets.Publish(topic, payload, 1, retain=retain, packet_id=packet_id))))

    def acknowledged(self, packet_id: int) -> bool:
        """Whether a client has confirmed what ``send`` has sent."""
        return packet_id in self._acknowledged

    def __enter__(self) -> FakeBroker:
        return self.up()

    def __exit__(self, *_unused: object) -> None:
        self.close()

    def _call(self, coroutine: c.Coroutine[t.Any, t.Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    # ---- in the loop

    async def _up(self) -> None:
        tls = None
        if self._authority:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(self._authority.server)
            tls.load_verify_locations(self._authority.ca)
            tls.verify_mode = ssl.CERT_REQUIRED
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=tls)

    async def _down(self) -> None:
        if self._server:
            self._server.close()
            self._server = None
        await self._cut()

    async def _cut(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _send(self, data: bytes) -> None:
        for writer in self._writers:
            writer.write(data)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        self.peers.append(writer.get_extra_info("peercert") or {})
        decoder = packets.Decoder(1 << 20)
        with contextlib.suppress(ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
            while data := await reader.read(1 << 16):
                for packet in decoder.feed(data):
                    if self.hang_up(packet):
                        writer.transport.abort()
                        return
                    self._answer(packet, writer)
                await writer.drain()
        self._writers.discard(writer)
        writer.close()

    def _answer(self, packet: packets.Packet, writer: asyncio.StreamWriter) -> None:
        if isinstance(packet, packets.Connect):
            self.logins.append(packet.client_id)
            writer.write(packets.connack(packets.ACCEPTED))
        elif isinstance(packet, packets.Publish):
            self.received += 1
            if self.confirm and self.confirm_delay:
                self._loop.call_later(self.confirm_delay, self._confirm, packet, writer)
            elif self.confirm:
                self._confirm(packet, writer)
        elif isinstance(packet, packets.Subscribe):
            self.subscriptions += [topic for topic, _qos in packet.filters]
            writer.write(packets.suback(packet.packet_id, [1] * len(packet.filters)))
        elif isinstance(packet, packets.Acknowledge):
            self._acknowledged.add(packet.packet_id)
        elif isinstance(packet, packets.Simple) and packet.kind == packets.PINGREQ:
            writer.write(packets.pingresp())

    def _confirm(self, packet: packets.Publish, writer: asyncio.StreamWriter) -> None:
        if writer.is_closing():
            return
        self.messages.append((packet.topic, packet.payload))
        self.arrived.append(time.monotonic())
        if packet.qos:
            writer.write(packets.acknowledge(packets.PUBACK, packet.packet_id))
