# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control API: what the command line asks of a running cloud. On the API's port, below a path of its own, and only with the token."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import json
import secrets
import typing as t

from local_cloud.front.knobs import BadKnob
from local_cloud.protocol.http import HttpRequest, HttpResponse

PATH = "/_local-cloud/"
TOKEN = "x-local-cloud-token"

Command = c.Callable[[dict[str, t.Any]], dict[str, t.Any]]


@dataclasses.dataclass(frozen=True)
class Control:
    """commands: by name, each from a JSON object to a JSON object."""

    token: str
    commands: c.Mapping[str, Command]

    def handle(self, request: HttpRequest) -> HttpResponse:
        if not secrets.compare_digest(request.headers.get(TOKEN, ""), self.token):
            return _json(403, {"error": "The token of the local cloud's home folder is missing or wrong."})
        command = self.commands.get(request.path.removeprefix(PATH))
        if request.method != "POST" or command is None:
            return _json(404, {"error": f"The local cloud has no command {request.method} {request.path}."})
        try:
            return _json(200, command(json.loads(request.body or b"{}")))
        except BadKnob as refused:
            return _json(400, {"error": str(refused)})


def _json(status: int, document: dict[str, t.Any]) -> HttpResponse:
    return HttpResponse(status, {"Content-Type": "application/json"}, json.dumps(document).encode())
