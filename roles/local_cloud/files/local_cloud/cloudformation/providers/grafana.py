# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Managed Grafana workspaces."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from local_cloud.cloudformation.parameters import is_true
from local_cloud.cloudformation.providers.api import Api, State, Tagging, coerce, input_shape
from local_cloud.cloudformation.providers.base import Clients, Identity, Properties, Tags, canonical, wait_until
from local_cloud.cloudformation.providers.schemas import SCHEMAS

_AUTHENTICATION = ("AuthenticationProviders", "SamlConfiguration")
_CONFIGURATION = ("PluginAdminEnabled", "GrafanaVersion")
_FAILED = ("FAILED", "CREATION_FAILED", "UPDATE_FAILED", "UPGRADE_FAILED", "DELETION_FAILED", "VERSION_UPDATE_FAILED")
_BUSY = ("CREATING", "UPDATING", "UPGRADING", "VERSION_UPDATING", "DELETING")


def _plugins(properties: Properties) -> str:
    return json.dumps({"plugins": {"pluginAdminEnabled": is_true(properties.get("PluginAdminEnabled"))}})


@dataclasses.dataclass
class Workspace(Api):
    """A workspace; the service chooses its id, so the instance's token makes its creation repeatable."""

    def plan(self, identity: Identity, properties: Properties) -> str:
        return ""

    def arguments(self, operation: t.Literal["create", "update"], properties: Properties) -> dict[str, t.Any]:
        own = ("SamlConfiguration", "PluginAdminEnabled", *(_AUTHENTICATION if operation == "update" else ()))
        return super().arguments(operation, {key: value for key, value in properties.items() if key not in own})

    def create(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties, tags: Tags) -> str:
        arguments = {"clientToken": identity.token, **self.arguments("create", properties)}
        if "PluginAdminEnabled" in properties:
            arguments["configuration"] = _plugins(properties)
        answer = clients("grafana").create_workspace(**arguments, **self.tagging.create(tags) if self.tagging else {})
        return str(answer["workspace"]["id"])

    def adopt(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties) -> str | None:
        # not known by an id yet: repeating the call with the same token gives the workspace that there is
        return super().adopt(clients, identity, physical_id, properties) if physical_id else None

    def configure(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties, tags: Tags) -> None:
        if "SamlConfiguration" in properties:
            wait_until(lambda: self.ready(clients, physical_id), f"Workspace {physical_id}")
            self._authenticate(clients, physical_id, properties)

    def update(
        self, clients: Clients, identity: Identity, physical_id: str, old: Properties, new: Properties, old_tags: Tags, tags: Tags
    ) -> None:
        super().update(clients, identity, physical_id, old, new, old_tags, tags)
        if any(canonical(old.get(name)) != canonical(new.get(name)) for name in _AUTHENTICATION):
            wait_until(lambda: self.ready(clients, physical_id), f"Workspace {physical_id}")
            self._authenticate(clients, physical_id, new)
        if any(canonical(old.get(name)) != canonical(new.get(name)) for name in _CONFIGURATION):
            wait_until(lambda: self.ready(clients, physical_id), f"Workspace {physical_id}")
            version = {"grafanaVersion": str(new["GrafanaVersion"])} if "GrafanaVersion" in new else {}
            clients("grafana").update_workspace_configuration(workspaceId=physical_id, configuration=_plugins(new), **version)

    def key_arguments(self, physical_id: str) -> dict[str, str]:
        return {"workspaceId": physical_id}

    def resource_arn(self, clients: Clients, identity: Identity, physical_id: str) -> str:
        return f"arn:aws:grafana:{identity.region}:{identity.account}:/workspaces/{physical_id}"

    def attributes(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties) -> dict[str, t.Any]:
        found = super().attributes(clients, identity, physical_id, properties)
        return {**found, "Id": physical_id, "SamlConfigurationStatus": found.get("SamlConfigurationStatus", "NOT_CONFIGURED")}

    @staticmethod
    def _authenticate(clients: Clients, physical_id: str, properties: Properties) -> None:
        given = {name: properties[name] for name in _AUTHENTICATION if name in properties}
        arguments = coerce(given, input_shape("grafana", "UpdateWorkspaceAuthentication"))
        clients("grafana").update_workspace_authentication(workspaceId=physical_id, **arguments)


def workspace() -> Workspace:
    """The provider of AWS::Grafana::Workspace."""
    return Workspace(
        schema=SCHEMAS["AWS::Grafana::Workspace"],
        service="grafana",
        operations={
            "create": "create_workspace",
            "read": "describe_workspace",
            "update": "update_workspace",
            "delete": "delete_workspace",
        },
        keys={"workspaceId": "Id"},
        wrap=("workspace",),
        renames={
            "DataSources": "workspaceDataSources",
            "Description": "workspaceDescription",
            "Name": "workspaceName",
            "NotificationDestinations": "workspaceNotificationDestinations",
            "OrganizationalUnits": "workspaceOrganizationalUnits",
            "RoleArn": "workspaceRoleArn",
        },
        attributes_from={
            "CreationTimestamp": ("created",),
            "Endpoint": ("endpoint",),
            "GrafanaVersion": ("grafanaVersion",),
            "ModificationTimestamp": ("modified",),
            "SamlConfigurationStatus": ("authentication", "samlConfigurationStatus"),
            "SsoClientId": ("authentication", "ssoClientId"),
            "Status": ("status",),
        },
        tagging=Tagging("resourceArn", "tags", "tagKeys", "map"),
        state=State(("status",), _FAILED, _BUSY),
    )
