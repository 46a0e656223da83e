# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modbus requests over a line: one at a time, each answer checked against its request, none taken for another's.

Frames, checksums and messages are pymodbus's. Its clients are not used: they need pyserial, poll serial devices, and keep a connection
on which an answer may still be under way.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadHoldingRegistersResponse,
    ReadInputRegistersRequest,
    ReadInputRegistersResponse,
)

from .line import Line, drain, open_line
from .registers import RegisterKind
from .settings import BusSettings

EXCEPTIONS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledged, not done yet",
    6: "device busy",
    8: "memory parity error",
    10: "gateway has no path to the meter",
    11: "meter behind the gateway does not answer",
}
UNREACHABLE_EXCEPTIONS = (10, 11)
REFUSALS = (1, 2, 3)

# Where to look for the cause of a bad answer.
LATE = "if answers come late, lengthen timeout_seconds"
SPEED = "look at cabling, termination, baud rate and parity; do two meters have this unit id?"
NO_MODBUS_TCP = "a converter without a protocol of its own takes transport rtu_over_tcp"

MBAP_SIZE = 6  # of the header of Modbus TCP up to and with its length field
CRC_SIZE = 2


class NoConnection(Exception):
    """The line cannot be opened, or broke. str(): why."""


class NoAnswer(Exception):
    """Nothing, or nothing whole, came in time."""


class BadAnswer(Exception):
    """What came is not the answer to the request. str(): what is wrong with it. remedy: what is to be looked at; empty for the usual."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.remedy = remedy


class Refused(Exception):
    """The meter (or a gateway before it) answered with a Modbus exception."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code}, {EXCEPTIONS.get(code, 'unknown')}")
        self.code = code


class Connection:
    """The requests of one bus. Opens the line when it has to, and gives it up after whatever leaves doubt about what arrives next.

    patient: after a request that was given up, wait for its late answer as long again, so that it is not taken for the next one's.
    A scan, which asks each unit id once, goes without.
    """

    def __init__(self, settings: BusSettings, open_line: Callable[[BusSettings], Line] = open_line, patient: bool = True) -> None:
        self._settings = settings
        self._open_line = open_line
        # Modbus over Serial Line: 3.5 characters (of 11 bits) of silence part two frames.
        silence = 3.5 * 11 / settings.baudrate if settings.transport == "rtu" else 0.0
        self._pause = max(settings.pause_seconds, silence)
        self._patience = settings.timeout_seconds if patient else 0.0
        self._line: Line | None = None
        self._transaction = 0
        self._stale = False
        self._quiet_until = 0.0

    def read(self, unit: int, kind: RegisterKind, address: int, count: int) -> list[int]:
        """`count` words from `address` on. Raises NoConnection, NoAnswer, BadAnswer, Refused; ends within about two timeouts."""
        request_type = ReadInputRegistersRequest if kind == "input" else ReadHoldingRegistersRequest
        request = request_type(address=address, count=count, dev_id=unit)
        # The other end may have closed a connection that was idle: that says nothing yet.
        chances = 1 if self._line is None else 2
        answer: ModbusPDU | None = None
        while answer is None:
            chances -= 1
            try:
                answer = self._ask(request)
            except OSError as error:
                self.close()
                if chances == 0:
                    raise NoConnection(error.strerror or str(error)) from None
            except (NoAnswer, BadAnswer):
                self._stale = True
                self.close()
                raise
            finally:
                self._quiet_until = time.monotonic() + self._pause
        if isinstance(answer, ExceptionResponse):
            raise Refused(answer.exception_code)
        words = list(answer.registers)
        expected = ReadInputRegistersResponse if kind == "input" else ReadHoldingRegistersResponse
        if not isinstance(answer, expected) or len(words) != count:
            self._stale = True
            self.close()
            raise BadAnswer(f"{len(words)} registers came where {count} were asked for", LATE)
        return words

    def close(self) -> None:
        """Give the line up. The next request opens it again."""
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def _ask(self, request: ModbusPDU) -> ModbusPDU:
        line = self._line
        if line is None:
            line = self._line = self._open_line(self._settings)
            if self._stale:
                # A converter, or a meter on the wire, may still answer what was given up: on a new connection, too.
                drain(line, self._patience)
                self._stale = False
        time.sleep(max(self._quiet_until - time.monotonic(), 0))
        if self._settings.transport == "tcp":
            return self._ask_tcp(line, request)
        return self._ask_rtu(line, request)

    def _ask_tcp(self, line: Line, request: ModbusPDU) -> ModbusPDU:
        self._transaction = self._transaction % 0xFFFF + 1
        request.transaction_id = self._transaction
        framer = FramerSocket(DecodePDU(False))
        line.send(framer.buildFrame(request))
        deadline = time.monotonic() + self._settings.timeout_seconds
        buffer = b""
        while True:
            while len(buffer) >= MBAP_SIZE:
                size = MBAP_SIZE + int.from_bytes(buffer[4:MBAP_SIZE], "big")
                if buffer[2:4] != b"\0\0" or not 3 <= size - MBAP_SIZE <= 254:
                    raise BadAnswer(f"what came is no Modbus TCP ({buffer[:8].hex(' ')})", NO_MODBUS_TCP)
                if len(buffer) < size:
                    break
                frame, buffer = buffer[:size], buffer[size:]
                if int.from_bytes(frame[:2], "big") == self._transaction:
                    return _message(framer.decode(frame), request, framer.decoder)
                # The late answer to an earlier request: the one to this request is yet to come.
            data = line.receive(deadline)
            if not data:
                raise NoAnswer
            buffer += data

    def _ask_rtu(self, line: Line, request: ModbusPDU) -> ModbusPDU:
        framer = FramerRTU(DecodePDU(False))
        sent = framer.buildFrame(request)
        drain(line, 0)
        line.send(sent)
        deadline = time.monotonic() + self._settings.timeout_seconds
        buffer = b""
        while True:
            if buffer.startswith(sent):  # an adapter that hears itself
                buffer = buffer[len(sent) :]
            size = _rtu_size(buffer)
            if size and len(buffer) >= size and not sent.startswith(buffer):
                if len(buffer) > size:
                    raise BadAnswer("more bytes came than an answer has", SPEED)
                if not FramerRTU.check_CRC(buffer[:-CRC_SIZE], int.from_bytes(buffer[-CRC_SIZE:], "big")):
                    raise BadAnswer("the checksum is wrong", SPEED)
                return _message((size, buffer[0], 0, buffer[1:-CRC_SIZE]), request, framer.decoder)
            data = line.receive(deadline)
            if not data:
                if buffer:
                    raise BadAnswer("the answer is cut off", SPEED)
                raise NoAnswer
            buffer += data


def _rtu_size(buffer: bytes) -> int:
    """How long the frame is that starts the buffer; 0 when that is not known yet."""
    if len(buffer) < 5:
        return 0
    return 5 if buffer[1] & 0x80 else 3 + buffer[2] + CRC_SIZE


def _message(frame: tuple[int, int, int, bytes], request: ModbusPDU, decoder: DecodePDU) -> ModbusPDU:
    """The message of a whole frame (length, unit id, transaction id, content). Raises BadAnswer unless it can answer the request."""
    _size, unit, _transaction, content = frame
    if unit != request.dev_id:
        raise BadAnswer(f"unit {unit} answered in place of unit {request.dev_id}", f"is that its unit id? {LATE.capitalize()}")
    if content[:1] not in (bytes([request.function_code]), bytes([request.function_code | 0x80])):
        raise BadAnswer(f"the answer is to another function ({content[:1].hex()})", LATE)
    message = decoder.decode(content)
    if message is None or (not isinstance(message, ExceptionResponse) and content[1] != len(content) - 2):
        raise BadAnswer(f"the answer is garbled ({content[:8].hex(' ')})")
    return message
