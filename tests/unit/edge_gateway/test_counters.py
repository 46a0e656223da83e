# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Energy counters: resets are found, single bad readings are not believed."""

from __future__ import annotations

from meter_gateway.counters import CounterWatch

TEN = 10.0


def test_a_rising_counter_passes() -> None:
    watch = CounterWatch(most_kw=100)
    assert [watch.check("kWhImport", value, index * TEN).value for index, value in enumerate((100.0, 100.0, 100.2, 100.3))] == [
        100.0,
        100.0,
        100.2,
        100.3,
    ]


def test_a_single_drop_is_held_back_and_forgotten() -> None:
    watch = CounterWatch(most_kw=100)
    watch.check("kWhImport", 5000.0, 0)
    held = watch.check("kWhImport", 0.0, TEN)
    assert held.value is None
    assert held.reason == "0 kWh is less than 5000 kWh: waiting for the next reading to confirm it"
    back = watch.check("kWhImport", 5000.1, 2 * TEN)
    assert (back.value, back.notice) == (5000.1, "")


def test_a_drop_that_stays_is_a_reset_and_told_once() -> None:
    watch = CounterWatch(most_kw=100)
    watch.check("kWhImport", 5000.0, 0)
    assert watch.check("kWhImport", 0.0, TEN).value is None
    second = watch.check("kWhImport", 0.1, 2 * TEN)
    assert second.value == 0.1
    assert second.notice == "kWhImport went from 5000 to 0.1 kWh and stays there: counter reset or meter replaced"
    assert watch.check("kWhImport", 0.2, 3 * TEN).notice == ""


def test_a_single_leap_is_held_back() -> None:
    watch = CounterWatch(most_kw=100)
    watch.check("kWhImport", 5000.0, 0)
    held = watch.check("kWhImport", 21474836.47, TEN)
    assert held.value is None
    assert "more than can have come since" in held.reason
    assert watch.check("kWhImport", 5000.2, 2 * TEN).value == 5000.2


def test_a_long_silence_allows_for_what_can_have_come() -> None:
    watch = CounterWatch(most_kw=100)
    watch.check("kWhImport", 5000.0, 0)
    assert watch.check("kWhImport", 7000.0, 24 * 3600).value == 7000.0


def test_the_counters_of_a_meter_are_watched_one_by_one() -> None:
    watch = CounterWatch(most_kw=100)
    watch.check("kWhImport", 5000.0, 0)
    assert watch.check("kWhExport", 3.0, 0).value == 3.0


def test_the_last_digit_of_a_float_may_waver() -> None:
    watch = CounterWatch(most_kw=100, floats=["kWhImport"])
    watch.check("kWhImport", 123456.7, 0)
    assert watch.check("kWhImport", 123456.6, TEN).value == 123456.6


def test_a_counter_of_whole_numbers_falls_by_nothing() -> None:
    watch = CounterWatch(most_kw=100, floats=["kWhExport"])
    watch.check("kWhImport", 123456.7, 0)
    assert watch.check("kWhImport", 123456.6, TEN).value is None
