# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the actions of topic rules do: calls of other services, as the role that the action names.

Each action takes all messages of a batch at once and answers, for each, None or why it failed. Source: the pages of the rule actions in
the AWS IoT developer guide.
"""

from __future__ import annotations

import base64
import collections.abc as c
import dataclasses
import decimal
import json
import typing as t

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud import policy
from local_cloud.broker.rules import values
from local_cloud.broker.rules.context import Context, Message
from local_cloud.broker.rules.rule import Action, Rule

if t.TYPE_CHECKING:
    from local_cloud.cloud import Cloud

PRINCIPAL: t.Final = "iot.amazonaws.com"
MAX_RECORDS: t.Final = 100
MAX_HOPS: t.Final = 16


@dataclasses.dataclass(frozen=True)
class Job:
    """An action's work for one message. result: what the rule's SQL has made of it."""

    rule: Rule
    context: Context
    result: t.Any


@dataclasses.dataclass(frozen=True)
class Failure:
    """resource: e.g. the bucket. reason: one sentence."""

    resource: str
    reason: str


Outcome: t.TypeAlias = "Failure | None"
Publish = c.Callable[[Message, int], None]


class ActionError(Exception):
    """An action that cannot be done for a message; its text is the reason."""


def perform(cloud: Cloud, publish: Publish, action: Action, jobs: c.Sequence[Job]) -> list[Outcome]:
    """Runs an action for some messages (one at least) of one rule. publish: hands a message and its QoS to the broker."""
    source = {"aws:SourceArn": _rule_arn(cloud, jobs[0])}
    if action.role is not None and not cloud.role_trusts(action.role, PRINCIPAL, source):
        reason = f"The role {action.role} does not exist or its trust policy does not let {PRINCIPAL} assume it for this rule"
        return [Failure(_resource(action, job), reason) for job in jobs]
    if action.kind == "timestream":
        return _timestream(cloud, action, jobs)
    return [_one(cloud, publish, action, job) for job in jobs]


def _rule_arn(cloud: Cloud, job: Job) -> str:
    return cloud.arn("iot", f"rule/{job.rule.name}")


def _one(cloud: Cloud, publish: Publish, action: Action, job: Job) -> Outcome:
    try:
        members = action.rendered(job.context)
        if action.kind == "republish":
            _republish(cloud, publish, members, job)
        else:
            _SINGLE[action.kind](cloud, members, job)
    except (ClientError, BotoCoreError, ActionError, ValueError, RecursionError) as error:
        return Failure(_resource(action, job), str(error))
    return None


def _resource(action: Action, job: Job) -> str:
    """The name that an error message gives to what the action writes to."""
    try:
        members = action.rendered(job.context)
    except ValueError as error:
        return str(error)
    place = {"putItem": "", **members}
    table = place["putItem"]["tableName"] if place["putItem"] else members.get("tableName")
    choices = (members.get("bucketName"), members.get("functionArn"), members.get("logGroupName"), members.get("topic"), table)
    return next((choice for choice in choices if choice), "")


# ---- Timestream


def _timestream(cloud: Cloud, action: Action, jobs: c.Sequence[Job]) -> list[Outcome]:
    """One record for each attribute, as many messages to a call as fit. A call that fails is repeated message by message."""
    outcomes: list[Outcome] = [None] * len(jobs)
    calls: list[_Call] = []
    for index, job in enumerate(jobs):
        try:
            database, table, records = _records(action, job)
        except (ActionError, ValueError, RecursionError) as error:
            outcomes[index] = Failure(_resource(action, job), str(error))
            continue
        call = next((call for call in calls[-1:] if call.takes(database, table, records)), None)
        if call is None:
            call = _Call(database, table)
            calls.append(call)
        call.add(index, records)
    for call in calls:
        for index, reason in call.write(cloud, t.cast("str", action.role)).items():
            outcomes[index] = Failure(call.table, reason)
    return outcomes


class _Call:
    """A WriteRecords call that is being filled: no record twice in it, as Timestream refuses that."""

    def __init__(self, database: str, table: str) -> None:
        self.database = database
        self.table = table
        self._jobs: list[tuple[int, list[dict[str, t.Any]]]] = []
        self._keys: set[tuple[t.Any, ...]] = set()

    def takes(self, database: str, table: str, records: c.Sequence[c.Mapping[str, t.Any]]) -> bool:
        fits = len(self._keys) + len(records) <= MAX_RECORDS and (self.database, self.table) == (database, table)
        return fits and self._keys.isdisjoint(map(_key, records))

    def add(self, index: int, records: list[dict[str, t.Any]]) -> None:
        self._jobs.append((index, records))
        self._keys.update(map(_key, records))

    def write(self, cloud: Cloud, role: str) -> dict[int, str]:
        """Why it failed, by index of the message."""
        records = [record for _unused, part in self._jobs for record in part]
        if not records:
            return {}
        reason = self._try(cloud, role, records)
        if reason is None:
            return {}
        if len(self._jobs) == 1:
            return {self._jobs[0][0]: reason}
        reasons = ((index, self._try(cloud, role, part)) for index, part in self._jobs if part)
        return {index: reason for index, reason in reasons if reason is not None}

    def _try(self, cloud: Cloud, role: str, records: list[dict[str, t.Any]]) -> str | None:
        if not cloud.allowed(role, "timestream:DescribeEndpoints", "*"):
            return f"The role {role} is not authorized to perform: timestream:DescribeEndpoints on resource: *"
        try:
            common, rest = _without_repeats(records)
            client = cloud.client("timestream-write", role=role)
            client.write_records(DatabaseName=self.database, TableName=self.table, CommonAttributes=common, Records=rest)
        except ClientError as error:
            rejected = error.response.get("RejectedRecords") or []
            return "; ".join([str(error), *(f"record {entry.get('RecordIndex')}: {entry.get('Reason')}" for entry in rejected)])
        except BotoCoreError as error:
            return str(error)
        return None


def _without_repeats(records: c.Sequence[c.Mapping[str, t.Any]]) -> tuple[dict[str, t.Any], list[dict[str, t.Any]]]:
    """CommonAttributes and Records of a call: what all records share is said once, which makes a call a quarter cheaper."""
    first, *others = records
    shared = ("Dimensions", "MeasureValueType", "Time", "TimeUnit")
    common = {name: first[name] for name in shared if all(record[name] == first[name] for record in others)}
    return common, [{name: value for name, value in record.items() if name not in common} for record in records]


def _key(record: c.Mapping[str, t.Any]) -> tuple[t.Any, ...]:
    dimensions = tuple(sorted((dimension["Name"], dimension["Value"]) for dimension in record["Dimensions"]))
    return dimensions, record["MeasureName"], record["Time"], record["TimeUnit"]


def _records(action: Action, job: Job) -> tuple[str, str, list[dict[str, t.Any]]]:
    members = action.rendered(job.context)
    if not isinstance(job.result, dict):
        raise ActionError("The result of the rule's SQL is not a JSON object, so there are no attributes to write")
    if len(job.result) > MAX_RECORDS:
        raise ActionError(
            f"The result of the rule's SQL has {len(job.result)} attributes; a Timestream action writes {MAX_RECORDS} at most"
        )
    dimensions = [{"Name": dimension["name"], "Value": dimension["value"]} for dimension in members["dimensions"]]
    timestamp = members.get("timestamp") or {"value": str(job.context.message.received), "unit": "MILLISECONDS"}
    try:
        moment = str(int(timestamp["value"]))
    except ValueError:
        raise ActionError(f"The timestamp '{timestamp['value']}' is not a whole number of {timestamp['unit'].lower()}") from None
    records = []
    for name, value in job.result.items():
        if value is None or value is values.UNDEFINED:
            continue
        kind, text = _measure(value)
        records.append(
            {
                "Dimensions": dimensions,
                "MeasureName": name,
                "MeasureValue": text,
                "MeasureValueType": kind,
                "Time": moment,
                "TimeUnit": timestamp["unit"],
            }
        )
    return members["databaseName"], members["tableName"], records


def _measure(value: t.Any) -> tuple[str, str]:
    """Timestream's type and text of an attribute: its JSON form decides."""
    if isinstance(value, bool):
        return "BOOLEAN", "true" if value else "false"
    if isinstance(value, int):
        return "BIGINT", str(value)
    if isinstance(value, decimal.Decimal):
        return "DOUBLE", values.dumps(value)
    return "VARCHAR", values.text_of(value)


# ---- The other actions: one call for each message


def _s3(cloud: Cloud, members: dict[str, t.Any], job: Job) -> None:
    extra = {"ACL": members["cannedAcl"]} if "cannedAcl" in members else {}
    client = cloud.client("s3", role=members["roleArn"])
    client.put_object(Bucket=members["bucketName"], Key=members["key"], Body=values.payload_of(job.result), **extra)


def _lambda(cloud: Cloud, members: dict[str, t.Any], job: Job) -> None:
    """Asynchronously, as AWS does. The function's own policy must let the rule invoke it."""
    function = members["functionArn"]
    client = cloud.client("lambda")
    try:
        document = json.loads(client.get_policy(FunctionName=function)["Policy"])
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        document = {}
    keys = {"aws:SourceArn": _rule_arn(cloud, job), "aws:SourceAccount": cloud.settings.account}
    if not policy.trusts(document, "lambda:InvokeFunction", "Service", PRINCIPAL, keys):
        raise ActionError(f"The policy of the function {function} does not let {PRINCIPAL} invoke it for the rule {job.rule.name}")
    client.invoke(FunctionName=function, InvocationType="Event", Payload=values.payload_of(job.result))


def _dynamodb_v2(cloud: Cloud, members: dict[str, t.Any], job: Job) -> None:
    if not isinstance(job.result, dict):
        raise ActionError("The result of the rule's SQL is not a JSON object, so it has no attributes for the columns")
    item = {name: _attribute(value) for name, value in job.result.items() if value is not values.UNDEFINED}
    cloud.client("dynamodb", role=members["roleArn"]).put_item(TableName=members["putItem"]["tableName"], Item=item)


def _dynamodb(cloud: Cloud, members: dict[str, t.Any], job: Job) -> None:
    key = {members["hashKeyField"]: _key_attribute(members.get("hashKeyType"), members["hashKeyValue"])}
    if "rangeKeyField" in members:
        key[members["rangeKeyField"]] = _key_attribute(members.get("rangeKeyType"), members.get("rangeKeyValue", ""))
    client = cloud.client("dynamodb", role=members["roleArn"])
    operation = members.get("operation", "INSERT").upper()
    column = members.get("payloadField", "payload")
    table = members["tableName"]
    if operation == "INSERT":
        client.put_item(TableName=table, Item={**key, column: _attribute(job.result)})
    elif operation == "UPDATE":
        client.update_item(
            TableName=table,
            Key=key,
            UpdateExpression="SET #payload = :payload",
            ExpressionAttributeNames={"#payload": column},
            ExpressionAttributeValues={":payload": _attribute(job.result)},
        )
    elif operation == "DELETE":
        client.delete_item(TableName=table, Key=key)
    else:
        raise ActionError(f"The operation '{operation}' of a DynamoDB action must be INSERT, UPDATE or DELETE")


def _key_attribute(kind: str | None, value: str) -> dict[str, t.Any]:
    return {"N" if kind == "NUMBER" else "S": value}


def _attribute(value: t.Any) -> dict[str, t.Any]:
    """A value in DynamoDB's own form."""
    if value is None or value is values.UNDEFINED:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if values.is_number(value):
        return {"N": values.dumps(value)}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bytes):
        return {"B": value}
    if isinstance(value, list):
        return {"L": [_attribute(item) for item in value]}
    return {"M": {name: _attribute(item) for name, item in value.items()}}


def _cloudwatch_logs(cloud: Cloud, members: dict[str, t.Any], job: Job) -> None:
    client = cloud.client("logs", role=members["roleArn"])
    group, stream = members["logGroupName"], job.rule.name
    entries = job.result if members.get("batchMode") and isinstance(job.result, list) else [job.result]
    events = [
        {"timestamp": job.context.message.received, "message": values.payload_of(entry).decode("utf-8", "replace")} for entry in entries
    ]
    if not client.describe_log_streams(logGroupName=group, logStreamNamePrefix=stream)["logStreams"]:
        client.create_log_stream(logGroupName=group, logStreamName=stream)
    client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def _republish(cloud: Cloud, publish: Publish, members: dict[str, t.Any], job: Job) -> None:
    topic = members["topic"].replace("$$", "$", 1) if members["topic"].startswith("$$") else members["topic"]
    message = job.context.message
    if message.hops >= MAX_HOPS:
        raise ActionError(f"The message has been republished {MAX_HOPS} times: rules send it in a circle")
    if not cloud.allowed(members["roleArn"], "iot:Publish", cloud.arn("iot", f"topic/{topic}")):
        raise ActionError(f"The role {members['roleArn']} is not authorized to perform: iot:Publish on topic {topic}")
    copy = dataclasses.replace(message, topic=topic, payload=values.payload_of(job.result), hops=message.hops + 1)
    publish(copy, members.get("qos", 0))


_SINGLE: t.Final[dict[str, c.Callable[[Cloud, dict[str, t.Any], Job], None]]] = {
    "cloudwatchLogs": _cloudwatch_logs,
    "dynamoDB": _dynamodb,
    "dynamoDBv2": _dynamodb_v2,
    "lambda": _lambda,
    "s3": _s3,
}


def error_document(job: Job, failures: c.Sequence[tuple[str, Failure]]) -> dict[str, t.Any]:
    """The message that an error action gets, one for each rule and message. failures: (name of the action, failure)."""
    message = job.context.message
    return {
        "ruleName": job.rule.name,
        "topic": message.topic,
        "cloudwatchTraceId": message.trace_id,
        "clientId": message.client_id or "N/A",
        "base64OriginalPayload": base64.b64encode(message.payload).decode(),
        "failures": [
            {"failedAction": name, "failedResource": failure.resource, "errorMessage": failure.reason} for name, failure in failures
        ],
    }
