# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What time it is, and whether that can be believed.

A box without a battery for its clock wakes up in 1970, or (fake-hwclock) at the moment it was switched off, and learns the time only
when the network is there. So each reading is taken in time since boot, which never jumps, and gets its timestamp from the
difference between the two clocks once the wall clock can be believed.
"""

from __future__ import annotations

import ctypes
import dataclasses
import pathlib
import subprocess
import time
from collections.abc import Callable
from typing import Final, Literal

# No reading was taken before this program was made: 2026-11-01 00:00 UTC.
EARLIEST_MS: Final = 1_793_491_200_000
# Corrections below this are what NTP does all day.
STEP_MS: Final = 5_000
BOOT_ID: Final = pathlib.Path("/proc/sys/kernel/random/boot_id")
TIMESYNC: Final = pathlib.Path("/run/systemd/timesync")
# What systemd-timesyncd, chrony, ntpsec and openntpd have there while they run.
SERVICES: Final = (TIMESYNC, pathlib.Path("/run/chrony"), pathlib.Path("/run/ntpd.pid"), pathlib.Path("/run/ntpd.sock"))

# Asks the kernel, by a service of systemd's, for programs that are not allowed to: timedatectl(1).
TIMEDATECTL: Final = ("/usr/bin/timedatectl", "show", "--property=NTPSynchronized", "--value")
TIMEDATECTL_SECONDS: Final = 5.0
ASK_SECONDS: Final = 10.0

# adjtimex(2): the state that it returns while nothing disciplines the clock, and more room than its struct takes anywhere.
_TIME_ERROR: Final = 5
_TIMEX_BYTES: Final = 512

Unsynchronized = Literal["auto", "hold", "trust"]


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


def since_boot_ms() -> int:
    """Milliseconds since boot, time asleep included. The same for all processes until the next boot."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


def boot_id() -> str:
    """The kernel's name for this boot."""
    return BOOT_ID.read_text().strip()


def synchronized() -> bool | None:
    """Whether something (NTP, PTP, GPS) keeps the clock right since boot; None where that cannot be known.

    The kernel knows (adjtimex(2)), but a unit with ProtectClock= may not ask it, for the same call sets the clock. There
    systemd-timesyncd's flag file is as good, and where something else sets the clock (chrony, ntpsec), timedatectl asks for it.
    """
    adjtimex = getattr(ctypes.CDLL(None), "adjtimex", None)
    state = adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)) if adjtimex else -1
    if state >= 0:
        # The flag file stays where the kernel has given up since: a program that is started then still knows.
        return bool(state != _TIME_ERROR) or (TIMESYNC / "synchronized").exists()
    return (TIMESYNC / "synchronized").exists() if TIMESYNC.exists() else _timedatectl()


def _timedatectl() -> bool | None:
    try:
        # Without our environment: NOTIFY_SOCKET and the watchdog's are for this program alone.
        told = subprocess.run(
            TIMEDATECTL, env={}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEDATECTL_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):  # without systemd, or without its message bus
        return None
    return {"yes": True, "no": False}.get(told.stdout.strip())


def will_be_synchronized() -> bool:
    """Whether a service for that runs on this box."""
    return any(path.exists() for path in SERVICES)


@dataclasses.dataclass
class Clock:
    """The wall clock with a verdict.

    unsynchronized: what to do while the date is possible but the clock is not synchronised: "hold" readings until it is known to be,
    "trust" it, or "auto": hold them if a service will synchronise it; trust it where there is none, and where it cannot be known.
    Once it was synchronised it is believed until the program ends: without NTP the kernel gives up after some 9 hours, and a clock
    that has drifted by a second is better than no reading. wall, since_boot: milliseconds. The functions are parameters so that
    tests can turn them.
    """

    unsynchronized: Unsynchronized = "auto"
    wall: Callable[[], int] = wall_ms
    since_boot: Callable[[], int] = since_boot_ms
    sync: Callable[[], bool | None] = synchronized
    sync_comes: Callable[[], bool] = will_be_synchronized
    _was_synchronized: bool = dataclasses.field(default=False, init=False)
    _asked: tuple[float, bool | None] | None = dataclasses.field(default=None, init=False)

    def doubt(self) -> str | None:
        """Why no reading can be stamped now, as a sentence for the log; None if the clock can be believed."""
        if self.wall() < EARLIEST_MS:
            return "The clock is not set (its date lies before this program was made): readings are held, and get their time once it is."
        if self.unsynchronized == "trust" or self._was_synchronized:
            return None
        synchronized_now = self._ask()
        if synchronized_now:
            self._was_synchronized = True
        if synchronized_now or (self.unsynchronized == "auto" and (synchronized_now is None or not self.sync_comes())):
            return None
        return (
            "The clock is not known to be synchronised since boot: readings are held, and get their time once it is."
            " See that NTP works (timedatectl), or set clock.unsynchronized to 'trust' where it never will."
        )

    def _ask(self) -> bool | None:
        """What ``sync`` says, which may start a process: not in each round."""
        now = self.since_boot()
        if self._asked is None or now - self._asked[0] >= ASK_SECONDS * 1000:
            self._asked = now, self.sync()
        return self._asked[1]

    def offset(self) -> int:
        """What to add to a time since boot to get Unix milliseconds."""
        return self.wall() - self.since_boot()
