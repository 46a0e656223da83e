# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Intrinsic functions: what they come to and what they refer to."""

from __future__ import annotations

import typing as t

import pytest

from local_cloud.cloudformation import functions
from local_cloud.errors import ApiError


class Names:
    """A scope with one resource, ``Bucket``."""

    def __init__(self) -> None:
        self.parameters: dict[str, t.Any] = {"Stage": "test", "Zones": ["a", "b"]}
        self.pseudo: dict[str, t.Any] = {"AWS::Region": "eu-central-1", "AWS::StackName": "one"}
        self.mappings = {"Sizes": {"test": {"memory": 128}}}
        self.conditions = {"IsTest": True, "IsProd": False}

    def ref(self, logical_id: str) -> t.Any:
        return {"Bucket": "bucket-1"}[logical_id]

    def attribute(self, logical_id: str, name: str) -> t.Any:
        return {"Bucket.Arn": "arn:bucket-1"}[f"{logical_id}.{name}"]

    def imported(self, name: str) -> t.Any:
        return f"export of {name}"


@pytest.mark.parametrize(
    ("node", "value"),
    [
        ({"Ref": "Stage"}, "test"),
        ({"Ref": "Bucket"}, "bucket-1"),
        ({"Ref": "AWS::Region"}, "eu-central-1"),
        ({"Fn::GetAtt": ["Bucket", "Arn"]}, "arn:bucket-1"),
        ({"Fn::GetAtt": "Bucket.Arn"}, "arn:bucket-1"),
        ({"Fn::Sub": "${Stage}/${Bucket.Arn}/${!Literal}/${AWS::Region}"}, "test/arn:bucket-1/${Literal}/eu-central-1"),
        ({"Fn::Sub": ["${Own}-${Stage}", {"Own": {"Ref": "Bucket"}}]}, "bucket-1-test"),
        ({"Fn::Join": [":", ["a", 1, True, {"Ref": "Stage"}]]}, "a:1:true:test"),
        ({"Fn::Join": ["", {"Ref": "Zones"}]}, "ab"),
        ({"Fn::Split": ["-", "a-b-c"]}, ["a", "b", "c"]),
        ({"Fn::Select": ["1", {"Fn::Split": ["-", "a-b"]}]}, "b"),
        ({"Fn::Select": [0, {"Fn::GetAZs": ""}]}, "eu-central-1a"),
        ({"Fn::If": ["IsTest", "yes", "no"]}, "yes"),
        ({"Fn::If": ["IsProd", "yes", "no"]}, "no"),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Stage"}, "memory"]}, 128),
        ({"Fn::ImportValue": {"Fn::Sub": "${Stage}-x"}}, "export of test-x"),
        ({"Fn::Base64": "hello"}, "aGVsbG8="),
        ({"Fn::Cidr": ["10.0.0.0/16", 2, 8]}, ["10.0.0.0/24", "10.0.1.0/24"]),
        (
            {"a": {"Ref": "AWS::NoValue"}, "b": [1, {"Ref": "AWS::NoValue"}], "c": {"Fn::If": ["IsProd", 1, {"Ref": "AWS::NoValue"}]}},
            {"b": [1]},
        ),
        ({"Condition": {"StringEquals": {"Ref": "Stage"}}}, {"Condition": {"StringEquals": "test"}}),
    ],
)
def test_values(node: t.Any, value: t.Any) -> None:
    functions.check_syntax(node)
    assert functions.resolve(node, Names()) == value


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ({"Fn::Select": [7, ["a"]]}, "Template error: Fn::Select cannot select nonexistent value at index 7"),
        ({"Fn::FindInMap": ["Sizes", "prod", "memory"]}, "Template error: Unable to get mapping for Sizes::prod::memory"),
        ({"Fn::Join": [",", "text"]}, "Template error: every Fn::Join object requires two parameters"),
        ({"Fn::Equals": [1, 1]}, "Template error: condition functions"),
    ],
)
def test_arguments_that_do_not_work(node: t.Any, message: str) -> None:
    with pytest.raises(ApiError) as caught:
        functions.resolve(node, Names())
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    "node",
    [
        {"Fn::If": ["only", "two"]},
        {"Fn::Join": "x"},
        {"Fn::GetAtt": "NoDot"},
        {"Fn::Sub": ["a", "b"]},
        {"Fn::Sub": "${a b}"},
        {"Fn::Sub": "x", "y": 1},
    ],
)
def test_malformed_calls_are_refused_before_anything_is_resolved(node: t.Any) -> None:
    with pytest.raises(ApiError, match=r"Template (format )?error: "):
        functions.check_syntax({"Properties": node})


def test_references_are_found_wherever_they_stand() -> None:
    node = {
        "a": {"Ref": "A"},
        "b": [{"Fn::GetAtt": ["B", "Arn"]}],
        "c": {"Fn::Sub": ["${C} ${D.Name} ${own} ${!E}", {"own": {"Ref": "F"}}]},
        "d": {"Fn::If": ["G", {"Ref": "H"}, 1]},
        "e": {"Fn::ImportValue": "I"},
    }
    assert list(functions.references(node)) == [
        ("Ref", "A", None),
        ("GetAtt", "B", "Arn"),
        ("Ref", "C", None),
        ("GetAtt", "D", "Name"),
        ("Ref", "F", None),
        ("If", "G", None),
        ("Ref", "H", None),
        ("ImportValue", "I", None),
    ]


def test_pruning_drops_the_branch_that_does_not_hold() -> None:
    node = {"x": {"Fn::If": ["IsTest", {"Ref": "A"}, {"Ref": "B"}]}}
    assert list(functions.references(functions.prune(node, {"IsTest": False}))) == [("Ref", "B", None)]


def test_conditions_build_on_one_another() -> None:
    conditions = {
        "Prod": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
        "NotProd": {"Fn::Not": [{"Condition": "Prod"}]},
        "Both": {"Fn::And": [{"Condition": "NotProd"}, {"Fn::Or": [{"Condition": "Prod"}, {"Fn::Equals": [1, "1"]}]}]},
    }
    assert functions.evaluate_conditions(conditions, Names()) == {"Prod": False, "NotProd": True, "Both": True}


def test_conditions_that_build_on_themselves_are_refused() -> None:
    conditions = {"A": {"Fn::Not": [{"Condition": "B"}]}, "B": {"Fn::Not": [{"Condition": "A"}]}}
    with pytest.raises(ApiError, match="Circular dependency between conditions"):
        functions.evaluate_conditions(conditions, Names())
