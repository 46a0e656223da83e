# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests do with boto3 clients: expect a call to be refused, and make what others need."""

from __future__ import annotations

import collections.abc as c
import contextlib
import json
import typing as t

import botocore.exceptions
import pytest


@contextlib.contextmanager
def refused(code: str, message: str = "", *, status: int | None = None) -> c.Iterator[dict[str, t.Any]]:
    """A block in which a call must fail with this code, and a message that contains ``message``. Gives its response."""
    response: dict[str, t.Any] = {}
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        yield response
    response.update(caught.value.response)
    assert response["Error"]["Code"] == code, response["Error"]
    assert message in response["Error"]["Message"]
    if status is not None:
        assert response["ResponseMetadata"]["HTTPStatusCode"] == status


def make_role(iam: t.Any, name: str, service: str, *statements: dict[str, t.Any]) -> str:
    """ARN of a new role that the service (e.g. ``lambda``) may assume, with these statements as its policy."""
    trust = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document(trust))["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=_document(*statements))
    return arn


def make_grafana(grafana: t.Any, role: str, **members: t.Any) -> str:
    """Id of a new Managed Grafana workspace. members: of CreateWorkspace, over the defaults."""
    defaults = {
        "accountAccessType": "CURRENT_ACCOUNT",
        "permissionType": "CUSTOMER_MANAGED",
        "authenticationProviders": ["AWS_SSO"],
        "workspaceRoleArn": role,
        "workspaceName": "plant",
    }
    return str(grafana.create_workspace(**{**defaults, **members})["workspace"]["id"])


def _document(*statements: dict[str, t.Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
