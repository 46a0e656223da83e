# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hours, days and what meters took in them, without a store."""

from __future__ import annotations

import datetime
import itertools
import zoneinfo

import pytest
from energy_reader.rollups import calendar
from energy_reader.rollups.calendar import HOUR, QUARTER, Span
from energy_reader.rollups.totals import Hours, Sample, Total, day_total, together
from hypothesis import given
from hypothesis import strategies as st

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
START = 1_795_392_000_000  # a whole hour
HOURS = [Span(START + number * HOUR, START + (number + 1) * HOUR) for number in range(3)]


def local(text: str, zone: datetime.tzinfo = BERLIN) -> int:
    return round(datetime.datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


@pytest.mark.parametrize(
    ("zone", "date", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("Europe/Berlin", "2026-11-23", 24),
        ("Asia/Kathmandu", "2026-11-23", 24),
        ("America/Sao_Paulo", "2018-11-04", 23),  # midnight itself was left out
        ("UTC", "2026-03-29", 24),
    ],
)
def test_a_day_has_the_hours_that_its_time_zone_gives_it(zone: str, date: str, hours: int) -> None:
    there = zoneinfo.ZoneInfo(zone)
    day = calendar.day_of(local(f"{date}T12:00", there), there)
    assert datetime.datetime.fromtimestamp(day.start / 1000, there).date().isoformat() == date
    assert [hour.end - hour.start for hour in calendar.hours_of(day)] == [HOUR] * hours
    assert calendar.hours_of(day)[-1].end == day.end == calendar.day_of(day.end, there).start


def test_where_clocks_change_by_half_an_hour_one_hour_is_shorter() -> None:
    zone = zoneinfo.ZoneInfo("Australia/Lord_Howe")
    hours = calendar.hours_of(calendar.day_of(local("2026-10-04T12:00", zone), zone))
    assert [hour.end - hour.start for hour in hours] == [HOUR] * 23 + [HOUR // 2]


@given(st.integers(0, 2_000_000_000_000), st.sampled_from(["Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]))
def test_every_moment_lies_in_its_hour_and_the_hour_in_its_day(moment: int, name: str) -> None:
    zone = zoneinfo.ZoneInfo(name)
    hour, day = calendar.hour_of(moment, zone), calendar.day_of(moment, zone)
    assert hour.start <= moment < hour.end
    assert hour in calendar.hours_of(day)


def test_days_follow_each_other_without_a_gap() -> None:
    found = list(calendar.days(local("2026-10-24T23:59"), local("2026-10-26T00:00"), BERLIN))
    assert [day.end - day.start for day in found] == [24 * HOUR, 25 * HOUR, 24 * HOUR]
    assert all(before.end == after.start for before, after in itertools.pairwise(found))


def counted(*samples: tuple[int, float | None, float | None], hours: list[Span] | None = None) -> list[Total]:
    """samples: (milliseconds after the start, kW, kWhImport)."""
    found = Hours(hours or HOURS)
    for after, kw, energy in samples:
        found.add(Sample(START + after, kw, energy, None))
    return found.totals()


def test_power_is_averaged_by_quarters_and_the_highest_one_is_the_peak() -> None:
    first, second, third = counted((0, 2.0, None), (QUARTER - 1, 4.0, None), (QUARTER, 8.0, None), (HOUR, -5.0, None))
    assert (first.quarters, first.average, first.peak) == ((3.0, 8.0, None, None), 5.5, 8.0)
    assert (second.quarters, second.average, second.peak) == ((-5.0, None, None, None), -5.0, -5.0)
    assert third.is_empty and third.peak is None


def test_energy_between_two_readings_belongs_to_the_hours_between_them() -> None:
    found = counted((-HOUR // 2, None, 100.0), (HOUR // 2, None, 101.0), (5 * HOUR // 2, None, 109.0))
    assert [total.kwh_import for total in found] == [0.5 + 2.0, 4.0, 2.0]
    assert [total.kwh_export for total in found] == [None, None, None]


def test_what_a_gap_took_is_neither_lost_nor_counted_in_one_hour() -> None:
    found = counted((-10 * HOUR, None, 0.0), (10 * HOUR, None, 20.0))
    assert [total.kwh_import for total in found] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("after_reset", [0.0, 4.0])
def test_a_counter_that_falls_was_reset_and_did_not_give_energy_back(after_reset: float) -> None:
    found = counted(
        (0, None, 1000.0),
        (HOUR // 4, None, 1001.0),
        (HOUR // 2, None, after_reset),
        (3 * HOUR // 4, None, after_reset + 1),
        (HOUR, None, 7.0),
    )
    assert found[0].kwh_import == 1.0 + 1.0 + (7.0 - after_reset - 1)


def test_hours_without_two_counters_have_no_energy_instead_of_none() -> None:
    assert [total.kwh_import for total in counted((0, 1.0, 5.0))] == [None, None, None]
    assert [total.kwh_import for total in counted((0, 1.0, 5.0), (1000, 1.0, 5.0))] == [0.0, None, None]


@given(st.lists(st.tuples(st.integers(-2 * HOUR, 5 * HOUR), st.floats(0, 50)), min_size=2, max_size=40, unique_by=lambda one: one[0]))
def test_hours_add_up_to_what_the_counter_has_risen(steps: list[tuple[int, float]]) -> None:
    steps = sorted(steps)
    counter, samples = 0.0, []
    for after, rise in steps:
        counter += rise
        samples.append((after, None, counter))
    around = [Span(START + number * HOUR, START + (number + 1) * HOUR) for number in range(-2, 6)]
    energy = [total.kwh_import or 0.0 for total in counted(*samples, hours=around)]
    assert sum(energy) == pytest.approx(counter - samples[0][2], abs=1e-4)


def test_a_day_is_made_of_its_hours_wherever_they_lie_in_it() -> None:
    day = Span(START, START + 3 * HOUR)
    hours = [Total(START, (1.0, None, 3.0, None), 1.5, None), Total(START + 2 * HOUR, (None, 9.0, None, None), 2.25, 0.5)]
    total = day_total(day, hours)
    assert total.quarters == (1.0, None, 3.0, None, None, None, None, None, None, 9.0, None, None)
    assert (total.average, total.peak, total.kwh_import, total.kwh_export) == (round(13 / 3, 6), 9.0, 3.75, 0.5)


def test_the_peak_of_several_meters_is_that_of_their_sum() -> None:
    one, other = Total(START, (10.0, 1.0, None, 2.0), 3.0, None), Total(START, (1.0, 12.0, None, None), None, 1.0)
    both = together([one, other])
    assert both.quarters == (11.0, 13.0, None, 2.0)
    assert (both.peak, both.kwh_import, both.kwh_export) == (13.0, 3.0, 1.0)
