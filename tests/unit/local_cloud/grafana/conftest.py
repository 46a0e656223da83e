# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures: one cloud for a file of tests, without workspaces at the start of each test, and a clock that stands still."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

import pytest

from local_cloud.assembly import build
from local_cloud.cloud import Cloud
from local_cloud.settings import Knobs, Settings
from tests.unit.local_cloud.clients import make_grafana, make_role


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[Cloud]:
    made = build(Settings(home=tmp_path_factory.mktemp("cloud")))
    yield made
    made.stop()


@pytest.fixture(scope="module")
def role(shared: Cloud) -> str:
    return make_role(shared.client("iam"), "dashboards", "grafana")


@pytest.fixture
def cloud(shared: Cloud) -> c.Iterator[Cloud]:
    yield shared
    with shared.store.transaction() as db:
        db.execute("delete from records where kind like 'grafana-%'")


@pytest.fixture
def grafana(cloud: Cloud) -> t.Any:
    return cloud.client("grafana")


@pytest.fixture
def create(grafana: t.Any, role: str) -> c.Callable[..., str]:
    """Makes a workspace and gives its id."""
    return lambda **members: make_grafana(grafana, role, **{"grafanaVersion": "10.4", **members})


@dataclasses.dataclass
class Clock:
    now: float

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def slow(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Everything takes a minute to settle; time passes when ``now`` is set."""
    clock = Clock(cloud.now())
    monkeypatch.setattr(cloud, "now", clock)
    monkeypatch.setattr(cloud, "settings", dataclasses.replace(cloud.settings, knobs=Knobs(settle=60)))
    return clock
