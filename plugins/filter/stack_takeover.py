# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: stack_takeover
short_description: What a stack of the original energy monitoring template holds
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Knows a stack that was made with the original template by its resources, and by the parameter that it does not have.
  - Reads the names from its resources.
positional: _input
options:
  _input:
    description: The physical ids of the stack's resources by their logical ids, as M(amazon.aws.cloudformation_info) gives them.
    type: dict
    required: true
  parameters:
    description: The parameters of the stack.
    type: dict
    required: true
  stack_id:
    description: The ARN of the stack.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Look at the stack
  amazon.aws.cloudformation_info:
    stack_name: EnergyMonitor
    stack_resources: true
  register: found

- name: Show what would be taken over
  ansible.builtin.debug:
    msg: "{{ stack.stack_resources | energytwin.aws.stack_takeover(parameters=stack.stack_parameters, stack_id=stack.stack_description.stack_id) }}"
  vars:
    stack: "{{ found.cloudformation.EnergyMonitor }}"
"""

RETURN = r"""
_value:
  description: The outputs that the stack will have, as far as its resources tell them. Empty for any other stack.
  type: dict
"""

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.takeover import is_original, original_outputs


def stack_takeover(resources: c.Mapping[str, str], parameters: c.Mapping[str, str], stack_id: str) -> dict[str, str]:
    return original_outputs(resources, stack_id) if is_original(resources, parameters) else {}


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"stack_takeover": stack_takeover}
