# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: alarm_subscriptions
short_description: The subscriptions of e-mail addresses to the alarms of a stack
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Gives a CloudFormation resource for each address, under a logical id that follows from the address alone. So an address that is taken
    out of the list leaves the others as they are.
positional: _input
options:
  _input:
    description:
      - The addresses.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show what is added to the template
  ansible.builtin.debug:
    msg: "{{ ['operations@example.com'] | energytwin.aws.alarm_subscriptions }}"
"""

RETURN = r"""
_value:
  description: Resources of a CloudFormation template, by logical id.
  type: dict
"""

import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.alarms import alarm_subscriptions


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"alarm_subscriptions": alarm_subscriptions}
