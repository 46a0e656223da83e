# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guard, the knobs and the request log, each by itself."""

from __future__ import annotations

import pathlib
import random

import pytest

from local_cloud.front import guard, knobs, log
from local_cloud.protocol.http import HttpRequest
from local_cloud.settings import Knobs


def request(**headers: str) -> HttpRequest:
    return HttpRequest("GET", "/", "", {name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:5126", "localhost:5126", "LOCALHOST", "[::1]:5126", "api.localhost:5126", "data.127.0.0.1:5126"]
)
def test_the_loopbacks_names_pass(host: str) -> None:
    assert guard.objection(request(host=host)) is None


@pytest.mark.parametrize(
    "host", ["", "evil.example", "evil.example:5126", "127.0.0.1.evil.example", "api.evil.example", "localhost.evil", "[::2]:1"]
)
def test_a_foreign_name_does_not(host: str) -> None:
    assert "answers to 127.0.0.1 and localhost only" in (guard.objection(request(host=host)) or "")


@pytest.mark.parametrize(
    "headers",
    [{"origin": "http://localhost:3000"}, {"origin": "null"}, {"sec_fetch_site": "cross-site"}, {"sec_fetch_site": "same-origin"}],
)
def test_a_web_page_does_not(headers: dict[str, str]) -> None:
    assert guard.objection(request(host="localhost", **headers)) == "The local cloud does not answer to web pages."


def test_an_address_that_a_user_opens_does() -> None:
    assert guard.objection(request(host="localhost", sec_fetch_site="none")) is None


def test_knobs_are_set_by_name() -> None:
    assert knobs.changed(Knobs(settle=2), {"latency": "0.05", "faults": 0.3}) == Knobs(latency=0.05, faults=0.3, settle=2)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"speed": "1"}, "There is no knob 'speed'; the knobs are latency, rate, faults, settle, throttled, broken, new_account."),
        ({"latency": "fast"}, "The knob latency takes a number that is not negative, not 'fast'."),
        ({"rate": "-1"}, "The knob rate takes a number that is not negative, not '-1'."),
        ({"settle": "nan"}, "The knob settle takes a number that is not negative, not 'nan'."),
        ({"faults": "1.1"}, "The knob faults takes a number from 0 to 1, not '1.1'."),
        ({"broken": "2"}, "The knob broken takes a number from 0 to 1, not '2'."),
    ],
)
def test_a_wrong_knob_is_refused_in_one_sentence(settings: dict[str, str], sentence: str) -> None:
    with pytest.raises(knobs.BadKnob) as refused:
        knobs.changed(Knobs(), settings)
    assert str(refused.value) == sentence


def test_the_rate_is_kept_over_time() -> None:
    now = 0.0
    moods = knobs.Moods(clock=lambda: now)
    passed = 0
    for _ in range(1000):
        passed += not moods.throttles(Knobs(rate=10))
        now += 0.01
    assert passed == pytest.approx(10 + 100, abs=1)  # one second's worth at once, then ten a second for ten seconds


def test_without_a_rate_nothing_is_throttled() -> None:
    moods = knobs.Moods(clock=lambda: 0.0)
    assert not any(moods.throttles(Knobs()) for _ in range(1000))


def test_faults_come_in_their_share_and_in_every_kind() -> None:
    moods = knobs.Moods(chance=random.Random(1))
    faults = [moods.fault(Knobs(faults=0.25)) for _ in range(4000)]
    assert sum(fault is not None for fault in faults) == pytest.approx(1000, rel=0.1)
    assert {fault for fault in faults if fault} == set(knobs.FAULTS)
    assert moods.fault(Knobs()) is None


def test_a_share_of_the_calls_is_throttled() -> None:
    moods = knobs.Moods(chance=random.Random(1))
    throttled = sum(moods.throttles(Knobs(throttled=0.3)) for _ in range(1000))
    assert 250 < throttled < 350
    assert not any(moods.throttles(Knobs()) for _ in range(1000))


def entry(operation: str, service: str = "iot") -> log.Entry:
    return log.Entry(1.5, service, operation, 200, 0.25, "account")


def test_the_log_is_read_while_it_is_written(tmp_path: pathlib.Path) -> None:
    assert list(log.read(tmp_path)) == []
    writer = log.Log(tmp_path)
    for number in range(5):
        writer.write(entry(f"Op{number}", "iot" if number % 2 else "s3"))
    assert writer.count == 5
    assert [e.operation for _, e in log.read(tmp_path, last=2)] == ["Op3", "Op4"]
    assert [e.operation for _, e in log.read(tmp_path, service="iot")] == ["Op1", "Op3"]
    seen = max(number for number, _ in log.read(tmp_path))
    writer.write(entry("New"))
    assert [e for _, e in log.read(tmp_path, after=seen)] == [entry("New")]
    writer.close()


def test_the_log_is_a_ring(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "RING", 50)
    monkeypatch.setattr(log, "_TRIM_EVERY", 10)
    writer = log.Log(tmp_path)
    for number in range(200):
        writer.write(entry(f"Op{number}"))
    kept = [e.operation for _, e in log.read(tmp_path)]
    assert kept == [f"Op{number}" for number in range(150, 200)]
    writer.close()
