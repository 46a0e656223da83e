# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The status file: how the gateway is doing, as JSON for monitoring; and the same in words."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import pathlib
from collections.abc import Mapping
from typing import Any, Final

# The file is written every 5 seconds; an older one is that of a program that is gone or hangs.
STALE_MS: Final = 30_000

Status = Mapping[str, Any]


def write(path: pathlib.Path, status: Status) -> None:
    """In one step, so that no reader sees half of it; readable for all. Raises OSError."""
    beside = path.with_name(f".{path.name}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o644)
        json.dump(status, file, indent=1)
        file.write("\n")
    beside.replace(path)


def remove(path: pathlib.Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def read(path: pathlib.Path) -> Status:
    """Raises ValueError with a sentence."""
    try:
        status = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ValueError(f"There is no status file {path}: meter_gateway does not run, or writes another one.") from error
    except (OSError, ValueError) as error:
        raise ValueError(f"The status file {path} cannot be read: {error}.") from error
    if not isinstance(status, dict):
        raise ValueError(f"The status file {path} is none of meter_gateway's.")
    return status


def troubles(status: Status, boot: str, since_boot: int) -> list[str]:
    """Why the gateway is not healthy: sentences; none if it is. A meter that does not answer is no reason.

    boot, since_boot: this boot and the ms since it began (see ``clock``).
    """
    if status.get("boot") != boot or since_boot - status.get("since_boot", 0) > STALE_MS:
        return ["The status is old: meter_gateway does not run, or hangs. See its log (journalctl -u meter-gateway)."]
    found = list(status.get("stuck", []))
    if status.get("stopping"):
        found.append("meter_gateway is stopping.")
    if status.get("mqtt", {}).get("state") not in ("connecting", "connected", "disconnected"):
        found.append("Nothing is known of the connection to the broker.")
    if status.get("outbox", {}).get("error"):
        found.append(status["outbox"]["error"])
    return found


def describe(status: Status, found: list[str]) -> str:
    """The status for people: a few lines, and one for each meter."""
    mqtt, outbox = status.get("mqtt", {}), status.get("outbox", {})
    lines = [
        f"{status.get('gateway')}: {'healthy' if not found else 'NOT healthy'}, meter_gateway {status.get('version')}",
        *(f"  ! {sentence}" for sentence in found),
        f"  clock    {status.get('clock')}" + (f": {status['clock_doubt']}" if status.get("clock_doubt") else ""),
        f"  broker   {mqtt.get('state')} since {_time(mqtt.get('since'))}" + (f": {mqtt['last_error']}" if mqtt.get("last_error") else ""),
        f"  outbox   {outbox.get('readings')} readings, {_size(outbox.get('bytes', 0))}"
        + (f", oldest of {_time(outbox['oldest'])}" if outbox.get("oldest") else "")
        + (f", dropped: {', '.join(f'{count} {reason}' for reason, count in outbox['dropped'].items())}" if outbox.get("dropped") else ""),
        f"  sent     {status.get('published')} published, {status.get('acknowledged')} acknowledged since {_time(status.get('started'))}",
    ]
    if listener := status.get("listener"):
        trouble = f": {listener['last_error']}" if listener.get("last_error") else ""
        refused = f", the last of {listener['last_refused']}" if listener.get("last_refused") else ""
        lines.append(f"  listener {listener['state']}, {listener['messages']} readings, {listener['refused']} refused{refused}{trouble}")
    meters = status.get("meters", {})
    width = max((len(key) for key in meters), default=0)
    for key, meter in meters.items():
        trouble = f"  {meter['last_error']} ({meter['errors']} errors)" if meter.get("last_error") else ""
        absent = f"  without {', '.join(meter['absent'])}" if meter.get("absent") else ""
        lines.append(f"  {key:<{width}}  {_time(meter.get('last_reading'))}{trouble}{absent}")
    return "\n".join(lines)


def _time(milliseconds: int | None) -> str:
    if not milliseconds:
        return "never"
    return f"{datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.timezone.utc):%Y-%m-%d %H:%M:%S}Z"


def _size(count: int) -> str:
    return f"{count / (1 << 20):.1f} MiB"
