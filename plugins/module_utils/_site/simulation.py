# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What plausible meters would have measured: readings for demonstrations and trainings (pure).

The load of each meter follows the working day with a little noise. All of it is a function of the meter and the time, so that
the same minute gives the same reading again and energy counters never run backwards.
"""

from __future__ import annotations

import collections.abc as c
import datetime
import hashlib
import math
import typing as t

VOLTAGE = 230.0
POWER_FACTOR = 0.95
FREQUENCY = 50.0
MINUTE_MS = 60_000
# From here on the energy counters count.
COUNTER_EPOCH_MS = 1_735_689_600_000


def simulated_readings(meters: c.Iterable[dict[str, t.Any]], *, now_ms: int, minutes: int) -> list[dict[str, t.Any]]:
    """One reading per meter and full minute, for the last ``minutes`` minutes up to ``now_ms`` (Unix milliseconds), oldest first."""
    last = now_ms - now_ms % MINUTE_MS
    times = [last - MINUTE_MS * ago for ago in reversed(range(minutes))]
    return [reading(meter, time) for time in times for meter in meters]


def reading(meter: dict[str, t.Any], time_ms: int) -> dict[str, t.Any]:
    """What a meter (as ``site_meters`` describes it) shows at a time: V, A, kW, kWh, Hz."""
    seed = f"{meter['panel_id']}/{meter['meter_id']}"
    power = round(_rated_power(meter, seed) * _load(time_ms, seed), 3)
    phases = range(1, meter["phases"] + 1)
    voltages = {f"v{phase}": round(VOLTAGE + 3 * (_noise(seed, phase, time_ms) - 0.5), 2) for phase in phases}
    currents = {f"i{phase}": round(power * 1000 / meter["phases"] / (voltages[f"v{phase}"] * POWER_FACTOR), 3) for phase in phases}
    return {
        "panelId": meter["panel_id"],
        "meterId": meter["meter_id"],
        "timestamp": time_ms,
        **voltages,
        **currents,
        "kW": power,
        "pf": POWER_FACTOR,
        "hz": round(FREQUENCY + 0.04 * (_noise("grid", 0, time_ms) - 0.5), 3),
        "kWhImport": _energy(_rated_power(meter, seed), time_ms),
    }


def _rated_power(meter: dict[str, t.Any], seed: str) -> float:
    """Kilowatts at full load: below the meter's warning limit where it has one."""
    warning = (meter.get("limits") or {}).get("kW", {}).get("warning")
    if warning:
        return 0.8 * float(warning)
    return (4.0 + 12.0 * _noise(seed, 0, 0)) if meter["phases"] == 3 else (0.8 + 2.2 * _noise(seed, 0, 0))


def _load(time_ms: int, seed: str) -> float:
    """Share of the rated power (0.15 to 1): a working day in UTC with noise."""
    moment = datetime.datetime.fromtimestamp(time_ms / 1000, datetime.timezone.utc)
    hour = moment.hour + moment.minute / 60
    day = 0.5 * (1 + math.cos((hour - 13) / 24 * 2 * math.pi))
    return min(1.0, 0.2 + 0.65 * day + 0.15 * _noise(seed, 9, time_ms))


def _energy(rated_power: float, time_ms: int) -> float:
    """A counter that grows by the mean load; it needs no memory and never runs backwards."""
    hours = (time_ms - COUNTER_EPOCH_MS) / 3_600_000
    return round(rated_power * 0.525 * hours, 2)


def _noise(seed: str, part: int, time_ms: int) -> float:
    """A number between 0 and 1 that is always the same for the same arguments."""
    digest = hashlib.sha256(f"{seed}:{part}:{time_ms}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32
