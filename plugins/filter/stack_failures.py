# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: stack_failures
short_description: Why a CloudFormation stack failed
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Finds in the events of a stack which resources failed in its last operation, why, and what can be done about it.
positional: _input
options:
  _input:
    description:
      - The events, newest first, as M(amazon.aws.cloudformation_info) gives them.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Look at the stack
  amazon.aws.cloudformation_info:
    stack_name: example-plant
    stack_events: true
  register: found

- name: Say why it failed
  ansible.builtin.debug:
    msg: "{{ found.cloudformation['example-plant'].stack_events | energytwin.aws.stack_failures }}"
"""

RETURN = r"""
_value:
  description: A sentence per resource that failed by itself, in the order in which they failed.
  type: list
  elements: str
"""

import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.stack import stack_failures


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"stack_failures": stack_failures}
