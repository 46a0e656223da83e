# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Devices that publish JSON of their own making, in the shapes that Tasmota, telegraf and emonHub have."""

from __future__ import annotations

import json
import typing as t

import pytest

from meter_gateway.config import ConfigFaults, parse
from meter_gateway.heard import understand
from meter_gateway.sources import Source

# tele/<device>/SENSOR of Tasmota, with SetOption52 1 for the offset in Time
PLUG: dict[str, t.Any] = {
    "Time": "2026-11-23T10:15:00+01:00",
    "ENERGY": {
        "TotalStartTime": "2026-01-01T00:00:00",
        "Total": 123.456,
        "Yesterday": 1.234,
        "Today": 0.567,
        "Period": 1,
        "Power": 84,
        "ApparentPower": 92,
        "ReactivePower": 38,
        "Factor": 0.91,
        "Voltage": 231,
        "Current": 0.398,
    },
}
TASMOTA: dict[str, t.Any] = {
    "topic": "tele/{meter}/SENSOR",
    "panel": "office",
    "fields": {
        "kW": {"field": "ENERGY.Power", "scale": 0.001},
        "kWhImport": "ENERGY.Total",
        "v1": "ENERGY.Voltage",
        "i1": "ENERGY.Current",
        "pf": "ENERGY.Factor",
    },
    "time_field": "Time",
    "time_unit": "iso",
}
# outputs.mqtt of telegraf with data_format = "json", of its inputs.modbus
METRIC: dict[str, t.Any] = {
    "fields": {"voltage_l1": 230.5, "power": 1520.5, "import": 55.25},
    "name": "modbus",
    "tags": {"host": "box", "name": "sdm", "panel": "roof", "slave_id": "5", "type": "input_register"},
    "timestamp": 1795400000,
}
TELEGRAF: dict[str, t.Any] = {
    "topic": "telegraf/box/modbus",
    "panel_field": "tags.panel",
    "meter_field": "tags.slave_id",
    "fields": {"v1": "fields.voltage_l1", "kW": {"field": "fields.power", "scale": 0.001}, "kWhImport": "fields.import"},
    "time_field": "timestamp",
    "time_unit": "s",
}
# emonHub's MQTT interfacer with node_JSON_enable
NODE = {"power1": 250, "vrms": 240.12, "E1": 4321, "time": 1795400000.123, "rssi": -43}
EMONHUB: dict[str, t.Any] = {
    "topic": "emon/{panel}/{meter}",
    "fields": {"kW": {"field": "power1", "scale": 0.001}, "v1": "vrms", "kWhImport": {"field": "E1", "scale": 0.001}},
    "time_field": "time",
    "time_unit": "s",
}


def sources(config_data: dict[str, t.Any], *found: dict[str, t.Any]) -> tuple[Source, ...]:
    config_data |= {"buses": [], "listener": {"sources": list(found)}}
    listener = parse(config_data, {}).listener
    assert listener is not None
    return listener.sources


@pytest.mark.parametrize(
    ("source", "topic", "message", "body", "taken"),
    [
        (
            TASMOTA,
            "tele/plug-7/SENSOR",
            PLUG,
            {"panelId": "office", "meterId": "plug-7", "v1": 231, "i1": 0.398, "kW": 0.084, "pf": 0.91, "kWhImport": 123.456},
            1_795_425_300_000,
        ),
        (
            TELEGRAF,
            "telegraf/box/modbus",
            METRIC,
            {"panelId": "roof", "meterId": "5", "v1": 230.5, "kW": 1.5205, "kWhImport": 55.25},
            1_795_400_000_000,
        ),
        (
            EMONHUB,
            "emon/hall/emontx4",
            NODE,
            {"panelId": "hall", "meterId": "emontx4", "v1": 240.12, "kW": 0.25, "kWhImport": 4.321},
            1_795_400_000_123,
        ),
    ],
)
def test_what_others_publish_becomes_a_reading(
    config_data: dict[str, t.Any], source: dict[str, t.Any], topic: str, message: t.Any, body: t.Any, taken: int
) -> None:
    heard = understand(topic, json.dumps(message).encode(), "meters", sources(config_data, TASMOTA, TELEGRAF, EMONHUB))
    assert (json.loads(heard.body), heard.taken) == (body, taken)
    assert heard.key == f"{body['panelId']}/{body['meterId']}"


def test_three_phases_of_tasmota_are_lists_and_their_power_is_a_sum(config_data: dict[str, t.Any]) -> None:
    energy = {"Power": [84, 16, -20], "Voltage": [231, 229, 230], "Total": 12.5}
    fields = {
        "kW": {"field": "ENERGY.Power", "scale": 0.001},
        "kW2": {"field": "ENERGY.Power.1", "scale": 0.001},
        "v3": "ENERGY.Voltage.2",
        "i1": "ENERGY.Current.0",
    }
    found = sources(config_data, {**TASMOTA, "fields": fields, "time_field": None})
    heard = understand("tele/5/SENSOR", json.dumps({**PLUG, "ENERGY": energy}).encode(), "meters", found)
    assert json.loads(heard.body) == {"panelId": "office", "meterId": "5", "kW": 0.08, "kW2": 0.016, "v3": 230}
    assert heard.taken is None


def test_what_is_below_the_prefix_is_read_as_ever_and_a_source_comes_first(config_data: dict[str, t.Any]) -> None:
    found = sources(config_data, {**EMONHUB, "topic": "meters/{panel}/{meter}"})
    heard = understand("meters/roof/5/more", b'{"kW": 4, "panelId": "roof", "meterId": "5"}', "meters", found)
    assert json.loads(heard.body)["kW"] == 4
    assert json.loads(understand("meters/roof/5", json.dumps(NODE).encode(), "meters", found).body)["kW"] == 0.25


@pytest.mark.parametrize(
    ("source", "change", "why"),
    [
        (TASMOTA, {"Time": "2026-11-23T10:15:00"}, "its Time '2026-11-23T10:15:00' does not say how far from UTC it is"),
        (TASMOTA, {"Time": "today"}, "its Time 'today' is no time like 2026-"),
        (TASMOTA, {"Time": "1970-01-01T00:01:00+00:00"}, "its Time '1970-01-01T00:01:00[+]00:00' is no time since this program was made"),
        (TASMOTA, {"ENERGY": {}}, "none of ENERGY.Voltage, ENERGY.Current, ENERGY.Power"),
        (TASMOTA, {"ENERGY": {"Power": "84"}}, "its ENERGY.Power is no number"),
        (TASMOTA, {"ENERGY": {"Power": [84, None]}}, "its ENERGY.Power is no number"),
        (TASMOTA, {"ENERGY": {"Voltage": [231, 229]}}, "its ENERGY.Voltage is no number"),
        (TELEGRAF, {"tags": {"panel": "roof"}}, "neither its topic nor its meter names that"),
        (TELEGRAF, {"timestamp": 1795400000000}, "its timestamp '1795400000000' is no time since"),
        (TELEGRAF, {"timestamp": "now"}, "its timestamp is no number"),
    ],
)
def test_what_a_source_should_not_say_is_told(config_data: dict[str, t.Any], source: t.Any, change: t.Any, why: str) -> None:
    topic, message = ("tele/5/SENSOR", PLUG) if source is TASMOTA else ("telegraf/box/modbus", METRIC)
    with pytest.raises(ValueError, match=why):
        understand(topic, json.dumps({**message, **change}).encode(), "meters", sources(config_data, source))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (
            {"panel": None},
            "listener.sources[0].panel: is to be named once: as panel, as panel_field, or as the level {panel} of the topic.",
        ),
        ({"meter": "5"}, "listener.sources[0].meter: is to be named once: as meter, as meter_field, or as the level {meter} of the topic."),
        ({"topic": "tele/plug-{meter}/SENSOR", "meter": "5"}, "'plug-{meter}' cannot stand here"),
        ({"topic": "tele/+/SENSOR", "meter": "1"}, "write a topic without # and +"),
        ({"fields": {}}, "listener.sources[0].fields: name at least one of v1,"),
        ({"fields": {"power": "x", "kW": "y"}}, "listener.sources[0].fields.power: is no known key"),
        ({"fields": {"kW": {"field": "x", "scale": "m"}}}, 'listener.sources[0].fields.kW.scale: "m" is no number from'),
        ({"fields": {"kW": {"scale": 2}}}, "listener.sources[0].fields.kW.field: is missing"),
        ({"fields": {"kW": 7}}, "listener.sources[0].fields.kW: 7 cannot stand here"),
        ({"time_unit": "h"}, 'listener.sources[0].time_unit: "h" is none of ms, s, iso.'),
    ],
)
def test_a_fault_of_a_source_is_one_sentence(config_data: dict[str, t.Any], change: dict[str, t.Any], fault: str) -> None:
    with pytest.raises(ConfigFaults) as caught:
        sources(config_data, {**TASMOTA, **change})
    assert len(caught.value.sentences) == 1 and fault in caught.value.sentences[0]


def test_a_topic_is_explained_once(config_data: dict[str, t.Any]) -> None:
    with pytest.raises(ConfigFaults, match=r"the topic 'tele/[+]/SENSOR' stands 2 times"):
        sources(config_data, TASMOTA, {**TASMOTA, "topic": "tele/{panel}/SENSOR", "panel": None, "meter": "1"})
