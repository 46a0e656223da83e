# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""MQTT 3.1.1 on the wire: bytes into packets and packets into bytes. Pure, no I/O.

Source: OASIS MQTT Version 3.1.1. A packet's size is checked before its body is waited for, and nothing is read past its end.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import struct
import typing as t

CONNECT: t.Final = 1
CONNACK: t.Final = 2
PUBLISH: t.Final = 3
PUBACK: t.Final = 4
PUBREC: t.Final = 5
PUBREL: t.Final = 6
PUBCOMP: t.Final = 7
SUBSCRIBE: t.Final = 8
SUBACK: t.Final = 9
UNSUBSCRIBE: t.Final = 10
UNSUBACK: t.Final = 11
PINGREQ: t.Final = 12
PINGRESP: t.Final = 13
DISCONNECT: t.Final = 14

ACCEPTED: t.Final = 0
BAD_PROTOCOL: t.Final = 1
BAD_CLIENT_ID: t.Final = 2
SUBSCRIBE_FAILED: t.Final = 0x80

_FLAGS: t.Final = {PUBREL: 2, SUBSCRIBE: 2, UNSUBSCRIBE: 2}


class ProtocolError(ValueError):
    """Bytes that are no valid MQTT 3.1.1 packet: the connection must be closed."""


@dataclasses.dataclass(frozen=True)
class Will:
    topic: str
    payload: bytes
    qos: int
    retain: bool


@dataclasses.dataclass(frozen=True)
class Connect:
    """protocol: name and level as sent, e.g. ("MQTT", 4). keep_alive: seconds."""

    protocol: tuple[str, int]
    client_id: str
    clean_session: bool
    keep_alive: int
    will: Will | None


@dataclasses.dataclass(frozen=True)
class Publish:
    """packet_id: 0 with QoS 0."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    duplicate: bool = False
    packet_id: int = 0


@dataclasses.dataclass(frozen=True)
class Acknowledge:
    """PUBACK, PUBREC, PUBREL, PUBCOMP and UNSUBACK: kind and packet id."""

    kind: int
    packet_id: int


@dataclasses.dataclass(frozen=True)
class Subscribe:
    """filters: (topic filter, QoS) pairs."""

    packet_id: int
    filters: tuple[tuple[str, int], ...]


@dataclasses.dataclass(frozen=True)
class Unsubscribe:
    packet_id: int
    filters: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Simple:
    """PINGREQ and DISCONNECT."""

    kind: int


Packet = Connect | Publish | Acknowledge | Subscribe | Unsubscribe | Simple


class Decoder:
    """Takes bytes as they arrive and gives whole packets, as a server reads them."""

    def __init__(self, max_size: int) -> None:
        self._max_size = max_size
        self._buffer = bytearray()

    def feed(self, data: bytes) -> c.Iterator[Packet]:
        """The packets that are complete now. Raises ProtocolError."""
        self._buffer += data
        while (frame := self._frame()) is not None:
            start, end = frame
            first, body = self._buffer[0], bytes(self._buffer[start:end])
            del self._buffer[:end]
            yield _packet(first >> 4, first & 15, body)

    def _frame(self) -> tuple[int, int] | None:
        """Where the body of the first packet begins and ends, once it is complete."""
        if not self._buffer:
            return None
        _check_flags(self._buffer[0] >> 4, self._buffer[0] & 15)
        size = 0
        for index in range(1, 5):
            if index >= len(self._buffer):
                return None
            byte = self._buffer[index]
            size |= (byte & 127) << 7 * (index - 1)
            if byte < 128:
                if size > self._max_size:
                    raise ProtocolError(f"a packet of {size} bytes is longer than {self._max_size}")
                end = index + 1 + size
                return (index + 1, end) if end <= len(self._buffer) else None
        raise ProtocolError("the length of a packet takes more than 4 bytes")


class _Body:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def take(self, count: int) -> bytes:
        part = self._data[self._position : self._position + count]
        if len(part) < count:
            raise ProtocolError("a packet ends too early")
        self._position += count
        return part

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def packet_id(self) -> int:
        number = self.number()
        if number == 0:
            raise ProtocolError("a packet id is 0")
        return number

    def binary(self) -> bytes:
        return self.take(self.number())

    def text(self) -> str:
        try:
            text = self.binary().decode()
        except UnicodeDecodeError:
            raise ProtocolError("a string is not UTF-8") from None
        if "\0" in text:
            raise ProtocolError("a string contains a null character")
        return text

    def rest(self) -> bytes:
        return self.take(len(self._data) - self._position)

    @property
    def ended(self) -> bool:
        return self._position == len(self._data)


def _check_flags(kind: int, flags: int) -> None:
    """Of the first byte, so that other protocols than MQTT are told at once."""
    if kind != PUBLISH and flags != _FLAGS.get(kind, 0):
        raise ProtocolError(f"a packet of type {kind} has the flags {flags}")


def _packet(kind: int, flags: int, data: bytes) -> Packet:
    body = _Body(data)
    if kind == PUBLISH:
        return _publish(flags, body)
    packet = _other(kind, body)
    if not body.ended:
        raise ProtocolError(f"a packet of type {kind} is too long")
    return packet


def _publish(flags: int, body: _Body) -> Publish:
    qos = flags >> 1 & 3
    if qos == 3:
        raise ProtocolError("a PUBLISH has QoS 3")
    topic = body.text()
    packet_id = body.packet_id() if qos else 0
    return Publish(topic, body.rest(), qos, bool(flags & 1), bool(flags & 8), packet_id)


def _other(kind: int, body: _Body) -> Packet:
    if kind == CONNECT:
        return _connect(body)
    if kind in (PUBACK, PUBREC, PUBREL, PUBCOMP):
        return Acknowledge(kind, body.packet_id())
    if kind == SUBSCRIBE:
        packet_id = body.packet_id()
        filters: list[tuple[str, int]] = []
        while not body.ended or not filters:
            filters.append((body.text(), body.byte()))
        if any(qos > 2 for _unused, qos in filters):
            raise ProtocolError("a SUBSCRIBE has a QoS above 2")
        return Subscribe(packet_id, tuple(filters))
    if kind == UNSUBSCRIBE:
        packet_id = body.packet_id()
        names: list[str] = []
        while not body.ended or not names:
            names.append(body.text())
        return Unsubscribe(packet_id, tuple(names))
    if kind in (PINGREQ, DISCONNECT):
        return Simple(kind)
    raise ProtocolError(f"a client sends no packets of type {kind}")


def _connect(body: _Body) -> Connect:
    protocol = (body.text(), body.byte())
    if protocol != ("MQTT", 4):
        # What follows has another form in another version; the server only needs to refuse it.
        body.rest()
        return Connect(protocol, "", True, 0, None)
    flags, keep_alive = body.byte(), body.number()
    has_will, qos = bool(flags & 4), flags >> 3 & 3
    if flags & 1 or qos == 3 or (not has_will and flags & 0x38) or (flags & 0xC0) == 0x40:
        raise ProtocolError(f"a CONNECT has the flags {flags:#04x}")
    client_id = body.text()
    will = Will(body.text(), body.binary(), qos, bool(flags & 0x20)) if has_will else None
    if flags & 0x80:
        body.text()  # user name and password carry nothing here: the certificate says who it is
    if flags & 0x40:
        body.binary()
    return Connect(protocol, client_id, bool(flags & 2), keep_alive, will)


# ---- What a server sends


def _framed(first: int, body: bytes) -> bytes:
    size, head = len(body), bytearray([first])
    while True:
        size, low = size >> 7, size & 127
        head.append(low | 128 if size else low)
        if not size:
            return bytes(head) + body


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("!H", len(data)) + data


def connack(code: int, session_present: bool = False) -> bytes:
    return bytes([CONNACK << 4, 2, int(session_present), code])


def publish(packet: Publish) -> bytes:
    first = PUBLISH << 4 | int(packet.duplicate) << 3 | packet.qos << 1 | int(packet.retain)
    identifier = struct.pack("!H", packet.packet_id) if packet.qos else b""
    return _framed(first, _string(packet.topic) + identifier + packet.payload)


def acknowledge(kind: int, packet_id: int) -> bytes:
    return _framed(kind << 4, struct.pack("!H", packet_id))


def suback(packet_id: int, codes: c.Iterable[int]) -> bytes:
    return _framed(SUBACK << 4, struct.pack("!H", packet_id) + bytes(codes))


def pingresp() -> bytes:
    return bytes([PINGRESP << 4, 0])
