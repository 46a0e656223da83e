# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Strict validation: what botocore's client lets through and AWS refuses."""

from __future__ import annotations

import typing as t

import pytest

from local_cloud.errors import ApiError
from local_cloud.protocol import models, validate


def refusal(service: str, operation: str, parameters: dict[str, t.Any]) -> ApiError | None:
    try:
        validate.check(models.operation_model(service, operation), parameters)
    except ApiError as refused:
        return refused
    return None


ENTITY = {"workspaceId": "plant", "entityId": "hall-1", "entityName": "Hall 1"}


def entity(**changed: t.Any) -> ApiError | None:
    return refusal("iottwinmaker", "CreateEntity", {**ENTITY, **changed})


def test_what_is_right_passes() -> None:
    value = {"value": {"doubleValue": 1}}
    component = {"componentTypeId": "com.example.energymeter", "properties": {"kW": value}}
    assert entity(components={"meter-5": component}, tags={"site": "plant"}, parentEntityId="$ROOT") is None


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        (
            {"workspaceId": "bad id!"},
            "Value 'bad id!' at 'workspaceId' failed to satisfy constraint: Member must satisfy regular expression pattern: ",
        ),
        ({"entityId": "ok\n"}, "at 'entityId' failed to satisfy constraint: Member must satisfy regular expression pattern"),
        ({"entityId": "x" * 129}, "at 'entityId' failed to satisfy constraint: Member must have length less than or equal to 128"),
        ({"entityName": ""}, "Value '' at 'entityName' failed to satisfy constraint: Member must have length greater than or equal to 1"),
        ({"entityName": None}, "Value null at 'entityName' failed to satisfy constraint: Member must not be null"),
        ({"surprise": 1}, "Value '1' at 'surprise' failed to satisfy constraint: Member must not be present"),
        ({"components": {"m": {"componentTypeId": "no spaces allowed"}}}, "at 'components.m.member.componentTypeId' failed"),
        (
            {"tags": {f"k{n}": "v" for n in range(51)}},
            "at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50",
        ),
    ],
)
def test_a_broken_constraint_is_named_with_its_place_and_value(changed: dict[str, t.Any], problem: str) -> None:
    refused = entity(**changed)
    assert refused is not None
    assert (refused.code, refused.status) == ("ValidationException", 400)
    assert "validation error" in refused.message
    assert problem in refused.message


def test_all_problems_come_at_once() -> None:
    refused = entity(workspaceId="bad id!", entityId="x" * 129)
    assert refused is not None
    assert refused.message.startswith("2 validation errors detected: Value ")
    assert refused.message.count("failed to satisfy constraint") == 2


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"entityName": 5}, "entityName: Expected a string, got a number"),
        ({"components": []}, "components: Expected a map, got a list"),
        ({"components": {"m": "x"}}, "components.m.member: Expected a structure, got a string"),
    ],
)
def test_a_wrong_type_cannot_be_read_at_all(changed: dict[str, t.Any], sentence: str) -> None:
    refused = entity(**changed)
    assert refused is not None
    assert (refused.code, refused.message) == ("SerializationException", sentence)


@pytest.mark.parametrize("value", ["lone \ud800 surrogate", 2**63, -(2**63) - 1])
def test_what_cannot_be_stored_is_no_value(value: t.Any) -> None:
    parameters = {"workspaceId": "plant", "nextToken": value} if isinstance(value, str) else {"workspaceId": "plant", "maxResults": value}
    refused = refusal("iottwinmaker", "ListEntities", parameters)
    assert refused is not None
    assert refused.code == "SerializationException"


@pytest.mark.parametrize("moment", [float("inf"), float("nan"), 1e15, "soon"])
def test_a_moment_is_one_of_the_calendar(moment: t.Any) -> None:
    parameters = {"workspaceId": "plant", "selectedProperties": ["kW"], "startDateTime": moment}
    refused = refusal("iottwinmaker", "GetPropertyValueHistory", parameters)
    assert refused is not None
    assert "startDateTime: Expected a timestamp" in refused.message


@pytest.mark.parametrize("value", [True, float("nan"), float("inf"), "1.5"])
def test_a_number_is_a_finite_number(value: t.Any) -> None:
    component = {"componentTypeId": "com.example.energymeter", "properties": {"kW": {"value": {"doubleValue": value}}}}
    refused = entity(components={"m": component})
    assert refused is not None
    assert refused.code == "SerializationException"


def test_a_whole_number_is_not_a_fraction() -> None:
    refused = refusal("iottwinmaker", "ListEntities", {"workspaceId": "plant", "maxResults": 1.5})
    assert refused is not None
    assert "maxResults" in refused.message


def test_an_enum_names_its_values() -> None:
    refused = refusal("iottwinmaker", "UpdateEntity", {"workspaceId": "w", "entityId": "e", "parentEntityUpdate": {"updateType": "MOVE"}})
    assert refused is not None
    assert "Member must satisfy enum value set: [UPDATE, DELETE]" in refused.message


def test_a_union_has_exactly_one_member() -> None:
    filters = [{"parentEntityId": "$ROOT", "componentTypeId": "com.example.energymeter"}]
    refused = refusal("iottwinmaker", "ListEntities", {"workspaceId": "w", "filters": filters})
    assert refused is not None
    assert "'filters.1.member' failed to satisfy constraint: Member must have exactly one of" in refused.message


@pytest.mark.parametrize("number", [-1, 201])
def test_numbers_have_bounds(number: int) -> None:
    refused = refusal("iottwinmaker", "ListEntities", {"workspaceId": "w", "maxResults": number})
    assert refused is not None
    assert "Member must have value" in refused.message


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "code"),
    [
        ("iot", "CreateTopicRule", {"ruleName": "no-hyphens", "topicRulePayload": {"sql": "x", "actions": []}}, "InvalidRequestException"),
        ("cloudformation", "CreateStack", {"StackName": "s", "TimeoutInMinutes": 0}, "ValidationError"),
        ("timestream-write", "WriteRecords", {"DatabaseName": "d", "TableName": "t", "Records": []}, "ValidationException"),
        ("grafana", "DescribeWorkspace", {"workspaceId": "nope"}, "ValidationException"),
        ("logs", "CreateLogGroup", {"logGroupName": "a b"}, "InvalidParameterException"),
        ("iam", "GetRole", {"RoleName": "a b"}, "ValidationError"),
    ],
)
def test_each_service_has_its_own_name_for_it(service: str, operation: str, parameters: dict[str, t.Any], code: str) -> None:
    refused = refusal(service, operation, parameters)
    assert refused is not None
    assert refused.code == code


def test_a_secret_is_not_repeated() -> None:
    refused = refusal("iam", "ChangePassword", {"OldPassword": "hunter2" * 30, "NewPassword": "good"})
    assert refused is not None
    assert refused.message.startswith("1 validation error detected: Value at 'oldPassword' failed")
    assert "hunter2" not in refused.message


def test_every_pattern_of_the_services_compiles() -> None:
    for service in (
        "iottwinmaker",
        "cloudformation",
        "timestream-write",
        "timestream-query",
        "lambda",
        "grafana",
        "iot",
        "iot-data",
        "iam",
        "logs",
    ):
        model = models.service_model(service)
        for name in model.shape_names:
            shape = model.shape_for(name)
            if "pattern" in shape.metadata:
                validate.problems("probe", shape, name)


def test_a_long_value_is_shown_shortened() -> None:
    refused = entity(entityName="x" * 10_000)
    assert refused is not None
    assert len(refused.message) < 2048
