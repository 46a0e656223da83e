# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Queries of a DynamoDB table give the same, whatever part of it moto is shown."""

from __future__ import annotations

import itertools
import typing as t

import pytest

from local_cloud.cloud import Cloud

TIMES = (-5, 1, 2, 3, 10, 20, 100)


@pytest.fixture
def dynamodb(cloud: Cloud) -> t.Any:
    client = cloud.client("dynamodb")
    client.create_table(
        TableName="readings",
        KeySchema=[{"AttributeName": "meter", "KeyType": "HASH"}, {"AttributeName": "time", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": "meter", "AttributeType": "S"}, {"AttributeName": "time", "AttributeType": "N"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for time, meter in itertools.product(reversed(TIMES), "ab"):
        client.put_item(TableName="readings", Item={"meter": {"S": meter}, "time": {"N": str(time)}, "odd": {"BOOL": time % 2 == 1}})
    return client


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("limit", [None, 1, 2, 7, 8])
@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("", TIMES),
        (" AND #t BETWEEN :a AND :b", (2, 3, 10)),
        (" AND #t > :a", (3, 10, 20, 100)),
        (" AND #t <= :b", (-5, 1, 2, 3, 10)),
        (" AND #t = :b", (10,)),
    ],
)
def test_pages_of_a_query(dynamodb: t.Any, condition: str, expected: tuple[int, ...], limit: int | None, forward: bool) -> None:
    arguments: dict[str, t.Any] = {
        "TableName": "readings",
        "KeyConditionExpression": "meter = :m" + condition,
        "ExpressionAttributeValues": {
            ":m": {"S": "b"},
            **{name: {"N": value} for name, value in ((":a", "2"), (":b", "10")) if name in condition},
        },
        "ScanIndexForward": forward,
    }
    if condition:
        arguments["ExpressionAttributeNames"] = {"#t": "time"}
    if limit:
        arguments["Limit"] = limit
    pages = list(dynamodb.get_paginator("query").paginate(**arguments))
    found = [int(item["time"]["N"]) for page in pages for item in page["Items"]]
    assert found == list(expected if forward else expected[::-1])
    assert all(len(page["Items"]) <= (limit or len(TIMES)) for page in pages)


def test_a_filter_is_applied_behind_the_limit(dynamodb: t.Any) -> None:
    answer = dynamodb.query(
        TableName="readings",
        KeyConditionExpression="meter = :m",
        FilterExpression="odd = :o",
        ExpressionAttributeValues={":m": {"S": "a"}, ":o": {"BOOL": True}},
        Limit=2,
    )
    assert [item["time"]["N"] for item in answer["Items"]] == ["-5", "1"]
    assert answer["LastEvaluatedKey"]["time"] == {"N": "1"}


def test_a_meter_without_items_gives_none(dynamodb: t.Any) -> None:
    answer = dynamodb.query(TableName="readings", KeyConditionExpression="meter = :m", ExpressionAttributeValues={":m": {"S": "c"}})
    assert (answer["Items"], "LastEvaluatedKey" in answer) == ([], False)
    assert len(dynamodb.scan(TableName="readings")["Items"]) == 2 * len(TIMES)
