# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two days of a real meter's readings, one a minute: in through MQTT, out through the twin, none lost, none doubled."""

from __future__ import annotations

import csv
import datetime
import itertools
import json
import os
import pathlib
import typing as t
import warnings

from ansible_collections.energytwin.aws.plugins.module_utils._site.simulation import simulated_readings
from tests.integration.clients import device, publish_all
from tests.integration.conftest import REPOSITORY, SITE, LocalCloud

DATA = pathlib.Path(os.environ.get("ENERGYTWIN_READINGS", REPOSITORY.parent / "shared/data/household_2007-02.csv"))
MINUTES = 2 * 24 * 60
DAY = 24 * 60 * 60 * 1000
TOPIC = "energy/example-plant"
PANEL, METER = "light-hall-1", "1"


def measures(count: int) -> list[dict[str, float]]:
    """V, A and kW of consecutive minutes: of a real meter where the recording is there, else simulated ones."""
    if DATA.exists():
        with DATA.open(encoding="ascii") as file:
            rows = list(itertools.islice(csv.DictReader(file), count))
        return [{"v1": float(row["V"]), "i1": float(row["A"]), "kW": float(row["kW"])} for row in rows]
    warnings.warn(f"the recording '{DATA.name}' is absent (name it in ENERGYTWIN_READINGS): simulated readings are used", stacklevel=2)
    meter = {"panel_id": PANEL, "meter_id": METER, "phases": 1}
    simulated = simulated_readings([meter], now_ms=1_795_400_000_000, minutes=count)
    return [{name: reading[name] for name in ("v1", "i1", "kW")} for reading in simulated]


def history(cloud: LocalCloud, property_name: str, start: int, end: int) -> list[tuple[int, float]]:
    """(Unix milliseconds, value) pairs as the twin gives them, page after page, oldest first."""
    twin = cloud.client("iottwinmaker")
    arguments: dict[str, t.Any] = {
        "workspaceId": f"{SITE}_workspace",
        "entityId": PANEL,
        "componentName": f"meter-{METER}",
        "selectedProperties": [property_name],
        "startTime": iso(start),
        "endTime": iso(end),
        "orderByTime": "ASCENDING",
        "maxResults": 200,
    }
    found: list[tuple[int, float]] = []
    while True:
        answer = twin.get_property_value_history(**arguments)
        for series in answer["propertyValues"]:
            found += [(milliseconds(value["time"]), float(value["value"]["doubleValue"])) for value in series["values"]]
        if not answer.get("nextToken"):
            return found
        arguments["nextToken"] = answer["nextToken"]


def iso(milliseconds_: int) -> str:
    moment = datetime.datetime.fromtimestamp(milliseconds_ / 1000, datetime.timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def milliseconds(text: str) -> int:
    """Exact: no float stands between the text and the number."""
    whole, _dot, fraction = text.removesuffix("Z").partition(".")
    moment = datetime.datetime.fromisoformat(whole).replace(tzinfo=datetime.timezone.utc)
    assert not fraction[3:].strip("0"), f"'{text}' is finer than what was published"
    return int(moment.timestamp()) * 1000 + int((fraction or "0")[:3].ljust(3, "0"))


def test_two_days_of_readings_comes_back_exactly(deployed: LocalCloud) -> None:
    # The recording is old; it is moved to the last days, with milliseconds that are not round, as a meter's clock has them.
    end = int(datetime.datetime.now(datetime.timezone.utc).timestamp()) * 1000
    times = [end - (MINUTES - number) * 60_000 + number % 1000 for number in range(MINUTES)]
    readings = [
        {"panelId": PANEL, "meterId": METER, "timestamp": time, **measured} for time, measured in zip(times, measures(MINUTES), strict=True)
    ]
    with device(deployed, "recorder", TOPIC) as files:
        # Every hundredth is sent twice, as a gateway does when a confirmation was lost.
        publish_all(
            deployed, files, TOPIC, [json.dumps(reading) for number, reading in enumerate(readings) for _ in range(1 + (number % 100 == 0))]
        )
    for name in ("v1", "i1", "kW"):
        # Day by day: of a longer time the reader gives a selection. Both ends of a range belong to it.
        found = [value for start in range(times[0], end + 1, DAY) for value in history(deployed, name, start, start + DAY - 1)]
        assert found == [(reading["timestamp"], reading[name]) for reading in readings]
