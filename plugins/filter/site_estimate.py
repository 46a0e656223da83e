# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: site_estimate
short_description: What a site costs in a month, as a table for people
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Calculates from the site model what AWS will charge for a month, with each store side by side.
  - Nothing is asked of AWS; the prices are data.
positional: _input, usage, prices, unpriced
options:
  _input:
    description: The site, as the filter P(energytwin.aws.site_model#filter) gives it.
    type: dict
    required: true
  usage:
    description:
      - How it is used - C(gateways), C(interval_seconds), C(basic_ingest), C(months_kept), C(memory_hours), C(dashboard_hours),
        C(refresh_seconds) and C(model_mb), see playbook C(estimate.yml).
    type: dict
    required: true
  prices:
    description: The prices by key, each with C(usd), C(per), C(unit), C(region), C(date) and C(source), as in C(playbooks/vars/prices.yml).
    type: dict
    required: true
  unpriced:
    description: What costs something too, but has no price; each with C(what) and C(stores).
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
- name: Show what it costs
  ansible.builtin.debug:
    msg: >-
      {{ site | energytwin.aws.site_model(site_id=inventory_hostname) | energytwin.aws.site_estimate(estimate_usage, estimate_prices) }}
"""

RETURN = r"""
_value:
  description: The lines, heading first.
  type: list
  elements: str
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.energytwin.aws.plugins.module_utils._site.cost_table import estimate_table


def site_estimate(
    site: dict[str, t.Any], usage: dict[str, t.Any], prices: dict[str, t.Any], unpriced: list[dict[str, t.Any]] | None = None
) -> list[str]:
    try:
        return estimate_table(site, usage, prices, unpriced or [])
    except ValueError as error:
        raise AnsibleFilterError(f"{error}.") from None


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"site_estimate": site_estimate}
