# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reader in front of each store, on the local cloud in this process, and the keeper of totals.

A day of one meter at 10 seconds, three properties; and a year of daily totals of a panel with 50 meters.
"""

from __future__ import annotations

import collections.abc as c
import datetime
import functools
import pathlib
import sys
import tempfile
import time
import tracemalloc
import typing as t

ROLES = pathlib.Path(__file__).resolve().parents[2] / "roles"
sys.path[:0] = [str(ROLES / "local_cloud" / "files"), str(ROLES / "stack" / "files" / "reader")]

from energy_reader.dynamodb.store import DynamoDb
from energy_reader.reader import Reader
from energy_reader.rollups import table as rollups
from energy_reader.rollups.history import Totals
from energy_reader.rollups.keeper import Keeper
from energy_reader.rollups.totals import Total
from energy_reader.store import Store
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
                store, bare = prepare(cloud.client, start)
                reader = Reader(store)
                _pages(reader, start, 1)  # what a process learns of its store once
                first = _milliseconds(functools.partial(_pages, reader, start, 1))
                whole, alone = _side_by_side(functools.partial(_pages, reader, start), bare)
                figures |= {
                    f"reader_ms_day_{kind}_first_page": first,
                    f"reader_ms_day_{kind}_all_pages": whole,
                    f"reader_day_{kind}_times_bare_store": whole / alone,
                    f"reader_day_{kind}_peak_megabytes": _megabytes(functools.partial(_pages, reader, start)),
                    **_counting(kind, store, cloud.client("dynamodb"), start),
                }
        finally:
            cloud.stop()
    return figures


def bench_reader_year() -> dict[str, float]:
    """A year of daily energy of a panel with 50 meters: all pages in ms. It is the same for both stores: totals have a table of their own."""
    with tempfile.TemporaryDirectory() as folder:
        cloud = build(Settings(home=pathlib.Path(folder)))
        try:
            client = cloud.client("dynamodb")
            table = _rollups_table(client, "year")
            start = int(cloud.now() * 1000) // DAY * DAY - 365 * DAY
            days = [Total(start + day * DAY, (5.0,), 120.0 + day % 7, None) for day in range(365)]
            for whose in ("mdb", *(f"mdb#{meter}" for meter in range(50))):
                table.put_totals(rollups.DAY, whose, days)
            reader = Reader(DynamoDb(client, "readings"), Totals(client, "year", "UTC"))
            ask = functools.partial(_year, reader, start)
            ask()
            return {"reader_ms_year": _milliseconds(ask)}
        finally:
            cloud.stop()


def _year(reader: Reader, start: int) -> None:
    identity = {"summaryId": {"value": {"stringValue": "mdb"}}}
    token, count = None, 0
    while True:
        asked = {"componentName": "energy", "selectedProperties": ["kWhImportDay"], "properties": identity}
        answer = reader.answer({**_event(start), **asked, "endTime": _iso(start + 366 * DAY), "nextToken": token})
        count += sum(len(found["values"]) for found in answer["propertyValues"])
        token = answer["nextToken"]
        if token is None:
            assert count == 365, count
            return


class _Metered:
    """A client of DynamoDB that counts request units as DynamoDB does: a written item of up to 1 KB is one, 4 KB that are read are half a
    one, or a whole one if the read is consistent."""

    def __init__(self, client: t.Any) -> None:
        self._client = client
        self.units = 0.0

    def __getattr__(self, operation: str) -> c.Callable[..., t.Any]:
        def call(**arguments: t.Any) -> t.Any:
            answer = getattr(self._client, operation)(**arguments)
            if operation == "query":
                size = sum(map(_bytes, answer["Items"]))
                self.units += max(1, -(-size // 4096)) * (1.0 if arguments.get("ConsistentRead") else 0.5)
            elif operation == "batch_write_item":
                self.units += sum(map(len, arguments["RequestItems"].values()))
            else:
                self.units += 0.5 if operation == "scan" else 1
            return answer

        return call


def _bytes(item: c.Mapping[str, c.Mapping[str, t.Any]]) -> int:
    return sum(len(name) + len(str(next(iter(value.values())))) for name, value in item.items())


class _Day:
    """The clock of a run that has all the time that it needs."""

    def __init__(self, now: int) -> None:
        self._now = now

    def now(self) -> int:
        return self._now

    def left(self) -> float:
        return 1.0

    def ends(self) -> int:
        return self._now + 300_000


def _counting(kind: str, store: Store, client: t.Any, start: int) -> dict[str, float]:
    """What a day of readings costs that is counted in one go; a run each quarter of an hour looks at up to two hours of them again."""
    metered = _Metered(client)
    _rollups_table(client, f"rollups-{kind}")
    table = rollups.Table(metered, f"rollups-{kind}", "UTC")
    if kind == "dynamodb":
        store = DynamoDb(metered, NAME)
    keeper = Keeper(store, table, datetime.timezone.utc, _Day(start + DAY), {"mdb": ["mdb#5"]})
    milliseconds = _milliseconds(keeper.run)
    thousands = DAY // STEP / 1000
    return {
        f"rollup_ms_per_1000_readings_{kind}": milliseconds / thousands,
        f"rollup_units_per_1000_readings_{kind}": metered.units / thousands,
    }


def _rollups_table(client: t.Any, name: str) -> rollups.Table:
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "series", "KeyType": "HASH"}, {"AttributeName": "entry", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": "series", "AttributeType": "S"}, {"AttributeName": "entry", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return rollups.Table(client, name, "UTC")


def _megabytes(work: c.Callable[[], object]) -> float:
    """The most memory that the work has in use at a time."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def _milliseconds(work: c.Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _side_by_side(*works: c.Callable[[], object]) -> list[float]:
    """The shortest of three runs of each, in turns, so that all of them find the same machine and nothing cold."""
    rounds = [[_milliseconds(work) for work in works] for _round in range(3)]
    return [min(times) for times in zip(*rounds, strict=True)]


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


def _dynamodb(client: c.Callable[[str], t.Any], start: int) -> tuple[Store, c.Callable[[], None]]:
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

    return DynamoDb(dynamodb, NAME), bare


def _timestream(client: c.Callable[[str], t.Any], start: int) -> tuple[Store, c.Callable[[], None]]:
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

    return Timestream(query, NAME, NAME), bare
