# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parameters: values, defaults, what is kept, constraints."""

from __future__ import annotations

import typing as t

import pytest

from local_cloud.cloudformation import parameters
from local_cloud.errors import ApiError


def given(**values: str) -> list[dict[str, t.Any]]:
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()]


def test_given_values_go_before_defaults_and_keep_the_order_of_the_template() -> None:
    declared: dict[str, dict[str, t.Any]] = {
        "B": {"Type": "String", "Default": "b"},
        "A": {"Type": "Number", "Default": 1},
        "C": {"Type": "String"},
    }
    assert list(parameters.collect(declared, given(C="c", A="2")).items()) == [("B", "b"), ("A", "2"), ("C", "c")]


def test_a_previous_value_is_kept_where_the_request_asks_for_it() -> None:
    declared = {"A": {"Type": "String"}}
    keep = [{"ParameterKey": "A", "UsePreviousValue": True}]
    assert parameters.collect(declared, keep, {"A": "old"}) == {"A": "old"}
    with pytest.raises(ApiError, match="Cannot specify usePreviousValue"):
        parameters.collect(declared, keep, None)


@pytest.mark.parametrize(
    ("declared", "values", "message"),
    [
        ({}, {"Bogus": "1", "Another": "2"}, "Parameters: [Another, Bogus] do not exist in the template"),
        ({"B": {"Type": "String"}, "A": {"Type": "String"}}, {}, "Parameters: [A, B] must have values"),
        ({"A": {"Type": "String", "AllowedValues": ["x", 1]}}, {"A": "y"}, "Parameter 'A' must be one of AllowedValues"),
        ({"A": {"Type": "String", "AllowedPattern": "[a-z]+"}}, {"A": "abC"}, "Parameter 'A' must match pattern [a-z]+"),
        (
            {"A": {"Type": "String", "AllowedPattern": "[a-z]+", "ConstraintDescription": "only letters"}},
            {"A": "1"},
            "Parameter 'A' failed to satisfy constraint: only letters",
        ),
        ({"A": {"Type": "String", "MinLength": 3}}, {"A": "ab"}, "Parameter 'A' must contain at least 3 characters"),
        ({"A": {"Type": "String", "MaxLength": "3"}}, {"A": "abcd"}, "Parameter 'A' must contain at most 3 characters"),
        ({"A": {"Type": "Number"}}, {"A": "many"}, "Parameter 'A' must be a number."),
        ({"A": {"Type": "Number", "MinValue": 2}}, {"A": "1"}, "Parameter 'A' must be a number not less than 2"),
        ({"A": {"Type": "List<Number>", "MaxValue": 2}}, {"A": "1, 3"}, "Parameter 'A' must be a number not greater than 2"),
        ({"A": {"Type": "Strange"}}, {"A": "1"}, "Template format error: Unrecognized parameter type: Strange"),
        ({"A": {"Type": "String", "Default": "z", "AllowedValues": ["x"]}}, {}, "Parameter 'A' must be one of AllowedValues"),
    ],
)
def test_refusals(declared: dict[str, dict[str, t.Any]], values: dict[str, str], message: str) -> None:
    with pytest.raises(ApiError) as caught:
        parameters.collect(declared, given(**values))
    assert caught.value.message == message


def test_types_that_need_another_service_are_refused_as_not_implemented() -> None:
    with pytest.raises(ApiError) as caught:
        parameters.collect({"A": {"Type": "AWS::SSM::Parameter::Value<String>"}}, given(A="x"))
    assert caught.value.status == 501


def test_lists_are_split_for_ref_and_secrets_are_masked_for_the_api() -> None:
    declared: dict[str, dict[str, t.Any]] = {
        "L": {"Type": "CommaDelimitedList"},
        "S": {"Type": "String", "NoEcho": "true"},
        "P": {"Type": "String"},
    }
    values = {"L": "a, b", "S": "secret", "P": "plain"}
    assert parameters.typed(declared, values) == {"L": ["a", "b"], "S": "secret", "P": "plain"}
    assert {item["ParameterKey"]: item["ParameterValue"] for item in parameters.shown(declared, values)} == {
        "L": "a, b",
        "S": "****",
        "P": "plain",
    }
