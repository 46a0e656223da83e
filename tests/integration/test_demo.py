# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo: two gateways in front of simulated meters, and what becomes of their readings when something goes down."""

from __future__ import annotations

import collections.abc as c
import json
import os
import pathlib
import signal
import sqlite3
import time
import typing as t

import pytest

from tests.hosts import readings
from tests.integration.conftest import ANSIBLE_ALONE, SITE, LocalCloud

METERS = 14
GATEWAYS = ("gw-hall", "gw-roof")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[LocalCloud]:
    """A running demo, for the tests of this module; they leave it as they find it."""
    local = LocalCloud(tmp_path_factory.mktemp("demo") / "cloud", gateways=True)
    try:
        result = local.play("demo.yml", environment=ANSIBLE_ALONE)
        assert result.code == 0, result.message()
        yield local
    finally:
        local.stop()


def test_a_second_demo_changes_nothing_and_shows_every_meter(demo: LocalCloud) -> None:
    result = demo.play("demo.yml", environment=ANSIBLE_ALONE)
    assert (result.code, result.changed_tasks()) == (0, []), result.message()
    table = result.result("Print the table")["msg"]
    for name in ("Chiller 1", "Incomer hall 1", "Server room", "Inverter west"):
        assert name in table
    assert "no reading" not in table
    told = result.result("Where to look next")["msg"]
    for part in (
        "plant.manager as admin, energy.officer as viewer",
        "dashboards Site, Panel, Meters, Gateways",
        "a tag on each of 14 meters",
    ):
        assert part in told


def test_a_gateway_that_is_killed_while_the_cloud_is_away_loses_nothing(demo: LocalCloud) -> None:
    demo.stop_cloud()
    held = {gateway: outbox(demo, gateway, at_least=2 * METERS) for gateway in GATEWAYS}
    for gateway in GATEWAYS:
        os.kill(pid(demo, gateway), signal.SIGKILL)
    demo.start()
    result = demo.play("site.yml", "--limit", "gateways")
    assert result.code == 0, result.message()
    until(lambda: not missing(demo, [row for rows in held.values() for row in rows]))


def test_a_cloud_that_comes_back_gets_what_was_taken_meanwhile(demo: LocalCloud) -> None:
    demo.stop_cloud()
    held = outbox(demo, "gw-roof", at_least=METERS)
    demo.start()
    until(lambda: not missing(demo, held))
    until(lambda: status(demo, "gw-roof")["mqtt"]["state"] == "connected")


def outbox(demo: LocalCloud, gateway: str, at_least: int) -> list[t.Any]:
    """The rows (timestamp in ms, body) that wait in a gateway's outbox, once there are so many."""
    path = demo.demo_folder / gateway / "state" / "outbox.sqlite3"

    def rows() -> list[t.Any]:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            return database.execute("SELECT taken, body FROM readings ORDER BY id").fetchall()

    until(lambda: len(rows()) >= at_least)
    return rows()


def missing(demo: LocalCloud, rows: list[t.Any]) -> list[readings.Reading]:
    """Those of the rows that have not arrived in the store."""
    since = min(taken for taken, _body in rows)
    found: list[readings.Reading] = readings.summary(readings.arrived(demo.client("dynamodb"), SITE, since), readings.promised(rows))[
        "missing"
    ]
    return found


def status(demo: LocalCloud, gateway: str) -> dict[str, t.Any]:
    content: dict[str, t.Any] = json.loads((demo.demo_folder / gateway / "run" / "status.json").read_text())
    return content


def pid(demo: LocalCloud, gateway: str) -> int:
    return int(pathlib.Path(demo.demo_folder / gateway / "run" / "meter-gateway.pid").read_text())


def until(condition: c.Callable[[], bool], seconds: float = 120) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not so after {seconds} s"
        time.sleep(0.2)
