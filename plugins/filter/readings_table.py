# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: readings_table
short_description: The last readings of a site as a table for people
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Makes the lines of a table with the newest value of each property for every meter of a site.
positional: _input, read, properties
options:
  _input:
    description: The site, as the filter P(energytwin.aws.site_model#filter) gives it.
    type: dict
    required: true
  read:
    description: What M(energytwin.aws.twinmaker_property_value_info) returned as RV(energytwin.aws.twinmaker_property_value_info#module:components).
    type: list
    elements: dict
    required: true
  properties:
    description: The properties to show, one column each.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show the last readings
  ansible.builtin.debug:
    msg: >-
      {{ site | energytwin.aws.site_model(site_id=inventory_hostname)
      | energytwin.aws.readings_table(found.components, ['v1', 'i1', 'kW']) }}
"""

RETURN = r"""
_value:
  description: The lines, heading first.
  type: list
  elements: str
"""

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import meters
from ansible_collections.energytwin.aws.plugins.module_utils._site.table import readings_table


def _readings_table(site: dict[str, t.Any], read: list[dict[str, t.Any]], properties: list[str]) -> list[str]:
    return readings_table(meters(site), read, properties)


class FilterModule:
    def filters(self) -> dict[str, c.Callable[..., t.Any]]:
        return {"readings_table": _readings_table}
