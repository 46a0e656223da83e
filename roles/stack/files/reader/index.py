# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Lambda functions: IoT TwinMaker calls one for the history of meters, a schedule the other to keep the totals of hours and days."""

from __future__ import annotations

import dataclasses
import functools
import os
import typing as t

import boto3
from botocore.config import Config
from energy_reader.dynamodb.store import DynamoDb
from energy_reader.reader import Reader
from energy_reader.rollups import surroundings
from energy_reader.rollups.history import Totals
from energy_reader.rollups.keeper import Keeper
from energy_reader.rollups.table import Table
from energy_reader.store import Store
from energy_reader.timestream.store import Timestream

# Below the function's own timeout, so that a slow store gives a sentence instead of a cut.
_CLIENT = Config(connect_timeout=3, read_timeout=20, retries={"mode": "standard", "max_attempts": 3})


def lambda_handler(event: dict[str, t.Any], context: t.Any) -> dict[str, t.Any]:
    """Answers IoT TwinMaker's data connector."""
    return _reader().answer(event)


def rollup_handler(event: t.Any, context: t.Any) -> dict[str, t.Any]:
    """Counts what has come since it ran last, and gives a report (see ``keeper.Report``)."""
    zone = os.environ["TIME_ZONE"]
    clock = surroundings.LambdaClock(context)
    report = Keeper(
        store=_store(),
        table=Table(_client("dynamodb"), os.environ["ROLLUPS_TABLE_NAME"], zone),
        zone=surroundings.time_zone(zone),
        clock=clock,
        members=surroundings.members(_client("s3"), os.environ["SITE_BUCKET_NAME"]),
    ).run()
    found = dataclasses.asdict(report)
    print(found)
    return found


@functools.cache
def _reader() -> Reader:
    """Made by the first call and kept as long as Lambda keeps the process."""
    table = os.environ.get("ROLLUPS_TABLE_NAME")
    return Reader(_store(), Totals(_client("dynamodb"), table, os.environ["TIME_ZONE"]) if table else None)


@functools.cache
def _store() -> Store:
    """The store that the stack has chosen."""
    table = os.environ.get("DYNAMODB_TABLE_NAME")
    if table:
        return DynamoDb(_client("dynamodb"), table)
    return Timestream(_client("timestream-query"), os.environ["TIMESTREAM_DATABASE_NAME"], os.environ["TIMESTREAM_TABLE_NAME"])


@functools.cache
def _client(service: str) -> t.Any:
    return boto3.client(t.cast("t.Any", service), config=_CLIENT)
