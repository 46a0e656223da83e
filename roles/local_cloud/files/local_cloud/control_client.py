# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the command line asks a running cloud."""

from __future__ import annotations

import http.client
import json
import pathlib
import typing as t

from local_cloud import runfiles
from local_cloud.front import control


class Unreachable(Exception):
    """The cloud did not do as asked; its text is one sentence."""


def ask(home: pathlib.Path, command: str, document: dict[str, t.Any] | None = None, timeout: float = 10.0) -> dict[str, t.Any]:
    """The answer of the cloud of ``home`` to ``command``. Raises ``Unreachable``."""
    server = runfiles.running(home)
    if server is None:
        raise Unreachable("The local cloud is not running.")
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout)
    try:
        headers = {control.TOKEN: runfiles.token(home), "Content-Type": "application/json"}
        connection.request("POST", control.PATH + command, json.dumps(document or {}), headers)
        response = connection.getresponse()
        answer = json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError) as failure:
        raise Unreachable(f"The local cloud at {server.endpoint} does not answer: {failure}.") from None
    finally:
        connection.close()
    if response.status != 200:
        raise Unreachable(str(answer.get("error", f"The local cloud answered with status {response.status}.")))
    return t.cast("dict[str, t.Any]", answer)
