# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IoT policies: versions, documents and targets."""

from __future__ import annotations

import json
import typing as t

import pytest


def test_the_life_of_a_policy(iot: t.Any, refused: t.Any, policy_document: str) -> None:
    made = iot.create_policy(policyName="p", policyDocument=policy_document)
    assert (made["policyVersionId"], made["policyArn"]) == ("1", "arn:aws:iot:eu-central-1:123456789012:policy/p")
    with refused("ResourceAlreadyExistsException"):
        iot.create_policy(policyName="p", policyDocument=policy_document)
    other = policy_document.replace("iot:*", "iot:Connect")
    assert iot.create_policy_version(policyName="p", policyDocument=other)["isDefaultVersion"] is False
    assert iot.get_policy(policyName="p")["policyDocument"] == policy_document
    iot.set_default_policy_version(policyName="p", policyVersionId="2")
    assert iot.get_policy(policyName="p")["policyDocument"] == other
    versions = iot.list_policy_versions(policyName="p")["policyVersions"]
    assert [(version["versionId"], version["isDefaultVersion"]) for version in versions] == [("2", True), ("1", False)]
    with refused("DeleteConflictException"):
        iot.delete_policy_version(policyName="p", policyVersionId="2")
    with refused("DeleteConflictException"):
        iot.delete_policy(policyName="p")
    iot.delete_policy_version(policyName="p", policyVersionId="1")
    iot.delete_policy(policyName="p")
    with refused("ResourceNotFoundException"):
        iot.get_policy(policyName="p")


def test_five_versions_at_most_and_numbers_are_not_used_again(iot: t.Any, refused: t.Any, policy_document: str) -> None:
    iot.create_policy(policyName="p", policyDocument=policy_document)
    for _ in range(4):
        iot.create_policy_version(policyName="p", policyDocument=policy_document)
    with refused("VersionsLimitExceededException"):
        iot.create_policy_version(policyName="p", policyDocument=policy_document)
    iot.delete_policy_version(policyName="p", policyVersionId="5")
    assert iot.create_policy_version(policyName="p", policyDocument=policy_document, setAsDefault=True)["policyVersionId"] == "6"
    assert iot.get_policy(policyName="p")["defaultVersionId"] == "6"


def test_targets_both_ways(iot: t.Any, refused: t.Any, policy_document: str) -> None:
    arn = iot.create_keys_and_certificate(setAsActive=True)["certificateArn"]
    for name in ("p", "q"):
        iot.create_policy(policyName=name, policyDocument=policy_document)
        iot.attach_policy(policyName=name, target=arn)
    iot.attach_policy(policyName="p", target=arn)
    assert iot.list_targets_for_policy(policyName="p")["targets"] == [arn]
    assert [policy["policyName"] for policy in iot.list_attached_policies(target=arn)["policies"]] == ["p", "q"]
    with refused("DeleteConflictException"):
        iot.delete_policy(policyName="p")
    iot.detach_policy(policyName="p", target=arn)
    iot.detach_policy(policyName="p", target=arn)
    iot.delete_policy(policyName="p")
    with refused("ResourceNotFoundException"):
        iot.attach_policy(policyName="p", target=arn)
    with refused("InvalidRequestException"):
        iot.attach_policy(policyName="q", target="arn:aws:iot:eu-central-1:123456789012:thinggroup/g")


def test_ten_policies_on_a_target_at_most(iot: t.Any, refused: t.Any, policy_document: str) -> None:
    arn = iot.create_keys_and_certificate(setAsActive=True)["certificateArn"]
    for number in range(11):
        iot.create_policy(policyName=f"p{number}", policyDocument=policy_document)
    for number in range(10):
        iot.attach_policy(policyName=f"p{number}", target=arn)
    with refused("LimitExceededException"):
        iot.attach_policy(policyName="p10", target=arn)


STATEMENT = {"Effect": "Allow", "Action": "iot:*", "Resource": "*"}


@pytest.mark.parametrize(
    "document",
    [
        "not json",
        "[]",
        json.dumps({"Version": "2012-10-17"}),
        json.dumps({"Version": "2011-01-01", "Statement": [STATEMENT]}),
        json.dumps({"Version": "2012-10-17", "Statement": [{**STATEMENT, "Effect": "Maybe"}]}),
        json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:*"}]}),
        json.dumps({"Version": "2012-10-17", "Statement": [{**STATEMENT, "Principal": "*"}]}),
        json.dumps({"Version": "2012-10-17", "Statement": [{**STATEMENT, "Resource": [1]}]}),
        json.dumps({"Version": "2012-10-17", "Statement": [{**STATEMENT, "Resource": "x" * 2048}]}),
    ],
)
def test_malformed_documents(iot: t.Any, refused: t.Any, document: str) -> None:
    with refused("MalformedPolicyException"):
        iot.create_policy(policyName="p", policyDocument=document)


def test_list_in_order_of_creation_both_ways(iot: t.Any, policy_document: str) -> None:
    for name in ("b", "a", "c"):
        iot.create_policy(policyName=name, policyDocument=policy_document)

    def names(**more: t.Any) -> list[str]:
        pages = iot.get_paginator("list_policies").paginate(PaginationConfig={"PageSize": 2}, **more)
        return [policy["policyName"] for page in pages for policy in page["policies"]]

    rising = names(ascendingOrder=True)
    assert sorted(rising) == ["a", "b", "c"]
    assert names(ascendingOrder=False) == rising[::-1]
