# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: preflight_variables
short_description: What is wrong with the variables of a site and of its gateways
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Compares what the inventory gives the options of roles with the roles' argument specs, and the buses of each gateway with the addresses of
    its meters, before any of these roles has begun.
  - Only what hosts are given is looked at, not the roles' defaults. What is a template and cannot be told yet is left to the roles.
positional: _input
options:
  _input:
    description: The variables of all hosts, C(hostvars).
    type: dict
    required: true
  host:
    description: The host of the site. It is compared with all roles but C(edge_gateway).
    type: str
    required: true
  gateways:
    description: The hosts of its gateways. They are compared with role C(edge_gateway).
    type: list
    elements: str
    default: []
  site:
    description: The site, as the filter P(energytwin.aws.site_model#filter) gives it. Without it, buses and addresses are not compared.
    type: dict
  roles:
    description: The folder of the roles.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Show them
  ansible.builtin.debug:
    msg: "{{ hostvars | energytwin.aws.preflight_variables(host='plant-north', gateways=['gw-roof'], roles='roles') }}"
"""

RETURN = r"""
_value:
  description: What is wrong, in the shape of RV(energytwin.aws.preflight_info#module:checks); empty if all is well.
  type: list
  elements: dict
"""

import collections.abc as c
import contextlib
import pathlib
import typing as t

import jinja2
from ansible.errors import AnsibleError, AnsibleUndefinedVariable

from ansible_collections.energytwin.aws.plugins.module_utils._preflight.checks import Check, Plain
from ansible_collections.energytwin.aws.plugins.module_utils._preflight.gateways import wiring_checks
from ansible_collections.energytwin.aws.plugins.module_utils._preflight.specs import Texts, option_specs, option_texts
from ansible_collections.energytwin.aws.plugins.module_utils._preflight.variables import value_checks
from ansible_collections.energytwin.aws.plugins.module_utils._site.gateways import gateway_faults
from ansible_collections.energytwin.aws.plugins.module_utils._site.model import Site
from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import as_site

Values = dict[str, t.Any]
GATEWAY_ROLE = "edge_gateway"
# With one of these a gateway says itself what it reads, or that it is to read nothing.
_OWN_SITE = frozenset({"edge_gateway_state", "edge_gateway_site", "edge_gateway_site_id"})


def preflight_variables(
    hostvars: c.Mapping[str, c.Mapping[str, t.Any]],
    host: str,
    gateways: c.Sequence[str] = (),
    site: c.Mapping[str, t.Any] | None = None,
    roles: str = "",
) -> list[Plain]:
    of_gateways = option_texts(roles, GATEWAY_ROLE)
    of_site = {name: text for name, text in option_texts(roles).items() if name not in of_gateways}
    inventory = {name: hostvars[name] for name in (host, *gateways) if name in hostvars}
    given = {name: _given(values, of_site if name == host else of_gateways) for name, values in inventory.items()}
    specs = option_specs({**of_site, **of_gateways}, sorted({name for values in given.values() for name in values}))
    checks = value_checks(given, specs)
    if site and not checks:
        checks += _wiring(as_site(site), {name: given[name] for name in gateways if name in given}, roles)
    return [check.plain() for check in checks]


def _given(variables: c.Mapping[str, t.Any], options: Texts) -> Values:
    """The values of options that a host has, without those that are templates of what is not known yet."""
    given = {}
    for name in options.keys() & variables.keys():
        with contextlib.suppress(AnsibleError):
            given[name] = _plain(variables[name])
    return given


def _plain(value: t.Any) -> t.Any:
    """A value without Ansible's lazy containers, whose templates are only told as one looks at them; AnsibleError if one cannot be told."""
    if isinstance(value, jinja2.Undefined):
        raise AnsibleUndefinedVariable("It is not known yet.")
    if isinstance(value, c.Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def _wiring(site: Site, gateways: c.Mapping[str, Values], roles: str) -> list[Check]:
    known = [path.stem for path in sorted(pathlib.Path(roles, GATEWAY_ROLE, "files/meter_models").glob("*.yml"))]
    return [
        check
        for name, values in gateways.items()
        if not _OWN_SITE & values.keys()
        for check in wiring_checks(
            name,
            gateway_faults(
                site,
                name,
                values.get("edge_gateway_buses", []),
                [*known, *values.get("edge_gateway_models", {})],
                bool(values.get("edge_gateway_listener")),
            ),
        )
    ]


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"preflight_variables": preflight_variables}
