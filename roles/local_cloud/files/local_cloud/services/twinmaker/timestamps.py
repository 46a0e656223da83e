# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times of the data plane: ISO 8601 strings of the API (``YYYY-MM-DDThh:mm:ss[.SSSSSSSSS][Z/±HH:mm]``) and epoch seconds."""

from __future__ import annotations

import calendar
import datetime
import re
import time
import typing as t

from local_cloud.services.twinmaker.errors import invalid

_ISO: t.Final = re.compile(
    r"(?P<whole>\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(?P<fraction>\d{1,9}))?(?:Z|(?P<sign>[+-])(?P<hours>\d{2}):?(?P<minutes>\d{2}))"
)


class Moment(t.NamedTuple):
    """A point in time: as the API writes it, and in nanoseconds since the epoch."""

    text: str
    nanoseconds: int

    @property
    def seconds(self) -> int:
        return self.nanoseconds // 1_000_000_000


def from_text(text: str, name: str) -> Moment:
    """The moment that an ISO 8601 string names. ``name`` is what the error calls it."""
    match = _ISO.fullmatch(text)
    try:
        if match is None:
            raise ValueError(text)
        whole = calendar.timegm(time.strptime(match["whole"], "%Y-%m-%dT%H:%M:%S"))
    except ValueError:
        raise invalid(f"{name} {text!r} is not an ISO 8601 time like 2024-01-31T12:00:00.000Z") from None
    offset = 60 * (60 * int(match["hours"]) + int(match["minutes"])) if match["sign"] else 0
    seconds = whole - offset if match["sign"] != "-" else whole + offset
    return Moment(text, seconds * 1_000_000_000 + int((match["fraction"] or "").ljust(9, "0")))


def from_epoch(seconds: float) -> Moment:
    milliseconds = round(seconds * 1000)
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=milliseconds)
    text = moment.isoformat(timespec="milliseconds" if milliseconds % 1000 else "seconds") + "Z"
    return Moment(text, milliseconds * 1_000_000)
