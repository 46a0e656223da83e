# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configuration: every fault at once, each with its place and its remedy."""

from __future__ import annotations

import copy
import pathlib
import typing as t

import pytest

from meter_gateway import models
from meter_gateway.config import Config, ConfigFaults, load, parse

BUNDLED = models.bundled()


def faults(data: t.Any) -> list[str]:
    with pytest.raises(ConfigFaults) as caught:
        parse(data, BUNDLED)
    return caught.value.sentences


def test_a_good_one(config_data: dict[str, t.Any]) -> None:
    config = parse(config_data, BUNDLED)
    assert isinstance(config, Config)
    assert (config.mqtt.client_id, config.mqtt.port) == ("gw-roof", config_data["mqtt"]["port"])
    assert [meter.key for bus in config.buses for meter in bus.meters] == ["roof/5", "roof/6"]
    assert config.publishes_per_second == 90 and config.listener is None
    assert config.interval(config.buses[0].meters[0]) == 0.2


def test_a_meter_may_have_an_interval_of_its_own(config_data: dict[str, t.Any]) -> None:
    config_data["buses"][0]["meters"][0]["interval_seconds"] = 60
    config = parse(config_data, BUNDLED)
    assert [config.interval(meter) for meter in config.buses[0].meters] == [60, 0.2]


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("version", 2, "The configuration has version 2, this meter_gateway knows 1: install a newer meter_gateway first."),
        ("topic", None, "topic: is missing; write a topic without # and +."),
        ("topic", "energy/#", 'topic: "energy/#" cannot stand here; write a topic without # and +.'),
        ("topic", "a/b/c/d/e/f/g/h/i", "topic: 'a/b/c/d/e/f/g/h/i' is longer than AWS allows: at most 256 bytes and 7 slashes."),
        ("mqtt", None, "mqtt: null is no object; write {...}."),
        ("mqtt.hots", "x", "mqtt.hots: is no known key; did you mean 'host'?"),
        ("mqtt.zzzzzz", "x", "mqtt.zzzzzz: is no known key; remove it."),
        ("mqtt.port", 70_000, "mqtt.port: 70000 is no whole number from 1 to 65535."),
        ("mqtt.port", True, "mqtt.port: true is no whole number from 1 to 65535."),
        ("mqtt.cert_file", "cert.pem", 'mqtt.cert_file: "cert.pem" cannot stand here; write an absolute path.'),
        (
            "mqtt.basic_ingest_rule",
            "my-rule",
            'mqtt.basic_ingest_rule: "my-rule" cannot stand here; write a rule\'s name of letters, digits and _.',
        ),
        ("outbox.when_full", "panic", 'outbox.when_full: "panic" is none of drop_oldest, drop_newest.'),
        ("outbox.max_bytes", 1000, "outbox.max_bytes: 1000 is no whole number from 1048576 to 1099511627776."),
        ("clock.unsynchronized", "guess", 'clock.unsynchronized: "guess" is none of auto, hold, trust.'),
        ("interval_seconds", 0, "interval_seconds: 0 is no number from 0.1 to 86400."),
        ("publishes_per_second", 101, "publishes_per_second: 101 is no number from 0.1 to 100."),
        ("buses", {}, "buses: {} is no list; write [...]."),
        ("buses.0.transport", "udp", 'buses[0].transport: "udp" is none of tcp, rtu, rtu_over_tcp.'),
        ("buses.0.device", "/dev/ttyUSB0", "buses[0].device: cannot stand here, transport 'tcp' has none; remove it."),
        ("buses.0.meters.0.unit", 248, "buses[0].meters[0].unit: 248 is no whole number from 1 to 247."),
        ("buses.0.meters.0.unit", 2, "Bus 'rs485': unit 2 stands for roof/5 and roof/6; give each meter on a bus its own unit id."),
        ("buses.0.meters.0.meter_id", "6", "Meter roof/6 stands 2 times; name it once."),
        (
            "buses.0.meters.0.model",
            "eastron_sdm121",
            "buses[0].meters[0].model: 'eastron_sdm121' is no known model: did you mean 'eastron_sdm120'?",
        ),
    ],
)
def test_one_fault_is_one_sentence(config_data: dict[str, t.Any], path: str, value: t.Any, sentence: str) -> None:
    *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place: t.Any = config_data
    for part in way:
        place = place[part]
    place[last] = value
    assert faults(config_data) == [sentence]


def test_all_faults_at_once(config_data: dict[str, t.Any]) -> None:
    del config_data["mqtt"]["host"]
    config_data["interval"] = 5
    config_data["buses"].append({**copy.deepcopy(config_data["buses"][0]), "transport": "rtu"})
    found = "\n".join(faults(config_data))
    for part in (
        "mqtt.host",
        "interval_seconds",
        "buses[1].host",
        "buses[1].device",
        "id 'rs485' stands 2 times",
        "Meter roof/5 stands 2 times",
    ):
        assert part in found


def test_one_serial_line_is_one_bus(config_data: dict[str, t.Any]) -> None:
    bus = {"transport": "rtu", "device": "/dev/ttyUSB0", "meters": []}
    config_data["buses"] += [{"id": "a", **bus}, {"id": "b", **bus}]
    assert faults(config_data) == ["buses: the device /dev/ttyUSB0 stands in 2 buses; put their meters into one."]


def test_a_meter_with_an_address_of_its_own_may_have_the_unit_id_for_that(config_data: dict[str, t.Any]) -> None:
    [bus] = config_data["buses"]
    bus["meters"][0]["unit"] = 255
    assert parse(config_data, BUNDLED).buses[0].meters[0].unit == 255
    config_data["buses"] = [{**bus, "transport": "rtu_over_tcp"}]
    assert faults(config_data) == ["buses[0].meters[0].unit: 255 is no whole number from 1 to 247."]


def test_one_converter_is_one_bus(config_data: dict[str, t.Any]) -> None:
    bus = {"transport": "rtu_over_tcp", "host": "192.0.2.9", "port": 4001, "meters": []}
    config_data["buses"] += [{"id": "a", **bus}, {"id": "b", **bus}, {"id": "c", **bus, "port": 4002}]
    assert faults(config_data) == ["buses: the converter 192.0.2.9:4001 stands in 2 buses; put their meters into one."]


def test_nothing_to_do_is_a_fault_and_a_listener_is_something(config_data: dict[str, t.Any]) -> None:
    config_data["buses"] = []
    assert faults(config_data) == ["buses: there is no meter, and no listener either: name what is to be read."]
    config_data["listener"] = {}
    listener = parse(config_data, BUNDLED).listener
    assert listener is not None and (listener.host, listener.port, listener.topic_prefix) == ("127.0.0.1", 1883, "meters")


def test_faults_of_a_model_stand_beside_the_others(config_data: dict[str, t.Any]) -> None:
    config_data["models"] = {"mine": {}}
    config_data["buses"][0]["meters"][0]["model"] = "mine"
    config_data["topic"] = ""
    found = faults(config_data)
    assert any("mine" in sentence for sentence in found) and any(sentence.startswith("topic") for sentence in found)
    assert not any("no known model" in sentence for sentence in found)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "cannot be read: No such file or directory"), ("{", "is no JSON"), ("[]", "The configuration: [] is no object")],
)
def test_what_is_no_configuration(tmp_path: pathlib.Path, content: str | None, sentence: str) -> None:
    path = tmp_path / "config.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigFaults, match=sentence.replace("[", r"\[")):
        load(path)
