# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""EventBridge Scheduler: what is due is invoked, as the role of the schedule and in its rhythm."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from botocore.exceptions import ClientError

from local_cloud.assembly import build
from local_cloud.cloud import Cloud
from local_cloud.services.scheduler import Scheduler
from local_cloud.settings import Settings
from tests.unit.local_cloud.clients import make_role
from tests.unit.local_cloud.lambda_.functions import until, zipped

SOURCE = """
import json
def handler(event, context):
    with open(event["file"], "a") as file:
        file.write(json.dumps(event) + "\\n")
"""
START = 1_795_400_000.0
SCHEDULER = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}


class Clock:
    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> float:
        return self.time


class Schedules:
    """A cloud whose clock stands still, a function that notes its events in a file, and a role that may invoke it."""

    def __init__(self, cloud: Cloud, file: pathlib.Path, clock: Clock) -> None:
        self.cloud = cloud
        self.clock = clock
        self.file = file
        self.client = cloud.client("scheduler")
        iam = cloud.client("iam")
        function = cloud.client("lambda").create_function(
            FunctionName="note",
            Runtime="python3.13",
            Role=make_role(iam, "note", "lambda"),
            Handler="index.handler",
            Code={"ZipFile": zipped(SOURCE)},
        )
        self.arn = function["FunctionArn"]
        self.role = make_role(iam, "clockwork", "scheduler", SCHEDULER)

    def asked(self, name: str = "hourly", expression: str = "rate(1 hour)", **changes: t.Any) -> dict[str, t.Any]:
        target = {"Arn": self.arn, "RoleArn": self.role, "Input": json.dumps({"file": str(self.file)}), **changes.pop("target", {})}
        return {"Name": name, "ScheduleExpression": expression, "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target, **changes}

    def run(self, later: float = 0.0) -> float:
        self.clock.time += later
        return self.cloud.service(Scheduler).run_due() - START

    def events(self, count: int) -> list[dict[str, t.Any]]:
        """The notes, when there are so many."""
        until(lambda: self.file.exists() and len(self.file.read_text().splitlines()) >= count, f"{count} invocations")
        notes = [json.loads(line) for line in self.file.read_text().splitlines()]
        assert len(notes) == count
        return notes


@pytest.fixture
def schedules(cloud: Cloud, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Schedules:
    clock = Clock()
    monkeypatch.setattr(cloud, "now", clock)
    return Schedules(cloud, tmp_path / "events", clock)


def code(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return str(caught.value.response["Error"]["Code"])


def test_a_rate_begins_at_once_and_goes_on_in_its_rhythm(schedules: Schedules) -> None:
    schedules.client.create_schedule(**schedules.asked(expression="rate(1 minute)"))
    assert schedules.run() == 30.0
    assert schedules.run(later=29) == 59.0
    schedules.events(1)
    assert schedules.run(later=31.5) == 90.5
    schedules.events(2)
    assert schedules.run(later=29) == 119.5


def test_what_was_missed_is_made_up_for_once(schedules: Schedules) -> None:
    schedules.client.create_schedule(**schedules.asked())
    schedules.run()
    schedules.run(later=5 * 3600 + 10)
    schedules.run()
    schedules.events(2)


def test_the_function_gets_the_input_with_its_attributes_filled_in(schedules: Schedules) -> None:
    text = json.dumps({"file": str(schedules.file), "at": "<aws.scheduler.scheduled-time>", "by": "<aws.scheduler.schedule-arn>"})
    arn = schedules.client.create_schedule(**schedules.asked(target={"Input": text}))["ScheduleArn"]
    schedules.run()
    (event,) = schedules.events(1)
    assert (event["at"], event["by"]) == ("2026-11-23T02:13:20Z", arn)
    assert arn.endswith(":schedule/default/hourly")


def test_a_disabled_schedule_rests_and_a_deleted_one_is_gone(schedules: Schedules) -> None:
    schedules.client.create_schedule(**schedules.asked(State="DISABLED"))
    schedules.client.create_schedule(**schedules.asked(name="other"))
    schedules.client.delete_schedule(Name="other")
    schedules.run()
    schedules.client.update_schedule(**schedules.asked())
    schedules.run()
    schedules.events(1)
    with pytest.raises(ClientError) as caught:
        schedules.client.get_schedule(Name="other")
    assert code(caught) == "ResourceNotFoundException"


def test_a_schedule_is_shown_with_what_aws_fills_in(schedules: Schedules) -> None:
    schedules.client.create_schedule(**schedules.asked(Description="Roll-ups"))
    shown = schedules.client.get_schedule(Name="hourly")
    assert (shown["State"], shown["GroupName"], shown["Description"]) == ("ENABLED", "default", "Roll-ups")
    assert shown["Target"]["RetryPolicy"] == {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}
    schedules.client.update_schedule(**schedules.asked())
    assert "Description" not in schedules.client.get_schedule(Name="hourly")
    (listed,) = schedules.client.list_schedules(NamePrefix="h")["Schedules"]
    assert listed["Target"] == {"Arn": schedules.arn}
    assert schedules.client.list_schedules(State="DISABLED")["Schedules"] == []
    with pytest.raises(ClientError) as caught:
        schedules.client.create_schedule(**schedules.asked())
    assert code(caught) == "ConflictException"


def test_a_role_without_leave_invokes_nothing_and_the_schedule_goes_on(schedules: Schedules) -> None:
    iam = schedules.cloud.client("iam")
    weak = make_role(iam, "weak", "scheduler")
    schedules.client.create_schedule(**schedules.asked(name="weak", target={"RoleArn": weak}))
    schedules.client.create_schedule(**schedules.asked(name="well"))
    schedules.run()
    schedules.events(1)
    iam.put_role_policy(RoleName="weak", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [SCHEDULER]}))
    schedules.run(later=3600)
    schedules.events(3)


def test_a_role_that_does_not_trust_the_scheduler_is_refused(schedules: Schedules) -> None:
    with pytest.raises(ClientError, match="must allow AWS EventBridge Scheduler to assume the role") as caught:
        schedules.client.create_schedule(**schedules.asked(target={"RoleArn": make_role(schedules.cloud.client("iam"), "other", "lambda")}))
    assert code(caught) == "ValidationException"


@pytest.mark.parametrize("expression", ["rate(0 hours)", "rate(1 week)", "rate(hour)", "hourly"])
def test_a_senseless_expression_is_refused(schedules: Schedules, expression: str) -> None:
    with pytest.raises(ClientError) as caught:
        schedules.client.create_schedule(**schedules.asked(expression=expression))
    assert code(caught) == "ValidationException"


@pytest.mark.parametrize(
    "change",
    [
        {"expression": "cron(0 * * * ? *)"},
        {"expression": "at(2026-11-23T00:00:00)"},
        {"StartDate": 1_795_400_000},
        {"target": {"Arn": "arn:aws:sqs:eu-central-1:123456789012:queue"}},
        {"target": {"DeadLetterConfig": {"Arn": "arn:aws:sqs:eu-central-1:123456789012:queue"}}},
    ],
)
def test_what_is_not_implemented_is_refused(schedules: Schedules, change: dict[str, t.Any]) -> None:
    with pytest.raises(ClientError) as caught:
        schedules.client.create_schedule(**schedules.asked(**change))
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_a_cloud_that_starts_again_goes_on_by_itself(settings: Settings, tmp_path: pathlib.Path) -> None:
    first = build(settings)
    schedules = Schedules(first, tmp_path / "events", Clock())
    schedules.client.create_schedule(**schedules.asked())
    first.stop()
    second = build(settings)
    try:
        second.start()
        schedules.events(1)
    finally:
        second.stop()
