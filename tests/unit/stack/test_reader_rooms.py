# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reader's pure rooms: times, page tokens, SQL, interpolation; and what it does with the store's answers."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from energy_reader import interpolation, paging, times
from energy_reader.errors import ReaderError
from energy_reader.paging import Place
from energy_reader.request import Filter, Meter, Request
from energy_reader.timestream import statement
from energy_reader.timestream.store import Timestream
from hypothesis import given
from hypothesis import strategies as st

REQUEST = Request("ws", ("kW",), 0, 3600 * times.SECOND, Meter("mdb", "5", "mdb", "meter-5"))
TABLE = statement.Table("plant_db", "plant_energy", frozenset({"time", "measure_name", "panelId", "meterId", statement.DOUBLE}))


@given(st.integers(0, 4_102_444_800 * times.SECOND))
def test_a_moment_comes_back_to_the_nanosecond(moment: int) -> None:
    assert times.parse(times.written(moment)) == moment


def test_times_are_written_to_the_millisecond_where_that_is_exact() -> None:
    assert times.written(1_795_400_000_123_000_000) == "2026-11-23T02:13:20.123Z"
    assert times.written(1_795_400_000_123_456_789) == "2026-11-23T02:13:20.123456789Z"
    assert times.parse("2026-11-23 02:13:20.123000000") == 1_795_400_000_123_000_000


@given(st.text(max_size=40))
def test_a_literal_is_one_literal_whatever_it_holds(text: str) -> None:
    sql = statement.literal(text)
    assert sql[0] == sql[-1] == "'"
    assert sql[1:-1].replace("''", "") == text.replace("'", "")
    assert sql[1:-1].replace("''", "'") == text


def test_what_comes_from_outside_stands_in_literals_only() -> None:
    evil = "x' OR '1'='1"
    request = dataclasses.replace(REQUEST, properties=(evil,), meter=Meter(evil, evil, "e", "c"), filters=(Filter("panelId", "=", evil),))
    for sql in (statement.readings(request, TABLE, 0, 5, Place(1, evil, evil)), statement.around(request, TABLE, 60 * times.SECOND, 0, 1)):
        assert evil not in sql
        assert statement.literal(evil) in sql
        outside = "".join(sql.replace("''", "").split("'")[::2])
        assert "OR 1" not in outside


def test_numbers_are_read_from_the_columns_that_are_there() -> None:
    both = dataclasses.replace(TABLE, columns=TABLE.columns | {statement.BIGINT})
    whole = dataclasses.replace(TABLE, columns=both.columns - {statement.DOUBLE})
    assert TABLE.value == "measure_value::double"
    assert both.value == "coalesce(measure_value::double, CAST(measure_value::bigint AS double))"
    assert whole.value == "CAST(measure_value::bigint AS double)"
    assert not dataclasses.replace(TABLE, columns=frozenset({"time", "measure_name"})).has_readings


def test_a_token_is_good_for_its_request_only() -> None:
    place = Place(7, "mdb", "5", 60)
    token = paging.token(1, place, REQUEST)
    assert paging.place(dataclasses.replace(REQUEST, next_token=token)) == (1, place)
    assert paging.place(dataclasses.replace(REQUEST, next_token=token, page_size=7)) == (1, place)
    for other in (
        {"properties": ("v1",)},
        {"end": 5},
        {"descending": True},
        {"meter": None},
        {"interval": 5},
        {"filters": (Filter("kW", ">", 1.0),)},
    ):
        with pytest.raises(ReaderError, match="belongs to another request"):
            paging.place(dataclasses.replace(REQUEST, next_token=token, **t.cast("dict[str, t.Any]", other)))


@pytest.mark.parametrize("token", ["", "x", "bnVsbA==", "W10=", "ä"])
def test_a_strange_token_is_refused(token: str) -> None:
    with pytest.raises(ReaderError, match="nextToken"):
        paging.place(dataclasses.replace(REQUEST, next_token=token))


def test_moments_are_whole_multiples_within_the_range() -> None:
    assert list(interpolation.moments(61, 240, 60)) == [120, 180, 240]
    assert list(interpolation.moments(60, 60, 60)) == [60]
    assert list(interpolation.moments(61, 119, 60)) == []


POINTS = st.dictionaries(st.integers(0, 1000), st.floats(-1e6, 1e6), max_size=20)


@given(POINTS, st.lists(st.integers(-10, 1010), unique=True))
def test_interpolated_values_lie_between_their_neighbours(points: dict[int, float], at: list[int]) -> None:
    found = interpolation.linear(points.items(), at)
    assert [moment for moment, _value in found] == [moment for moment in at if points and min(points) <= moment <= max(points)]
    for moment, value in found:
        before = points[max(time for time in points if time <= moment)]
        after = points[min(time for time in points if time >= moment)]
        assert min(before, after) - 1e-6 <= value <= max(before, after) + 1e-6


def test_interpolation_is_linear() -> None:
    assert interpolation.linear([(20, 30.0), (10, 10.0)], [20, 15, 10, 9]) == [(20, 30.0), (15, 20.0), (10, 10.0)]


class Client:
    """A Timestream that gives prepared pages."""

    def __init__(self, *pages: dict[str, t.Any] | Exception) -> None:
        self.pages = list(pages)
        self.asked: list[dict[str, str]] = []

    def query(self, **arguments: str) -> dict[str, t.Any]:
        self.asked.append(arguments)
        page = self.pages.pop(0)
        if isinstance(page, Exception):
            raise page
        return page


def columns(*names: str) -> dict[str, t.Any]:
    return {"Rows": [], "ColumnInfo": [{"Name": name, "Type": {"ScalarType": "VARCHAR"}} for name in names]}


def test_rows_come_from_all_pages() -> None:
    client = Client({"Rows": [{"Data": [{"ScalarValue": "1"}]}], "NextToken": "next"}, {"Rows": [{"Data": [{"NullValue": True}]}]})
    assert list(Timestream(client, "db", "table").rows("select")) == [["1"], [None]]
    assert client.asked == [{"QueryString": "select"}, {"QueryString": "select", "NextToken": "next"}]


def test_columns_are_asked_for_until_there_are_readings_and_then_now_and_then() -> None:
    now = [0.0]
    filled = columns("time", "measure_name", "panelId", "meterId", "measure_value::double")
    client = Client(
        columns("time", "measure_name"), filled, columns(*(column["Name"] for column in filled["ColumnInfo"]), "measure_value::bigint")
    )
    store = Timestream(client, "db", "table", clock=lambda: now[0])
    assert not store.table().has_readings
    assert store.table().has_readings
    assert statement.BIGINT not in store.table().columns
    assert len(client.asked) == 2
    now[0] += 301
    assert statement.BIGINT in store.table().columns


@pytest.mark.parametrize(
    "fault",
    [
        ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not allowed to Select"}}, "Query"),
        EndpointConnectionError(endpoint_url="https://query.timestream"),
    ],
)
def test_a_store_that_refuses_is_named(fault: Exception) -> None:
    with pytest.raises(ReaderError) as caught:
        Timestream(Client(fault), "plant_db", "plant_energy").table()
    assert "plant_db.plant_energy" in str(caught.value)
    assert ("not allowed to Select" in str(caught.value)) or ("https://query.timestream" in str(caught.value))
