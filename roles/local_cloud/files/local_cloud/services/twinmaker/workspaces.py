# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Workspaces: made by trying the role and the bucket, as the service does."""

from __future__ import annotations

import typing as t

import botocore.exceptions

from local_cloud.service import Answer, Request
from local_cloud.services.twinmaker import paging, quotas, states
from local_cloud.services.twinmaker.errors import conflict, invalid, missing, over_quota
from local_cloud.services.twinmaker.records import Records
from local_cloud.store import Record

if t.TYPE_CHECKING:
    from local_cloud.cloud import Cloud

PRINCIPAL: t.Final = "iottwinmaker.amazonaws.com"
_MARKER = "DO_NOT_DELETE_WORKSPACE_"


class Workspaces:
    def __init__(self, cloud: Cloud, records: Records) -> None:
        self._cloud = cloud
        self._records = records

    def create(self, request: Request) -> Answer:
        parameters = request.parameters
        workspace_id = parameters["workspaceId"]
        self._refuse_existing(workspace_id)
        self._try_role(workspace_id, parameters.get("role"), parameters.get("s3Location"))
        now = self._records.now
        arn = self._records.arn(workspace_id)
        record = {
            **{name: value for name, value in parameters.items() if name != "tags"},
            **states.begin("ACTIVE", now, 0),
            "arn": arn,
            "creationDateTime": now,
            "updateDateTime": now,
        }
        with self._records.transaction():
            self._refuse_existing(workspace_id)
            if len(self._records.workspaces()) >= quotas.WORKSPACES:
                raise over_quota(f"The account holds {quotas.WORKSPACES} workspaces, the most it can")
            self._records.put_workspace(record)
            self._records.put_tags(arn, parameters.get("tags", {}))
        return {"arn": arn, "creationDateTime": now}

    def get(self, request: Request) -> Answer:
        id_or_arn = request.parameters["workspaceId"]
        record = self._records.workspace(id_or_arn.rpartition("/")[2])
        if id_or_arn not in (record["workspaceId"], record["arn"]):
            raise missing("Workspace", id_or_arn)
        return {**_summary(record), **{name: record[name] for name in ("s3Location", "role") if name in record}}

    def update(self, request: Request) -> Answer:
        parameters = request.parameters
        workspace_id = parameters["workspaceId"]
        record = self._records.usable_workspace(workspace_id)
        if "role" in parameters or "s3Location" in parameters:
            changed = {**record, **parameters}
            self._try_role(workspace_id, changed.get("role"), changed.get("s3Location"))
        now = self._records.now
        with self._records.transaction():
            record = self._records.usable_workspace(workspace_id)
            self._records.put_workspace({**record, **parameters, "updateDateTime": now})
        return {"updateDateTime": now}

    def delete(self, request: Request) -> Answer:
        workspace_id = request.parameters["workspaceId"]
        with self._records.transaction():
            record = self._records.workspace(workspace_id)
            contents = self._records.contents(workspace_id)
            if contents:
                raise invalid(f"Workspace {workspace_id} still holds {', '.join(contents)}; delete them first")
            if self._records.state(record) != "DELETING":
                self._records.leave([record])
        self._remove_marker(record)
        return {}

    def list_workspaces(self, request: Request) -> Answer:
        records, more = paging.page(self._records.tokens, request, self._records.workspaces)
        return {"workspaceSummaries": [_summary(record) for record in records], **more}

    def _refuse_existing(self, workspace_id: str) -> None:
        if self._records.has_workspace(workspace_id):
            raise conflict(f"Workspace {workspace_id} already exists")

    def _try_role(self, workspace_id: str, role: str | None, s3_location: str | None) -> None:
        """Does with the role what TwinMaker will do with it: assume it, write the marker, and be allowed to remove it."""
        if role is not None and not self._cloud.role_trusts(role, PRINCIPAL):
            raise invalid(f"Could not assume the role provided, verify permissions: {role}")
        if s3_location is None:
            return
        if role is None:
            raise invalid(f"Could not access S3 with the role provided: {s3_location} needs a role")
        key = _MARKER + workspace_id
        try:
            self._cloud.client("s3", role=role).put_object(Bucket=_bucket(s3_location), Key=key, Body=b"")
        except botocore.exceptions.ClientError as error:
            raise invalid(f"Could not access S3 with the role provided: {error.response['Error']['Message']}") from error
        if not self._cloud.allowed(role, "s3:DeleteObject", f"{s3_location}/{key}"):
            raise invalid(f"Could not access S3 with the role provided: it may not s3:DeleteObject {s3_location}/{key}")

    def _remove_marker(self, record: Record) -> None:
        if "s3Location" not in record:
            return
        client = self._cloud.client("s3", role=record["role"])
        try:
            client.delete_object(Bucket=_bucket(record["s3Location"]), Key=_MARKER + record["workspaceId"])
        except botocore.exceptions.ClientError:
            # The role or the bucket may be gone before the workspace; that does not keep it from being deleted.
            return


def _bucket(s3_location: str) -> str:
    return s3_location.rpartition(":")[2]


def _summary(record: Record) -> Record:
    names = ("workspaceId", "arn", "creationDateTime", "updateDateTime")
    return {**{name: record[name] for name in names}, "description": record.get("description", ""), "linkedServices": []}
