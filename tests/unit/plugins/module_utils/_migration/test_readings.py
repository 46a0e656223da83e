# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What counts as the same reading, and as the same day."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.energytwin.aws.plugins.module_utils._migration import dynamodb, timestream
from ansible_collections.energytwin.aws.plugins.module_utils._migration.readings import (
    DAY,
    Checksum,
    Comparison,
    Reading,
    canonical,
    day_name,
    day_of,
    number,
    window,
)

DOUBLES = st.floats(allow_nan=False, allow_infinity=False)
NAMES = st.sampled_from(["v1", "kW", "kWhImport", "pf"])
VALUES = st.dictionaries(NAMES, DOUBLES.map(lambda value: value + 0.0), min_size=1)
TIMES = st.integers(0, 20)
DAYS = st.dictionaries(TIMES, VALUES).map(lambda day: [Reading(time, day[time]) for time in sorted(day)])
METER = ("mdb", "5")


def same_bits(one: float, other: float) -> bool:
    return struct.pack(">d", one) == struct.pack(">d", other)


@given(DOUBLES)
def test_a_double_survives_the_text_of_both_stores(value: float) -> None:
    reading = Reading(1, {"kW": value + 0.0})
    [record] = timestream.records_of(reading, ["kW"])
    found = number(record["MeasureValue"])
    assert found is not None and same_bits(found, value + 0.0)
    item = dynamodb.item_of(METER, reading, 1)
    assert same_bits(dynamodb.values_of(item)["kW"], value + 0.0)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-inf", "1e999"])
def test_what_is_no_finite_number_is_no_measurement(text: str) -> None:
    assert number(text) is None


def test_there_is_one_zero() -> None:
    zero = number("-0.0")
    assert zero == 0.0 and math.copysign(1, zero) == 1


@given(VALUES)
def test_the_canonical_form_knows_no_order_of_values(values: dict[str, float]) -> None:
    assert canonical(Reading(5, values)) == canonical(Reading(5, dict(reversed(values.items()))))


@given(DAYS, DAYS)
def test_a_checksum_tells_days_apart(one: list[Reading], other: list[Reading]) -> None:
    sums = []
    for day in (one, other):
        checksum = Checksum()
        for reading in day:
            checksum.add(reading)
        sums.append((checksum.readings, checksum.sha256))
    assert (sums[0] == sums[1]) == (one == other)


@given(DAYS, DAYS)
def test_a_comparison_finds_exactly_what_the_destination_lacks(source: list[Reading], destination: list[Reading]) -> None:
    there = {reading.time: reading for reading in destination}
    comparison = Comparison()
    gaps = list(comparison.gaps(iter(source), iter(destination)))
    lacking = [
        reading for reading in source if reading.time not in there or not reading.values.items() <= there[reading.time].values.items()
    ]
    assert [gap[0] for gap in gaps] == lacking
    assert [gap[1] for gap in gaps] == [there.get(reading.time) for reading in lacking]
    assert comparison.missing == sum(reading.time not in there for reading in source)
    assert comparison.missing + comparison.different == len(lacking)
    assert comparison.equal == (not lacking)


@given(DAYS, DAYS)
def test_after_the_gaps_are_closed_the_days_are_equal(source: list[Reading], destination: list[Reading]) -> None:
    closed = {reading.time: reading.values for reading in destination}
    for reading, there in Comparison().gaps(source, destination):
        closed[reading.time] = {**(there.values if there else {}), **reading.values}
    again = Comparison()
    assert list(again.gaps(source, [Reading(time, closed[time]) for time in sorted(closed)])) == []
    assert again.equal


def test_a_day_is_one_of_utc_and_ends_before_the_next() -> None:
    assert [day_of(time) for time in (-1, 0, DAY - 1, DAY)] == [-1, 0, 0, 1]
    assert day_name(day_of(1_795_400_000_000)) == "2026-11-23"


@pytest.mark.parametrize(
    ("oldest", "expected"),
    [(0, (DAY, 2 * DAY)), (DAY + 5, (DAY + 5, 2 * DAY)), (2 * DAY, (2 * DAY, 2 * DAY)), (9 * DAY, (2 * DAY, 2 * DAY))],
)
def test_what_is_too_old_is_cut_off_a_day(oldest: int, expected: tuple[int, int]) -> None:
    assert window(1, oldest) == expected


@pytest.mark.parametrize(
    ("meter", "values", "words"),
    [
        (("a#b", "5"), {"kW": 1.0}, "'#' in its panel"),
        (("", "5"), {"kW": 1.0}, "no panel"),
        (("mdb", ""), {"kW": 1.0}, "no meter"),
        (METER, {"kW": 1e126}, "kW=1e+126"),
        (METER, {"kW": -1e-131}, "kW=-1e-131"),
        (METER, {"expires": 1.0}, "named expires"),
    ],
)
def test_what_dynamodb_cannot_hold(meter: tuple[str, str], values: dict[str, float], words: str) -> None:
    assert words in str(dynamodb.fault(meter, Reading(1, values)))


@pytest.mark.parametrize(("meter", "words"), [(("", "5"), "no panel"), (("mdb", ""), "no meter"), (("x" * 2048, "5"), "2048 bytes")])
def test_what_timestream_cannot_hold(meter: tuple[str, str], words: str) -> None:
    assert words in str(timestream.fault(meter))


@pytest.mark.parametrize("value", [0.0, 1e-130, -9.9e125, 1.5])
def test_what_both_can_hold(value: float) -> None:
    assert dynamodb.fault(METER, Reading(1, {"kW": value})) is None
    assert timestream.fault(METER) is None


def test_names_cannot_change_a_statement() -> None:
    assert timestream.literal("5' OR 'a'='a") == "'5'' OR ''a''=''a'"
    assert timestream.identifier('a"b') == '"a""b"'
