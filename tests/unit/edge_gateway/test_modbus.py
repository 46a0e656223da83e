# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests and answers byte by byte: only the answer to a request is taken for it, and doubt ends the connection."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meter_gateway.line import MOST_DRAINED, drain
from meter_gateway.modbus import BadAnswer, Connection, NoAnswer, NoConnection, Refused
from meter_gateway.settings import BusSettings, Transport

# From Eastron's document (SDM630-Modbus protocol, V2.0, "Read input registers"): volts of phase 1 of meter 1.
RTU_REQUEST = "01 04 00 00 00 02 71 CB"
RTU_ANSWER = "01 04 04 43 66 33 34 1B 38"
TCP_REQUEST = "00 01 00 00 00 06 01 04 00 00 00 02"
TCP_ANSWER = "00 01 00 00 00 07 01 04 04 43 66 33 34"
WORDS = [0x4366, 0x3334]

SILENCE = ""


class ScriptedLine:
    """A line on which each call of receive gets the next part of a script; SILENCE, and the end, is nothing until the deadline."""

    def __init__(self, script: list[str]) -> None:
        self.script = [bytes.fromhex(part) for part in script]
        self.sent: list[str] = []
        self.received = 0
        self.closed = False

    def send(self, data: bytes) -> None:
        self.sent.append(data.hex(" ").upper())

    def receive(self, deadline: float) -> bytes:
        if not self.sent and not self.script:
            return b""
        self.received += 1
        return self.script.pop(0) if self.script else b""

    def close(self) -> None:
        self.closed = True


class Lines:
    """Hands out scripted lines, one for each time that the connection is opened."""

    def __init__(self, transport: Transport, *scripts: list[str]) -> None:
        # What is on an RTU line before a request is thrown away: a script starts behind that.
        self.opened: list[ScriptedLine] = []
        self._scripts = [list(script) for script in scripts]
        self.settings = BusSettings("hall", transport, host="meter", device="/dev/ttyX", timeout_seconds=0.01, pause_seconds=0)

    def open(self, _settings: BusSettings) -> ScriptedLine:
        self.opened.append(ScriptedLine(self._scripts[len(self.opened)]))
        return self.opened[-1]

    def connection(self) -> Connection:
        return Connection(self.settings, self.open)


def rtu(*scripts: list[str]) -> Lines:
    return Lines("rtu_over_tcp", *([SILENCE, *script] for script in scripts))


def tcp(*scripts: list[str]) -> Lines:
    return Lines("tcp", *scripts)


def test_an_rtu_request_and_its_answer() -> None:
    lines = rtu([RTU_ANSWER])
    assert lines.connection().read(1, "input", 0, 2) == WORDS
    assert lines.opened[0].sent == [RTU_REQUEST]


def test_a_tcp_request_and_its_answer() -> None:
    lines = tcp([TCP_ANSWER])
    assert lines.connection().read(1, "input", 0, 2) == WORDS
    assert lines.opened[0].sent == [TCP_REQUEST]


def test_a_meter_at_the_end_of_a_tcp_connection_has_unit_id_255() -> None:
    lines = tcp(["00 01 00 00 00 07 FF 04 04 43 66 33 34"])
    assert lines.connection().read(255, "input", 0, 2) == WORDS
    assert lines.opened[0].sent == ["00 01 00 00 00 06 FF 04 00 00 00 02"]


def test_holding_registers_have_a_function_of_their_own() -> None:
    lines = tcp(["00 01 00 00 00 05 07 03 02 12 34"])
    assert lines.connection().read(7, "holding", 0x1000, 1) == [0x1234]
    assert lines.opened[0].sent == ["00 01 00 00 00 06 07 03 10 00 00 01"]


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_an_answer_may_come_in_pieces(size: int) -> None:
    for lines, answer in ((rtu, RTU_ANSWER), (tcp, TCP_ANSWER)):
        content = bytes.fromhex(answer)
        pieces = [content[start : start + size].hex() for start in range(0, len(content), size)]
        assert lines(pieces).connection().read(1, "input", 0, 2) == WORDS


def test_an_adapter_that_hears_itself_does_no_harm() -> None:
    assert rtu([RTU_REQUEST, RTU_ANSWER]).connection().read(1, "input", 0, 2) == WORDS
    assert rtu([RTU_REQUEST + RTU_ANSWER]).connection().read(1, "input", 0, 2) == WORDS
    assert rtu([RTU_REQUEST[:17], RTU_REQUEST[17:] + RTU_ANSWER]).connection().read(1, "input", 0, 2) == WORDS


@pytest.mark.parametrize(("lines", "answer"), [(rtu, "01 84 02 C2 C1"), (tcp, "00 01 00 00 00 03 01 84 02")])
def test_an_exception_leaves_the_connection_as_it_is(lines: t.Callable[[list[str]], Lines], answer: str) -> None:
    script = lines([answer])
    with pytest.raises(Refused, match="exception 2, illegal data address") as caught:
        script.connection().read(1, "input", 0, 2)
    assert caught.value.code == 2
    assert not script.opened[0].closed


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        ("01 04 04 43 66 33 34 1B 39", "the checksum is wrong"),
        ("01 04 04 43 66 33 35 1B 38", "the checksum is wrong"),
        ("02 04 04 43 66 33 34 28 38", "unit 2 answered in place of unit 1"),
        ("01 03 04 43 66 33 34 1A 8F", "the answer is to another function"),
        ("01 04 02 43 66 08 2A", "1 registers came where 2 were asked for"),
        ("01 04 04 43 66 33 34 1B 38 00", "more bytes came than an answer has"),
        ("01 04 04 43 66", "the answer is cut off"),
        ("00 00 00 00 00 00", "unit 0 answered|checksum is wrong|more bytes"),
    ],
)
def test_what_is_wrong_with_an_rtu_answer_is_said_and_ends_the_connection(answer: str, what: str) -> None:
    lines = rtu([answer], [SILENCE, RTU_ANSWER])
    connection = lines.connection()
    with pytest.raises(BadAnswer, match=what):
        connection.read(1, "input", 0, 2)
    assert lines.opened[0].closed
    assert connection.read(1, "input", 0, 2) == WORDS
    assert len(lines.opened) == 2


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        ("00 01 00 01 00 07 01 04 04 43 66 33 34", "no Modbus TCP"),
        ("00 01 00 00 FF FF 01 04 04 43 66 33 34", "no Modbus TCP"),
        ("48 54 54 50 2F 31 2E 31", "no Modbus TCP"),
        ("00 01 00 00 00 07 02 04 04 43 66 33 34", "unit 2 answered in place of unit 1"),
        ("00 01 00 00 00 07 01 03 04 43 66 33 34", "another function"),
        ("00 01 00 00 00 05 01 04 02 43 66", "1 registers came where 2 were asked for"),
        ("00 01 00 00 00 07 01 04 06 43 66 33 34", "garbled"),
    ],
)
def test_what_is_wrong_with_a_tcp_answer_is_said_and_ends_the_connection(answer: str, what: str) -> None:
    lines = tcp([answer], [])
    with pytest.raises(BadAnswer, match=what):
        lines.connection().read(1, "input", 0, 2)
    assert lines.opened[0].closed


def test_a_late_tcp_answer_is_told_by_its_transaction_id() -> None:
    # The answer to transaction 1 comes when transaction 2 has been asked: same unit, same length, other registers.
    lines = tcp([TCP_ANSWER, TCP_ANSWER, "00 02 00 00 00 07 01 04 04 00 00 00 05"])
    connection = lines.connection()
    assert connection.read(1, "input", 0, 2) == WORDS
    assert connection.read(1, "input", 6, 2) == [0, 5]


def test_a_late_rtu_answer_before_the_next_request_is_thrown_away() -> None:
    lines = Lines("rtu", [SILENCE, RTU_ANSWER, RTU_ANSWER, SILENCE, "01 04 04 00 00 00 05 3B 87"])
    connection = lines.connection()
    assert connection.read(1, "input", 0, 2) == WORDS
    assert connection.read(1, "input", 6, 2) == [0, 5]


@pytest.mark.parametrize("transport", ["tcp", "rtu_over_tcp", "rtu"])
def test_the_late_answer_of_a_converter_on_a_new_connection_is_thrown_away(transport: Transport) -> None:
    answer = "00 02 00 00 00 07 01 04 04 00 00 00 05" if transport == "tcp" else "01 04 04 00 00 00 05 3B 87"
    late = "00 02 00 00 00 07 01 04 04 43 66 33 34" if transport == "tcp" else RTU_ANSWER
    drained = [SILENCE] if transport == "tcp" else [SILENCE, SILENCE]
    lines = Lines(transport, [SILENCE], [late, *drained, answer])
    connection = lines.connection()
    with pytest.raises(NoAnswer):
        connection.read(1, "input", 0, 2)
    assert lines.opened[0].closed
    assert connection.read(1, "input", 6, 2) == [0, 5]


def test_a_connection_without_doubt_is_kept() -> None:
    lines = tcp([TCP_ANSWER, "00 02 00 00 00 07 01 04 04 00 00 00 05"])
    connection = lines.connection()
    connection.read(1, "input", 0, 2)
    connection.read(1, "input", 6, 2)
    assert len(lines.opened) == 1


class Broken(ScriptedLine):
    def send(self, data: bytes) -> None:
        raise BrokenPipeError(32, "Broken pipe")


class Fading(ScriptedLine):
    """Good for one request."""

    def send(self, data: bytes) -> None:
        if self.sent:
            raise BrokenPipeError(32, "Broken pipe")
        super().send(data)


def opener(*lines: ScriptedLine) -> t.Callable[[BusSettings], ScriptedLine]:
    waiting = list(lines)
    return lambda _settings: waiting.pop(0)


SETTINGS = BusSettings("hall", "tcp", host="meter", timeout_seconds=0.01, pause_seconds=0)


def test_a_new_line_that_breaks_is_no_connection_and_the_next_request_opens_another() -> None:
    first = Broken([])
    connection = Connection(SETTINGS, opener(first, ScriptedLine([TCP_ANSWER.replace("00 01", "00 02", 1)])))
    with pytest.raises(NoConnection, match="Broken pipe"):
        connection.read(1, "input", 0, 2)
    assert first.closed
    assert connection.read(1, "input", 0, 2) == WORDS


def test_a_line_that_the_other_end_closed_in_between_is_opened_again_at_once() -> None:
    first = Fading([TCP_ANSWER])
    connection = Connection(SETTINGS, opener(first, ScriptedLine([TCP_ANSWER.replace("00 01", "00 03", 1)])))
    assert connection.read(1, "input", 0, 2) == WORDS
    assert connection.read(1, "input", 0, 2) == WORDS
    assert first.closed


@given(data=st.data())
def test_an_rtu_answer_with_any_damage_is_never_taken(data: st.DataObject) -> None:
    content = bytearray.fromhex(RTU_ANSWER)
    for place in data.draw(st.sets(st.integers(0, len(content) - 1), min_size=1, max_size=2)):
        content[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises((BadAnswer, NoAnswer, Refused)):
        rtu([content.hex()]).connection().read(1, "input", 0, 2)


@given(noise=st.binary(min_size=1, max_size=40), transport=st.sampled_from([rtu, tcp]))
def test_noise_is_never_an_answer(noise: bytes, transport: t.Callable[[list[str]], Lines]) -> None:
    with pytest.raises((BadAnswer, NoAnswer, Refused)):
        transport([noise.hex()]).connection().read(1, "input", 0, 2)


def test_draining_ends_on_a_line_that_babbles() -> None:
    class Babbling:
        received = 0

        def send(self, data: bytes) -> None: ...

        def close(self) -> None: ...

        def receive(self, deadline: float) -> bytes:
            self.received += 100
            assert self.received <= 100_000, "it does not end"
            return b"x" * 100

    line = Babbling()
    drain(line, 0)
    assert line.received >= MOST_DRAINED
