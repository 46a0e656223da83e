# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A line: bytes to and from the meters, over TCP or a serial device. No pyserial: a Linux box has what it takes in termios."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import socket
import termios
import time
from typing import Any, Protocol

from .settings import BusSettings

MOST_BYTES = 512  # more than any Modbus frame
MOST_DRAINED = 64 * MOST_BYTES  # more than late answers can be


class Line(Protocol):
    """An open line. Its methods raise OSError when the line is gone."""

    def send(self, data: bytes) -> None: ...

    def receive(self, deadline: float) -> bytes:
        """Some bytes as soon as there are any; none when there are none by `deadline` (of time.monotonic)."""

    def close(self) -> None: ...


def open_line(settings: BusSettings) -> Line:
    """Open the line of a bus. Raises OSError, with a text for people."""
    return SerialLine(settings) if settings.transport == "rtu" else TcpLine(settings)


def drain(line: Line, seconds: float) -> None:
    """Throw away what arrives within `seconds`: late answers to requests that were given up. Ends on a line that babbles, too."""
    deadline = time.monotonic() + seconds
    left = MOST_DRAINED
    while left > 0 and (data := line.receive(deadline)):
        left -= len(data)


class TcpLine:
    """A TCP connection."""

    def __init__(self, settings: BusSettings) -> None:
        self._socket = socket.create_connection((settings.host or "", settings.port), timeout=settings.timeout_seconds)
        # A request is one small packet, and the answer is waited for.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def receive(self, deadline: float) -> bytes:
        self._socket.settimeout(max(deadline - time.monotonic(), 0.001))
        try:
            data = self._socket.recv(MOST_BYTES)
        except TimeoutError:
            return b""
        if not data:
            raise ConnectionResetError("the other end closed the connection")
        return data

    def close(self) -> None:
        self._socket.close()


class SerialLine:
    """A serial device, raw, 8 data bits, for this program alone."""

    def __init__(self, settings: BusSettings) -> None:
        self._timeout = settings.timeout_seconds
        self._file = os.open(settings.device or "", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise OSError("another program is using it") from None
            _set(self._file, settings, _attributes(settings, termios.tcgetattr(self._file)))
            termios.tcflush(self._file, termios.TCIOFLUSH)
        except termios.error as error:
            os.close(self._file)
            raise OSError(f"it is no serial device ({error.args[-1]})") from None
        except OSError:
            os.close(self._file)
            raise

    def send(self, data: bytes) -> None:
        deadline = time.monotonic() + self._timeout
        while data:
            if not select.select([], [self._file], [], max(deadline - time.monotonic(), 0))[1]:
                raise OSError("the device takes no bytes")
            data = data[os.write(self._file, data) :]

    def receive(self, deadline: float) -> bytes:
        while select.select([self._file], [], [], max(deadline - time.monotonic(), 0))[0]:
            with contextlib.suppress(BlockingIOError):
                data = os.read(self._file, MOST_BYTES)
                if not data:
                    raise OSError("the device is gone")
                return data
        return b""

    def close(self) -> None:
        os.close(self._file)


def _set(file: int, settings: BusSettings, attributes: list[Any]) -> None:
    """Raises OSError where the device can do none of what is new in its attributes."""
    try:
        termios.tcsetattr(file, termios.TCSANOW, attributes)
    except termios.error as error:
        # A pseudo-terminal (a converter's driver, a simulator) has no wire, and so no parity on it.
        if error.args[0] == errno.EINVAL and not os.ttyname(file).startswith("/dev/pts/"):
            raise OSError(
                f"it cannot do {settings.baudrate} baud with parity {settings.parity} and {settings.stopbits} stop bits"
            ) from None
        if error.args[0] != errno.EINVAL:
            raise


def _attributes(settings: BusSettings, attributes: list[Any]) -> list[Any]:
    speed = getattr(termios, f"B{settings.baudrate}", None)
    if speed is None:
        raise OSError(f"it has no speed of {settings.baudrate} baud")
    flags = termios.CS8 | termios.CREAD | termios.CLOCAL
    if settings.parity != "N":
        flags |= termios.PARENB | (termios.PARODD if settings.parity == "O" else 0)
    if settings.stopbits == 2:
        flags |= termios.CSTOPB
    # Input: bytes as they come, with parity checked. Nothing is echoed, translated or taken for a signal.
    return [termios.INPCK if settings.parity != "N" else 0, 0, flags, 0, speed, speed, attributes[6]]
