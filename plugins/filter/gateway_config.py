# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: gateway_config
short_description: The configuration of a gateway
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Makes the configuration of meter_gateway out of a site, with the meters that name the gateway.
  - Takes what the filter P(energytwin.aws.gateway_faults#filter) finds good.
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
  settings:
    description: What does not follow from the site, such as C(mqtt) and C(outbox), as it stands in the configuration.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show the configuration
  ansible.builtin.debug:
    msg: "{{ site_model | energytwin.aws.gateway_config(gateway='gw-roof', buses=buses, settings={'interval_seconds': 10}) }}"
  vars:
    buses: [{id: rs485, transport: rtu, device: /dev/ttyUSB0}]
"""

RETURN = r"""
_value:
  description: The configuration.
  type: dict
"""

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.gateways import gateway_config


class FilterModule:
    def filters(self) -> dict[str, c.Callable[..., t.Any]]:
        return {"gateway_config": gateway_config}
