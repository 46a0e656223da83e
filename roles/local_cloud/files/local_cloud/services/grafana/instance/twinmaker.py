# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The health check of the TwinMaker data source: the plugin's chain of calls, made as the roles that it would have.

Source: the plugin's ``pkg/plugin/datasource.go`` and ``pkg/plugin/twinmaker/client.go``.
"""

from __future__ import annotations

import typing as t

import botocore.exceptions

from local_cloud.cloud import Cloud
from local_cloud.store import Record

TYPE: t.Final = "grafana-iot-twinmaker-datasource"
_AUTHENTICATION: t.Final = ("ec2_iam_role", "default")
_SECONDS: t.Final = 3600


def health(cloud: Cloud, workspace: Record, settings: dict[str, t.Any]) -> tuple[bool, str]:
    """(whether the data source works, the plugin's words). workspace: of Grafana; settings: the data source's jsonData.

    The server assumes the dashboard role from the workspace's own role, reads the TwinMaker workspace with it, and does so
    again for the token that goes to the browser. That token's session policy always lets it read this workspace, so the
    second time cannot end otherwise than the first.
    """
    twin_id, role = settings.get("workspaceId"), settings.get("assumeRoleArn") or settings.get("assumeRoleARN")
    if not twin_id:
        return False, "Missing WorkspaceID configuration"
    if not role:
        return False, "Assume Role ARN is required"
    if settings.get("authType", "default") not in _AUTHENTICATION:
        return False, f"The local cloud does not implement the authentication {settings['authType']} of the TwinMaker data source."
    region = settings.get("defaultRegion") or "us-east-1"
    own_role = workspace.get("workspaceRoleArn")
    if region != cloud.settings.region:
        return False, f"operation error IoTTwinMaker: GetWorkspace, ResourceNotFoundException: no workspace {twin_id} in {region}"
    if not own_role:
        return False, "operation error STS: AssumeRole, get identity: get credentials: no credentials of a workspace role"
    external = {"ExternalId": settings["externalId"]} if settings.get("externalId") else {}
    try:
        sts = cloud.client("sts", own_role)
        sts.assume_role(RoleArn=role, RoleSessionName="grafana", DurationSeconds=_SECONDS, **external)
        found = cloud.client("iottwinmaker", role).get_workspace(workspaceId=twin_id)
    except botocore.exceptions.ClientError as error:
        return False, _words(error)
    return True, f"TwinMaker datasource successfully configured ({found.get('description') or twin_id})"


def _words(error: botocore.exceptions.ClientError) -> str:
    """An error in the form of the Go SDK, which the plugin passes on."""
    service = "STS" if error.operation_name == "AssumeRole" else "IoTTwinMaker"
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    said = error.response["Error"]
    return (
        f"operation error {service}: {error.operation_name}, https response error StatusCode: {status}, "
        f"api error {said['Code']}: {said['Message']}"
    )
