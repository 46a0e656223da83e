# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: preflight_neighbours
short_description: The stacks of other sites in the same account and region
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Finds the stacks of the sites of a run that have one C(aws_environment).
positional: _input
options:
  _input:
    description: The variables of the hosts of all sites of the run.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Show them
  ansible.builtin.debug:
    msg: "{{ ansible_play_hosts_all | map('extract', hostvars) | energytwin.aws.preflight_neighbours }}"
"""

RETURN = r"""
_value:
  description: By the name of each site, the names of the other sites' stacks (C(stack_name), else the name of the site).
  type: dict
"""

import collections.abc as c
import contextlib
import typing as t

from ansible.errors import AnsibleError

from ansible_collections.energytwin.aws.plugins.module_utils._preflight.places import Place, Variables, place_of


def preflight_neighbours(sites: c.Iterable[Variables]) -> dict[str, list[str]]:
    by_place: dict[Place, dict[str, str]] = {}
    for site in sites:
        # What cannot be told of a site is told when its turn comes.
        with contextlib.suppress(AnsibleError):
            name = str(site["inventory_hostname"])
            by_place.setdefault(place_of(site), {})[name] = str(site.get("stack_name") or name)
    return {name: [stack for other, stack in stacks.items() if other != name] for stacks in by_place.values() for name in stacks}


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"preflight_neighbours": preflight_neighbours}
