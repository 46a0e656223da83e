# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What systemd hears of the program (sd_notify(3)): nothing where it was not started by systemd."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping


class Notifier:
    """Speaks to systemd by the socket that it named in ``NOTIFY_SOCKET``.

    watchdog_seconds: how often systemd wants a sign of life at the latest (``WatchdogSec``); None if it wants none.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        environment = os.environ if environment is None else environment
        self._address = environment.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):
            self._address = "\0" + self._address[1:]
        microseconds = environment.get("WATCHDOG_USEC", "")
        meant_for = environment.get("WATCHDOG_PID", "")
        wanted = microseconds.isdigit() and meant_for in ("", str(os.getpid()))
        self.watchdog_seconds = int(microseconds) / 1_000_000 if wanted else None

    def send(self, *assignments: str) -> None:
        """``send("READY=1", "STATUS=...")``. A systemd that does not listen is no reason to stop."""
        if self._address:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
                link.sendto("\n".join(assignments).encode(), self._address)
