# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stores of readings, as far as marked readings are looked for in them."""

from __future__ import annotations

import collections.abc as c
import typing as t

try:
    from botocore.exceptions import ClientError
except ImportError:
    pass  # AnsibleAWSModule has already said so

from ansible_collections.energytwin.aws.plugins.module_utils._reading.marked import PROPERTY, MarkedReading

# Panel, meter, value.
Stored = tuple[str, str, float]
# BatchGetItem takes no more keys at once.
KEYS_AT_ONCE = 100


class Table(t.Protocol):
    """A table with readings; name: as an error message calls it."""

    name: str

    def stored(self, readings: c.Sequence[MarkedReading]) -> set[Stored]:
        """Those of the readings that are there, and perhaps others. botocore's errors pass through."""

    def is_empty(self, error: Exception) -> bool:
        """Whether the error says that nothing was ever stored."""


def table(clients: c.Callable[[str], t.Any], database_name: str | None, table_name: str) -> Table:
    """The table of a Timestream database, or without one a DynamoDB table. clients: boto3 clients by service name."""
    if database_name:
        return TimestreamTable(clients("timestream-query"), database_name, table_name)
    return DynamoDbTable(clients("dynamodb"), table_name)


class TimestreamTable:
    def __init__(self, client: t.Any, database_name: str, table_name: str) -> None:
        self.name = f"{database_name}.{table_name}"
        self._client = client
        self._source = f'"{database_name}"."{table_name}"'

    def stored(self, readings: c.Sequence[MarkedReading]) -> set[Stored]:
        times = {reading.timestamp for reading in readings}
        statement = (
            f"SELECT panelId, meterId, measure_value::double FROM {self._source}"
            f" WHERE measure_name = '{PROPERTY}' AND time BETWEEN from_milliseconds({min(times)}) AND from_milliseconds({max(times)})"
        )
        rows = self._client.get_paginator("query").paginate(QueryString=statement).build_full_result().get("Rows", [])
        cells = ([cell.get("ScalarValue", "") for cell in row["Data"]] for row in rows)
        return {(panel, meter, float(value)) for panel, meter, value in cells if value}

    def is_empty(self, error: Exception) -> bool:
        # A table has no columns before its first record.
        return isinstance(error, ClientError) and error.response["Error"]["Code"] == "ValidationException"


class DynamoDbTable:
    """Keyed by ``meter`` (``<panel>#<meter>``) and ``time`` (Unix milliseconds), as role stack makes it."""

    def __init__(self, client: t.Any, table_name: str) -> None:
        self.name = table_name
        self._client = client

    def stored(self, readings: c.Sequence[MarkedReading]) -> set[Stored]:
        keys = [{"meter": {"S": f"{reading.panel_id}#{reading.meter_id}"}, "time": {"N": str(reading.timestamp)}} for reading in readings]
        items = (item for begin in range(0, len(keys), KEYS_AT_ONCE) for item in self._items(keys[begin : begin + KEYS_AT_ONCE]))
        return {(item["panelId"]["S"], item["meterId"]["S"], float(item[PROPERTY]["N"])) for item in items if PROPERTY in item}

    def is_empty(self, error: Exception) -> bool:
        return False

    def _items(self, keys: list[dict[str, t.Any]]) -> c.Iterator[dict[str, t.Any]]:
        wanted: dict[str, t.Any] = {self.name: {"Keys": keys}}
        while wanted:
            answer = self._client.batch_get_item(RequestItems=wanted)
            yield from answer["Responses"].get(self.name, [])
            wanted = answer.get("UnprocessedKeys", {})
