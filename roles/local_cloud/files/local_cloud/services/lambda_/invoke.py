# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an invocation gives back to another room of the local cloud."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True)
class Outcome:
    """payload: the parsed JSON that the handler returned, or the error report. log: what the invocation printed."""

    payload: t.Any
    error: bool
    timed_out: bool
    log: str
