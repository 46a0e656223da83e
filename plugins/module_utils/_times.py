# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Points in time as people and AWS write them. Pure."""

from __future__ import annotations

import datetime
import re

from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, shown

RELATIVE = re.compile(r"-(\d+(?:\.\d+)?)(s|m|h|d|w)")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
ISO = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?\s*(Z|z|[+-]\d\d:?\d\d)")
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def moment(text: str, now: datetime.datetime, option: str) -> datetime.datetime:
    """A point in time: ``now``, relative to it (``-90s``, ``-15m``, ``-1h``, ``-7d``, ``-2w``), or ISO 8601 with a zone."""
    text = text.strip()
    if text == "now":
        return now
    try:
        if found := RELATIVE.fullmatch(text):
            return now - datetime.timedelta(**{UNITS[found[2]]: float(found[1])})
        if found := ISO.fullmatch(text):
            date, clock, fraction, zone = found.groups()
            zone = "+00:00" if zone in "Zz" else zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
            clock = clock if clock.count(":") == 2 else f"{clock}:00"
            return datetime.datetime.fromisoformat(f"{date}T{clock}.{(fraction or '0')[:6]:0<6}{zone}").astimezone(datetime.timezone.utc)
    except (ValueError, OverflowError):
        pass
    raise Refused(
        f"{option}: {shown(text)} is no point in time; use 'now', '-1h' (units s, m, h, d, w) or ISO 8601 with a zone ('2026-11-23T10:00:00Z')."
    )


def iso(when: datetime.datetime) -> str:
    """UTC with milliseconds, e.g. ``2026-11-23T10:00:00.250Z``; nearer than that the API's epoch seconds are not exact."""
    rounded = when.astimezone(datetime.timezone.utc) + datetime.timedelta(microseconds=500)
    return f"{rounded:%Y-%m-%dT%H:%M:%S}.{rounded.microsecond // 1000:03d}Z"


def iso_of(milliseconds: int) -> str:
    """Unix milliseconds as ``iso`` writes them."""
    return iso(EPOCH + datetime.timedelta(milliseconds=milliseconds))
