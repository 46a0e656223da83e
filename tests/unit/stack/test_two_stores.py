# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The template while readings move from one store to the other: both take them, the reader reads one."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from tests.unit.stack.test_template import TEMPLATE, Loader, chosen, conditions_of, statements

STORES = {
    "dynamodb": {"IoTToDynamoDB", "DynamoDBWriteRole", "ReadingsTable"},
    "timestream": {"IoTToTimestream", "TimestreamWriteRole", "TimestreamDB", "TimestreamTable"},
}
TABLES = {"dynamodb": "ReadingsTable", "timestream": "TimestreamTable"}


def template(stores: set[str], read: str) -> dict[str, t.Any]:
    whole = yaml.load(TEMPLATE.read_text(), Loader)
    return t.cast("dict[str, t.Any]", chosen(whole, conditions_of(whole, stores, read)))


@pytest.mark.parametrize("read", [*STORES])
def test_both_stores_take_readings_and_report_what_they_cannot_take(read: str) -> None:
    resources = template({*STORES}, read)["Resources"]
    assert set().union(*STORES.values()) <= set(resources)
    trust = resources["ErrorWriteRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]
    trusted = [arn["Sub"][0].rpartition("rule/${Rule}_")[2] for arn in trust["Condition"]["ArnLike"]["aws:SourceArn"]]
    assert {"IoTToDynamoDB", "IoTToTimestream"} <= set(trusted)


def watched_rules(read: str, stores: set[str]) -> dict[str, set[str]]:
    """The rules of stores whose alarms there are, by the metric that they look at."""
    found: dict[str, set[str]] = {}
    for resource in template(stores, read)["Resources"].values():
        for metric in resource["Properties"].get("Metrics", []) if resource["Type"] == "AWS::CloudWatch::Alarm" else []:
            query, names = metric["Expression"]["Sub"]
            found.setdefault(query.partition(" FROM ")[0], set()).add(names["Rule"]["Ref"])
    rules = {"IoTToDynamoDB", "IoTToTimestream"}
    return {metric.removeprefix("SELECT "): names & rules for metric, names in found.items() if names & rules}


@pytest.mark.parametrize("read", [*STORES])
def test_alarms_watch_every_rule_that_stores_readings(read: str) -> None:
    rules = {"dynamodb": "IoTToDynamoDB", "timestream": "IoTToTimestream"}
    metrics = ("SUM(Failure)", "SUM(ErrorActionFailure)")
    assert watched_rules(read, {*STORES}) == {metric: {*rules.values()} for metric in metrics}
    assert watched_rules(read, {read}) == {metric: {rules[read]} for metric in metrics}


@pytest.mark.parametrize("read", [*STORES])
def test_a_single_store_leaves_nothing_of_the_other(read: str) -> None:
    resources = template({read}, read)["Resources"]
    [other] = set(STORES) - {read}
    assert STORES[read] <= set(resources)
    assert not STORES[other] & set(resources)
    assert TABLES[other] not in str([statement for _role, statement in statements(resources)])


@pytest.mark.parametrize("read", [*STORES])
def test_the_switch_touches_environments_only(read: str) -> None:
    """So that the reader never stands without rights, and no rule is made anew."""
    [other] = set(STORES) - {read}
    before, after = template({*STORES}, read)["Resources"], template({*STORES}, other)["Resources"]
    assert before.keys() == after.keys()
    changed = {name for name in before if before[name] != after[name]}
    # Alarms look at the rule of the store that is read.
    functions = {name for name in changed if before[name]["Type"] != "AWS::CloudWatch::Alarm"}
    assert "EnergyReadLambda" in functions
    assert {before[name]["Type"] for name in functions} == {"AWS::Lambda::Function"}
    properties = [(before[name]["Properties"], after[name]["Properties"]) for name in functions]
    assert {key for one, other in properties for key in one if one[key] != other[key]} == {"Environment"}


@pytest.mark.parametrize("read", [*STORES])
def test_outputs_name_what_the_reader_reads(read: str) -> None:
    outputs = template({*STORES}, read)["Outputs"]
    assert ("DatabaseName" in outputs) == (read == "timestream")
    assert outputs["RuleName"]["Value"] == {"Ref": "IoTToDynamoDB" if read == "dynamodb" else "IoTToTimestream"}
