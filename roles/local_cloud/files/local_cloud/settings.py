# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings of one local cloud, as the command line gives them."""

from __future__ import annotations

import dataclasses
import pathlib


@dataclasses.dataclass(frozen=True)
class Knobs:
    """How unkind the cloud is to its clients. All of it is off by default.

    latency: seconds added to every API call.
    rate: API calls a second before answers turn into 429 ThrottlingException; 0 is no limit.
    faults: share (0 to 1) of API calls that are answered with a 500 or a 429 or cut off.
    settle: seconds that an asynchronous resource stays in its CREATING, UPDATING or DELETING state.
    throttled: share (0 to 1) of API calls that are answered with a 429.
    broken: share (0 to 1) of creations and updates of TwinMaker entities that end in state ERROR.
    new_account: not 0: an account that services which are closed to new customers (Timestream for LiveAnalytics) refuse.
    """

    latency: float = 0.0
    rate: float = 0.0
    faults: float = 0.0
    settle: float = 0.0
    throttled: float = 0.0
    broken: float = 0.0
    new_account: float = 0.0


@dataclasses.dataclass(frozen=True)
class Settings:
    """Where a local cloud listens and keeps its data."""

    home: pathlib.Path
    port: int = 5126
    mqtt_port: int = 8883
    region: str = "eu-central-1"
    account: str = "123456789012"
    knobs: Knobs = dataclasses.field(default_factory=Knobs)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"
