# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What follows from a site for one of its gateways: the meters that it reads, its configuration and its policy (pure).

A meter of the site names its gateway, and as its ``address`` the bus and the unit id there: ``rs485/5``, or ``5`` where the gateway
has one bus only. What a bus is like stands at the gateway, since it is the gateway's wiring.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import difflib
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.fields import Fields, Problems, shown
from ansible_collections.energytwin.aws.plugins.module_utils._site.model import Site
from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import Plain, as_site, meters

# The version of the configuration's form that meter_gateway reads.
CONFIG_VERSION = 1
BUS_KEYS = (
    "id",
    "transport",
    "host",
    "port",
    "device",
    "baudrate",
    "parity",
    "stopbits",
    "timeout_seconds",
    "pause_seconds",
    "interval_seconds",
)
# Of every meter on the bus, not of the bus.
INTERVAL = "interval_seconds"
TRANSPORTS = ("tcp", "rtu", "rtu_over_tcp")
LAST_UNIT = 247
DIRECT_UNIT = 255  # of what is at the other end of a Modbus TCP connection itself; the program refuses it on a serial line


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a meter is read: the id of a bus, and the unit id on it."""

    bus: str
    unit: int


def gateway_faults(
    site: Site | c.Mapping[str, t.Any], gateway: str, buses: t.Any, models: c.Collection[str], listener: bool = False
) -> list[str]:
    """Everything that keeps a gateway from reading the site's meters, a sentence each.

    buses: the gateway's buses, mappings with BUS_KEYS. models: names of the meter models that the program will know.
    listener: whether meters may publish to the gateway by themselves.
    """
    problems = Problems()
    ids = _bus_ids(buses, problems)
    taken: dict[Place, str] = {}
    own = _own(site, gateway)
    if not own and not listener:
        problems.add("", f"No meter of the site names gateway {shown(gateway)}, so it would have nothing to read; set a meter's 'gateway'.")
    for meter in own:
        name = f"Meter {_key(meter)}"
        place = _place(meter["address"], ids)
        if isinstance(place, str):
            problems.add(name, f"address {shown(meter['address'])} {place}")
        elif place and taken.setdefault(place, name) != name:
            problems.add(name, f"unit {place.unit} on bus {shown(place.bus)} is that of {taken[place]} already; give each its own unit id")
        if place and meter["model"] not in models:
            problems.add(name, _model_fault(meter["model"], models))
    return problems.sentences


def gateway_warnings(site: Site | c.Mapping[str, t.Any], gateway: str, gateways: c.Collection[str], listener: bool = False) -> list[str]:
    """What somebody may have forgotten: meters that nothing reads. gateways: all of the site's gateways.

    Each gateway tells of its own meters; the first of them also of those that no gateway has.
    """
    silent = [] if listener else [meter for meter in _own(site, gateway) if not meter["address"]]
    told = [f"Meter {_key(meter)} has no address at gateway {gateway}: it is not read." for meter in silent]
    if gateway == min(gateways, default=gateway):
        told += [f"Meter {_key(meter)} has no gateway: it is not read." for meter in meters(site) if not meter["gateway"]]
    return told


def gateway_config(
    site: Site | c.Mapping[str, t.Any], gateway: str, buses: c.Sequence[c.Mapping[str, t.Any]], settings: c.Mapping[str, t.Any]
) -> Plain:
    """The configuration of meter_gateway, in the form that it reads. Takes what ``gateway_faults`` finds good.

    settings: what does not follow from the site (mqtt, outbox, status_file, ...), as it stands in the configuration; what is None is left out.
    """
    site = as_site(site)
    ids = [str(bus["id"]) for bus in buses]
    placed = [(place, meter) for meter in _own(site, gateway) if isinstance(place := _place(meter["address"], ids), Place)]
    return {
        "version": CONFIG_VERSION,
        "gateway": gateway,
        "topic": site.topic,
        **_present(settings),
        "buses": [
            {
                **{key: value for key, value in bus.items() if key != INTERVAL},
                "id": bus_id,
                "meters": [_configured(meter, place.unit, bus.get(INTERVAL)) for place, meter in placed if place.bus == bus_id],
            }
            for bus_id, bus in zip(ids, buses, strict=True)
        ],
    }


def gateway_policy(site: Site | c.Mapping[str, t.Any], partition: str, region: str, account: str, rule: str | None = None) -> Plain:
    """The IoT policy document of a gateway: it connects under the name of the thing that its certificate is attached to, and publishes
    the site's readings for as long as it is attached. Nothing else.

    rule: the topic rule that it publishes to directly (Basic Ingest), else None.
    """
    topic = as_site(site).topic
    base = f"arn:{partition}:iot:{region}:{account}"
    attached = {"Bool": {"iot:Connection.Thing.IsAttached": "true"}}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "iot:Connect",
                "Resource": f"{base}:client/${{iot:Connection.Thing.ThingName}}",
                "Condition": attached,
            },
            {
                "Effect": "Allow",
                "Action": "iot:Publish",
                "Resource": f"{base}:topic/{f'$aws/rules/{rule}/{topic}' if rule else topic}",
                "Condition": attached,
            },
        ],
    }


def _present(values: c.Mapping[str, t.Any]) -> Plain:
    return {key: _present(value) if isinstance(value, c.Mapping) else value for key, value in values.items() if value is not None}


def _own(site: Site | c.Mapping[str, t.Any], gateway: str) -> list[Plain]:
    return [meter for meter in meters(site) if meter["gateway"] == gateway]


def _key(meter: Plain) -> str:
    return f"{meter['panel_id']}/{meter['meter_id']}"


def _bus_ids(buses: t.Any, problems: Problems) -> list[str]:
    """The ids of the buses; what is wrong with the buses is noted. Their values are the program's to judge."""
    top = Fields({"buses": buses}, "", "gateway", ("buses",), problems)
    ids: list[str] = []
    devices: dict[str, str] = {}
    for path, entry in top.entries("buses"):
        bus = Fields(entry, path, "bus", BUS_KEYS, problems)
        bus_id = bus.identifier("id", lambda value: "holds a slash; write it without" if "/" in value else None)
        if bus_id and bus_id in ids:
            bus.complain("id", "is used twice; give each bus its own id")
        if bus.raw("transport") is not None and bus.raw("transport") not in TRANSPORTS:
            bus.complain("transport", f"is no way to a meter; use one of {', '.join(TRANSPORTS)}")
        device = bus.raw("device")
        if device and devices.setdefault(str(device), path) != path:
            bus.complain("device", f"is the device of {devices[str(device)]} too; put the meters of both into one bus, or mend it")
        ids.append(bus_id)
    return ids


def _place(address: str | None, buses: c.Sequence[str]) -> Place | str | None:
    """Where an address leads, or the end of a sentence about what is wrong with it; None for no address."""
    if not address:
        return None
    bus, slash, unit = address.rpartition("/")
    if not unit.isdecimal() or not (1 <= int(unit) <= LAST_UNIT or int(unit) == DIRECT_UNIT):
        return f"names no unit id; write <bus>/<unit> with a unit from 1 to {LAST_UNIT}, such as rs485/5"
    if not slash and len(buses) != 1:
        return f"names no bus, and the gateway has {len(buses)}; write <bus>/<unit> (known: {', '.join(buses) or 'none'})"
    if slash and bus not in buses:
        close = difflib.get_close_matches(bus, buses, n=1)
        return (
            f"names no bus of its gateway; {f'did you mean {close[0]}/{unit}?' if close else 'known are ' + (', '.join(buses) or 'none')}"
        )
    return Place(bus if slash else buses[0], int(unit))


def _model_fault(model: str | None, models: c.Collection[str]) -> str:
    if not model:
        return f"model is missing, so its registers are not known; write one of {', '.join(sorted(models))}"
    close = difflib.get_close_matches(model, sorted(models), n=1)
    remedy = f"did you mean '{close[0]}'?" if close else f"known are {', '.join(sorted(models))}"
    return f"model {shown(model)} is not known; {remedy} (or describe it in edge_gateway_models)"


def _configured(meter: Plain, unit: int, interval: t.Any) -> Plain:
    configured = {
        "panel_id": meter["panel_id"],
        "meter_id": meter["meter_id"],
        "name": meter["meter_name"],
        "unit": unit,
        "model": meter["model"],
    }
    return configured if interval is None else {**configured, INTERVAL: interval}
