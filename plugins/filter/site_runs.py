# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: site_runs
short_description: How a run over many sites went
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Makes a report of what playbook C(energytwin.aws.site) has noted at the hosts of sites and gateways.
positional: _input, gateways
options:
  _input:
    description:
      - The variables of the sites' hosts. Each has C(inventory_hostname), and may have C(site_run_failure) with C(where) and C(why) (a sentence
        or a list of them), C(site_run_changed) (a list of what was changed) and C(site_run_done).
    type: list
    elements: dict
    required: true
  gateways:
    description:
      - The variables of the gateways' hosts, with C(gateway_site), C(site_run_tried) and the same. Those that were not tried do not count.
    type: list
    elements: dict
    required: true
seealso:
  - plugin: energytwin.aws.site_runs_table
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Keep how the run went
  ansible.builtin.set_stats:
    data:
      site_run: "{{ groups['sites'] | map('extract', hostvars) | energytwin.aws.site_runs(groups['gateways'] | map('extract', hostvars)) }}"
"""

RETURN = r"""
_value:
  description: The report.
  type: dict
  contains:
    sites:
      description:
        - By the name of each site its C(state) (V(ok), V(failed) or V(unfinished)), C(changed) (what was changed), C(failures) (a sentence each),
          C(gateways) (how many were tried), C(gateways_changed) and C(gateways_failed).
      type: dict
    ok:
      description: How many sites are as they should be, with their gateways.
      type: int
    changed:
      description: How many sites were changed, or would be in check mode.
      type: int
    failed:
      description: How many sites are not as they should be.
      type: int
"""

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.runs import site_runs


class FilterModule:
    def filters(self) -> dict[str, c.Callable[..., t.Any]]:
        return {"site_runs": site_runs}
