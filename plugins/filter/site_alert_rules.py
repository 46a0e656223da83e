# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: site_alert_rules
short_description: The Grafana alert rules of a site
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Turns a checked site into the rules that M(energytwin.aws.grafana_alert_rules) takes, which are one for each warning and alarm of a limit, and
    one for each meter that may fall silent.
positional: _input
options:
  _input:
    description:
      - The site, as the filter P(energytwin.aws.site_model#filter) gives it.
    type: dict
    required: true
  stale_minutes:
    description: A meter without a reading for so many minutes is stale.
    type: int
    default: 15
seealso:
  - plugin: energytwin.aws.site_model
    plugin_type: filter
  - plugin: energytwin.aws.site_dashboards
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Alert rules
  energytwin.aws.grafana_alert_rules:
    url: "{{ grafana.workspace.endpoint }}"
    token: "{{ grafana_token.token }}"
    folder_uid: example-plant
    name: Meters
    rules: "{{ site | energytwin.aws.site_model(site_id=inventory_hostname) | energytwin.aws.site_alert_rules }}"
"""

RETURN = r"""
_value:
  description:
    - The rules, in the shape of Grafana's provisioning API.
  type: list
  elements: dict
"""

import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.alert_rules import alert_rules


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"site_alert_rules": alert_rules}
