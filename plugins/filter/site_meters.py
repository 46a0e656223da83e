# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: site_meters
short_description: Every meter of a site with all that names it
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Lists the meters of a checked site, each once and in the order of the site.
positional: _input
options:
  _input:
    description:
      - The site, as the filter P(energytwin.aws.site_model#filter) gives it.
    type: dict
    required: true
seealso:
  - plugin: energytwin.aws.site_model
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show where each meter's history is
  ansible.builtin.debug:
    msg: "{{ item.meter_name }}: entity {{ item.entity_id }}, component {{ item.component_name }}"
  loop: "{{ site | energytwin.aws.site_model(site_id=inventory_hostname) | energytwin.aws.site_meters }}"
  loop_control:
    label: "{{ item.component_name }}"
"""

RETURN = r"""
_value:
  description:
    - The meters. Each has V(panel_id), V(panel_name), V(meter_id), V(meter_name), V(entity_id), V(component_name),
      V(area_ids) (outermost first), V(phases), V(properties) (what it can measure), V(model), V(gateway), V(address), V(serial),
      V(limits) and V(position). What is not known is V(none).
  type: list
  elements: dict
"""

import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import meters


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"site_meters": meters}
