# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the stack's template promises, read from the template itself."""

from __future__ import annotations

import collections.abc as c
import itertools
import json
import pathlib
import re
import typing as t

import pytest
import yaml
from energy_reader.request import FIGURES
from energy_reader.rollups import keeper
from energy_reader.rollups.table import LATE

from ansible_collections.energytwin.aws.plugins.filter.stack_template import stack_template
from ansible_collections.energytwin.aws.plugins.module_utils._site.alarms import alarm_subscriptions
from ansible_collections.energytwin.aws.plugins.module_utils._site.properties import (
    IDENTIFIERS,
    SERIES,
    SUMMARY_ID,
    SUMMARY_TYPE_ID,
    TOTALS,
)
from ansible_collections.energytwin.aws.plugins.module_utils._site.stack import expected_outputs
from ansible_collections.energytwin.aws.plugins.module_utils._site.validate import topic_fault

FILES = pathlib.Path(__file__).parents[3] / "roles" / "stack" / "files"
TEMPLATE = FILES / "energy_twin.yml"
POLICY = FILES / "stack_policy.json"
# AWS knows no resource for these actions (Service Authorization Reference).
WITHOUT_RESOURCE = {"timestream:DescribeEndpoints", "iottwinmaker:ListWorkspaces"}
# What a new one may take the place of: a log is no loss, and a component type that is in use cannot change otherwise.
REPLACEABLE = {"ReaderLogGroup", "EnergyMeterComponent"}


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms: ``!Ref x`` becomes ``{"Ref": x}``."""


def _function(loader: Loader, suffix: str, node: yaml.Node) -> dict[str, t.Any]:
    if isinstance(node, yaml.ScalarNode):
        value: t.Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(t.cast(yaml.MappingNode, node), deep=True)
    return {suffix: value}


Loader.add_multi_constructor("!", _function)


def chosen(node: t.Any, conditions: c.Mapping[str, bool]) -> t.Any:
    """The part of a template that stands while these conditions do."""
    nothing = {"Ref": "AWS::NoValue"}
    if isinstance(node, dict) and set(node) == {"If"}:
        condition, this, that = node["If"]
        return chosen(this if conditions[condition] else that, conditions)
    if isinstance(node, dict):
        parts = {key: chosen(value, conditions) for key, value in node.items()}
        return {
            key: value
            for key, value in parts.items()
            # A statement of a policy has a Condition, too; it is no name.
            if value != nothing and not (isinstance(value, dict) and conditions.get(str(value.get("Condition"))) is False)
        }
    if isinstance(node, list):
        return [value for value in (chosen(item, conditions) for item in node) if value != nothing]
    return node


@pytest.fixture(scope="module", params=["dynamodb", "timestream"])
def storage(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def template(storage: str) -> dict[str, t.Any]:
    """As it is for a store."""
    # A subclass of the safe loader.
    whole = yaml.load(TEMPLATE.read_text(), Loader)
    return t.cast("dict[str, t.Any]", chosen(whole, conditions_of(whole, {storage}, storage)))


def conditions_of(whole: dict[str, t.Any], stores: set[str], read: str) -> dict[str, bool]:
    """The template's conditions where these stores take readings, and the reader reads one of them."""
    names = ("InDynamoDB", "InTimestream", "StoresInDynamoDB", "StoresInTimestream", "StoresInBoth")
    assert {name: whole["Conditions"][name] for name in names} == {
        "InDynamoDB": {"Equals": [{"Ref": "Storage"}, "dynamodb"]},
        "InTimestream": {"Equals": [{"Ref": "Storage"}, "timestream"]},
        "StoresInDynamoDB": {"Or": [{"Condition": "InDynamoDB"}, {"Equals": [{"Ref": "AlsoStore"}, "dynamodb"]}]},
        "StoresInTimestream": {"Or": [{"Condition": "InTimestream"}, {"Equals": [{"Ref": "AlsoStore"}, "timestream"]}]},
        "StoresInBoth": {"And": [{"Condition": "StoresInDynamoDB"}, {"Condition": "StoresInTimestream"}]},
    }
    return {
        "InDynamoDB": read == "dynamodb",
        "InTimestream": read == "timestream",
        "StoresInDynamoDB": "dynamodb" in stores,
        "StoresInTimestream": "timestream" in stores,
        "StoresInBoth": stores == {"dynamodb", "timestream"},
    }


@pytest.fixture(scope="module")
def resources(template: dict[str, t.Any]) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", template["Resources"])


def of_type(resources: dict[str, t.Any], kind: str) -> dict[str, t.Any]:
    return {name: resource["Properties"] for name, resource in resources.items() if resource["Type"] == kind}


def statements(resources: dict[str, t.Any]) -> c.Iterator[tuple[str, dict[str, t.Any]]]:
    """Every statement that allows a role something."""
    for name, properties in of_type(resources, "AWS::IAM::Role").items():
        for policy in properties.get("Policies", []):
            yield from ((name, statement) for statement in policy["PolicyDocument"]["Statement"])
    for name, properties in of_type(resources, "AWS::IAM::Policy").items():
        yield from ((name, statement) for statement in properties["PolicyDocument"]["Statement"])


def as_list(value: t.Any) -> list[t.Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("storage", ["timestream"], indirect=True)
def test_logical_ids_and_names_are_those_of_the_original(resources: dict[str, t.Any]) -> None:
    original = {
        "IoTToTimestream": "AWS::IoT::TopicRule",
        "TimestreamDB": "AWS::Timestream::Database",
        "TimestreamTable": "AWS::Timestream::Table",
        "TimestreamWriteRole": "AWS::IAM::Role",
        "EnergyReadLambdaRole": "AWS::IAM::Role",
        "EnergyReadLambda": "AWS::Lambda::Function",
        "TwinMakerS3": "AWS::S3::Bucket",
        "TwinMakerS3Policy": "AWS::S3::BucketPolicy",
        "EnergyMonitorWorkspaceRole": "AWS::IAM::Role",
        "EnergyMonitorWorkspace": "AWS::IoTTwinMaker::Workspace",
        "EnergyMeterComponent": "AWS::IoTTwinMaker::ComponentType",
        "GrafanaServiceRole": "AWS::IAM::Role",
        "GrafanaWorkspace": "AWS::Grafana::Workspace",
        "DashboardRole": "AWS::IAM::Role",
    }
    assert {name: resources[name]["Type"] for name in original} == original
    assert resources["TimestreamDB"]["Properties"]["DatabaseName"] == {"Sub": "${AWS::StackName}_db"}
    assert resources["TimestreamTable"]["Properties"]["TableName"] == {"Sub": "${AWS::StackName}_energy"}
    assert resources["EnergyMonitorWorkspace"]["Properties"]["WorkspaceId"] == {"Sub": "${AWS::StackName}_workspace"}
    # What the original left to CloudFormation to name is not named here: a name would replace it.
    assert not {"FunctionName", "RoleName", "BucketName"} & {key for resource in resources.values() for key in resource["Properties"]}


@pytest.mark.parametrize("storage", ["timestream"], indirect=True)
def test_the_rule_is_on_and_stores_every_property_with_its_own_time(resources: dict[str, t.Any]) -> None:
    payload = resources["IoTToTimestream"]["Properties"]["TopicRulePayload"]
    selected, source = payload["Sql"]["Sub"].removeprefix("SELECT ").split(" FROM ")
    assert [part.strip() for part in selected.split(",")] == [f"cast({name} as double) AS {name}" for name in SERIES]
    assert source == "'${DataTopic}'"
    assert (payload["RuleDisabled"], payload["AwsIotSqlVersion"]) == (False, "2015-10-08")
    (action,) = payload["Actions"]
    assert [(dimension["Name"], dimension["Value"]) for dimension in action["Timestream"]["Dimensions"]] == [
        ("panelId", "${panelId}"),
        ("meterId", "${meterId}"),
    ]
    assert action["Timestream"]["Timestamp"] == {"Value": "${nanvl(timestamp, timestamp())}", "Unit": "MILLISECONDS"}
    assert payload["ErrorAction"]["S3"]["BucketName"] == {"Ref": "ErrorBucket"}


@pytest.mark.parametrize("storage", ["dynamodb"], indirect=True)
def test_the_rule_to_dynamodb_stores_every_property_and_looks_at_each(resources: dict[str, t.Any]) -> None:
    payload = resources["IoTToDynamoDB"]["Properties"]["TopicRulePayload"]
    sql, variables = payload["Sql"]["Sub"]
    for name in SERIES:
        assert f" cast({name} as double) AS {name}" in sql
        assert f"(isUndefined({name}) OR isNull({name}) OR NOT isUndefined(cast({name} as double)))" in sql
    assert variables == {"Time": "floor(nanvl(timestamp, timestamp()))"}
    assert sql.endswith("FROM '${DataTopic}'")
    assert (payload["RuleDisabled"], payload["AwsIotSqlVersion"]) == (False, "2016-03-23")
    (action,) = payload["Actions"]
    assert action["DynamoDBv2"]["PutItem"] == {"TableName": {"Ref": "ReadingsTable"}}
    assert payload["ErrorAction"]["S3"]["BucketName"] == {"Ref": "ErrorBucket"}


@pytest.mark.parametrize("storage", ["dynamodb"], indirect=True)
def test_the_table_is_encrypted_recoverable_and_forgets(resources: dict[str, t.Any]) -> None:
    table = resources["ReadingsTable"]["Properties"]
    assert [(part["AttributeName"], part["KeyType"]) for part in table["KeySchema"]] == [("meter", "HASH"), ("time", "RANGE")]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}


def test_the_component_type_is_the_table_of_properties(resources: dict[str, t.Any]) -> None:
    totals = [total.name for total in TOTALS]
    for component_type, identifiers, series in (
        ("EnergyMeterComponent", IDENTIFIERS, [*SERIES, *totals]),
        ("EnergySummaryComponent", [SUMMARY_ID], totals),
    ):
        component = resources[component_type]["Properties"]
        flags = ("IsTimeSeries", "IsStoredExternally", "IsExternalId", "IsRequiredInEntity")
        expected = dict.fromkeys(identifiers, ("STRING", False, False, True, True))
        expected |= dict.fromkeys(series, ("DOUBLE", True, True, False, False))
        found = {
            name: (definition["DataType"]["Type"], *(definition[flag] for flag in flags))
            for name, definition in component["PropertyDefinitions"].items()
        }
        assert found == expected
        assert component["Functions"]["dataReader"]["ImplementedBy"]["Lambda"]["Arn"] == {"GetAtt": "EnergyReadLambda.Arn"}
    assert resources["EnergySummaryComponent"]["Properties"]["ComponentTypeId"] == SUMMARY_TYPE_ID
    assert totals == list(FIGURES)


def test_totals_are_kept_now_and_then_and_late_readings_are_noted(resources: dict[str, t.Any]) -> None:
    table = resources["RollupsTable"]["Properties"]
    assert [(part["AttributeName"], part["KeyType"]) for part in table["KeySchema"]] == [("series", "HASH"), ("entry", "RANGE")]
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert "TimeToLiveSpecification" not in table
    function = resources["RollupFunction"]["Properties"]
    assert (function["Handler"], function["Timeout"]) == ("index.rollup_handler", 300)
    schedule = resources["RollupSchedule"]["Properties"]
    assert (schedule["ScheduleExpression"], schedule["Target"]["Arn"]) == ("rate(15 minutes)", {"GetAtt": "RollupFunction.Arn"})
    payload = resources["LateReadings"]["Properties"]["TopicRulePayload"]
    # What the keeper takes to be late, and where it looks for it.
    assert f"WHERE timestamp < timestamp() - {keeper.PUNCTUAL} " in payload["Sql"]["Sub"]
    assert f"'{LATE}' AS series" in payload["Sql"]["Sub"]
    assert resources["EnergyReadLambda"]["Properties"]["Environment"]["Variables"]["TIME_ZONE"] == {"Ref": "TimeZone"}


def test_roles_may_do_only_what_they_name(resources: dict[str, t.Any]) -> None:
    for name, statement in statements(resources):
        actions = set(as_list(statement["Action"]))
        assert statement["Effect"] == "Allow"
        assert not any(re.fullmatch(r"\*|[^:]+:\*", action) for action in actions), name
        if "*" in as_list(statement["Resource"]):
            assert actions <= WITHOUT_RESOURCE, name


def test_services_are_trusted_for_this_account_where_they_can_be(resources: dict[str, t.Any], storage: str) -> None:
    trusts = {name: role["AssumeRolePolicyDocument"]["Statement"][0] for name, role in of_type(resources, "AWS::IAM::Role").items()}
    limited = {
        name
        for name, trust in trusts.items()
        if {"aws:SourceAccount", "aws:SourceArn"} <= {key for operator in trust.get("Condition", {}).values() for key in operator}
    }
    write = {"dynamodb": "DynamoDBWriteRole", "timestream": "TimestreamWriteRole"}
    assert limited == {
        write[storage],
        "ErrorWriteRole",
        "RefusedReadingsRole",
        "LateReadingsRole",
        "RollupScheduleRole",
        "GrafanaServiceRole",
    }
    # Lambda and IoT TwinMaker document no such condition; the dashboards' role trusts one role only.
    assert trusts["DashboardRole"]["Principal"] == {"AWS": {"GetAtt": "GrafanaServiceRole.Arn"}}
    assert {trusts[name]["Principal"]["Service"] for name in set(trusts) - limited - {"DashboardRole"}} == {
        "lambda.amazonaws.com",
        "iottwinmaker.amazonaws.com",
    }


def test_grafana_may_assume_the_dashboards_role(resources: dict[str, t.Any]) -> None:
    policy = resources["GrafanaServicePolicy"]["Properties"]
    assert policy["Roles"] == [{"Ref": "GrafanaServiceRole"}]
    assert policy["PolicyDocument"]["Statement"] == [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": {"GetAtt": "DashboardRole.Arn"}}
    ]
    workspace = resources["GrafanaWorkspace"]["Properties"]
    assert (workspace["PermissionType"], workspace["PluginAdminEnabled"]) == ("CUSTOMER_MANAGED", True)


def test_buckets_are_private_encrypted_and_reached_by_tls_only(resources: dict[str, t.Any]) -> None:
    buckets = of_type(resources, "AWS::S3::Bucket")
    policies = {properties["Bucket"]["Ref"]: properties for properties in of_type(resources, "AWS::S3::BucketPolicy").values()}
    assert set(policies) == set(buckets) == {"TwinMakerS3", "ErrorBucket"}
    for name, bucket in buckets.items():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
        encryption = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert encryption == [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        (statement,) = policies[name]["PolicyDocument"]["Statement"]
        assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
        assert statement["Resource"] == [{"GetAtt": f"{name}.Arn"}, {"Sub": f"${{{name}.Arn}}/*"}]
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_only_grafana_may_read_scenes_from_a_browser(resources: dict[str, t.Any]) -> None:
    assert "CorsConfiguration" not in resources["ErrorBucket"]["Properties"]
    (rule,) = resources["TwinMakerS3"]["Properties"]["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedOrigins"] == [{"Sub": "https://${GrafanaWorkspace.Endpoint}"}]
    assert rule["AllowedMethods"] == ["GET", "HEAD"]


def test_what_holds_data_outlives_a_mistake(resources: dict[str, t.Any], storage: str) -> None:
    kept = {name for name, resource in resources.items() if resource.get("DeletionPolicy") == "RetainExceptOnCreate"}
    stores = {"dynamodb": {"ReadingsTable"}, "timestream": {"TimestreamDB", "TimestreamTable"}}
    assert kept == stores[storage] | {"RollupsTable", "TwinMakerS3", "ErrorBucket"}
    never_replaced = {name for name, resource in resources.items() if resource.get("UpdateReplacePolicy") == "Retain"}
    assert never_replaced == kept | {"EnergyMonitorWorkspace", "GrafanaWorkspace"} | REPLACEABLE
    if storage == "timestream":
        assert resources["TimestreamTable"]["Properties"]["MagneticStoreWriteProperties"] == {"EnableMagneticStoreWrites": True}


def test_the_stack_policy_guards_what_an_update_must_not_replace(resources: dict[str, t.Any]) -> None:
    everything, stores = json.loads(POLICY.read_text())["Statement"]
    assert (everything["Effect"], everything["Action"]) == ("Allow", "Update:*")
    assert (stores["Effect"], stores["Action"]) == ("Deny", ["Update:Replace", "Update:Delete"])
    guarded = {resource.removeprefix("LogicalResourceId/") for resource in stores["Resource"]}
    assert guarded & set(resources) == {
        name for name, resource in resources.items() if resource.get("UpdateReplacePolicy") == "Retain" and name not in REPLACEABLE
    }


def test_the_reader_runs_on_a_runtime_that_can_be_made(resources: dict[str, t.Any], storage: str) -> None:
    function = resources["EnergyReadLambda"]["Properties"]
    assert (function["Runtime"], function["Handler"]) == ("python3.13", "index.lambda_handler")
    variables = {"dynamodb": {"DYNAMODB_TABLE_NAME"}, "timestream": {"TIMESTREAM_DATABASE_NAME", "TIMESTREAM_TABLE_NAME"}}
    assert set(function["Environment"]["Variables"]) == variables[storage] | {"ROLLUPS_TABLE_NAME", "TIME_ZONE"}
    assert function["Timeout"] > 20


def test_outputs_are_those_that_the_role_promises(template: dict[str, t.Any], storage: str) -> None:
    promised = expected_outputs("plant", "energy/plant", storage)
    assert set(template["Outputs"]) == set(promised) - ({"DatabaseName"} if storage == "dynamodb" else set())


@pytest.mark.parametrize("topic", ["energy/plant", "a", "ä/ö", "energy/+", "#", "$aws/x", "/a", "a/", "a'b", 'a"b', "a\\b", "", "a b/c"])
def test_template_and_site_judge_a_topic_alike(template: dict[str, t.Any], topic: str) -> None:
    pattern = template["Parameters"]["DataTopic"]["AllowedPattern"]
    assert bool(re.search(pattern, topic)) == (bool(topic) and topic_fault(topic) is None)


def test_the_template_is_small_enough_to_be_sent(template: dict[str, t.Any]) -> None:
    """As the role sends it, with room for some addresses that are told of alarms."""
    sent = stack_template(TEMPLATE.read_text())
    sent["Resources"].update(alarm_subscriptions([f"operations-{number}@example.com" for number in range(20)]))
    assert len(json.dumps(sent, separators=(",", ":")).encode()) <= 51_200
    names = itertools.chain(template["Parameters"], template["Resources"], template["Outputs"])
    assert all(re.fullmatch(r"[A-Za-z0-9]+", name) for name in names)
