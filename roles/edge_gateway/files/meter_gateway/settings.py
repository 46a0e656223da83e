# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the configuration says of the buses and of the meters on them."""

from __future__ import annotations

import dataclasses
from typing import Final, Literal

Transport = Literal["tcp", "rtu", "rtu_over_tcp"]
Parity = Literal["N", "E", "O"]


# The unit id of what is at the other end of a Modbus TCP connection itself (Modbus Messaging on TCP/IP, 4.4.1.2).
DIRECT_UNIT: Final = 255


@dataclasses.dataclass(frozen=True)
class MeterSettings:
    """A meter on a bus. `unit` is its Modbus unit id (1-247, or DIRECT_UNIT over Modbus TCP), `model` a name of `models.load`.

    `interval_seconds`: None is the configuration's own interval.
    """

    panel_id: str
    meter_id: str
    unit: int
    model: str
    interval_seconds: float | None = None
    name: str | None = None

    @property
    def key(self) -> str:
        """The meter as the status file and the log name it."""
        return f"{self.panel_id}/{self.meter_id}"


@dataclasses.dataclass(frozen=True)
class BusSettings:
    """One connection: a TCP peer (`host`, `port`) or a serial device (`device`, `baudrate`, `parity`, `stopbits`; always 8 data bits).

    timeout_seconds: how long one request may take; pause_seconds: the silence kept between an answer and the next request.
    """

    id: str
    transport: Transport
    meters: tuple[MeterSettings, ...] = ()
    host: str | None = None
    port: int = 502
    device: str | None = None
    baudrate: int = 9600
    parity: Parity = "N"
    stopbits: int = 1
    timeout_seconds: float = 1.0
    pause_seconds: float = 0.02

    @property
    def peer(self) -> str:
        """The other end as a message names it."""
        return self.device or "?" if self.transport == "rtu" else f"{self.host}:{self.port}"
