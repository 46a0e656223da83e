# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control plane of topic rules, and tags."""

from __future__ import annotations

import typing as t

import pytest

ROLE = "arn:aws:iam::123456789012:role/rule"
ACTION = {"s3": {"roleArn": ROLE, "bucketName": "b", "key": "${topic()}/${timestamp()}"}}


def payload(sql: str = "SELECT * FROM 'energy/plant'", **more: t.Any) -> dict[str, t.Any]:
    return {"sql": sql, "actions": [ACTION], **more}


def test_the_life_of_a_rule(iot: t.Any, refused: t.Any) -> None:
    iot.create_topic_rule(ruleName="r", topicRulePayload=payload(description="readings", awsIotSqlVersion="2016-03-23"))
    found = iot.get_topic_rule(ruleName="r")
    assert found["ruleArn"] == "arn:aws:iot:eu-central-1:123456789012:rule/r"
    assert (found["rule"]["description"], found["rule"]["ruleDisabled"], found["rule"]["actions"]) == ("readings", False, [ACTION])
    with refused("ResourceAlreadyExistsException"):
        iot.create_topic_rule(ruleName="r", topicRulePayload=payload())
    iot.disable_topic_rule(ruleName="r")
    assert iot.get_topic_rule(ruleName="r")["rule"]["ruleDisabled"] is True
    iot.enable_topic_rule(ruleName="r")
    assert iot.get_topic_rule(ruleName="r")["rule"]["ruleDisabled"] is False
    created = found["rule"]["createdAt"]
    iot.replace_topic_rule(ruleName="r", topicRulePayload=payload("SELECT a FROM 'x'"))
    replaced = iot.get_topic_rule(ruleName="r")["rule"]
    assert (replaced["sql"], replaced["awsIotSqlVersion"], replaced["createdAt"]) == ("SELECT a FROM 'x'", "2015-10-08", created)
    assert "description" not in replaced
    iot.delete_topic_rule(ruleName="r")
    with refused("UnauthorizedException"):
        iot.get_topic_rule(ruleName="r")


@pytest.mark.parametrize("operation", ["get_topic_rule", "enable_topic_rule", "disable_topic_rule", "delete_topic_rule"])
def test_a_rule_that_is_not_there(iot: t.Any, refused: t.Any, operation: str) -> None:
    with refused("UnauthorizedException"):
        getattr(iot, operation)(ruleName="nobody")


def test_lists(iot: t.Any) -> None:
    iot.create_topic_rule(ruleName="a", topicRulePayload=payload("SELECT * FROM 'energy/+'"))
    iot.create_topic_rule(ruleName="b", topicRulePayload=payload("select * from 'weather'", ruleDisabled=True))
    iot.create_topic_rule(ruleName="c", topicRulePayload=payload("SELECT *"))

    def names(**wanted: t.Any) -> list[str]:
        return [rule["ruleName"] for rule in iot.list_topic_rules(**wanted)["rules"]]

    assert names() == ["a", "b", "c"]
    assert names(topic="energy/plant") == ["a"]
    assert names(ruleDisabled=True) == ["b"]
    assert [rule.get("topicPattern") for rule in iot.list_topic_rules()["rules"]] == ["energy/+", "weather", None]
    first = iot.list_topic_rules(maxResults=2)
    assert names(maxResults=2, nextToken=first["nextToken"]) == ["c"]


@pytest.mark.parametrize(
    ("wrong", "code", "complaint"),
    [
        (payload("this is no sql"), "SqlParseException", "SELECT"),
        (payload(actions=[{"s3": {"roleArn": ROLE, "bucketName": "b", "key": "${foo()}"}}]), "SqlParseException", "'foo'"),
        (payload(actions=[{"sqs": {"roleArn": ROLE, "queueUrl": "u"}}]), "InvalidRequestException", "'sqs' is not implemented"),
        (payload(actions=[{}]), "InvalidRequestException", "exactly one kind"),
        (payload(errorAction={"sns": {"roleArn": ROLE, "targetArn": "t"}}), "InvalidRequestException", "'sns' is not implemented"),
        (payload(awsIotSqlVersion="beta"), "InvalidRequestException", "'beta'"),
    ],
)
def test_refused_rules(iot: t.Any, refused: t.Any, wrong: dict[str, t.Any], code: str, complaint: str) -> None:
    with refused(code) as error:
        iot.create_topic_rule(ruleName="r", topicRulePayload=wrong)
    assert complaint in error.value.response["Error"]["Message"]
    assert iot.list_topic_rules()["rules"] == []


def test_names(iot: t.Any, refused: t.Any) -> None:
    with refused("InvalidRequestException"):
        iot.create_topic_rule(ruleName="my-rule", topicRulePayload=payload())


def test_tags(iot: t.Any, refused: t.Any) -> None:
    iot.create_topic_rule(ruleName="r", topicRulePayload=payload(), tags="site=plant&stage=a b")
    arn = "arn:aws:iot:eu-central-1:123456789012:rule/r"

    def tags() -> dict[str, str]:
        return {tag["Key"]: tag["Value"] for tag in iot.list_tags_for_resource(resourceArn=arn)["tags"]}

    assert tags() == {"site": "plant", "stage": "a b"}
    iot.tag_resource(resourceArn=arn, tags=[{"Key": "site", "Value": "office"}, {"Key": "x", "Value": ""}])
    iot.untag_resource(resourceArn=arn, tagKeys=["stage", "nothing"])
    assert tags() == {"site": "office", "x": ""}
    iot.delete_topic_rule(ruleName="r")
    with refused("ResourceNotFoundException"):
        iot.list_tags_for_resource(resourceArn=arn)


def test_the_endpoint(iot: t.Any, cloud: t.Any, refused: t.Any) -> None:
    port = cloud.settings.mqtt_port
    assert iot.describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"] == f"127.0.0.1:{port}"
    with refused("NotImplemented"):
        iot.describe_endpoint(endpointType="iot:Jobs")
