# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Lambda function under test."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import time
import typing as t
import zipfile

PATIENCE = 30.0


def zipped(source: str, name: str = "index.py") -> bytes:
    """A deployment package with one file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, source)
    return file.getvalue()


def until(condition: t.Callable[[], t.Any], what: str) -> t.Any:
    """Waits for the condition to give something true, and returns it."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.01)
    raise AssertionError(f"{what} did not happen within {PATIENCE:.0f} s")


def is_running(process: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent does not."""
    try:
        with open(f"/proc/{process}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] not in ("Z", "X")
    except FileNotFoundError:
        return False


@dataclasses.dataclass(frozen=True)
class Result:
    """payload: parsed. error: FunctionError or None. log: the end of what was printed."""

    payload: t.Any
    error: str | None
    log: str


@dataclasses.dataclass(frozen=True)
class Function:
    client: t.Any
    name: str
    arn: str

    def invoke(self, event: t.Any = None, **arguments: t.Any) -> Result:
        answer = self.client.invoke(FunctionName=self.name, Payload=json.dumps(event), LogType="Tail", **arguments)
        payload = json.loads(answer["Payload"].read())
        return Result(payload, answer.get("FunctionError"), base64.b64decode(answer["LogResult"]).decode())


Make = t.Callable[..., Function]
PID_SOURCE = "import os\ndef handler(event, context):\n    return {'pid': os.getpid()}\n"
