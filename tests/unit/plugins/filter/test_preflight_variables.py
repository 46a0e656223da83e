# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an inventory gives the roles of this collection, told before one of them begins."""

from __future__ import annotations

import collections.abc as c
import typing as t

import jinja2
import pytest
from ansible.errors import AnsibleUndefinedVariable

from ansible_collections.energytwin.aws.plugins.filter.preflight_variables import preflight_variables
from ansible_collections.energytwin.aws.plugins.module_utils._site.parse import parse_site
from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import plain
from tests.tools.checkout import CHECKOUT, read_yaml, roles

SITE = "example-plant"
GATEWAYS = ("gw-hall", "gw-roof")
BUSES = {
    "gw-hall": [{"id": "rs485", "transport": "rtu", "device": "/dev/ttyUSB0"}],
    "gw-roof": [{"id": "roof", "transport": "tcp", "host": "192.0.2.7"}],
}


class Templates(c.Mapping[str, t.Any]):
    """Variables that Ansible evaluates as one looks at them."""

    def __init__(self, values: dict[str, t.Any]) -> None:
        self.values_given = values

    def __getitem__(self, name: str) -> t.Any:
        if isinstance(self.values_given[name], Exception):
            raise self.values_given[name]
        return self.values_given[name]

    def __iter__(self) -> t.Iterator[str]:
        return iter(self.values_given)

    def __len__(self) -> int:
        return len(self.values_given)


def wrong(variables: dict[str, t.Any], gateway: dict[str, t.Any] | None = None, with_site: bool = True) -> dict[str, str]:
    """What is told of the example site with these variables, its first gateway with those: found, by what it is."""
    data = read_yaml("inventories/local/host_vars/example-plant/site.yml")["site"]
    hosts = {name: Templates({"edge_gateway_buses": buses}) for name, buses in BUSES.items()}
    hosts["gw-hall"] = Templates({**hosts["gw-hall"].values_given, **(gateway or {})})
    model = plain(parse_site(data, SITE)) if with_site else None
    told = preflight_variables({SITE: Templates(variables), **hosts}, SITE, GATEWAYS, model, str(CHECKOUT / "roles"))
    return {
        what: "; ".join(check["found"] for check in told if check["what"] == what)
        for what in dict.fromkeys(check["what"] for check in told)
    }


def test_the_example_has_no_faults() -> None:
    assert wrong({}) == {}


@pytest.mark.parametrize("role", [role for role in roles() if role != "edge_gateway"])
def test_every_role_of_a_site_is_compared(role: str) -> None:
    options = read_yaml(f"roles/{role}/meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    whole = sorted(name for name, option in options.items() if option["type"] == "int" or option["type"] == "float")
    assert wrong(dict.fromkeys(whole[:1], "x")) == {f"variable {name}": "'x'" for name in whole[:1]}
    assert whole


def test_a_gateway_is_compared_with_its_role_only() -> None:
    assert wrong({"edge_gateway_clock": "guess"}, {"edge_gateway_clock": "hope", "stack_storage": "dynamo"}) == {
        "variable edge_gateway_clock": "'hope'"
    }


@pytest.mark.parametrize(
    "value", [AnsibleUndefinedVariable("x"), jinja2.Undefined(), {"a": jinja2.Undefined()}, [{"a": [jinja2.StrictUndefined()]}]]
)
def test_what_cannot_be_told_yet_is_left_to_the_role(value: t.Any) -> None:
    assert wrong({"dashboards_stale_minutes": value, "twin_concurrency": "many"}) == {"variable twin_concurrency": "'many'"}


def test_a_meter_whose_bus_its_gateway_does_not_have_is_told() -> None:
    faults = wrong({}, {"edge_gateway_buses": []})
    assert faults.keys() == {"gateway gw-hall: meters"}
    assert "names no bus" in faults["gateway gw-hall: meters"]


def test_two_buses_on_one_device_are_told() -> None:
    buses = [{"id": name, "transport": "rtu", "device": "/dev/ttyUSB0"} for name in ("rs485", "other")]
    faults = wrong({}, {"edge_gateway_buses": [*buses, {"id": "third", "transport": "rtu", "device": "/dev/ttyUSB1"}]})
    assert "'/dev/ttyUSB0' is the device of buses[0] too" in faults["gateway gw-hall: meters"]
    assert "buses[2]" not in faults["gateway gw-hall: meters"]


def test_buses_are_compared_when_their_values_are_right_and_the_site_is() -> None:
    assert wrong({}, {"edge_gateway_buses": "rs485"}) == {"variable edge_gateway_buses": "'rs485'"}
    assert wrong({}, {"edge_gateway_buses": []}, with_site=False) == {}


def test_a_gateway_that_is_to_go_needs_no_bus() -> None:
    assert wrong({}, {"edge_gateway_buses": [], "edge_gateway_state": "absent"}) == {}


def test_models_of_the_gateways_own_are_known() -> None:
    assert wrong({}, {"edge_gateway_models": {"own": {}}}) == {}
