# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a long run tells: counts of requests, and a line every few seconds."""

from __future__ import annotations

import typing as t

import boto3
import botocore.awsrequest
import pytest
from botocore.exceptions import ConnectionClosedError

from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.progress import REPORT_SECONDS, Progress


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Raw:
    def stream(self, *_arguments: t.Any, **_options: t.Any) -> t.Iterator[bytes]:
        yield b'{"message": "slow", "workspaceSummaries": []}'


def client(clock: Clock, answers: list[int | None], monkeypatch: pytest.MonkeyPatch) -> t.Any:
    """Answers with these statuses; None: the connection breaks."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    made = boto3.Session().client("iottwinmaker", region_name="eu-central-1", aws_access_key_id="AKIAEXAMPLE", aws_secret_access_key="x")

    def answer(request: t.Any, **_event: t.Any) -> t.Any:
        clock.now += 1
        status = answers.pop(0)
        if status is None:
            raise ConnectionClosedError(endpoint_url="here")
        headers = {"x-amzn-ErrorType": {429: "ThrottlingException", 500: "InternalServerException"}.get(status, "")}
        return botocore.awsrequest.AWSResponse(request.url, status, headers, Raw())

    made.meta.events.register("before-send.iottwinmaker", answer)
    return made


def test_every_request_is_counted_with_what_became_of_it(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    progress = Progress(lambda line: None, clock)
    caller = client(clock, [429, None, 200, 500, 200], monkeypatch)
    progress.attach(caller)
    caller.list_workspaces()
    caller.list_workspaces()
    assert progress.statistics() == {"calls": 5, "retries": 3, "throttled": 1, "seconds": 5.0}


def test_a_line_every_few_seconds_tells_the_phase(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    progress = Progress(lines.append, clock)
    caller = client(clock, [200] * 12, monkeypatch)
    progress.attach(caller)
    for _number in range(12):
        caller.list_workspaces()
    assert [line.split(";")[0] for line in lines] == ["reading"] * int(12 // REPORT_SECONDS)
    assert lines[0] == "reading; 5 calls, 0 of them repeated, 0 throttled, 5 s"


def test_a_report_stands_for_the_next_line(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    progress = Progress(lines.append, clock)
    caller = client(clock, [200] * 6, monkeypatch)
    progress.attach(caller)
    for _number in range(4):
        caller.list_workspaces()
    progress.report("3 of 7 steps are done")
    for _number in range(2):
        caller.list_workspaces()
    assert lines == ["3 of 7 steps are done; 4 calls, 0 of them repeated, 0 throttled, 4 s"]
