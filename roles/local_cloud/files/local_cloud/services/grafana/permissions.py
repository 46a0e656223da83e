# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may use a workspace: roles of the users and groups of Identity Center."""

from __future__ import annotations

import typing as t

import botocore.exceptions

from local_cloud.service import Answer, Request
from local_cloud.services.grafana.room import PERMISSION, Room, invalid
from local_cloud.store import Record


class Refused(Exception):
    """One user of an instruction. code: as UpdatePermissions reports it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Permissions(Room):
    def update_permissions(self, request: Request) -> Answer:
        """What cannot be done is reported in ``errors``, user by user; the rest is done."""
        record = self.find_workspace(request)
        if "AWS_SSO" not in record["providers"]:
            raise invalid(f"The workspace {record['id']} does not use AWS_SSO; roles of SAML users come from their assertions.")
        errors = []
        for instruction in request.parameters["updateInstructionBatch"]:
            for user in instruction["users"]:
                try:
                    self._apply(record["id"], instruction["action"], instruction["role"], user)
                except Refused as refused:
                    errors.append({"code": refused.code, "message": str(refused), "causedBy": {**instruction, "users": [user]}})
        return {"errors": errors}

    def list_permissions(self, request: Request) -> Answer:
        record = self.find_workspace(request)
        parameters = request.parameters
        if "userId" in parameters and "groupId" in parameters:
            raise invalid("userId and groupId exclude each other.", "userId", "groupId")
        wanted_id = parameters.get("userId", parameters.get("groupId"))
        wanted_type = parameters.get("userType")
        if wanted_id is not None:
            wanted_type = "SSO_USER" if "userId" in parameters else "SSO_GROUP"
        found = [
            (key, entry)
            for key, entry in self.cloud.store.list(PERMISSION, prefix=f"{record['id']}/")
            if wanted_id in (None, entry["user"]["id"]) and wanted_type in (None, entry["user"]["type"])
        ]
        shown, token = self.paged(request, found)
        return {"permissions": shown, **token}

    def _apply(self, workspace_id: str, action: str, role: str, user: dict[str, t.Any]) -> None:
        """A user has one role; ADD replaces it."""
        key = f"{workspace_id}/{user['type']}/{user['id']}"
        if action == "ADD":
            self._check_exists(user)
            entry: Record = {"user": user, "role": role}
            self.cloud.store.put(PERMISSION, key, entry)
            return
        with self.cloud.store.transaction():
            current = self.cloud.store.get(PERMISSION, key)
            if current is None or current["role"] != role:
                raise Refused(404, f"{user['type']} {user['id']} does not have the role {role} in this workspace.")
            self.cloud.store.delete(PERMISSION, key)

    def _check_exists(self, user: dict[str, t.Any]) -> None:
        instances = self.cloud.client("sso-admin").list_instances()["Instances"]
        store_id = instances[0]["IdentityStoreId"] if instances else ""
        directory = self.cloud.client("identitystore")
        try:
            if user["type"] == "SSO_USER":
                directory.describe_user(IdentityStoreId=store_id, UserId=user["id"])
            else:
                directory.describe_group(IdentityStoreId=store_id, GroupId=user["id"])
        except (botocore.exceptions.ClientError, botocore.exceptions.ParamValidationError):
            raise Refused(404, f"{user['type']} {user['id']} does not exist in the identity store.") from None
