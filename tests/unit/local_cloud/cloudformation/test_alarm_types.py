# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alarms and topics as resources of a stack: made, changed, deleted, and read back by their services' APIs."""

from __future__ import annotations

import json
import typing as t

from tests.unit.local_cloud.cloudformation.fakes import Driver

EMAIL = {"Type": "AWS::SNS::Subscription", "Properties": {"TopicArn": {"Ref": "Topic"}, "Protocol": "email", "Endpoint": "a@example.com"}}


def template(threshold: t.Any = 1, display: str = "Plant", sid: str = "first", **more: t.Any) -> dict[str, t.Any]:
    statement = {"Sid": sid, "Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": {"Ref": "Topic"}}
    alarm = {
        "MetricName": "faults",
        "Namespace": "Plant",
        "Dimensions": [{"Name": "Rule", "Value": "r"}],
        "Statistic": "Sum",
        "Period": "60",
        "EvaluationPeriods": 1,
        "Threshold": threshold,
        "ComparisonOperator": "GreaterThanThreshold",
        "AlarmActions": [{"Ref": "Topic"}],
    }
    policy = {"Topics": [{"Ref": "Topic"}], "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
    return {
        "Resources": {
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": display}},
            "Policy": {"Type": "AWS::SNS::TopicPolicy", "Properties": policy},
            "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": alarm},
            **more,
        },
        "Outputs": {
            "Topic": {"Value": {"Ref": "Topic"}},
            "TopicName": {"Value": {"Fn::GetAtt": ["Topic", "TopicName"]}},
            "Alarm": {"Value": {"Ref": "Alarm"}},
            "AlarmArn": {"Value": {"Fn::GetAtt": ["Alarm", "Arn"]}},
        },
    }


def test_the_life_of_an_alarm_and_its_topic(real: Driver) -> None:
    sns, cloudwatch = real.cloud.client("sns"), real.cloud.client("cloudwatch")
    assert real.create(template=template(Email=EMAIL), Tags=[{"Key": "site", "Value": "x"}]) == "CREATE_COMPLETE"
    out = real.outputs()
    topic = out["Topic"]
    (alarm,) = cloudwatch.describe_alarms()["MetricAlarms"]
    assert (alarm["AlarmName"], alarm["AlarmArn"], alarm["AlarmActions"]) == (out["Alarm"], out["AlarmArn"], [topic])
    assert (alarm["Period"], alarm["Threshold"], alarm["Dimensions"]) == (60, 1.0, [{"Name": "Rule", "Value": "r"}])
    assert topic.endswith(f":{out['TopicName']}")
    for tags in (sns.list_tags_for_resource(ResourceArn=topic), cloudwatch.list_tags_for_resource(ResourceARN=out["AlarmArn"])):
        assert {"Key": "site", "Value": "x"} in tags["Tags"]
    assert [found["Endpoint"] for found in sns.list_subscriptions()["Subscriptions"]] == ["a@example.com"]

    changed = template(threshold="2.5", display="Other", sid="second")
    assert real.update(template=changed, Tags=[{"Key": "site", "Value": "y"}]) == "UPDATE_COMPLETE"
    attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert (attributes["DisplayName"], json.loads(attributes["Policy"])["Statement"][0]["Sid"]) == ("Other", "second")
    assert cloudwatch.describe_alarms()["MetricAlarms"][0]["Threshold"] == 2.5
    assert sns.list_subscriptions()["Subscriptions"] == []
    assert {"Key": "site", "Value": "y"} in sns.list_tags_for_resource(ResourceArn=topic)["Tags"]

    assert real.delete() == "DELETE_COMPLETE"
    assert (sns.list_topics()["Topics"], cloudwatch.describe_alarms()["MetricAlarms"]) == ([], [])


def test_a_topic_without_its_policy_has_its_first_one_again(real: Driver) -> None:
    assert real.create(template=template()) == "CREATE_COMPLETE"
    without = template()
    del without["Resources"]["Policy"]
    assert real.update(template=without) == "UPDATE_COMPLETE"
    attributes = real.cloud.client("sns").get_topic_attributes(TopicArn=real.outputs()["Topic"])["Attributes"]
    assert json.loads(attributes["Policy"])["Id"] == "__default_policy_ID"


def test_what_is_not_carried_out_fails_and_leaves_nothing(real: Driver) -> None:
    encrypted = template()
    encrypted["Resources"]["Topic"]["Properties"]["KmsMasterKeyId"] = "alias/aws/sns"
    assert real.create(template=encrypted) == "ROLLBACK_COMPLETE"
    assert "does not implement the property KmsMasterKeyId" in real.reason("Topic", "CREATE_FAILED")
    percentile = template()
    percentile["Resources"]["Alarm"]["Properties"]["ExtendedStatistic"] = "p99"
    assert real.create("two", template=percentile) == "ROLLBACK_COMPLETE"
    assert real.cloud.client("sns").list_topics()["Topics"] == []
    assert real.cloud.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
