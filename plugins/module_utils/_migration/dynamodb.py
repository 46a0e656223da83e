# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Readings in DynamoDB, as role stack's topic rule writes them: an item for each, keyed by ``meter`` (``<panel>#<meter>``) and ``time``."""

from __future__ import annotations

import collections.abc as c
import random
import time
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._aws import api_call, api_lookup
from ansible_collections.energytwin.aws.plugins.module_utils._migration.readings import (
    DAY,
    SECONDS_OF_DAY,
    Gap,
    Meter,
    Reading,
    Values,
    day_of,
    number,
)

Item = dict[str, dict[str, t.Any]]
KEYS = ("meter", "time")
# What an item has beside its measured values.
NO_VALUES = frozenset((*KEYS, "expires", "panelId", "meterId"))
# BatchWriteItem takes no more at once.
ITEMS_AT_ONCE = 25
LONGEST_PAUSE = 20.0
# Later than any reading.
NEVER = 10**15
# DynamoDB's numbers: 1E-130 to 9.99...E+125, and zero.
SMALLEST, GREATEST = 1e-130, 1e126


@api_lookup("find the DynamoDB table {table}")
def describe(client: t.Any, table: str) -> dict[str, t.Any] | None:
    return t.cast("dict[str, t.Any]", client.describe_table(TableName=table)["Table"])


@api_call("look for meters in the DynamoDB table {table}")
def scan(client: t.Any, table: str, **arguments: t.Any) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", client.scan(TableName=table, **arguments))


@api_call("read readings of {meter} from the DynamoDB table {table}")
def query(client: t.Any, table: str, meter: str, start: int, end: int, **arguments: t.Any) -> dict[str, t.Any]:
    answer = client.query(
        TableName=table,
        KeyConditionExpression="#meter = :meter AND #time BETWEEN :start AND :end",
        ExpressionAttributeNames={f"#{name}": name for name in KEYS},
        ExpressionAttributeValues={":meter": {"S": meter}, ":start": {"N": str(start)}, ":end": {"N": str(end)}},
        **arguments,
    )
    return t.cast("dict[str, t.Any]", answer)


@api_call("write readings to the DynamoDB table {table}")
def batch_write(client: t.Any, table: str, requests: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    """What was not taken, and has to be sent again."""
    answer = client.batch_write_item(RequestItems={table: requests})
    return t.cast("list[dict[str, t.Any]]", answer.get("UnprocessedItems", {}).get(table, []))


@api_call("write a reading to the DynamoDB table {table}")
def update(client: t.Any, table: str, item: Item) -> None:
    rest = [name for name in item if name not in KEYS]
    client.update_item(
        TableName=table,
        Key={name: item[name] for name in KEYS},
        UpdateExpression="SET " + ", ".join(f"#n{index} = :v{index}" for index in range(len(rest))),
        ExpressionAttributeNames={f"#n{index}": name for index, name in enumerate(rest)},
        ExpressionAttributeValues={f":v{index}": item[name] for index, name in enumerate(rest)},
    )


def key(meter: Meter) -> str:
    return "#".join(meter)


def item_of(meter: Meter, reading: Reading, retention_days: int) -> Item:
    """As the topic rule writes it."""
    return {
        "meter": {"S": key(meter)},
        "time": {"N": str(reading.time)},
        "expires": {"N": str(reading.time // 1000 + retention_days * SECONDS_OF_DAY)},
        "panelId": {"S": meter[0]},
        "meterId": {"S": meter[1]},
        # The shortest text that is read as the same double.
        **{name: {"N": repr(value)} for name, value in reading.values.items()},
    }


def values_of(item: Item) -> Values:
    """The measured values. A text, or null, is none."""
    found = {name: number(attribute["N"]) for name, attribute in item.items() if name not in NO_VALUES and "N" in attribute}
    return {name: value for name, value in found.items() if value is not None}


def fault(meter: Meter, reading: Reading) -> str | None:
    """Why a table cannot hold a reading."""
    if not all(meter):
        return "has no panel or no meter, which DynamoDB's key needs"
    if "#" in meter[0]:
        return "has a '#' in its panel, and could be taken for another panel's"
    for name, value in reading.values.items():
        if value and not SMALLEST <= abs(value) < GREATEST:
            return f"has {name}={value!r}, which DynamoDB's numbers cannot express"
        if name in NO_VALUES:
            return f"has a value named {name}, which is taken"
    return None


class DynamoDb:
    """client: a boto3 client ``dynamodb``. retention_days: after so many days an item expires."""

    def __init__(
        self, client: t.Any, table: str, identity: str, retention_days: int, sleep: c.Callable[[float], None] = time.sleep
    ) -> None:
        self.name = f"the DynamoDB table {table}"
        self.identity = identity
        self._client = client
        self._table = table
        self._retention_days = retention_days
        self._sleep = sleep

    def meters(self) -> list[Meter]:
        return sorted(self._distinct())

    def _distinct(self) -> c.Iterator[Meter]:
        """An item of each meter: a scan that begins behind the last reading that a meter can have goes on with the next meter."""
        behind: dict[str, t.Any] = {}
        while True:
            answer = scan(self._client, self._table, Limit=1, ProjectionExpression="panelId, meterId", **behind)
            for item in answer["Items"]:
                yield item["panelId"]["S"], item["meterId"]["S"]
            if "LastEvaluatedKey" not in answer:
                return
            behind = {"ExclusiveStartKey": {"meter": answer["LastEvaluatedKey"]["meter"], "time": {"N": str(NEVER)}}}

    def days(self, meter: Meter, known: c.Container[int]) -> c.Iterator[int]:
        start = -NEVER
        while items := query(self._client, self._table, key(meter), start, NEVER, Limit=1, ProjectionExpression="#time")["Items"]:
            day = day_of(int(items[0]["time"]["N"]))
            yield day
            while day + 1 in known:
                day += 1
                yield day
            start = (day + 1) * DAY

    def readings(self, meter: Meter, start: int, end: int) -> c.Iterator[Reading]:
        more: dict[str, t.Any] = {}
        while True:
            answer = query(self._client, self._table, key(meter), start, end - 1, **more)
            for item in answer["Items"]:
                values = values_of(item)
                if values:
                    yield Reading(int(item["time"]["N"]), values)
            if "LastEvaluatedKey" not in answer:
                return
            more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def fault(self, meter: Meter, reading: Reading) -> str | None:
        return fault(meter, reading)

    def write(self, meter: Meter, gaps: c.Sequence[Gap], settled: bool) -> list[str]:
        """Where the topic rule may be writing the same item, values are set one by one in it, so that it never loses what the rule knows."""
        whole = [gap for gap in gaps if settled and gap[1] is None]
        for begin in range(0, len(whole), ITEMS_AT_ONCE):
            items = [item_of(meter, reading, self._retention_days) for reading, _there in whole[begin : begin + ITEMS_AT_ONCE]]
            self._put([{"PutRequest": {"Item": item}} for item in items])
        for reading, there in gaps:
            if not settled or there is not None:
                update(self._client, self._table, item_of(meter, reading, self._retention_days))
        return []

    def _put(self, requests: list[dict[str, t.Any]]) -> None:
        """Sends what the table was too busy for again, ever more slowly."""
        pause = 0.1
        while requests := batch_write(self._client, self._table, requests):
            self._sleep(pause * random.uniform(0.75, 1.25))
            pause = min(pause * 2, LONGEST_PAUSE)
