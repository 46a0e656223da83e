# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Totals of hours and days, asked of the reader as IoT TwinMaker asks for any history."""

from __future__ import annotations

import typing as t

import pytest
from energy_reader import times
from energy_reader.dynamodb.store import DynamoDb
from energy_reader.errors import ReaderError
from energy_reader.reader import Reader
from energy_reader.request import FIGURES
from energy_reader.rollups.history import Totals
from energy_reader.rollups.table import DAY, HOUR, Table
from energy_reader.rollups.totals import Total

from tests.unit.stack.test_reader_dynamodb import Table as ReadingsInMemory
from tests.unit.stack.test_rollup_keeper import HOUR_MS, InMemory, run, steady

START = 1_795_392_000_000 // (24 * HOUR_MS) * 24 * HOUR_MS
DAY_MS = 24 * HOUR_MS


def iso(moment: int) -> str:
    return times.written(moment * times.MILLISECOND)


def event(*properties: str, **changes: t.Any) -> dict[str, t.Any]:
    identity = {"panelId": {"value": {"stringValue": "mdb"}}, "meterId": {"value": {"stringValue": "1"}}}
    where = {"entityId": "mdb", "componentName": "meter-1", "properties": identity}
    return {
        "workspaceId": "ws",
        "selectedProperties": list(properties),
        "startTime": iso(START),
        "endTime": iso(START + 9 * DAY_MS),
        **where,
        **changes,
    }


SUMMARY = {"componentName": "energy", "properties": {"summaryId": {"value": {"stringValue": "mdb"}}}}


def values(reader: Reader, asked: dict[str, t.Any]) -> dict[str, list[tuple[str, float]]]:
    found: dict[str, list[tuple[str, float]]] = {}
    token = None
    while True:
        answer = reader.answer({**asked, "nextToken": token})
        for entry in answer["propertyValues"]:
            reference = entry["entityPropertyReference"]
            key = "/".join([*reference.get("externalIdProperty", {}).values(), reference["propertyName"]])
            found.setdefault(key, []).extend((value["time"], value["value"]["doubleValue"]) for value in entry["values"])
            assert len(entry["values"]) <= asked.get("maxResults", 200)
        token = answer["nextToken"]
        if token is None:
            return found


@pytest.fixture
def reader() -> Reader:
    """Of two meters that took 6 and 2 kW for a day and a half."""
    readings = {**steady("mdb", "1", START, 36, 6.0, 600_000), **steady("mdb", "2", START, 36, 2.0, 600_000)}
    client = InMemory()
    run(readings, client, START + 3 * DAY_MS, {"mdb": ["mdb#1", "mdb#2"]}, "UTC")
    return Reader(DynamoDb(ReadingsInMemory(readings, most=1000), "readings"), Totals(client, "rollups", "UTC"))


def test_a_meter_and_what_belongs_together_have_totals(reader: Reader) -> None:
    days = [iso(START), iso(START + DAY_MS)]
    assert values(reader, event("kWPeakDay", "kWhImportDay")) == {
        "kWPeakDay": [(days[0], 6.0), (days[1], 6.0)],
        "kWhImportDay": [(days[0], pytest.approx(144.0)), (days[1], pytest.approx(72.0))],
    }
    assert values(reader, event("kWPeakDay", "kWhExportDay", **SUMMARY)) == {"kWPeakDay": [(days[0], 8.0), (days[1], 8.0)]}


@pytest.mark.parametrize("order", ["ASCENDING", "DESCENDING"])
@pytest.mark.parametrize("size", [1, 7, 200])
def test_pages_of_readings_hours_and_days_follow_each_other(reader: Reader, order: str, size: int) -> None:
    found = values(
        reader,
        event("kWAverageHour", "kW", "kWhImportDay", "kWPeakHour", orderByTime=order, maxResults=size, endTime=iso(START + DAY_MS - 1)),
    )
    hours = [iso(START + number * HOUR_MS) for number in range(24)][:: 1 if order == "ASCENDING" else -1]
    assert [time for time, _value in found["kWAverageHour"]] == [time for time, _value in found["kWPeakHour"]] == hours
    ((day, energy),) = found["kWhImportDay"]
    assert day == iso(START) and energy == pytest.approx(144.0)
    assert len(found["kW"]) == 144 and found["kW"] == sorted(found["kW"], reverse=order == "DESCENDING")


def test_a_component_type_gives_all_that_have_totals(reader: Reader) -> None:
    nobody = {"entityId": None, "componentName": None}
    definitions: dict[str, t.Any] = {"properties": {"panelId": {}, "meterId": {}}}
    meters = values(reader, event("kWPeakDay", **nobody, **definitions))
    assert {key: value for key, ((_time, value), *_rest) in meters.items()} == {"mdb/1/kWPeakDay": 6.0, "mdb/2/kWPeakDay": 2.0}
    chosen = [{"propertyName": "meterId", "operator": "=", "value": {"stringValue": "2"}}]
    assert list(values(reader, event("kWPeakDay", **nobody, **definitions, propertyFilters=chosen))) == ["mdb/2/kWPeakDay"]
    summaries = values(reader, event("kWPeakDay", **nobody, properties={"summaryId": {}}))
    assert {key: value for key, ((_time, value), *_rest) in summaries.items()} == {"mdb/kWPeakDay": 8.0}


def test_totals_can_be_filtered_by_totals_of_their_kind(reader: Reader) -> None:
    condition = {"propertyName": "kWhImportDay", "operator": ">", "value": {"doubleValue": 100.0}}
    assert values(reader, event("kWPeakDay", propertyFilters=[condition])) == {"kWPeakDay": [(iso(START), 6.0)]}


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (event("kW", **SUMMARY), "'kW' is no total; several meters together have kWhImportHour, "),
        (
            event("kWhImportDay", interpolation={"interpolationType": "LINEAR", "intervalInSeconds": 60}),
            "kWhImportDay is a total, and nothing lies between two of them; leave interpolation out",
        ),
        (
            event("kWhImportDay", propertyFilters=[{"propertyName": "kW", "operator": ">", "value": {"doubleValue": 1.0}}]),
            "kW has other times than kWhImportDay; filter by what is selected",
        ),
        (event("kWPeakDay", **{**SUMMARY, "properties": {"summaryId": {}}}), "has no summaryId; set it, it says whose totals are meant"),
        (event("summaryId", **SUMMARY), "'summaryId' has no history"),
    ],
)
def test_what_cannot_be_asked_is_said_in_one_sentence(reader: Reader, asked: dict[str, t.Any], sentence: str) -> None:
    with pytest.raises(ReaderError) as caught:
        reader.answer(asked)
    assert sentence in str(caught.value)


def test_a_year_of_days_of_a_panel_takes_two_pages_of_one_query_each(monkeypatch: pytest.MonkeyPatch) -> None:
    client = InMemory()
    Table(client, "rollups", "UTC").put_totals(DAY, "mdb", [Total(START + day * DAY_MS, (5.0,), 1.0) for day in range(365)])
    Table(client, "rollups", "UTC").put_totals(HOUR, "mdb", [Total(START, (5.0,), 1.0)])
    queries = []
    original = client.query

    def query(**asked: t.Any) -> dict[str, t.Any]:
        queries.append(asked)
        return original(**asked)

    monkeypatch.setattr(client, "query", query)
    reader = Reader(DynamoDb(ReadingsInMemory({}), "readings"), Totals(client, "rollups", "UTC"))
    found = values(reader, event("kWhImportDay", "kWPeakDay", **SUMMARY, endTime=iso(START + 365 * DAY_MS)))
    assert {name: len(some) for name, some in found.items()} == {"kWhImportDay": 365, "kWPeakDay": 365}
    assert len(queries) == 2
    assert set(FIGURES) >= set(found)
