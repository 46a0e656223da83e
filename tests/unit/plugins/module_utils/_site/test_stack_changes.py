# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a change set would do to a stack, and what of it would lose data."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.energytwin.aws.plugins.filter.stack_changes import stack_changes
from ansible_collections.energytwin.aws.plugins.module_utils._site.stack_changes import (
    HOLDS_DATA,
    redefined_types,
    stack_change_table,
    stack_losses,
)

STACK_FILES = pathlib.Path(__file__).parents[5] / "roles" / "stack" / "files"


def detail(
    name: str, recreation: str = "Never", source: str = "DirectModification", cause: str = "", attribute: str = "Properties"
) -> t.Any:
    target = {"Attribute": attribute, "RequiresRecreation": recreation, **({"Name": name} if name else {})}
    evaluation = "Dynamic" if source in ("ResourceReference", "ResourceAttribute") else "Static"
    return {"Target": target, "Evaluation": evaluation, "ChangeSource": source, **({"CausingEntity": cause} if cause else {})}


def modify(logical_id: str, kind: str, *details: t.Any, replacement: str = "False") -> t.Any:
    return {
        "Action": "Modify",
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": f"plant-{logical_id}",
        "ResourceType": kind,
        "Replacement": replacement,
        "Details": list(details),
    }


TABLE = ("TimestreamTable", "AWS::Timestream::Table")
BY_NAME = modify(*TABLE, detail("TableName", "Always"), replacement="True")
IN_PLACE = modify("TimestreamDB", "AWS::Timestream::Database", detail("", attribute="DeletionPolicy"))
BY_REFERENCE = modify(*TABLE, detail("DatabaseName", "Always", "ResourceReference", "TimestreamDB"), replacement="Conditional")


def test_a_replaced_store_is_one_sentence_with_its_property_and_a_remedy() -> None:
    (sentence,) = stack_losses([IN_PLACE, BY_NAME])
    assert sentence.startswith("TimestreamTable (AWS::Timestream::Table 'plant-TimestreamTable') would be replaced by an empty one")
    assert "since its TableName changes" in sentence
    assert "stack_allow_replacement: [TimestreamTable]" in sentence


def test_what_is_allowed_is_no_loss() -> None:
    assert stack_losses([BY_NAME], ["TimestreamTable"]) == []
    assert len(stack_losses([BY_NAME], ["TimestreamDB"])) == 1


def test_a_reference_to_what_changes_in_place_replaces_nothing() -> None:
    assert stack_losses([IN_PLACE, BY_REFERENCE]) == []
    assert stack_losses([BY_REFERENCE]) == []


def test_a_reference_to_what_is_replaced_may_replace_more() -> None:
    database = modify("TimestreamDB", "AWS::Timestream::Database", detail("DatabaseName", "Always"), replacement="True")
    first, second = stack_losses([database, BY_REFERENCE])
    assert first.startswith("TimestreamDB")
    assert "might be replaced" in second
    assert "DatabaseName" in second


def test_a_new_resource_that_is_referred_to_counts_as_another_one() -> None:
    added = {"Action": "Add", "LogicalResourceId": "TimestreamDB", "ResourceType": "AWS::Timestream::Database", "Details": []}
    assert len(stack_losses([BY_REFERENCE, added])) == 1


def test_replacements_go_on_along_a_chain_in_whatever_order_they_are_told() -> None:
    chain = [
        modify("Third", "AWS::S3::Bucket", detail("BucketName", "Always", "ResourceReference", "Second"), replacement="Conditional"),
        modify("Second", "AWS::IAM::Role", detail("RoleName", "Always", "ResourceReference", "First"), replacement="Conditional"),
        modify("First", "AWS::IAM::Role", detail("RoleName", "Always"), replacement="True"),
    ]
    assert [sentence.split()[0] for sentence in stack_losses(chain)] == ["Third"]


@pytest.mark.parametrize(("cause", "losses"), [("Other.Arn", 0), ("Other.Endpoint", 1)])
def test_of_the_attributes_only_an_arn_stays_with_its_resource(cause: str, losses: int) -> None:
    change = modify("Bucket", "AWS::S3::Bucket", detail("BucketName", "Always", "ResourceAttribute", cause), replacement="Conditional")
    assert len(stack_losses([change, modify("Other", "AWS::IAM::Role", detail("Policies"))])) == losses


def test_a_property_that_may_need_another_resource_might_replace_it() -> None:
    (sentence,) = stack_losses([modify(*TABLE, detail("Schema", "Conditionally"), replacement="Conditional")])
    assert "might be replaced" in sentence


@pytest.mark.parametrize("kind", sorted(HOLDS_DATA))
def test_a_removed_store_is_a_loss(kind: str) -> None:
    removed = {
        "Action": "Remove",
        "LogicalResourceId": "Store",
        "PhysicalResourceId": "plant",
        "ResourceType": kind,
        "PolicyAction": "Retain",
    }
    (sentence,) = stack_losses([removed])
    assert sentence.startswith(f"Store ({kind} 'plant') would leave the stack")
    assert stack_losses([removed], ["Store"]) == []


def test_a_role_or_function_that_is_replaced_loses_nothing() -> None:
    assert stack_losses([modify("Reader", "AWS::Lambda::Function", detail("FunctionName", "Always"), replacement="True")]) == []


def test_the_table_shows_action_resource_type_replacement_and_why() -> None:
    added = {"Action": "Add", "LogicalResourceId": "ErrorBucket", "ResourceType": "AWS::S3::Bucket"}
    gone = {"Action": "Remove", "LogicalResourceId": "Old", "ResourceType": "AWS::S3::Bucket", "PolicyAction": "Retain"}
    unsure = modify(*TABLE, detail("Schema", "Conditionally"), detail("Tags"), replacement="Conditional")
    lines = stack_change_table([BY_NAME, IN_PLACE, unsure, added, gone])
    assert [line.split(maxsplit=4) for line in lines[2:5]] == [
        ["Modify", "TimestreamTable", "AWS::Timestream::Table", "yes", "TableName"],
        ["Modify", "TimestreamDB", "AWS::Timestream::Database", "no", "DeletionPolicy"],
        ["Modify", "TimestreamTable", "AWS::Timestream::Table", "perhaps", "Schema, Tags"],
    ]
    assert lines[0].split() == ["Action", "Resource", "Type", "Replacement", "Why"]
    assert lines[5].endswith("is not there")
    assert lines[6].endswith("is not in the template; stays in the account")
    assert stack_change_table([]) == []


COMPONENT_TYPE = ("EnergyMeterComponent", "AWS::IoTTwinMaker::ComponentType")


def test_a_component_type_is_redefined_by_its_properties_only() -> None:
    function = modify("EnergyReadLambda", "AWS::Lambda::Function", detail("Code"))
    arn = detail("Functions", "Never", "ResourceAttribute", "EnergyReadLambda.Arn")
    assert redefined_types([function, modify(*COMPONENT_TYPE, arn)]) == []
    assert redefined_types([function, modify(*COMPONENT_TYPE, detail("Description"))]) == []
    assert redefined_types([function, modify(*COMPONENT_TYPE, arn, detail("PropertyDefinitions"))]) == ["EnergyMeterComponent"]
    replaced = modify("EnergyReadLambda", "AWS::Lambda::Function", detail("FunctionName", "Always"), replacement="True")
    assert redefined_types([replaced, modify(*COMPONENT_TYPE, arn)]) == ["EnergyMeterComponent"]


def test_a_component_type_that_is_replaced_is_not_redefined() -> None:
    change = modify(*COMPONENT_TYPE, detail("ComponentTypeId", "Always"), detail("PropertyDefinitions"), replacement="True")
    assert redefined_types([change]) == []


def test_the_filter_takes_what_the_module_returned() -> None:
    compared = {"changed": True, "meta": [{"Type": "Resource", "ResourceChange": BY_NAME}]}
    assert len(stack_changes(compared)["losses"]) == 1
    assert stack_changes(compared, ["TimestreamTable"])["losses"] == []
    nothing: dict[str, list[str]] = {"table": [], "losses": [], "redefined_types": []}
    assert stack_changes({"changed": False, "meta": "The submitted information didn't contain changes."}) == nothing
    assert stack_changes({"skipped": True}) == nothing


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms as nothing."""


Loader.add_multi_constructor("!", lambda _loader, _suffix, _node: None)


def test_the_stack_policy_guards_what_counts_as_data() -> None:
    resources = yaml.load((STACK_FILES / "energy_twin.yml").read_text(), Loader)["Resources"]
    holding = {name for name, resource in resources.items() if resource["Type"] in HOLDS_DATA}
    statement = json.loads((STACK_FILES / "stack_policy.json").read_text())["Statement"][1]
    assert {name.removeprefix("LogicalResourceId/") for name in statement["Resource"]} == holding
