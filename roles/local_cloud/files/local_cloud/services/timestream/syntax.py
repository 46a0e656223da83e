# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Places, durations and times in Timestream's SQL, and its errors. Pure."""

from __future__ import annotations

import datetime
import re
import typing as t

from sqlglot import exp

DURATION_UNITS: t.Final = {
    "ns": 1,
    "us": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
    "d": 86400 * 10**9,
}


class QueryError(Exception):
    """The query is wrong; the text is for its author."""


class NotSupported(Exception):
    """The query may be right, but this is not built here."""


def place(node: exp.Expr) -> str:
    """Where an identifier or function starts, as AWS writes it; columns count from 1."""
    meta = node.meta
    if "col" not in meta:
        return "line 1:1"
    return f"line {meta['line']}:{meta['col'] - (meta['end'] - meta['start'])}"


def place_of(node: exp.Expr) -> str:
    """Where an expression starts: at the first part of it that knows its place."""
    return next((place(part) for part in node.walk(bfs=False) if "col" in part.meta), "line 1:1")


def duration(text: str) -> int:
    """'5m' -> ns. Raises QueryError."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(ns|us|ms|s|m|h|d)\s*", text)
    if match is None:
        raise QueryError(f"Invalid duration: {text!r}")
    return round(float(match[1]) * DURATION_UNITS[match[2]]) if "." in match[1] else int(match[1]) * DURATION_UNITS[match[2]]


def iso_time(text: str) -> int:
    """ISO 8601 with up to nine decimals -> ns since the epoch. Raises QueryError."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9})\d*)?)?(Z|[+-]\d\d:\d\d)?", text)
    try:
        if match is None:
            raise ValueError
        day, clock, fraction, zone = match.groups()
        instant = datetime.datetime.fromisoformat(f"{day}T{clock or '00:00'}{'+00:00' if zone in (None, 'Z') else zone}")
    except ValueError:
        raise QueryError(f"Invalid timestamp: {text!r}") from None
    return int(instant.timestamp()) * 10**9 + int((fraction or "").ljust(9, "0"))
