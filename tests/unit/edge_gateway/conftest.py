# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A gateway for tests: its configuration, a broker that can be broken, and buses without wires."""

from __future__ import annotations

import collections.abc as c
import pathlib
import time
import typing as t

import pytest

from tests.tools.fake_broker import Authority, FakeBroker

DEADLINE = 20.0
MODEL = "eastron_sdm120"


def until(condition: c.Callable[[], t.Any], what: str) -> t.Any:
    """The first true value of ``condition``; fails after the deadline."""
    end = time.monotonic() + DEADLINE
    while not (found := condition()):
        assert time.monotonic() < end, f"{what} did not happen within {DEADLINE} s"
        time.sleep(0.01)
    return found


@pytest.fixture
def eventually() -> c.Callable[[c.Callable[[], t.Any], str], t.Any]:
    return until


@pytest.fixture
def authority(tmp_path: pathlib.Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def broker(authority: Authority) -> c.Iterator[FakeBroker]:
    """A broker with TLS that does not listen yet."""
    made = FakeBroker(authority)
    yield made
    made.close()


@pytest.fixture
def config_data(authority: Authority, broker: FakeBroker, tmp_path: pathlib.Path) -> dict[str, t.Any]:
    """A configuration with two meters on one bus, as it stands in the file."""
    cert, key = authority.device("gw-roof", "device")
    return {
        "version": 1,
        "gateway": "gw-roof",
        "topic": "energy/example-plant",
        "mqtt": {"host": "127.0.0.1", "port": broker.port, "ca_file": str(authority.ca), "cert_file": str(cert), "key_file": str(key)},
        "outbox": {"path": str(tmp_path / "outbox.sqlite3"), "max_bytes": 1 << 24, "max_age_seconds": 86_400, "when_full": "drop_oldest"},
        "status_file": str(tmp_path / "status.json"),
        "clock": {"unsynchronized": "trust"},
        "interval_seconds": 0.2,
        "buses": [
            {
                "id": "rs485",
                "transport": "tcp",
                "host": "127.0.0.1",
                "meters": [
                    {"panel_id": "roof", "meter_id": "5", "unit": 1, "model": MODEL},
                    {"panel_id": "roof", "meter_id": "6", "unit": 2, "model": MODEL},
                ],
            }
        ],
    }
