# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gateway with meters that count, as a process that can be killed: ``numbered_gateway.py CONFIG LIFE ACCEPTED RATE``.

Everything is the real program but the buses. LIFE: a number that no other run has. ACCEPTED: a file that gets one line for each
reading after its commit. RATE: messages a second, beyond what a configuration may ask for.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import pathlib
import signal
import sys
import typing as t

from meter_gateway import log, outbox
from meter_gateway.bus import MeterReading
from meter_gateway.config import load
from meter_gateway.outbox import Entry
from meter_gateway.service import Service
from meter_gateway.settings import BusSettings, MeterSettings

READINGS_PER_LIFE = 1_000_000


def check(number: int) -> float:
    """A value that belongs to a number and hardly to another one."""
    return number * 7919 % 10_007 / 10


class NumberedBus:
    def __init__(self, numbers: t.Iterator[int]) -> None:
        self._numbers = numbers

    def read(self, _meter: MeterSettings) -> MeterReading:
        number = next(self._numbers)
        return MeterReading({"kWhImport": float(number), "v1": check(number)}, {}, {})

    def close(self) -> None:
        pass


class TellingOutbox(outbox.Outbox):
    """Says which readings are committed, after they are."""

    accepted: t.ClassVar[int]

    def write(self, entries: t.Sequence[Entry], confirmed: t.Collection[int] = (), no_disk: int = 0) -> list[Entry]:
        kept = super().write(entries, confirmed, no_disk)
        os.write(self.accepted, "".join(f"{entry.payload}\n" for entry in kept).encode())
        return kept


def main() -> int:
    config, life, accepted, rate = sys.argv[1:]
    log.start()
    TellingOutbox.accepted = os.open(accepted, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    outbox.Outbox = TellingOutbox  # type: ignore[misc]
    numbers = itertools.count(int(life) * READINGS_PER_LIFE)
    settings = dataclasses.replace(load(pathlib.Path(config)), publishes_per_second=float(rate))

    def bus(_settings: BusSettings, _models: t.Any) -> NumberedBus:
        return NumberedBus(numbers)

    service = Service(settings, make_bus=bus)
    signal.signal(signal.SIGTERM, lambda _number, _frame: service.end())
    return service.run()


def readings(lines: t.Iterable[bytes]) -> dict[int, dict[str, t.Any]]:
    """The readings of payloads by their numbers. A line that a kill has cut off is none."""
    found = {}
    for line in lines:
        try:
            reading = json.loads(line)
        except ValueError:
            continue
        found[int(reading["kWhImport"])] = reading
    return found


if __name__ == "__main__":
    sys.exit(main())
