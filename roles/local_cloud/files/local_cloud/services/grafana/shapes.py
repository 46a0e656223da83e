# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The shapes of workspaces: from requests to records to answers. Pure.

Requests and answers call the same things by different names.
"""

from __future__ import annotations

import json
import typing as t

from local_cloud.service import Parameters
from local_cloud.services.grafana.room import invalid
from local_cloud.store import Record

# Oldest first. The user guide names the major versions 9, 10, 12 and 13; ListVersions has no documented list.
VERSIONS: t.Final = ("9.4", "10.4", "12.4", "13.1")
SHOWN_NAMES: t.Final = {
    "accountAccessType": "accountAccessType",
    "ipAddressType": "ipAddressType",
    "kmsKeyId": "kmsKeyId",
    "networkAccessControl": "networkAccessControl",
    "organizationRoleName": "organizationRoleName",
    "permissionType": "permissionType",
    "stackSetName": "stackSetName",
    "vpcConfiguration": "vpcConfiguration",
    "workspaceDataSources": "dataSources",
    "workspaceDescription": "description",
    "workspaceName": "name",
    "workspaceNotificationDestinations": "notificationDestinations",
    "workspaceOrganizationalUnits": "organizationalUnits",
    "workspaceRoleArn": "workspaceRoleArn",
}
SUMMARY: t.Final = (
    "authentication", "created", "description", "endpoint", "grafanaVersion", "id", "modified", "name", "notificationDestinations", "status", "tags",
)  # fmt: skip
DEFAULT_CONFIGURATION: t.Final[dict[str, t.Any]] = {"plugins": {"pluginAdminEnabled": False}, "unifiedAlerting": {"enabled": True}}
REMOVALS: t.Final = {"removeVpcConfiguration": "vpcConfiguration", "removeNetworkAccessConfiguration": "networkAccessControl"}


def members(parameters: Parameters) -> dict[str, t.Any]:
    """The workspace's members in a create or update request, under the names that answers have."""
    return {shown: parameters[name] for name, shown in SHOWN_NAMES.items() if name in parameters}


def changed(record: Record, parameters: Parameters) -> Record:
    """A record after UpdateWorkspace; a member that is not sent stays as it is."""
    for flag, member in REMOVALS.items():
        if parameters.get(flag) and member in parameters:
            raise invalid(f"{member} and {flag} exclude each other.", member, flag)
    wanted = members(parameters)
    if record["permissionType"] == "CUSTOMER_MANAGED" and wanted.get("permissionType") == "SERVICE_MANAGED":
        raise invalid("The permission type of a workspace cannot be changed from CUSTOMER_MANAGED to SERVICE_MANAGED.", "permissionType")
    removed = {member for flag, member in REMOVALS.items() if parameters.get(flag)}
    return {key: value for key, value in {**record, **wanted}.items() if key not in removed}


def check(record: Record) -> None:
    """What the members of a workspace demand of each other."""
    if record["permissionType"] == "CUSTOMER_MANAGED" and not record.get("workspaceRoleArn"):
        raise invalid("When the permissionType is CUSTOMER_MANAGED a Workspace Role ARN should be provided.", "workspaceRoleArn")


def described(record: Record, status: str) -> dict[str, t.Any]:
    """A WorkspaceDescription."""
    shown = {key: record[key] for key in SHOWN_NAMES.values() if key in record}
    plain = {key: record[key] for key in ("created", "modified", "endpoint", "id", "grafanaVersion", "tags")}
    return {**shown, **plain, "dataSources": record.get("dataSources", []), "status": status, "authentication": _summary(record, status)}


def summary(description: dict[str, t.Any]) -> dict[str, t.Any]:
    """The WorkspaceSummary of a WorkspaceDescription."""
    return {key: value for key, value in description.items() if key in SUMMARY}


def authentication(record: Record, status: str) -> dict[str, t.Any]:
    """An AuthenticationDescription."""
    answer: dict[str, t.Any] = {"providers": record["providers"]}
    if "SAML" in record["providers"]:
        answer["saml"] = {"status": _saml_status(record, status)}
        if record["saml"] is not None:
            answer["saml"]["configuration"] = record["saml"]
    if "AWS_SSO" in record["providers"]:
        answer["awsSso"] = {"ssoClientId": record["ssoClientId"]}
    return answer


def configuration(text: str, current: dict[str, t.Any]) -> dict[str, t.Any]:
    """A configuration document, with the current values of what it does not mention."""
    try:
        wanted = json.loads(text)
    except ValueError:
        wanted = None
    if not isinstance(wanted, dict) or not all(isinstance(section, dict) for section in wanted.values()):
        raise invalid("The configuration is not a JSON object of objects.", "configuration")
    sections = {**current, **{name: {**current.get(name, {}), **section} for name, section in wanted.items()}}
    for section, option in (("plugins", "pluginAdminEnabled"), ("unifiedAlerting", "enabled")):
        if not isinstance(sections[section].get(option), bool):
            raise invalid(f"{section}.{option} of the configuration must be true or false.", "configuration")
    return sections


def upgrades(version: str) -> list[str]:
    return list(VERSIONS[VERSIONS.index(version) + 1 :])


def _summary(record: Record, status: str) -> dict[str, t.Any]:
    saml = {"samlConfigurationStatus": _saml_status(record, status)} if "SAML" in record["providers"] else {}
    return {"providers": record["providers"], **saml}


def _saml_status(record: Record, status: str) -> str:
    return "CONFIGURED" if record["saml"] is not None and status == "ACTIVE" else "NOT_CONFIGURED"
