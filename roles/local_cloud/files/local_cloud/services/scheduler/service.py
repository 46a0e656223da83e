# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""scheduler: schedules at a rate that invoke Lambda functions.

Source: the API reference of EventBridge Scheduler, and "Schedule types" and "Context attributes" in its guide. Groups of schedules other
than the default one, one-time and cron schedules, start and end dates and other targets are refused with 501.
"""

from __future__ import annotations

import datetime
import json
import logging
import re
import threading
import typing as t
import uuid

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.cloud import Cloud
from local_cloud.errors import ApiError
from local_cloud.service import Answer, Request, Service
from local_cloud.services.cloudwatch import CloudWatch
from local_cloud.store import Record

SCHEDULE: t.Final = "scheduler-schedule"
GROUP: t.Final = "default"
PRINCIPAL: t.Final = "scheduler.amazonaws.com"
_RATE: t.Final = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_SECONDS: t.Final = {"minute": 60, "hour": 3600, "day": 86_400}
_FUNCTION: t.Final = re.compile(r"arn:[^:]+:lambda:[^:]+:\d{12}:function:[\w-]+")
_REFUSED: t.Final = ("StartDate", "EndDate", "KmsKeyArn", "ActionAfterCompletion")
_TARGET: t.Final = frozenset({"Arn", "RoleArn", "Input", "RetryPolicy"})
# Nothing happens more often, so a schedule that was missed is noticed in time.
_LONGEST_SLEEP: t.Final = 30.0
_LOG = logging.getLogger(__name__)


class Scheduler(Service):
    models = ("scheduler",)

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self._changed = threading.Event()
        self._stopped = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._work, name="scheduler", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped = True
        self._changed.set()
        if self._thread is not None:
            self._thread.join()

    # ---- The API

    def create_schedule(self, request: Request) -> Answer:
        name = request.parameters["Name"]
        record = self._checked(request)
        now = self.cloud.now()
        with self.cloud.store.transaction():
            if self.cloud.store.get(SCHEDULE, name) is not None:
                raise ApiError("ConflictException", f"Schedule {name} already exists.")
            # A rate without a start date begins at once.
            self.cloud.store.put(SCHEDULE, name, {**record, "CreationDate": now, "LastModificationDate": now, "due": now})
        self._changed.set()
        return {"ScheduleArn": self._arn(name)}

    def update_schedule(self, request: Request) -> Answer:
        """Replaces all of it: what is left out is as if it had never been given."""
        name = request.parameters["Name"]
        record = self._checked(request)
        now = self.cloud.now()
        with self.cloud.store.transaction():
            before = self._find(name)
            due = before["due"] if before["ScheduleExpression"] == record["ScheduleExpression"] else now
            self.cloud.store.put(
                SCHEDULE, name, {**record, "CreationDate": before["CreationDate"], "LastModificationDate": now, "due": due}
            )
        self._changed.set()
        return {"ScheduleArn": self._arn(name)}

    def get_schedule(self, request: Request) -> Answer:
        name = self._authorized(request)
        record = self._find(name)
        return {"Arn": self._arn(name), **{key: value for key, value in record.items() if key != "due"}}

    def delete_schedule(self, request: Request) -> Answer:
        name = self._authorized(request)
        if not self.cloud.store.delete(SCHEDULE, name):
            raise _not_found(name)
        return {}

    def list_schedules(self, request: Request) -> Answer:
        self.cloud.authorize(request, "scheduler:ListSchedules", "*")
        _check_group(request)
        if request.parameters.get("NextToken"):
            raise ApiError("ValidationException", "Invalid NextToken provided.")
        wanted = request.parameters.get("State")
        records = self.cloud.store.list(SCHEDULE, prefix=request.parameters.get("NamePrefix", ""))
        if len(records) > request.parameters.get("MaxResults", len(records)):
            raise ApiError("NotImplemented", "The local cloud does not implement pages of scheduler:ListSchedules.", status=501)
        members = ("Name", "GroupName", "State", "CreationDate", "LastModificationDate")
        return {
            "Schedules": [
                {"Arn": self._arn(name), "Target": {"Arn": record["Target"]["Arn"]}, **{member: record[member] for member in members}}
                for name, record in records
                if wanted in (None, record["State"])
            ]
        }

    # ---- What is due

    def run_due(self) -> float:
        """Invokes the targets of all schedules that are due; gives the time of the next one. What was missed is made up for once."""
        now = self.cloud.now()
        upcoming = now + _LONGEST_SLEEP
        for name, record in self.cloud.store.list(SCHEDULE):
            if record["State"] != "ENABLED":
                continue
            if record["due"] <= now:
                if not self._taken(name, record, now):
                    continue
                self._invoke(name, record)
                record["due"] = _following(record, now)
            upcoming = min(upcoming, record["due"])
        return upcoming

    def _taken(self, name: str, record: Record, now: float) -> bool:
        """Moves the schedule on before its target is invoked; False if it was changed meanwhile."""
        with self.cloud.store.transaction():
            if self.cloud.store.get(SCHEDULE, name) != record:
                return False
            self.cloud.store.put(SCHEDULE, name, {**record, "due": _following(record, now)})
        return True

    def _invoke(self, name: str, record: Record) -> None:
        target = record["Target"]
        moment = datetime.datetime.fromtimestamp(int(record["due"]), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        if not self._may_assume(target["RoleArn"]):
            _LOG.warning("schedule %s: the role %s does not exist or does not trust %s", name, target["RoleArn"], PRINCIPAL)
            return
        payload = self._payload(name, target.get("Input"), moment)
        try:
            client = self.cloud.client("lambda", role=target["RoleArn"])
            client.invoke(FunctionName=target["Arn"], InvocationType="Event", Payload=payload.encode())
        except (ClientError, BotoCoreError) as error:
            _LOG.warning("schedule %s: %s", name, error)

    def _payload(self, name: str, given: str | None, moment: str) -> str:
        if given is not None:
            attributes = {
                "<aws.scheduler.schedule-arn>": self._arn(name),
                "<aws.scheduler.scheduled-time>": moment,
                "<aws.scheduler.execution-id>": str(uuid.uuid4()),
                "<aws.scheduler.attempt-number>": "1",
            }
            return re.sub("|".join(map(re.escape, attributes)), lambda found: attributes[found.group()], given)
        return json.dumps(
            {
                "version": "0",
                "id": str(uuid.uuid4()),
                "detail-type": "Scheduled Event",
                "source": "aws.scheduler",
                "account": self.cloud.settings.account,
                "time": moment,
                "region": self.cloud.settings.region,
                "resources": [self._arn(name)],
                "detail": "{}",
            }
        )

    def _work(self) -> None:
        while not self._stopped:
            self._changed.clear()
            upcoming = self.cloud.now() + _LONGEST_SLEEP
            try:
                upcoming = min(self.run_due(), self.cloud.service(CloudWatch).run_due())
            except Exception:  # a fault of ours must not end all schedules
                _LOG.exception("schedules and alarms")
            if not self._stopped:
                self._changed.wait(max(0.0, upcoming - self.cloud.now()))

    # ---- Checks

    def _checked(self, request: Request) -> Record:
        """The schedule that the request describes."""
        self._authorized(request)
        given = request.parameters
        target = given["Target"]
        for member in (*(name for name in _REFUSED if name in given), *(f"Target.{name}" for name in sorted(target.keys() - _TARGET))):
            raise _not_implemented(f"the member {member} of scheduler:{request.operation}")
        _seconds(given["ScheduleExpression"])
        if not _FUNCTION.fullmatch(target["Arn"]):
            raise _not_implemented(f"the target {target['Arn']} of a schedule; it invokes Lambda functions")
        if not self._may_assume(target["RoleArn"]):
            raise ApiError("ValidationException", "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.")
        window = given["FlexibleTimeWindow"]
        if (window["Mode"] == "FLEXIBLE") != ("MaximumWindowInMinutes" in window):
            raise ApiError("ValidationException", "MaximumWindowInMinutes must be provided with the mode FLEXIBLE, and only with it.")
        return {
            "Name": given["Name"],
            "GroupName": GROUP,
            "ScheduleExpression": given["ScheduleExpression"],
            "ScheduleExpressionTimezone": given.get("ScheduleExpressionTimezone", "UTC"),
            "State": given.get("State", "ENABLED"),
            "FlexibleTimeWindow": window,
            "Target": {"RetryPolicy": {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}, **target},
            **({"Description": given["Description"]} if "Description" in given else {}),
        }

    def _may_assume(self, role: str) -> bool:
        source = {"aws:SourceArn": self.cloud.arn("scheduler", f"schedule-group/{GROUP}")}
        return self.cloud.role_trusts(role, PRINCIPAL, source)

    def _authorized(self, request: Request) -> str:
        name = str(request.parameters["Name"])
        self.cloud.authorize(request, f"scheduler:{request.operation}", self._arn(name))
        _check_group(request)
        return name

    def _find(self, name: str) -> Record:
        record = self.cloud.store.get(SCHEDULE, name)
        if record is None:
            raise _not_found(name)
        return record

    def _arn(self, name: str) -> str:
        return self.cloud.arn("scheduler", f"schedule/{GROUP}/{name}")


def _check_group(request: Request) -> None:
    group = request.parameters.get("GroupName", GROUP)
    if group != GROUP:
        raise ApiError("ResourceNotFoundException", f"Schedule group {group} does not exist.")


def _seconds(expression: str) -> int:
    """Of a rate. Raises ApiError."""
    if re.fullmatch(r"(cron|at)\(.*\)", expression):
        raise _not_implemented(f"the schedule expression {expression}; it knows rate(value unit)")
    match = _RATE.fullmatch(expression)
    if match is None or int(match[1]) == 0:
        raise ApiError("ValidationException", f"Invalid Schedule Expression {expression}.")
    return int(match[1]) * _SECONDS[match[2]]


def _following(record: Record, now: float) -> float:
    """The first time after now in the schedule's rhythm."""
    seconds, due = _seconds(record["ScheduleExpression"]), float(record["due"])
    return due + (int((now - due) // seconds) + 1) * seconds


def _not_found(name: str) -> ApiError:
    return ApiError("ResourceNotFoundException", f"Schedule {name} does not exist.")


def _not_implemented(what: str) -> ApiError:
    return ApiError("NotImplemented", f"The local cloud does not implement {what}.", status=501)
