# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The record of a migration: an object for each meter in a bucket, with the days that were found equal after they had settled.

It saves the next run from reading those days again. Whatever is wrong with it costs time, never the run.
"""

from __future__ import annotations

import contextlib
import json
import threading
import typing as t
import urllib.parse

try:
    from botocore import exceptions as boto
except ImportError:
    pass  # AnsibleAWSModule has already said so

from ansible_collections.energytwin.aws.plugins.module_utils._aws import api_call
from ansible_collections.energytwin.aws.plugins.module_utils._migration.readings import Checksum, Meter

FOLDER = "energytwin/reading_migration"
FORMAT = 1
# Days that are noted before the object is written anew.
UNSAVED = 50

Days = dict[int, dict[str, t.Any]]


@api_call("write the record of the migration to bucket {bucket}")
def put(client: t.Any, bucket: str, key: str, body: bytes) -> None:
    client.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")


def rendered(stores: str, days: Days) -> bytes:
    content = {"format": FORMAT, "stores": stores, "days": {str(day): days[day] for day in sorted(days)}}
    return json.dumps(content, separators=(",", ":")).encode()


def parsed(body: bytes, stores: str) -> Days:
    """The days of a record; none if it is of other stores, or not to be read."""
    with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
        content = json.loads(body)
        if (content["format"], content["stores"]) == (FORMAT, stores):
            notes = content["days"].items()
            return {int(day): {"readings": int(note["readings"]), "sha256": str(note["sha256"])} for day, note in notes}
    return {}


class Ledger:
    """stores: tells source and destination apart from all others. Without a bucket nothing is remembered. writes: whether what is noted
    is written. For several threads."""

    def __init__(self, client: t.Any, bucket: str | None, stores: str, writes: bool) -> None:
        self._client = client
        self._bucket = bucket
        self._stores = stores
        self._writes = writes
        self._lock = threading.Lock()
        self._days: dict[Meter, Days] = {}
        self._unsaved: dict[Meter, int] = {}

    def load(self, meter: Meter) -> Days:
        """The days of a meter that are known to be equal."""
        days: Days = {}
        if self._bucket:
            with contextlib.suppress(boto.BotoCoreError, boto.ClientError):
                days = parsed(self._client.get_object(Bucket=self._bucket, Key=self._key(meter))["Body"].read(), self._stores)
        with self._lock:
            self._days[meter] = days
        return dict(days)

    def keep(self, meter: Meter, day: int, checksum: Checksum) -> None:
        """The day is equal, and nothing more is expected of it."""
        note = {"readings": checksum.readings, "sha256": checksum.sha256}
        with self._lock:
            if self._days[meter].get(day) == note:
                return
            self._days[meter][day] = note
            unsaved = self._noted(meter)
        if unsaved >= UNSAVED:
            self._save(meter)

    def drop(self, meter: Meter, day: int) -> None:
        """The day is not equal, whatever was known of it."""
        with self._lock:
            if self._days[meter].pop(day, None) is not None:
                self._noted(meter)

    def save(self) -> None:
        """Writes what is not written yet."""
        with self._lock:
            meters = list(self._unsaved)
        for meter in meters:
            self._save(meter)

    def _noted(self, meter: Meter) -> int:
        self._unsaved[meter] = self._unsaved.get(meter, 0) + 1
        return self._unsaved[meter]

    def _save(self, meter: Meter) -> None:
        with self._lock:
            body = rendered(self._stores, self._days[meter])
            self._unsaved.pop(meter, None)
        if self._bucket and self._writes:
            put(self._client, self._bucket, self._key(meter), body)

    @staticmethod
    def _key(meter: Meter) -> str:
        return f"{FOLDER}/{'/'.join(urllib.parse.quote(name, safe='') for name in meter)}.json"
