# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: fleet_table
short_description: What the gateways of a fleet report, as a table for people
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Makes the lines of a table with one row for each gateway, and below it a line for each thing that needs somebody.
positional: _input
options:
  _input:
    description:
      - The gateways. Each has C(gateway), C(healthy), C(status) (what C(meter_gateway status --json) prints, or empty) and C(message), why there
        is no status.
    type: list
    elements: dict
    required: true
  unreachable:
    description: The names of gateways that could not be asked.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Show the fleet
  ansible.builtin.debug:
    msg: "{{ [{'gateway': 'gw-roof', 'healthy': false, 'status': {}, 'message': 'unreachable'}] | energytwin.aws.fleet_table }}"
"""

RETURN = r"""
_value:
  description: The lines, heading first.
  type: list
  elements: str
"""

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.fleet import fleet_table


class FilterModule:
    def filters(self) -> dict[str, c.Callable[..., t.Any]]:
        return {"fleet_table": fleet_table}
