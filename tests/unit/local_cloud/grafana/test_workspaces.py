# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import collections.abc as c
import json
import re
import typing as t

import pytest

from local_cloud.cloud import Cloud
from tests.unit.local_cloud.clients import make_role, refused

Create = c.Callable[..., str]


def arn(workspace: str) -> str:
    return f"arn:aws:grafana:eu-central-1:123456789012:/workspaces/{workspace}"


def test_a_workspace_is_described_as_it_was_created(grafana: t.Any, create: Create, role: str) -> None:
    workspace = create(
        workspaceDescription="Plant dashboards",
        workspaceDataSources=["TIMESTREAM"],
        workspaceNotificationDestinations=["SNS"],
        tags={"site": "plant"},
    )
    assert re.fullmatch("g-[0-9a-f]{10}", workspace)
    found = grafana.describe_workspace(workspaceId=workspace)["workspace"]
    assert found["endpoint"] == f"127.0.0.1:5126/grafana/{workspace}"
    expected = {
        "name": "plant",
        "description": "Plant dashboards",
        "dataSources": ["TIMESTREAM"],
        "notificationDestinations": ["SNS"],
        "accountAccessType": "CURRENT_ACCOUNT",
        "permissionType": "CUSTOMER_MANAGED",
        "workspaceRoleArn": role,
        "grafanaVersion": "10.4",
        "status": "ACTIVE",
        "authentication": {"providers": ["AWS_SSO"]},
        "tags": {"site": "plant"},
    }
    assert {key: found[key] for key in expected} == expected
    [listed] = grafana.list_workspaces()["workspaces"]
    assert listed == {key: found[key] for key in listed}
    assert "workspaceRoleArn" not in listed


def test_names_need_not_differ(grafana: t.Any, create: Create) -> None:
    assert create() != create()
    pages = grafana.get_paginator("list_workspaces").paginate(PaginationConfig={"PageSize": 1})
    assert [len(page["workspaces"]) for page in pages] == [1, 1]


def test_states_settle(grafana: t.Any, create: Create, slow: t.Any) -> None:
    workspace = create()

    def status() -> str:
        return str(grafana.describe_workspace(workspaceId=workspace)["workspace"]["status"])

    assert status() == "CREATING"
    for busy in (lambda: grafana.update_workspace(workspaceId=workspace), lambda: grafana.delete_workspace(workspaceId=workspace)):
        with refused("ConflictException", "CREATING", status=409) as response:
            busy()
        assert (response["resourceId"], response["resourceType"]) == (workspace, "workspace")
    slow.now += 61
    assert status() == "ACTIVE"
    assert grafana.update_workspace(workspaceId=workspace, workspaceName="new")["workspace"]["status"] == "UPDATING"
    assert status() == "UPDATING"
    slow.now += 61
    configuration = '{"plugins":{"pluginAdminEnabled":true}}'
    grafana.update_workspace_configuration(workspaceId=workspace, configuration=configuration, grafanaVersion="12.4")
    assert status() == "VERSION_UPDATING"
    slow.now += 61
    assert grafana.delete_workspace(workspaceId=workspace)["workspace"]["status"] == "DELETING"
    assert status() == "DELETING"
    slow.now += 61
    with refused("ResourceNotFoundException", workspace, status=404):
        status()
    assert grafana.list_workspaces()["workspaces"] == []


def test_a_missing_workspace_is_named(grafana: t.Any) -> None:
    with refused("ResourceNotFoundException", "g-0123456789", status=404) as response:
        grafana.describe_workspace(workspaceId="g-0123456789")
    assert response["resourceType"] == "workspace"
    with refused("ValidationException", status=400):
        grafana.describe_workspace(workspaceId="plant")


def test_an_update_leaves_alone_what_it_does_not_say(grafana: t.Any, create: Create) -> None:
    workspace = create(workspaceDescription="old", networkAccessControl={"prefixListIds": [], "vpceIds": []})
    grafana.update_workspace(workspaceId=workspace, workspaceName="new", removeNetworkAccessConfiguration=True)
    found = grafana.describe_workspace(workspaceId=workspace)["workspace"]
    assert (found["name"], found["description"]) == ("new", "old")
    assert "networkAccessControl" not in found
    with refused("ValidationException", "exclude each other"):
        both = {"vpcConfiguration": {"securityGroupIds": ["sg-1"], "subnetIds": ["subnet-1", "subnet-2"]}, "removeVpcConfiguration": True}
        grafana.update_workspace(workspaceId=workspace, **both)


def test_permission_types_and_roles(cloud: Cloud, grafana: t.Any, create: Create) -> None:
    with refused("ValidationException", "When the permissionType is CUSTOMER_MANAGED a Workspace Role ARN should be provided."):
        grafana.create_workspace(accountAccessType="CURRENT_ACCOUNT", permissionType="CUSTOMER_MANAGED", authenticationProviders=["SAML"])
    managed = create(permissionType="SERVICE_MANAGED")
    grafana.update_workspace(workspaceId=managed, permissionType="CUSTOMER_MANAGED")
    with refused("ValidationException", "cannot be changed"):
        grafana.update_workspace(workspaceId=managed, permissionType="SERVICE_MANAGED")
    other = make_role(cloud.client("iam"), "no-dashboards", "lambda")
    with refused("ValidationException", "cannot be assumed by grafana.amazonaws.com"):
        create(workspaceRoleArn=other)


def test_an_account_has_five_workspaces(create: Create) -> None:
    for _ in range(5):
        create()
    with refused("ServiceQuotaExceededException", "5 workspaces", status=402) as response:
        create()
    assert response["quotaCode"] == "L-2C2D5119"


def test_a_repeated_request_makes_one_workspace(create: Create) -> None:
    assert create(clientToken="stack-1") == create(clientToken="stack-1")
    assert create(clientToken="stack-2") != create(clientToken="stack-1")
    with refused("ConflictException", "Duplicate request for workspace", status=409):
        create(clientToken="stack-1", workspaceName="other")


# Authentication


def test_saml_is_configured_after_the_workspace(grafana: t.Any, create: Create, slow: t.Any) -> None:
    workspace = create(authenticationProviders=["SAML"])
    slow.now += 61
    assert grafana.describe_workspace(workspaceId=workspace)["workspace"]["authentication"]["samlConfigurationStatus"] == "NOT_CONFIGURED"
    saml = {"idpMetadata": {"url": "https://idp.example/metadata"}, "roleValues": {"admin": ["energy"]}, "loginValidityDuration": 120}
    answer = grafana.update_workspace_authentication(workspaceId=workspace, authenticationProviders=["SAML"], samlConfiguration=saml)
    assert answer["authentication"]["saml"] == {"status": "NOT_CONFIGURED", "configuration": saml}
    slow.now += 61
    found = grafana.describe_workspace_authentication(workspaceId=workspace)["authentication"]
    assert found == {"providers": ["SAML"], "saml": {"status": "CONFIGURED", "configuration": saml}}


def test_providers_are_replaced_as_a_whole(grafana: t.Any, create: Create) -> None:
    workspace = create()
    grafana.update_workspace_authentication(workspaceId=workspace, authenticationProviders=["AWS_SSO", "SAML"])
    found = grafana.describe_workspace_authentication(workspaceId=workspace)["authentication"]
    assert found["providers"] == ["AWS_SSO", "SAML"]
    assert found["awsSso"]["ssoClientId"]
    with refused("ValidationException", "needs SAML"):
        grafana.update_workspace_authentication(
            workspaceId=workspace, authenticationProviders=["AWS_SSO"], samlConfiguration={"idpMetadata": {"xml": "<x/>"}}
        )
    with refused("ValidationException", "authenticationProviders"):
        grafana.update_workspace_authentication(workspaceId=workspace, authenticationProviders=[])


# Configuration and versions


def test_configuration_is_filled_up(grafana: t.Any, create: Create) -> None:
    workspace = create(configuration='{"plugins":{"pluginAdminEnabled":true}}')

    def configuration() -> t.Any:
        return json.loads(grafana.describe_workspace_configuration(workspaceId=workspace)["configuration"])

    assert configuration() == {"plugins": {"pluginAdminEnabled": True}, "unifiedAlerting": {"enabled": True}}
    grafana.update_workspace_configuration(workspaceId=workspace, configuration='{"unifiedAlerting":{"enabled":false}}')
    assert configuration() == {"plugins": {"pluginAdminEnabled": True}, "unifiedAlerting": {"enabled": False}}
    for wrong in ("[]", "no json", '{"plugins": true}', '{"plugins":{"pluginAdminEnabled":"yes"}}'):
        with refused("ValidationException", "onfiguration", status=400) as response:
            grafana.update_workspace_configuration(workspaceId=workspace, configuration=wrong)
        assert response["reason"] == "FIELD_VALIDATION_FAILED"


def test_versions_only_rise(grafana: t.Any, create: Create) -> None:
    offered = grafana.list_versions()["grafanaVersions"]
    assert {"10.4"} < set(offered)
    workspace = create(grafanaVersion="10.4")
    targets = grafana.list_versions(workspaceId=workspace)["grafanaVersions"]
    assert targets == offered[offered.index("10.4") + 1 :]
    grafana.update_workspace_configuration(workspaceId=workspace, configuration="{}", grafanaVersion=targets[0])
    assert grafana.describe_workspace_configuration(workspaceId=workspace)["grafanaVersion"] == targets[0]
    with refused("ValidationException", "cannot be updated to 10.4"):
        grafana.update_workspace_configuration(workspaceId=workspace, configuration="{}", grafanaVersion="10.4")
    with refused("ValidationException", "7.0"):
        create(grafanaVersion="7.0")


# Tags and access


def test_tags(grafana: t.Any, create: Create) -> None:
    workspace = create(tags={"a": "1"})
    grafana.tag_resource(resourceArn=arn(workspace), tags={"b": "2", "c": "3"})
    grafana.untag_resource(resourceArn=arn(workspace), tagKeys=["a", "b"])
    assert grafana.list_tags_for_resource(resourceArn=arn(workspace))["tags"] == {"c": "3"}
    assert grafana.describe_workspace(workspaceId=workspace)["workspace"]["tags"] == {"c": "3"}
    with refused("ResourceNotFoundException"):
        grafana.list_tags_for_resource(resourceArn=arn("g-0123456789"))


def test_licences_are_not_built(grafana: t.Any, create: Create) -> None:
    with refused("NotImplemented", "AssociateLicense", status=501):
        grafana.associate_license(workspaceId=create(), licenseType="ENTERPRISE")


def test_a_role_may_do_what_its_policy_says(cloud: Cloud, create: Create) -> None:
    mine, other = create(), create()
    statement = {"Effect": "Allow", "Action": "grafana:DescribeWorkspace", "Resource": arn(mine)}
    client = cloud.client("grafana", role=make_role(cloud.client("iam"), "watcher", "lambda", statement))
    assert client.describe_workspace(workspaceId=mine)["workspace"]["id"] == mine
    with refused("AccessDeniedException", "grafana:DescribeWorkspace", status=403):
        client.describe_workspace(workspaceId=other)
    with refused("AccessDeniedException", "grafana:DeleteWorkspace"):
        client.delete_workspace(workspaceId=mine)


@pytest.mark.parametrize("member", [{"workspaceName": "no blanks"}, {"accountAccessType": "MINE"}, {"workspaceDescription": "x" * 2049}])
def test_members_are_validated_as_the_model_says(create: Create, member: dict[str, str]) -> None:
    with refused("ValidationException", status=400):
        create(**member)
