# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The alarms of the deployed stack: each goes off by what it is for, is told to the topic, and ends again."""

from __future__ import annotations

import collections.abc as c
import contextlib
import io
import itertools
import json
import typing as t
import zipfile

import pytest

from local_cloud.services.sns import Sns
from tests.unit.stack.deployed import STACK, TOPIC, Deployed

HOUR = 3600.0
_NUMBERS = itertools.count(1)
# An alarm that has no data is in the state that it has without trouble, but for the one that is about no data.
QUIET = {
    "lost-readings",
    "lost-refusals",
    "reader-errors",
    "reader-throttles",
    "refused-readings",
    "rollup-errors",
    "rule-not-found",
    "store-failures",
}


class Alarms:
    """The stack's alarms, on a clock that only goes when it is told to."""

    def __init__(self, deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
        self.deployed = deployed
        # No test sees what another one has done.
        self._now = (deployed.cloud.now() // HOUR + 100 * next(_NUMBERS)) * HOUR
        monkeypatch.setattr(deployed.cloud, "now", lambda: self._now)

    def later(self, minutes: float) -> None:
        self._now += minutes * 60

    def states(self) -> dict[str, str]:
        """The short name of each alarm, and its state."""
        found = self.deployed.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{STACK}-")["MetricAlarms"]
        return {alarm["AlarmName"].removeprefix(f"{STACK}-"): alarm["StateValue"] for alarm in found}

    def alarmed(self) -> set[str]:
        return {name for name, state in self.states().items() if state == "ALARM"}

    def told(self) -> list[tuple[str, str, str]]:
        """(short name, old state, new state) of what was published to the stack's topic, in its order."""
        topic = self.deployed.outputs["AlarmTopicArn"]
        messages = [m for m in self.deployed.cloud.service(Sns).messages() if m["topic"] == topic and m["message"].startswith("{")]
        documents = [json.loads(message["message"]) for message in messages]
        return [(d["AlarmName"].removeprefix(f"{STACK}-"), d["OldStateValue"], d["NewStateValue"]) for d in documents]


@pytest.fixture
def alarms(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> Alarms:
    found = Alarms(deployed, monkeypatch)
    found.states()
    return found


@contextlib.contextmanager
def without_policies(deployed: Deployed, role: str) -> c.Iterator[None]:
    """The role of a logical id may do nothing meanwhile."""
    iam = deployed.client("iam")
    name = deployed.client("cloudformation").describe_stack_resource(StackName=STACK, LogicalResourceId=role)
    role_name = name["StackResourceDetail"]["PhysicalResourceId"]
    policies = iam.list_role_policies(RoleName=role_name)["PolicyNames"]
    documents = {policy: iam.get_role_policy(RoleName=role_name, PolicyName=policy)["PolicyDocument"] for policy in policies}
    for policy in policies:
        iam.delete_role_policy(RoleName=role_name, PolicyName=policy)
    try:
        yield
    finally:
        for policy, document in documents.items():
            iam.put_role_policy(RoleName=role_name, PolicyName=policy, PolicyDocument=json.dumps(document))


@contextlib.contextmanager
def breaking(deployed: Deployed, function: str) -> c.Iterator[None]:
    """The function's code raises meanwhile."""
    client = deployed.client("lambda")
    name = deployed.client("cloudformation").describe_stack_resource(StackName=STACK, LogicalResourceId=function)
    name = name["StackResourceDetail"]["PhysicalResourceId"]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", "raise RuntimeError('broken')")
    client.update_function_code(FunctionName=name, ZipFile=buffer.getvalue())
    try:
        client.invoke(FunctionName=name, Payload=b"{}")
        yield
    finally:
        client.update_function_code(FunctionName=name, S3Bucket="my-plant-1-code", S3Key="reader.zip")


def _store_fails(deployed: Deployed) -> None:
    role = {"dynamodb": "DynamoDBWriteRole", "timestream": "TimestreamWriteRole"}[deployed.storage]
    with without_policies(deployed, role):
        deployed.publish(panelId="mdb", meterId="5", kW=1.0)


def _nothing_is_kept(deployed: Deployed) -> None:
    with without_policies(deployed, "ErrorWriteRole"):
        _store_fails(deployed)


def _a_reading_is_faulty(deployed: Deployed) -> None:
    deployed.publish(panelId="mdb", meterId="5", kW="a lot", hz=50)


def _no_fault_is_kept(deployed: Deployed) -> None:
    with without_policies(deployed, "RefusedReadingsRole"):
        _a_reading_is_faulty(deployed)


def _the_rule_is_off(deployed: Deployed) -> None:
    iot, rule = deployed.client("iot"), deployed.outputs["RuleName"]
    iot.disable_topic_rule(ruleName=rule)
    try:
        deployed.client("iot-data").publish(topic=f"$aws/rules/{rule}/{TOPIC}", qos=1, payload=b"{}")
    finally:
        iot.enable_topic_rule(ruleName=rule)


def _the_reader_fails(deployed: Deployed) -> None:
    with breaking(deployed, "EnergyReadLambda"):
        pass


def _the_totals_fail(deployed: Deployed) -> None:
    with breaking(deployed, "RollupFunction"):
        pass


def _the_reader_is_turned_away(deployed: Deployed) -> None:
    client, name = deployed.client("lambda"), deployed.outputs["ReaderFunctionName"]
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        with pytest.raises(client.exceptions.TooManyRequestsException):
            client.invoke(FunctionName=name, Payload=b"{}")
    finally:
        client.delete_function_concurrency(FunctionName=name)


CAUSES: dict[str, tuple[c.Callable[[Deployed], None], dict[str, set[str]]]] = {
    "store-failures": (_store_fails, {}),
    "lost-readings": (_nothing_is_kept, {"": {"store-failures"}}),
    "refused-readings": (_a_reading_is_faulty, {"dynamodb": {"store-failures"}}),
    "lost-refusals": (_no_fault_is_kept, {"dynamodb": {"store-failures"}}),
    "rule-not-found": (_the_rule_is_off, {}),
    "reader-errors": (_the_reader_fails, {}),
    "reader-throttles": (_the_reader_is_turned_away, {}),
    "rollup-errors": (_the_totals_fail, {}),
}


@pytest.mark.parametrize("name", CAUSES)
def test_an_alarm_goes_off_is_told_and_ends(deployed: Deployed, alarms: Alarms, name: str) -> None:
    cause, others = CAUSES[name]
    cause(deployed)
    alarms.later(1)
    also = {other for stores, names in others.items() if stores in ("", deployed.storage) for other in names}
    assert alarms.alarmed() - {"no-readings"} == {name} | also
    assert (name, "OK", "ALARM") in alarms.told()
    alarms.later(60)
    assert alarms.alarmed() - {"no-readings"} == set()
    assert [change for change in alarms.told() if change[0] == name][-1] == (name, "ALARM", "OK")


def test_silence_is_noticed_after_the_minutes_and_ends_with_the_next_reading(deployed: Deployed, alarms: Alarms) -> None:
    deployed.publish(panelId="mdb", meterId="5", kW=1.0)
    alarms.later(15)
    assert alarms.states()["no-readings"] == "OK"
    alarms.later(1)
    assert alarms.states()["no-readings"] == "ALARM"
    deployed.publish(panelId="mdb", meterId="5", kW=1.0)
    alarms.later(1)
    assert alarms.states()["no-readings"] == "OK"
    changes = [change for change in alarms.told() if change[0] == "no-readings"]
    assert changes[-2:] == [("no-readings", "OK", "ALARM"), ("no-readings", "ALARM", "OK")]


def test_a_stack_that_works_is_quiet(deployed: Deployed, alarms: Alarms) -> None:
    for _minute in range(20):
        deployed.publish(panelId="mdb", meterId="5", kW=1.0, timestamp=int(deployed.cloud.now() * 1000))
        alarms.later(1)
    assert alarms.states() == dict.fromkeys(QUIET | {"no-readings"}, "OK")


def test_an_alarm_needs_the_topics_policy(deployed: Deployed, alarms: Alarms) -> None:
    sns, topic = deployed.client("sns"), deployed.outputs["AlarmTopicArn"]
    document = sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]
    statements = {statement["Sid"]: statement for statement in json.loads(document)["Statement"]}
    assert set(statements) == {"Alarms", "TlsOnly"}
    foreign = deployed.cloud.arn("cloudwatch", "alarm:another-stack-no-readings")
    assert deployed.cloud.service(Sns).publish_for("cloudwatch.amazonaws.com", foreign, topic, "s", "m") is not None
    assert deployed.cloud.service(Sns).publish_for("iot.amazonaws.com", foreign, topic, "s", "m") is not None
    only = json.dumps({"Version": "2012-10-17", "Statement": [statements["TlsOnly"]]})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=only)
    try:
        before = len(alarms.told())
        _the_rule_is_off(deployed)
        alarms.later(1)
        assert alarms.states()["rule-not-found"] == "ALARM"
        alarms.later(60)
        alarms.states()
        assert len(alarms.told()) == before
    finally:
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document)
    history = deployed.client("cloudwatch").describe_alarm_history(AlarmName=f"{STACK}-rule-not-found", HistoryItemType="Action")
    assert "not authorized to perform: SNS:Publish" in history["AlarmHistoryItems"][0]["HistorySummary"]


def test_the_names_of_alarms_are_those_that_the_topic_lets_in(deployed: Deployed) -> None:
    found: list[dict[str, t.Any]] = deployed.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert {alarm["AlarmName"] for alarm in found} == {f"{STACK}-{name}" for name in QUIET | {"no-readings"}}
    assert all(alarm["AlarmActions"] == alarm["OKActions"] == [deployed.outputs["AlarmTopicArn"]] for alarm in found)
