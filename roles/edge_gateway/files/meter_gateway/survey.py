# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looking at meters by hand: one meter's values with the words they came from, and what answers on a bus."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping

from .bus import Bus, MeterReading
from .modbus import UNREACHABLE_EXCEPTIONS, BadAnswer, Connection, NoAnswer, Refused
from .models import UNITS, MeterModel, quantity
from .registers import Register, RegisterKind, decode
from .settings import BusSettings, MeterSettings

UNIT_IDS = range(1, 248)

# A voltage and a frequency that a mains has: what an unknown meter is recognised by.
MAINS_VOLTS = (80.0, 300.0)
MAINS_HERTZ = (45.0, 65.0)


@dataclasses.dataclass(frozen=True)
class Line:
    """One property of a probed meter. value: None when it is absent; then `reason` says why. words: as they were read, perhaps none."""

    name: str
    address: int
    type: str
    words: tuple[int, ...]
    value: float | None
    unit: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Found:
    """A unit id that answers. models: names of the models that it may be. certain: its identification register says so.

    note: what is odd about it, or empty.
    """

    unit: int
    models: tuple[str, ...]
    certain: bool
    note: str = ""


def probe(settings: BusSettings, meter: MeterSettings, models: Mapping[str, MeterModel]) -> list[Line]:
    """Read a meter once, in a connection of its own. Raises MeterFault."""
    bus = Bus(settings, models)
    try:
        reading = bus.read(meter)
    finally:
        bus.close()
    return [_line(register, reading) for register in models[meter.model].registers]


def scan(settings: BusSettings, models: Mapping[str, MeterModel], units: Iterable[int] = UNIT_IDS) -> Iterator[Found]:
    """The unit ids that answer on a bus, one after the other as they are found; each that does not takes one timeout.

    Reads only. The bus must not be in use: stop the gateway first. Raises NoConnection.
    """
    connection = Connection(settings, patient=False)
    try:
        for unit in units:
            found = _look(connection, unit, models)
            if found is not None:
                yield found
    finally:
        connection.close()


def describe_probe(lines: Iterable[Line]) -> str:
    """A table for people: property, value, unit, register, raw words."""
    rows = [("property", "value", "unit", "register", "type", "words")]
    for line in lines:
        value = f"{line.value:g}" if line.value is not None else f"absent: {line.reason}"
        words = " ".join(f"{word:04X}" for word in line.words)
        rows.append((line.name, value, line.unit if line.value is not None else "", f"0x{line.address:04X}", line.type, words))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def describe_found(found: Found) -> str:
    """One line for people."""
    text = ("is " if found.certain else "may be ") + " or ".join(found.models) if found.models else "answers; no model fits it"
    return f"unit {found.unit:3}: {text}" + (f" ({found.note})" if found.note else "")


def _line(register: Register, reading: MeterReading) -> Line:
    words = tuple(reading.words[address] for address in range(register.address, register.end) if address in reading.words)
    published = [unit for unit, factor in UNITS[quantity(register.name)].items() if factor == 1]
    unit = "" if published == ["1"] else published[0]
    value = reading.values.get(register.name)
    return Line(register.name, register.address, register.type, words, value, unit, reading.absent.get(register.name, ""))


def _look(connection: Connection, unit: int, models: Mapping[str, MeterModel]) -> Found | None:
    """What a unit id is; None when nothing answers to it."""
    try:
        connection.read(unit, "input", 0, 2)
    except NoAnswer:
        return None
    except BadAnswer as error:
        return Found(unit, (), False, f"{error}; do two meters have this unit id?")
    except Refused as error:
        if error.code in UNREACHABLE_EXCEPTIONS:
            return None
    reader = _Reader(connection, unit)
    told = tuple(name for name, model in models.items() if reader.tells(model))
    if told:
        return Found(unit, told, True)
    fitting = tuple(name for name, model in models.items() if reader.fits(model))
    silent = tuple(name for name in fitting if models[name].identity is None)  # the others would have said what they are
    return Found(unit, silent or fitting, False)


class _Reader:
    """Reads a unit's registers for one model after the other, each register once."""

    def __init__(self, connection: Connection, unit: int) -> None:
        self._connection = connection
        self._unit = unit
        self._known: dict[tuple[RegisterKind, int, int], list[int] | None] = {}

    def tells(self, model: MeterModel) -> bool:
        """The meter says that it is of this model."""
        identity = model.identity
        if identity is None:
            return False
        words = self._words(identity.kind, identity.address, identity.count)
        if words is None:
            return False
        content = b"".join(word.to_bytes(2, "big") for word in words)
        text = content.decode("latin-1").strip("\0 ")
        return int.from_bytes(content, "big") in identity.numbers or any(text.startswith(one) for one in identity.texts)

    def fits(self, model: MeterModel) -> bool:
        """Read as this model, the meter shows a mains."""
        by_name = {register.name: register for register in model.registers}
        return self._within(model, by_name.get("v1"), MAINS_VOLTS) and self._within(model, by_name.get("hz"), MAINS_HERTZ)

    def _within(self, model: MeterModel, register: Register | None, span: tuple[float, float]) -> bool:
        if register is None:
            return False
        start = register.address - register.address % model.align
        count = register.end + -register.end % model.align - start
        words = self._words(model.kind, start, count)
        if words is None:
            return False
        value = decode(register, words[register.address - start :][: register.count]).value
        return value is not None and span[0] <= value <= span[1]

    def _words(self, kind: RegisterKind, address: int, count: int) -> list[int] | None:
        key = (kind, address, count)
        if key not in self._known:
            try:
                self._known[key] = self._connection.read(self._unit, *key)
            except (NoAnswer, BadAnswer, Refused):
                self._known[key] = None
        return self._known[key]
