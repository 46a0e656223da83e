# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Buses of simulated meters: TCP ports and pseudo-terminals, all in one thread."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pathlib
import pty
import sys
import termios
import threading
import time
import tty
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pymodbus.exceptions import ModbusException
from pymodbus.framer import FramerBase, FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadHoldingRegistersResponse,
    ReadInputRegistersRequest,
    ReadInputRegistersResponse,
)

from meter_gateway import models
from meter_gateway.registers import RegisterKind

from .faults import Fault, FaultFile, put
from .loads import Load, Profile, Recording, Sun
from .meter import Meter, Refusal, meter_key

ILLEGAL_FUNCTION = 1
NO_SUCH_METER = 11  # as a gateway says it

SILENCE_SECONDS = 0.5
"""Half a request that is this old is given up, as a meter gives it up after a silence on the wire."""


class SimulatorFault(Exception):
    """The configuration cannot be simulated. One sentence."""


class Wire:
    """A bus and the meters on it: bytes of requests in, bytes of answers out, to the connection that was opened last."""

    def __init__(self, bus: Mapping[str, Any], meters: Mapping[int, Meter], faults: FaultFile, clock: Callable[[], float]) -> None:
        self.bus_id: str = bus["id"]
        self.meters = meters
        self.requests = 0
        self._on_tcp = bus["transport"] == "tcp"
        self._faults = faults
        self._clock = clock
        self._write: Callable[[bytes], None] | None = None

    def connect(self, write: Callable[[bytes], None]) -> Feed:
        """A new connection, which answers go to from now on."""
        self._write = write
        framer = FramerSocket if self._on_tcp else FramerRTU
        return Feed(framer(DecodePDU(True)), self._answer)

    def _answer(self, request: ModbusPDU, framer: FramerBase) -> None:
        self.requests += 1
        meter = self.meters.get(request.dev_id)
        fault = self._faults.of(self.bus_id, request.dev_id)
        if meter is None:
            if self._on_tcp:
                self._send(framer, request, ExceptionResponse(request.function_code, NO_SUCH_METER), fault)
            return
        if fault.get("kind") == "timeout":
            return
        self._send(framer, request, self._message(meter, request, fault), fault)

    def _message(self, meter: Meter, request: ModbusPDU, fault: Fault) -> ModbusPDU:
        kind: RegisterKind
        answer: type[ReadInputRegistersResponse] | type[ReadHoldingRegistersResponse]
        if isinstance(request, ReadInputRegistersRequest):
            kind, answer = "input", ReadInputRegistersResponse
        elif isinstance(request, ReadHoldingRegistersRequest):
            kind, answer = "holding", ReadHoldingRegistersResponse
        else:
            return ExceptionResponse(request.function_code, ILLEGAL_FUNCTION)
        try:
            return answer(registers=meter.read(kind, request.address, request.count, self._clock(), fault))
        except Refusal as refusal:
            return ExceptionResponse(request.function_code, refusal.code)

    def _send(self, framer: FramerBase, request: ModbusPDU, message: ModbusPDU, fault: Fault) -> None:
        message.dev_id = request.dev_id % 247 + 1 if fault.get("kind") == "wrong_unit" else request.dev_id
        message.transaction_id = request.transaction_id
        frame = framer.buildFrame(message)
        if fault.get("kind") == "garbled":
            frame = frame[:3] + bytes([frame[3] ^ 0x55]) + frame[4:]
        if fault.get("kind") == "late":
            asyncio.get_running_loop().call_later(float(fault["seconds"]), self._put, frame)
        else:
            self._put(frame)

    def _put(self, frame: bytes) -> None:
        if self._write is not None:
            self._write(frame)


class Feed:
    """The requests of one connection, out of bytes as they come."""

    def __init__(self, framer: FramerBase, answer: Callable[[ModbusPDU, FramerBase], None]) -> None:
        self._framer = framer
        self._answer = answer
        self._buffer = b""
        self._last = 0.0

    def bytes_came(self, data: bytes) -> None:
        now = time.monotonic()
        if now - self._last > SILENCE_SECONDS:
            self._buffer = b""
        self._last = now
        self._buffer += data
        while self._buffer:
            try:
                used, request = self._framer.handleFrame(self._buffer, 0, 0)
            except ModbusException:
                self._buffer = b""
                return
            self._buffer = self._buffer[used:]
            if request is None:
                return
            self._answer(request, self._framer)


class _Connection(asyncio.Protocol):
    """A TCP connection to a wire. open_ones: where it stands while it is open."""

    def __init__(self, wire: Wire, open_ones: set[asyncio.Transport]) -> None:
        self._wire = wire
        self._open_ones = open_ones

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._open_ones.add(transport)
        self._feed = self._wire.connect(transport.write)

    def data_received(self, data: bytes) -> None:
        self._feed.bytes_came(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._open_ones.discard(self._transport)


class Simulator:
    """All buses of a configuration: the gateway's own (see meter_gateway), where a meter may also say what it measures:
    `kW` (its load; negative: an inverter, which feeds in by day) or `readings` ({file, columns, step_seconds}, a CSV file that is played). `loads` at the top
    does so for many: "<panel>/<meter>" -> kW. A bus of transport rtu gets a pseudo-terminal, to which `device` becomes a link.

    faults: the file described in faults.py. clock: Unix seconds that the meters go by.
    """

    def __init__(self, config: Mapping[str, Any], faults: pathlib.Path | None = None, clock: Callable[[], float] = time.time) -> None:
        try:
            known = models.load(models.bundled(), config.get("models", {}))
        except models.ModelFaults as error:
            raise SimulatorFault(str(error)) from None
        fault_file = FaultFile(faults)
        self._buses = [dict(bus) for bus in config["buses"]]
        loads = config.get("loads", {})
        self.wires = {bus["id"]: Wire(bus, _meters(bus, known, loads), fault_file, clock) for bus in self._buses}
        self.ports: dict[str, int] = {}
        self._servers: list[asyncio.Server] = []
        self._open: set[asyncio.Transport] = set()
        self._terminals: list[tuple[int, int, pathlib.Path]] = []

    async def start(self) -> None:
        """Listen. Raises OSError with the address that cannot be used."""
        for bus in self._buses:
            if bus["transport"] == "rtu":
                self._open_terminal(self.wires[bus["id"]], pathlib.Path(bus["device"]))
            else:
                await self._listen(self.wires[bus["id"]], bus)

    async def stop(self) -> None:
        """Close all connections and listen no more."""
        for server in self._servers:
            server.close()
        for transport in list(self._open):
            transport.abort()
        for server in self._servers:
            await server.wait_closed()
        for master, slave, link in self._terminals:
            asyncio.get_running_loop().remove_reader(master)
            os.close(master)
            os.close(slave)
            link.unlink(missing_ok=True)

    async def _listen(self, wire: Wire, bus: Mapping[str, Any]) -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Connection(wire, self._open), bus.get("host", "127.0.0.1"), bus["port"])
        self._servers.append(server)
        self.ports[wire.bus_id] = server.sockets[0].getsockname()[1]

    def _open_terminal(self, wire: Wire, link: pathlib.Path) -> None:
        master, slave = pty.openpty()
        tty.setraw(slave, termios.TCSANOW)
        if link.is_symlink():
            link.unlink()
        link.symlink_to(os.ttyname(slave))
        self._terminals.append((master, slave, link))

        def write(data: bytes) -> None:
            os.write(master, data)

        feed = wire.connect(write)
        asyncio.get_running_loop().add_reader(master, lambda: feed.bytes_came(os.read(master, 4096)))


class Running:
    """A simulator in a thread of its own."""

    def __init__(self, simulator: Simulator, faults: pathlib.Path | None) -> None:
        self.simulator = simulator
        self._faults = faults

    def port(self, bus: str) -> int:
        """The TCP port of a bus."""
        return self.simulator.ports[bus]

    def fault(self, bus: str, unit: int, fault: Fault | None) -> None:
        """Give a meter a fault, or none. Holds from the next request on."""
        if self._faults is None:
            raise SimulatorFault("This simulator has no file for faults: give it one.")
        put(self._faults, bus, unit, fault)

    def requests(self, bus: str) -> int:
        """How many requests the bus has seen."""
        return self.simulator.wires[bus].requests


@contextlib.contextmanager
def running(config: Mapping[str, Any], faults: pathlib.Path | None = None, clock: Callable[[], float] = time.time) -> Iterator[Running]:
    """A simulator in a thread, listening, until the end of the block."""
    simulator = Simulator(config, faults, clock)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(simulator.start())
    thread = threading.Thread(target=loop.run_forever, name="meter simulator", daemon=True)
    thread.start()
    try:
        yield Running(simulator, faults)
    finally:
        asyncio.run_coroutine_threadsafe(simulator.stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _meters(bus: Mapping[str, Any], known: Mapping[str, models.MeterModel], loads: Mapping[str, float]) -> dict[int, Meter]:
    meters: dict[int, Meter] = {}
    for data in bus["meters"]:
        model = known.get(data["model"])
        if model is None:
            raise SimulatorFault(
                f"Bus {bus['id']}, unit {data['unit']}: there is no meter model {data['model']!r}; known are {', '.join(known)}."
            )
        if data["unit"] in meters:
            raise SimulatorFault(f"Bus {bus['id']}: unit {data['unit']} is given twice; give each meter a unit id of its own.")
        meters[data["unit"]] = Meter(model, _load(data, loads))
    return meters


def _load(data: dict[str, Any], loads: Mapping[str, float]) -> Load:
    readings = data.get("readings")
    if readings:
        return Recording(pathlib.Path(readings["file"]), readings["columns"], float(readings.get("step_seconds", 60)))
    key = meter_key(data)
    kw = float(data.get("kW", loads.get(key.rpartition("/")[0], 2.0 + sum(key.encode()) % 19)))
    return Sun(key, -kw) if kw < 0 else Profile(key, kw)


def say(text: str) -> None:
    """Tell whoever started the simulator. Flushed: they may be waiting for it."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
