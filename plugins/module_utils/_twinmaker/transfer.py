# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Metadata transfer jobs that bring new entities from files in S3 into a workspace.

Jobs cannot be deleted and go on when the run that began them is killed. So a run waits for the jobs of others before it reads.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import datetime
import re
import time
import typing as t
import uuid

from ansible.module_utils.urls import open_url

from ansible_collections.energytwin.aws.plugins.module_utils._aws import AwsError, poll
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, listed
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import api, objects

Answer = dict[str, t.Any]
Report = c.Callable[[str], None]

PREFIX = "energytwin/imports"
UNFINISHED = ("VALIDATING", "PENDING", "RUNNING", "CANCELLING")
POLL_SECONDS = 0.5
MAX_POLL_SECONDS = 15.0
REPORT_BYTES = 20_000_000
REPORT_TIMEOUT = 30
# A file whose job is not there belongs to a run that is about to create it, or was killed before.
ABANDONED = datetime.timedelta(days=1)
BUCKET = re.compile(r"[a-zA-Z0-9_-]+")


@dataclasses.dataclass(frozen=True)
class Ended:
    """A job that has come to its end. text: its report, empty if there is none to be had."""

    job_id: str
    state: str
    error: str
    failed: int
    text: str

    @property
    def went_well(self) -> bool:
        """COMPLETED does not mean that everything was done."""
        return self.state == "COMPLETED" and not self.failed

    def sentence(self) -> str:
        if self.state == "COMPLETED":
            return f"metadata transfer job '{self.job_id}' could not bring in {self.failed} entities"
        return f"metadata transfer job '{self.job_id}' ended in state {self.state}: {self.error or 'AWS gives no reason'}"


def bucket_for(given: str | None, workspace: Answer) -> str:
    """The name of the bucket for the files: the given one, or the workspace's own. Raises Refused if neither does."""
    bucket = given or str(workspace.get("s3Location", "")).rpartition(":")[2]
    workspace_id = workspace["workspaceId"]
    if not bucket:
        raise Refused(f"import_bucket: workspace '{workspace_id}' has no bucket of its own; name one that its role can read and write.")
    if not BUCKET.fullmatch(bucket):
        raise Refused(f"import_bucket: '{bucket}' cannot be used; metadata transfer jobs take a bucket whose name has no dots.")
    if not workspace.get("role"):
        raise Refused(
            f"method: workspace '{workspace_id}' has no role to import with; give it one (module twinmaker_workspace), or use api."
        )
    return bucket


class Imports:
    """Runs import jobs into one workspace, one after the other. The errors of every method are Refused or AwsError.

    workspace: GetWorkspace's answer. timeout: seconds for one job, and for the jobs of others to end. job_ids: of all that were begun.
    """

    def __init__(self, client: t.Any, s3: t.Any, workspace: Answer, bucket: str, timeout: float, report: Report) -> None:
        self._client = client
        self._s3 = s3
        self._workspace_id: str = workspace["workspaceId"]
        self._arn: str = workspace["arn"]
        self._timeout = timeout
        self._report = report
        self.bucket = bucket
        self.job_ids: list[str] = []

    def wait_for_others(self) -> None:
        """Waits until no job brings a file into the workspace, such as one of a run that was killed."""
        jobs, ended = poll(self._unfinished, lambda jobs: not jobs, timeout=self._timeout, delay=POLL_SECONDS, max_delay=MAX_POLL_SECONDS)
        if not ended:
            names = listed(sorted(jobs))
            raise Refused(
                f"metadata transfer jobs {names} into workspace '{self._workspace_id}' have not ended after {self._timeout} s;"
                " wait for them or cancel them, or raise import_timeout."
            )

    def bring(self, body: bytes) -> Ended:
        """Runs one job with the file. Its file is removed again."""
        job_id = f"energytwin-{uuid.uuid4().hex}"
        place = objects.Location(self.bucket, f"{self._folder}{job_id}.json")
        objects.upload(self._s3, place, objects.Content(body=body), self._report)
        self._create(job_id, place)
        self.job_ids.append(job_id)
        answer = self._wait(job_id)
        self._remove(place.key)
        status = answer.get("status") or {}
        return Ended(
            job_id,
            status.get("state", ""),
            (status.get("error") or {}).get("message") or "",
            (answer.get("progress") or {}).get("failedCount", 0),
            read_report(answer.get("reportUrl")),
        )

    def clean_up(self) -> None:
        """Removes the files of earlier runs that were killed. What cannot be removed, or listed, is left to a later run."""
        try:
            for key, modified in objects.stamps_below(self._s3, self.bucket, self._folder).items():
                job = api.get_transfer_job(self._client, key.rpartition("/")[2].removesuffix(".json"))
                too_old = datetime.datetime.now(datetime.timezone.utc) - modified > ABANDONED
                if too_old if job is None else (job.get("status") or {}).get("state") not in UNFINISHED:
                    objects.delete(self._s3, self.bucket, key)
        except AwsError as error:
            self._report(error.sentence())

    @property
    def _folder(self) -> str:
        return f"{PREFIX}/{self._workspace_id}/"

    def _unfinished(self) -> list[str]:
        return [
            job["metadataTransferJobId"]
            for job in api.list_imports(self._client, self._workspace_id)
            if (job.get("status") or {}).get("state") in UNFINISHED
        ]

    def _create(self, job_id: str, place: objects.Location) -> None:
        """Creates the job once AWS has room for one more."""
        request = {
            "description": "entities of the Ansible module energytwin.aws.twinmaker_entities",
            "sources": [{"type": "s3", "s3Configuration": {"location": f"{self._partition}:s3:::{place.bucket}/{place.key}"}}],
            "destination": {"type": "iottwinmaker", "iotTwinMakerConfiguration": {"workspace": self._arn}},
        }
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                api.create_transfer_job(self._client, job_id, request)
                return
            except AwsError as error:
                if error.code == "ConflictException":
                    return  # Our own job: the answer to the first request was lost.
                if error.code != "ServiceQuotaExceededException" or time.monotonic() > deadline:
                    raise
                self._report(f"waiting for room in the queue of metadata transfer jobs: {error.text}")
                time.sleep(MAX_POLL_SECONDS)

    @property
    def _partition(self) -> str:
        return ":".join(self._arn.split(":")[:2])

    def _wait(self, job_id: str) -> Answer:
        def look() -> Answer:
            answer = api.get_transfer_job(self._client, job_id) or {}
            progress = answer.get("progress") or {}
            done = sum(progress.get(name, 0) for name in ("succeededCount", "skippedCount", "failedCount"))
            state = (answer.get("status") or {}).get("state", "not visible yet")
            self._report(f"metadata transfer job '{job_id}' is {state}, {done} of {progress.get('totalCount', 0)} entities are done")
            return answer

        answer, ended = poll(
            look,
            lambda found: bool(found) and (found.get("status") or {}).get("state") not in UNFINISHED,
            timeout=self._timeout,
            delay=POLL_SECONDS,
            max_delay=MAX_POLL_SECONDS,
        )
        if not ended:
            state = (answer.get("status") or {}).get("state", "unknown")
            raise Refused(
                f"metadata transfer job '{job_id}' is still in state {state} after {self._timeout} s and goes on;"
                " run again, which waits for it, or raise import_timeout."
            )
        return answer

    def _remove(self, key: str) -> None:
        try:
            objects.delete(self._s3, self.bucket, key)
        except AwsError as error:
            self._report(error.sentence())


def read_report(url: str | None) -> str:
    """A job's report from its pre-signed URL; empty if there is none, or if it cannot be read: the entities themselves tell, too."""
    if not url:
        return ""
    try:
        with open_url(url, timeout=REPORT_TIMEOUT) as response:
            return t.cast(bytes, response.read(REPORT_BYTES)).decode("utf-8", "replace")
    except (OSError, ValueError):
        return ""
