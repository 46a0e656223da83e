# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bus: one connection and the meters behind it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Literal

from .models import MeterModel
from .settings import BusSettings, MeterSettings

FaultKind = Literal["unreachable", "exception", "framing", "implausible", "settings"]


@dataclasses.dataclass(frozen=True)
class MeterReading:
    """What one meter said in one poll.

    values: property -> value in V, A, kW, kWh, Hz. words: register address -> 16-bit word as it was read.
    absent: property of the model without a value -> why. notices: sentences for the log (a counter that was reset, ...).
    """

    values: dict[str, float]
    words: dict[int, int]
    absent: dict[str, str]
    notices: tuple[str, ...] = ()


class MeterFault(Exception):
    """A meter gave no reading. `str()` is one sentence that names meter, bus and remedy."""

    def __init__(self, kind: FaultKind, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.sentence = sentence


class Bus:
    """Reads meters, one after the other. Blocking; to be used from one thread only; every call ends by itself."""

    def __init__(self, settings: BusSettings, models: Mapping[str, MeterModel]) -> None:
        self.settings = settings
        self._models = models

    def read(self, meter: MeterSettings) -> MeterReading:
        """Read one meter once. Connects when it has to. Raises MeterFault; the next call then starts afresh."""
        raise MeterFault("unreachable", f"Meter {meter.key} on bus {self.settings.id}: not implemented yet.")

    def close(self) -> None:
        """Close the connection. The next read opens it again."""
