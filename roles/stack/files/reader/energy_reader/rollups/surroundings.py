# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run of the keeper finds around it: its time, the site's time zone, and whose meters belong together."""

from __future__ import annotations

import datetime
import json
import time
import typing as t
import zoneinfo

from botocore.exceptions import BotoCoreError, ClientError

from energy_reader.errors import ReaderError

# Written by role twin from the site model: {"summaries": {entity id: [[panel id, meter id], ...]}}.
KEY = "energytwin/summaries.json"
# Who may not list the bucket is told that a missing object is denied.
_MISSING: t.Final = ("NoSuchKey", "AccessDenied")
# A run ends so many milliseconds before Lambda ends it: time for one more step.
RESERVE = 30_000


class LambdaClock:
    """The time of one invocation. context: Lambda's own."""

    def __init__(self, context: t.Any) -> None:
        self._context = context
        self._whole = max(1, self._remaining())

    def now(self) -> int:
        return int(time.time() * 1000)

    def left(self) -> float:
        return self._remaining() / self._whole

    def ends(self) -> int:
        return self.now() + int(self._context.get_remaining_time_in_millis())

    def _remaining(self) -> int:
        return int(self._context.get_remaining_time_in_millis()) - RESERVE


def time_zone(name: str) -> datetime.tzinfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ReaderError(
            f"TIME_ZONE: {name!r} is no time zone that this runtime knows; write an IANA name (timezone of the site)"
        ) from None


def members(s3: t.Any, bucket: str) -> dict[str, list[str]]:
    """Entity id -> ``<panel>#<meter>`` of the meters that its totals are made of; nothing where the site was not written yet."""
    try:
        content = s3.get_object(Bucket=bucket, Key=KEY)["Body"].read()
    except ClientError as exception:
        error = exception.response.get("Error", {})
        if error.get("Code") in _MISSING:
            return {}
        raise ReaderError(f"S3 did not give {KEY} of bucket {bucket}: {error.get('Code')}: {error.get('Message')}") from exception
    except BotoCoreError as exception:
        raise ReaderError(f"S3 cannot be reached for bucket {bucket}: {exception}") from exception
    try:
        return {summary: [f"{panel}#{meter}" for panel, meter in own] for summary, own in json.loads(content)["summaries"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ReaderError(f"{KEY} of bucket {bucket} does not say whose meters belong together; run role twin, which writes it") from None
