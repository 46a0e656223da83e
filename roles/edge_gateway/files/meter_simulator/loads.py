# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What simulated meters measure: functions of time alone, so that the same moment always shows the same values."""

from __future__ import annotations

import csv
import dataclasses
import datetime
import itertools
import math
import pathlib
import zlib
from typing import Protocol

DAY = 86_400.0
HOURS = 3600.0
START = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc).timestamp()
"""Since when the counters of a profile count (Unix seconds)."""

PHASE_SHARES = (0.36, 0.33, 0.31)


class Load(Protocol):
    """Something that a meter measures."""

    def values(self, when: float, phases: int) -> dict[str, float]:
        """Property -> value (V, A, kW, kWh, Hz) at `when` (Unix seconds), for a meter with 1 or 3 phases."""


@dataclasses.dataclass(frozen=True)
class Profile:
    """A load that swings with the day and within the quarter of an hour around 55 % of `kw`.

    key: gives each meter a phase of its own.
    """

    key: str
    kw: float

    def values(self, when: float, phases: int) -> dict[str, float]:
        seed = zlib.crc32(self.key.encode())
        day_shift, short, short_shift = seed % 86_400, 600.0 + seed % 601, seed % 599
        waves = ((0.35, DAY, day_shift), (0.10, short, short_shift))
        power = self.kw * (0.55 + sum(share * math.sin(math.tau * (when - shift) / period) for share, period, shift in waves))
        counted = 0.55 * (when - START) - sum(
            share * period / math.tau * (math.cos(math.tau * (when - shift) / period) - math.cos(math.tau * (START - shift) / period))
            for share, period, shift in waves
        )
        energy = max(self.kw * counted / HOURS, 0.0)
        factor = 0.93 + 0.05 * math.sin(math.tau * (when - short_shift) / short)
        volts = [230.0 + 2.5 * math.sin(math.tau * (when + 137 * phase - day_shift) / 1800) for phase in range(phases)]
        return _properties(power, factor, volts, 50.0 + 0.03 * math.sin(math.tau * when / 307), energy, False)


@dataclasses.dataclass(frozen=True)
class Sun:
    """An inverter that feeds in while the sun shines, up to `kw`: a clear day of the equinox at 0 degrees of longitude, by the meter's clock.

    key: gives each meter a yield of its own.
    """

    key: str
    kw: float

    def values(self, when: float, phases: int) -> dict[str, float]:
        seed = zlib.crc32(self.key.encode())
        share = 0.8 + seed % 200 / 1000
        day, second = divmod(when - START, DAY)
        angle = math.tau * min(max(second / DAY - 0.25, 0.0), 0.5)  # from sunrise at 6:00, 0, to sunset at 18:00, half a turn
        power = self.kw * share * math.sin(angle) if 0 < angle < math.pi else 0.0
        counted = (2 * day + 1 - math.cos(angle)) * DAY / math.tau
        volts = [230.0 + 2.5 * math.sin(math.tau * (when + 137 * phase + seed % 1800) / 1800) for phase in range(phases)]
        return _properties(-power if power else 0.0, 1.0, volts, 50.0, self.kw * share * counted / HOURS, True)


class Recording:
    """A file of real readings, played over and over: row by row, `step_seconds` each.

    The file is CSV with a head; columns: property (kW, v1, kvar) -> column. The energy counter adds up the power.
    """

    def __init__(self, path: pathlib.Path, columns: dict[str, str], step_seconds: float = 60.0) -> None:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        self._step = step_seconds
        self._kw = [float(row[columns["kW"]]) for row in rows]
        self._volts = [float(row[columns["v1"]]) if "v1" in columns else 230.0 for row in rows]
        self._kvar = [float(row[columns["kvar"]]) if "kvar" in columns else 0.0 for row in rows]
        self._energy = [0.0, *itertools.accumulate(max(power, 0.0) * step_seconds / HOURS for power in self._kw)]

    def values(self, when: float, phases: int) -> dict[str, float]:
        rounds, row = divmod(int((when - START) // self._step), len(self._kw))
        within = (when - START) % self._step
        energy = rounds * self._energy[-1] + self._energy[row] + max(self._kw[row], 0.0) * within / HOURS
        apparent = math.hypot(self._kw[row], self._kvar[row])
        factor = self._kw[row] / apparent if apparent else 1.0
        return _properties(self._kw[row], factor, [self._volts[row]] * phases, 50.0, max(energy, 0.0), False)


def _properties(power: float, factor: float, volts: list[float], frequency: float, energy: float, feeds_in: bool) -> dict[str, float]:
    shares = PHASE_SHARES if len(volts) == 3 else (1.0,)
    values = {
        "kW": power,
        "pf": factor,
        "hz": frequency,
        "kWhImport": 0.0 if feeds_in else energy,
        "kWhExport": energy if feeds_in else 0.0,
    }
    for number, (share, voltage) in enumerate(zip(shares, volts, strict=True), start=1):
        values[f"kW{number}"] = power * share
        values[f"v{number}"] = voltage
        values[f"i{number}"] = abs(power * share) * 1000 / (voltage * abs(factor)) if factor else 0.0
    return values
