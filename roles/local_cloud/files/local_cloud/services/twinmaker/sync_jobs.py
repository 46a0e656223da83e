# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sync jobs. There is no IoT SiteWise in the local cloud, so a job settles with nothing to sync."""

from __future__ import annotations

import typing as t

from local_cloud.service import Answer, Request
from local_cloud.services.twinmaker import paging, states
from local_cloud.services.twinmaker.errors import conflict, invalid
from local_cloud.services.twinmaker.records import Records
from local_cloud.services.twinmaker.workspaces import PRINCIPAL
from local_cloud.store import Record

if t.TYPE_CHECKING:
    from local_cloud.cloud import Cloud

SITEWISE: t.Final = "SITEWISE"
_SUMMARY = ("arn", "workspaceId", "syncSource", "creationDateTime", "updateDateTime")


class SyncJobs:
    def __init__(self, cloud: Cloud, records: Records) -> None:
        self._cloud = cloud
        self._records = records

    def create(self, request: Request) -> Answer:
        parameters = request.parameters
        workspace_id, source = parameters["workspaceId"], parameters["syncSource"]
        if source != SITEWISE:
            raise invalid(f"Sync source {source} is not supported; the only one is {SITEWISE}")
        if not self._cloud.role_trusts(parameters["syncRole"], PRINCIPAL):
            raise invalid(f"Could not assume the role provided, verify permissions: {parameters['syncRole']}")
        now = self._records.now
        arn = self._records.arn(workspace_id, "sync-job", arn_name(source))
        with self._records.transaction():
            self._records.usable_workspace(workspace_id)
            if self._records.has_sync_job(workspace_id, source):
                raise conflict(f"Sync job {source} already exists")
            content = {name: value for name, value in parameters.items() if name != "tags"}
            times = {"creationDateTime": now, "updateDateTime": now}
            self._records.put_sync_job({**content, **self._records.begin("CREATING"), **times, "arn": arn})
            self._records.put_tags(arn, parameters.get("tags", {}))
        return {"arn": arn, "creationDateTime": now, "state": "CREATING"}

    def get(self, request: Request) -> Answer:
        if "workspaceId" not in request.parameters:
            raise invalid("workspaceId is required")
        record = self._records.sync_job(request.parameters["workspaceId"], request.parameters["syncSource"])
        return {**self._summary(record), "syncRole": record["syncRole"]}

    def delete(self, request: Request) -> Answer:
        with self._records.transaction():
            record = self._records.sync_job(request.parameters["workspaceId"], request.parameters["syncSource"])
            if self._records.state(record) != "DELETING":
                self._records.leave([record])
        return {"state": "DELETING"}

    def list_jobs(self, request: Request) -> Answer:
        workspace_id = request.parameters["workspaceId"]
        self._records.workspace(workspace_id)
        found, more = paging.page(self._records.tokens, request, self._records.sync_jobs(workspace_id), default=50)
        return {"syncJobSummaries": [self._summary(record) for record in found], **more}

    def list_resources(self, request: Request) -> Answer:
        self._records.sync_job(request.parameters["workspaceId"], request.parameters["syncSource"])
        return {"syncResources": []}

    def _summary(self, record: Record) -> Answer:
        return {**{name: record[name] for name in _SUMMARY}, "status": states.status(self._state(record))}

    def _state(self, record: Record) -> str:
        state = self._records.state(record)
        # A job first is made and then looks at its source; each takes the time that everything takes to settle.
        looked = record["settlesAt"] + (record["settlesAt"] - record["creationDateTime"])
        return "INITIALIZING" if state == "ACTIVE" and self._records.now < looked else state


def arn_name(source: str) -> str:
    """What a sync job is called in its ARN."""
    return f"{source}-default"
