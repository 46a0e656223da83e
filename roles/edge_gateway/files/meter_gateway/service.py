# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gateway as a service: its threads, its signals, and its signs of life.

One thread for each bus, one that writes to the outbox, one that publishes; the main thread watches them, writes the status file and
talks to systemd. SIGTERM and SIGINT end it cleanly; SIGHUP checks the configuration and, if it is good, starts the program anew in
the same process.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import pathlib
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Final

from . import __version__, clock, config, outbox, status
from .bus import Bus
from .clock import Clock
from .config import Config
from .listener import Listener
from .models import MeterModel
from .notify import Notifier
from .outgoing import Outgoing
from .polling import Health, Poller, ReadsMeters
from .publisher import Publisher
from .recorder import Recorder
from .settings import BusSettings

STATUS_SECONDS: Final = 5.0
# A thread that has shown no life for this long is stuck: no name lookup, TLS handshake or sequence of slow requests takes longer.
STUCK_SECONDS: Final = 180.0
# For the buses, the publisher and the outbox each.
LEAVE_SECONDS: Final = 5.0

EXIT_CLEAN: Final = 0
EXIT_BROKEN: Final = 1
# sysexits.h's EX_CONFIG: starting again is no remedy.
EXIT_CONFIG: Final = 78

MakeBus = Callable[[BusSettings, Mapping[str, MeterModel]], ReadsMeters]

_LOG = logging.getLogger(__name__)


class _Worker:
    """A thread with a pulse."""

    def __init__(self, name: str, run: Callable[[threading.Event, Callable[[], None]], None], wake: threading.Event) -> None:
        self.name = name
        self.stop = threading.Event()
        self.failure: str | None = None
        self._run = run
        self._wake = wake
        self._seen = time.monotonic()
        self._thread = threading.Thread(target=self._guarded, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def _alive(self) -> None:
        self._seen = time.monotonic()

    def _guarded(self) -> None:
        try:
            self._run(self.stop, self._alive)
        except Exception as error:  # a fault of this program: it is told in one line, and systemd starts it anew
            where = traceback.extract_tb(error.__traceback__)[-1]
            self.failure = f"Thread '{self.name}' ended by a fault of the program: {type(error).__name__}: {error} ({where.name}, line {where.lineno})."
            self._wake.set()

    def trouble(self) -> str | None:
        """Why this thread is not well; None if it is."""
        silent = time.monotonic() - self._seen
        if self.failure or silent < STUCK_SECONDS:
            return self.failure
        return f"Thread '{self.name}' has been stuck for {silent:.0f} s."

    def join(self, seconds: float) -> None:
        self.stop.set()
        if self._thread.ident is not None:
            self._thread.join(seconds)


class Service:
    """Everything, put together. Raises outbox.OutboxFailed if the outbox cannot be opened.

    make_bus: gives the bus of its settings; a parameter for tests.
    """

    def __init__(
        self, settings: Config, *, make_bus: MakeBus = Bus, notifier: Notifier | None = None, the_clock: Clock | None = None
    ) -> None:
        self._config = settings
        self._notifier = notifier or Notifier()
        self._clock = the_clock or Clock(settings.clock)
        self._boot = clock.boot_id()
        self._started = clock.wall_ms()
        self._wake = threading.Event()
        self._ending = threading.Event()
        self.starts_anew = False
        self._status_failed = False
        self.recorder = Recorder(self._open_outbox, self._clock, self._deliver, self._rescan)
        self._outgoing = Outgoing(self.recorder.after, settings.publishes_per_second)
        self.publisher = Publisher(settings.mqtt, settings.topic, self._outgoing, self.recorder.confirm, self._clock_is_sure)
        self.pollers = [
            Poller(bus, make_bus(bus, settings.models), settings.interval, self.recorder.put, self._clock.since_boot)
            for bus in settings.buses
            if bus.meters
        ]
        self.listener = Listener(settings.listener, self._heard) if settings.listener else None
        self._recording = _Worker("outbox", self.recorder.run, self._wake)
        self._publishing = _Worker("publisher", self.publisher.run, self._wake)
        self._polling = [_Worker(f"bus {poller.settings.id}", poller.run, self._wake) for poller in self.pollers]

    # ---- what the rooms tell each other

    def _open_outbox(self) -> outbox.Outbox:
        return outbox.open_or_replace(self._config.outbox_path, self._config.outbox_limits, self._boot, clock.wall_ms)

    def _deliver(self, entries: Any) -> None:
        self._outgoing.offer(entries)
        self.publisher.wake()

    def _rescan(self) -> None:
        self._outgoing.rescan()
        self.publisher.wake()

    def _clock_is_sure(self) -> bool:
        return self._clock.doubt() is None

    def _heard(self, body: str, taken: int | None, committed: Callable[[], None]) -> None:
        self.recorder.put(self._clock.since_boot(), body, None, taken, committed)

    # ---- life

    def end(self, *, start_anew: bool = False) -> None:
        """Ends ``run``. From any thread, and from a signal's handler. start_anew: the program goes on in the same process."""
        # Who was told to end does not start anew for a SIGHUP that comes after it.
        self.starts_anew = start_anew and (self.starts_anew or not self._ending.is_set())
        self._ending.set()
        self._wake.set()

    def run(self) -> int:
        """Until ``end`` is called or a thread fails; gives the exit code."""
        workers = [self._recording, self._publishing, *self._polling]
        for worker in workers:
            worker.start()
        if self.listener:
            self.listener.start()
        meters = sum(len(poller.settings.meters) for poller in self.pollers)
        _LOG.info("meter_gateway %s reads %d meters on %d buses.", __version__, meters, len(self.pollers))
        self._write_status()
        self._notifier.send("READY=1", self._summary())
        failure = self._watch(workers)
        if failure or not self.starts_anew:
            self._notifier.send("STOPPING=1")
        else:  # READY=1 follows; after STOPPING=1 systemd would take the unit for one that goes away
            self._notifier.send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
        self._write_status(stopping=True)
        self._stop()
        if failure:
            _LOG.critical("%s", failure)
            return EXIT_BROKEN
        _LOG.info("meter_gateway has stopped; %d readings wait in the outbox.", self.recorder.contents.readings)
        return EXIT_CLEAN

    def _watch(self, workers: list[_Worker]) -> str | None:
        """The main thread's round; gives why it ends, if for a failure."""
        beat = min(STATUS_SECONDS, (self._notifier.watchdog_seconds or STATUS_SECONDS) / 3)
        due, seen = 0.0, self._states()
        while not self._ending.is_set():
            self._wake.wait(min(1.0, beat))
            self._wake.clear()
            failure = next((worker.failure for worker in workers if worker.failure), None)
            if failure:
                return failure
            stuck = [trouble for worker in workers if (trouble := worker.trouble())]
            if not stuck:
                self._notifier.send("WATCHDOG=1")
            if time.monotonic() >= due or self._states() != seen:
                due, seen = time.monotonic() + STATUS_SECONDS, self._states()
                self._write_status(stuck=stuck)
                self._notifier.send(self._summary())
        return None

    def _stop(self) -> None:
        """What reads stops first, what writes last: so nothing that was read is lost."""
        if self.listener:
            self.listener.stop()
        for worker in self._polling:
            worker.stop.set()
        end = time.monotonic() + LEAVE_SECONDS
        for worker in self._polling:
            worker.join(max(0.0, end - time.monotonic()))
        self.publisher.stop()
        self._publishing.join(LEAVE_SECONDS)
        self._recording.join(LEAVE_SECONDS)
        status.remove(self._config.status_file)

    # ---- what is told

    def _states(self) -> tuple[Any, ...]:
        """Changes when something does that the status file should tell at once."""
        meters = tuple(health.last_error for poller in self.pollers for health in poller.health.values())
        heard = self.listener and (self.listener.state, self.listener.last_error)
        return self.publisher.state, self.recorder.doubt, self.recorder.disk_error, heard, meters

    def _summary(self) -> str:
        health = [one for poller in self.pollers for one in poller.health.values()]
        silent = sum(one.last_error is not None for one in health)
        return (
            f"STATUS=Broker {self.publisher.state.state}; {len(health) - silent} of {len(health)} meters answer;"
            f" {self.recorder.contents.readings} readings in the outbox"
        )

    def _write_status(self, *, stuck: list[str] | None = None, stopping: bool = False) -> None:
        try:
            status.write(self._config.status_file, {**self.status(), "stuck": stuck or [], "stopping": stopping})
        except OSError as error:
            if not self._status_failed:
                _LOG.warning("The status file %s cannot be written: %s. Check its folder.", self._config.status_file, error.strerror)
            self._status_failed = True

    def status(self) -> dict[str, Any]:
        """As in the status file: times are Unix milliseconds."""
        contents = self.recorder.contents
        mqtt = dataclasses.asdict(self.publisher.state)
        doubt = self.recorder.doubt
        offset = None if doubt else self._clock.offset()
        return {
            "version": __version__,
            "gateway": self._config.gateway,
            "started": self._started,
            "now": clock.wall_ms(),
            "boot": self._boot,
            "since_boot": clock.since_boot_ms(),
            "clock": "unset" if doubt else "set",
            "clock_doubt": doubt,
            "mqtt": {**mqtt, "since": int(mqtt["since"] * 1000)},
            "outbox": {**dataclasses.asdict(contents), "error": self.recorder.disk_error},
            "published": self.publisher.published,
            "acknowledged": self.publisher.acknowledged,
            "listener": self.listener
            and {name: getattr(self.listener, name) for name in ("state", "last_error", "messages", "refused", "last_refused")},
            "meters": {key: _meter(health, offset) for poller in self.pollers for key, health in poller.health.items()},
        }


def _meter(health: Health, offset: int | None) -> dict[str, Any]:
    last = health.last_reading
    return {
        "last_reading": last + offset if last is not None and offset is not None else None,
        "last_error": health.last_error,
        "errors": health.errors,
        "skipped": health.skipped,
        "absent": dict(health.absent),
    }


def run(path: pathlib.Path) -> int:
    """The program: the service of a configuration file, until a signal ends it; gives the exit code."""
    try:
        settings = config.load(path)
    except config.ConfigFaults as faults:
        for sentence in faults.sentences:
            _LOG.error("%s", sentence)
        return EXIT_CONFIG
    notifier = Notifier()
    try:
        service = Service(settings, notifier=notifier)
    except (outbox.OutboxFailed, outbox.Damaged) as error:
        _LOG.critical("%s", error)
        return EXIT_BROKEN

    def reload(_number: int, _frame: Any) -> None:
        try:
            config.load(path)
        except config.ConfigFaults as faults:
            _LOG.error("The configuration stays as it was: %s", " ".join(faults.sentences))
            return
        service.end(start_anew=True)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: service.end())
    signal.signal(signal.SIGHUP, reload)
    code = service.run()
    if service.starts_anew and code == EXIT_CLEAN:
        _LOG.info("Starting anew with the changed configuration.")
        # The program's own arguments once more, in the same process: systemd goes on watching it.
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    return code
