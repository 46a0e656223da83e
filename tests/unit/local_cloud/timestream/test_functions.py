# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each function that Timestream's SQL has here, by one example of its documented behaviour."""

from __future__ import annotations

import pytest

from local_cloud.services.timestream.functions import KNOWN, SUPPORTED
from tests.unit.local_cloud.clients import refused
from tests.unit.local_cloud.timestream.tables import Table, reading

INSTANT = "timestamp '2026-11-23 08:44:12.123456789'"

SCALAR = {
    "abs": ("abs(-2)", "2"),
    "acos": ("acos(1.0)", "0.0"),
    "asin": ("asin(0.0)", "0.0"),
    "atan": ("atan(0.0)", "0.0"),
    "atan2": ("atan2(0.0, 1.0)", "0.0"),
    "cardinality": ("cardinality(array[1, 2, 3])", "3"),
    "array_join": ("array_join(array['a', 'b'], '-')", "a-b"),
    "contains": ("contains(array[1, 2], 2)", "true"),
    "element_at": ("element_at(array['a', 'b'], 2)", "b"),
    "cast": ("cast('12' as bigint)", "12"),
    "try_cast": ("try_cast('x' as bigint)", None),
    "cbrt": ("round(cbrt(27.0), 6)", "3.0"),
    "ceil": ("ceil(1.2)", "2.0"),
    "ceiling": ("ceiling(1.2)", "2.0"),
    "coalesce": ("coalesce(null, 'x')", "x"),
    "concat": ("concat('a', 'b', 'c')", "abc"),
    "cos": ("cos(0.0)", "1.0"),
    "date": (f"date({INSTANT})", "2026-11-23"),
    "date_add": ("date_add('hour', 2, timestamp '2026-11-23 08:44:12.123')", "2026-11-23 10:44:12.123000000"),
    "date_diff": (f"date_diff('minute', {INSTANT}, {INSTANT} + 2h)", "120"),
    "date_trunc": (f"date_trunc('hour', {INSTANT})", "2026-11-23 08:00:00.000000000"),
    "bin": (f"bin({INSTANT}, 15m)", "2026-11-23 08:30:00.000000000"),
    "day": (f"day({INSTANT})", "23"),
    "day_of_month": (f"day_of_month({INSTANT})", "23"),
    "day_of_week": (f"day_of_week({INSTANT} + 6d)", "7"),
    "dow": (f"dow({INSTANT} + 6d)", "7"),
    "day_of_year": (f"day_of_year({INSTANT})", "327"),
    "doy": (f"doy({INSTANT})", "327"),
    "hour": (f"hour({INSTANT})", "8"),
    "minute": (f"minute({INSTANT})", "44"),
    "second": (f"second({INSTANT})", "12"),
    "millisecond": (f"millisecond({INSTANT})", "123"),
    "month": (f"month({INSTANT})", "11"),
    "quarter": (f"quarter({INSTANT})", "4"),
    "week": (f"week({INSTANT})", "48"),
    "week_of_year": (f"week_of_year({INSTANT})", "48"),
    "year": (f"year({INSTANT})", "2026"),
    "extract": (f"extract(hour from {INSTANT})", "8"),
    "last_day_of_month": (f"last_day_of_month({INSTANT})", "2026-11-30"),
    "from_iso8601_date": ("from_iso8601_date('2026-11-23')", "2026-11-23"),
    "from_iso8601_timestamp": ("from_iso8601_timestamp('2026-11-23T09:44:12.123456789+01:00')", "2026-11-23 08:44:12.123456789"),
    "from_milliseconds": ("from_milliseconds(1795400000123)", "2026-11-23 02:13:20.123000000"),
    "from_nanoseconds": ("from_nanoseconds(1795400000123456789)", "2026-11-23 02:13:20.123456789"),
    "to_iso8601": (f"to_iso8601({INSTANT})", "2026-11-23T08:44:12.123456789Z"),
    "to_milliseconds": (f"to_milliseconds({INSTANT})", "1795423452123"),
    "to_nanoseconds": (f"to_nanoseconds({INSTANT})", "1795423452123456789"),
    "parse_duration": ("parse_duration('90m')", "0 01:30:00.000000000"),
    "current_timezone": ("current_timezone()", "UTC"),
    "degrees": ("degrees(0.0)", "0.0"),
    "radians": ("radians(0.0)", "0.0"),
    "e": ("floor(e())", "2.0"),
    "pi": ("floor(pi())", "3.0"),
    "exp": ("exp(0.0)", "1.0"),
    "floor": ("floor(1.8)", "1.0"),
    "greatest": ("greatest(1, 3, 2)", "3"),
    "least": ("least(2, 1, 3)", "1"),
    "if": ("if(1 > 2, 'a', 'b')", "b"),
    "nullif": ("nullif(1, 1)", None),
    "length": ("length('abc')", "3"),
    "ln": ("ln(1.0)", "0.0"),
    "log10": ("log10(100.0)", "2.0"),
    "log2": ("log2(8.0)", "3.0"),
    "lower": ("lower('ABC')", "abc"),
    "upper": ("upper('abc')", "ABC"),
    "lpad": ("lpad('7', 3, '0')", "007"),
    "rpad": ("rpad('7', 3, '0')", "700"),
    "ltrim": ("ltrim('  a')", "a"),
    "rtrim": ("rtrim('a  ')", "a"),
    "trim": ("trim('  a  ')", "a"),
    "mod": ("mod(7, 3)", "1"),
    "pow": ("pow(2, 3)", "8.0"),
    "power": ("power(2, 3)", "8.0"),
    "regexp_extract": ("regexp_extract('meter-12', '[0-9]+')", "12"),
    "regexp_like": ("regexp_like('abc', '^a')", "true"),
    "regexp_replace": ("regexp_replace('a1b2', '[0-9]', '#')", "a#b#"),
    "replace": ("replace('abc', 'b', 'x')", "axc"),
    "reverse": ("reverse('abc')", "cba"),
    "round": ("round(2.345, 1)", "2.3"),
    "sign": ("sign(-3)", "-1"),
    "sin": ("sin(0.0)", "0.0"),
    "split_part": ("split_part('a/b/c', '/', 2)", "b"),
    "sqrt": ("sqrt(9.0)", "3.0"),
    "starts_with": ("starts_with('abc', 'ab')", "true"),
    "strpos": ("strpos('abc', 'c')", "3"),
    "substr": ("substr('abcd', 2, 2)", "bc"),
    "substring": ("substring('abcd', 2, 2)", "bc"),
    "tan": ("tan(0.0)", "0.0"),
}

# Of the readings 1.0, 2.0, 3.0, 4.0 at consecutive milliseconds.
AGGREGATE = {
    "approx_distinct": ("approx_distinct(meterId)", "1"),
    "approx_percentile": ("approx_percentile(v, 0.5)", "2.5"),
    "arbitrary": ("arbitrary(meterId)", "5"),
    "array_agg": ("array_agg(v order by v)", ["1.0", "2.0", "3.0", "4.0"]),
    "avg": ("avg(v)", "2.5"),
    "bool_and": ("bool_and(v > 1)", "false"),
    "bool_or": ("bool_or(v > 1)", "true"),
    "every": ("every(v > 0)", "true"),
    "corr": ("round(corr(v, v), 6)", "1.0"),
    "count": ("count(*)", "4"),
    "count_if": ("count_if(v > 2)", "2"),
    "covar_pop": ("covar_pop(v, v)", "1.25"),
    "covar_samp": ("round(covar_samp(v, v), 4)", "1.6667"),
    "kurtosis": ("round(kurtosis(v), 4)", "-1.2"),
    "max": ("max(v)", "4.0"),
    "min": ("min(v)", "1.0"),
    "max_by": ("max_by(v, time)", "4.0"),
    "min_by": ("min_by(v, time)", "1.0"),
    "skewness": ("skewness(v)", "0.0"),
    "stddev": ("round(stddev(v), 4)", "1.291"),
    "stddev_pop": ("round(stddev_pop(v), 4)", "1.118"),
    "stddev_samp": ("round(stddev_samp(v), 4)", "1.291"),
    "sum": ("sum(v)", "10.0"),
    "var_pop": ("var_pop(v)", "1.25"),
    "var_samp": ("round(var_samp(v), 4)", "1.6667"),
    "variance": ("round(variance(v), 4)", "1.6667"),
}

WINDOW = {
    "cume_dist": ("cume_dist()", ["0.25", "0.5", "0.75", "1.0"]),
    "dense_rank": ("dense_rank()", ["1", "2", "3", "4"]),
    "first_value": ("first_value(v)", ["1.0", "1.0", "1.0", "1.0"]),
    "last_value": ("last_value(v)", ["1.0", "2.0", "3.0", "4.0"]),
    "lag": ("lag(v, 1)", [None, "1.0", "2.0", "3.0"]),
    "lead": ("lead(v, 1)", ["2.0", "3.0", "4.0", None]),
    "nth_value": ("nth_value(v, 2)", [None, "2.0", "2.0", "2.0"]),
    "ntile": ("ntile(2)", ["1", "1", "2", "2"]),
    "percent_rank": ("round(percent_rank() over (order by time), 4)", ["0.0", "0.3333", "0.6667", "1.0"]),
    "rank": ("rank()", ["1", "2", "3", "4"]),
    "row_number": ("row_number()", ["1", "2", "3", "4"]),
}

ELSEWHERE = {"now", "ago"}  # tests of the clock


def test_every_function_has_an_example() -> None:
    assert SCALAR.keys() | AGGREGATE.keys() | WINDOW.keys() | ELSEWHERE == SUPPORTED


def test_no_function_is_both_there_and_not_there() -> None:
    assert not SUPPORTED & KNOWN


@pytest.mark.parametrize("name", sorted(SCALAR))
def test_scalar_function(table: Table, name: str) -> None:
    expression, expected = SCALAR[name]
    assert table.rows(f"select {expression}") == [[expected]]


@pytest.fixture
def four(table: Table) -> Table:
    table.write(*(reading(table.now + number, float(number)) for number in (1, 2, 3, 4)))
    return table


@pytest.mark.parametrize("name", sorted(AGGREGATE))
def test_aggregate_function(four: Table, name: str) -> None:
    expression, expected = AGGREGATE[name]
    assert four.rows(f"select {expression} from (select measure_value::double as v, time, meterId from {{}}) r") == [[expected]]


@pytest.mark.parametrize("name", sorted(WINDOW))
def test_window_function(four: Table, name: str) -> None:
    expression, expected = WINDOW[name]
    over = expression if " over " in expression else f"{expression} over (order by time)"
    rows = four.rows(f"select {over} from (select measure_value::double as v, time from {{}}) r order by time")
    assert [row[0] for row in rows] == expected


@pytest.mark.parametrize(
    "expression",
    ["create_time_series(time, measure_value::double)", "interpolate_linear(time)", "date_format(time, '%Y')", "unnest(array[1])"],
)
def test_what_is_not_built_is_refused_by_its_name(table: Table, expression: str) -> None:
    with refused("NotImplemented", expression.partition("(")[0], status=501):
        table.query(f"select {expression} from {{}}")


def test_several_percentiles_at_once(four: Table) -> None:
    assert four.rows("select approx_percentile(measure_value::double, array[0.25, 0.75]) from {}") == [[["1.5", "3.5"]]]


def test_bins_and_truncation_do_not_round_up(table: Table) -> None:
    almost = "timestamp '2026-11-23 08:59:59.999999999'"
    sql = f"select bin({almost}, 1h), bin({almost}, interval '1' day), date_trunc('hour', {almost}), to_milliseconds({almost})"
    eight = "2026-11-23 08:00:00.000000000"
    assert table.rows(sql) == [[eight, "2026-11-23 00:00:00.000000000", eight, "1795424399999"]]


@pytest.mark.parametrize("name", ["read_csv", "getenv", "duckdb_settings", "query_table", "pg_sleep"])
def test_a_function_of_duckdb_is_none_of_timestream(table: Table, name: str) -> None:
    with refused("ValidationException", f"line 1:8: Function {name} not registered"):
        table.query(f"select {name}('x')")
    with refused("ValidationException", f"line 1:15: Function {name} not registered"):
        table.query(f"select * from {name}('x')")
