# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: preflight_failures
short_description: What keeps a site from being deployed, a sentence each
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Makes a sentence of each check that is bad.
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
    msg: "{{ found.checks | energytwin.aws.preflight_failures }}"
"""

RETURN = r"""
_value:
  description: One sentence per bad check; empty if there is none.
  type: list
  elements: str
"""

import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._preflight.table import preflight_failures


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"preflight_failures": preflight_failures}
