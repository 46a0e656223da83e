# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One function for each call of Managed Grafana's and Identity Center's APIs that the modules use, under the names of their members.

Source of shapes and errors: botocore's service models ``grafana`` 2020-08-18, ``sso-admin`` 2020-07-20 and ``identitystore``
2020-06-15. Every function raises ``AwsError``. botocore has no waiters for these services.
"""

from __future__ import annotations

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._aws import AwsError, api_call, api_lookup, pages, tag_writer
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused

Answer = dict[str, t.Any]

PAGE = 100  # the most that the list calls take
NO_IDENTITY_CENTER = "SSO is not enabled"


@api_lookup("read Grafana workspace '{workspace_id}'")
def describe_workspace(client: t.Any, workspace_id: str) -> Answer:
    return t.cast(Answer, client.describe_workspace(workspaceId=workspace_id)["workspace"])


@api_call("list the Grafana workspaces")
def _workspaces_page(client: t.Any, **request: t.Any) -> Answer:
    return t.cast(Answer, client.list_workspaces(**request))


def list_workspaces(client: t.Any) -> c.Iterator[Answer]:
    """Summaries (without roles and networks)."""
    return pages(_workspaces_page, "workspaces", client=client, maxResults=PAGE)


@api_call("create Grafana workspace '{name}'")
def _create_workspace(client: t.Any, name: str, request: Answer) -> Answer:
    return t.cast(Answer, client.create_workspace(workspaceName=name, **request)["workspace"])


def create_workspace(client: t.Any, name: str, request: Answer) -> Answer:
    with_identity_center = "AWS_SSO" in request["authenticationProviders"]
    return _needing_identity_center(with_identity_center, lambda: _create_workspace(client, name, request))


@api_call("update Grafana workspace '{workspace_id}'")
def update_workspace(client: t.Any, workspace_id: str, request: Answer) -> None:
    client.update_workspace(workspaceId=workspace_id, **request)


@api_lookup("delete Grafana workspace '{workspace_id}'")
def delete_workspace(client: t.Any, workspace_id: str) -> Answer:
    return t.cast(Answer, client.delete_workspace(workspaceId=workspace_id))


@api_call("read the configuration of Grafana workspace '{workspace_id}'")
def describe_configuration(client: t.Any, workspace_id: str) -> str:
    """A JSON document as text."""
    return str(client.describe_workspace_configuration(workspaceId=workspace_id)["configuration"])


@api_call("update the configuration of Grafana workspace '{workspace_id}'")
def update_configuration(client: t.Any, workspace_id: str, configuration: str, version: str | None) -> None:
    upgrade = {"grafanaVersion": version} if version else {}
    client.update_workspace_configuration(workspaceId=workspace_id, configuration=configuration, **upgrade)


@api_call("list the versions of Grafana")
def _versions_page(client: t.Any, **request: t.Any) -> Answer:
    return t.cast(Answer, client.list_versions(**request))


def list_versions(client: t.Any, workspace_id: str | None = None) -> list[str]:
    """All versions, or those that a workspace can be upgraded to."""
    of = {"workspaceId": workspace_id} if workspace_id else {}
    return list(pages(_versions_page, "grafanaVersions", client=client, maxResults=PAGE, **of))


@api_call("read the authentication of Grafana workspace '{workspace_id}'")
def describe_authentication(client: t.Any, workspace_id: str) -> Answer:
    return t.cast(Answer, client.describe_workspace_authentication(workspaceId=workspace_id)["authentication"])


@api_call("update the authentication of Grafana workspace '{workspace_id}'")
def _update_authentication(client: t.Any, workspace_id: str, request: Answer) -> None:
    client.update_workspace_authentication(workspaceId=workspace_id, **request)


def update_authentication(client: t.Any, workspace_id: str, request: Answer) -> None:
    with_identity_center = "AWS_SSO" in request["authenticationProviders"]
    _needing_identity_center(with_identity_center, lambda: _update_authentication(client, workspace_id, request))


def _needing_identity_center(needed: bool, call: c.Callable[[], t.Any]) -> t.Any:
    try:
        return call()
    except AwsError as error:
        if needed and NO_IDENTITY_CENTER in error.text:
            raise Refused(
                f"IAM Identity Center is not enabled ({error.text.rstrip('.')}), and authentication by AWS_SSO needs it:"
                " enable it for the organization, or use SAML."
            ) from None
        raise


@api_call("list the permissions of Grafana workspace '{workspace_id}'")
def _permissions_page(client: t.Any, workspace_id: str, **request: t.Any) -> Answer:
    return t.cast(Answer, client.list_permissions(workspaceId=workspace_id, **request))


def list_permissions(client: t.Any, workspace_id: str) -> list[Answer]:
    return list(pages(_permissions_page, "permissions", client=client, workspace_id=workspace_id, maxResults=PAGE))


@api_call("update the permissions of Grafana workspace '{workspace_id}'")
def update_permissions(client: t.Any, workspace_id: str, batch: list[Answer]) -> list[Answer]:
    """The instructions that failed; the call itself succeeds even if all of them did."""
    return list(client.update_permissions(workspaceId=workspace_id, updateInstructionBatch=batch).get("errors", []))


@api_call("list the service accounts of Grafana workspace '{workspace_id}'")
def _accounts_page(client: t.Any, workspace_id: str, **request: t.Any) -> Answer:
    return t.cast(Answer, client.list_workspace_service_accounts(workspaceId=workspace_id, **request))


def list_service_accounts(client: t.Any, workspace_id: str) -> c.Iterator[Answer]:
    return pages(_accounts_page, "serviceAccounts", client=client, workspace_id=workspace_id, maxResults=PAGE)


@api_call("create service account '{name}' of Grafana workspace '{workspace_id}'")
def create_service_account(client: t.Any, workspace_id: str, name: str, role: str) -> Answer:
    return t.cast(Answer, client.create_workspace_service_account(workspaceId=workspace_id, name=name, grafanaRole=role))


@api_lookup("delete service account {account_id} of Grafana workspace '{workspace_id}'")
def delete_service_account(client: t.Any, workspace_id: str, account_id: str) -> Answer:
    return t.cast(Answer, client.delete_workspace_service_account(workspaceId=workspace_id, serviceAccountId=account_id))


@api_call("list the tokens of service account {account_id} of Grafana workspace '{workspace_id}'")
def _tokens_page(client: t.Any, workspace_id: str, account_id: str, **request: t.Any) -> Answer:
    return t.cast(Answer, client.list_workspace_service_account_tokens(workspaceId=workspace_id, serviceAccountId=account_id, **request))


def list_tokens(client: t.Any, workspace_id: str, account_id: str) -> c.Iterator[Answer]:
    """Without keys, which nobody sees again."""
    arguments = {"workspace_id": workspace_id, "account_id": account_id}
    return pages(_tokens_page, "serviceAccountTokens", client=client, maxResults=PAGE, **arguments)


@api_call("create token '{name}' of service account {account_id} of Grafana workspace '{workspace_id}'")
def create_token(client: t.Any, workspace_id: str, account_id: str, name: str, seconds: int) -> Answer:
    """The token with its ``key``."""
    made = client.create_workspace_service_account_token(
        workspaceId=workspace_id, serviceAccountId=account_id, name=name, secondsToLive=seconds
    )
    return t.cast(Answer, made["serviceAccountToken"])


@api_lookup("delete token {token_id} of service account {account_id} of Grafana workspace '{workspace_id}'")
def delete_token(client: t.Any, workspace_id: str, account_id: str, token_id: str) -> Answer:
    return t.cast(
        Answer,
        client.delete_workspace_service_account_token(workspaceId=workspace_id, serviceAccountId=account_id, tokenId=token_id),
    )


@api_call("tag {arn}")
def tag_resource(client: t.Any, arn: str, tags: dict[str, str]) -> None:
    client.tag_resource(resourceArn=arn, tags=tags)


@api_call("remove tags of {arn}")
def untag_resource(client: t.Any, arn: str, keys: list[str]) -> None:
    client.untag_resource(resourceArn=arn, tagKeys=keys)


write_tags = tag_writer(tag_resource, untag_resource)


@api_call("find out about this account")
def get_caller(client: t.Any) -> Answer:
    """client: of STS."""
    return t.cast(Answer, client.get_caller_identity())


@api_call("find IAM Identity Center")
def list_instances(client: t.Any) -> list[Answer]:
    """client: of sso-admin. An account has one or two, so they are on one page."""
    return list(client.list_instances().get("Instances", []))


@api_lookup("look up user '{name}' in Identity Center")
def get_user_id(client: t.Any, store_id: str, name: str) -> Answer:
    """client: of identitystore."""
    return t.cast(Answer, client.get_user_id(IdentityStoreId=store_id, AlternateIdentifier=_unique("userName", name)))


@api_lookup("look up group '{name}' in Identity Center")
def get_group_id(client: t.Any, store_id: str, name: str) -> Answer:
    """client: of identitystore."""
    return t.cast(Answer, client.get_group_id(IdentityStoreId=store_id, AlternateIdentifier=_unique("displayName", name)))


def _unique(path: str, value: str) -> Answer:
    return {"UniqueAttribute": {"AttributePath": path, "AttributeValue": value}}
