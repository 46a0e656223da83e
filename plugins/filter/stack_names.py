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
  - Gives the outputs of a stack as far as they follow from its name.
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
  storage:
    description:
      - Where the stack stores readings.
    type: str
    choices: [dynamodb, timestream]
    default: timestream
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

from ansible_collections.energytwin.aws.plugins.module_utils._site.stack import expected_outputs


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"stack_names": expected_outputs}
