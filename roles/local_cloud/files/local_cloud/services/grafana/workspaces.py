# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Workspaces: their life, authentication, configuration, versions and tags."""

from __future__ import annotations

import json
import secrets
import typing as t

from local_cloud.errors import ApiError
from local_cloud.service import Answer, Request
from local_cloud.services.grafana import shapes
from local_cloud.services.grafana.instance.visit import CONTENTS
from local_cloud.services.grafana.room import ACCOUNT, PERMISSION, TOKEN, WORKSPACE, Room, conflict, invalid, not_found
from local_cloud.store import Record

MOST_WORKSPACES: t.Final = 5
MOST_TAGS: t.Final = 50
IDENTITY_CENTER: t.Final = "AWS_SSO"


class Workspaces(Room):
    def create_workspace(self, request: Request) -> Answer:
        parameters = request.parameters
        self.cloud.authorize(request, "grafana:CreateWorkspace", self.cloud.arn("grafana", "/workspaces"))
        providers = parameters["authenticationProviders"]
        self._check_providers(providers)
        version = parameters.get("grafanaVersion", shapes.VERSIONS[-1])
        if version not in shapes.VERSIONS:
            raise invalid(f"The Grafana version {version} is not available; ListVersions names those that are.", "grafanaVersion")
        workspace_id = f"g-{secrets.token_hex(5)}"
        now = self.cloud.now()
        record: Record = {
            **shapes.members(parameters),
            "id": workspace_id,
            "created": now,
            "modified": now,
            "grafanaVersion": version,
            "configuration": shapes.configuration(parameters.get("configuration", "{}"), shapes.DEFAULT_CONFIGURATION),
            "providers": providers,
            "saml": None,
            "ssoClientId": f"ins-{secrets.token_hex(8)}",
            "tags": parameters.get("tags", {}),
            "accounts": 1,
            "clientToken": parameters.get("clientToken", ""),
            "settling": "CREATING",
            "settlesAt": self.settles_at(),
        }
        shapes.check(record)
        self._check_role(request, record)
        with self.cloud.store.transaction():
            existing = self._all()
            repeated = next((other for other in existing if record["clientToken"] and other["clientToken"] == record["clientToken"]), None)
            if repeated is not None:
                if any(repeated.get(key) != record.get(key) for key in shapes.SHOWN_NAMES.values()):
                    raise conflict(
                        "Duplicate request for workspace: its clientToken was used with other parameters.", repeated["id"], "workspace"
                    )
                return {"workspace": self._described(repeated, self.status(repeated))}
            if len(existing) >= MOST_WORKSPACES:
                raise _too_many("workspaces", MOST_WORKSPACES, "L-2C2D5119")
            self._put(record)
        return {"workspace": self._described(record, "CREATING")}

    def describe_workspace(self, request: Request) -> Answer:
        record = self.find_workspace(request)
        return {"workspace": self._described(record, self.status(record))}

    def list_workspaces(self, request: Request) -> Answer:
        self.cloud.authorize(request, "grafana:ListWorkspaces", self.cloud.arn("grafana", "/workspaces"))
        shown, token = self.paged(request, [(record["id"], record) for record in self._all()])
        return {"workspaces": [shapes.summary(self._described(record, self.status(record))) for record in shown], **token}

    def update_workspace(self, request: Request) -> Answer:
        self.authorize(request)
        changed = shapes.changed(self.get_active(request), request.parameters)
        shapes.check(changed)
        if "workspaceRoleArn" in request.parameters:
            self._check_role(request, changed)
        with self.cloud.store.transaction():
            record = self._settle(shapes.changed(self.get_active(request), request.parameters), "UPDATING")
        return {"workspace": self._described(record, "UPDATING")}

    def delete_workspace(self, request: Request) -> Answer:
        self.authorize(request)
        with self.cloud.store.transaction():
            record = self._settle(self.get_active(request), "DELETING")
            for kind in (PERMISSION, ACCOUNT, TOKEN, *CONTENTS):
                for key, _unused in self.cloud.store.list(kind, prefix=f"{record['id']}/"):
                    self.cloud.store.delete(kind, key)
        return {"workspace": self._described(record, "DELETING")}

    # Authentication

    def describe_workspace_authentication(self, request: Request) -> Answer:
        record = self.find_workspace(request)
        return {"authentication": shapes.authentication(record, self.status(record))}

    def update_workspace_authentication(self, request: Request) -> Answer:
        self.authorize(request)
        providers = request.parameters["authenticationProviders"]
        saml = request.parameters.get("samlConfiguration")
        self._check_providers(providers)
        if saml is not None and "SAML" not in providers:
            raise invalid("samlConfiguration needs SAML among the authentication providers.", "samlConfiguration")
        with self.cloud.store.transaction():
            record = self.get_active(request)
            kept = record["saml"] if "SAML" in providers else None
            record = self._settle({**record, "providers": providers, "saml": saml if saml is not None else kept}, "UPDATING")
        return {"authentication": shapes.authentication(record, "UPDATING")}

    # Configuration and versions

    def describe_workspace_configuration(self, request: Request) -> Answer:
        record = self.find_workspace(request)
        text = json.dumps(record["configuration"], separators=(",", ":"))
        return {"configuration": text, "grafanaVersion": record["grafanaVersion"]}

    def update_workspace_configuration(self, request: Request) -> Answer:
        self.authorize(request)
        with self.cloud.store.transaction():
            record = self.get_active(request)
            version = request.parameters.get("grafanaVersion", record["grafanaVersion"])
            upgrade = version != record["grafanaVersion"]
            if upgrade and version not in shapes.upgrades(record["grafanaVersion"]):
                message = f"The workspace has Grafana {record['grafanaVersion']} and cannot be updated to {version}; ListVersions names what it can."
                raise invalid(message, "grafanaVersion")
            configuration = shapes.configuration(request.parameters["configuration"], record["configuration"])
            changed = {**record, "configuration": configuration, "grafanaVersion": version}
            self._settle(changed, "VERSION_UPDATING" if upgrade else "UPDATING")
        return {}

    def list_versions(self, request: Request) -> Answer:
        versions = list(shapes.VERSIONS)
        if "workspaceId" in request.parameters:
            versions = shapes.upgrades(self.find_workspace(request)["grafanaVersion"])
        shown, token = self.paged(request, [(f"{number:03d}", {"version": version}) for number, version in enumerate(versions)])
        return {"grafanaVersions": [record["version"] for record in shown], **token}

    # Tags

    def tag_resource(self, request: Request) -> Answer:
        self._authorize_tags(request)
        with self.cloud.store.transaction():
            record = self._tagged(request)
            tags = {**record["tags"], **request.parameters["tags"]}
            if len(tags) > MOST_TAGS:
                raise invalid(f"A workspace can have {MOST_TAGS} tags at most.", "tags")
            self._put({**record, "tags": tags})
        return {}

    def untag_resource(self, request: Request) -> Answer:
        self._authorize_tags(request)
        with self.cloud.store.transaction():
            record = self._tagged(request)
            self._put({**record, "tags": {key: value for key, value in record["tags"].items() if key not in request.parameters["tagKeys"]}})
        return {}

    def list_tags_for_resource(self, request: Request) -> Answer:
        self._authorize_tags(request)
        return {"tags": self._tagged(request)["tags"]}

    # Shared steps

    def _authorize_tags(self, request: Request) -> None:
        self.cloud.authorize(request, f"grafana:{request.operation}", request.parameters["resourceArn"])

    def _tagged(self, request: Request) -> Record:
        arn: str = request.parameters["resourceArn"]
        prefix = self.workspace_arn("")
        if not arn.startswith(prefix):
            raise not_found(arn, "resource")
        return self.get_workspace(arn.removeprefix(prefix))

    def _check_providers(self, providers: list[str]) -> None:
        if not providers or len(set(providers)) < len(providers):
            raise invalid("authenticationProviders must name each provider once, and one at least.", "authenticationProviders")
        if IDENTITY_CENTER in providers and not self.cloud.client("sso-admin").list_instances()["Instances"]:
            raise invalid("SSO is not enabled in any region.")

    def _check_role(self, request: Request, record: Record) -> None:
        role = record.get("workspaceRoleArn")
        if not role:
            return
        self.cloud.authorize(request, "iam:PassRole", role)
        if not self.cloud.role_trusts(role, "grafana.amazonaws.com", {"aws:SourceArn": self.workspace_arn(record["id"])}):
            raise invalid(f"The role {role} cannot be assumed by grafana.amazonaws.com.", "workspaceRoleArn")

    def _all(self) -> list[Record]:
        """All workspaces; those whose deletion is over are forgotten."""
        found = [record for _unused, record in self.cloud.store.list(WORKSPACE)]
        for record in found:
            if self.is_gone(record):
                self.cloud.store.delete(WORKSPACE, record["id"])
        return [record for record in found if not self.is_gone(record)]

    def _described(self, record: Record, status: str) -> dict[str, t.Any]:
        """The endpoint follows the port, which another start may change."""
        endpoint = f"127.0.0.1:{self.cloud.settings.port}{self.web}{record['id']}"
        return shapes.described({**record, "endpoint": endpoint}, status)

    def _settle(self, record: Record, settling: str) -> Record:
        record = {**record, "settling": settling, "settlesAt": self.settles_at(), "modified": self.cloud.now()}
        self._put(record)
        return record

    def _put(self, record: Record) -> None:
        self.cloud.store.put(WORKSPACE, record["id"], record)


def _too_many(what: str, most: int, quota: str) -> ApiError:
    return ApiError(
        "ServiceQuotaExceededException",
        f"This account can have {most} {what} in this region; delete one, or ask for a higher quota.",
        resourceId=what,
        resourceType="workspace",
        serviceCode="grafana",
        quotaCode=quota,
    )
