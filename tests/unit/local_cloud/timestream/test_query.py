# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import concurrent.futures
import datetime
import typing as t

import duckdb
import hypothesis
import hypothesis.strategies as st
import pytest

from local_cloud.cloud import Cloud
from local_cloud.services.timestream import TimestreamQuery, query
from local_cloud.services.timestream.syntax import QueryError, duration, iso_time
from tests.unit.local_cloud.clients import make_role, refused
from tests.unit.local_cloud.timestream.tables import Table, reading


def moment(milliseconds: int) -> str:
    """As Timestream shows it."""
    instant = datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=milliseconds)
    return instant.isoformat(sep=" ", timespec="milliseconds") + "000000"


@pytest.fixture
def readings(table: Table) -> Table:
    """Ten minutes of two meters, one reading a minute, oldest first: kW is the number of the reading."""
    table.write(*(reading(table.now - 600_000 + 60_000 * n, float(n), meter) for n in range(10) for meter in ("5", "6")))
    return table


# What a query answers


def test_all_columns_in_timestreams_order(readings: Table) -> None:
    answer = readings.query("select * from {} order by time, meterId limit 1")
    assert [(column["Name"], column["Type"]["ScalarType"]) for column in answer["ColumnInfo"]] == [
        ("panelId", "VARCHAR"),
        ("meterId", "VARCHAR"),
        ("measure_name", "VARCHAR"),
        ("time", "TIMESTAMP"),
        ("measure_value::double", "DOUBLE"),
    ]
    assert readings.rows("select * from {} order by time, meterId limit 1") == [
        ["mech-rooftop", "5", "kW", moment(readings.now - 600_000), "0.0"]
    ]
    assert answer["QueryStatus"]["ProgressPercentage"] == 100.0


def test_columns_without_a_name_are_numbered(table: Table) -> None:
    answer = table.query("select 1, 2 as two, 'x', null, true, 1.5, date '2026-01-01', 2h, array[1, 2]")
    assert [column.get("Name") for column in answer["ColumnInfo"]] == [
        "_col0",
        "two",
        "_col2",
        "_col3",
        "_col4",
        "_col5",
        "_col6",
        "_col7",
        "_col8",
    ]
    types = [column["Type"].get("ScalarType", column["Type"]) for column in answer["ColumnInfo"]]
    assert types[:8] == ["INTEGER", "INTEGER", "VARCHAR", "UNKNOWN", "BOOLEAN", "DOUBLE", "DATE", "INTERVAL_DAY_TO_SECOND"]
    assert types[8] == {"ArrayColumnInfo": {"Type": {"ScalarType": "INTEGER"}}}
    assert answer["Rows"][0]["Data"][3] == {"NullValue": True}


def test_a_dashboards_query(readings: Table) -> None:
    rows = readings.rows(
        """
        WITH binned AS (
            SELECT bin(time, 5m) AS five, meterId, avg(measure_value::double) AS kw, count(*) AS n -- per meter
            FROM {} WHERE measure_name = 'kW' AND time BETWEEN ago(1h) AND now() GROUP BY 1, 2
        )
        SELECT meterId, sum(kw * n), max(five) >= min(five) FROM binned GROUP BY meterId ORDER BY meterId DESC
        """
    )
    assert rows == [["6", "45.0", "true"], ["5", "45.0", "true"]]


def test_a_readers_query(readings: Table) -> None:
    start, end = readings.now - 480_000, readings.now - 300_000
    sql = (
        "select measure_name, time, measure_value::double as value from {} "
        f"where panelId = 'mech-rooftop' and meterId = '6' and measure_name in ('kW', 'v1') "
        f"and time >= from_milliseconds({start}) and time < from_milliseconds({end}) order by time desc limit 2"
    )
    assert readings.rows(sql) == [["kW", moment(end - 60_000), "4.0"], ["kW", moment(end - 120_000), "3.0"]]


def test_case_joins_and_unions(readings: Table) -> None:
    sql = (
        "select a.meterId, case when a.measure_value::double > 8 then 'high' else 'low' end as level from {} a "
        "join {} as b on a.time = b.time and a.meterId < b.meterId where a.measure_value::double >= 8.0 "
        "union all select 'end', null order by 1, 2"
    )
    assert readings.rows(sql) == [["5", "high"], ["5", "low"], ["end", None]]


def test_the_latest_reading_of_each_meter(readings: Table) -> None:
    latest = moment(readings.now - 60_000)
    sql = "select meterId, max(time), max_by(measure_value::double, time) from {} group by meterId order by 1"
    assert readings.rows(sql) == [["5", latest, "9.0"], ["6", latest, "9.0"]]


def test_integers_divide_as_integers(table: Table) -> None:
    assert table.rows("select 7/2, 7/2.0, to_milliseconds(from_milliseconds(1999))/1000") == [["3", "3.5", "1"]]


def test_now_is_one_moment_in_utc(table: Table) -> None:
    [[same, hour, ahead]] = table.rows("select now() = current_timestamp, now() - ago(1h), current_date = date(now())")
    assert (same, hour, ahead) == ("true", "0 01:00:00.000000000", "true")
    [[text]] = table.rows("select now()")
    shown = datetime.datetime.fromisoformat(text[:26]).replace(tzinfo=datetime.timezone.utc)
    assert abs(shown.timestamp() * 1000 - table.now) < 600_000


@hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture], max_examples=15)
@hypothesis.given(st.sets(st.integers(0, 10**10), min_size=1, max_size=20))
def test_any_millisecond_comes_back_exactly(table: Table, ages: set[int]) -> None:
    times = sorted(table.now - age for age in ages)
    table.write(*(reading(time) for time in times))
    found = {int(row[0]) for row in table.rows("select to_milliseconds(time) from {}")}
    assert set(times) <= found
    shown = {row[0] for row in table.rows("select time from {}")}
    assert {moment(time) for time in times} <= shown


def test_new_measures_and_dimensions_appear(readings: Table) -> None:
    assert len(readings.query("select * from {}")["ColumnInfo"]) == 5
    record = reading(readings.now, "on", MeasureName="state", MeasureValueType="VARCHAR")
    record["Dimensions"].append({"Name": "site", "Value": "plant"})
    readings.write(record)
    assert readings.rows("select site, measure_value::varchar, measure_value::double from {} where measure_name = 'state'") == [
        ["plant", "on", None]
    ]
    assert readings.rows("select count(*) from {} where site is null") == [["20"]]


def test_a_table_that_was_made_anew_is_empty(cloud: Cloud, readings: Table) -> None:
    assert readings.rows("select count(*) from {}") == [["20"]]
    write = cloud.client("timestream-write")
    write.delete_table(DatabaseName=readings.database, TableName="energy")
    with refused("ValidationException", "Requested table 'energy' not found"):
        readings.query("select * from {}")
    write.create_table(DatabaseName=readings.database, TableName="energy")
    assert readings.rows("select count(*) from {}") == [["0"]]


# Refusals


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("select zeit from {}", "line 1:8: Column 'zeit' does not exist"),
        ("select time\nfrom {}\nwhere  zeit > 3", "line 3:8: Column 'zeit' does not exist"),
        ("select e.zeit from {} e", "Column 'zeit' does not exist"),
        ("select measure_value::bigint from {}", "line 1:8: Column 'measure_value::bigint' does not exist"),
        ("select meterId, time from {} group by meterId", "line 1:17: 'time' must be an aggregate expression or appear in GROUP BY clause"),
        ("select time from {} where time > '2026-01-01'", ": '>' cannot be applied to timestamp, varchar"),
        ("select time from {} where time between '2026-01-01' and now()", ": 'BETWEEN' cannot be applied to timestamp, varchar"),
        ("select time from {} where meterId = 5", ": '=' cannot be applied to varchar, integer"),
        ("select time from {} where measure_value::double = '5'", ": '=' cannot be applied to double, varchar"),
        ("select avg('x')", "line 1:8: Unexpected parameters for function avg"),
        ("select bin(time) from {}", "line 1:8: Unexpected parameters for function bin"),
        ("selec 1", "The query syntax is invalid at line 1:"),
        ("select 1 from", "The query syntax is invalid at line 1:"),
        ("select 'abc", "The query syntax is invalid at line 1:"),
        ("select time from {} where time > ago(5x)", "The query syntax is invalid at line 1:"),
        ("select ago('5m')", ""),
        ("select from_iso8601_timestamp('yesterday')", "Invalid timestamp: 'yesterday'"),
        ("select * from energy", "Schema must be specified"),
        ('select * from "nowhere"."energy"', "Requested database 'nowhere' not found for identifier 'nowhere.energy' at line 1:15"),
        ("select cast('abc' as double)", "Could not convert string 'abc' to DOUBLE"),
        ("select 1; select 2", "The query syntax is invalid"),
    ],
)
def test_a_wrong_query_is_explained(readings: Table, sql: str, message: str) -> None:
    with refused("ValidationException", message, status=400):
        readings.query(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "drop table {}",
        "delete from {}",
        "insert into {} values (1)",
        "create table x.y as select 1",
        "copy {} to 'out.csv'",
        "attach 'x.db'",
        "set memory_limit = '10GB'",
        "pragma database_list",
        "select * from information_schema.tables",
        "select * from duckdb_tables",
        "select * from 'secrets.csv'",
        "select * from (with duckdb_tables as (select 1) select 1) x, duckdb_tables",
        "select * from main.sqlite_master",
    ],
)
def test_nothing_but_selects_of_own_tables(readings: Table, sql: str) -> None:
    with refused("ValidationException"):
        readings.query(sql)
    assert readings.rows("select count(*) from {}") == [["20"]]


@pytest.mark.parametrize(
    "sql", ["show databases", "describe {}", "show tables from x", "unload(select 1) to 's3://b'", "select current_time"]
)
def test_statements_that_are_not_built_are_refused_by_name(table: Table, sql: str) -> None:
    with refused("NotImplemented", sql.split()[0].split("(")[0].upper() if "current_time" not in sql else "current_time", status=501):
        table.query(sql)


def test_a_role_needs_leave_for_each_table(cloud: Cloud, readings: Table) -> None:
    cloud.client("timestream-write").create_table(DatabaseName=readings.database, TableName="other")
    arn = cloud.arn("timestream", f"database/{readings.database}/table/energy")
    role = make_role(
        cloud.client("iam"),
        "reader",
        "lambda",
        {"Effect": "Allow", "Action": ["timestream:Select"], "Resource": arn},
        {"Effect": "Allow", "Action": ["timestream:SelectValues"], "Resource": "*"},
    )
    client = cloud.client("timestream-query", role=role)
    own = Table(readings.write_client, client, readings.database, "energy", readings.now)
    assert own.rows("select count(*) from {}") == [["20"]]
    assert own.rows("select 1") == [["1"]]
    with refused("AccessDeniedException", f"{arn.rpartition('/')[0]}/other"):
        own.query(f'select * from {{}} a join "{own.database}"."other" b on a.time = b.time')


# Pages


def pages(table: Table, sql: str, most: int) -> t.Iterator[list[str]]:
    """The first column of each page."""
    token: dict[str, str] = {}
    while True:
        answer = table.query(sql, MaxRows=most, **token)
        yield [row["Data"][0]["ScalarValue"] for row in answer["Rows"]]
        if "NextToken" not in answer:
            return
        token = {"NextToken": answer["NextToken"]}


def test_pages_are_a_snapshot_however_much_is_written_meanwhile(readings: Table) -> None:
    found = []
    for number, page in enumerate(pages(readings, "select measure_value::double from {} where meterId = '5' order by time", 3)):
        found += page
        readings.write(reading(readings.now - 700_000 - number, 99), reading(readings.now + number, 99))
        readings.write(reading(readings.now - 60_000, 99, Version=number + 2))
        readings.write(reading(readings.now + number, 1, MeasureName=f"new{number}", MeasureValueType="BIGINT"))
    assert found == [f"{n}.0" for n in range(10)]
    assert readings.rows("select count(*) from {} where meterId = '5' and measure_name = 'kW'") == [["18"]]


def test_a_page_that_got_lost_can_be_asked_for_again(readings: Table) -> None:
    sql = "select measure_value::double from {} order by time, meterId"
    first = readings.query(sql, MaxRows=8)
    second = readings.query(sql, MaxRows=8, NextToken=first["NextToken"])
    again = readings.query(sql, MaxRows=8, NextToken=first["NextToken"])
    assert again["Rows"] == second["Rows"]
    last = readings.query(sql, MaxRows=8, NextToken=second["NextToken"])
    assert (len(last["Rows"]), "NextToken" in last) == (4, False)
    assert readings.query(sql, MaxRows=8, NextToken=second["NextToken"])["Rows"] == last["Rows"]
    with refused("ValidationException", "Invalid pagination token."):
        readings.query(sql, MaxRows=8, NextToken=first["NextToken"])


def test_a_token_is_for_its_own_query(cloud: Cloud, readings: Table) -> None:
    token = readings.query("select time from {}", MaxRows=1)["NextToken"]
    for wrong in (token + "0", "x", "x.1", token.partition(".")[0] + ".x"):
        with refused("ValidationException", "Invalid pagination token."):
            readings.query("select time from {}", NextToken=wrong)
    with refused("ValidationException", "Invalid pagination token."):
        readings.query("select meterId from {}", NextToken=token)


def test_without_a_number_of_rows_a_page_ends_at_a_megabyte(table: Table) -> None:
    big = "x" * 2000
    for start in range(0, 900, 100):
        table.write(*(reading(table.now + start + n, big, MeasureValueType="VARCHAR") for n in range(100)))
    answer = table.query("select measure_value::varchar from {}")
    assert 0 < len(answer["Rows"]) <= 501
    rest = table.query("select measure_value::varchar from {}", NextToken=answer["NextToken"])
    assert len(answer["Rows"]) + len(rest["Rows"]) == 900


def test_a_query_can_be_cancelled(readings: Table) -> None:
    sql = "select time from {}"
    answer = readings.query(sql, MaxRows=1)
    readings.query_client.cancel_query(QueryId=answer["QueryId"])
    with refused("ValidationException", "Invalid pagination token."):
        readings.query(sql, NextToken=answer["NextToken"])
    with refused("ValidationException", "does not exist or has ended"):
        readings.query_client.cancel_query(QueryId=answer["QueryId"])


def test_a_query_that_takes_too_long_is_ended(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "TIMEOUT", 0.05)
    many = " cross join ".join(f"(values {', '.join(['(1)'] * 100)}) as t{n}(x{n})" for n in range(6))
    with refused("QueryExecutionException", "ran for longer"):
        table.query(f"select count(x0 + x1 + x2 + x3 + x4 + x5) from {many}")


def test_queries_nobody_comes_back_for_are_dropped(cloud: Cloud, readings: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "MOST_OPEN", 3)
    tokens = [readings.query("select time from {}", MaxRows=1)["NextToken"] for _ in range(4)]
    with refused("ValidationException", "Invalid pagination token."):
        readings.query("select time from {}", NextToken=tokens[0])
    assert len(readings.query("select time from {}", NextToken=tokens[1])["Rows"]) == 19


# Many at once


def test_writers_and_readers_do_not_disturb_each_other(table: Table) -> None:
    def write(meter: int) -> None:
        for number in range(20):
            table.write(reading(table.now - number, float(number), str(meter)))

    def read(_: int) -> list[int]:
        return [int(table.rows("select count(*) from {}")[0][0]) for _ in range(10)]

    table.write(reading(table.now + 1, 0, "first"))
    with concurrent.futures.ThreadPoolExecutor(6) as threads:
        writing = [threads.submit(write, meter) for meter in range(3)]
        counts = list(threads.map(read, range(3)))
        for future in writing:
            future.result()
    assert all(count == sorted(count) for count in counts)
    assert table.rows("select count(*), count(distinct meterId) from {}") == [["61", "4"]]


def test_more_points_than_one_batch(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local_cloud.services.timestream.mirror.BATCH", 7)
    table.write(*(reading(table.now - n, float(n)) for n in range(30)))
    table.write(*(reading(table.now - n, float(-n), Version=2) for n in range(10, 20)))
    assert table.rows("select count(*), sum(measure_value::double) from {}") == [
        ["30", str(float(sum(range(30)) - 2 * sum(range(10, 20))))]
    ]


def test_stopping_twice_is_harmless(cloud: Cloud, table: Table) -> None:
    table.rows("select 1 from {}")
    service = cloud.service(TimestreamQuery)
    service.stop()
    service.stop()
    assert table.rows("select count(*) from {}") == [["0"]]


# Pure


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [("5m", 300 * 10**9), ("1.5h", 5400 * 10**9), ("2d", 172_800 * 10**9), ("7ms", 7_000_000), ("3us", 3000), ("1ns", 1)],
)
def test_durations(text: str, nanoseconds: int) -> None:
    assert duration(text) == nanoseconds


@pytest.mark.parametrize("text", ["", "5", "m", "5 years", "-5m", "1e3s"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(QueryError, match="Invalid duration"):
        duration(text)


@hypothesis.given(st.datetimes(min_value=datetime.datetime(1970, 1, 1), max_value=datetime.datetime(2200, 1, 1)), st.integers(0, 999))
def test_iso_times_are_exact(instant: datetime.datetime, nanoseconds: int) -> None:
    expected = (instant - datetime.datetime(1970, 1, 1)) // datetime.timedelta(microseconds=1) * 1000 + nanoseconds
    text = f"{instant.isoformat(timespec='microseconds')}{nanoseconds:03d}"
    assert iso_time(text + "Z") == iso_time(text) == expected


def test_duckdb_is_closed_to_the_outside(cloud: Cloud, table: Table) -> None:
    table.rows("select 1 from {}")
    mirror = cloud.service(TimestreamQuery)._mirror
    assert mirror is not None
    for sql in ("select * from read_csv('/etc/passwd')", "set enable_external_access = true", "install httpfs", "attach 'x.db'"):
        with pytest.raises(duckdb.Error):
            mirror.cursor().execute(sql)
