# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moments as integers of Unix nanoseconds, and their written forms (pure)."""

from __future__ import annotations

import datetime
import re

SECOND = 1_000_000_000
MILLISECOND = 1_000_000

_ISO = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})?")
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def parse(text: str) -> int:
    """Of ``YYYY-MM-DDThh:mm:ss[.SSSSSSSSS][Z|+hh:mm]``; without a zone it is UTC. ValueError for anything else."""
    match = _ISO.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is no time in the form YYYY-MM-DDThh:mm:ssZ")
    date, clock, fraction, zone = match.groups()
    moment = datetime.datetime.fromisoformat(f"{date}T{clock}{'+00:00' if zone in (None, 'Z') else zone}") - _EPOCH
    return (moment.days * 86_400 + moment.seconds) * SECOND + int((fraction or "").ljust(9, "0"))


def written(moment: int) -> str:
    """ISO 8601 in UTC: to the millisecond where that is exact, else to the nanosecond."""
    seconds, rest = divmod(moment, SECOND)
    fraction = f"{rest // MILLISECOND:03}" if rest % MILLISECOND == 0 else f"{rest:09}"
    return f"{(_EPOCH + datetime.timedelta(seconds=seconds)).isoformat()[:19]}.{fraction}Z"
