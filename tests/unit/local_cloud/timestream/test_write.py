# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import decimal
import typing as t

import hypothesis
import hypothesis.strategies as st
import pytest

from local_cloud.cloud import Cloud
from local_cloud.errors import ApiError
from local_cloud.services.timestream.records import NANOSECONDS, Rejected, Window, merge, parse
from tests.unit.local_cloud.clients import refused
from tests.unit.local_cloud.timestream.tables import Table, reading

NOW = 1_795_400_000_000_000_000
HOUR = 3600 * 10**9


def reasons(response: dict[str, t.Any]) -> dict[int, str]:
    assert response["Error"]["Message"] == "One or more records have been rejected. See RejectedRecords for details."
    return {rejected["RecordIndex"]: rejected["Reason"] for rejected in response["RejectedRecords"]}


def test_common_attributes_are_merged_into_each_record(table: Table) -> None:
    ingested = table.write(
        {"Dimensions": [{"Name": "meterId", "Value": "5"}], "MeasureValue": "1.5"},
        {"Dimensions": [{"Name": "meterId", "Value": "6"}], "MeasureName": "v1", "MeasureValue": "230"},
        Dimensions=[{"Name": "panelId", "Value": "mech"}],
        MeasureName="kW",
        Time=str(table.now),
    )
    assert ingested == {"Total": 2, "MemoryStore": 2, "MagneticStore": 0}
    sql = "select panelId, meterId, measure_name, measure_value::double from {} order by meterId"
    assert table.rows(sql) == [["mech", "5", "kW", "1.5"], ["mech", "6", "v1", "230.0"]]


@pytest.mark.parametrize(("unit", "decimals"), [("SECONDS", 0), ("MILLISECONDS", 3), ("MICROSECONDS", 6), ("NANOSECONDS", 9)])
def test_times_are_exact_in_every_unit(table: Table, unit: str, decimals: int) -> None:
    nanoseconds = table.now * 10**6 // 10**9 * 10**9 + 123456789 // 10 ** (9 - decimals) * 10 ** (9 - decimals)
    table.write(reading(nanoseconds // NANOSECONDS[unit], TimeUnit=unit))
    [[text, back]] = table.rows("select time, to_nanoseconds(time) from {}")
    assert int(back) == nanoseconds
    assert text.endswith("." + "123456789"[:decimals].ljust(9, "0"))


def test_a_multi_measure_record_is_one_row(table: Table) -> None:
    values = [
        {"Name": "kW", "Value": "1.5", "Type": "DOUBLE"},
        {"Name": "count", "Value": "-7", "Type": "BIGINT"},
        {"Name": "ok", "Value": "true", "Type": "BOOLEAN"},
        {"Name": "note", "Value": 'it\'s "fine", [ä]', "Type": "VARCHAR"},
        {"Name": "seen", "Value": "1795400000123", "Type": "TIMESTAMP"},
    ]
    record = {**reading(table.now), "MeasureName": "state", "MeasureValueType": "MULTI", "MeasureValues": values}
    del record["MeasureValue"]
    table.write(record)
    table.write({**record, "Time": str(table.now + 1), "MeasureValues": values[:1]})
    assert table.rows('select kW, "count", ok, note, seen from {} order by time') == [
        ["1.5", "-7", "true", 'it\'s "fine", [ä]', "2026-11-23 02:13:20.123000000"],
        ["1.5", None, None, None, None],
    ]


def test_a_repeat_is_harmless_and_a_change_needs_a_higher_version(table: Table) -> None:
    table.write(reading(table.now, 1.5))
    table.write(reading(table.now, 1.5), reading(table.now, "1.50"))
    assert table.rows("select count(*) from {}") == [["1"]]
    with refused("RejectedRecordsException", status=419) as response:
        table.write(reading(table.now, 2))
    assert response["RejectedRecords"][0]["ExistingVersion"] == 1
    assert "A higher record version must be specified" in reasons(response)[0]
    table.write(reading(table.now, 2, Version=5))
    assert table.rows("select measure_value::double from {}") == [["2.0"]]
    table.write(reading(table.now, 2, Version=9))  # the same value: only the version moves
    with refused("RejectedRecordsException") as response:
        table.write(reading(table.now, 3, Version=8))
    assert response["RejectedRecords"][0]["ExistingVersion"] == 9
    assert reasons(response)[0].startswith("The record version 8 is lower than the existing version 9.")
    assert table.rows("select measure_value::double from {}") == [["2.0"]]


def test_an_update_of_a_row_that_was_read_before_is_seen(table: Table) -> None:
    table.write(reading(table.now, 1), reading(table.now + 1, 10))
    assert table.rows("select sum(measure_value::double) from {}") == [["11.0"]]
    table.write(reading(table.now, 2, Version=2))
    table.write(reading(table.now, 3, Version=3))
    assert table.rows("select measure_value::double from {} order by time") == [["3.0"], ["10.0"]]


def test_the_good_records_of_a_request_are_stored(table: Table) -> None:
    with refused("RejectedRecordsException") as response:
        table.write(reading(table.now, 1), reading(table.now + 1, "abc"), reading(table.now, 2), reading(table.now + 2, 3))
    assert reasons(response) == {
        1: "The measure value 'abc' is not a valid DOUBLE.",
        2: "A record already exists with the same time, dimensions, measure name, and record version. A higher record version "
        "must be specified in order to update the measure value. Specifying record version is supported by the latest SDKs.",
    }
    assert table.rows("select measure_value::double from {} order by time") == [["1.0"], ["3.0"]]


def test_the_ingestion_window_follows_retention(cloud: Cloud, table: Table) -> None:
    hour = 3_600_000
    assert table.write(reading(table.now - 2 * hour)) == {"Total": 1, "MemoryStore": 0, "MagneticStore": 1}
    with refused("RejectedRecordsException") as response:
        table.write(reading(table.now - 3651 * 24 * hour), reading(table.now + 16 * 60_000))
    assert [reason.rpartition(")")[2] for reason in reasons(response).values()] == [" of the data ingestion window."] * 2
    cloud.client("timestream-write").update_table(
        DatabaseName=table.database, TableName="energy", MagneticStoreWriteProperties={"EnableMagneticStoreWrites": False}
    )
    table.write(reading(table.now + 14 * 60_000))
    with refused("RejectedRecordsException") as response:
        table.write(reading(table.now - 2 * hour, 9))
    assert reasons(response)[0].endswith(" of the memory store.")


def test_readings_beyond_the_magnetic_retention_are_gone(cloud: Cloud, table: Table) -> None:
    day = 24 * 3_600_000
    table.write(reading(table.now - 3 * day), reading(table.now - day))
    shorter = {"MemoryStoreRetentionPeriodInHours": 1, "MagneticStoreRetentionPeriodInDays": 2}
    cloud.client("timestream-write").update_table(DatabaseName=table.database, TableName="energy", RetentionProperties=shorter)
    assert table.rows("select count(*) from {}") == [["1"]]


def test_a_required_dimension_of_the_partition_key(cloud: Cloud, table: Table) -> None:
    key = {"Type": "DIMENSION", "Name": "site", "EnforcementInRecord": "REQUIRED"}
    cloud.client("timestream-write").create_table(DatabaseName=table.database, TableName="keyed", Schema={"CompositePartitionKey": [key]})
    keyed = Table(table.write_client, table.query_client, table.database, "keyed", table.now)
    with refused("RejectedRecordsException") as response:
        keyed.write(reading(table.now))
    assert "no dimension site" in reasons(response)[0]


def test_a_measure_keeps_its_type(table: Table) -> None:
    table.write(reading(table.now, 1.5))
    with refused("RejectedRecordsException") as response:
        table.write(reading(table.now + 1, 1, MeasureValueType="BIGINT"))
    assert reasons(response)[0] == "The measure kW has the data type DOUBLE; the record has BIGINT."
    multi = {"MeasureName": "m", "MeasureValueType": "MULTI", "Time": str(table.now), "Dimensions": [{"Name": "d", "Value": "x"}]}
    table.write({**multi, "MeasureValues": [{"Name": "a", "Value": "1", "Type": "BIGINT"}]})
    with refused("RejectedRecordsException") as response:
        table.write({**multi, "Time": str(table.now + 1), "MeasureValues": [{"Name": "a", "Value": "1", "Type": "DOUBLE"}]})
    assert "a of type BIGINT" in reasons(response)[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Time": "12:00"}, "Invalid time for record."),
        ({"Time": "9" * 19}, "Invalid time for record."),
        ({"Dimensions": []}, "At least one dimension"),
        ({"Dimensions": [{"Name": "a", "Value": ""}]}, "Dimension value can not be empty."),
        ({"Dimensions": [{"Name": "a", "Value": "1"}, {"Name": "a", "Value": "2"}]}, "must be unique"),
        ({"Dimensions": [{"Name": "time", "Value": "1"}]}, "reserved"),
        ({"Version": 0}, "Record version must be 1 or greater."),
        ({"MeasureValues": [{"Name": "a", "Value": "1", "Type": "DOUBLE"}]}, "only allowed for"),
        ({"MeasureValueType": "MULTI"}, "must have MeasureValues"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_as_a_whole(table: Table, change: dict[str, object], message: str) -> None:
    with refused("ValidationException", message):
        table.write(reading(table.now), {**reading(table.now + 1), **change})
    assert table.rows("select 1 from {}") == []


def test_a_request_holds_100_records_at_most(table: Table) -> None:
    table.write(*(reading(table.now + number) for number in range(100)))
    with refused("ValidationException"):
        table.write(*(reading(table.now + number) for number in range(101)))


def test_a_missing_table_is_named(table: Table) -> None:
    with refused("ResourceNotFoundException", "The table nothing does not exist."):
        table.write_client.write_records(DatabaseName=table.database, TableName="nothing", Records=[reading(table.now)])


# Pure


@hypothesis.given(st.integers(0, 2**63 - 1), st.sampled_from(sorted(NANOSECONDS)))
def test_any_time_in_any_unit_is_kept_or_refused(nanoseconds: int, unit: str) -> None:
    record = merge({}, reading(nanoseconds // NANOSECONDS[unit], TimeUnit=unit))
    assert parse(record).time == nanoseconds // NANOSECONDS[unit] * NANOSECONDS[unit]


@hypothesis.given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_finite_number_is_kept_exactly(number: float) -> None:
    assert parse(merge({}, reading(0, repr(number)))).values == {"measure_value::double": ("DOUBLE", number)}


@pytest.mark.parametrize("text", ["", "nan", "inf", "1e999", "1_000", "0x10", "1,5", " 1", "\u0661"])
def test_what_is_no_number_is_rejected(text: str) -> None:
    with pytest.raises(Rejected, match="not a valid DOUBLE"):
        parse(merge({}, reading(0, text)))


@pytest.mark.parametrize("text", ["1.5", str(2**63), "", "true"])
def test_what_is_no_bigint_is_rejected(text: str) -> None:
    with pytest.raises(Rejected, match="not a valid BIGINT"):
        parse(merge({}, reading(0, text, MeasureValueType="BIGINT")))


def test_limits_of_a_record() -> None:
    with pytest.raises(Rejected, match="dimension name"):
        parse(merge({}, {**reading(0), "Dimensions": [{"Name": "n" * 61, "Value": "x"}]}))
    with pytest.raises(Rejected, match="together are larger"):
        parse(merge({}, {**reading(0), "Dimensions": [{"Name": f"n{i}", "Value": "x" * 700} for i in range(3)]}))
    with pytest.raises(Rejected, match="measure name"):
        parse(merge({}, {**reading(0), "MeasureName": "n" * 257}))
    with pytest.raises(ApiError, match="Dimension names of a record must be unique"):
        parse(merge({"Dimensions": [{"Name": "meterId", "Value": "1"}]}, reading(0)))


@hypothesis.given(st.integers(-(10**6), 10**6))
def test_a_window_takes_exactly_what_lies_in_it(milliseconds: int) -> None:
    window = Window.of({"MemoryStoreRetentionPeriodInHours": 1, "MagneticStoreRetentionPeriodInDays": 1}, False, NOW)
    time = NOW + milliseconds * 10**9 // 100
    try:
        window.check(time)
    except Rejected:
        assert not NOW - HOUR <= time < NOW + 15 * 60 * 10**9
    else:
        assert NOW - HOUR <= time < NOW + 15 * 60 * 10**9


def test_the_window_is_spelt_out() -> None:
    window = Window.of({"MemoryStoreRetentionPeriodInHours": 12, "MagneticStoreRetentionPeriodInDays": 5}, True, NOW)
    with pytest.raises(Rejected) as caught:
        window.check(0)
    span = "[2026-11-18T02:13:20.000Z, 2026-11-23T02:28:20.000Z)"
    assert str(caught.value) == f"The record timestamp is outside the time range {span} of the data ingestion window."


def test_decimals_are_not_rounded_on_the_way(table: Table) -> None:
    numbers = ["0.1", "3.3000000000000003", "1e-300", "123456789.123456789", "-0.0", "4.9e-324"]
    table.write(*(reading(table.now + i, number) for i, number in enumerate(numbers)))
    found = [row[0] for row in table.rows("select measure_value::double from {} order by time")]
    assert [float(text) for text in found] == [float(decimal.Decimal(number)) for number in numbers]
