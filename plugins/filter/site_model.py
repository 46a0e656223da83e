# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: site_model
short_description: Check a site and fill in its defaults
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Checks the description of a site and gives it back with its id and all defaults.
  - Everything that is wrong is reported at once, each with its path, its value and a remedy.
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
  - plugin: energytwin.aws.twin_entities
    plugin_type: filter
  - plugin: energytwin.aws.site_meters
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Check the site
  ansible.builtin.set_fact:
    checked_site: "{{ site | energytwin.aws.site_model(site_id=inventory_hostname, gateways=['gw-roof']) }}"
"""

RETURN = r"""
_value:
  description: The checked site as plain data, with its C(id).
  type: dict
"""

import collections.abc as c
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.energytwin.aws.plugins.module_utils._site.parse import SiteError, parse_site
from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import plain
from ansible_collections.energytwin.aws.plugins.module_utils._site.text_table import counted


def site_model(site: t.Any, site_id: str | None = None, gateways: c.Iterable[str] | None = None) -> dict[str, t.Any]:
    try:
        return plain(parse_site(site, site_id, gateways))
    except SiteError as exception:
        problems = "\n".join(f"- {problem}" for problem in exception.problems)
        raise AnsibleFilterError(f"The site {site_id or ''} has {counted(len(exception.problems), 'fault')}:\n{problems}") from None


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"site_model": site_model}
