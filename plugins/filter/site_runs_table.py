# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: site_runs_table
short_description: How a run over many sites went, as a table for people
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Makes the lines of a table with a row for each site, those that failed first, and below it a line for each failure.
positional: _input
options:
  _input:
    description: What P(energytwin.aws.site_runs#filter) gives.
    type: dict
    required: true
seealso:
  - plugin: energytwin.aws.site_runs
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show how the run went
  ansible.builtin.debug:
    msg: "{{ [{'inventory_hostname': 'plant', 'site_run_done': true}] | energytwin.aws.site_runs([]) | energytwin.aws.site_runs_table }}"
"""

RETURN = r"""
_value:
  description: The lines, heading first.
  type: list
  elements: str
"""

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.runs import site_runs_table


class FilterModule:
    def filters(self) -> dict[str, c.Callable[..., t.Any]]:
        return {"site_runs_table": site_runs_table}
