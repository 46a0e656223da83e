# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the error bucket holds, grouped by who sent it and what is wrong with it."""

from __future__ import annotations

import base64
import binascii
import collections
import collections.abc as c
import dataclasses
import functools
import json
import re
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._aws import api_call, in_parallel
from ansible_collections.energytwin.aws.plugins.module_utils._site.text_table import text_table
from ansible_collections.energytwin.aws.plugins.module_utils._times import iso_of

# What a store refused, and what the rule that looks at readings found wrong. The name of an object begins with Unix milliseconds.
FOLDERS = ("readings/", "refused/")
HEADING = ("Panel", "Meter", "From", "Readings", "Last (UTC)", "What is wrong")
UNKNOWN = "-"
_NAME = re.compile(r"[a-z]+/(\d{12,14})-")
_LONGEST = 300

Document = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Refusal:
    """One object of the bucket. time: Unix milliseconds; found: whether the rule wrote it, so that the reason is in our words."""

    time: int
    payload: bytes
    client_id: str
    reason: str
    found: bool


@dataclasses.dataclass(frozen=True)
class Group:
    """Readings of one sender with one fault. first, last: Unix milliseconds; example: the last of them as it came, cut."""

    panel_id: str
    meter_id: str
    client_id: str
    reason: str
    count: int
    first: int
    last: int
    example: str


# ---- Pure


def refusal(key: str, body: bytes) -> Refusal | None:
    """What an object says; None for one that is none of ours."""
    named = _NAME.match(key)
    try:
        document = json.loads(body)
        payload = base64.b64decode(document["base64OriginalPayload"], validate=True)
        found = "reason" in document
        reason = document["reason"] if found else "; ".join(failure["errorMessage"] for failure in document["failures"])
        client_id = document.get("clientId")
    except (ValueError, LookupError, TypeError, AttributeError, binascii.Error):
        return None
    return Refusal(int(named[1]), payload, str(client_id or UNKNOWN), str(reason), found) if named else None


def groups(refusals: c.Iterable[Refusal]) -> list[Group]:
    """By sender and fault, the most frequent first.

    A message that the store and the rule refused is in both folders. It counts once, with what the rule has found.
    """
    by_payload: dict[bytes, list[Refusal]] = collections.defaultdict(list)
    for one in refusals:
        by_payload[one.payload].append(one)
    gathered: dict[tuple[str, ...], list[Refusal]] = collections.defaultdict(list)
    for same in by_payload.values():
        for one in [one for one in same if one.found] or same:
            key = (*_sender(one.payload), one.client_id, one.reason)
            gathered[key].append(one)
    made = []
    for (panel_id, meter_id, client_id, reason), members in gathered.items():
        members.sort(key=lambda one: one.time)
        example = members[-1].payload.decode("utf-8", "replace")[:_LONGEST]
        made.append(Group(panel_id, meter_id, client_id, reason, len(members), members[0].time, members[-1].time, example))
    return sorted(made, key=lambda group: (-group.count, group.panel_id, group.meter_id, group.client_id, group.reason))


def _sender(payload: bytes) -> tuple[str, str]:
    """The panel and the meter that a message names, as far as it does."""
    try:
        reading = json.loads(payload)
    except (ValueError, RecursionError):
        return UNKNOWN, UNKNOWN
    if not isinstance(reading, dict):
        return UNKNOWN, UNKNOWN
    panel_id, meter_id = (
        str(reading[name])[:_LONGEST] if reading.get(name) not in (None, "") else UNKNOWN for name in ("panelId", "meterId")
    )
    return panel_id, meter_id


def table(found: c.Sequence[Group]) -> list[str]:
    """Lines for people: a heading, and one for each group."""
    rows = [(g.panel_id, g.meter_id, g.client_id, str(g.count), iso_of(g.last)[:19].replace("T", " "), g.reason) for g in found]
    return text_table(HEADING, ([_plain(cell) for cell in row] for row in rows))


def _plain(text: str) -> str:
    """What a sender wrote may hold anything; a terminal gets none of it but letters."""
    return "".join(character if character.isprintable() else "?" for character in text)


# ---- Reading the bucket


@api_call("list what bucket '{bucket}' holds")
def _list(client: t.Any, bucket: str, folder: str, since: int, most: int) -> list[str]:
    pages = client.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=folder, StartAfter=f"{folder}{since}", PaginationConfig={"MaxItems": most}
    )
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


@api_call("read '{key}' of bucket '{bucket}'")
def _get(client: t.Any, bucket: str, key: str) -> bytes:
    return t.cast(bytes, client.get_object(Bucket=bucket, Key=key)["Body"].read())


def read(client: t.Any, bucket: str, since: int, most: int, concurrency: int) -> tuple[list[Refusal], bool]:
    """The refusals since a time (Unix milliseconds), the oldest first, and whether these are all: ``most`` of each folder are read."""
    listed = [_list(client, bucket, folder, since, most + 1) for folder in FOLDERS]
    keys = [key for folder in listed for key in folder[:most]]
    bodies = in_parallel(functools.partial(_get, client, bucket), keys, concurrency)
    found = [refusal(key, body) for key, body in zip(keys, bodies, strict=True)]
    return [one for one in found if one is not None], all(len(folder) <= most for folder in listed)
