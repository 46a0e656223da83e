# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Workspaces: the role and the bucket are tried, and only what is empty goes."""

from __future__ import annotations

import json
import threading

import botocore.exceptions
import pytest

from local_cloud.cloud import Cloud
from tests.unit.local_cloud.twinmaker.conftest import (
    BUCKET,
    S3_LOCATION,
    WORKSPACE,
    Client,
    Clock,
    Refuses,
    meter_definition,
    policy,
    remove_roles,
    trust,
)

MARKER = f"DO_NOT_DELETE_WORKSPACE_{WORKSPACE}"


def _keys(cloud: Cloud) -> list[str]:
    return [item["Key"] for item in cloud.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def test_is_described_as_it_was_made(tm: Client, workspace: str, role: str) -> None:
    found = tm.get_workspace(workspaceId=workspace)

    assert found["arn"] == f"arn:aws:iottwinmaker:eu-central-1:123456789012:workspace/{workspace}"
    assert (found["role"], found["s3Location"], found["description"]) == (role, S3_LOCATION, "")
    assert found["creationDateTime"] == found["updateDateTime"]
    assert tm.get_workspace(workspaceId=found["arn"])["workspaceId"] == workspace


def test_is_found_by_its_own_arn_only(tm: Client, workspace: str, refuses: Refuses) -> None:
    with refuses("ResourceNotFoundException", "us-east-1"):
        tm.get_workspace(workspaceId=f"arn:aws:iottwinmaker:us-east-1:123456789012:workspace/{workspace}")


def test_goes_even_if_its_role_is_gone(cloud: Cloud, tm: Client, workspace: str, refuses: Refuses) -> None:
    remove_roles(cloud)

    tm.delete_workspace(workspaceId=workspace)

    with refuses("ResourceNotFoundException"):
        tm.get_workspace(workspaceId=workspace)


def test_leaves_its_marker_while_it_stands(cloud: Cloud, tm: Client, workspace: str) -> None:
    assert _keys(cloud) == [MARKER]

    tm.delete_workspace(workspaceId=workspace)

    assert _keys(cloud) == []


def test_second_of_the_same_id_is_a_conflict(tm: Client, workspace: str, role: str, refuses: Refuses) -> None:
    with refuses("ConflictException", status=409):
        tm.create_workspace(workspaceId=workspace, role=role, s3Location=S3_LOCATION)


def test_needs_a_role_that_trusts_the_service(cloud: Cloud, tm: Client, refuses: Refuses) -> None:
    other = cloud.client("iam").create_role(RoleName="other", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))["Role"]["Arn"]

    for role in (other, "arn:aws:iam::123456789012:role/nobody"):
        with refuses("ValidationException", "Could not assume the role provided, verify permissions"):
            tm.create_workspace(workspaceId=WORKSPACE, role=role, s3Location=S3_LOCATION)


@pytest.mark.parametrize("actions", [("s3:GetObject", "s3:DeleteObject"), ("s3:GetObject", "s3:PutObject")])
def test_needs_a_role_that_may_write_and_remove_the_marker(
    cloud: Cloud, tm: Client, role: str, refuses: Refuses, actions: tuple[str, ...]
) -> None:
    cloud.client("iam").put_role_policy(RoleName="twin", PolicyName="twin", PolicyDocument=policy(*actions))

    with refuses("ValidationException", "Could not access S3 with the role provided"):
        tm.create_workspace(workspaceId=WORKSPACE, role=role, s3Location=S3_LOCATION)


def test_needs_a_bucket_that_exists(cloud: Cloud, tm: Client, role: str, refuses: Refuses) -> None:
    cloud.client("iam").put_role_policy(RoleName="twin", PolicyName="twin", PolicyDocument=policy("s3:*"))

    with refuses("ValidationException", "Could not access S3 with the role provided"):
        tm.create_workspace(workspaceId=WORKSPACE, role=role, s3Location="arn:aws:s3:::no-such-bucket")


def test_update_changes_what_is_given(tm: Client, workspace: str, role: str, clock: Clock) -> None:
    clock.advance(5)

    tm.update_workspace(workspaceId=workspace, description="The plant")

    found = tm.get_workspace(workspaceId=workspace)
    assert (found["description"], found["role"]) == ("The plant", role)
    assert found["updateDateTime"] > found["creationDateTime"]


def test_update_tries_a_new_role(tm: Client, workspace: str, refuses: Refuses) -> None:
    with refuses("ValidationException", "Could not assume the role"):
        tm.update_workspace(workspaceId=workspace, role="arn:aws:iam::123456789012:role/nobody")


def test_one_that_holds_something_stays(tm: Client, workspace: str, refuses: Refuses) -> None:
    tm.create_component_type(workspaceId=workspace, **meter_definition())
    tm.create_entity(workspaceId=workspace, entityId="hall", entityName="Hall")

    with refuses("ValidationException", "entities, component types"):
        tm.delete_workspace(workspaceId=workspace)

    assert tm.get_workspace(workspaceId=workspace)["workspaceId"] == workspace


def test_deletion_is_finished_later(tm: Client, workspace: str, slow: Clock, refuses: Refuses) -> None:
    tm.delete_workspace(workspaceId=workspace)

    assert tm.get_workspace(workspaceId=workspace)["workspaceId"] == workspace
    with refuses("ValidationException", "being deleted"):
        tm.create_entity(workspaceId=workspace, entityName="Hall")
    slow.advance(10)
    with refuses("ResourceNotFoundException", status=404):
        tm.get_workspace(workspaceId=workspace)
    assert tm.list_workspaces()["workspaceSummaries"] == []


def test_lists_in_pages(tm: Client, role: str) -> None:
    made = [f"plant{number}" for number in range(5)]
    for name in made:
        tm.create_workspace(workspaceId=name, role=role, s3Location=S3_LOCATION)

    first = tm.list_workspaces(maxResults=3)
    second = tm.list_workspaces(maxResults=3, nextToken=first["nextToken"])

    assert [one["workspaceId"] for one in first["workspaceSummaries"] + second["workspaceSummaries"]] == made
    assert "nextToken" not in second


def test_the_account_holds_15(tm: Client, role: str, refuses: Refuses) -> None:
    for number in range(15):
        tm.create_workspace(workspaceId=f"plant{number}", role=role, s3Location=S3_LOCATION)

    with refuses("ServiceQuotaExceededException", "15", status=402):
        tm.create_workspace(workspaceId="one-more", role=role, s3Location=S3_LOCATION)


def test_one_of_many_creators_wins(tm: Client, role: str) -> None:
    outcomes: list[str] = []

    def create() -> None:
        try:
            tm.create_workspace(workspaceId=WORKSPACE, role=role, s3Location=S3_LOCATION)
            outcomes.append("made")
        except botocore.exceptions.ClientError as error:
            outcomes.append(error.response["Error"]["Code"])

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["ConflictException"] * 7 + ["made"]


class TestAsRole:
    """What a role session may do is what its policies say."""

    @pytest.fixture
    def reader(self, cloud: Cloud, workspace: str) -> Client:
        iam = cloud.client("iam")
        principal = json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}],
            }
        )
        arn = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=principal)["Role"]["Arn"]
        own = f"arn:aws:iottwinmaker:eu-central-1:123456789012:workspace/{workspace}"
        document = policy("iottwinmaker:Get*", "iottwinmaker:List*", resources=(own, f"{own}/*"))
        iam.put_role_policy(RoleName="reader", PolicyName="reader", PolicyDocument=document)
        return cloud.client("iottwinmaker", role=arn)

    def test_reads_its_workspace(self, reader: Client, workspace: str) -> None:
        assert reader.list_entities(workspaceId=workspace)["entitySummaries"] == []

    def test_cannot_write(self, reader: Client, workspace: str, refuses: Refuses) -> None:
        with refuses("AccessDeniedException", "iottwinmaker:CreateEntity", status=403):
            reader.create_entity(workspaceId=workspace, entityName="Hall")

    def test_cannot_list_all_workspaces(self, reader: Client, refuses: Refuses) -> None:
        with refuses("AccessDeniedException", "iottwinmaker:ListWorkspaces"):
            reader.list_workspaces()

    def test_cannot_read_another_workspace(self, reader: Client, tm: Client, role: str, refuses: Refuses) -> None:
        tm.create_workspace(workspaceId="other", role=role, s3Location=S3_LOCATION)

        with refuses("AccessDeniedException", "workspace/other"):
            reader.get_workspace(workspaceId="other")


def test_passing_a_role_needs_leave(cloud: Cloud, tm: Client, role: str, refuses: Refuses) -> None:
    iam = cloud.client("iam")
    maker = iam.create_role(RoleName="maker", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))["Role"]["Arn"]
    iam.put_role_policy(RoleName="maker", PolicyName="maker", PolicyDocument=policy("iottwinmaker:*"))

    with refuses("AccessDeniedException", "iam:PassRole"):
        cloud.client("iottwinmaker", role=maker).create_workspace(workspaceId=WORKSPACE, role=role, s3Location=S3_LOCATION)

    iam.put_role_policy(RoleName="maker", PolicyName="pass", PolicyDocument=policy("iam:PassRole", resources=(role,)))
    cloud.client("iottwinmaker", role=maker).create_workspace(workspaceId=WORKSPACE, role=role, s3Location=S3_LOCATION)
    assert tm.get_workspace(workspaceId=WORKSPACE)["role"] == role
