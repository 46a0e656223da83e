# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When which meter is read: each at a fixed beat of its own, spread over the interval, and no meter waits for a dead one for long."""

from __future__ import annotations

import dataclasses
import heapq
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from .bus import COSTLY, MeterFault, MeterReading
from .outbox import encode
from .settings import BusSettings, MeterSettings

# A meter that has let others wait so often in a row is asked less and less often, but at least every so many seconds.
PATIENCE: Final = 3
LEAST_OFTEN_SECONDS: Final = 60.0
# A fault that lasts is said again after this long.
REMIND_SECONDS: Final = 3600.0
MOST_SENTENCES: Final = 20

_LOG = logging.getLogger(__name__)


class ReadsMeters(Protocol):
    """What a bus must be able to do; see ``bus.Bus``."""

    def read(self, meter: MeterSettings) -> MeterReading: ...

    def close(self) -> None: ...


@dataclasses.dataclass(frozen=True)
class Health:
    """How a meter is doing. last_reading: ms since boot. errors, skipped: since the program was started.

    skipped: reads that were left out because the bus did not keep up. absent: property -> why it has no value.
    """

    last_reading: int | None = None
    last_error: str | None = None
    errors: int = 0
    failed_in_a_row: int = 0
    skipped: int = 0
    absent: Mapping[str, str] = dataclasses.field(default_factory=dict)


class Poller:
    """One bus and its thread. record: gets ms since boot and the body of each reading. health: by meter, read by others."""

    def __init__(
        self,
        settings: BusSettings,
        bus: ReadsMeters,
        interval: Callable[[MeterSettings], float],
        record: Callable[[int, str], None],
        since_boot: Callable[[], int],
    ) -> None:
        self.settings = settings
        self.health: dict[str, Health] = {meter.key: Health() for meter in settings.meters}
        self._bus = bus
        self._interval = interval
        self._record = record
        self._since_boot = since_boot
        self._said: dict[str, dict[str, float]] = {}
        self._costly: dict[str, int] = {}  # how often in a row a meter took the time of a timeout
        self._behind = False

    def run(self, stop: threading.Event, alive: Callable[[], None]) -> None:
        """Until ``stop`` is set. alive: called at least once a second, but for the time that one read takes."""
        meters = self.settings.meters
        start = time.monotonic()
        due = [(start + self._interval(meter) * place / len(meters), place) for place, meter in enumerate(meters)]
        heapq.heapify(due)
        try:
            while not stop.is_set():
                alive()
                when, place = due[0]
                wait = when - time.monotonic()
                if wait > 0:
                    stop.wait(min(wait, 1.0))
                    continue
                self.poll(meters[place])
                heapq.heapreplace(due, (self._next(meters[place], when), place))
        finally:
            self._bus.close()

    def _next(self, meter: MeterSettings, when: float) -> float:
        """The next beat that is not over yet."""
        interval = self._interval(meter)
        health = self.health[meter.key]
        over = int((time.monotonic() - when) / interval)
        if over > 0 and not health.failed_in_a_row:
            self.health[meter.key] = dataclasses.replace(health, skipped=health.skipped + over)
            if not self._behind:
                _LOG.warning(
                    "Bus %s (%s) does not keep up: meter %s is read less often than asked for. %s",
                    self.settings.id,
                    self.settings.peer,
                    meter.key,
                    self._way_out(),
                )
            self._behind = True
        return when + interval * (over + self._patience(self._costly.get(meter.key, 0), interval))

    def _way_out(self) -> str:
        silent = [key for key, count in self._costly.items() if count]
        if silent:
            return f"The others wait for {' and '.join(silent)}: see to that first, or take it out."
        return "Lengthen interval_seconds, or put fewer meters on the bus."

    def _patience(self, failed: int, interval: float) -> int:
        """In how many beats to ask again. A meter that is alone on its bus takes time from no other."""
        if failed < PATIENCE or len(self.settings.meters) == 1:
            return 1
        return max(1, min(2 ** min(failed - PATIENCE + 1, 16), int(LEAST_OFTEN_SECONDS / interval)))

    def poll(self, meter: MeterSettings) -> None:
        """Read a meter once: record what it says, or note why it says nothing."""
        before = self.health[meter.key]
        try:
            reading = self._bus.read(meter)
            if not reading.values:
                raise MeterFault(
                    "implausible", f"Meter {meter.key} on bus {self.settings.id} gave no value that can be used: {_list(reading.absent)}."
                )
            body = encode({"panelId": meter.panel_id, "meterId": meter.meter_id, **reading.values})
        except MeterFault as fault:
            self._costly[meter.key] = self._costly.get(meter.key, 0) + 1 if fault.kind in COSTLY else 0
            self._failed(meter, before, fault.sentence)
            return
        except ValueError as error:
            self._failed(meter, before, f"Meter {meter.key} on bus {self.settings.id} gave a value that is no number: {error}.")
            return
        self._costly.pop(meter.key, None)
        now = self._since_boot()
        self._record(now, body)
        self.health[meter.key] = dataclasses.replace(before, last_reading=now, last_error=None, failed_in_a_row=0, absent=reading.absent)
        if self._said.pop(meter.key, None):
            _LOG.info("Meter %s on bus %s answers again after %d failed reads.", meter.key, self.settings.id, before.failed_in_a_row)
        if set(reading.absent) != set(before.absent) and reading.absent:
            _LOG.info("Meter %s on bus %s has no value for: %s.", meter.key, self.settings.id, _list(reading.absent))
        for notice in reading.notices:
            _LOG.warning("%s", notice)

    def _failed(self, meter: MeterSettings, before: Health, sentence: str) -> None:
        self.health[meter.key] = dataclasses.replace(
            before, last_error=sentence, errors=before.errors + 1, failed_in_a_row=before.failed_in_a_row + 1
        )
        # By sentence: on a line with noise, faults take turns.
        said = self._said.setdefault(meter.key, {})
        if sentence not in said or time.monotonic() - said[sentence] > REMIND_SECONDS:
            _LOG.warning("%s", sentence)
            if len(said) >= MOST_SENTENCES:
                said.clear()
            said[sentence] = time.monotonic()


def _list(absent: Mapping[str, str]) -> str:
    return ", ".join(f"{name} ({why})" for name, why in absent.items()) or "it has no register"
