# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a template says about the stores of its stack."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.energytwin.aws.plugins.filter.stack_template import stack_template
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused
from ansible_collections.energytwin.aws.plugins.module_utils._stack.template import check, import_body, stores

ROLE = pathlib.Path(__file__).parents[4] / "roles/stack/files/energy_twin.yml"


@pytest.fixture(scope="module")
def template() -> dict[str, t.Any]:
    return check(stack_template(ROLE.read_text()))


@pytest.mark.parametrize(
    ("parameters", "in_force"),
    [
        ({"Storage": "dynamodb"}, {"plant_energy"}),
        ({"Storage": "timestream"}, {"plant_db", "plant_db.plant_energy"}),
        ({"Storage": "dynamodb", "AlsoStore": "timestream"}, {"plant_energy", "plant_db", "plant_db.plant_energy"}),
    ],
)
def test_the_stores_of_the_role_s_template(template: dict[str, t.Any], parameters: dict[str, str], in_force: set[str]) -> None:
    found = stores(template, "plant", parameters)
    named = {store.name for store in found}
    assert {"plant_energy", "plant_db", "plant_db.plant_energy"} <= named
    assert in_force <= {store.name for store in found if store.in_force}
    aside = {"plant_energy", "plant_db", "plant_db.plant_energy"} - in_force
    assert not aside & {store.name for store in found if store.in_force}
    identifiers = {store.type: store.identifier for store in found if store.name == "plant_db.plant_energy"}
    assert identifiers == {"AWS::Timestream::Table": {"DatabaseName": "plant_db", "TableName": "plant_energy"}}


def test_every_store_that_the_template_keeps_can_be_taken_in_again(template: dict[str, t.Any]) -> None:
    """A table that is kept and not found here would be in the way of the next stack of that name."""
    kept = {
        name
        for name, resource in template["Resources"].items()
        if resource["Type"].startswith(("AWS::DynamoDB::", "AWS::Timestream::")) and resource.get("DeletionPolicy", "Delete") != "Delete"
    }
    assert {store.logical_id for store in stores(template, "plant", {})} == kept


def test_the_template_of_an_import_has_the_stores_and_no_more(template: dict[str, t.Any]) -> None:
    body = json.loads(import_body(template, {"ReadingsTable"}))
    assert list(body["Resources"]) == ["ReadingsTable"]
    assert "Outputs" not in body
    assert body["Resources"]["ReadingsTable"] == template["Resources"]["ReadingsTable"]
    assert body["Parameters"].keys() == template["Parameters"].keys()


def test_short_and_long_forms_are_the_same() -> None:
    text = "Resources: {A: {Properties: {N: !Sub '${AWS::StackName}_x', R: !Ref B, G: !GetAtt B.Name, E: !If [C, 1, !Ref AWS::NoValue]}}}"
    assert stack_template(text)["Resources"]["A"]["Properties"] == {
        "N": {"Fn::Sub": "${AWS::StackName}_x"},
        "R": {"Ref": "B"},
        "G": {"Fn::GetAtt": ["B", "Name"]},
        "E": {"Fn::If": ["C", 1, {"Ref": "AWS::NoValue"}]},
    }


def test_names_that_only_a_stack_can_tell_are_no_candidates() -> None:
    table = {"Type": "AWS::DynamoDB::Table", "DeletionPolicy": "Retain"}
    named = {"Fn::Sub": "${AWS::StackName}-${AWS::AccountId}"}
    found = stores({"Resources": {"A": table, "B": {**table, "Properties": {"TableName": named}}}}, "plant", {})
    assert found == []


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"Fn::Equals": [{"Ref": "P"}, "x"]}, True),
        ({"Fn::Not": [{"Fn::Equals": [{"Ref": "P"}, "x"]}]}, False),
        ({"Fn::And": [{"Condition": "Other"}, {"Fn::Equals": [{"Ref": "P"}, "y"]}]}, False),
        ({"Fn::Or": [{"Condition": "Other"}, {"Fn::Equals": [{"Ref": "P"}, "y"]}]}, True),
    ],
)
def test_conditions(condition: dict[str, t.Any], holds: bool) -> None:
    table = {"Type": "AWS::DynamoDB::Table", "DeletionPolicy": "Retain", "Condition": "C", "Properties": {"TableName": "a"}}
    template = {
        "Parameters": {"P": {"Type": "String", "Default": "x"}},
        "Conditions": {"C": condition, "Other": {"Fn::Equals": ["1", "1"]}},
        "Resources": {"A": table},
    }
    assert [store.in_force for store in stores(template, "plant", {})] == [holds]


def test_faults_are_one_sentence() -> None:
    with pytest.raises(AnsibleFilterError, match="this is no YAML"):
        stack_template("a: [")
    with pytest.raises(Refused, match="it has no Resources"):
        check({"a": 1})
    template = {
        "Conditions": {"C": {"Fn::Contains": []}},
        "Resources": {
            "A": {"Type": "AWS::DynamoDB::Table", "DeletionPolicy": "Retain", "Condition": "C", "Properties": {"TableName": "a"}}
        },
    }
    with pytest.raises(Refused, match="Fn::Contains in a condition"):
        stores(template, "plant", {})
