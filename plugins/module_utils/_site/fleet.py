# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the gateways of a fleet report, as a table for people (pure)."""

from __future__ import annotations

import collections.abc as c
import datetime
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.text_table import counted, text_table

HEADING = ("Gateway", "State", "Version", "AWS", "Meters", "Last reading (UTC)", "Waiting", "Dropped")
# How many meters without readings are named for each gateway.
NAMED_METERS = 10


def fleet_table(gateways: c.Sequence[c.Mapping[str, t.Any]], unreachable: c.Iterable[str] = ()) -> list[str]:
    """Lines: a table with one row for each gateway, then a sentence for each thing that needs somebody.

    gateways: mappings with gateway, healthy, status (what ``meter_gateway status --json`` prints, or empty) and message (why there is
    none). unreachable: names of those that could not be asked. A meter is silent if its last poll was an error.
    """
    gateways = [*gateways, *({"gateway": name, "healthy": False, "status": {}, "message": "it cannot be reached"} for name in unreachable)]
    sentences = [sentence for gateway in gateways for sentence in _sentences(gateway)]
    return [*text_table(HEADING, map(_row, gateways)), *([""] if sentences else []), *sentences]


def _row(gateway: c.Mapping[str, t.Any]) -> tuple[str, ...]:
    status = gateway["status"]
    state = "healthy" if gateway["healthy"] else "UNHEALTHY"
    if not status:
        return (gateway["gateway"], state, *["-"] * (len(HEADING) - 2))
    meters = status.get("meters", {})
    read = [meter["last_reading"] for meter in meters.values() if meter.get("last_reading")]
    outbox = status.get("outbox", {})
    return (
        gateway["gateway"],
        state,
        str(status.get("version", "-")),
        str(status.get("mqtt", {}).get("state", "-")),
        f"{len(meters) - len(_silent(meters))} of {len(meters)}",
        _time(max(read)) if read else "none",
        str(outbox.get("readings", "-")),
        str(_dropped(outbox)),
    )


def _sentences(gateway: c.Mapping[str, t.Any]) -> c.Iterator[str]:
    name, status = gateway["gateway"], gateway["status"]
    if not gateway["healthy"]:
        yield f"{name} is not healthy: {gateway['message'] or 'it does not say why; look at its log (journalctl -u meter-gateway)'}"
    mqtt = status.get("mqtt", {})
    if status and mqtt.get("state") != "connected":
        yield f"{name} is not connected to AWS: {mqtt.get('last_error') or 'it has only just started'}"
    if _dropped(status.get("outbox", {})):
        dropped = ", ".join(f"{count} ({reason})" for reason, count in sorted(status["outbox"]["dropped"].items()) if count)
        yield f"{name} has dropped readings: {dropped}"
    silent = _silent(status.get("meters", {}))
    for meter in silent[:NAMED_METERS]:
        yield f"{name}: {status['meters'][meter]['last_error']}"
    if len(silent) > NAMED_METERS:
        more = len(silent) - NAMED_METERS
        yield f"{name}: {counted(more, 'more meter')} {'is' if more == 1 else 'are'} silent"


def _silent(meters: c.Mapping[str, t.Any]) -> list[str]:
    return sorted(name for name, meter in meters.items() if meter.get("last_error"))


def _dropped(outbox: c.Mapping[str, t.Any]) -> int:
    return sum(outbox.get("dropped", {}).values())


def _time(milliseconds: int) -> str:
    return datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
