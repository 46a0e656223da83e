# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When which meter is read, and what is said of those that do not answer."""

from __future__ import annotations

import dataclasses
import itertools
import json
import threading
import time
import typing as t

import pytest

from meter_gateway.bus import FaultKind, MeterFault, MeterReading
from meter_gateway.polling import Poller
from meter_gateway.settings import BusSettings, MeterSettings

METERS = tuple(MeterSettings("roof", str(unit), unit, "any") for unit in range(1, 5))
SETTINGS = BusSettings("rs485", "tcp", METERS, host="192.0.2.1")


class Script:
    """A bus on which time passes only by reading: each read takes ``takes`` seconds."""

    def __init__(self, takes: float = 0.0) -> None:
        self.now = 1_000.0
        self.takes = takes
        self.reads: list[tuple[float, int]] = []
        self.answers: dict[int, MeterReading | Exception] = {}
        self.closed = False

    def read(self, meter: MeterSettings) -> MeterReading:
        self.reads.append((self.now, meter.unit))
        self.now += self.takes
        answer = self.answers.get(meter.unit, MeterReading({"kW": 1.0}, {}, {}))
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        self.closed = True


class Stop(threading.Event):
    """Lets time pass instead of waiting; set when the time is over."""

    def __init__(self, script: Script, seconds: float) -> None:
        super().__init__()
        self._script = script
        self._end = script.now + seconds

    def is_set(self) -> bool:
        return self._script.now >= self._end

    def wait(self, timeout: float | None = None) -> bool:
        self._script.now += timeout or 0.0
        return self.is_set()


def poll(
    monkeypatch: pytest.MonkeyPatch, script: Script, seconds: float, interval: float = 10.0, settings: BusSettings = SETTINGS
) -> tuple[Poller, list[str]]:
    bodies: list[str] = []
    monkeypatch.setattr(time, "monotonic", lambda: script.now)
    poller = Poller(settings, script, lambda _meter: interval, lambda _when, body: bodies.append(body), lambda: 42)
    poller.run(Stop(script, seconds), lambda: None)
    return poller, bodies


def test_meters_are_spread_over_the_interval_and_keep_their_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(takes=0.3)
    _poller, bodies = poll(monkeypatch, script, 100.0)
    assert script.closed and len(bodies) == 40
    for unit in range(1, 5):
        beats = [when for when, one in script.reads if one == unit]
        assert beats == pytest.approx([1_000.0 + 2.5 * (unit - 1) + 10 * beat for beat in range(10)])
    assert json.loads(bodies[0]) == {"panelId": "roof", "meterId": "1", "kW": 1.0}


def test_a_bus_that_does_not_keep_up_reads_each_meter_and_says_so_once(monkeypatch: pytest.MonkeyPatch, caplog: t.Any) -> None:
    script = Script(takes=4.0)
    poller, _bodies = poll(monkeypatch, script, 400.0)
    counts = [sum(one == unit for _when, one in script.reads) for unit in range(1, 5)]
    assert min(counts) >= 20
    assert sum(health.skipped for health in poller.health.values()) > 0
    assert caplog.text.count("does not keep up") == 1
    assert "Lengthen interval_seconds" in caplog.text


def test_faults_that_take_turns_are_said_once_each(monkeypatch: pytest.MonkeyPatch, caplog: t.Any) -> None:
    script = Script()
    poller, _bodies = poll(monkeypatch, script, 1.0)
    for turn in range(10):
        script.answers[2] = MeterFault("framing", f"Meter roof/2: {'the checksum is wrong' if turn % 2 else 'the answer is cut off'}.")
        poller.poll(METERS[1])
    assert (caplog.text.count("checksum"), caplog.text.count("cut off")) == (1, 1)
    script.now += 3_601
    poller.poll(METERS[1])
    assert caplog.text.count("checksum") == 2


def test_a_bus_that_waits_for_a_dead_meter_names_it(monkeypatch: pytest.MonkeyPatch, caplog: t.Any) -> None:
    script = Script(takes=4.0)
    script.answers[3] = MeterFault("unreachable", "Meter roof/3 does not answer.")
    poll(monkeypatch, script, 60.0)
    assert "does not keep up: meter roof/1 is read less often than asked for. The others wait for roof/3: see to that first" in caplog.text


def test_a_dead_meter_is_asked_less_often_and_soon_again_when_it_is_back(monkeypatch: pytest.MonkeyPatch, caplog: t.Any) -> None:
    caplog.set_level("INFO")
    script = Script(takes=0.1)
    script.answers[2] = MeterFault("unreachable", "Meter roof/2 on bus rs485 does not answer: check its wires.")
    poller, _bodies = poll(monkeypatch, script, 600.0)
    beats = [when for when, unit in script.reads if unit == 2]
    assert max(after - before for before, after in itertools.pairwise(beats)) == pytest.approx(60, abs=0.1)
    assert len(beats) < 20 and sum(unit == 1 for _when, unit in script.reads) == 60
    assert poller.health["roof/2"].errors == len(beats)
    assert caplog.text.count("does not answer") == 1
    script.answers.clear()
    poller.poll(METERS[1])
    assert "Meter roof/2 on bus rs485 answers again" in caplog.text
    assert poller.health["roof/2"].last_reading == 42 and poller.health["roof/2"].last_error is None


@pytest.mark.parametrize("kind", ["no_connection", "exception", "implausible", "settings"])
def test_a_meter_that_fails_without_a_timeout_is_asked_at_every_beat(monkeypatch: pytest.MonkeyPatch, kind: FaultKind) -> None:
    script = Script()
    script.answers[2] = MeterFault(kind, "Meter roof/2 gave no reading.")
    poll(monkeypatch, script, 600.0)
    assert sum(unit == 2 for _when, unit in script.reads) == 60


def test_the_only_meter_of_a_bus_is_asked_at_every_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(takes=1.0)
    script.answers[1] = MeterFault("unreachable", "Meter roof/1 does not answer.")
    poll(monkeypatch, script, 600.0, settings=dataclasses.replace(SETTINGS, meters=METERS[:1]))
    assert len(script.reads) == 60


def test_values_that_are_no_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script()
    script.answers[1] = MeterReading({}, {}, {"kW": "out of range"})
    script.answers[2] = MeterReading({"kW": float("inf")}, {}, {})
    poller, bodies = poll(monkeypatch, script, 9.0)
    assert len(bodies) == 2
    assert poller.health["roof/1"].last_error == "Meter roof/1 on bus rs485 gave no value that can be used: kW (out of range)."
    assert "no number" in str(poller.health["roof/2"].last_error)


def test_what_a_meter_has_no_value_for_is_said_once(monkeypatch: pytest.MonkeyPatch, caplog: t.Any) -> None:
    caplog.set_level("INFO")
    script = Script()
    script.answers[1] = MeterReading({"kW": 1.0}, {}, {"pf": "the meter has no such register"}, ("A counter was reset.",))
    poller, _bodies = poll(monkeypatch, script, 30.0)
    assert caplog.text.count("has no value for: pf (the meter has no such register)") == 1
    assert "A counter was reset." in caplog.text
    assert poller.health["roof/1"].absent == {"pf": "the meter has no such register"}
