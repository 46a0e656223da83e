# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: stack_names
short_description: The names that follow from the name of a stack
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Checks that the name of a stack is legal for everything that is named after it, and gives those names.
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
- name: Show the outputs that a stack will have
  ansible.builtin.debug:
    msg: "{{ 'example-plant' | energytwin.aws.stack_names(topic='energy/example-plant') }}"
"""

RETURN = r"""
_value:
  description: The outputs of the stack, as far as they are known before it exists; the others are empty.
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.energytwin.aws.plugins.module_utils._site.stack import expected_outputs, stack_name_fault
from ansible_collections.energytwin.aws.plugins.module_utils._site.validate import text_fault, topic_fault


def stack_names(stack_name: str, topic: str) -> dict[str, str]:
    faults = (
        ("stack_name", stack_name, stack_name_fault(stack_name)),
        ("stack_topic", topic, text_fault(topic) or topic_fault(topic)),
    )
    wrong = [f"{option}: {value!r} {fault}" for option, value, fault in faults if fault]
    if wrong:
        raise AnsibleFilterError("\n".join(wrong))
    return expected_outputs(stack_name, topic)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"stack_names": stack_names}
