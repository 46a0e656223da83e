# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator: loads that follow time alone, recordings, faults that a file switches, and its command line."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meter_gateway import models
from meter_gateway.bus import Bus
from meter_gateway.settings import BusSettings, MeterSettings
from meter_simulator import faults, server
from meter_simulator.loads import START, Profile, Recording, Sun
from tests.tools.checkout import CHECKOUT

MODELS = models.load(models.bundled(), {})
HOUR = 3600.0


@given(key=st.text(max_size=8), kw=st.floats(0.1, 500), when=st.floats(START, START + 3e8))
def test_a_profile_is_a_load_that_fits_together(key: str, kw: float, when: float) -> None:
    values = Profile(key, kw).values(when, 3)
    assert 0 < values["kW"] <= kw
    assert values["kW"] == pytest.approx(sum(values[f"kW{phase}"] for phase in (1, 2, 3)))
    for phase in (1, 2, 3):
        assert values[f"kW{phase}"] * 1000 == pytest.approx(values[f"v{phase}"] * values[f"i{phase}"] * values["pf"])
    assert values == Profile(key, kw).values(when, 3)


@given(key=st.text(max_size=8), when=st.floats(START, START + 1e8))
def test_the_counter_of_a_profile_adds_its_power_up(key: str, when: float) -> None:
    profile = Profile(key, 10)
    counted = profile.values(when + 60, 1)["kWhImport"] - profile.values(when, 1)["kWhImport"]
    first, middle, last = (profile.values(when + second, 1)["kW"] for second in (0, 30, 60))
    assert counted == pytest.approx((first + 4 * middle + last) / 6 * 60 / HOUR, rel=1e-4)


@given(day=st.integers(0, 3_000), hour=st.floats(0, 23.999))
def test_an_inverter_feeds_in_by_day_and_rests_at_night(day: int, hour: float) -> None:
    values = Sun("roof", 10).values(START + day * 24 * HOUR + hour * HOUR, 3)
    assert -10 <= values["kW"] <= 0 and values["kWhImport"] == 0.0
    assert (values["kW"] < 0) is (6 < hour < 18)
    assert (values["i1"] > 0) is (values["kW"] < 0)
    assert str(values["kW"]) != "-0.0"


def test_an_inverter_feeds_in_most_at_noon() -> None:
    by_hour = [-Sun("roof", 10).values(START + hour * HOUR, 1)["kW"] for hour in range(24)]
    assert by_hour.index(max(by_hour)) == 12 and 8 <= max(by_hour) <= 10
    assert by_hour[8] == pytest.approx(by_hour[16]) and by_hour[8] < by_hour[10]


@given(key=st.text(max_size=8), when=st.floats(START, START + 1e8))
def test_the_counter_of_an_inverter_adds_its_power_up(key: str, when: float) -> None:
    sun = Sun(key, 10)
    counted = sun.values(when + 60, 1)["kWhExport"] - sun.values(when, 1)["kWhExport"]
    first, middle, last = (-sun.values(when + second, 1)["kW"] for second in (0, 30, 60))
    assert counted == pytest.approx((first + 4 * middle + last) / 6 * 60 / HOUR, rel=1e-4, abs=1e-4)


def test_the_loads_of_a_configuration_are_the_meters_loads() -> None:
    meters = [{"panel_id": "pv", "meter_id": str(unit), "unit": unit, "model": "abb_b23"} for unit in (1, 2)]
    config = {"buses": [{"id": "roof", "transport": "tcp", "port": 0, "meters": meters}], "loads": {"pv/1": -25, "pv/2": 400}}
    simulated = server.Simulator(config).wires["roof"].meters
    assert simulated[1].values(START + HOUR)["kW"] == 0
    assert -25 <= simulated[1].values(START + 12 * HOUR)["kW"] < -19
    assert simulated[2].values(START + HOUR)["kW"] > 30


def test_meters_differ() -> None:
    assert Profile("a", 10).values(START + 9, 1) != Profile("b", 10).values(START + 9, 1)


def test_a_recording_is_played_over_and_over_while_its_counter_goes_on(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "readings.csv"
    path.write_text("time,power,reactive,volts\n0,1.5,0.5,231\n1,3.0,0,232\n")
    recording = Recording(path, {"kW": "power", "kvar": "reactive", "v1": "volts"}, 60)
    assert [recording.values(START + second, 1)["kW"] for second in (0, 59, 60, 120)] == [1.5, 1.5, 3.0, 1.5]
    assert recording.values(START + 60, 1)["v1"] == 232
    assert [recording.values(START + second, 1)["kWhImport"] for second in (0, 30, 60, 120, 180)] == pytest.approx(
        [0, 0.0125, 0.025, 0.075, 0.1]
    )
    assert recording.values(START, 1)["pf"] == pytest.approx(1.5 / (1.5**2 + 0.5**2) ** 0.5)


def test_a_meter_plays_a_file_of_readings(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "readings.csv"
    path.write_text("kW,V\n7.25,229.5\n")
    readings = {"file": str(path), "columns": {"kW": "kW", "v1": "V"}}
    bus = {"id": "b", "transport": "tcp", "port": 0, "meters": [{"unit": 1, "model": "eastron_sdm120", "readings": readings}]}
    with server.running({"buses": [bus]}) as running:
        meter = MeterSettings("p", "1", 1, "eastron_sdm120")
        made = Bus(BusSettings("b", "tcp", (meter,), host="127.0.0.1", port=running.port("b")), MODELS)
        values = made.read(meter).values
        made.close()
    assert (values["kW"], values["v1"], values["pf"]) == (7.25, 229.5, 1.0)


def test_forty_meters_on_one_process() -> None:
    meters = tuple(MeterSettings("p", str(unit), unit, sorted(MODELS)[unit % len(MODELS)]) for unit in range(1, 41))
    bus = {"id": "b", "transport": "tcp", "port": 0, "meters": [{"unit": one.unit, "model": one.model} for one in meters]}
    with server.running({"buses": [bus]}) as running:
        made = Bus(BusSettings("b", "tcp", meters, host="127.0.0.1", port=running.port("b"), pause_seconds=0), MODELS)
        assert all(made.read(meter).values for meter in meters)
        made.close()


def test_what_cannot_be_simulated_is_one_sentence() -> None:
    meters: list[dict[str, t.Any]] = [{"unit": 1, "model": "acme_e9"}]
    config = {"buses": [{"id": "hall", "transport": "tcp", "port": 0, "meters": meters}]}
    with pytest.raises(server.SimulatorFault, match="Bus hall, unit 1: there is no meter model 'acme_e9'; known are abb_b23"):
        server.Simulator(config)
    meters[:] = [{"unit": 1, "model": "abb_b23"}, {"unit": 1, "model": "abb_b24"}]
    with pytest.raises(server.SimulatorFault, match="unit 1 is given twice"):
        server.Simulator(config)


def test_faults_come_and_go_with_their_file(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "faults.json"
    file = faults.FaultFile(path)
    assert file.of("b", 1) == {}
    faults.put(path, "b", 1, {"kind": "timeout"})
    faults.put(path, "b", 2, {"kind": "swapped"})
    assert (file.of("b", 1), file.of("b", 2)) == ({"kind": "timeout"}, {"kind": "swapped"})
    faults.put(path, "b", 1, None)
    assert (file.of("b", 1), file.of("b", 2)) == ({}, {"kind": "swapped"})
    path.unlink()
    assert file.of("b", 2) == {}


def test_a_fault_that_there_is_not_is_named(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "faults.json"
    path.write_text('{"b/1": {"kind": "tiemout"}}')
    with pytest.raises(ValueError, match="b/1 has a fault of kind 'tiemout': it takes one of timeout"):
        faults.read(path)


def test_a_broken_file_of_faults_is_told_and_leaves_them_as_they_were(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "faults.json"
    file = faults.FaultFile(path)
    faults.put(path, "b", 1, {"kind": "timeout"})
    assert file.of("b", 1) == {"kind": "timeout"}
    for content in ('{"b/1": {"kind"', '["b/1"]', '{"b/1": "timeout"}'):
        path.write_text(content)
        assert file.of("b", 1) == {"kind": "timeout"}
        told = capsys.readouterr().err
        assert told.startswith(f"meter_simulator: {path} ")
        assert len(told.splitlines()) == 1


def test_the_command_line_names_what_a_configuration_lacks(tmp_path: pathlib.Path) -> None:
    config = tmp_path / "config.json"
    config.write_text('{"buses": [{"id": "b", "transport": "tcp", "port": 0, "meters": [{"model": "abb_b23"}]}]}')
    with simulator("--config", str(config)) as process:
        _stdout, stderr = process.communicate(timeout=20)
    assert (process.returncode, stderr) == (1, f"meter_simulator: {config}: a bus or a meter lacks 'unit'.\n")


def simulator(*arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT / "roles/edge_gateway/files")}
    command = [sys.executable, "-m", "meter_simulator", *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_command_line_simulates_a_gateways_configuration(tmp_path: pathlib.Path) -> None:
    config = tmp_path / "config.json"
    meters = [{"panel_id": "p", "meter_id": "5", "unit": 5, "model": "abb_b23"}]
    buses = [
        {"id": "hall", "transport": "tcp", "host": "127.0.0.1", "port": 0, "timeout_seconds": 1, "meters": meters},
        {"id": "roof", "transport": "rtu", "device": str(tmp_path / "tty"), "baudrate": 9600, "meters": meters},
    ]
    config.write_text(json.dumps({"version": 1, "gateway": "gw", "buses": buses}))
    with simulator("--config", str(config)) as process:
        assert process.stdout is not None
        first, second = process.stdout.readline(), process.stdout.readline()
        assert first.startswith("Bus hall: 1 meters on port ")
        assert second == f"Bus roof: 1 meters on {tmp_path / 'tty'} (rtu)\n"
        with socket.create_connection(("127.0.0.1", int(first.split()[-2])), timeout=5) as connection:
            connection.sendall(bytes.fromhex("00 09 00 00 00 06 05 03 89 60 00 02"))
            assert connection.recv(100).hex(" ") == "00 09 00 00 00 07 05 03 04 42 32 33 20"  # "B23 "
            process.send_signal(signal.SIGTERM)  # while a gateway is connected
            assert process.wait(20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert not (tmp_path / "tty").is_symlink()


def test_the_command_line_sets_faults(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "faults.json"
    for text in ("hall/5=timeout", 'hall/6={"kind": "late", "seconds": 2}'):
        with simulator("--faults", str(path), "--set", text) as process:
            assert process.wait(20) == 0
    assert faults.read(path) == {"hall/5": {"kind": "timeout"}, "hall/6": {"kind": "late", "seconds": 2}}
    with simulator("--faults", str(path), "--set", "hall/5=none") as process:
        assert process.wait(20) == 0
    assert list(faults.read(path)) == ["hall/6"]


@pytest.mark.parametrize("text", ["hall", "hall/x=timeout", "hall/5=tiemout"])
def test_the_command_line_names_a_mistake_in_one_line(tmp_path: pathlib.Path, text: str) -> None:
    with simulator("--faults", str(tmp_path / "faults.json"), "--set", text) as process:
        _stdout, stderr = process.communicate(timeout=20)
    assert process.returncode == 1
    assert stderr.startswith("meter_simulator: ")
    assert len(stderr.splitlines()) == 1
