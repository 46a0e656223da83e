# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: gateway_policy
short_description: What a gateway may do in AWS IoT Core
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Makes the document of an IoT policy that lets a gateway connect under the name of the thing that its certificate is attached to, and
    publish to the topic of its site. Nothing else.
positional: _input
options:
  _input:
    description: The site, as the filter P(energytwin.aws.site_model#filter) gives it.
    type: dict
    required: true
  partition:
    description: The partition of AWS, such as V(aws).
    type: str
    required: true
  region:
    description: The region.
    type: str
    required: true
  account:
    description: The account, 12 digits.
    type: str
    required: true
  rule:
    description: The topic rule that the gateway publishes to directly (Basic Ingest), if it does.
    type: str
"""

EXAMPLES = r"""
- name: Show the policy
  ansible.builtin.debug:
    msg: "{{ site_model | energytwin.aws.gateway_policy('aws', 'eu-central-1', '123456789012') }}"
"""

RETURN = r"""
_value:
  description: The policy document.
  type: dict
"""

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.gateways import gateway_policy


class FilterModule:
    def filters(self) -> dict[str, c.Callable[..., t.Any]]:
        return {"gateway_policy": gateway_policy}
