# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One simulated meter: the words that stand in its registers at a moment."""

from __future__ import annotations

import math
from typing import Any

from meter_gateway.models import COUNTERS, MeterModel
from meter_gateway.registers import Register, RegisterKind, encode, to_words, words_of

from .faults import Fault
from .loads import Load

ILLEGAL_ADDRESS = 2
ILLEGAL_VALUE = 3


class Refusal(Exception):
    """The meter answers with a Modbus exception."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code}")
        self.code = code


class Meter:
    """A meter of a model that measures a load."""

    def __init__(self, model: MeterModel, load: Load) -> None:
        self._model = model
        self._load = load
        self._phases = 3 if any(register.name == "v2" for register in model.registers) else 1
        self._reset_at: dict[str, float] | None = None
        self._fixed = {(kind, address): word for kind, address, word in _fixed(model)}

    def read(self, kind: RegisterKind, address: int, count: int, when: float, fault: Fault) -> list[int]:
        """`count` words from `address` on. Raises Refusal as the meter would."""
        if fault.get("kind") == "exception":
            raise Refusal(int(fault["code"]))
        span = range(address, address + count)
        if all((kind, one) in self._fixed for one in span):
            return [self._fixed[kind, one] for one in span]
        if count > self._model.max_registers:
            raise Refusal(ILLEGAL_VALUE)
        if kind != self._model.kind or address % self._model.align or count % self._model.align:
            raise Refusal(ILLEGAL_ADDRESS)
        refused = fault.get("properties", []) if fault.get("kind") == "refuse" else []
        values = self._values(when, fault)
        words: dict[int, int] = {}
        for register in self._model.registers:
            if register.address < span.stop and register.end > address:
                if register.name in refused:
                    raise Refusal(ILLEGAL_ADDRESS)
                words.update(zip(range(register.address, register.end), _words(register, values[register.name], fault), strict=True))
        for one in span:
            if one not in words and not any(first <= one <= last for first, last in self._model.ranges):
                raise Refusal(ILLEGAL_ADDRESS)
        return [words.get(one, 0) for one in span]

    def values(self, when: float) -> dict[str, float]:
        """What it measures (property -> value), without any fault."""
        measured = self._load.values(when, self._phases)
        return {register.name: measured[register.name] for register in self._model.registers}

    def _values(self, when: float, fault: Fault) -> dict[str, float]:
        values = self.values(when)
        if fault.get("kind") != "counter_reset":
            self._reset_at = None
            return values
        if self._reset_at is None:
            self._reset_at = {name: values[name] for name in COUNTERS if name in values}
        return {name: value - self._reset_at.get(name, 0.0) for name, value in values.items()}


def _words(register: Register, value: float, fault: Fault) -> list[int]:
    kind = fault.get("kind")
    if kind == "sentinel" and register.type in ("f32", "f64"):
        return to_words(register.type, math.nan)
    if kind == "sentinel" and register.absent:
        return to_words(register.type, next(iter(register.absent)), register.word_order)
    words = encode(register, value)
    return words[::-1] if kind == "swapped" else words


def _fixed(model: MeterModel) -> list[tuple[RegisterKind, int, int]]:
    """(kind, address, word) of what a meter of this model always says: what it is, and settings as they come from the works."""
    fixed: list[tuple[RegisterKind, int, int]] = []
    for setting in model.settings:
        fixed += [(setting.kind, setting.address + offset, 0) for offset in range(words_of(setting.type))]
    identity = model.identity
    if identity:
        data = _identity_bytes(identity.numbers, identity.texts, identity.count)
        words = [int.from_bytes(data[offset : offset + 2], "big") for offset in range(0, len(data), 2)]
        fixed += [(identity.kind, identity.address + offset, word) for offset, word in enumerate(words)]
    return fixed


def _identity_bytes(numbers: tuple[int, ...], texts: tuple[str, ...], count: int) -> bytes:
    if numbers:
        return numbers[0].to_bytes(2 * count, "big")
    return texts[0].encode().ljust(2 * count, b" ")


def meter_key(data: dict[str, Any]) -> str:
    """What gives a meter of the configuration its own load."""
    return f"{data.get('panel_id', '')}/{data.get('meter_id', '')}/{data['unit']}"
