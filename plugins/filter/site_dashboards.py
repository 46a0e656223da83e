# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: site_dashboards
short_description: The Grafana dashboards of a site
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Turns a checked site into the dashboards that M(energytwin.aws.grafana_dashboard) takes, which are Site, Panel, Meters and Gateways.
  - They read the data source with the uid that P(energytwin.aws.site_grafana_names#filter) gives.
positional: _input
options:
  _input:
    description:
      - The site, as the filter P(energytwin.aws.site_model#filter) gives it.
    type: dict
    required: true
  scene_id:
    description: The scene that dashboard Site shows. Without one it shows none.
    type: str
    default: ""
  stale_minutes:
    description: A meter without a reading for so many minutes is shown as stale.
    type: int
    default: 15
seealso:
  - plugin: energytwin.aws.site_model
    plugin_type: filter
  - plugin: energytwin.aws.site_grafana_names
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Dashboards
  energytwin.aws.grafana_dashboard:
    url: "{{ grafana.workspace.endpoint }}"
    token: "{{ grafana_token.token }}"
    dashboard: "{{ item }}"
  loop: "{{ site | energytwin.aws.site_model(site_id=inventory_hostname) | energytwin.aws.site_dashboards(scene_id='plant') }}"
  loop_control:
    label: "{{ item.title }}"
"""

RETURN = r"""
_value:
  description:
    - The dashboards Site, Panel, Meters and Gateways, in this order, in Grafana's JSON model.
  type: list
  elements: dict
"""

import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.dashboards import dashboards


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"site_dashboards": dashboards}
