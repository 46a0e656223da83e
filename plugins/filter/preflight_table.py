# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: preflight_table
short_description: What was found out before a site is deployed, as a table for people
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Makes the lines of a table - what, found, needed, remedy.
positional: _input
options:
  _input:
    description: The checks, as the filter P(energytwin.aws.preflight_checks#filter) gives them.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Show them
  ansible.builtin.debug:
    msg: "{{ found.checks | energytwin.aws.preflight_table }}"
"""

RETURN = r"""
_value:
  description: The lines, heading first.
  type: list
  elements: str
"""

import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._preflight.table import preflight_table


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"preflight_table": preflight_table}
