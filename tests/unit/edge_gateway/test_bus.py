# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bus and its meters: every model over every transport, and what goes wrong in the field."""

from __future__ import annotations

import errno
import os
import pathlib
import termios
import typing as t

import pytest

from meter_gateway import models
from meter_gateway.bus import DOWN_SECONDS, RECHECK_SECONDS, Bus, MeterFault, MeterReading
from meter_gateway.modbus import Connection, NoAnswer, NoConnection, Refused
from meter_gateway.registers import RegisterKind
from meter_gateway.settings import BusSettings, MeterSettings, Transport
from meter_simulator import server
from tests.unit.edge_gateway.golden import FUNCTIONS, GOLDEN

MODELS = models.load(models.bundled(), {})
TRANSPORTS: tuple[Transport, ...] = ("tcp", "rtu_over_tcp", "rtu")
NOON = 1_780_000_000.0  # when simulated clocks stand still


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Memory(Connection):
    """Meters without a wire: (kind, address) -> word, the same for each unit. Remembers what was asked."""

    def __init__(self, words: dict[tuple[RegisterKind, int], int]) -> None:
        super().__init__(BusSettings("memory", "tcp"))
        self.words = words
        self.asked: list[tuple[int, RegisterKind, int, int]] = []
        self.silent: set[int] = set()
        self.faults: list[Exception] = []

    def read(self, unit: int, kind: RegisterKind, address: int, count: int) -> list[int]:
        self.asked.append((unit, kind, address, count))
        if self.faults:
            raise self.faults.pop(0)
        if unit in self.silent:
            raise NoAnswer
        try:
            return [self.words[kind, one] for one in range(address, address + count)]
        except KeyError:
            raise Refused(2) from None


def memory_of(model: str, gaps: bool = True) -> Memory:
    """A meter that holds the golden bytes of a model, and zeros between them if `gaps`."""
    function, rows = GOLDEN[model]
    kind = t.cast(RegisterKind, FUNCTIONS[function])
    words: dict[tuple[RegisterKind, int], int] = {}
    for first, last in MODELS[model].ranges if gaps else ():
        words.update({(kind, address): 0 for address in range(first, last + 1)})
    for address, content, _value in rows.values():
        words.update({(kind, address + offset): int(word, 16) for offset, word in enumerate(content.split())})
    return Memory(words)


def expected(model: str) -> dict[str, t.Any]:
    return {name: pytest.approx(value, rel=1e-6) for name, (_address, _content, value) in GOLDEN[model][1].items()}


def meter_of(model: str, unit: int = 1) -> MeterSettings:
    return MeterSettings("hall", str(unit), unit, model)


def bus_on(memory: Memory, *meters: MeterSettings, clock: Clock | None = None) -> Bus:
    return Bus(BusSettings("rs485", "rtu", meters, device="/dev/ttyX"), MODELS, memory, clock or Clock())


def fault_of(bus: Bus, meter: MeterSettings) -> MeterFault:
    with pytest.raises(MeterFault) as caught:
        bus.read(meter)
    return caught.value


class Simulated:
    """A simulator with meters on one bus, and the bus to read them."""

    def __init__(self, running: server.Running, settings: BusSettings) -> None:
        self.running = running
        self.settings = settings
        self.bus = Bus(settings, MODELS)

    def truth(self, meter: MeterSettings) -> dict[str, t.Any]:
        """What the meter measures, as exactly as its registers tell."""
        values = self.running.simulator.wires["rs485"].meters[meter.unit].values(NOON)
        factors = {one.name: one.factor if one.type[0] != "f" else 0 for one in MODELS[meter.model].registers}
        return {name: pytest.approx(value, rel=1e-5, abs=factors[name]) for name, value in values.items()}

    def fault(self, meter: MeterSettings, fault: dict[str, t.Any] | None) -> None:
        self.running.fault("rs485", meter.unit, fault)


@pytest.fixture(params=TRANSPORTS)
def simulated(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> t.Iterator[Simulated]:
    """One meter of each model on a bus, for each transport. Their clock stands still."""
    meters = tuple(meter_of(model, unit) for unit, model in enumerate(sorted(MODELS), start=1))
    device = tmp_path / "ttyRS485"
    bus = {
        "id": "rs485",
        "transport": request.param,
        "port": 0,
        "device": str(device),
        "meters": [{"panel_id": one.panel_id, "meter_id": one.meter_id, "unit": one.unit, "model": one.model} for one in meters],
    }
    with server.running({"buses": [bus]}, tmp_path / "faults.json", lambda: NOON) as running:
        settings = BusSettings(
            "rs485",
            request.param,
            meters,
            host="127.0.0.1",
            port=running.simulator.ports.get("rs485", 0),
            device=str(device),
            timeout_seconds=0.2,
            pause_seconds=0.0,
        )
        made = Simulated(running, settings)
        yield made
        made.bus.close()


@pytest.mark.parametrize("model", sorted(GOLDEN))
def test_a_meter_with_golden_bytes_gives_a_whole_reading(model: str) -> None:
    memory = memory_of(model)
    reading = bus_on(memory, meter_of(model)).read(meter_of(model))
    assert reading.values == expected(model)
    assert reading.absent == {}
    assert {kind for _unit, kind, _address, _count in memory.asked if kind == MODELS[model].kind}
    for _unit, _kind, _address, count in memory.asked:
        assert count <= MODELS[model].max_registers


@pytest.mark.parametrize("model", sorted(GOLDEN))
def test_a_meter_that_knows_no_register_between_is_read_all_the_same(model: str) -> None:
    bus = bus_on(memory_of(model, gaps=False), meter_of(model))
    for _round in range(4):
        assert bus.read(meter_of(model)).values == expected(model)


def test_a_meter_that_refuses_gaps_is_asked_without_them_from_then_on() -> None:
    memory = memory_of("eastron_sdm630", gaps=False)
    bus = bus_on(memory, meter_of("eastron_sdm630"))
    bus.read(meter_of("eastron_sdm630"))
    bus.read(meter_of("eastron_sdm630"))
    memory.asked.clear()
    bus.read(meter_of("eastron_sdm630"))
    assert [(address, count) for _unit, _kind, address, count in memory.asked] == [(0x34, 2), (0x00, 18), (0x3E, 2), (0x46, 6)]


def test_a_reading_shows_the_raw_words() -> None:
    words = bus_on(memory_of("eastron_sdm630"), meter_of("eastron_sdm630")).read(meter_of("eastron_sdm630")).words
    assert (words[0], words[1]) == (0x4366, 0x199A)


def test_every_model_over_every_transport(simulated: Simulated) -> None:
    for meter in simulated.settings.meters:
        reading = simulated.bus.read(meter)
        assert reading.values == simulated.truth(meter), meter.model
        assert reading.absent == {}


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ({"kind": "timeout"}, "unreachable", "and unit id, and at timeout_seconds if it is slow."),
        ({"kind": "exception", "code": 4}, "exception", "exception 4, device failure"),
        ({"kind": "exception", "code": 11}, "unreachable", "meter behind the gateway does not answer for register"),
        ({"kind": "garbled"}, "framing", "baud rate and parity; do two meters have this unit id?|takes transport rtu_over_tcp"),
        (
            {"kind": "wrong_unit"},
            "framing",
            "unit 3 answered in place of unit 2; is that its unit id? If answers come late, lengthen timeout_seconds.",
        ),
        ({"kind": "swapped"}, "implausible", "values cannot be"),
        (
            {"kind": "refuse", "properties": ["v1"]},
            "exception",
            r"illegal data address for register 0x5B00 to 0x5B01 \(v1\); is it a ABB B24",
        ),
    ],
)
def test_a_fault_is_one_sentence_the_others_go_on_and_it_recovers(
    simulated: Simulated, fault: dict[str, t.Any], kind: str, words: str
) -> None:
    first, ill, *_others, last = simulated.settings.meters
    simulated.fault(ill, fault)
    found = fault_of(simulated.bus, ill)
    assert found.kind == kind
    assert str(found).startswith("Meter hall/2 (unit 2 on bus rs485): ")
    assert "\n" not in str(found)
    assert any(part in str(found) for part in words.replace("\\", "").split("|"))
    for meter in (first, last):
        assert simulated.bus.read(meter).values == simulated.truth(meter)
    simulated.fault(ill, None)
    assert simulated.bus.read(ill).values == simulated.truth(ill)


def test_a_late_answer_is_never_taken_for_another(simulated: Simulated) -> None:
    slow, *others = simulated.settings.meters
    simulated.fault(slow, {"kind": "late", "seconds": 0.25})
    for _round in range(2):
        assert fault_of(simulated.bus, slow).kind == "unreachable"
        for meter in others[:3]:
            assert simulated.bus.read(meter).values == simulated.truth(meter)
    simulated.fault(slow, None)
    assert simulated.bus.read(slow).values == simulated.truth(slow)


class OneLate:
    """A converter that hands out each answer when the next request comes, on whatever connection that is."""

    def __init__(self, wire: server.Wire) -> None:
        self._feed = wire.connect(self._answered)
        self._held = b""
        self._ready: list[bytes] = []

    def _answered(self, frame: bytes) -> None:
        self._ready, self._held = [self._held], frame

    def send(self, data: bytes) -> None:
        self._feed.bytes_came(data)

    def receive(self, deadline: float) -> bytes:
        return self._ready.pop() if self._ready else b""

    def close(self) -> None:
        pass


@pytest.mark.parametrize("model", sorted(MODELS))
def test_a_line_that_is_always_one_answer_late_never_gives_a_wrong_value(model: str) -> None:
    meter = meter_of(model)
    settings = BusSettings("rs485", "rtu_over_tcp", (meter,), host="converter", pause_seconds=0)
    simulated_meter = server.Meter(MODELS[model], server.Profile("x", 10))
    line = OneLate(server.Wire({"id": "rs485", "transport": "rtu_over_tcp"}, {1: simulated_meter}, server.FaultFile(None), lambda: NOON))
    bus = Bus(settings, MODELS, Connection(settings, lambda _settings: line))
    truth = simulated_meter.values(NOON)
    factors = {one.name: one.factor if one.type[0] != "f" else 0 for one in MODELS[model].registers}
    for _round in range(10):
        try:
            values = bus.read(meter).values
        except MeterFault as fault:
            assert fault.kind in ("framing", "unreachable")
            continue
        assert values == {name: pytest.approx(value, rel=1e-5, abs=factors[name]) for name, value in truth.items()}


def test_an_answer_that_is_slow_but_in_time_counts(simulated: Simulated) -> None:
    meter = simulated.settings.meters[0]
    simulated.fault(meter, {"kind": "late", "seconds": 0.02})
    assert simulated.bus.read(meter).values == simulated.truth(meter)


def test_a_counter_reset_is_told_and_passes_when_it_stays(simulated: Simulated) -> None:
    meter = simulated.settings.meters[0]
    before = simulated.bus.read(meter).values["kWhImport"]
    simulated.fault(meter, {"kind": "counter_reset"})
    held = simulated.bus.read(meter)
    assert "kWhImport" not in held.values
    assert "waiting for the next reading" in held.absent["kWhImport"]
    after = simulated.bus.read(meter)
    assert after.values["kWhImport"] == 0.0
    assert after.notices == (
        f"Meter hall/1 (unit 1 on bus rs485): kWhImport went from {before:g} to 0 kWh and stays there: counter reset or meter replaced.",
    )


def test_a_meter_without_any_value_gives_no_reading(simulated: Simulated) -> None:
    meter = simulated.settings.meters[0]
    simulated.fault(meter, {"kind": "sentinel"})
    found = fault_of(simulated.bus, meter)
    assert (found.kind, "of every value that it is not available" in str(found)) == ("implausible", True)


def test_a_meter_that_was_well_gets_a_second_chance() -> None:
    memory = memory_of("eastron_sdm630")
    bus = bus_on(memory, meter_of("eastron_sdm630"))
    bus.read(meter_of("eastron_sdm630"))
    memory.faults = [NoAnswer()]
    assert bus.read(meter_of("eastron_sdm630")).values == expected("eastron_sdm630")


def test_a_meter_that_failed_is_asked_once() -> None:
    memory = memory_of("eastron_sdm630")
    memory.silent = {1}
    bus = bus_on(memory, meter_of("eastron_sdm630"))
    fault_of(bus, meter_of("eastron_sdm630"))
    memory.asked.clear()
    fault_of(bus, meter_of("eastron_sdm630"))
    assert len(memory.asked) == 1


def test_a_meter_that_failed_is_found_again_and_its_fault_is_one_sentence() -> None:
    memory = memory_of("eastron_sdm630")
    memory.silent = {1}
    bus = bus_on(memory, meter_of("eastron_sdm630"))
    said = {str(fault_of(bus, meter_of("eastron_sdm630"))) for _round in range(10)}
    assert len(said) == 1, "the log has it once an hour"
    memory.silent = set()
    assert bus.read(meter_of("eastron_sdm630")).values == expected("eastron_sdm630")


@pytest.mark.parametrize(("transport", "places"), [("rtu", "wiring, baud rate, parity and unit id"), ("tcp", "wiring and unit id")])
def test_only_a_serial_line_has_a_speed_to_look_at(transport: Transport, places: str) -> None:
    memory = memory_of("eastron_sdm630")
    memory.silent = {1}
    bus = Bus(BusSettings("rs485", transport, (meter_of("eastron_sdm630"),), host="h", device="/dev/ttyX"), MODELS, memory, Clock())
    assert f"look at its power, {places}, and at timeout_seconds" in str(fault_of(bus, meter_of("eastron_sdm630")))


def without(memory: Memory, model: str, name: str) -> Memory:
    """The same memory without one property's registers."""
    register = next(one for one in MODELS[model].registers if one.name == name)
    for address in range(register.address, register.end):
        del memory.words[MODELS[model].kind, address]
    return memory


def test_an_optional_register_that_is_refused_is_left_out_for_an_hour() -> None:
    model, clock = "carlo_gavazzi_em340", Clock()
    memory = without(memory_of(model), model, "kWhExport")
    bus = bus_on(memory, meter_of(model), clock=clock)
    reading = bus.read(meter_of(model))
    assert reading.absent == {"kWhExport": "this meter refuses the register"}
    assert reading.values == {name: value for name, value in expected(model).items() if name != "kWhExport"}
    memory.asked.clear()
    clock.now += RECHECK_SECONDS - 10
    assert bus.read(meter_of(model)).absent == {"kWhExport": "this meter refuses the register"}
    assert not [address for _unit, _kind, address, count in memory.asked if address + count > 0x4E]
    memory.words.update({("input", 0x4E): 12345, ("input", 0x4F): 0})
    clock.now += 20
    assert bus.read(meter_of(model)).values["kWhExport"] == 1234.5


def test_a_register_that_is_refused_again_after_an_hour_is_left_out_again() -> None:
    model, clock = "carlo_gavazzi_em340", Clock()
    memory = without(memory_of(model), model, "kWhExport")
    bus = bus_on(memory, meter_of(model), clock=clock)
    bus.read(meter_of(model))
    clock.now += RECHECK_SECONDS + 1
    bus.read(meter_of(model))
    memory.asked.clear()
    bus.read(meter_of(model))
    assert not [address for _unit, _kind, address, count in memory.asked if address + count > 0x4E]


def test_a_required_register_that_is_refused_means_another_model() -> None:
    memory = without(memory_of("abb_b23"), "abb_b23", "hz")
    found = fault_of(bus_on(memory, meter_of("abb_b23")), meter_of("abb_b23"))
    assert found.kind == "exception"
    assert str(found) == (
        "Meter hall/1 (unit 1 on bus rs485): exception 2, illegal data address for register 0x5B2C (hz); is it a ABB B23?"
    )


def test_a_setting_that_makes_readings_wrong_is_refused_with_its_remedy() -> None:
    memory = memory_of("eastron_sdm630")
    memory.words.update({("holding", 0x1E): 0x3F80, ("holding", 0x1F): 0})  # 1.0: energy in MWh
    clock = Clock()
    bus = bus_on(memory, meter_of("eastron_sdm630"), clock=clock)
    found = fault_of(bus, meter_of("eastron_sdm630"))
    assert found.kind == "settings"
    assert "The meter counts energy in MWh" in str(found)
    memory.words["holding", 0x1E] = 0
    assert bus.read(meter_of("eastron_sdm630")).values == expected("eastron_sdm630")


def test_a_single_impossible_value_is_left_out() -> None:
    memory = memory_of("abb_b23")
    memory.words["holding", 0x5B2C] = 0  # 0 Hz
    reading = bus_on(memory, meter_of("abb_b23")).read(meter_of("abb_b23"))
    assert reading.absent == {"hz": "0 is outside 40 to 70"}
    assert "v1" in reading.values


def test_swapped_words_are_noticed_on_a_meter_without_load() -> None:
    memory = memory_of("eastron_sdm630")
    for name in ("i1", "i2", "i3", "kW", "kW1", "kW2", "kW3", "kWhExport"):
        address = GOLDEN["eastron_sdm630"][1][name][0]
        memory.words.update({("input", address): 0, ("input", address + 1): 0})
    swapped: dict[tuple[RegisterKind, int], int] = {
        (kind, address): memory.words[kind, address ^ 1] for kind, address in memory.words if kind == "input"
    }
    memory.words.update(swapped)
    assert fault_of(bus_on(memory, meter_of("eastron_sdm630")), meter_of("eastron_sdm630")).kind == "implausible"


def test_a_host_that_is_not_there() -> None:
    meter = meter_of("abb_b23")
    with server.running({"buses": [{"id": "x", "transport": "tcp", "port": 0, "meters": []}]}) as running:
        port = running.port("x")
    found = fault_of(Bus(BusSettings("rs485", "tcp", (meter,), host="127.0.0.1", port=port, timeout_seconds=0.2), MODELS), meter)
    assert found.kind == "no_connection"
    assert f"no connection to 127.0.0.1:{port}: Connection refused; look at address and network, and for another program" in str(found)


def test_a_bus_without_connection_is_tried_once_for_all_its_meters_and_found_again_soon() -> None:
    memory, clock = memory_of("abb_b23"), Clock()
    meters = [meter_of("abb_b23", unit) for unit in range(1, 51)]
    bus = bus_on(memory, *meters, clock=clock)
    for _round in range(5):
        memory.faults = [NoConnection("Host is down")]
        memory.asked.clear()
        for meter in meters:
            assert "no connection" in str(fault_of(bus, meter)) or "cannot be used: Host is down" in str(fault_of(bus, meter))
        assert len(memory.asked) == 1
        clock.now += DOWN_SECONDS
    for meter in meters:
        assert bus.read(meter).values == expected("abb_b23")


def test_a_serial_device_that_is_not_there_or_none(tmp_path: pathlib.Path) -> None:
    meter = meter_of("abb_b23")
    (tmp_path / "file").touch()
    for name, reason in (("missing", "No such file or directory"), ("file", "it is no serial device")):
        device = tmp_path / name
        found = fault_of(Bus(BusSettings("rs485", "rtu", (meter,), device=str(device)), MODELS), meter)
        assert found.kind == "no_connection"
        assert f"{device} cannot be used: {reason}" in str(found)


def test_a_serial_device_belongs_to_one_program(tmp_path: pathlib.Path) -> None:
    device = tmp_path / "tty"
    meter = meter_of("abb_b23")
    bus = {"id": "rs485", "transport": "rtu", "device": str(device), "meters": [{"unit": 1, "model": "abb_b23"}]}
    with server.running({"buses": [bus]}):
        settings = BusSettings("rs485", "rtu", (meter,), device=str(device), timeout_seconds=0.2)
        first, second = Bus(settings, MODELS), Bus(settings, MODELS)
        assert isinstance(first.read(meter), MeterReading)
        assert "another program is using it" in str(fault_of(second, meter))
        first.close()
        third = Bus(settings, MODELS)
        assert isinstance(third.read(meter), MeterReading)
        third.close()


@pytest.mark.parametrize(("parity", "stopbits", "baudrate"), [("N", 1, 9600), ("E", 1, 19200), ("O", 1, 2400), ("N", 2, 38400)])
def test_the_usual_settings_of_serial_lines_are_taken(tmp_path: pathlib.Path, parity: t.Any, stopbits: int, baudrate: int) -> None:
    device = tmp_path / "tty"
    meter = meter_of("abb_b23")
    bus = {"id": "rs485", "transport": "rtu", "device": str(device), "meters": [{"unit": 1, "model": "abb_b23"}]}
    with server.running({"buses": [bus]}):
        settings = BusSettings("rs485", "rtu", (meter,), device=str(device), baudrate=baudrate, parity=parity, stopbits=stopbits)
        for _opened in range(2):  # the second time there is nothing that could be changed
            made = Bus(settings, MODELS)
            assert made.read(meter).values
            made.close()


def test_an_adapter_that_cannot_do_what_is_asked_for_is_told(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_what: t.Any) -> None:
        raise termios.error(errno.EINVAL, "Invalid argument")

    device = tmp_path / "tty"
    meter = meter_of("abb_b23")
    bus = {"id": "rs485", "transport": "rtu", "device": str(device), "meters": [{"unit": 1, "model": "abb_b23"}]}
    with server.running({"buses": [bus]}):
        monkeypatch.setattr(termios, "tcsetattr", refuse)
        monkeypatch.setattr(os, "ttyname", lambda _file: "/dev/ttyUSB0")
        made = Bus(BusSettings("rs485", "rtu", (meter,), device=str(device), baudrate=19200, parity="E"), MODELS)
        assert "it cannot do 19200 baud with parity E and 1 stop bits; look at the adapter." in str(fault_of(made, meter))


def test_a_speed_that_no_serial_line_has(tmp_path: pathlib.Path) -> None:
    device = tmp_path / "tty"
    meter = meter_of("abb_b23")
    bus = {"id": "rs485", "transport": "rtu", "device": str(device), "meters": [{"unit": 1, "model": "abb_b23"}]}
    with server.running({"buses": [bus]}):
        made = Bus(BusSettings("rs485", "rtu", (meter,), device=str(device), baudrate=12345), MODELS)
        assert "it has no speed of 12345 baud" in str(fault_of(made, meter))
