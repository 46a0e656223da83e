# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: alarm_faults
short_description: What is wrong with the options of a stack's alarms
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Checks the addresses that are told of alarms, and the minutes without a reading after which an alarm goes off.
positional: _input
options:
  _input:
    description:
      - The addresses.
    type: list
    elements: str
    required: true
  no_readings_minutes:
    description:
      - The minutes; 0 is no alarm.
    type: int
    default: 0
"""

EXAMPLES = r"""
- name: Show what is wrong
  ansible.builtin.debug:
    msg: "{{ ['operations'] | energytwin.aws.alarm_faults(no_readings_minutes=15) }}"
"""

RETURN = r"""
_value:
  description: One sentence per fault; empty if all is well.
  type: list
  elements: str
"""

import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.alarms import alarm_faults


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"alarm_faults": alarm_faults}
