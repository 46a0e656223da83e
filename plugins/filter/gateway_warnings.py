# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: gateway_warnings
short_description: The meters of a site that nothing reads
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Lists what somebody may have forgotten, the meters that name no gateway, or no address at it.
positional: _input
options:
  _input:
    description: The site, as the filter P(energytwin.aws.site_model#filter) gives it.
    type: dict
    required: true
  gateway:
    description: The name of the gateway, as the site's meters have it.
    type: str
    required: true
  gateways:
    description: The names of all gateways of the site. The first one tells of the meters that name no gateway.
    type: list
    elements: str
    required: true
  listener:
    description: Whether meters may publish to the gateway by themselves.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Show what is not read
  ansible.builtin.debug:
    msg: "{{ site_model | energytwin.aws.gateway_warnings(gateway='gw-roof', gateways=['gw-roof', 'gw-hall']) }}"
"""

RETURN = r"""
_value:
  description: One sentence per meter.
  type: list
  elements: str
"""

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.gateways import gateway_warnings


class FilterModule:
    def filters(self) -> dict[str, c.Callable[..., t.Any]]:
        return {"gateway_warnings": gateway_warnings}
