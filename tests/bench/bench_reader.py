# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reader in front of each store, on the local cloud in this process: a day of one meter at 10 seconds, three properties."""

from __future__ import annotations

import collections.abc as c
import datetime
import functools
import pathlib
import sys
import tempfile
import time
import typing as t

ROLES = pathlib.Path(__file__).resolve().parents[2] / "roles"
sys.path[:0] = [str(ROLES / "local_cloud" / "files"), str(ROLES / "stack" / "files" / "reader")]

from energy_reader.dynamodb.store import DynamoDb
from energy_reader.reader import Reader
from energy_reader.timestream.store import Timestream

from local_cloud.assembly import build
from local_cloud.settings import Settings

DAY = 86_400_000
STEP = 10_000
PAGE = 200
PROPERTIES = ("kW", "v1", "kWhImport")
NAME = "bench"


def bench_reader_day() -> dict[str, float]:
    """For each store the first page and all pages in ms, and all pages against the same pages asked of the bare store."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        cloud = build(Settings(home=pathlib.Path(folder)))
        try:
            start = int(cloud.now() * 1000) // DAY * DAY - DAY
            for kind, prepare in (("dynamodb", _dynamodb), ("timestream", _timestream)):
                reader, bare = prepare(cloud.client, start)
                _pages(reader, start, 1)  # what a process learns of its store once
                first = _milliseconds(functools.partial(_pages, reader, start, 1))
                whole = _milliseconds(functools.partial(_pages, reader, start))
                alone = _milliseconds(bare)
                figures |= {
                    f"reader_ms_day_{kind}_first_page": first,
                    f"reader_ms_day_{kind}_all_pages": whole,
                    f"reader_day_{kind}_times_bare_store": whole / alone,
                }
        finally:
            cloud.stop()
    return figures


def _milliseconds(work: c.Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _pages(reader: Reader, start: int, most: int = 1_000_000) -> None:
    """Asks for the day; all pages must hold every value."""
    token, count, pages = None, 0, 0
    while pages < most:
        answer = reader.answer({**_event(start), "nextToken": token})
        count += sum(len(found["values"]) for found in answer["propertyValues"])
        pages, token = pages + 1, answer["nextToken"]
        if token is None:
            assert count == DAY // STEP * len(PROPERTIES), count
            return


def _event(start: int) -> dict[str, t.Any]:
    return {
        "workspaceId": "bench",
        "entityId": "mdb",
        "componentName": "meter-5",
        "selectedProperties": list(PROPERTIES),
        "startTime": _iso(start),
        "endTime": _iso(start + DAY - 1),
        "maxResults": PAGE,
        "properties": {"panelId": {"value": {"stringValue": "mdb"}}, "meterId": {"value": {"stringValue": "5"}}},
    }


def _iso(moment: int) -> str:
    return datetime.datetime.fromtimestamp(moment / 1000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _readings(start: int) -> c.Iterator[tuple[int, dict[str, float]]]:
    for number in range(DAY // STEP):
        yield start + number * STEP, {"kW": 5.0 + number % 7, "v1": 230.0 + number % 3, "kWhImport": number * 0.01}


def _dynamodb(client: c.Callable[[str], t.Any], start: int) -> tuple[Reader, c.Callable[[], None]]:
    dynamodb = client("dynamodb")
    dynamodb.create_table(
        TableName=NAME,
        KeySchema=[{"AttributeName": "meter", "KeyType": "HASH"}, {"AttributeName": "time", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": "meter", "AttributeType": "S"}, {"AttributeName": "time", "AttributeType": "N"}],
        BillingMode="PAY_PER_REQUEST",
    )
    identity = {"meter": {"S": "mdb#5"}, "panelId": {"S": "mdb"}, "meterId": {"S": "5"}}
    items = [
        {**identity, "time": {"N": str(moment)}, **{name: {"N": str(value)} for name, value in values.items()}}
        for moment, values in _readings(start)
    ]
    for begin in range(0, len(items), 25):
        dynamodb.batch_write_item(RequestItems={NAME: [{"PutRequest": {"Item": item}} for item in items[begin : begin + 25]]})

    def bare() -> None:
        more: dict[str, t.Any] = {}
        while True:
            answer = dynamodb.query(
                TableName=NAME,
                KeyConditionExpression="meter = :meter",
                ExpressionAttributeValues={":meter": {"S": "mdb#5"}},
                Limit=PAGE,
                **more,
            )
            if "LastEvaluatedKey" not in answer:
                return
            more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    return Reader(DynamoDb(dynamodb, NAME)), bare


def _timestream(client: c.Callable[[str], t.Any], start: int) -> tuple[Reader, c.Callable[[], None]]:
    write, query = client("timestream-write"), client("timestream-query")
    write.create_database(DatabaseName=NAME)
    write.create_table(DatabaseName=NAME, TableName=NAME, MagneticStoreWriteProperties={"EnableMagneticStoreWrites": True})
    records = [
        {"MeasureName": name, "MeasureValue": str(value), "MeasureValueType": "DOUBLE", "Time": str(moment)}
        for moment, values in _readings(start)
        for name, value in values.items()
    ]
    common = {"Dimensions": [{"Name": "panelId", "Value": "mdb"}, {"Name": "meterId", "Value": "5"}]}
    for begin in range(0, len(records), 100):
        write.write_records(DatabaseName=NAME, TableName=NAME, CommonAttributes=common, Records=records[begin : begin + 100])

    def bare() -> None:
        last = start - 1
        columns = ", ".join(f"max(CASE WHEN measure_name = '{name}' THEN measure_value::double END)" for name in PROPERTIES)
        while last < start + DAY - STEP:
            answer = query.query(
                QueryString=f'SELECT time, {columns} FROM "{NAME}"."{NAME}" WHERE time > from_milliseconds({last})'
                f" GROUP BY time ORDER BY time LIMIT {PAGE}"
            )
            seconds = datetime.datetime.fromisoformat(answer["Rows"][-1]["Data"][0]["ScalarValue"][:19] + "+00:00").timestamp()
            last = int(seconds * 1000)

    return Reader(Timestream(query, NAME, NAME)), bare
