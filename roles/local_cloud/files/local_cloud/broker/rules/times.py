# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Date and time patterns of parse_time() and time_to_epoch().

Source: the Joda-Time and java.time pattern letters that the AWS IoT SQL reference points to. A letter that is not known here
raises ValueError, so that nothing is silently undefined. English names only.
"""

from __future__ import annotations

import collections.abc as c
import datetime
import re
import typing as t
import zoneinfo

from local_cloud.broker.rules.values import UNDEFINED

_DAYS: t.Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: t.Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_PIECE = re.compile(r"'((?:[^']|'')*)'|(([A-Za-z])\3*)|([^A-Za-z']+)")
_EPOCH: t.Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
_ZONE = r"(?:UTC|GMT|Z)?(?:[+-]\d{2}:?\d{2})?|[A-Za-z]+(?:/[A-Za-z_]+)*"


def _pieces(pattern: str) -> c.Iterator[tuple[str, str]]:
    """(letters, text) pairs: one of the two is empty."""
    position = 0
    for match in _PIECE.finditer(pattern):
        if match.start() != position:
            break
        position = match.end()
        quoted, letters, _unused, plain = match.groups()
        if letters:
            yield letters, ""
        else:
            yield "", plain if quoted is None else quoted.replace("''", "'") or "'"
    if position != len(pattern):
        raise ValueError(f"the time pattern '{pattern}' has a quote that is not closed")


def _unknown(letters: str) -> ValueError:
    return ValueError(f"the letters '{letters}' of a time pattern are not implemented in the local cloud")


def _zone(name: str) -> datetime.tzinfo | None:
    if name in ("UTC", "GMT", "Z", ""):
        return datetime.timezone.utc
    if offset := re.fullmatch(r"(?:UTC|GMT)?([+-])(\d{2}):?(\d{2})", name):
        minutes = int(offset[2]) * 60 + int(offset[3])
        return datetime.timezone(datetime.timedelta(minutes=minutes if offset[1] == "+" else -minutes))
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None


def format_time(pattern: str, milliseconds: int, zone: str) -> t.Any:
    """The moment as text; UNDEFINED if the zone is not known or the moment is out of range. Raises ValueError."""
    tz = _zone(zone)
    if tz is None:
        return UNDEFINED
    try:
        moment = (_EPOCH + datetime.timedelta(milliseconds=milliseconds)).astimezone(tz)
    except OverflowError:
        return UNDEFINED
    return "".join(text or _formatted(letters, moment, zone) for letters, text in _pieces(pattern))


def _formatted(letters: str, moment: datetime.datetime, zone: str) -> str:
    letter, width = letters[0], len(letters)
    numbers = {
        "y": moment.year, "Y": moment.year, "u": moment.year, "d": moment.day, "D": moment.timetuple().tm_yday,
        "H": moment.hour, "h": (moment.hour + 11) % 12 + 1, "K": moment.hour % 12, "k": (moment.hour + 23) % 24 + 1,
        "m": moment.minute, "s": moment.second,
    }  # fmt: skip
    if letter in "yYu" and width == 2:
        return f"{moment.year % 100:02d}"
    if letter in numbers:
        return str(numbers[letter]).zfill(width)
    if letter in "ML":
        return (_MONTHS[moment.month - 1][: 3 if width == 3 else None]) if width > 2 else str(moment.month).zfill(width)
    if letter in "Ee":
        return _DAYS[moment.weekday()][: None if width > 3 else 3]
    if letter == "S":
        return f"{moment.microsecond:06d}".ljust(width, "0")[:width]
    if letter == "a":
        return "AM" if moment.hour < 12 else "PM"
    if letter == "G":
        return "AD"
    if letter == "z":
        return zone if width > 3 else str(moment.tzname())
    offset = moment.strftime("%z")
    if letter == "Z":
        return offset if width == 1 else f"{offset[:3]}:{offset[3:]}"
    if letter in "Xx":
        return "Z" if letter == "X" and offset == "+0000" else offset if width != 3 else f"{offset[:3]}:{offset[3:]}"
    raise _unknown(letters)


def parse_time(text: str, pattern: str) -> t.Any:
    """Milliseconds since 1970, UTC; UNDEFINED if the text does not fit the pattern. Raises ValueError."""
    expression, names = "", []
    for letters, plain in _pieces(pattern):
        if plain:
            expression += re.escape(plain)
            continue
        names.append(letters)
        expression += f"({_expected(letters)})"
    match = re.fullmatch(expression, text)
    if match is None:
        return UNDEFINED
    fields: dict[str, str] = dict(zip((letters[0] for letters in names), match.groups(), strict=True))
    try:
        return _milliseconds(fields)
    except (ValueError, OverflowError):
        return UNDEFINED


def _expected(letters: str) -> str:
    letter, width = letters[0], len(letters)
    if letter in "ML" and width > 2:
        return "|".join(name[: 3 if width == 3 else None] for name in _MONTHS)
    if letter in "yYu":
        return r"\d{2}" if width == 2 else r"-?\d{4,}" if width > 2 else r"-?\d+"
    if letter in "MLdHhms":
        return rf"\d{{{width}}}" if width > 1 else r"\d{1,2}"
    if letter == "S":
        return rf"\d{{{width}}}"
    known = {"a": "AM|PM|am|pm", "G": "AD", "E": "|".join(day[: None if width > 3 else 3] for day in _DAYS)}
    known |= dict.fromkeys("zVZXx", _ZONE)
    if letter not in known:
        raise _unknown(letters)
    return known[letter]


def _milliseconds(fields: c.Mapping[str, str]) -> t.Any:
    def number(letter_choices: str, otherwise: int) -> int:
        return next((int(fields[letter]) for letter in letter_choices if letter in fields), otherwise)

    year = number("yuY", 1970)
    month_text = fields.get("M") or fields.get("L") or "1"
    month = int(month_text) if month_text.isdigit() else 1 + [name[:3] for name in _MONTHS].index(month_text[:3])
    hour = number("H", 0)
    if "h" in fields:
        hour = int(fields["h"]) % 12 + (12 if fields.get("a", "").upper() == "PM" else 0)
    zone = _zone(next((fields[letter] for letter in "zVZXx" if letter in fields), "UTC"))
    if zone is None:
        return UNDEFINED
    if year < 100 and any(len(fields.get(letter, "")) == 2 for letter in "yu"):
        year += 2000
    micro = int(fields.get("S", "0").ljust(6, "0")[:6])
    moment = datetime.datetime(year, month, number("d", 1), hour, number("m", 0), number("s", 0), micro, zone)
    return (moment - _EPOCH) // datetime.timedelta(milliseconds=1)
