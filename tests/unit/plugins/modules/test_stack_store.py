# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stores that outlived their stack, taken into the next one or deleted, against the local cloud."""

from __future__ import annotations

import collections.abc as c
import json
import pathlib
import typing as t

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from local_cloud.assembly import build
from local_cloud.cloud import Cloud
from local_cloud.settings import Knobs
from tests.unit.local_cloud.cloudformation.fakes import until
from tests.unit.plugins.modules.clouds import free_settings

KEY = [{"AttributeName": "meter", "KeyType": "HASH"}]
TABLE = {
    "Type": "AWS::DynamoDB::Table",
    "DeletionPolicy": "RetainExceptOnCreate",
    "Condition": "InDynamoDB",
    "Properties": {
        "TableName": {"Fn::Sub": "${AWS::StackName}_energy"},
        "KeySchema": KEY,
        "AttributeDefinitions": [{"AttributeName": "meter", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    },
}
DATABASE = {
    "Type": "AWS::Timestream::Database",
    "DeletionPolicy": "RetainExceptOnCreate",
    "Condition": "InTimestream",
    "Properties": {"DatabaseName": {"Fn::Sub": "${AWS::StackName}_db"}},
}
SERIES = {
    "Type": "AWS::Timestream::Table",
    "DeletionPolicy": "RetainExceptOnCreate",
    "Condition": "InTimestream",
    "Properties": {"DatabaseName": {"Ref": "Base"}, "TableName": {"Fn::Sub": "${AWS::StackName}_energy"}},
}
TEMPLATE: dict[str, t.Any] = {
    "Parameters": {"Storage": {"Type": "String", "Default": "dynamodb"}},
    "Conditions": {
        "InDynamoDB": {"Fn::Equals": [{"Ref": "Storage"}, "dynamodb"]},
        "InTimestream": {"Fn::Equals": [{"Ref": "Storage"}, "timestream"]},
    },
    "Resources": {"Items": TABLE, "Base": DATABASE, "Series": SERIES, "Log": {"Type": "AWS::Logs::LogGroup"}},
    "Outputs": {"Storage": {"Value": {"Ref": "Storage"}}},
}
NAMES = {"dynamodb": ["plant_energy"], "timestream": ["plant_db", "plant_db.plant_energy"]}


@pytest.fixture
def cloud(tmp_path: pathlib.Path, run: t.Any, monkeypatch: pytest.MonkeyPatch) -> c.Iterator[Cloud]:
    made = build(free_settings(tmp_path / "cloud"))
    monkeypatch.setattr(AnsibleAWSModule, "client", lambda self, service, **options: made.client(service))
    yield made
    made.stop()


@pytest.fixture
def store(cloud: Cloud, run: t.Any) -> c.Callable[..., dict[str, t.Any]]:
    def module(storage: str = "dynamodb", **options: t.Any) -> dict[str, t.Any]:
        given = {"stack_name": "plant", "template": TEMPLATE, "template_parameters": {"Storage": storage}, **options}
        return t.cast("dict[str, t.Any]", run("stack_store", **given))

    return module


def settled(cloud: Cloud, stack: str) -> str:
    client = cloud.client("cloudformation")

    def status() -> str:
        return str(client.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])

    until(lambda: not status().endswith("_IN_PROGRESS"), "the stack")
    return status()


def deploy(cloud: Cloud, storage: str, verb: str = "create") -> str:
    given = [{"ParameterKey": "Storage", "ParameterValue": storage}]
    stack = getattr(cloud.client("cloudformation"), f"{verb}_stack")(StackName="plant", TemplateBody=json.dumps(TEMPLATE), Parameters=given)
    return settled(cloud, stack["StackId"])


def delete(cloud: Cloud) -> None:
    client = cloud.client("cloudformation")
    stack_id = client.describe_stacks(StackName="plant")["Stacks"][0]["StackId"]
    client.delete_stack(StackName="plant")
    assert settled(cloud, stack_id) == "DELETE_COMPLETE"


def named(stores: list[dict[str, t.Any]]) -> list[str]:
    return [one["name"] for one in stores]


@pytest.mark.parametrize("storage", ["dynamodb", "timestream"])
def test_a_new_stack_takes_in_what_the_old_one_left_and_grows_to_its_full_size(cloud: Cloud, store: t.Any, storage: str) -> None:
    assert deploy(cloud, storage) == "CREATE_COMPLETE"
    if storage == "dynamodb":
        cloud.client("dynamodb").put_item(TableName="plant_energy", Item={"meter": {"S": "roof#5"}})
    delete(cloud)
    foretold = store(storage, check=True)
    assert (foretold["changed"], named(foretold["stores"])) == (True, NAMES[storage])
    assert cloud.client("cloudformation").list_stacks(StackStatusFilter=["IMPORT_COMPLETE", "REVIEW_IN_PROGRESS"])["StackSummaries"] == []
    done = store(storage)
    assert (done["changed"], done["stores"], done["diff"]) == (True, foretold["stores"], foretold["diff"])
    again = store(storage)
    assert (again["changed"], again["stores"]) == (False, [])
    assert deploy(cloud, storage, "update") == "UPDATE_COMPLETE"
    if storage == "dynamodb":
        assert cloud.client("dynamodb").scan(TableName="plant_energy")["Count"] == 1


def test_an_import_that_was_stopped_before_its_execution_is_begun_anew(cloud: Cloud, store: t.Any) -> None:
    deploy(cloud, "dynamodb")
    delete(cloud)
    only = {**TEMPLATE, "Resources": {"Items": TABLE}, "Outputs": {}}
    identified = {"ResourceType": TABLE["Type"], "LogicalResourceId": "Items", "ResourceIdentifier": {"TableName": "plant_energy"}}
    cloud.client("cloudformation").create_change_set(
        StackName="plant",
        ChangeSetName="energytwin-import",
        ChangeSetType="IMPORT",
        TemplateBody=json.dumps(only),
        ResourcesToImport=[identified],
    )
    assert store()["changed"] is True
    assert settled(cloud, "plant") == "IMPORT_COMPLETE"


def test_an_empty_account_has_nothing_to_take_in_or_to_delete(store: t.Any, cloud: Cloud) -> None:
    for state in ("imported", "absent"):
        found = store(state=state)
        assert (found["changed"], found["stores"]) == (False, [])


def test_the_store_of_another_kind_stays_aside(cloud: Cloud, store: t.Any) -> None:
    deploy(cloud, "timestream")
    delete(cloud)
    found = store("dynamodb")
    assert (found["changed"], named(found["others"])) == (False, NAMES["timestream"])


def test_a_table_of_somebody_else_is_not_taken(cloud: Cloud, store: t.Any) -> None:
    cloud.client("dynamodb").create_table(
        TableName="plant_energy",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    refused = store(check=True)
    assert refused["failed"] is True
    assert (
        refused["msg"]
        == "Table 'plant_energy' is there and is no store of readings, for its key is 'id'; delete it, or give the stack another name."
    )


@pytest.mark.parametrize("storage", ["dynamodb", "timestream"])
def test_readings_are_deleted_when_their_stack_is_gone_and_not_before(cloud: Cloud, store: t.Any, storage: str) -> None:
    deploy(cloud, storage)
    refused = store(state="absent")
    assert refused["msg"] == "stack_name: stack 'plant' is there and uses its stores; delete the stack before them."
    assert store(state="absent", check=True)["changed"] is True, "a check comes before the stack is deleted"
    delete(cloud)
    foretold = store(state="absent", check=True)
    done = store(state="absent")
    assert (done["changed"], done["stores"]) == (True, foretold["stores"])
    assert sorted(named(done["stores"])) == sorted(NAMES[storage])
    assert store(state="absent")["changed"] is False
    assert cloud.client("dynamodb").list_tables()["TableNames"] == []


def test_an_account_that_timestream_is_closed_for_has_no_store_there(
    tmp_path: pathlib.Path, run: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = build(free_settings(tmp_path / "new", Knobs(new_account=1)))
    monkeypatch.setattr(AnsibleAWSModule, "client", lambda self, service, **options: closed.client(service))
    found = run("stack_store", stack_name="plant", template=TEMPLATE, state="absent")
    closed.stop()
    assert (found.get("failed"), found["changed"]) == (None, False)
