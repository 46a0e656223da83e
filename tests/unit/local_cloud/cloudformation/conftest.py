# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stacks of fake and of real resources."""

from __future__ import annotations

import collections.abc as c
import pathlib

import pytest

from local_cloud.cloud import Cloud
from local_cloud.cloudformation.providers import Table
from local_cloud.cloudformation.providers.base import Provider
from local_cloud.settings import Settings
from tests.unit.local_cloud.cloudformation.fakes import Driver, Thing, World, start_with


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def table(world: World) -> Table:
    kinds: list[Provider] = [
        Thing(world),
        Thing(world, "AWS::Test::Other"),
        Thing(world, "AWS::Test::Chosen", chosen_by_service=True),
    ]
    return {provider.schema.type: provider for provider in kinds}


@pytest.fixture
def start(settings: Settings, table: Table) -> c.Iterator[c.Callable[[], Driver]]:
    """Starts a cloud with the fake types on the same home; the cloud before it is as if it had been killed."""
    running: list[Cloud] = []

    def begin() -> Driver:
        for cloud in running:
            cloud.store.close()
        running.clear()
        cloud = start_with(settings, table)
        running.append(cloud)
        return Driver(cloud)

    yield begin
    for cloud in running:
        cloud.stop()


@pytest.fixture
def stacks(start: c.Callable[[], Driver]) -> Driver:
    """Stacks of fake resources."""
    return start()


@pytest.fixture
def real(cloud: Cloud) -> Driver:
    """Stacks of the cloud's own services."""
    cloud.start()
    return Driver(cloud)


@pytest.fixture
def seed() -> str:
    """The original accelerator's stack, with a runtime that there is."""
    return (pathlib.Path(__file__).parent / "seed.yaml").read_text()
