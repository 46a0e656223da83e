# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all operations of Managed Grafana share: finding a workspace, its state, pages and errors."""

from __future__ import annotations

import base64
import typing as t

from local_cloud.errors import ApiError
from local_cloud.service import Request, Service
from local_cloud.store import Record

WORKSPACE: t.Final = "grafana-workspace"
PERMISSION: t.Final = "grafana-permission"
ACCOUNT: t.Final = "grafana-service-account"
TOKEN: t.Final = "grafana-service-account-token"
MOST_LISTED: t.Final = 100


class Room(Service):
    """A part of the service; ``Grafana`` puts the parts together."""

    web = "/grafana/"

    def authorize(self, request: Request) -> None:
        """Not within a transaction: it asks IAM."""
        self.cloud.authorize(request, f"grafana:{request.operation}", self.workspace_arn(request.parameters["workspaceId"]))

    def find_workspace(self, request: Request) -> Record:
        """The workspace of a request, if the caller may; not within a transaction. Raises ResourceNotFoundException."""
        self.authorize(request)
        return self.get_workspace(request.parameters["workspaceId"])

    def get_active(self, request: Request) -> Record:
        """The workspace of a request that has been authorized. Raises ConflictException while it is not ACTIVE."""
        record = self.get_workspace(request.parameters["workspaceId"])
        status = self.status(record)
        if status != "ACTIVE":
            raise conflict(f"The workspace {record['id']} is {status}; try again when it is ACTIVE.", record["id"], "workspace")
        return record

    def get_workspace(self, workspace_id: str) -> Record:
        record = self.cloud.store.get(WORKSPACE, workspace_id)
        if record is None or self.is_gone(record):
            raise not_found(workspace_id, "workspace")
        return record

    def is_gone(self, record: Record) -> bool:
        return bool(record["settling"] == "DELETING" and record["settlesAt"] <= self.cloud.now())

    def status(self, record: Record) -> str:
        return str(record["settling"]) if self.cloud.now() < record["settlesAt"] else "ACTIVE"

    def settles_at(self) -> float:
        return self.cloud.now() + self.cloud.settings.knobs.settle

    def workspace_arn(self, workspace_id: str) -> str:
        return self.cloud.arn("grafana", f"/workspaces/{workspace_id}")

    def paged(self, request: Request, found: list[tuple[str, Record]]) -> tuple[list[Record], dict[str, str]]:
        """(records to show, members for the next page) of all records in key order that the request asks for."""
        limit = request.parameters.get("maxResults", MOST_LISTED)
        after = _unpack(request.parameters.get("nextToken", ""))
        left = [(key, record) for key, record in found if key > after]
        token = {"nextToken": _pack(left[limit - 1][0])} if len(left) > limit else {}
        return [record for _unused, record in left[:limit]], token


def invalid(message: str, *fields: str) -> ApiError:
    """ValidationException; ``fields`` are the members that are wrong."""
    reason = "FIELD_VALIDATION_FAILED" if fields else "OTHER"
    return ApiError("ValidationException", message, reason=reason, fieldList=[{"name": field, "message": message} for field in fields])


def conflict(message: str, resource_id: str, resource_type: str) -> ApiError:
    return ApiError("ConflictException", message, resourceId=resource_id, resourceType=resource_type)


def not_found(resource_id: str, resource_type: str) -> ApiError:
    message = f"The {resource_type} {resource_id} does not exist."
    return ApiError("ResourceNotFoundException", message, resourceId=resource_id, resourceType=resource_type)


def _pack(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def _unpack(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token).decode()
    except ValueError:  # not base64, or not text
        raise invalid("The pagination token is invalid.", "nextToken") from None
