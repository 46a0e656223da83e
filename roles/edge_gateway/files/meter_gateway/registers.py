# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Registers as plain data: types, word order, scale, "not available", plausibility, and how to group them into requests.

All of it is pure. An address is what goes over the wire (0-based), a word is one 16-bit register.
"""

from __future__ import annotations

import collections
import dataclasses
import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

WordOrder = Literal["big", "little"]
Encoding = Literal["plain", "four_quadrants"]
RegisterKind = Literal["input", "holding"]

# Type -> what struct calls it. Bytes within a register are big-endian, as Modbus has it.
TYPES: Mapping[str, str] = {
    "u16": ">H",
    "s16": ">h",
    "u32": ">I",
    "s32": ">i",
    "u64": ">Q",
    "s64": ">q",
    "f32": ">f",
    "f64": ">d",
}

# A float with its words swapped is mostly a number next to zero, which the limits alone would let through. No meter resolves 1e-6 of its unit.
SMALLEST_FLOAT = 1e-6

# Decimal digits that a type can carry; more would be noise in every message.
DIGITS: Mapping[str, int] = {"f32": 7}
DEFAULT_DIGITS = 12


@dataclasses.dataclass(frozen=True)
class Register:
    """One property of a meter (`name`) and where it stands.

    factor: what the stored number is multiplied with to get V, A, kW, kWh, Hz or a power factor. absent: stored numbers that mean
    "not available". limits: the lowest and highest believable value, in the published unit. optional: some variants lack it.
    """

    name: str
    address: int
    type: str
    factor: float
    limits: tuple[float, float]
    word_order: WordOrder = "big"
    absent: frozenset[int] = frozenset()
    encoding: Encoding = "plain"
    optional: bool = False

    @property
    def count(self) -> int:
        """How many words it takes."""
        return words_of(self.type)

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.address + self.count


@dataclasses.dataclass(frozen=True)
class Request:
    """`count` words from `address` on, which hold all of `registers`."""

    address: int
    count: int
    registers: tuple[Register, ...]


@dataclasses.dataclass(frozen=True)
class Value:
    """What a register says: a value in the published unit, or why there is none."""

    value: float | None
    reason: str = ""
    doubtful: bool = False  # the reason is a number that cannot be, not a meter that says "not available"


def words_of(type_name: str) -> int:
    """How many 16-bit words a type takes."""
    return struct.calcsize(TYPES[type_name]) // 2


def to_number(type_name: str, words: Sequence[int], order: WordOrder = "big") -> int | float:
    """The number that `words` hold. order: "big" is the most significant word first."""
    ordered = words if order == "big" else list(reversed(words))
    number: int | float = struct.unpack(TYPES[type_name], struct.pack(f">{len(ordered)}H", *ordered))[0]
    return number


def to_words(type_name: str, number: float, order: WordOrder = "big") -> list[int]:
    """The words that hold `number` (rounded and kept within the range for a whole-number type): what a meter would answer."""
    form = TYPES[type_name]
    if type_name[0] != "f":
        bits = 8 * struct.calcsize(form)
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if type_name[0] == "s" else (0, (1 << bits) - 1)
        number = min(max(round(number), low), high)
    words = list(struct.unpack(f">{words_of(type_name)}H", struct.pack(form, number)))
    return words if order == "big" else words[::-1]


def decode(register: Register, words: Sequence[int]) -> Value:
    """What `words` (exactly the register's own) say, in the published unit."""
    number = to_number(register.type, words, register.word_order)
    if isinstance(number, float):
        if not math.isfinite(number):
            return Value(None, "not available")
        if 0 < abs(number) < SMALLEST_FLOAT:
            return Value(None, f"{number:.3g} is no believable number: is the word order right?", doubtful=True)
    elif number in register.absent:
        return Value(None, "not available")
    if register.encoding == "four_quadrants":
        number = from_four_quadrants(number)
    value = float(f"{number * register.factor:.{DIGITS.get(register.type, DEFAULT_DIGITS)}g}")
    low, high = register.limits
    if not low <= value <= high:
        return Value(None, f"{value:g} is outside {low:g} to {high:g}", doubtful=True)
    return Value(value + 0.0)  # + 0.0 turns -0.0 into 0.0


def encode(register: Register, value: float) -> list[int]:
    """The words with which a meter would say `value` (published unit): the inverse of decode."""
    return to_words(register.type, value / register.factor, register.word_order)


def from_four_quadrants(number: float) -> float:
    """A power factor of -1 to 1 out of Schneider's encoding of -2 to 2.

    What is beyond 1 is read as a leading current: 2 - x above 1, -2 - x below -1. No source that could be read confirms this, so a
    power factor of a Schneider meter is to be compared with its display once.
    """
    if number > 1:
        return 2 - number
    return -2 - number if number < -1 else number


def group(
    registers: Iterable[Register], max_registers: int, max_gap: int, align: int = 1, ranges: Sequence[tuple[int, int]] = ()
) -> tuple[Request, ...]:
    """As few requests as possible that read all `registers`.

    max_registers: words in one request. max_gap: words that nobody asked for and that may be read along between two registers.
    align: start and count are multiples of it. ranges: (first, last) addresses that exist; a gap is only read within one of them.
    """
    requests: list[Request] = []
    for register in sorted(registers, key=lambda one: (one.address, one.count)):
        start = register.address - register.address % align
        end = register.end + -register.end % align
        if requests:
            last = requests[-1]
            last_end = last.address + last.count
            joined_end = max(last_end, end)
            gap = max(start - last_end, 0)
            if (
                joined_end - last.address <= max_registers
                and gap <= max_gap
                and (gap == 0 or _in_one_range(last.address, joined_end, ranges))
            ):
                requests[-1] = Request(last.address, joined_end - last.address, (*last.registers, register))
                continue
        requests.append(Request(start, end - start, (register,)))
    return tuple(requests)


def alternate(requests: Sequence[Request]) -> tuple[Request, ...]:
    """The same requests in an order in which neighbours differ in length, as far as that can be.

    An RTU answer does not say what it answers. On a line that is late by one answer, each would be taken for the next request's; now
    its length gives it away.
    """
    left = list(requests)
    ordered: list[Request] = []
    while left:
        lengths = collections.Counter(request.count for request in left)
        fitting = [request for request in left if not ordered or request.count != ordered[-1].count] or left
        ordered.append(max(fitting, key=lambda request: lengths[request.count]))
        left.remove(ordered[-1])
    return tuple(ordered)


def _in_one_range(start: int, end: int, ranges: Sequence[tuple[int, int]]) -> bool:
    return not ranges or any(first <= start and end - 1 <= last for first, last in ranges)
