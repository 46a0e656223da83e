# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: stack_changes
short_description: What a change set would do to a stack
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Shows the changes that a CloudFormation change set found as a table, and finds those that would lose data.
  - A store, a bucket or a workspace that is replaced or removed loses data. One that only refers to something that is changed in place
    does not, although CloudFormation says that it might be replaced.
positional: _input
options:
  _input:
    description: What M(amazon.aws.cloudformation) returned in check mode.
    type: dict
    required: true
  allowed:
    description: Logical ids of resources that may be replaced or removed.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Compare the stack with a template
  amazon.aws.cloudformation:
    stack_name: example-plant
    template_body: "{{ lookup('ansible.builtin.file', 'template.yml') }}"
  check_mode: true
  register: compared

- name: Stop if data would be lost
  ansible.builtin.assert:
    that: (compared | energytwin.aws.stack_changes).losses | length == 0
"""

RETURN = r"""
_value:
  description: What the changes are.
  type: dict
  contains:
    table:
      description: The lines of a table, heading first. Empty if nothing would change.
      type: list
      elements: str
    losses:
      description: A sentence for each resource that would lose data, with its property and a remedy.
      type: list
      elements: str
    redefined_types:
      description: Logical ids of the component types whose definition would change in place, which IoT TwinMaker refuses once they are used.
      type: list
      elements: str
"""

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.stack_changes import redefined_types, stack_change_table, stack_losses


def stack_changes(compared: c.Mapping[str, t.Any], allowed: c.Iterable[str] = ()) -> dict[str, list[str]]:
    # A change set that found nothing gives a text instead.
    meta = compared.get("meta") or []
    found = [] if isinstance(meta, str) else [change["ResourceChange"] for change in meta if "ResourceChange" in change]
    return {
        "table": stack_change_table(found),
        "losses": stack_losses(found, set(allowed)),
        "redefined_types": redefined_types(found),
    }


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"stack_changes": stack_changes}
