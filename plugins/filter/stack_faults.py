# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: stack_faults
short_description: What is wrong with the name and the topic of a stack
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Checks that the name of a stack is legal for everything that is named after it, and that its topic can be published to.
positional: _input
options:
  _input:
    description:
      - Name of the stack.
    type: str
    required: true
  topic:
    description:
      - The MQTT topic of the stack.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show what is wrong
  ansible.builtin.debug:
    msg: "{{ 'plant_1' | energytwin.aws.stack_faults(topic='energy/plant-1') }}"
"""

RETURN = r"""
_value:
  description: One sentence per fault; empty if all is well.
  type: list
  elements: str
"""

import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.stack import stack_faults


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"stack_faults": stack_faults}
