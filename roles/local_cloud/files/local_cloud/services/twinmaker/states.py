# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asynchronous states without timers: a record holds the state it is in and the time at which that ends."""

from __future__ import annotations

import typing as t

from local_cloud.store import Record

_FAULT: t.Final = {"code": "INTERNAL_FAILURE", "message": "An internal failure occurred. (a fault of the knobs)"}


def begin(state: str, now: float, settle: float) -> Record:
    """The members of a record that is in ``state`` for ``settle`` seconds and then ACTIVE."""
    return {"state": state, "settlesAt": now + settle}


def current(record: Record, now: float) -> str:
    """The state now. What is in DELETING stays there until it is removed; a record with ``fails`` ends in ERROR."""
    state: str = record["state"]
    if state == "DELETING" or now < record["settlesAt"]:
        return state
    return "ERROR" if record.get("fails") else "ACTIVE"


def status(state: str) -> dict[str, t.Any]:
    """A Status; the service answers an empty error object, not none, for a resource that is well."""
    return {"state": state, "error": _FAULT if state == "ERROR" else {}}
