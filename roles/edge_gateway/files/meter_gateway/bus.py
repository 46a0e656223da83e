# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bus: one connection and the meters behind it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from typing import Final, Literal

from .counters import CounterWatch
from .modbus import (
    REFUSALS,
    UNREACHABLE_EXCEPTIONS,
    BadAnswer,
    Connection,
    NoAnswer,
    NoConnection,
    Refused,
)
from .models import COUNTERS, MeterModel
from .registers import Register, RegisterKind, Request, alternate, decode, group, to_number, words_of
from .settings import BusSettings, MeterSettings

FaultKind = Literal["no_connection", "unreachable", "exception", "framing", "implausible", "settings"]

COSTLY: Final = ("unreachable", "framing")
"""Faults that take the time of a timeout. "no_connection" is none of them, for it is no fault of this meter's."""

RECHECK_SECONDS = 3600.0
"""How long a refused optional register is not asked for, and a checked setting is believed."""

DOWN_SECONDS = 2.0
"""How long a bus that cannot be connected to is not tried again: each try may take a timeout, and there may be a hundred meters."""

FASTEST_COUNTER_KW = 1000.0
"""What a counter may rise by, at least: models with the general power limit stand for installations of any size."""


@dataclasses.dataclass(frozen=True)
class MeterReading:
    """What one meter said in one poll.

    values: property -> value in V, A, kW, kWh, Hz. words: register address -> 16-bit word as it was read.
    absent: property of the model without a value -> why. notices: sentences for the log (a counter that was reset, ...).
    """

    values: dict[str, float]
    words: dict[int, int]
    absent: dict[str, str]
    notices: tuple[str, ...] = ()


class MeterFault(Exception):
    """A meter gave no reading. `str()` is one sentence that names meter, bus and remedy."""

    def __init__(self, kind: FaultKind, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.sentence = sentence


@dataclasses.dataclass
class _State:
    """What is remembered of a meter from one reading to the next."""

    counters: CounterWatch
    failing: bool = False
    settings_good_until: float = 0.0
    refused_until: dict[str, float] = dataclasses.field(default_factory=dict)
    grouping: int = 0  # index into GROUPINGS


# How registers are put into requests: as the model allows; without reading what lies between them; each on its own. A meter that
# refuses one way is read the next way from then on.
GROUPINGS = ("grouped", "without gaps", "one by one")


class Bus:
    """Reads meters, one after the other. Blocking; to be used from one thread only; every call ends by itself."""

    def __init__(
        self,
        settings: BusSettings,
        models: Mapping[str, MeterModel],
        connection: Connection | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self._models = models
        self._connection = connection or Connection(settings)
        self._clock = clock
        self._states: dict[str, _State] = {}
        self._down_until = 0.0
        self._down_reason = ""

    def read(self, meter: MeterSettings) -> MeterReading:
        """Read one meter once. Connects when it has to. Raises MeterFault; the next call then starts afresh."""
        model = self._models[meter.model]
        state = self._states.setdefault(meter.key, _State(_counters(model)))
        try:
            reading = self._read(meter, model, state)
        except MeterFault as fault:
            if fault.kind in COSTLY:
                self._note_failure(state)
            raise
        state.failing = False
        return reading

    def words(self, meter: MeterSettings, kind: RegisterKind, address: int, count: int) -> list[int]:
        """`count` raw words of a meter. Raises MeterFault; Refused when the meter answers with an exception that refuses them."""
        if self._clock() < self._down_until:
            raise self._no_connection(meter)
        # A meter that was well gets a second chance: on a long line one answer in a thousand is lost.
        state = self._states.get(meter.key)
        chances = 1 if state and state.failing else 2
        while True:
            chances -= 1
            try:
                return self._connection.read(meter.unit, kind, address, count)
            except NoConnection as error:
                self._down_until, self._down_reason = self._clock() + DOWN_SECONDS, str(error)
                raise self._no_connection(meter) from None
            except NoAnswer:
                what = f"no answer to a request for {_span(address, count)} within {self.settings.timeout_seconds:g} s"
                fault = self._fault("unreachable", meter, what, f"{self._look_at()}, and at timeout_seconds if it is slow")
            except BadAnswer as error:
                fault = self._fault("framing", meter, str(error), error.remedy or self._look_at())
            except Refused as error:
                if error.code in REFUSALS:
                    raise
                away = error.code in UNREACHABLE_EXCEPTIONS
                remedy = self._look_at() if away else "it is asked again at the next reading"
                raise self._fault("unreachable" if away else "exception", meter, f"{error} for {_span(address, count)}", remedy) from None
            if chances == 0:
                raise fault

    def close(self) -> None:
        """Close the connection. The next read opens it again."""
        self._connection.close()

    def _read(self, meter: MeterSettings, model: MeterModel, state: _State) -> MeterReading:
        now = self._clock()
        if now >= state.settings_good_until:
            self._check_settings(meter, model)
            state.settings_good_until = now + RECHECK_SECONDS
        words: dict[int, int] = {}
        refused: dict[str, str] = {}
        pending = [register for register in model.registers if state.refused_until.get(register.name, 0.0) <= now]
        for request in _plan(model, pending, state.grouping):
            self._fill(words, refused, meter, model, state, request)
        state.refused_until.update(dict.fromkeys(refused, now + RECHECK_SECONDS))
        return self._judge(meter, model, state, words)

    def _fill(
        self, words: dict[int, int], refused: dict[str, str], meter: MeterSettings, model: MeterModel, state: _State, request: Request
    ) -> None:
        """Read a request's words. Where the meter refuses it, find out which of the registers it means."""
        try:
            found = self.words(meter, model.kind, request.address, request.count)
        except Refused as error:
            if len(request.registers) == 1:
                self._note_refusal(refused, meter, model, request.registers[0], error)
                return
            known = len(refused)
            for register in request.registers:
                for part in group([register], model.max_registers, 0, model.align):
                    self._fill(words, refused, meter, model, state, part)
            if len(refused) == known:  # each alone is fine: it is what lies between them, or the length
                state.grouping = min(state.grouping + 1, len(GROUPINGS) - 1)
            return
        words.update(zip(range(request.address, request.address + request.count), found, strict=True))

    def _note_refusal(self, refused: dict[str, str], meter: MeterSettings, model: MeterModel, register: Register, error: Refused) -> None:
        if not register.optional:
            what = f"{error} for {_span(register.address, register.count)} ({register.name})"
            raise self._fault("exception", meter, what, f"is it a {model.title}?")
        refused[register.name] = str(error)

    def _judge(self, meter: MeterSettings, model: MeterModel, state: _State, words: dict[int, int]) -> MeterReading:
        values: dict[str, float] = {}
        absent: dict[str, str] = {}
        doubts: list[str] = []
        notices: list[str] = []
        now = self._clock()
        for register in model.registers:
            span = range(register.address, register.end)
            if any(address not in words for address in span):
                absent[register.name] = "this meter refuses the register"
                continue
            found = decode(register, [words[address] for address in span])
            if found.value is None:
                absent[register.name] = found.reason
                if found.doubtful:
                    doubts.append(f"{register.name}: {found.reason}")
                continue
            values[register.name] = found.value
        if len(doubts) > sum(value != 0 for value in values.values()):  # a zero is one in whatever order it is read
            what = f"{len(doubts)} of {len(doubts) + len(values)} values cannot be ({doubts[0]})"
            raise self._fault("implausible", meter, what, f"is it a {model.title}, and is its word order as in the model?")
        if not values:
            raise self._fault("implausible", meter, "it says of every value that it is not available", "is it connected to the mains?")
        for name in COUNTERS:
            if name in values:
                verdict = state.counters.check(name, values[name], now)
                if verdict.notice:
                    notices.append(self._sentence(meter, verdict.notice))
                if verdict.value is None:
                    del values[name]
                    absent[name] = verdict.reason
        return MeterReading(values, words, absent, tuple(notices))

    def _check_settings(self, meter: MeterSettings, model: MeterModel) -> None:
        for setting in model.settings:
            try:
                words = self.words(meter, setting.kind, setting.address, words_of(setting.type))
            except Refused:
                continue  # a variant without this setting
            if to_number(setting.type, words, setting.word_order) in setting.refuse:
                raise self._fault("settings", meter, "a setting of it makes its readings wrong", setting.remedy)

    def _note_failure(self, state: _State) -> None:
        state.failing = True
        state.settings_good_until = 0.0  # another meter may be what comes back
        state.refused_until.clear()

    def _look_at(self) -> str:
        """What may keep a meter from being heard."""
        # At another speed, what meter and gateway say is noise to each other.
        return f"look at its power, wiring{', baud rate, parity' if self.settings.transport == 'rtu' else ''} and unit id"

    def _sentence(self, meter: MeterSettings, text: str) -> str:
        return f"Meter {meter.key} (unit {meter.unit} on bus {self.settings.id}): {text}."

    def _no_connection(self, meter: MeterSettings) -> MeterFault:
        what = f"no connection to {self.settings.peer}: {self._down_reason}"
        remedy = "look at address and network, and for another program that holds its only connection"
        if self.settings.transport == "rtu":
            what, remedy = f"{self.settings.peer} cannot be used: {self._down_reason}", "look at the adapter"
        return MeterFault("no_connection", self._sentence(meter, f"{what}; {remedy}"))

    def _fault(self, kind: FaultKind, meter: MeterSettings, what: str, remedy: str) -> MeterFault:
        return MeterFault(kind, self._sentence(meter, f"{what}; {remedy}").replace("?.", "?"))


def _counters(model: MeterModel) -> CounterWatch:
    most = [register.limits[1] for register in model.registers if register.name == "kW"]
    floats = [register.name for register in model.registers if register.type in ("f32", "f64")]
    return CounterWatch(max([FASTEST_COUNTER_KW, *most]), floats)


def _plan(model: MeterModel, registers: list[Register], grouping: int) -> tuple[Request, ...]:
    if GROUPINGS[grouping] == "one by one":
        return tuple(one for register in registers for one in group([register], model.max_registers, 0, model.align))
    gap = model.max_gap if GROUPINGS[grouping] == "grouped" else 0
    return alternate(group(registers, model.max_registers, gap, model.align, model.ranges))


def _span(address: int, count: int) -> str:
    """Registers as a message names them."""
    return f"register 0x{address:04X}" + (f" to 0x{address + count - 1:04X}" if count > 1 else "")
