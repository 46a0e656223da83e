# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: meter_types
short_description: The component types of meters that a workspace has had, and the next one
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - A component type that is in use cannot be redefined. A stack that needs another definition makes a type with another id.
  - Finds that id, and the ids of the types that were there before.
positional: _input
options:
  _input:
    description: The ids of the component types that the workspace has.
    type: list
    elements: str
    required: true
  current:
    description: The id of the one that the stack has.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show the next one
  ansible.builtin.debug:
    msg: "{{ (['com.example.energymeter'] | energytwin.aws.meter_types(current='com.example.energymeter')).next }}"
"""

RETURN = r"""
_value:
  description: The ids.
  type: dict
  contains:
    next:
      description: The next id; it is free.
      type: str
      sample: com.example.energymeter.2
    former:
      description: The ids of the stack's former types that are still there.
      type: list
      elements: str
"""

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.takeover import former_meter_types, next_meter_type


def meter_types(there: c.Iterable[str], current: str) -> dict[str, t.Any]:
    found = list(there)
    return {"next": next_meter_type(current, found), "former": former_meter_types(current, found)}


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"meter_types": meter_types}
