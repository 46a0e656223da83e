# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import collections.abc as c
import itertools
import json
import typing as t
import uuid

import pytest

from local_cloud.cloud import Cloud
from tests.unit.local_cloud.clients import refused

Create = c.Callable[..., str]
_numbers = itertools.count(1)


@pytest.fixture
def people(cloud: Cloud) -> c.Callable[[], str]:
    """Makes a user in the directory and gives its id."""
    store = cloud.client("sso-admin").list_instances()["Instances"][0]["IdentityStoreId"]

    def make() -> str:
        name = f"jane.doe.{next(_numbers)}"
        user = {"UserName": name, "DisplayName": name, "Name": {"GivenName": "Jane", "FamilyName": "Doe"}}
        return str(cloud.client("identitystore").create_user(IdentityStoreId=store, **user)["UserId"])

    return make


@pytest.fixture
def group(cloud: Cloud) -> str:
    store = cloud.client("sso-admin").list_instances()["Instances"][0]["IdentityStoreId"]
    created = cloud.client("identitystore").create_group(IdentityStoreId=store, DisplayName=f"energy-{next(_numbers)}")
    return str(created["GroupId"])


def instruction(action: str, role: str, *users: str, kind: str = "SSO_USER") -> dict[str, t.Any]:
    return {"action": action, "role": role, "users": [{"id": user, "type": kind} for user in users]}


def roles(grafana: t.Any, workspace: str, **filters: str) -> dict[str, str]:
    return {entry["user"]["id"]: entry["role"] for entry in grafana.list_permissions(workspaceId=workspace, **filters)["permissions"]}


def test_users_and_groups_get_roles(grafana: t.Any, create: Create, people: c.Callable[[], str], group: str) -> None:
    workspace, jane, john = create(), people(), people()
    batch = [instruction("ADD", "ADMIN", jane), instruction("ADD", "VIEWER", john), instruction("ADD", "EDITOR", group, kind="SSO_GROUP")]
    assert grafana.update_permissions(workspaceId=workspace, updateInstructionBatch=batch)["errors"] == []
    assert roles(grafana, workspace) == {jane: "ADMIN", john: "VIEWER", group: "EDITOR"}
    assert roles(grafana, workspace, userType="SSO_GROUP") == {group: "EDITOR"}
    assert roles(grafana, workspace, userId=jane) == {jane: "ADMIN"}
    assert roles(grafana, workspace, groupId=group) == {group: "EDITOR"}
    assert roles(grafana, create()) == {}
    pages = grafana.get_paginator("list_permissions").paginate(workspaceId=workspace, PaginationConfig={"PageSize": 2})
    assert [len(page["permissions"]) for page in pages] == [2, 1]
    with refused("ValidationException", "exclude each other"):
        grafana.list_permissions(workspaceId=workspace, userId=jane, groupId=group)


def test_a_role_is_changed_and_revoked(grafana: t.Any, create: Create, people: c.Callable[[], str]) -> None:
    workspace, jane = create(), people()
    grafana.update_permissions(workspaceId=workspace, updateInstructionBatch=[instruction("ADD", "VIEWER", jane)])
    batch = [instruction("REVOKE", "VIEWER", jane), instruction("ADD", "ADMIN", jane)]
    assert grafana.update_permissions(workspaceId=workspace, updateInstructionBatch=batch)["errors"] == []
    assert roles(grafana, workspace) == {jane: "ADMIN"}
    grafana.update_permissions(workspaceId=workspace, updateInstructionBatch=[instruction("REVOKE", "ADMIN", jane)])
    assert roles(grafana, workspace) == {}


def test_what_fails_is_reported_and_the_rest_is_done(grafana: t.Any, create: Create, people: c.Callable[[], str]) -> None:
    workspace, jane, nobody = create(), people(), str(uuid.uuid4())
    batch = [instruction("ADD", "ADMIN", nobody, jane), instruction("REVOKE", "VIEWER", jane)]
    errors = grafana.update_permissions(workspaceId=workspace, updateInstructionBatch=batch)["errors"]
    assert [error["causedBy"] for error in errors] == [instruction("ADD", "ADMIN", nobody), instruction("REVOKE", "VIEWER", jane)]
    assert nobody in errors[0]["message"]
    assert all(100 <= error["code"] <= 999 for error in errors)
    assert roles(grafana, workspace) == {jane: "ADMIN"}


def test_a_batch_has_twenty_instructions_at_most(grafana: t.Any, create: Create, people: c.Callable[[], str]) -> None:
    workspace, jane = create(), people()
    grafana.update_permissions(workspaceId=workspace, updateInstructionBatch=[instruction("ADD", "ADMIN", jane)] * 20)
    with refused("ValidationException", status=400):
        grafana.update_permissions(workspaceId=workspace, updateInstructionBatch=[instruction("ADD", "ADMIN", jane)] * 21)


def test_saml_users_have_no_permissions_here(grafana: t.Any, create: Create, people: c.Callable[[], str]) -> None:
    workspace = create(authenticationProviders=["SAML"])
    with refused("ValidationException", "does not use AWS_SSO"):
        grafana.update_permissions(workspaceId=workspace, updateInstructionBatch=[instruction("ADD", "ADMIN", people())])


# Service accounts


def test_a_tokens_key_is_shown_once_and_stored_nowhere(cloud: Cloud, grafana: t.Any, create: Create) -> None:
    workspace = create()
    account = grafana.create_workspace_service_account(workspaceId=workspace, name="automation", grafanaRole="ADMIN")["id"]
    [listed] = grafana.list_workspace_service_accounts(workspaceId=workspace)["serviceAccounts"]
    assert listed == {"id": account, "name": "automation", "grafanaRole": "ADMIN", "isDisabled": "false"}
    owner = {"workspaceId": workspace, "serviceAccountId": account}
    token = grafana.create_workspace_service_account_token(**owner, name="run", secondsToLive=900)["serviceAccountToken"]
    assert token["key"].startswith("glsa_")
    [shown] = grafana.list_workspace_service_account_tokens(**owner)["serviceAccountTokens"]
    assert (shown["id"], shown["name"]) == (token["id"], "run")
    assert (shown["expiresAt"] - shown["createdAt"]).total_seconds() == 900
    assert shown.keys() == {"id", "name", "createdAt", "expiresAt"}
    with cloud.store.transaction() as db:
        assert token["key"] not in json.dumps(db.execute("select value from records").fetchall())


def test_names_of_accounts_and_tokens_are_unique(grafana: t.Any, create: Create) -> None:
    workspace = create()
    account = grafana.create_workspace_service_account(workspaceId=workspace, name="automation", grafanaRole="ADMIN")["id"]
    with refused("ConflictException", "automation", status=409):
        grafana.create_workspace_service_account(workspaceId=workspace, name="automation", grafanaRole="VIEWER")
    grafana.create_workspace_service_account_token(workspaceId=workspace, serviceAccountId=account, name="run", secondsToLive=900)
    with refused("ConflictException", "run"):
        grafana.create_workspace_service_account_token(workspaceId=workspace, serviceAccountId=account, name="run", secondsToLive=900)
    with refused("ValidationException"):
        grafana.create_workspace_service_account_token(
            workspaceId=workspace, serviceAccountId=account, name="long", secondsToLive=2_592_001
        )


def test_tokens_go_with_their_account_and_accounts_with_their_workspace(cloud: Cloud, grafana: t.Any, create: Create) -> None:
    workspace = create()
    first, second = (
        grafana.create_workspace_service_account(workspaceId=workspace, name=name, grafanaRole="ADMIN")["id"] for name in ("one", "two")
    )
    for account in (first, second):
        grafana.create_workspace_service_account_token(workspaceId=workspace, serviceAccountId=account, name="run", secondsToLive=900)
    grafana.delete_workspace_service_account(workspaceId=workspace, serviceAccountId=first)
    assert [account["id"] for account in grafana.list_workspace_service_accounts(workspaceId=workspace)["serviceAccounts"]] == [second]
    with refused("ResourceNotFoundException", status=404):
        grafana.list_workspace_service_account_tokens(workspaceId=workspace, serviceAccountId=first)
    [left] = grafana.list_workspace_service_account_tokens(workspaceId=workspace, serviceAccountId=second)["serviceAccountTokens"]
    grafana.delete_workspace_service_account_token(workspaceId=workspace, serviceAccountId=second, tokenId=left["id"])
    with refused("ResourceNotFoundException", left["id"]):
        grafana.delete_workspace_service_account_token(workspaceId=workspace, serviceAccountId=second, tokenId=left["id"])
    grafana.delete_workspace(workspaceId=workspace)
    assert [cloud.store.list(kind) for kind in ("grafana-service-account", "grafana-service-account-token")] == [[], []]


def test_many_accounts_come_in_pages(grafana: t.Any, create: Create) -> None:
    workspace = create()
    made = [grafana.create_workspace_service_account(workspaceId=workspace, name=f"a{n}", grafanaRole="VIEWER")["id"] for n in range(12)]
    pages = grafana.get_paginator("list_workspace_service_accounts").paginate(workspaceId=workspace, PaginationConfig={"PageSize": 5})
    assert [account["id"] for page in pages for account in page["serviceAccounts"]] == made
