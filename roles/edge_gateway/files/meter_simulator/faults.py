# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults on demand: what a simulated meter is told to do wrong, in a small JSON file that may change at any time.

The file maps "<bus id>/<unit id>" to one fault:
  {"kind": "timeout"}                            no answer, as when it is unplugged
  {"kind": "exception", "code": 4}               each request is answered with this Modbus exception
  {"kind": "refuse", "properties": [...]}        the registers of these properties do not exist (exception 2)
  {"kind": "late", "seconds": 1.5}               each answer comes so much later, on whatever connection is open then
  {"kind": "swapped"}                            the words of each number stand in the wrong order
  {"kind": "sentinel"}                           each number says "not available"
  {"kind": "counter_reset"}                      the energy counters start from 0 again
  {"kind": "garbled"}                            the answer is damaged on its way
  {"kind": "wrong_unit"}                         another unit id stands in the answer
"""

from __future__ import annotations

import json
import os
import pathlib
import sys
import tempfile
from collections.abc import Mapping
from typing import Any

KINDS = ("timeout", "exception", "refuse", "late", "swapped", "sentinel", "counter_reset", "garbled", "wrong_unit")

Fault = Mapping[str, Any]
NONE: Fault = {}


class FaultFile:
    """The faults of a file (which may be missing: none), read again when it changes."""

    def __init__(self, path: pathlib.Path | None) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._faults: dict[str, Fault] = {}

    def of(self, bus: str, unit: int) -> Fault:
        """The fault of a meter; empty when it has none."""
        self._refresh()
        return self._faults.get(f"{bus}/{unit}", NONE)

    def _refresh(self) -> None:
        if self._path is None:
            return
        try:
            found = os.stat(self._path)
        except FileNotFoundError:
            self._stamp, self._faults = None, {}
            return
        stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._faults = read(self._path)
            except ValueError as error:
                sys.stderr.write(f"meter_simulator: {error} The faults stay as they were.\n")


def read(path: pathlib.Path) -> dict[str, Fault]:
    """The faults in a file. Raises ValueError naming the file and what is wrong."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is no JSON ({error}): write it anew.") from None
    if not isinstance(content, dict) or not all(isinstance(fault, dict) for fault in content.values()):
        raise ValueError(f"{path} does not map meters to faults: write it as {{BUS/UNIT: {{kind: ...}}}}.")
    for meter, fault in content.items():
        if fault.get("kind") not in KINDS:
            raise ValueError(f"{path}: {meter} has a fault of kind {fault.get('kind')!r}: it takes one of {', '.join(KINDS)}.")
    return content


def put(path: pathlib.Path, bus: str, unit: int, fault: Fault | None) -> None:
    """Give a meter a fault, or none. The others keep theirs."""
    faults = read(path) if path.exists() else {}
    faults.pop(f"{bus}/{unit}", None)
    if fault:
        faults[f"{bus}/{unit}"] = fault
    # Renamed into place: the simulator never reads half a file.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(faults, file)
    os.replace(name, path)
