# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudWatch and SNS: metrics in minutes, alarms by their rules, and what they tell whom."""

from __future__ import annotations

import collections.abc as c
import datetime
import json
import typing as t

import pytest
from botocore.exceptions import ClientError

from local_cloud.assembly import build
from local_cloud.cloud import Cloud
from local_cloud.metrics import KEPT, Datum
from local_cloud.services.cloudwatch import CloudWatch
from local_cloud.services.cloudwatch.evaluation import ALARM, OK, UNKNOWN, Rule, judge
from local_cloud.services.sns import Sns
from local_cloud.settings import Settings
from tests.unit.local_cloud.clients import make_role

START = 1_795_399_980.0  # a whole minute
RULE = {"EvaluationPeriods": 1, "Period": 60, "Statistic": "Sum", "Threshold": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold"}
METRIC = {"Namespace": "Plant", "MetricName": "faults"}


class Watched:
    """A cloud whose clock stands still, with a topic."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.now = START
        cloud.now = lambda: self.now  # type: ignore[method-assign]
        self.cloudwatch, self.sns = cloud.client("cloudwatch"), cloud.client("sns")
        self.topic = self.sns.create_topic(Name="alarms")["TopicArn"]

    def alarm(self, name: str = "faults", **changes: t.Any) -> None:
        given = {**RULE, **METRIC, "AlarmName": name, "AlarmActions": [self.topic], "OKActions": [self.topic], **changes}
        self.cloudwatch.put_metric_alarm(**{key: value for key, value in given.items() if value is not None})

    def put(self, value: float, **changes: t.Any) -> None:
        self.cloudwatch.put_metric_data(Namespace="Plant", MetricData=[{"MetricName": "faults", "Value": value, **changes}])

    def state(self, name: str = "faults") -> str:
        return str(self.cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"])

    def messages(self) -> list[dict[str, t.Any]]:
        return self.cloud.service(Sns).messages()

    def changes(self) -> list[str]:
        return [f"{d['OldStateValue']} > {d['NewStateValue']}" for d in (json.loads(m["message"]) for m in self.messages())]


@pytest.fixture
def watched(cloud: Cloud) -> Watched:
    return Watched(cloud)


def code(call: c.Callable[..., t.Any], **arguments: t.Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"], refused.value.response["ResponseMetadata"]["HTTPStatusCode"]


# ---- Alarms


def test_an_alarm_goes_off_and_ends_and_says_so(watched: Watched) -> None:
    watched.alarm(TreatMissingData="notBreaching", AlarmDescription="Look at it")
    assert watched.state() == OK
    watched.put(2)
    assert watched.state() == OK, "a minute is looked at when it is complete"
    watched.now += 60
    assert watched.state() == ALARM
    watched.now += 60
    assert watched.state() == OK
    assert watched.changes() == ["INSUFFICIENT_DATA > OK", "OK > ALARM", "ALARM > OK"]
    told = watched.messages()[1]
    document = json.loads(told["message"])
    assert told["subject"] == 'ALARM: "faults" in EU (Frankfurt)'
    assert document == {
        "AlarmName": "faults",
        "AlarmDescription": "Look at it",
        "AWSAccountId": "123456789012",
        "AlarmConfigurationUpdatedTimestamp": "2026-11-23T02:13:00.000+0000",
        "NewStateValue": "ALARM",
        "NewStateReason": document["NewStateReason"],
        "StateChangeTime": "2026-11-23T02:14:00.000+0000",
        "Region": "EU (Frankfurt)",
        "AlarmArn": "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:faults",
        "OldStateValue": "OK",
        "OKActions": [watched.topic],
        "AlarmActions": [watched.topic],
        "InsufficientDataActions": [],
        "Trigger": document["Trigger"],
    }
    assert "[2.0 (23/11/26 02:13:00)] was greater than or equal to the threshold (1.0)" in document["NewStateReason"]
    assert document["Trigger"] == {
        "MetricName": "faults",
        "Namespace": "Plant",
        "StatisticType": "Statistic",
        "Statistic": "SUM",
        "Unit": None,
        "Dimensions": [],
        "Period": 60,
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "Threshold": 1.0,
        "TreatMissingData": "notBreaching",
        "EvaluateLowSampleCountPercentile": "",
    }


def test_the_servers_clock_evaluates_alarms_that_nobody_reads(watched: Watched) -> None:
    watched.alarm(TreatMissingData="breaching")
    assert watched.cloud.service(CloudWatch).run_due() == START + 60
    assert watched.changes() == ["INSUFFICIENT_DATA > ALARM"]


def test_an_alarm_outlives_a_restart(watched: Watched, settings: Settings) -> None:
    watched.alarm(TreatMissingData="breaching", Tags=[{"Key": "site", "Value": "plant"}])
    assert watched.state() == ALARM
    watched.cloud.store.close()
    cloud = build(settings)
    try:
        alarm = cloud.client("cloudwatch").describe_alarms()["MetricAlarms"][0]
        assert (alarm["AlarmName"], alarm["StateValue"]) == ("faults", ALARM)
        tags = cloud.client("cloudwatch").list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
        assert tags == [{"Key": "site", "Value": "plant"}]
    finally:
        cloud.stop()
        watched.cloud.moto.close()


def test_a_changed_alarm_keeps_its_state_and_a_switched_off_one_its_peace(watched: Watched) -> None:
    watched.alarm(TreatMissingData="breaching")
    assert watched.state() == ALARM
    watched.alarm(TreatMissingData="breaching", Threshold=5)
    assert watched.changes() == ["INSUFFICIENT_DATA > ALARM"]
    watched.cloudwatch.disable_alarm_actions(AlarmNames=["faults"])
    watched.alarm(TreatMissingData="notBreaching", ActionsEnabled=False)
    assert watched.state() == OK
    assert len(watched.messages()) == 1
    watched.cloudwatch.enable_alarm_actions(AlarmNames=["faults"])
    assert watched.cloudwatch.describe_alarms()["MetricAlarms"][0]["ActionsEnabled"] is True


def test_a_state_that_was_set_is_told_and_put_right(watched: Watched) -> None:
    watched.alarm(TreatMissingData="notBreaching")
    assert watched.state() == OK
    watched.cloudwatch.set_alarm_state(AlarmName="faults", StateValue="ALARM", StateReason="a test")
    assert watched.state() == OK
    assert watched.changes()[1:] == ["OK > ALARM", "ALARM > OK"]
    items = watched.cloudwatch.describe_alarm_history(AlarmName="faults", HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    assert [item["HistorySummary"] for item in items][:2] == ["Alarm updated from ALARM to OK", "Alarm updated from OK to ALARM"]


def test_a_query_adds_up_what_has_a_dimension_among_others(watched: Watched) -> None:
    query = "SELECT SUM(Failure) FROM \"AWS/IoT\" WHERE RuleName = 'r'"
    without: dict[str, t.Any] = dict.fromkeys(("Namespace", "MetricName", "Statistic", "Period"))
    watched.alarm(
        **without,
        Threshold=2,
        TreatMissingData="notBreaching",
        Metrics=[{"Id": "q", "Expression": query, "Period": 60, "ReturnData": True}],
    )
    for action, rule in (("S3Action", "r"), ("LambdaAction", "r"), ("S3Action", "other")):
        watched.cloud.metrics.add("AWS/IoT", [Datum.count("Failure", 1, RuleName=rule, ActionType=action)], watched.now)
    watched.now += 60
    assert watched.state() == ALARM
    data = watched.cloudwatch.get_metric_data(
        MetricDataQueries=[
            {"Id": "all", "Expression": query, "Period": 60},
            {"Id": "none", "Expression": query.replace('"AWS/IoT"', 'SCHEMA("AWS/IoT", RuleName)'), "Period": 60},
        ],
        StartTime=datetime.datetime.fromtimestamp(START - 60, datetime.timezone.utc),
        EndTime=datetime.datetime.fromtimestamp(START + 60, datetime.timezone.utc),
    )["MetricDataResults"]
    assert [(result["Id"], result["Values"]) for result in data] == [("all", [2.0]), ("none", [])]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"Metrics": [], "MetricName": None}, "ValidationError"),
        ({"ExtendedStatistic": "p99"}, "NotImplemented"),
        ({"Statistic": None}, "ValidationError"),
        ({"Period": 45}, "ValidationError"),
        ({"Period": 10}, "NotImplemented"),
        ({"EvaluationPeriods": 1441}, "ValidationError"),
        ({"DatapointsToAlarm": 2}, "ValidationError"),
        ({"TreatMissingData": "perhaps"}, "ValidationError"),
        ({"ComparisonOperator": "LessThanLowerThreshold"}, "NotImplemented"),
        ({"AlarmActions": ["arn:aws:automate:eu-central-1:ec2:stop"]}, "NotImplemented"),
        ({"Metrics": [{"Id": "m", "Expression": "m1 + m2", "Period": 60}], **dict.fromkeys(METRIC), "Statistic": None}, "NotImplemented"),
    ],
)
def test_what_an_alarm_cannot_be(watched: Watched, changes: dict[str, t.Any], expected: str) -> None:
    assert code(watched.alarm, **changes)[0] == expected
    assert watched.cloudwatch.describe_alarms()["MetricAlarms"] == []


def test_alarms_are_deleted_all_or_none(watched: Watched) -> None:
    watched.alarm()
    assert code(watched.cloudwatch.delete_alarms, AlarmNames=["faults", "none"]) == ("ResourceNotFound", 404)
    assert len(watched.cloudwatch.describe_alarms(AlarmNamePrefix="fau")["MetricAlarms"]) == 1
    watched.cloudwatch.delete_alarms(AlarmNames=["faults"])
    assert watched.cloudwatch.describe_alarms()["MetricAlarms"] == []


@pytest.mark.parametrize(
    ("missing", "values", "state"),
    [
        ("missing", [None, None, None], UNKNOWN),
        ("missing", [None, 5.0, 5.0], ALARM),
        ("missing", [None, None, 5.0], OK),
        ("notBreaching", [None, None, None], OK),
        ("notBreaching", [None, 5.0, 5.0], ALARM),
        ("breaching", [None, None, None], ALARM),
        ("breaching", [None, 0.0, None], ALARM),
        ("breaching", [None, 0.0, 0.0], OK),
        ("ignore", [None, None, None], None),
        ("ignore", [None, 5.0, 5.0], ALARM),
    ],
)
def test_two_of_three_periods(missing: str, values: list[float | None], state: str | None) -> None:
    verdict = judge(Rule("GreaterThanThreshold", 1.0, 2, missing), values, [180, 120, 60])
    assert (verdict.state if verdict else None) == state


# ---- Metrics


def test_samples_come_together_by_minute_and_period(watched: Watched) -> None:
    for seconds, value in ((0, 1.0), (30, 4.0), (59, -2.0), (60, 10.0)):
        moment = datetime.datetime.fromtimestamp(START + seconds, datetime.timezone.utc)
        watched.put(value, Timestamp=moment, Unit="Count")
    watched.cloudwatch.put_metric_data(Namespace="Plant", MetricData=[{"MetricName": "faults", "Values": [1.0, 2.0], "Counts": [2.0, 3.0]}])
    all_of = ["SampleCount", "Sum", "Average", "Minimum", "Maximum"]
    begin, end = (datetime.datetime.fromtimestamp(START + seconds, datetime.timezone.utc) for seconds in (0, 120))
    arguments = {**METRIC, "StartTime": begin, "EndTime": end, "Statistics": all_of, "Unit": "Count"}
    points = watched.cloudwatch.get_metric_statistics(Period=60, **arguments)["Datapoints"]
    assert [[point[name] for name in all_of] for point in points] == [[3, 3, 1, -2, 4], [1, 10, 10, 10, 10]]
    (point,) = watched.cloudwatch.get_metric_statistics(Period=120, **{**arguments, "Unit": "None"})["Datapoints"]
    assert [point[name] for name in all_of] == [5, 8, 1.6, 1, 2]
    assert watched.cloudwatch.list_metrics(Namespace="Plant")["Metrics"] == [{**METRIC, "Dimensions": []}]


@pytest.mark.parametrize(
    ("datum", "expected"),
    [
        ({"Value": float("nan")}, "SerializationException"),
        ({"Value": float("inf")}, "SerializationException"),
        ({"Timestamp": 1.0, "Value": 1.0}, "InvalidParameterValue"),
        ({"Value": 1.0, "Values": [1.0]}, "InvalidParameterCombination"),
        ({}, "InvalidParameterCombination"),
        ({"Values": [1.0], "Counts": [1.0, 2.0]}, "InvalidParameterValue"),
        ({"Value": 1.0, "StorageResolution": 1}, "NotImplemented"),
    ],
)
def test_what_is_no_sample(watched: Watched, datum: dict[str, t.Any], expected: str) -> None:
    data = [{"MetricName": "good", "Value": 1.0}, {"MetricName": "faults", **datum}]
    assert code(watched.cloudwatch.put_metric_data, Namespace="Plant", MetricData=data)[0] == expected
    assert watched.cloudwatch.list_metrics(Namespace="Plant")["Metrics"] == []


def test_nobody_writes_what_aws_measures(watched: Watched) -> None:
    data = [{"MetricName": "Errors", "Value": 1.0}]
    assert code(watched.cloudwatch.put_metric_data, Namespace="AWS/Lambda", MetricData=data)[0] == "InvalidParameterValue"


def test_old_samples_are_forgotten(watched: Watched) -> None:
    watched.put(1)
    watched.now += KEPT + 120
    watched.cloud.service(CloudWatch).run_due()
    assert watched.cloudwatch.list_metrics()["Metrics"] == []


def test_a_session_does_what_its_role_may(watched: Watched) -> None:
    role = make_role(
        watched.cloud.client("iam"), "meter", "lambda", {"Effect": "Allow", "Action": "cloudwatch:PutMetricData", "Resource": "*"}
    )
    client = watched.cloud.client("cloudwatch", role)
    client.put_metric_data(Namespace="Plant", MetricData=[{"MetricName": "faults", "Value": 1.0}])
    assert code(client.describe_alarms)[0] == "AccessDenied"


# ---- SNS


def test_an_address_is_told_once_it_has_confirmed(watched: Watched) -> None:
    asked = {"TopicArn": watched.topic, "Protocol": "email", "Endpoint": "operations@example.com"}
    assert watched.sns.subscribe(**asked)["SubscriptionArn"] == "pending confirmation"
    watched.sns.publish(TopicArn=watched.topic, Message="early")
    token = watched.messages()[0]["message"].rpartition(" ")[2]
    assert code(watched.sns.confirm_subscription, TopicArn=watched.topic, Token="x" * 32)[0] == "InvalidParameter"
    arn = watched.sns.confirm_subscription(TopicArn=watched.topic, Token=token)["SubscriptionArn"]
    watched.sns.publish(TopicArn=watched.topic, Message="late", Subject="s")
    assert [(m["message"], m["recipients"]) for m in watched.messages()[1:]] == [("early", []), ("late", ["operations@example.com"])]
    assert watched.sns.subscribe(**asked)["SubscriptionArn"] == arn
    attributes = watched.sns.get_topic_attributes(TopicArn=watched.topic)["Attributes"]
    assert (attributes["SubscriptionsConfirmed"], attributes["SubscriptionsPending"]) == ("1", "0")
    watched.sns.unsubscribe(SubscriptionArn=arn)
    assert watched.sns.list_subscriptions_by_topic(TopicArn=watched.topic)["Subscriptions"] == []
    watched.sns.delete_topic(TopicArn=watched.topic)
    assert code(watched.sns.publish, TopicArn=watched.topic, Message="m") == ("NotFound", 404)


@pytest.mark.parametrize(
    ("operation", "arguments", "expected"),
    [
        ("subscribe", {"Protocol": "https", "Endpoint": "https://example.com"}, "NotImplemented"),
        ("subscribe", {"Protocol": "email", "Endpoint": "nobody"}, "InvalidParameter"),
        ("subscribe", {"Protocol": "email", "Endpoint": "a@example.com", "Attributes": {"FilterPolicy": "{}"}}, "NotImplemented"),
        ("publish", {"Message": ""}, "InvalidParameter"),
        ("publish", {"Message": "m" * 262_145}, "InvalidParameter"),
        ("publish", {"Message": "m", "MessageStructure": "json"}, "NotImplemented"),
        ("set_topic_attributes", {"AttributeName": "KmsMasterKeyId", "AttributeValue": "alias/aws/sns"}, "NotImplemented"),
        ("set_topic_attributes", {"AttributeName": "Policy", "AttributeValue": "no policy"}, "InvalidParameter"),
        ("add_permission", {"Label": "l", "AWSAccountId": ["123456789012"], "ActionName": ["Publish"]}, "NotImplemented"),
    ],
)
def test_what_sns_refuses(watched: Watched, operation: str, arguments: dict[str, t.Any], expected: str) -> None:
    assert code(getattr(watched.sns, operation), TopicArn=watched.topic, **arguments)[0] == expected


def test_a_topic_is_made_once(watched: Watched) -> None:
    assert watched.sns.create_topic(Name="alarms")["TopicArn"] == watched.topic
    assert code(watched.sns.create_topic, Name="alarms", Attributes={"DisplayName": "other"})[0] == "InvalidParameter"
    assert code(watched.sns.create_topic, Name="no spaces")[0] == "InvalidParameter"
    assert watched.sns.list_topics()["Topics"] == [{"TopicArn": watched.topic}]


@pytest.mark.parametrize(
    ("statement", "lets_in"),
    [
        ({"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}}, True),
        ({"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}}, False),
        ({"Effect": "Deny", "Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}, False),
        (
            {
                "Effect": "Allow",
                "Principal": {"Service": "cloudwatch.amazonaws.com"},
                "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:*:*:alarm:other-*"}},
            },
            False,
        ),
    ],
)
def test_a_topics_policy_decides_which_alarms_it_takes(watched: Watched, statement: dict[str, t.Any], lets_in: bool) -> None:
    document = {"Version": "2012-10-17", "Statement": [{**statement, "Action": "sns:Publish", "Resource": watched.topic}]}
    watched.sns.set_topic_attributes(TopicArn=watched.topic, AttributeName="Policy", AttributeValue=json.dumps(document))
    watched.alarm(TreatMissingData="breaching")
    assert watched.state() == ALARM
    assert watched.changes() == (["INSUFFICIENT_DATA > ALARM"] if lets_in else [])
    (item,) = watched.cloudwatch.describe_alarm_history(HistoryItemType="Action")["AlarmHistoryItems"]
    assert item["HistorySummary"].startswith("Successfully executed action" if lets_in else "Failed to execute action")
