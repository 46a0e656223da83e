# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the protocol's rooms and the front hand to one another: a plain HTTP request and its answer."""

from __future__ import annotations

import collections.abc as c
import dataclasses


@dataclasses.dataclass(frozen=True)
class HttpRequest:
    """path and query are as sent (percent-encoded); header names are in lower case."""

    method: str
    path: str
    query: str
    headers: c.Mapping[str, str]
    body: bytes = b""

    @property
    def host(self) -> str:
        return self.headers.get("host", "")


@dataclasses.dataclass(frozen=True)
class HttpResponse:
    status: int
    headers: c.Mapping[str, str]
    body: bytes = b""
