# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hypothesis
import hypothesis.strategies as st

from ansible_collections.energytwin.aws.plugins.module_utils._site.simulation import reading, simulated_readings

THREE_PHASE = {"panel_id": "mech-rooftop", "meter_id": "5", "phases": 3, "limits": {"kW": {"warning": 40.0, "alarm": 48.0}}}
ONE_PHASE = {"panel_id": "light", "meter_id": "1", "phases": 1, "limits": None}
NOW = 1_795_400_012_345
TIMES = st.integers(min_value=1_735_689_600_000, max_value=2_000_000_000_000)


def test_a_reading_per_meter_and_full_minute_oldest_first() -> None:
    readings = simulated_readings([THREE_PHASE, ONE_PHASE], now_ms=NOW, minutes=3)
    last = NOW - NOW % 60_000
    assert [(r["panelId"], r["timestamp"]) for r in readings] == [
        (panel, last - 60_000 * ago) for ago in (2, 1, 0) for panel in ("mech-rooftop", "light")
    ]


def test_a_meter_shows_the_phases_that_it_has() -> None:
    assert {"v1", "v2", "v3", "i1", "i2", "i3"} <= reading(THREE_PHASE, NOW).keys()
    assert not {"v2", "v3", "i2", "i3"} & reading(ONE_PHASE, NOW).keys()


@hypothesis.given(time_ms=TIMES)
def test_the_same_minute_gives_the_same_reading(time_ms: int) -> None:
    assert reading(THREE_PHASE, time_ms) == reading(THREE_PHASE, time_ms)


@hypothesis.given(time_ms=TIMES)
def test_the_load_stays_below_the_warning_limit(time_ms: int) -> None:
    assert 0 < reading(THREE_PHASE, time_ms)["kW"] < 40.0


@hypothesis.given(first=TIMES, later=TIMES)
def test_an_energy_counter_never_runs_backwards(first: int, later: int) -> None:
    first, later = sorted((first, later))
    assert reading(THREE_PHASE, first)["kWhImport"] <= reading(THREE_PHASE, later)["kWhImport"]
