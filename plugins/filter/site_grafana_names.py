# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: site_grafana_names
short_description: The uids of what a site has in Grafana
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Tells the uids of a site's folder, data source and dashboards. Where the site's id is too long for Grafana, or holds what a uid cannot,
    they hold a short form of it with a digest.
positional: _input
options:
  _input:
    description:
      - The id of the site.
    type: str
    required: true
seealso:
  - plugin: energytwin.aws.site_dashboards
    plugin_type: filter
"""

EXAMPLES = r"""
- name: The address of the dashboard Site
  ansible.builtin.debug:
    msg: "https://{{ stack_outputs.GrafanaEndpoint }}/d/{{ (inventory_hostname | energytwin.aws.site_grafana_names).site }}"
"""

RETURN = r"""
_value:
  description:
    - The uids, with the keys V(folder), V(datasource), V(site), V(panel), V(meters) and V(gateways).
  type: dict
"""

import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.dashboard_names import uids


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"site_grafana_names": uids}
