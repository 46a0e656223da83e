# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: twin_entities
short_description: The entities of a site's twin
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Turns a checked site into the entities that M(energytwin.aws.twinmaker_entities) takes.
  - The site, its areas and its panels become entities; each meter becomes a component of its panel's entity.
positional: _input
options:
  _input:
    description:
      - The site, as the filter P(energytwin.aws.site_model#filter) gives it.
    type: dict
    required: true
  meter_type:
    description: The id of the meters' component type.
    type: str
    default: com.example.energymeter
seealso:
  - plugin: energytwin.aws.site_model
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Make the twin
  energytwin.aws.twinmaker_entities:
    workspace_id: example-plant_workspace
    entities: "{{ site | energytwin.aws.site_model(site_id=inventory_hostname) | energytwin.aws.twin_entities }}"
"""

RETURN = r"""
_value:
  description:
    - The entities, parents before children. Each has V(entity_id), V(name), V(components) as in the API's C(CreateEntity),
      and, unless it is the site itself, V(parent_entity_id).
  type: list
  elements: dict
"""

import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import twin_entities


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"twin_entities": twin_entities}
