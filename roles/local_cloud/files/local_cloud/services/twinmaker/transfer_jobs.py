# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Metadata transfer jobs: import from and export to a file in S3.

There is no background work: a job goes on, a slice at a time, when somebody asks for jobs. So it needs no thread,
and what a crash interrupts goes on where it was.
"""

from __future__ import annotations

import json
import threading
import typing as t
import uuid

import botocore.exceptions

from local_cloud.errors import ApiError
from local_cloud.service import Answer, Request
from local_cloud.services.twinmaker import paging, quotas, transfer_file
from local_cloud.services.twinmaker.component_types import ComponentTypeRoom
from local_cloud.services.twinmaker.entities import Entities
from local_cloud.services.twinmaker.errors import conflict, invalid, not_implemented, over_quota
from local_cloud.services.twinmaker.records import Records
from local_cloud.store import Record

if t.TYPE_CHECKING:
    from local_cloud.cloud import Cloud

_SLICE: t.Final = 200
_RESULT_NAMES: t.Final = ("totalCount", "succeededCount", "skippedCount", "failedCount")
_UNFINISHED: t.Final = ("VALIDATING", "PENDING", "RUNNING", "CANCELLING")
_REPORT_SECONDS: t.Final = 3600
_CONFIGURATION: dict[str, str] = {"s3": "s3Configuration", "iottwinmaker": "iotTwinMakerConfiguration"}
_SHOWN: t.Final = ("metadataTransferJobId", "arn", "creationDateTime", "updateDateTime")


class TransferJobs:
    def __init__(self, cloud: Cloud, records: Records, types: ComponentTypeRoom, entities: Entities) -> None:
        self._cloud = cloud
        self._records = records
        self._types = types
        self._entities = entities
        self._advancing = threading.Lock()

    def create(self, request: Request) -> Answer:
        parameters = request.parameters
        job_id = parameters.get("metadataTransferJobId") or str(uuid.uuid4())
        workspace = self._workspace_of(parameters["sources"][0], parameters["destination"])
        if "role" not in workspace:
            raise invalid(f"Workspace {workspace['workspaceId']} has no role to transfer metadata with")
        now = self._records.now
        record = {
            **parameters,
            **self._records.begin("VALIDATING"),
            "metadataTransferJobId": job_id,
            "workspaceId": workspace["workspaceId"],
            "arn": self._cloud.arn("iottwinmaker", f"metadata-transfer-job/{job_id}"),
            "metadataTransferJobRole": workspace["role"],
            "creationDateTime": now,
            "updateDateTime": now,
            "error": {},
            "progress": dict.fromkeys(_RESULT_NAMES, 0),
        }
        with self._records.transaction():
            if self._records.has_transfer_job(job_id):
                raise conflict(f"Metadata transfer job {job_id} already exists")
            if len(self._unfinished()) >= quotas.QUEUED_TRANSFER_JOBS:
                raise over_quota(f"{quotas.QUEUED_TRANSFER_JOBS} metadata transfer jobs wait or run, the most there can be")
            self._records.put_transfer_job(record)
        status = {"state": "VALIDATING", "error": {}}
        return {"metadataTransferJobId": job_id, "arn": record["arn"], "creationDateTime": now, "status": status}

    def get(self, request: Request) -> Answer:
        self._advance()
        record = self._records.transfer_job(request.parameters["metadataTransferJobId"])
        names = ("description", "sources", "destination", "metadataTransferJobRole")
        answer = {**self._summary(record), **{name: record[name] for name in names if name in record}}
        if "report" in record:
            answer["reportUrl"] = self._s3(record).generate_presigned_url("get_object", Params=record["report"], ExpiresIn=_REPORT_SECONDS)
        return answer

    def cancel(self, request: Request) -> Answer:
        job_id = request.parameters["metadataTransferJobId"]
        with self._records.transaction():
            record = self._records.transfer_job(job_id)
            if record["state"] not in _UNFINISHED:
                raise conflict(f"Metadata transfer job {job_id} is {record['state']} and cannot be cancelled")
            if record["state"] != "CANCELLING":
                record = {**record, **self._records.begin("CANCELLING"), "updateDateTime": self._records.now}
                self._records.put_transfer_job(record)
        names = ("metadataTransferJobId", "arn", "updateDateTime", "progress")
        return {**{name: record[name] for name in names}, "status": self._status(record)}

    def list_jobs(self, request: Request) -> Answer:
        self._advance()
        parameters = request.parameters
        filters = parameters.get("filters", [])
        if len(filters) > 1:
            raise invalid("Only one filter is accepted")
        wanted = {
            "sourceType": parameters["sourceType"],
            "destinationType": parameters["destinationType"],
            **(filters[0] if filters else {}),
        }
        jobs = [(record["metadataTransferJobId"], record) for record in self._records.transfer_jobs() if _matches(record, wanted)]
        found, more = paging.page(self._records.tokens, request, lambda after, limit: paging.after(jobs, after, limit))
        return {"metadataTransferJobSummaries": [self._summary(record) for record in found], **more}

    def _summary(self, record: Record) -> Answer:
        shown: Answer = {name: record[name] for name in _SHOWN}
        return {**shown, "status": self._status(record), "progress": record["progress"]}

    def _status(self, record: Record) -> dict[str, t.Any]:
        status = {"state": record["state"], "error": record["error"]}
        if record["state"] == "PENDING":
            waiting = [one["metadataTransferJobId"] for one in self._unfinished() if one["state"] == "PENDING"]
            status["queuedPosition"] = waiting.index(record["metadataTransferJobId"]) + 1
        return status

    def _unfinished(self) -> list[Record]:
        """Jobs that are not finished, the oldest first."""
        jobs = [record for record in self._records.transfer_jobs() if record["state"] in _UNFINISHED]
        return sorted(jobs, key=lambda record: (record["creationDateTime"], record["metadataTransferJobId"]))

    def _workspace_of(self, source: dict[str, t.Any], destination: dict[str, t.Any]) -> Record:
        """The workspace that takes part in a transfer; the other side is a bucket."""
        for side, what in ((source, "source"), (destination, "destination")):
            if side["type"] == "iotsitewise":
                raise not_implemented("metadata transfer jobs with IoT SiteWise")
            if set(side) != {"type", _CONFIGURATION[side["type"]]}:
                raise invalid(f"A {what} of type {side['type']} needs {_CONFIGURATION[side['type']]} and nothing else")
        if source["type"] == destination["type"]:
            raise invalid(f"Metadata cannot be transferred from {source['type']} to {destination['type']}")
        side = source if source["type"] == "iottwinmaker" else destination
        arn = side["iotTwinMakerConfiguration"]["workspace"]
        workspace = self._records.usable_workspace(arn.rpartition("/")[2])
        if workspace["arn"] != arn:
            raise invalid(f"{arn} is not a workspace of this account and region")
        return workspace

    # ---- going on

    def _advance(self) -> None:
        """Takes every job as far as it can go now; nobody waits for another thread that is doing so."""
        if not self._advancing.acquire(blocking=False):
            return
        try:
            for record in self._unfinished():
                self._advance_job(record)
        finally:
            self._advancing.release()

    def _advance_job(self, record: Record) -> None:
        while record["state"] in _UNFINISHED and self._records.now >= record["settlesAt"]:
            if record["state"] == "PENDING" and self._is_another_running(record):
                return
            if record["state"] == "RUNNING" and not self._run_slice(record):
                return
            record = self._next(record)

    def _is_another_running(self, record: Record) -> bool:
        oldest = self._unfinished()[0]
        return bool(oldest["metadataTransferJobId"] != record["metadataTransferJobId"])

    def _next(self, record: Record) -> Record:
        """Brings a job whose state is over into the next one."""
        job_id = record["metadataTransferJobId"]
        changes: Record
        try:
            if record["state"] == "VALIDATING":
                changes = {**self._prepared(record), "state": "PENDING"}
            elif record["state"] == "PENDING":
                changes = self._records.begin("RUNNING")
            elif record["state"] == "RUNNING":
                changes = {**self._finished(record), "state": "COMPLETED"}
            else:
                changes = {"state": "CANCELLED"}
        except ApiError as error:
            changes = {"state": "ERROR", "error": {"code": "VALIDATION_ERROR", "message": error.message}}
        with self._records.transaction():
            current = self._records.transfer_job(job_id)
            if current["state"] != record["state"]:
                return current
            current = {**current, **changes, "updateDateTime": self._records.now}
            self._records.put_transfer_job(current)
            if current["state"] not in _UNFINISHED:
                self._records.delete_transfer_items(job_id)
        return current

    def _prepared(self, record: Record) -> Record:
        """Reads and checks an import's file, and puts down what is to be done."""
        source = record["sources"][0]
        if source["type"] != "s3":
            return {}
        bucket, _unused, key = source["s3Configuration"]["location"].rpartition(":")[2].partition("/")
        try:
            answer = self._s3(record).get_object(Bucket=bucket, Key=key)
            if answer["ContentLength"] > quotas.IMPORT_FILE_BYTES:
                raise invalid(f"The file s3://{bucket}/{key} has more than {quotas.IMPORT_FILE_BYTES} bytes")
            body = answer["Body"].read()
        except botocore.exceptions.ClientError as error:
            raise invalid(f"Could not read s3://{bucket}/{key}: {error.response['Error']['Message']}") from error
        settings = self._cloud.settings
        placeholders = {"partition": "aws", "region": settings.region, "accountId": settings.account}
        items = transfer_file.parsed(body, record["workspaceId"], placeholders)
        with self._records.transaction():
            self._records.delete_transfer_items(record["metadataTransferJobId"])
            self._records.put_transfer_items(record["metadataTransferJobId"], items)
        return {"progress": {**dict.fromkeys(_RESULT_NAMES, 0), "totalCount": len(items)}}

    def _run_slice(self, record: Record) -> bool:
        """Does the next items of an import; gives whether all are done."""
        job_id = record["metadataTransferJobId"]
        for _unused in range(_SLICE):
            job = self._records.transfer_job(job_id)
            if job["state"] != "RUNNING":
                return False
            done = job["progress"]["succeededCount"] + job["progress"]["failedCount"]
            item = self._records.transfer_item(job_id, done)
            if item is None:
                return True
            self._run_item(job_id, item)
        return False

    def _run_item(self, job_id: str, item: Record) -> None:
        """Does one item and counts it in the same transaction, so that a crash neither skips it nor counts it twice."""
        try:
            with self._records.transaction():
                if self._count(job_id, "succeededCount"):
                    self._write(item["section"], item["parameters"])
        except ApiError as error:
            with self._records.transaction():
                if self._count(job_id, "failedCount"):
                    self._records.fail_transfer_item(job_id, item, f"{error.code}: {error.message}")

    def _count(self, job_id: str, result: str) -> bool:
        """Counts a result, unless the job was cancelled meanwhile."""
        job = self._records.transfer_job(job_id)
        if job["state"] != "RUNNING":
            return False
        self._records.put_transfer_job({**job, "progress": {**job["progress"], result: job["progress"][result] + 1}})
        return True

    def _write(self, section: str, parameters: dict[str, t.Any]) -> None:
        """Creates a resource, or replaces it with all that belongs to it."""
        workspace_id = parameters["workspaceId"]
        if section == "entityComponents":
            self._entities.write_components(workspace_id, parameters["entityId"], parameters["components"])
        elif section == "entities":
            if self._records.find_entity(workspace_id, parameters["entityId"]) is None:
                self._entities.write_new(parameters, settle=0)
            else:
                record = self._entities.write_replaced(parameters)
                self._records.put_tags(record["arn"], parameters.get("tags", {}))
        elif self._records.has_component_type(workspace_id, parameters["componentTypeId"]):
            record = self._types.write_replaced(parameters)
            self._records.put_tags(record["arn"], parameters.get("tags", {}))
        else:
            self._types.write_new(parameters, settle=0)

    def _finished(self, record: Record) -> Record:
        """Writes what a job leaves in S3: the file of an export, and a report of what did not work."""
        changes: Record = {}
        problems = [
            {"resource": item["name"], "kind": item["section"], "message": item["error"]}
            for item in self._records.failed_transfer_items(record["metadataTransferJobId"])
        ]
        destination = record["destination"]
        if destination["type"] == "s3":
            content, problems = self._exported(record)
            written = sum(len(resources) for resources in content.values())
            counts = (written + len(problems), written, len(problems), 0)
            bucket, _unused, prefix = destination["s3Configuration"]["location"].rpartition(":")[2].partition("/")
            folder = f"{prefix.rstrip('/')}/" if prefix.rstrip("/") else ""
            self._put(record, bucket, f"{folder}{record['metadataTransferJobId']}.json", content)
            changes["progress"] = dict(zip(_RESULT_NAMES, counts, strict=True))
        else:
            source = record["sources"][0]["s3Configuration"]["location"]
            bucket, folder = source.rpartition(":")[2].partition("/")[0], ""
        if problems:
            key = f"{folder}{record['metadataTransferJobId']}-report.json"
            self._put(record, bucket, key, {"errors": problems})
            changes["report"] = {"Bucket": bucket, "Key": key}
        return changes

    def _exported(self, record: Record) -> tuple[dict[str, list[t.Any]], list[dict[str, t.Any]]]:
        """The content of an export's file, and the resources that a file cannot hold."""
        workspace_id = record["workspaceId"]
        filters = record["sources"][0]["iotTwinMakerConfiguration"].get("filters", [])
        type_ids = {one["filterByComponentType"]["componentTypeId"] for one in filters if "filterByComponentType" in one}
        entity_ids = {one["filterByEntity"]["entityId"] for one in filters if "filterByEntity" in one}
        types = [one for one in self._records.own_component_types(workspace_id) if not filters or one["componentTypeId"] in type_ids]
        entities = [one for _unused, one in self._records.entities(workspace_id)("", -1) if not filters or one["entityId"] in entity_ids]
        kept = [one for one in types if not one.get("compositeComponentTypes")]
        left_out = [
            {
                "resource": one["componentTypeId"],
                "kind": "componentTypes",
                "message": "a file cannot hold a composite component type",
            }
            for one in types
            if one not in kept
        ]
        content = {
            "componentTypes": [transfer_file.component_type(one, self._records.tags(one["arn"])) for one in kept],
            "entities": [transfer_file.entity(one, self._records.tags(one["arn"])) for one in entities],
        }
        return {section: resources for section, resources in content.items() if resources}, left_out

    def _put(self, record: Record, bucket: str, key: str, content: t.Any) -> None:
        try:
            self._s3(record).put_object(Bucket=bucket, Key=key, Body=json.dumps(content, indent=2).encode())
        except botocore.exceptions.ClientError as error:
            raise invalid(f"Could not write s3://{bucket}/{key}: {error.response['Error']['Message']}") from error

    def _s3(self, record: Record) -> t.Any:
        return self._cloud.client("s3", role=record["metadataTransferJobRole"])


def _matches(record: Record, wanted: dict[str, str]) -> bool:
    found = {
        "sourceType": record["sources"][0]["type"],
        "destinationType": record["destination"]["type"],
        "workspaceId": record["workspaceId"],
        "state": record["state"],
    }
    return wanted.items() <= found.items()
