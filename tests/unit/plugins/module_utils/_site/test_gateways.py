# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What follows from a site for its gateways."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from ansible_collections.energytwin.aws.plugins.module_utils._site.fleet import fleet_table
from ansible_collections.energytwin.aws.plugins.module_utils._site.gateways import (
    BUS_KEYS,
    CONFIG_VERSION,
    INTERVAL,
    gateway_config,
    gateway_faults,
    gateway_policy,
    gateway_warnings,
)
from ansible_collections.energytwin.aws.plugins.module_utils._site.parse import parse_site
from local_cloud import policy
from meter_gateway import config as program

MODELS = ["eastron_sdm120", "eastron_sdm630"]
RS485 = {"id": "rs485", "transport": "rtu", "device": "/dev/ttyUSB0"}
LAN = {"id": "lan", "transport": "tcp", "host": "192.168.10.20", "interval_seconds": 2}
SETTINGS = {
    "status_file": "/run/meter-gateway/status.json",
    "mqtt": {"host": "broker", "ca_file": "/ca", "cert_file": "/cert", "key_file": "/key", "alpn": None},
    "outbox": {"path": "/outbox"},
    "listener": None,
}


def site(*meters: dict[str, t.Any]) -> t.Any:
    """A site with one panel; each meter gets what it does not say."""
    full = [
        {"id": str(number), "name": f"M{number}", "phases": 3, "model": "eastron_sdm630", **meter} for number, meter in enumerate(meters, 1)
    ]
    areas = [{"id": "roof", "name": "Roof", "panels": [{"id": "mdb", "name": "MDB", "meters": full}]}]
    return parse_site({"name": "Plant", "topic": "energy/plant", "areas": areas}, site_id="plant")


def at(address: str | None, **more: t.Any) -> dict[str, t.Any]:
    return {"gateway": "gw", **({} if address is None else {"address": address}), **more}


def test_a_gateway_reads_the_meters_that_name_it() -> None:
    plant = site(at("rs485/5"), at("lan/1", model="eastron_sdm120"), {"gateway": "other", "address": "1"}, {})
    assert gateway_faults(plant, "gw", [RS485, LAN], MODELS) == []
    made = gateway_config(plant, "gw", [RS485, LAN], SETTINGS)
    assert (made["version"], made["gateway"], made["topic"]) == (CONFIG_VERSION, "gw", "energy/plant")
    meter = {"panel_id": "mdb", "meter_id": "1", "name": "M1", "unit": 5, "model": "eastron_sdm630"}
    other = {"panel_id": "mdb", "meter_id": "2", "name": "M2", "unit": 1, "model": "eastron_sdm120", "interval_seconds": 2}
    assert made["buses"][0] == {**RS485, "meters": [meter]}
    assert made["buses"][1] == {"id": "lan", "transport": "tcp", "host": "192.168.10.20", "meters": [other]}
    assert "listener" not in made and "alpn" not in made["mqtt"]


def test_the_program_reads_the_configuration(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(gateway_config(site(at("5")), "gw", [RS485], SETTINGS)))
    read = program.load(path)
    assert CONFIG_VERSION == program.VERSION
    assert [(meter.key, meter.unit) for meter in read.buses[0].meters] == [("mdb/1", 5)]


def test_the_program_knows_every_key_of_a_bus(tmp_path: pathlib.Path) -> None:
    values = {"baudrate": 9600, "parity": "E", "stopbits": 1, "timeout_seconds": 1, "pause_seconds": 0.1, INTERVAL: 5}
    network = {**LAN, "port": 502}
    assert {*RS485, *network, *values} == set(BUS_KEYS)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(gateway_config(site(at("rs485/5"), at("lan/5")), "gw", [{**RS485, **values}, network], SETTINGS)))
    assert [meter.interval_seconds for bus in program.load(path).buses for meter in bus.meters] == [5, 2]


def test_where_there_is_one_bus_the_unit_is_enough() -> None:
    assert gateway_config(site(at("7")), "gw", [RS485], {})["buses"][0]["meters"][0]["unit"] == 7


@pytest.mark.parametrize(
    ("meters", "buses", "said"),
    [
        ([at("rs485/0")], [RS485], "Meter mdb/1: address 'rs485/0' names no unit id; write <bus>/<unit> with a unit from 1 to 247"),
        ([at("rs485/248")], [RS485], "from 1 to 247"),
        ([at("rs485/254")], [RS485], "from 1 to 247"),
        ([at("rs485")], [RS485], "names no unit id"),
        ([at("rs48/5")], [RS485], "did you mean rs485/5?"),
        ([at("x/5")], [RS485, LAN], "known are rs485, lan"),
        ([at("5")], [RS485, LAN], "names no bus, and the gateway has 2"),
        ([at("5")], [], "the gateway has 0"),
        ([at("5"), at("rs485/5")], [RS485], "Meter mdb/2: unit 5 on bus 'rs485' is that of Meter mdb/1 already"),
        ([at("5", model="eastron_sdm60")], [RS485], "model 'eastron_sdm60' is not known; did you mean 'eastron_sdm630'?"),
        ([at("5", model=None)], [RS485], "model is missing"),
        ([{"gateway": "other"}], [RS485], "No meter of the site names gateway 'gw'"),
        ([at("5")], [{**RS485, "baud": 9600}], "buses[0].baud: is no key of a bus; did you mean 'baudrate'?"),
        ([at("rs485/5")], [RS485, RS485], "buses[1].id: 'rs485' is used twice"),
        ([at("a/b/5")], [{**RS485, "id": "a/b"}], "holds a slash"),
        ([at("5")], [{**RS485, "transport": "udp"}], "'udp' is no way to a meter"),
        ([at("5")], "rs485", "is no list"),
        ([at("5")], ["rs485"], "is no bus"),
    ],
)
def test_what_cannot_be_read_is_told(meters: list[dict[str, t.Any]], buses: t.Any, said: str) -> None:
    faults = gateway_faults(site(*meters), "gw", buses, MODELS)
    assert any(said in fault for fault in faults), faults


def test_all_faults_are_told_at_once() -> None:
    meters = [at("rs485/x"), at("rs485/5", model="none"), at("lan/0")]
    assert len(gateway_faults(site(*meters), "gw", [RS485, {**LAN, "speed": 1}], MODELS)) == 4


def test_what_nothing_reads_is_told_once() -> None:
    plant = site(at("5"), at(None), {}, {"gateway": "z"})
    assert gateway_faults(plant, "gw", [RS485], MODELS) == []
    assert gateway_warnings(plant, "gw", ["z", "gw"]) == [
        "Meter mdb/2 has no address at gateway gw: it is not read.",
        "Meter mdb/3 has no gateway: it is not read.",
    ]
    assert gateway_warnings(plant, "z", ["z", "gw"]) == ["Meter mdb/4 has no address at gateway z: it is not read."]


def test_a_meter_that_publishes_by_itself_needs_no_address() -> None:
    plant = site(at(None))
    assert gateway_warnings(plant, "gw", ["gw"], listener=True) == []
    assert gateway_faults(plant, "gw", [], MODELS, listener=True) == []
    assert gateway_faults(site({}), "gw", [], MODELS, listener=True) == []


@pytest.mark.parametrize("rule", [None, "plant_rule"])
def test_the_policy_allows_its_own_name_and_topic_only(rule: str | None) -> None:
    document = gateway_policy(site(at("5")), "aws", "eu-central-1", "123456789012", rule)
    base = "arn:aws:iot:eu-central-1:123456789012:"
    attached = {"iot:Connection.Thing.ThingName": "gw", "iot:Connection.Thing.IsAttached": "true"}

    def allowed(action: str, resource: str, **context: str) -> bool:
        return policy.evaluate([document], f"iot:{action}", base + resource, {**attached, **context}) is policy.Decision.ALLOWED

    assert allowed("Connect", "client/gw")
    assert not allowed("Connect", "client/other")
    assert not allowed("Connect", "client/gw", **{"iot:Connection.Thing.IsAttached": "false"})
    own_topic = f"topic/{f'$aws/rules/{rule}/' if rule else ''}energy/plant"
    assert allowed("Publish", own_topic)
    assert not allowed("Publish", own_topic, **{"iot:Connection.Thing.IsAttached": "false"})
    for topic in ("energy/other", "energy/plant/x", "$aws/rules/other/energy/plant", "$aws/things/gw/shadow/update"):
        assert not allowed("Publish", f"topic/{topic}")
    assert allowed("Publish", "topic/energy/plant") is (rule is None)
    for action in ("Subscribe", "Receive", "RetainPublish"):
        assert not allowed(action, "topic/energy/plant") and not allowed(action, "topicfilter/energy/plant")


def report(name: str = "gw", healthy: bool = True, message: str = "", **status: t.Any) -> dict[str, t.Any]:
    good = {
        "version": "0.1.0",
        "mqtt": {"state": "connected", "last_error": None},
        "outbox": {"readings": 2, "dropped": {}},
        "meters": {"mdb/1": {"last_reading": 1_795_400_000_000, "last_error": None}},
    }
    return {"gateway": name, "healthy": healthy, "status": {**good, **status}, "message": message}


def test_the_fleet_at_a_glance() -> None:
    lines = fleet_table([report(), report("gw-2")])
    assert lines[0].split() == ["Gateway", "State", "Version", "AWS", "Meters", "Last", "reading", "(UTC)", "Waiting", "Dropped"]
    assert lines[2].split() == ["gw", "healthy", "0.1.0", "connected", "1", "of", "1", "2026-11-23", "02:13:20", "2", "0"]
    assert len(lines) == 4


def test_what_needs_somebody_is_said() -> None:
    silent = {f"mdb/{number}": {"last_reading": None, "last_error": f"Meter mdb/{number} does not answer."} for number in range(12)}
    lines = fleet_table(
        [
            report("ill", healthy=False, message="The status is old."),
            report("off", mqtt={"state": "disconnected", "last_error": "The broker refuses."}),
            report("full", outbox={"readings": 9, "dropped": {"no room": 3, "too old": 0}}),
            report("blind", meters=silent),
        ],
        unreachable=["lost"],
    )
    said = lines[lines.index("") + 1 :]
    assert said[:3] == [
        "ill is not healthy: The status is old.",
        "off is not connected to AWS: The broker refuses.",
        "full has dropped readings: 3 (no room)",
    ]
    assert said[3:5] == ["blind: Meter mdb/0 does not answer.", "blind: Meter mdb/1 does not answer."]
    assert said[-2:] == ["blind: 2 more meters are silent", "lost is not healthy: it cannot be reached"]
    assert "0 of 12" in lines[5] and "none" in lines[5]
    assert lines[6].split() == ["lost", "UNHEALTHY", *["-"] * 6]
