# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Lambda function: IoT TwinMaker calls it for the history of meters."""

from __future__ import annotations

import functools
import os
import typing as t

import boto3
from botocore.config import Config
from energy_reader.dynamodb.store import DynamoDb
from energy_reader.reader import Reader
from energy_reader.store import Store
from energy_reader.timestream.store import Timestream

# Below the function's own timeout, so that a slow store gives a sentence instead of a cut.
_CLIENT = Config(connect_timeout=3, read_timeout=20, retries={"mode": "standard", "max_attempts": 3})


@functools.cache
def _reader() -> Reader:
    """Made by the first call and kept as long as Lambda keeps the process."""
    return Reader(_store())


def _store() -> Store:
    """The store that the stack has chosen."""
    table = os.environ.get("DYNAMODB_TABLE_NAME")
    if table:
        return DynamoDb(boto3.client("dynamodb", config=_CLIENT), table)
    client = boto3.client("timestream-query", config=_CLIENT)
    return Timestream(client, os.environ["TIMESTREAM_DATABASE_NAME"], os.environ["TIMESTREAM_TABLE_NAME"])


def lambda_handler(event: dict[str, t.Any], context: t.Any) -> dict[str, t.Any]:
    return _reader().answer(event)
