# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Page tokens: where the next page begins. They hold the place itself, so nothing is repeated or skipped when readings arrive meanwhile (pure)."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import json

from energy_reader.errors import ReaderError
from energy_reader.request import Request

_VERSION = 2


@dataclasses.dataclass(frozen=True)
class Place:
    """A place in the order of readings (time in Unix nanoseconds, panel, meter). For interpolated values only the time counts.

    span: nanoseconds that the page before it took: about so far ahead the next page will end.
    """

    time: int
    panel_id: str = ""
    meter_id: str = ""
    span: int = 0


def token(part: int, place: Place | None, request: Request) -> str:
    """The token that continues this request after (or, interpolated, at) the place of a part of it; None: where the part begins."""
    content = [_VERSION, _fingerprint(request), part, None if place is None else list(dataclasses.astuple(place))]
    return base64.urlsafe_b64encode(json.dumps(content, separators=(",", ":")).encode()).decode()


def place(request: Request) -> tuple[int, Place | None]:
    """The part of the request, and the place in it, that its token names; no place where the part begins.

    ReaderError for a token of another request.
    """
    if request.next_token is None:
        return 0, None
    try:
        version, fingerprint, part, found = json.loads(base64.urlsafe_b64decode(request.next_token.encode()))
    except (ValueError, TypeError, binascii.Error):
        raise ReaderError("nextToken was not given by this reader; begin again without it") from None
    if version != _VERSION or fingerprint != _fingerprint(request):
        raise ReaderError("nextToken belongs to another request; repeat the request that gave it, or begin again without it")
    return int(part), None if found is None else Place(*found)


def _fingerprint(request: Request) -> str:
    """Tells requests apart. The page size may change from page to page."""
    asked = dataclasses.asdict(dataclasses.replace(request, next_token=None, page_size=0))
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]
