# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the record of a set of entities is kept: one object in a bucket. Whatever is wrong with it costs time, never the run."""

from __future__ import annotations

import collections.abc as c
import typing as t

try:
    from botocore import exceptions as boto

    UNREACHABLE: tuple[type[Exception], ...] = (boto.BotoCoreError, boto.ClientError)
except ImportError:
    UNREACHABLE = ()  # AnsibleAWSModule says so

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._aws import connect, explain
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import record
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.model import ROOT
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.objects import Location

FOLDER = "energytwin/twinmaker_entities"
MEBIBYTE = 1024 * 1024
# Two hundred thousand notes.
MAX_BYTES = 32 * MEBIBYTE


def connect_quickly(module: AnsibleAWSModule) -> t.Any:
    """A client for S3. The record only saves time, so it is not waited for as long as for what has to be."""
    return connect(module, "s3", connect_timeout=5, read_timeout=30, retries={"mode": "standard", "max_attempts": 3})


def location_of(bucket: str, workspace_id: str, parent_id: str) -> Location:
    """Where the record of a set is. No entity's id begins with ``_``."""
    return Location(bucket, f"{FOLDER}/{workspace_id}/{'_root' if parent_id == ROOT else parent_id}.json")


class RecordStore:
    """notes: what went wrong, for people to read; the texts are sentences."""

    def __init__(self, client: t.Any, location: Location, subject: record.Subject) -> None:
        self._client = client
        self._location = location
        self._subject = subject
        self.notes: list[str] = []

    @property
    def url(self) -> str:
        return self._location.url()

    def load(self) -> dict[str, record.Note]:
        """The notes of the last run; none if there are none that can be used."""
        try:
            return record.parsed(self._read(), self._subject)
        except record.BadRecord as error:
            self.notes.append(f"The record {self.url} {error}, so every entity was read.")
        except UNREACHABLE as error:
            if _code(error) == "NoSuchKey":
                self.notes.append(f"There is no record {self.url} yet, so every entity was read.")
            else:
                self.notes.append(f"The record {self.url} cannot be read, so every entity was: {explain(error)}")
        return {}

    def _read(self) -> bytes:
        answer = self._client.get_object(Bucket=self._location.bucket, Key=self._location.key)
        body: bytes = answer["Body"].read(MAX_BYTES + 1)
        if len(body) > MAX_BYTES:
            raise record.BadRecord(f"is greater than {MAX_BYTES // MEBIBYTE} MiB")
        return body

    def save(self, notes: c.Mapping[str, record.Note]) -> str | None:
        """Writes the record at once and whole. Returns what went wrong, or None."""
        body = record.rendered(self._subject, notes)
        try:
            self._client.put_object(Bucket=self._location.bucket, Key=self._location.key, Body=body, ContentType="application/json")
        except UNREACHABLE as error:
            return f"The record {self.url} cannot be written, so the next run reads every entity: {explain(error)}"
        return None


def _code(error: Exception) -> str:
    return str((getattr(error, "response", None) or {}).get("Error", {}).get("Code", ""))
