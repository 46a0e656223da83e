# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Following marked readings from the broker to the twin, and finding the hop where one stopped."""

from __future__ import annotations

import base64
import collections.abc as c
import concurrent.futures
import contextlib
import dataclasses
import json
import time
import typing as t

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:
    pass  # AnsibleAWSModule has already said so

from ansible_collections.energytwin.aws.plugins.module_utils._aws import explain
from ansible_collections.energytwin.aws.plugins.module_utils._reading.marked import (
    PROPERTY,
    Failure,
    Hop,
    MarkedReading,
    error_of,
    rule_fault,
)
from ansible_collections.energytwin.aws.plugins.module_utils._reading.stores import table
from ansible_collections.energytwin.aws.plugins.module_utils._times import iso_of

POLL_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0)
READ_CONCURRENCY = 8
ERROR_DOCUMENTS_READ = 50
MEND_STACK = (
    "somebody has deleted it; have CloudFormation make it again by a drift-aware change set (docs/troubleshooting.md, 'Deleted by hand')"
)


@dataclasses.dataclass(frozen=True)
class Path:
    """The resources that a reading passes, as the stack's outputs name them. Without a database the table is DynamoDB's."""

    topic: str
    rule_name: str
    database_name: str | None
    table_name: str
    reader_function: str
    workspace_id: str
    error_bucket: str | None


class Tracer:
    """Asks every hop for marked readings. Clients are boto3 clients by service name."""

    def __init__(self, clients: c.Callable[[str], t.Any], path: Path) -> None:
        self._path = path
        self._iot = clients("iot")
        self._s3 = clients("s3")
        self._lambda = clients("lambda")
        self._table = table(clients, path.database_name, path.table_name)
        self._twin = clients("iottwinmaker")

    def follow(self, readings: c.Sequence[MarkedReading], timeout: float) -> list[Failure]:
        """Wait until every reading is in the store and comes back through the twin; gives those that do not within ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        unstored = self._wait(readings, self._not_stored, deadline)
        failures = [self._before_store(reading) for reading in unstored]
        stored = [reading for reading in readings if reading not in unstored]
        unread = self._wait(stored, self._not_in_twin, deadline)
        return failures + [self._after_store(reading) for reading in unread]

    def _wait(
        self,
        readings: c.Sequence[MarkedReading],
        missing: c.Callable[[c.Sequence[MarkedReading]], list[MarkedReading]],
        deadline: float,
    ) -> list[MarkedReading]:
        pending = missing(readings) if readings else []
        polls = iter(POLL_SECONDS)
        pause = POLL_SECONDS[0]
        while pending and time.monotonic() < deadline:
            pause = next(polls, pause)
            time.sleep(pause)
            pending = missing(pending)
        return pending

    def _not_stored(self, readings: c.Sequence[MarkedReading]) -> list[MarkedReading]:
        try:
            found = self._table.stored(readings)
        except (ClientError, BotoCoreError):
            return list(readings)
        return [reading for reading in readings if (reading.panel_id, reading.meter_id, reading.value) not in found]

    def _not_in_twin(self, readings: c.Sequence[MarkedReading]) -> list[MarkedReading]:
        with concurrent.futures.ThreadPoolExecutor(READ_CONCURRENCY) as pool:
            there = list(pool.map(self._in_twin, readings))
        return [reading for reading, found in zip(readings, there, strict=True) if not found]

    def _in_twin(self, reading: MarkedReading) -> bool:
        try:
            return self._twin_has(reading)
        except (ClientError, BotoCoreError):
            return False

    def _twin_has(self, reading: MarkedReading) -> bool:
        start, end = _around(reading)
        answer = self._twin.get_property_value_history(
            workspaceId=self._path.workspace_id,
            entityId=reading.entity_id,
            componentName=reading.component_name,
            selectedProperties=[PROPERTY],
            startTime=start,
            endTime=end,
        )
        return _holds(answer, reading)

    def _before_store(self, reading: MarkedReading) -> Failure:
        """Published and confirmed, but not stored: the rule or the store."""
        fault = rule_fault(self._rule(), self._path.rule_name, self._path.topic)
        if fault:
            return Failure(reading, Hop.RULE, *fault)
        error = error_of(reading, self._error_documents(), base64.b64decode)
        if error:
            return Failure(reading, Hop.STORE, error, f"look at the objects in bucket '{self._path.error_bucket}' and at the rule's role")
        try:
            self._table.stored([reading])
        except (ClientError, BotoCoreError) as exception:
            return self._unreadable(reading, exception)
        return self._vanished(reading, "nothing of it was stored")

    def _unreadable(self, reading: MarkedReading, exception: Exception) -> Failure:
        if self._table.is_empty(exception):
            return self._vanished(reading, f"nothing was ever stored in table '{self._table.name}'")
        return Failure(
            reading, Hop.STORE, _words(exception), f"look at the table '{self._table.name}' and at the permissions of the caller"
        )

    def _vanished(self, reading: MarkedReading, finding: str) -> Failure:
        return Failure(
            reading,
            Hop.RULE,
            f"the topic rule '{self._path.rule_name}' is enabled and listens to the topic, but {finding} in time, and no error either",
            "look at the rule's metrics and log in CloudWatch and at its roles, or give a longer timeout if the account is busy",
        )

    def _after_store(self, reading: MarkedReading) -> Failure:
        """Stored, but not seen through the twin: the reader or the twin."""
        look_at = f"look at the log of the Lambda function '{self._path.reader_function}'"
        try:
            answer = self._lambda.invoke(FunctionName=self._path.reader_function, Payload=json.dumps(self._reader_event(reading)).encode())
            result = json.loads(answer["Payload"].read())
        except (ClientError, BotoCoreError, ValueError) as exception:
            gone = isinstance(exception, ClientError) and exception.response["Error"]["Code"] == "ResourceNotFoundException"
            return Failure(reading, Hop.READER, _words(exception), MEND_STACK if gone else look_at)
        if answer.get("FunctionError"):
            return Failure(reading, Hop.READER, f"it failed: {result.get('errorMessage', result)}", look_at)
        if not _holds(result, reading):
            return Failure(reading, Hop.READER, "it answered without the reading, although the store has it", look_at)
        try:
            found = self._twin_has(reading)
        except (ClientError, BotoCoreError) as exception:
            return Failure(
                reading,
                Hop.TWIN,
                _words(exception),
                f"look at entity '{reading.entity_id}', component '{reading.component_name}' in workspace '{self._path.workspace_id}' (role twin makes them)",
            )
        cause = "the twin gave it back only after the time was over" if found else "the reader gives the reading, the twin does not"
        return Failure(
            reading,
            Hop.TWIN,
            cause,
            f"look at the role of workspace '{self._path.workspace_id}' and at the component's panelId and meterId",
        )

    def _rule(self) -> dict[str, t.Any] | None:
        try:
            return t.cast("dict[str, t.Any]", self._iot.get_topic_rule(ruleName=self._path.rule_name)["rule"])
        except ClientError:
            # IoT Core answers "not authorized" for a rule that does not exist.
            return None

    def _error_documents(self) -> c.Iterator[dict[str, t.Any]]:
        if not self._path.error_bucket:
            return
        with contextlib.suppress(ClientError, BotoCoreError):
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._path.error_bucket)
            objects = [entry for page in pages for entry in page.get("Contents", [])]
            for entry in sorted(objects, key=lambda found: found["LastModified"], reverse=True)[:ERROR_DOCUMENTS_READ]:
                with contextlib.suppress(ValueError):
                    yield json.loads(self._s3.get_object(Bucket=self._path.error_bucket, Key=entry["Key"])["Body"].read())

    def _reader_event(self, reading: MarkedReading) -> dict[str, t.Any]:
        """What TwinMaker sends to the reader for this component (data connector contract)."""
        start, end = _around(reading)
        external = {"definition": {"dataType": {"type": "STRING"}, "isExternalId": True}}
        return {
            "workspaceId": self._path.workspace_id,
            "entityId": reading.entity_id,
            "componentName": reading.component_name,
            "selectedProperties": [PROPERTY],
            "startTime": start,
            "endTime": end,
            "properties": {
                "panelId": {**external, "value": {"stringValue": reading.panel_id}},
                "meterId": {**external, "value": {"stringValue": reading.meter_id}},
            },
            "maxResults": 10,
            "orderByTime": "ASCENDING",
        }


def _around(reading: MarkedReading) -> tuple[str, str]:
    """A second before and after, since the documents disagree on whether the ends of a range belong to it."""
    return iso_of(reading.timestamp - 1000), iso_of(reading.timestamp + 1000)


def _holds(answer: dict[str, t.Any], reading: MarkedReading) -> bool:
    values = (value for found in answer.get("propertyValues", []) for value in found.get("values", []))
    return any(float(value.get("value", {}).get("doubleValue", "nan")) == reading.value for value in values)


def _words(exception: Exception) -> str:
    return explain(exception).rstrip(".")
