# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeps web pages out: only programs on this machine that name it may call."""

from __future__ import annotations

from local_cloud.protocol.http import HttpRequest

_NAMES = frozenset(prefix + name for name in ("127.0.0.1", "localhost", "[::1]") for prefix in ("", "api.", "data."))


def objection(request: HttpRequest) -> str | None:
    """Why a request is refused, in one sentence; None if it may pass.

    A foreign Host header is how a web page reaches the loopback by DNS rebinding; Origin and Sec-Fetch-Site are
    headers that only browsers send (``none`` is a user who opens an address, e.g. a presigned one).
    """
    name = _host_name(request.host)
    if name not in _NAMES:
        return f"The local cloud answers to 127.0.0.1 and localhost only, not to the host {name or '(none)'}."
    if "origin" in request.headers or request.headers.get("sec-fetch-site", "none") != "none":
        return "The local cloud does not answer to web pages."
    return None


def _host_name(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).lower()
