# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""DynamoDB behind the reader: short pages, many meters, filters that refuse nearly all, and a store that refuses."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from energy_reader import store as store_room
from energy_reader import times
from energy_reader.dynamodb import store as room
from energy_reader.dynamodb.store import DynamoDb
from energy_reader.errors import ReaderError
from energy_reader.request import Filter, Meter, Request
from hypothesis import given
from hypothesis import strategies as st

END = 1000
EVERY_METER = Request("ws", ("kW",), 0, END * times.MILLISECOND)
ONE_METER = dataclasses.replace(EVERY_METER, meter=Meter("mdb", "5", "mdb", "meter-5"))
Readings = dict[tuple[str, str, int], dict[str, t.Any]]


class Table:
    """A client of DynamoDB with one table. most: items that it gives at once at most, as DynamoDB stops at a megabyte."""

    def __init__(self, readings: Readings, most: int = 3) -> None:
        self.items = {
            (f"{panel}#{meter}", time): {
                "meter": {"S": f"{panel}#{meter}"},
                "time": {"N": str(time)},
                "panelId": {"S": panel},
                "meterId": {"S": meter},
                **{name: {"N": str(value)} if isinstance(value, (int, float)) else value for name, value in values.items()},
            }
            for (panel, meter, time), values in readings.items()
        }
        self.most = most
        self.scans = 0

    def query(self, **asked: t.Any) -> dict[str, t.Any]:
        values = asked["ExpressionAttributeValues"]
        first, last = int(values[":start"]["N"]), int(values[":end"]["N"])
        keys = sorted(key for key in self.items if key[0] == values[":meter"]["S"] and first <= key[1] <= last)
        return self._given(keys if asked["ScanIndexForward"] else keys[::-1], asked["Limit"])

    def scan(self, **asked: t.Any) -> dict[str, t.Any]:
        self.scans += 1
        start = asked.get("ExclusiveStartKey")
        behind = (start["meter"]["S"], int(start["time"]["N"])) if start else ("", 0)
        return self._given(sorted(key for key in self.items if key > behind), asked["Limit"])

    def _given(self, keys: list[tuple[str, int]], limit: int) -> dict[str, t.Any]:
        shown = keys[: min(limit, self.most)]
        answer: dict[str, t.Any] = {"Items": [self.items[key] for key in shown]}
        if len(shown) < len(keys):
            answer["LastEvaluatedKey"] = {"meter": {"S": shown[-1][0]}, "time": {"N": str(shown[-1][1])}}
        return answer


def pages(store: DynamoDb, request: Request) -> list[store_room.Page]:
    found = [store.page(request, None)]
    while (after := found[-1].after) is not None:
        found.append(store.page(request, after))
    return found


METERS = st.sampled_from([("a", "1"), ("a", "2"), ("b", "1"), ("ab", "1")])
MANY = st.dictionaries(st.tuples(METERS, st.integers(0, 40)), st.one_of(st.none(), st.integers(-9, 9)), max_size=60)


@given(MANY, st.integers(1, 5), st.integers(1, 4), st.booleans(), st.booleans())
def test_all_pages_together_are_the_history(
    stored: dict[tuple[tuple[str, str], int], int | None], size: int, most: int, descending: bool, filtered: bool
) -> None:
    readings = {(*meter, time): {"kW": value} if value is not None else {"v1": 1} for (meter, time), value in stored.items()}
    filters = (Filter("kW", ">", 0.0),) if filtered else ()
    request = dataclasses.replace(EVERY_METER, page_size=size, descending=descending, filters=filters)
    found = pages(DynamoDb(Table(readings, most), "readings"), request)
    kept = {key: values["kW"] for key, values in readings.items() if "kW" in values and (not filtered or values["kW"] > 0)}
    expected = sorted(((time, panel, meter, value) for (panel, meter, time), value in kept.items()), reverse=descending)
    assert [
        (reading.time // times.MILLISECOND, reading.panel_id, reading.meter_id, *reading.values)
        for page in found
        for reading in page.readings
    ] == expected
    for page in found:
        meters = [(reading.panel_id, reading.meter_id) for reading in page.readings]
        assert all(meters.count(meter) <= size for meter in meters)


def test_a_filter_that_refuses_nearly_all_takes_many_answers_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "EXAMINED", 10)
    readings = {("mdb", "5", time): {"kW": time} for time in range(95)}
    found = pages(DynamoDb(Table(readings), "readings"), dataclasses.replace(ONE_METER, filters=(Filter("kW", "=", 93.0),)))
    assert [reading.values for page in found for reading in page.readings] == [(93.0,)]
    assert len(found) > 5


def test_an_answer_holds_so_many_values_whatever_the_number_of_meters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_room, "VALUES_PER_ANSWER", 10)
    readings = {("mdb", str(meter), time): {"kW": time} for meter in range(7) for time in range(6)}
    found = pages(DynamoDb(Table(readings), "readings"), EVERY_METER)
    assert max(len(page.readings) for page in found) == 10
    assert sum(len(page.readings) for page in found) == len(readings)


def test_what_is_no_number_is_no_value() -> None:
    readings: Readings = {("mdb", "5", 1): {"kW": {"S": "a lot"}}, ("mdb", "5", 2): {"kW": {"NULL": True}}, ("mdb", "5", 3): {"kW": 3}}
    (page,) = pages(DynamoDb(Table(readings), "readings"), ONE_METER)
    assert [reading.values for reading in page.readings] == [(3.0,)]


def test_meters_are_looked_for_now_and_then() -> None:
    now = [0.0]
    table = Table({})
    store = DynamoDb(table, "readings", clock=lambda: now[0])
    assert not store.page(EVERY_METER, None).readings
    table.items = Table({("a", "1", 1): {"kW": 1}}).items
    assert len(store.page(EVERY_METER, None).readings) == 1
    table.items = Table({("a", "1", 1): {"kW": 1}, ("b", "1", 1): {"kW": 1}}).items
    assert len(store.page(EVERY_METER, None).readings) == 1
    now[0] += room.METERS_KEPT + 1
    assert len(store.page(EVERY_METER, None).readings) == 2
    # One for each meter, and one that finds the end.
    assert table.scans <= 1 + 1 + 3


@pytest.mark.parametrize("interval", [times.MILLISECOND * 100, room.DENSE + 1])
def test_interpolation_knows_the_readings_beside_each_moment(interval: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "DENSE", 200 * times.MILLISECOND)
    readings = {("mdb", "5", time): {"kW": time} for time in (10, 90, 110, 150, 190, 210, 290, 310, 600)}
    moments = [moment * times.MILLISECOND for moment in (100, 200, 300)]
    (points,) = DynamoDb(Table(readings), "readings").around(ONE_METER, interval, moments).values()
    assert {90, 110, 190, 210, 290, 310} <= {time // times.MILLISECOND for time, _value in points}
    assert all(value == time // times.MILLISECOND for time, value in points)


@pytest.mark.parametrize(
    "fault",
    [
        ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not allowed to Query"}}, "Query"),
        EndpointConnectionError(endpoint_url="https://dynamodb"),
    ],
)
def test_a_store_that_refuses_is_named(fault: Exception) -> None:
    class Refusing(Table):
        def query(self, **asked: t.Any) -> dict[str, t.Any]:
            raise fault

    with pytest.raises(ReaderError, match="for table plant_energy") as caught:
        DynamoDb(Refusing({}), "plant_energy").page(ONE_METER, None)
    assert ("not allowed to Query" in str(caught.value)) or ("https://dynamodb" in str(caught.value))
