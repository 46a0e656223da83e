# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast calls go out."""

from __future__ import annotations

import typing as t

import boto3
import botocore.awsrequest
import pytest

from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.pace import LEAST, Pace


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def send(pace: Pace, calls: int) -> None:
    for _number in range(calls):
        pace.wait()


def test_without_a_limit_nothing_waits(clock: Clock) -> None:
    send(Pace(None, clock, clock.sleep), 1000)
    assert clock.now == 100


def test_a_limit_is_kept(clock: Clock) -> None:
    send(Pace(10, clock, clock.sleep), 101)
    assert clock.now == pytest.approx(110)


def test_throttling_slows_down_once_a_second_and_success_speeds_up_again(clock: Clock) -> None:
    pace = Pace(20, clock, clock.sleep)
    send(pace, 60)
    pace.throttled()
    slower = t.cast(float, pace.rate)
    assert slower == pytest.approx(16, abs=1)
    pace.throttled()
    assert pace.rate == slower
    clock.sleep(1)
    pace.throttled()
    assert pace.rate is not None and pace.rate < slower
    for _number in range(1000):
        pace.succeeded()
    assert pace.rate == 20


def test_it_never_stops(clock: Clock) -> None:
    pace = Pace(None, clock, clock.sleep)
    for _number in range(50):
        pace.wait()
        clock.sleep(1)
        pace.throttled()
    assert pace.rate == LEAST
    pace = Pace(1, clock, clock.sleep)
    pace.throttled()
    assert pace.rate == 1


def test_it_converges_to_what_a_service_takes(clock: Clock) -> None:
    """A service with a bucket that is filled with 30 calls a second, and a client that could send 200."""
    pace, bucket, filled_at, refused = Pace(None, clock, clock.sleep), 30.0, clock.now, 0
    for _number in range(3000):
        pace.wait()
        clock.sleep(0.005)
        bucket, filled_at = min(30.0, bucket + (clock.now - filled_at) * 30), clock.now
        if bucket >= 1:
            bucket -= 1
            pace.succeeded()
        else:
            refused += 1
            pace.throttled()
    assert refused < 600
    assert clock.now - 100 < 3000 / 30 * 1.6


def test_every_attempt_of_a_client_counts(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", clock.sleep)
    client = boto3.Session().client("iottwinmaker", region_name="eu-central-1", aws_access_key_id="AKIAEXAMPLE", aws_secret_access_key="x")
    pace = Pace(1000, clock, clock.sleep)
    pace.attach(client)
    statuses = [429, 429, 200]

    class Raw:
        def __init__(self, status: int) -> None:
            self.body = b'{"message": "slow", "workspaceSummaries": []}'

        def stream(self, *_arguments: t.Any, **_options: t.Any) -> t.Any:
            yield self.body

    def answer(request: t.Any, **_event: t.Any) -> t.Any:
        status = statuses.pop(0)
        headers = {"x-amzn-ErrorType": "ThrottlingException"} if status == 429 else {}
        return botocore.awsrequest.AWSResponse(request.url, status, headers, Raw(status))

    client.meta.events.register_last("before-send.iottwinmaker", answer)
    assert client.list_workspaces()["workspaceSummaries"] == []
    assert statuses == []
    assert t.cast(float, pace.rate) < 1000
