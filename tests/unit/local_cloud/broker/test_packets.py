# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The MQTT wire format."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local_cloud.broker import packets
from local_cloud.broker.packets import Acknowledge, Connect, Decoder, ProtocolError, Publish, Simple, Subscribe, Unsubscribe, Will

MAX = 200_000


def text(value: str) -> bytes:
    return struct.pack("!H", len(value.encode())) + value.encode()


def frame(first: int, body: bytes) -> bytes:
    size, head = len(body), bytearray([first])
    while True:
        size, low = divmod(size, 128)
        head.append(low | (128 if size else 0))
        if not size:
            return bytes(head) + body


CONNECT = frame(0x10, text("MQTT") + bytes([4, 0xEE, 0, 60]) + text("gw-1") + text("will/t") + text("bye") + text("user") + text("pass"))
EXAMPLES = [
    (CONNECT, Connect(("MQTT", 4), "gw-1", True, 60, Will("will/t", b"bye", 1, True))),
    (frame(0x10, text("MQTT") + bytes([4, 0, 0, 0]) + text("a")), Connect(("MQTT", 4), "a", False, 0, None)),
    (frame(0x10, text("MQTT") + bytes([0x84, 2, 0, 0]) + text("a")), Connect(("MQTT", 0x84), "", True, 0, None)),
    (frame(0x30, text("t") + b"hello"), Publish("t", b"hello")),
    (frame(0x3B, text("t") + b"\x00\x07" + b"hello"), Publish("t", b"hello", 1, retain=True, duplicate=True, packet_id=7)),
    (frame(0x32, text("t") + b"\x00\x07" + b"x" * 100_000), Publish("t", b"x" * 100_000, 1, packet_id=7)),
    (frame(0x40, b"\x01\x00"), Acknowledge(packets.PUBACK, 256)),
    (frame(0x62, b"\x00\x01"), Acknowledge(packets.PUBREL, 1)),
    (frame(0x82, b"\x00\x02" + text("a/#") + b"\x01" + text("b") + b"\x00"), Subscribe(2, (("a/#", 1), ("b", 0)))),
    (frame(0xA2, b"\x00\x03" + text("a/#")), Unsubscribe(3, ("a/#",))),
    (b"\xc0\x00", Simple(packets.PINGREQ)),
    (b"\xe0\x00", Simple(packets.DISCONNECT)),
]


@pytest.mark.parametrize(("data", "packet"), EXAMPLES)
def test_decodes(data: bytes, packet: packets.Packet) -> None:
    assert list(Decoder(MAX).feed(data)) == [packet]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(min_value=1, max_value=400), max_size=30))
def test_however_the_bytes_are_cut(cuts: list[int]) -> None:
    data = b"".join(example for example, _ in EXAMPLES if len(example) < 1000)
    decoder, found, position = Decoder(MAX), [], 0
    for cut in [*cuts, len(data)]:
        found += list(decoder.feed(data[position : position + cut]))
        position += cut
    assert found == [packet for example, packet in EXAMPLES if len(example) < 1000]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(frame(0x36, text("t") + b"\x00\x07"), id="QoS 3"),
        pytest.param(frame(0x32, text("t") + b"\x00\x00"), id="packet id 0"),
        pytest.param(frame(0x30, b"\x00\x09t"), id="text past the end"),
        pytest.param(frame(0x30, b"\x00\x01\xff"), id="not UTF-8"),
        pytest.param(frame(0x30, b"\x00\x01\x00"), id="null character"),
        pytest.param(frame(0x80, b"\x00\x02" + text("a") + b"\x00"), id="SUBSCRIBE flags"),
        pytest.param(frame(0x82, b"\x00\x02"), id="SUBSCRIBE of nothing"),
        pytest.param(frame(0x82, b"\x00\x02" + text("a") + b"\x03"), id="SUBSCRIBE QoS 3"),
        pytest.param(frame(0x10, text("MQTT") + bytes([4, 1, 0, 0]) + text("a")), id="CONNECT reserved flag"),
        pytest.param(frame(0x10, text("MQTT") + bytes([4, 0x40, 0, 0]) + text("a")), id="password without user"),
        pytest.param(frame(0x10, text("MQTT") + bytes([4, 2, 0, 0]) + text("a") + b"x"), id="CONNECT too long"),
        pytest.param(frame(0x20, b"\x00\x00"), id="CONNACK from a client"),
        pytest.param(b"\x00\x00", id="type 0"),
        pytest.param(b"\x30\xff\xff\xff\xff\x01", id="length of 5 bytes"),
        pytest.param(b"\x30\xff\xff\x7f", id="larger than allowed"),
    ],
)
def test_refuses(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        list(Decoder(MAX).feed(data))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_packets_or_refused(data: bytes) -> None:
    decoder = Decoder(MAX)
    try:
        found = list(decoder.feed(data))
    except ProtocolError:
        return
    assert len(found) <= len(data) // 2


@settings(max_examples=100, deadline=None)
@given(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=50),
    st.binary(max_size=300),
    st.booleans(),
)
def test_publishes_go_round(topic: str, payload: bytes, retain: bool) -> None:
    packet = Publish(topic, payload, 1, retain, packet_id=77)
    assert list(Decoder(MAX).feed(packets.publish(packet))) == [packet]


def test_answers() -> None:
    assert packets.connack(packets.ACCEPTED, session_present=True) == b"\x20\x02\x01\x00"
    assert packets.acknowledge(packets.PUBACK, 513) == b"\x40\x02\x02\x01"
    assert packets.suback(1, [1, packets.SUBSCRIBE_FAILED]) == b"\x90\x04\x00\x01\x01\x80"
    assert packets.pingresp() == b"\xd0\x00"
