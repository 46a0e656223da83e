# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""iot_topic_rule against an API in memory."""

from __future__ import annotations

import copy
import typing as t

import pytest

ROLE = "arn:aws:iam::123456789012:role/x"
OPTIONS: dict[str, t.Any] = {
    "name": "readings",
    "sql": "SELECT * FROM 'energy/plant'",
    "description": "Stores readings",
    "actions": [
        {"republish": {"roleArn": ROLE, "topic": "other"}},
        {"lambda": {"functionArn": "arn:aws:lambda:eu-central-1:123456789012:function:f"}},
    ],
    "error_action": {"s3": {"roleArn": ROLE, "bucketName": "errors", "key": "${topic()}"}},
    "tags": {"Site": "plant one"},
}


def options(**differences: t.Any) -> dict[str, t.Any]:
    return {**copy.deepcopy(OPTIONS), **differences}


def test_creates(iot: t.Any, three_times: t.Any) -> None:
    result = three_times("iot_topic_rule", **options())
    assert iot.rules["readings"]["sql"] == OPTIONS["sql"] and iot.tags[iot.arn("readings")] == {"Site": "plant one"}
    assert result["rule"]["enabled"] is True and result["rule"]["arn"] == iot.arn("readings")


def test_defaults_that_aws_adds_to_actions_are_no_change(iot: t.Any, run: t.Any) -> None:
    run("iot_topic_rule", **options(tags=None))
    assert iot.rules["readings"]["actions"][0]["republish"]["qos"] == 0
    assert not run("iot_topic_rule", **options(tags=None))["changed"]


def test_takes_over_a_rule_and_only_enables_it(iot: t.Any, three_times: t.Any) -> None:
    iot.CreateTopicRule("readings", {"sql": "SELECT 1", "actions": [], "ruleDisabled": True})
    result = three_times("iot_topic_rule", name="readings", enabled=True)
    assert iot.writes() == ["EnableTopicRule"]
    assert result["reasons"] == ["is disabled"]
    assert three_times("iot_topic_rule", name="readings", enabled=False)["rule"]["enabled"] is False


def test_a_replacement_is_complete(iot: t.Any, run: t.Any, three_times: t.Any) -> None:
    run("iot_topic_rule", **options(enabled=False))
    three_times("iot_topic_rule", name="readings", sql="SELECT v1 FROM 'energy/plant'")
    rule = iot.rules["readings"]
    assert rule["sql"] == "SELECT v1 FROM 'energy/plant'"
    assert (rule["description"], rule["ruleDisabled"], rule["errorAction"]) == ("Stores readings", True, OPTIONS["error_action"])
    assert len(rule["actions"]) == 2


def test_an_action_that_changes(iot: t.Any, run: t.Any, three_times: t.Any) -> None:
    run("iot_topic_rule", **options())
    three_times("iot_topic_rule", **options(actions=[{"republish": {"roleArn": ROLE, "topic": "third"}}], tags=None))
    assert [action["republish"]["topic"] for action in iot.rules["readings"]["actions"]] == ["third"]


def test_description_and_error_action_are_taken_away(iot: t.Any, run: t.Any, three_times: t.Any) -> None:
    run("iot_topic_rule", **options())
    three_times("iot_topic_rule", name="readings", description="", error_action={})
    assert "errorAction" not in iot.rules["readings"] and "description" not in iot.rules["readings"]


def test_tags(iot: t.Any, run: t.Any, three_times: t.Any) -> None:
    run("iot_topic_rule", **options())
    three_times("iot_topic_rule", name="readings", tags={"Cost": "1"})
    assert iot.tags[iot.arn("readings")] == {"Cost": "1"}


def test_deletes(iot: t.Any, run: t.Any, three_times: t.Any) -> None:
    run("iot_topic_rule", **options())
    three_times("iot_topic_rule", name="readings", state="absent")
    assert iot.rules == {}


def test_a_rule_that_may_not_be_read_is_not_taken_for_a_missing_one(iot: t.Any, run: t.Any) -> None:
    run("iot_topic_rule", **options())
    iot.denied.add("readings")
    assert "Failed to read topic rule 'readings': Access to topic rule 'readings' was denied" in run("iot_topic_rule", **options())["msg"]


def test_a_rule_that_another_run_has_made_is_taken_over(iot: t.Any, run: t.Any) -> None:
    def other_run(operation: str, number: int) -> None:
        if operation == "CreateTopicRule" and not iot.rules:
            iot.CreateTopicRule("readings", {"sql": "SELECT 1", "actions": []})

    iot.before.append(other_run)
    assert not run("iot_topic_rule", **options()).get("failed")
    assert iot.rules["readings"]["sql"] == OPTIONS["sql"]


@pytest.mark.parametrize(
    ("differences", "message"),
    [
        ({"name": "a-b"}, "name: 'a-b' cannot be used; use letters, digits and '_'"),
        ({"actions": []}, "actions: a rule has 1 to 10 actions, not 0"),
        ({"actions": [{"s3": {}, "sns": {}}]}, "actions[0]: "),
        ({"error_action": {"s3": {}, "sns": {}}}, "error_action: "),
        ({"sql": None}, "There is no topic rule 'readings', and to create it sql must be given."),
    ],
)
def test_refuses_bad_options(iot: t.Any, run: t.Any, differences: dict[str, t.Any], message: str) -> None:
    assert run("iot_topic_rule", **options(**differences))["msg"].startswith(message)
    assert iot.writes() == []


@pytest.mark.parametrize("code", ["SqlParseException", "InvalidRequestException", "ConflictingResourceUpdateException"])
def test_errors_are_one_sentence(iot: t.Any, run: t.Any, fault: t.Any, code: str) -> None:
    def refuse(operation: str, number: int) -> None:
        if operation == "CreateTopicRule":
            raise fault(code, "no good")

    iot.before.append(refuse)
    assert run("iot_topic_rule", **options())["msg"] == f"Failed to create topic rule 'readings': no good ({code})."
