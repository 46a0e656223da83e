# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configuration: one JSON file, checked as a whole. Every fault is found at once, and named with its place and its remedy."""

from __future__ import annotations

import collections
import dataclasses
import difflib
import json
import math
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, cast

from . import models
from .clock import Unsynchronized
from .models import MeterModel, ModelFaults
from .outbox import Limits, WhenFull
from .publisher import MqttSettings
from .settings import BusSettings, MeterSettings

VERSION: Final = 1


class _Form(NamedTuple):
    """What a text may look like: its pattern, and the same in words."""

    pattern: re.Pattern[str]
    words: str


_ANY: Final = _Form(re.compile(r".+"), "a text")
_NAME: Final = _Form(re.compile(r"[^\s/#+\"]+"), "a name without blanks, quotes, /, # and +")
_TOPIC: Final = _Form(re.compile(r"[^#+\0]+"), "a topic without # and +")
_PATH: Final = _Form(re.compile(r"/.+"), "an absolute path")
_RULE: Final = _Form(re.compile(r"[a-zA-Z0-9_]{1,128}"), "a rule's name of letters, digits and _")
# AWS IoT Core: a topic has at most 256 bytes and 7 slashes (the three levels of Basic Ingest are not counted).
_TOPIC_BYTES: Final = 256
_TOPIC_SLASHES: Final = 7


@dataclasses.dataclass(frozen=True)
class ListenerSettings:
    """A broker on this box (or its LAN) to which other devices publish readings of their own.

    topic_prefix: what stands before ``<panel>/<meter>`` in their topics. user, password_file: None for a broker that asks for none.
    """

    host: str
    port: int
    topic_prefix: str
    client_id: str
    user: str | None = None
    password_file: pathlib.Path | None = None


@dataclasses.dataclass(frozen=True)
class Config:
    """A configuration without faults. Intervals are seconds."""

    gateway: str
    topic: str
    mqtt: MqttSettings
    outbox_path: pathlib.Path
    outbox_limits: Limits
    status_file: pathlib.Path
    publishes_per_second: float
    interval_seconds: float
    buses: tuple[BusSettings, ...]
    models: Mapping[str, MeterModel]
    listener: ListenerSettings | None
    clock: Unsynchronized

    def interval(self, meter: MeterSettings) -> float:
        return meter.interval_seconds or self.interval_seconds


class ConfigFaults(Exception):
    """Why a configuration cannot be used: ``sentences``, one for each fault."""

    def __init__(self, sentences: Sequence[str]) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = list(sentences)


def load(path: pathlib.Path) -> Config:
    """The configuration of a file. Raises ConfigFaults."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigFaults([f"The configuration {path} cannot be read: {error.strerror}."]) from error
    except ValueError as error:
        raise ConfigFaults([f"The configuration {path} is no JSON: {error}. Render it again."]) from error
    return parse(data, models.bundled())


def parse(data: Any, bundled: Mapping[str, Any]) -> Config:
    """The configuration of JSON-like data. bundled: the models that come with the program. Raises ConfigFaults."""
    faults: list[str] = []
    top = _Section(data, "", faults)
    version = top.whole("version", 1)
    if version > VERSION:
        raise ConfigFaults(
            [f"The configuration has version {version}, this meter_gateway knows {VERSION}: install a newer meter_gateway first."]
        )
    known = _models(top.mapping("models"), bundled, faults)
    topic = top.text("topic", _TOPIC)
    if len(topic.encode()) > _TOPIC_BYTES or topic.count("/") > _TOPIC_SLASHES:
        faults.append(f"topic: '{topic}' is longer than AWS allows: at most {_TOPIC_BYTES} bytes and {_TOPIC_SLASHES} slashes.")
    gateway = top.text("gateway", _NAME)
    outbox_path, outbox_limits = _outbox(top.section("outbox"))
    config = Config(
        gateway=gateway,
        topic=topic,
        mqtt=_mqtt(top.section("mqtt"), gateway),
        outbox_path=outbox_path,
        outbox_limits=outbox_limits,
        status_file=top.path("status_file", "/run/meter-gateway/status.json"),
        publishes_per_second=top.number("publishes_per_second", 0.1, 100, 90),
        interval_seconds=top.number("interval_seconds", 0.1, 86_400, 10),
        buses=tuple(_bus(bus, known) for bus in top.sections("buses")),
        models=known,
        listener=_listener(top.section("listener"), gateway) if top.get("listener") is not None else None,
        clock=_clock(top.section("clock", {})),
    )
    top.done()
    faults += _repeats(config.buses)
    if not faults and not config.listener and not any(bus.meters for bus in config.buses):
        faults.append("buses: there is no meter, and no listener either: name what is to be read.")
    if faults:
        raise ConfigFaults(faults)
    return config


def _models(custom: Mapping[str, Any], bundled: Mapping[str, Any], faults: list[str]) -> dict[str, MeterModel]:
    try:
        return models.load(bundled, custom)
    except ModelFaults as error:
        faults += error.sentences
    # For the sake of the other faults: a model with faults of its own is no unknown one.
    names = {**bundled, **custom}
    return cast("dict[str, MeterModel]", dict.fromkeys(names))


def _mqtt(section: _Section, gateway: str) -> MqttSettings:
    settings = MqttSettings(
        host=section.text("host", _NAME),
        port=section.whole("port", 1, 65_535, 8883),
        ca_file=section.path("ca_file"),
        cert_file=section.path("cert_file"),
        key_file=section.path("key_file"),
        client_id=section.text("client_id", _NAME, gateway),
        alpn=section.optional_text("alpn"),
        basic_ingest_rule=section.optional_text("basic_ingest_rule", _RULE),
        keepalive=section.whole("keepalive", 30, 1200, 60),
    )
    section.done()
    return settings


def _outbox(section: _Section) -> tuple[pathlib.Path, Limits]:
    path = section.path("path", "/var/lib/meter-gateway/outbox.sqlite3")
    limits = Limits(
        max_bytes=section.whole("max_bytes", 1 << 20, 1 << 40, 512 << 20),
        max_age_seconds=section.number("max_age_seconds", 60, 3_650 * 86_400, 90 * 86_400),
        when_full=cast(WhenFull, section.choice("when_full", ("drop_oldest", "drop_newest"), "drop_oldest")),
    )
    section.done()
    return path, limits


def _clock(section: _Section) -> Unsynchronized:
    unsynchronized = cast("Unsynchronized", section.choice("unsynchronized", ("auto", "hold", "trust"), "auto"))
    section.done()
    return unsynchronized


def _listener(section: _Section, gateway: str) -> ListenerSettings:
    settings = ListenerSettings(
        host=section.text("host", _NAME, "127.0.0.1"),
        port=section.whole("port", 1, 65_535, 1883),
        topic_prefix=section.text("topic_prefix", _TOPIC, "meters").strip("/"),
        client_id=section.text("client_id", _NAME, gateway),
        user=section.optional_text("user"),
        password_file=section.path("password_file") if section.get("password_file") else None,
    )
    section.done()
    return settings


def _bus(section: _Section, known: Mapping[str, MeterModel]) -> BusSettings:
    transport = cast(Literal["tcp", "rtu", "rtu_over_tcp"], section.choice("transport", ("tcp", "rtu", "rtu_over_tcp"), "tcp"))
    serial = transport == "rtu"
    section.refuse(("host", "port") if serial else ("device", "baudrate", "parity", "stopbits"), f"transport '{transport}' has none")
    settings = BusSettings(
        id=section.text("id", _NAME),
        transport=transport,
        meters=tuple(_meter(meter, known) for meter in section.sections("meters")),
        host=None if serial else section.text("host", _NAME),
        port=section.whole("port", 1, 65_535, 502),
        device=section.text("device", _PATH) if serial else None,
        baudrate=section.whole("baudrate", 300, 1_000_000, 9600),
        parity=cast(Literal["N", "E", "O"], section.choice("parity", ("N", "E", "O"), "N")),
        stopbits=section.whole("stopbits", 1, 2, 1),
        timeout_seconds=section.number("timeout_seconds", 0.05, 60, 1.0),
        pause_seconds=section.number("pause_seconds", 0, 10, 0.02),
    )
    section.done()
    return settings


def _meter(section: _Section, known: Mapping[str, MeterModel]) -> MeterSettings:
    model = section.text("model")
    if model and model not in known:
        section.fault("model", f"'{model}' is no known model{_nearest(model, known)}")
    settings = MeterSettings(
        panel_id=section.text("panel_id", _NAME),
        meter_id=section.text("meter_id", _NAME),
        unit=section.whole("unit", 1, 247),
        model=model,
        interval_seconds=section.number("interval_seconds", 0.1, 86_400, None),
        name=section.optional_text("name"),
    )
    section.done()
    return settings


def _repeats(buses: Sequence[BusSettings]) -> list[str]:
    """What may be there only once: bus ids, devices, unit ids on a bus, meters."""
    faults = []
    for text, count in collections.Counter(bus.id for bus in buses).items():
        if count > 1:
            faults.append(f"buses: the id '{text}' stands {count} times; each bus has its own.")
    for text, count in collections.Counter(bus.device for bus in buses if bus.device).items():
        if count > 1:
            faults.append(f"buses: the device {text} stands in {count} buses; put their meters into one.")
    # Two connections into one serial line: the answers would get mixed up on the wire.
    lines = collections.Counter(bus.peer for bus in buses if bus.transport == "rtu_over_tcp")
    faults += [
        f"buses: the converter {peer} stands in {count} buses; put their meters into one." for peer, count in lines.items() if count > 1
    ]
    for bus in buses:
        units: dict[int, list[str]] = {}
        for meter in bus.meters:
            units.setdefault(meter.unit, []).append(meter.key)
        faults += [
            f"Bus '{bus.id}': unit {unit} stands for {' and '.join(keys)}; give each meter on a bus its own unit id."
            for unit, keys in units.items()
            if len(keys) > 1 and unit
        ]
    for text, count in collections.Counter(meter.key for bus in buses for meter in bus.meters).items():
        if count > 1 and text != "/":
            faults.append(f"Meter {text} stands {count} times; name it once.")
    return faults


def _nearest(name: str, known: Mapping[str, Any] | Sequence[str]) -> str:
    near = difflib.get_close_matches(name, list(known), 1, 0.5)
    return f": did you mean '{near[0]}'?" if near else ": remove it." if not known else f"; there are: {', '.join(sorted(known))}."


class _Section:
    """A JSON object that is read key by key: faults go to the list, and something harmless comes back in place of a bad value."""

    def __init__(self, data: Any, place: str, faults: list[str]) -> None:
        self._place = place
        self._seen: set[str] = set()
        self._data: Mapping[str, Any] = data if isinstance(data, dict) else {}
        # One fault is enough for what is no object: that its keys are missing goes without saying.
        self._faults = faults if isinstance(data, dict) else []
        if not isinstance(data, dict):
            faults.append(f"{place or 'The configuration'}: {_shown(data)} is no object; write {{...}}.")

    def fault(self, key: str, what: str) -> None:
        place = ".".join(part for part in (self._place, key) if part)
        self._faults.append(f"{place}: {what}{'' if what.endswith(('.', '?')) else '.'}")

    def get(self, key: str) -> Any:
        self._seen.add(key)
        return self._data.get(key)

    def _value(self, key: str, default: Any) -> Any:
        self._seen.add(key)
        value = self._data.get(key)
        return default if value is None else value

    def text(self, key: str, form: _Form = _ANY, default: str | None = None) -> str:
        value = self._value(key, default)
        if value is None:
            self.fault(key, f"is missing; write {form.words}")
        elif not isinstance(value, str) or not form.pattern.fullmatch(value):
            self.fault(key, f"{_shown(value)} cannot stand here; write {form.words}")
        else:
            return value
        return ""

    def optional_text(self, key: str, form: _Form = _ANY) -> str | None:
        return self.text(key, form) if self._value(key, None) is not None else None

    def path(self, key: str, default: str | None = None) -> pathlib.Path:
        return pathlib.Path(self.text(key, _PATH, default))

    def choice(self, key: str, choices: Sequence[str], default: str) -> str:
        value = self._value(key, default)
        if value not in choices:
            self.fault(key, f"{_shown(value)} is none of {', '.join(choices)}")
            return default
        return cast("str", value)

    def whole(self, key: str, least: int, most: int | None = None, default: int | None = None) -> int:
        value = self._value(key, default)
        if value is None:
            self.fault(key, "is missing; write a whole number")
        elif isinstance(value, bool) or not isinstance(value, int) or value < least or (most is not None and value > most):
            self.fault(key, f"{_shown(value)} is no whole number {f'from {least} to {most}' if most is not None else f'above {least - 1}'}")
        else:
            return value
        return least if default is None else default

    def number(self, key: str, least: float, most: float, default: float | None) -> Any:
        """A number, or the default where there is none (which may be None)."""
        value = self._value(key, default)
        if value is default:
            return value
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or not least <= value <= most:
            self.fault(key, f"{_shown(value)} is no number from {least:g} to {most:g}")
            return default
        return float(value)

    def mapping(self, key: str) -> Mapping[str, Any]:
        value = self._value(key, {})
        if not isinstance(value, dict):
            self.fault(key, f"{_shown(value)} is no object; write {{...}}")
            return {}
        return value

    def section(self, key: str, default: Any = None) -> _Section:
        value = self._value(key, default)
        return _Section(value, f"{self._place}.{key}" if self._place else key, self._faults)

    def sections(self, key: str) -> list[_Section]:
        value = self._value(key, [])
        if not isinstance(value, list):
            self.fault(key, f"{_shown(value)} is no list; write [...]")
            return []
        place = f"{self._place}.{key}" if self._place else key
        return [_Section(item, f"{place}[{number}]", self._faults) for number, item in enumerate(value)]

    def refuse(self, keys: Sequence[str], why: str) -> None:
        for key in keys:
            if self._value(key, None) is not None:
                self.fault(key, f"cannot stand here, {why}; remove it")

    def done(self) -> None:
        """All keys that are known have been read: the others are faults."""
        for key in self._data:
            if key not in self._seen:
                near = difflib.get_close_matches(key, sorted(self._seen), 1, 0.5)
                self.fault(key, f"is no known key{f'; did you mean {near[0]!r}?' if near else '; remove it'}")


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."
