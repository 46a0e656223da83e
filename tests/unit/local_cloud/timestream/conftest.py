# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures: one cloud for a file of tests, and a table of its own for each test."""

from __future__ import annotations

import collections.abc as c
import itertools
import time

import pytest

from local_cloud.assembly import build
from local_cloud.cloud import Cloud
from local_cloud.settings import Settings
from tests.unit.local_cloud.timestream.tables import Table

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[Cloud]:
    made = build(Settings(home=tmp_path_factory.mktemp("cloud")))
    yield made
    made.stop()


@pytest.fixture
def table(cloud: Cloud) -> Table:
    write = cloud.client("timestream-write")
    database = f"plant_{next(_numbers)}_db"
    write.create_database(DatabaseName=database)
    write.create_table(
        DatabaseName=database,
        TableName="energy",
        RetentionProperties={"MemoryStoreRetentionPeriodInHours": 1, "MagneticStoreRetentionPeriodInDays": 3650},
        MagneticStoreWriteProperties={"EnableMagneticStoreWrites": True},
    )
    return Table(write, cloud.client("timestream-query"), database, "energy", time.time_ns() // 10**6)
