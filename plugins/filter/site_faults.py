# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: site_faults
short_description: Everything that is wrong with a site
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Checks the description of a site and lists what is wrong with it, each with its path, its value and a remedy.
positional: _input
options:
  _input:
    description:
      - The site, see the collection's documentation of the variable C(site).
    type: dict
    required: true
  site_id:
    description:
      - Id of the site, which is the name of its inventory host. Needed unless the site holds its C(id).
    type: str
  gateways:
    description:
      - The gateways that the site's meters may name. Without this option any name is taken.
    type: list
    elements: str
seealso:
  - plugin: energytwin.aws.site_model
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Check the site
  ansible.builtin.assert:
    that: faults | length == 0
    fail_msg: "{{ faults }}"
  vars:
    faults: "{{ site | energytwin.aws.site_faults(site_id=inventory_hostname) }}"
"""

RETURN = r"""
_value:
  description: One sentence per fault; empty for a good site.
  type: list
  elements: str
"""

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.parse import SiteError, parse_site


def site_faults(site: t.Any, site_id: str | None = None, gateways: c.Iterable[str] | None = None) -> list[str]:
    try:
        parse_site(site, site_id, gateways)
    except SiteError as exception:
        return list(exception.problems)
    return []


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"site_faults": site_faults}
