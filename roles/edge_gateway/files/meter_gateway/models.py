# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Meter models: what stands in which register of a meter, as data, checked. docs/adding_a_meter_model.md describes the format."""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import json
import math
import pathlib
import pkgutil
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

from .registers import TYPES, Encoding, Register, RegisterKind, WordOrder, words_of

T = TypeVar("T")

PROPERTIES = ("v1", "v2", "v3", "i1", "i2", "i3", "kW", "kW1", "kW2", "kW3", "pf", "hz", "kWhImport", "kWhExport")
COUNTERS = ("kWhImport", "kWhExport")

# Quantity -> unit in the model -> factor to the published unit.
UNITS: Mapping[str, Mapping[str, float]] = {
    "voltage": {"V": 1.0, "kV": 1000.0, "mV": 0.001},
    "current": {"A": 1.0, "mA": 0.001, "kA": 1000.0},
    "power": {"W": 0.001, "kW": 1.0, "MW": 1000.0},
    "energy": {"Wh": 0.001, "kWh": 1.0, "MWh": 1000.0},
    "frequency": {"Hz": 1.0, "mHz": 0.001},
    "power_factor": {"1": 1.0, "%": 0.01},
}

# What no low-voltage installation goes beyond (V, A, kW, kWh, Hz). A model narrows it to what its meter can measure.
LIMITS: Mapping[str, tuple[float, float]] = {
    "voltage": (0.0, 1000.0),
    "current": (-10_000.0, 10_000.0),
    "power": (-10_000.0, 10_000.0),
    "energy": (0.0, 1e9),
    "frequency": (40.0, 70.0),
    "power_factor": (-1.001, 1.001),
}

MOST_REGISTERS = 125  # of one request, by the Modbus Application Protocol, 6.3 and 6.4


@dataclasses.dataclass(frozen=True)
class Setting:
    """A setting of the meter that would make its readings wrong: these stored numbers are refused, and the remedy says what to do."""

    kind: RegisterKind
    address: int
    type: str
    refuse: tuple[float, ...]
    remedy: str
    word_order: WordOrder = "big"


@dataclasses.dataclass(frozen=True)
class Identity:
    """How the meter says what it is: a number out of `numbers`, or a text that starts with one of `texts` (then `count` words of it)."""

    kind: RegisterKind
    address: int
    count: int
    numbers: tuple[int, ...] = ()
    texts: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class MeterModel:
    """A meter model, checked.

    ranges: (first, last) addresses that the meter knows; empty: not told. max_registers, max_gap, align: see registers.group.
    """

    name: str
    title: str
    source: tuple[str, ...]
    kind: RegisterKind
    registers: tuple[Register, ...]
    max_registers: int
    max_gap: int
    align: int
    ranges: tuple[tuple[int, int], ...]
    settings: tuple[Setting, ...]
    identity: Identity | None


class ModelFaults(Exception):
    """What is wrong with meter models: `sentences`, one for each fault (model, register or key, value, remedy)."""

    def __init__(self, sentences: Sequence[str]) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = list(sentences)


def quantity(property_name: str) -> str:
    """What a property measures: a key of UNITS."""
    if property_name.startswith("kWh"):
        return "energy"
    by_start = {"v": "voltage", "i": "current", "kW": "power", "hz": "frequency", "pf": "power_factor"}
    return next(found for start, found in by_start.items() if property_name.startswith(start))


def load(bundled: Mapping[str, Any], custom: Mapping[str, Any]) -> dict[str, MeterModel]:
    """Name -> model of all data in `bundled` and `custom` (which may replace a bundled model). Raises ModelFaults with all faults."""
    faults: list[str] = []
    models: dict[str, MeterModel] = {}
    for name, data in {**bundled, **custom}.items():
        reader = _Reader(f"Meter model {name}", data, faults)
        before = len(faults)
        model = _model(name, reader)
        if len(faults) == before:
            models[name] = model
    if faults:
        raise ModelFaults(faults)
    return models


def bundled() -> dict[str, Any]:
    """The data of the models that come with the program: name -> model as JSON-like data.

    From `models.json` beside this file (in the zipapp), else from the YAML files of a checkout (needs PyYAML).
    """
    packed: bytes | None = None
    try:
        packed = pkgutil.get_data(__package__ or "", "models.json")
    except OSError:
        pass
    if packed is not None:
        content: dict[str, Any] = json.loads(packed)
        return content
    return from_folder(pathlib.Path(__file__).parent.parent / "meter_models")


def from_folder(folder: pathlib.Path) -> dict[str, Any]:
    """The data of all `*.yml` in a folder: file name without ending -> data. Needs PyYAML; raises ModelFaults without it."""
    try:
        yaml = importlib.import_module("yaml")
    except ImportError:
        raise ModelFaults(
            [f"The meter models in {folder} are YAML: install PyYAML, or run the zipapp, which holds them as JSON."]
        ) from None
    return {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.yml"))}


def _model(name: str, data: _Reader) -> MeterModel:
    data.known(
        *("title", "source", "registers", "word_order", "max_registers", "max_gap", "align", "ranges"),
        *("absent", "limits", "properties", "settings", "identity"),
    )
    kind = data.choice("registers", ("input", "holding"))
    order = data.choice("word_order", ("big", "little"), default="big")
    ranges = tuple(data.pair(f"ranges[{index}]", span) for index, span in enumerate(data.get("ranges", list, [])))
    addresses = tuple((int(first), int(last)) for first, last in ranges)
    by_type = data.inner("absent", data.get("absent", dict, {}))
    absent = {type_name: tuple(_whole(one) for one in by_type.get(type_name, list, None)) for type_name in data.get("absent", dict, {})}
    data.each("absent", absent, TYPES, "type")
    limits = {name: data.pair(f"limits.{name}", pair) for name, pair in data.get("limits", dict, {}).items()}
    data.each("limits", limits, LIMITS, "quantity")
    max_registers = data.whole("max_registers", 1, MOST_REGISTERS)
    properties = data.get("properties", dict, {})
    data.each("properties", properties, PROPERTIES, "property")
    if not properties:
        data.fault("has no properties: give at least one under `properties`")
    registers = []
    for property_name in PROPERTIES:
        if property_name in properties:
            one = data.inner(f"properties.{property_name}", properties[property_name])
            registers.append(_register(property_name, one, order, absent, limits, addresses, max_registers))
    settings = tuple(_setting(data.inner(f"settings[{index}]", one), order) for index, one in enumerate(data.get("settings", list, [])))
    identity = data.get("identity", dict, {})
    return MeterModel(
        name=name,
        title=data.text("title"),
        source=tuple(str(one) for one in data.get("source", list, None)),
        kind=kind,
        registers=tuple(registers),
        max_registers=max_registers,
        max_gap=data.whole("max_gap", 0, MOST_REGISTERS, default=0),
        align=data.whole("align", 1, 4, default=1),
        ranges=addresses,
        settings=settings,
        identity=_identity(data.inner("identity", identity)) if identity else None,
    )


def _register(
    name: str,
    data: _Reader,
    order: WordOrder,
    absent: Mapping[str, tuple[int, ...]],
    limits: Mapping[str, tuple[float, float]],
    ranges: Sequence[tuple[int, int]],
    max_registers: int,
) -> Register:
    data.known("address", "type", "unit", "scale", "word_order", "absent", "limits", "optional", "encoding")
    kind = quantity(name)
    type_name = data.choice("type", tuple(TYPES))
    address = data.whole("address", 0, 0xFFFF)
    end = address + words_of(type_name)
    if end > 0x10000:
        data.fault(f"address {address} with type {type_name} goes beyond register 65535: correct one of them")
    if ranges and not any(first <= address and end - 1 <= last for first, last in ranges):
        spans = ", ".join(f"0x{first:04X} to 0x{last:04X}" for first, last in ranges)
        data.fault(f"address 0x{address:04X} (type {type_name}) is outside the meter's map ({spans}): correct it or `ranges`")
    if words_of(type_name) > max_registers:
        data.fault(f"type {type_name} takes more words than max_registers = {max_registers}: correct one of them")
    unit = data.choice("unit", tuple(UNITS[kind]), default="1" if kind == "power_factor" else None)
    scale = data.number("scale", default=1.0)
    if scale == 0:
        data.fault("scale is 0: give the factor between the stored number and the unit")
    encoding: Encoding = data.choice("encoding", ("plain", "four_quadrants"), default="plain")
    own_limits = data.get("limits", list, [])
    return Register(
        name=name,
        address=address,
        type=type_name,
        factor=scale * UNITS[kind].get(unit, 1.0),
        limits=data.pair("limits", own_limits) if own_limits else limits.get(kind, LIMITS[kind]),
        word_order=data.choice("word_order", ("big", "little"), default=order),
        absent=frozenset((*absent.get(type_name, ()), *(_whole(one) for one in data.get("absent", list, [])))),
        encoding=encoding,
        optional=data.get("optional", bool, False),
    )


def _setting(data: _Reader, order: WordOrder) -> Setting:
    data.known("registers", "address", "type", "refuse", "remedy")
    return Setting(
        kind=data.choice("registers", ("input", "holding")),
        address=data.whole("address", 0, 0xFFFF),
        type=data.choice("type", tuple(TYPES)),
        refuse=data.numbers("refuse"),
        remedy=data.text("remedy"),
        word_order=order,
    )


def _identity(data: _Reader) -> Identity:
    data.known("registers", "address", "count", "numbers", "texts")
    numbers = tuple(_whole(one) for one in data.get("numbers", list, []))
    texts = tuple(str(one) for one in data.get("texts", list, []))
    if bool(numbers) == bool(texts):
        data.fault("takes either `numbers` or `texts`")
    return Identity(
        kind=data.choice("registers", ("input", "holding")),
        address=data.whole("address", 0, 0xFFFF),
        count=data.whole("count", 1, 32, default=1),
        numbers=numbers,
        texts=texts,
    )


def _whole(value: Any) -> int:
    """A whole number, in figures or as "0x..." (JSON knows no hexadecimal numbers). -1 for anything else: it matches nothing unsigned."""
    try:
        return int(value, 0) if isinstance(value, str) else int(value)
    except (TypeError, ValueError, OverflowError):
        return -1


def _number(value: object) -> float | None:
    """A finite number; None for anything else."""
    try:
        number = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


class _Reader:
    """A mapping of a model's data, read with faults collected: each getter returns something usable whatever stands there."""

    def __init__(self, place: str, data: object, faults: list[str]) -> None:
        self._place = place
        self._faults = faults
        self._data: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
        if not isinstance(data, Mapping):
            self.fault(f"is {data!r}: give a mapping")

    def fault(self, text: str) -> None:
        self._faults.append(f"{self._place}: {text}.")

    def inner(self, key: str, data: object) -> _Reader:
        return _Reader(f"{self._place}, {key}", data, self._faults)

    def known(self, *keys: str) -> None:
        """A fault for each key that may not stand here."""
        self.each("", self._data, keys, "key")

    def each(self, key: str, given: Collection[str], allowed: Collection[str], what: str) -> None:
        """A fault for each of `given` that is not allowed, with the nearest that is."""
        for one in given:
            if one not in allowed:
                near = difflib.get_close_matches(str(one), list(allowed), 1)
                hint = f"did you mean {near[0]!r}" if near else f"it takes one of {', '.join(allowed)}"
                self.fault(f"{key + ': ' if key else ''}unknown {what} {one!r}: {hint}")

    def get(self, key: str, kind: type[T], default: T | None) -> T:
        value = self._data.get(key, default)
        if isinstance(value, kind):
            return value
        if key in self._data:
            self.fault(f"{key} is {value!r}: give a {_KINDS[kind]}")
        else:
            self.fault(f"{key} is missing: give a {_KINDS[kind]}")
        return kind()

    def text(self, key: str) -> str:
        return self.get(key, str, None)

    def choice(self, key: str, allowed: Sequence[Any], default: Any = None) -> Any:
        value = self._data.get(key, default)
        if value in allowed:
            return value
        told = f"is {value!r}" if key in self._data else "is missing"
        self.fault(f"{key} {told}: it takes one of {', '.join(allowed)}")
        return allowed[0]

    def number(self, key: str, default: float) -> float:
        value = self._data.get(key, default)
        number = _number(value)
        if number is None:
            self.fault(f"{key} is {value!r}: give a number")
            return default
        return number

    def numbers(self, key: str) -> tuple[float, ...]:
        given = self.get(key, list, None)
        numbers = [number for one in given if (number := _number(one)) is not None]
        if len(numbers) < len(given):
            self.fault(f"{key} is {given!r}: give a list of numbers")
        return tuple(numbers)

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        value = self._data.get(key, default)
        number = _whole(value) if not isinstance(value, (bool, float)) else -1
        if low <= number <= high:
            return number
        told = f"is {value!r}" if key in self._data else "is missing"
        self.fault(f"{key} {told}: it takes a whole number from {low} to {high}")
        return low

    def pair(self, key: str, value: Any) -> tuple[float, float]:
        try:
            low, high = (float(int(one, 0) if isinstance(one, str) else one) for one in value)
        except (TypeError, ValueError, OverflowError):
            low, high = 1.0, 0.0
        if not (math.isfinite(low) and math.isfinite(high) and low <= high):
            self.fault(f"{key} is {value!r}: give the lowest and the highest, as in [0, 100]")
            return 0.0, 0.0
        return low, high


_KINDS: Mapping[type, str] = {str: "text", list: "list", dict: "mapping", bool: "true or false"}
