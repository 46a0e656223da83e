# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: gateway_faults
short_description: Everything that keeps a gateway from reading a site's meters
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Compares the addresses and models of the meters of a site with the buses of their gateway and the models that are known.
positional: _input
options:
  _input:
    description: The site, as the filter P(energytwin.aws.site_model#filter) gives it.
    type: dict
    required: true
  gateway:
    description: The name of the gateway, as the site's meters have it.
    type: str
    required: true
  buses:
    description: The gateway's buses, see O(energytwin.aws.edge_gateway#role:main:edge_gateway_buses).
    type: list
    elements: dict
    required: true
  models:
    description: The names of the meter models that the gateway knows.
    type: list
    elements: str
    required: true
  listener:
    description: Whether meters may publish to the gateway by themselves.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Check the gateway
  ansible.builtin.assert:
    that: faults | length == 0
    fail_msg: "{{ faults }}"
  vars:
    buses: [{id: rs485, transport: rtu, device: /dev/ttyUSB0}]
    faults: "{{ site_model | energytwin.aws.gateway_faults(gateway='gw-roof', buses=buses, models=['eastron_sdm630']) }}"
"""

RETURN = r"""
_value:
  description: One sentence per fault; empty if all is well.
  type: list
  elements: str
"""

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.gateways import gateway_faults


class FilterModule:
    def filters(self) -> dict[str, c.Callable[..., t.Any]]:
        return {"gateway_faults": gateway_faults}
