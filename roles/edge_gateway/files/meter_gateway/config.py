# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configuration: one JSON file, checked as a whole. Every fault is found at once, and named with its place and its remedy."""

from __future__ import annotations

import collections
import dataclasses
import difflib
import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, cast

from . import models
from .clock import Unsynchronized
from .models import MeterModel, ModelFaults
from .outbox import Limits, WhenFull
from .publisher import MqttSettings
from .section import NAME, PATH, RULE, TOPIC, Section
from .settings import DIRECT_UNIT, BusSettings, MeterSettings
from .sources import Source, parse_sources

VERSION: Final = 1
# AWS IoT Core: a topic has at most 256 bytes and 7 slashes (the three levels of Basic Ingest are not counted).
_TOPIC_BYTES: Final = 256
_TOPIC_SLASHES: Final = 7


@dataclasses.dataclass(frozen=True)
class ListenerSettings:
    """A broker on this box (or its LAN) to which other devices publish readings of their own.

    topic_prefix: what stands before ``<panel>/<meter>`` in their topics. user, password_file: None for a broker that asks for none.
    sources: the topics of those that publish JSON of their own making.
    """

    host: str
    port: int
    topic_prefix: str
    client_id: str
    user: str | None = None
    password_file: pathlib.Path | None = None
    sources: tuple[Source, ...] = ()


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
    top = Section(data, "", faults)
    version = top.whole("version", 1)
    if version > VERSION:
        raise ConfigFaults(
            [f"The configuration has version {version}, this meter_gateway knows {VERSION}: install a newer meter_gateway first."]
        )
    known = _models(top.mapping("models"), bundled, faults)
    topic = top.text("topic", TOPIC)
    if len(topic.encode()) > _TOPIC_BYTES or topic.count("/") > _TOPIC_SLASHES:
        faults.append(f"topic: '{topic}' is longer than AWS allows: at most {_TOPIC_BYTES} bytes and {_TOPIC_SLASHES} slashes.")
    gateway = top.text("gateway", NAME)
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


def _mqtt(section: Section, gateway: str) -> MqttSettings:
    settings = MqttSettings(
        host=section.text("host", NAME),
        port=section.whole("port", 1, 65_535, 8883),
        ca_file=section.path("ca_file"),
        cert_file=section.path("cert_file"),
        key_file=section.path("key_file"),
        client_id=section.text("client_id", NAME, gateway),
        alpn=section.optional_text("alpn"),
        basic_ingest_rule=section.optional_text("basic_ingest_rule", RULE),
        keepalive=section.whole("keepalive", 30, 1200, 60),
    )
    section.done()
    return settings


def _outbox(section: Section) -> tuple[pathlib.Path, Limits]:
    path = section.path("path", "/var/lib/meter-gateway/outbox.sqlite3")
    limits = Limits(
        max_bytes=section.whole("max_bytes", 1 << 20, 1 << 40, 512 << 20),
        max_age_seconds=section.number("max_age_seconds", 60, 3_650 * 86_400, 90 * 86_400),
        when_full=cast(WhenFull, section.choice("when_full", ("drop_oldest", "drop_newest"), "drop_oldest")),
    )
    section.done()
    return path, limits


def _clock(section: Section) -> Unsynchronized:
    unsynchronized = cast("Unsynchronized", section.choice("unsynchronized", ("auto", "hold", "trust"), "auto"))
    section.done()
    return unsynchronized


def _listener(section: Section, gateway: str) -> ListenerSettings:
    settings = ListenerSettings(
        host=section.text("host", NAME, "127.0.0.1"),
        port=section.whole("port", 1, 65_535, 1883),
        topic_prefix=section.text("topic_prefix", TOPIC, "meters").strip("/"),
        client_id=section.text("client_id", NAME, gateway),
        user=section.optional_text("user"),
        password_file=section.path("password_file") if section.get("password_file") else None,
        sources=parse_sources(section),
    )
    section.done()
    return settings


def _bus(section: Section, known: Mapping[str, MeterModel]) -> BusSettings:
    transport = cast(Literal["tcp", "rtu", "rtu_over_tcp"], section.choice("transport", ("tcp", "rtu", "rtu_over_tcp"), "tcp"))
    serial = transport == "rtu"
    section.refuse(("host", "port") if serial else ("device", "baudrate", "parity", "stopbits"), f"transport '{transport}' has none")
    settings = BusSettings(
        id=section.text("id", NAME),
        transport=transport,
        meters=tuple(_meter(meter, known, transport == "tcp") for meter in section.sections("meters")),
        host=None if serial else section.text("host", NAME),
        port=section.whole("port", 1, 65_535, 502),
        device=section.text("device", PATH) if serial else None,
        baudrate=section.whole("baudrate", 300, 1_000_000, 9600),
        parity=cast(Literal["N", "E", "O"], section.choice("parity", ("N", "E", "O"), "N")),
        stopbits=section.whole("stopbits", 1, 2, 1),
        timeout_seconds=section.number("timeout_seconds", 0.05, 60, 1.0),
        pause_seconds=section.number("pause_seconds", 0, 10, 0.02),
    )
    section.done()
    return settings


def _meter(section: Section, known: Mapping[str, MeterModel], direct: bool) -> MeterSettings:
    """direct: over Modbus TCP, where a meter may have no line behind it."""
    model = section.text("model")
    if model and model not in known:
        section.fault("model", f"'{model}' is no known model{_nearest(model, known)}")
    settings = MeterSettings(
        panel_id=section.text("panel_id", NAME),
        meter_id=section.text("meter_id", NAME),
        unit=DIRECT_UNIT if direct and section.get("unit") == DIRECT_UNIT else section.whole("unit", 1, 247),
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
