# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: twin_components
short_description: Where the twin keeps each meter's history
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Lists the entity and the component of every meter of a checked site, as M(energytwin.aws.twinmaker_property_value_info) takes them.
positional: _input
options:
  _input:
    description: The site, as the filter P(energytwin.aws.site_model#filter) gives it.
    type: dict
    required: true
seealso:
  - plugin: energytwin.aws.site_meters
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Read the last hour of all meters
  energytwin.aws.twinmaker_property_value_info:
    workspace_id: example-plant_workspace
    components: "{{ site | energytwin.aws.site_model(site_id=inventory_hostname) | energytwin.aws.twin_components }}"
"""

RETURN = r"""
_value:
  description: V(entity_id) and V(component_name) of each meter, in the order of the site.
  type: list
  elements: dict
"""

import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import twin_components


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"twin_components": twin_components}
