# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names that follow from a stack's name, and what is said of a stack that failed."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.energytwin.aws.plugins.module_utils._site.stack import code_bucket, expected_outputs, stack_failures, stack_faults


def test_names_are_those_of_the_original_template() -> None:
    outputs = expected_outputs("energymon", "energy/plant")
    assert (outputs["RuleName"], outputs["WorkspaceId"]) == ("energymon_IoTToTimestream", "energymon_workspace")
    assert (outputs["DatabaseName"], outputs["TableName"]) == ("energymon_db", "energymon_energy")
    assert expected_outputs("my-plant-1", "t")["RuleName"] == "my_plant_1_IoTToTimestream"


def test_names_in_dynamodb() -> None:
    outputs = expected_outputs("my-plant-1", "t", "dynamodb")
    assert (outputs["RuleName"], outputs["TableName"]) == ("my_plant_1_IoTToDynamoDB", "my-plant-1_energy")
    assert (outputs["Storage"], outputs["DatabaseName"]) == ("dynamodb", "")


@pytest.mark.parametrize("name", ["plant_1", "1plant", "plant.1", "", "p" * 113, "plänt"])
def test_an_illegal_stack_name_is_refused(name: str) -> None:
    assert [fault.split(":")[0] for fault in stack_faults(name, "energy/plant")] == ["stack_name"]


def test_name_and_topic_are_judged_together() -> None:
    assert stack_faults("p" * 112, "energy/plant") == []
    assert [fault.split(":")[0] for fault in stack_faults("plant_1", "energy/+")] == ["stack_name", "stack_topic"]


def test_the_code_bucket_is_legal_for_every_stack_name() -> None:
    assert code_bucket("Example-Plant", "123456789012", "eu-central-1") == "example-plant-code-123456789012-eu-central-1"
    long = [code_bucket("p" * length, "123456789012", "ap-northeast-1") for length in range(20, 113)]
    assert len(set(long)) == len(long)
    assert max(len(name) for name in long) <= 63


def event(logical_id: str, status: str, reason: str = "", kind: str = "AWS::IAM::Role") -> dict[str, t.Any]:
    return {
        "stack_name": "plant",
        "logical_resource_id": logical_id,
        "resource_type": kind,
        "resource_status": status,
        "resource_status_reason": reason,
    }


def test_only_the_causes_of_the_last_operation_are_said() -> None:
    events = [
        event("plant", "ROLLBACK_COMPLETE"),
        event("plant", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [TimestreamDB, Other]."),
        event("Other", "CREATE_FAILED", "Resource creation cancelled"),
        event("TimestreamDB", "CREATE_FAILED", "AccessDeniedException: only existing customers.", "AWS::Timestream::Database"),
        event("plant", "CREATE_IN_PROGRESS", "User Initiated"),
        event("Old", "CREATE_FAILED", "of an earlier run"),
    ]
    (sentence,) = stack_failures(events)
    assert sentence.startswith(
        "TimestreamDB (AWS::Timestream::Database): AccessDeniedException: only existing customers; Timestream for LiveAnalytics"
    )


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [
        ("plant_db already exists", "delete it, import it into the stack, or name the stack differently"),
        ("User is not authorized to perform iam:CreateRole", "let the identity that deploys do this"),
        ("ServiceQuotaExceededException", "raise the quota"),
        ("Could not assume the role provided, verify permissions", "run again"),
        ("The bucket you tried to delete is not empty", "remove what it holds"),
        ("Something else", "mend that and run again"),
    ],
)
def test_a_reason_comes_with_a_remedy(reason: str, remedy: str) -> None:
    (sentence,) = stack_failures([event("Thing", "CREATE_FAILED", reason), event("plant", "CREATE_IN_PROGRESS")])
    assert remedy in sentence


def test_the_stacks_own_reason_is_said_where_no_resource_has_one() -> None:
    (sentence,) = stack_failures([event("plant", "DELETE_FAILED", "termination protection"), event("plant", "DELETE_IN_PROGRESS")])
    assert "termination protection" in sentence


def test_the_services_own_words_are_unwrapped() -> None:
    reason = (
        'Resource handler returned message: "Component type x is in use. (Service: IoTTwinMaker, Status Code: 400, Request ID: 7)"'
        " (RequestToken: 1-2, HandlerErrorCode: InvalidRequest)"
    )
    (sentence,) = stack_failures(
        [event("Type", "DELETE_FAILED", reason, "AWS::IoTTwinMaker::ComponentType"), event("plant", "DELETE_IN_PROGRESS")]
    )
    assert sentence.startswith("Type (AWS::IoTTwinMaker::ComponentType): Component type x is in use; remove what it holds or what uses it")
