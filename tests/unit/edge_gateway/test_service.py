# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The service as a whole: from a bus to the broker, and through what happens to both."""

from __future__ import annotations

import collections.abc as c
import json
import pathlib
import threading
import typing as t

import pytest

from meter_gateway import service as service_room
from meter_gateway import status
from meter_gateway.bus import MeterFault, MeterReading
from meter_gateway.config import parse
from meter_gateway.models import bundled
from meter_gateway.notify import Notifier
from meter_gateway.service import Service
from meter_gateway.settings import BusSettings, MeterSettings
from tests.tools.fake_broker import FakeBroker

Eventually = c.Callable[[c.Callable[[], t.Any], str], t.Any]


class NumberedBus:
    """Each reading carries the next number as its power. dead: units that do not answer."""

    def __init__(self, settings: BusSettings, _models: t.Any) -> None:
        self.id = settings.id
        self.number = 0
        self.dead: set[int] = set()
        self.closed = False

    def read(self, meter: MeterSettings) -> MeterReading:
        if meter.unit in self.dead:
            raise MeterFault("unreachable", f"Meter {meter.key} on bus {self.id} does not answer: check its wires.")
        self.number += 1
        return MeterReading({"kW": float(self.number), "v1": 230.1}, {}, {})

    def close(self) -> None:
        self.closed = True


class Ear(Notifier):
    """Hears what is meant for systemd."""

    def __init__(self) -> None:
        super().__init__({})
        self.sent: list[str] = []

    def send(self, *assignments: str) -> None:
        self.sent.extend(assignments)


class Running:
    """A service in a thread."""

    def __init__(self, data: dict[str, t.Any], notifier: Notifier | None = None) -> None:
        self.buses: list[NumberedBus] = []
        self.service = Service(parse(data, bundled()), make_bus=self._bus, notifier=notifier or Notifier({}))
        self.code: int | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _bus(self, settings: BusSettings, models: t.Any) -> NumberedBus:
        self.buses.append(NumberedBus(settings, models))
        return self.buses[-1]

    def _run(self) -> None:
        self.code = self.service.run()

    def end(self) -> int:
        self.service.end()
        self._thread.join(30)
        assert self.code is not None, "the service did not end"
        return self.code


@pytest.fixture
def run(config_data: dict[str, t.Any]) -> c.Iterator[c.Callable[..., Running]]:
    """``run()``: a running service of ``config_data``; ended with the test."""
    made: list[Running] = []

    def start(**more: t.Any) -> Running:
        made.append(Running(config_data, **more))
        return made[-1]

    yield start
    for running in made:
        if running.code is None:
            running.end()


def powers(broker: FakeBroker) -> list[float]:
    return [json.loads(payload)["kW"] for _topic, payload in broker.messages]


def test_readings_reach_the_broker_in_the_form_of_a_reading(run: t.Any, broker: FakeBroker, eventually: Eventually) -> None:
    broker.up()
    running = run()
    eventually(lambda: len(broker.messages) >= 4, "the fourth reading")
    assert running.end() == 0
    assert {topic for topic, _payload in broker.messages} == {"energy/example-plant"}
    readings = [json.loads(payload) for _topic, payload in broker.messages]
    assert {(reading["panelId"], reading["meterId"]) for reading in readings} == {("roof", "5"), ("roof", "6")}
    assert set(readings[0]) == {"panelId", "meterId", "timestamp", "kW", "v1"}
    assert all(isinstance(reading["timestamp"], int) for reading in readings)
    assert broker.logins == ["gw-roof"]
    assert len(set(powers(broker))) == len(readings)
    # What was read and is not published when it ends waits for the next start.
    assert len(readings) + running.service.recorder.contents.readings == running.buses[0].number
    assert running.buses[0].closed


def test_an_outage_loses_nothing(run: t.Any, broker: FakeBroker, eventually: Eventually) -> None:
    running = run()
    eventually(lambda: running.service.recorder.contents.readings >= 6, "readings in the outbox")
    broker.up()
    eventually(lambda: len(broker.messages) >= 8, "the backlog")
    broker.down()
    kept = running.buses[0].number
    eventually(lambda: running.buses[0].number >= kept + 4, "more readings")
    broker.up()
    eventually(lambda: set(range(1, kept + 5)) <= set(powers(broker)), "everything that was read meanwhile")


def test_a_restart_loses_nothing(run: t.Any, broker: FakeBroker, eventually: Eventually) -> None:
    first = run()
    eventually(lambda: first.buses[0].number >= 6, "readings")
    assert first.end() == 0
    broker.up()
    run()
    eventually(lambda: len(broker.messages) > first.buses[0].number, "the readings of both")
    assert set(range(1, first.buses[0].number + 1)) <= set(powers(broker))


def test_a_dead_meter_stops_no_other(run: t.Any, broker: FakeBroker, eventually: Eventually, config_data: dict[str, t.Any]) -> None:
    broker.up()
    running = run()
    running.buses[0].dead.add(1)
    path = pathlib.Path(config_data["status_file"])
    eventually(lambda: path.exists() and status.read(path)["meters"]["roof/5"]["last_error"], "the error in the status file")
    before = len(broker.messages)
    eventually(lambda: len(broker.messages) >= before + 3, "readings of the other meter")
    found = status.read(path)
    assert found["meters"]["roof/5"]["errors"] > 0
    assert found["meters"]["roof/6"]["last_error"] is None
    assert status.troubles(found, found["boot"], found["since_boot"]) == []
    running.buses[0].dead.clear()
    eventually(lambda: status.read(path)["meters"]["roof/5"]["last_error"] is None, "the meter's return")


def test_a_fault_of_the_program_ends_it_in_one_line(run: t.Any, eventually: Eventually, caplog: t.Any) -> None:
    running = run()

    def fail(_meter: MeterSettings) -> MeterReading:
        raise KeyError("nobody thought of this")

    eventually(lambda: running.buses and running.buses[0].number, "the first reading")
    running.buses[0].read = fail
    eventually(lambda: running.code is not None, "the end")
    assert running.code == 1
    assert "Thread 'bus rs485' ended by a fault of the program: KeyError: 'nobody thought of this'" in caplog.text
    assert "Traceback" not in caplog.text


def test_without_signs_of_life_of_a_thread_systemd_gets_none(
    run: t.Any, eventually: Eventually, config_data: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ear = Ear()
    sent, running = ear.sent, run(notifier=ear)
    eventually(lambda: "WATCHDOG=1" in sent, "a sign of life")
    stuck, path = threading.Event(), pathlib.Path(config_data["status_file"])
    running.buses[0].read = lambda _meter: stuck.wait(60)
    monkeypatch.setattr(service_room, "STUCK_SECONDS", 1.5)
    monkeypatch.setattr(service_room, "STATUS_SECONDS", 0.1)
    # On a busy machine another thread may hang for a moment, too.
    eventually(lambda: path.exists() and "bus rs485" in str(status.read(path).get("stuck")), "the word in the status")
    told = sent.count("WATCHDOG=1")
    found = status.read(path)
    assert any("'bus rs485' has been stuck" in trouble for trouble in status.troubles(found, found["boot"], found["since_boot"]))
    eventually(lambda: status.read(path)["since_boot"] > found["since_boot"], "the next status")
    assert sent.count("WATCHDOG=1") == told
    stuck.set()


@pytest.mark.parametrize(("start_anew", "last", "never"), [(False, "STOPPING=1", "RELOADING=1"), (True, "RELOADING=1", "STOPPING=1")])
def test_systemd_hears_whether_the_program_goes_or_starts_anew(
    run: t.Any, eventually: Eventually, start_anew: bool, last: str, never: str
) -> None:
    ear = Ear()
    sent, running = ear.sent, run(notifier=ear)
    eventually(lambda: "READY=1" in sent, "the start")
    running.service.end(start_anew=start_anew)
    eventually(lambda: running.code is not None, "the end")
    assert last in sent and never not in sent
    assert any(one.startswith("MONOTONIC_USEC=") for one in sent) is start_anew
