# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: twin_merged
short_description: Add to the entities of a twin
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Adds entities to others. One of an id that is there already adds its components and replaces what else it says.
positional: _input, extra
options:
  _input:
    description: The entities.
    type: list
    elements: dict
    required: true
  extra:
    description: Those to add.
    type: list
    elements: dict
    required: true
seealso:
  - plugin: energytwin.aws.twin_entities
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Make the twin, with an entity of one's own
  energytwin.aws.twinmaker_entities:
    workspace_id: example-plant_workspace
    entities: "{{ site | energytwin.aws.site_model(site_id=inventory_hostname) | energytwin.aws.twin_entities
      | energytwin.aws.twin_merged([{'entity_id': 'weather', 'name': 'Weather'}]) }}"
"""

RETURN = r"""
_value:
  description: All of them, in the order in which they came.
  type: list
  elements: dict
"""

import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.export import merged


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"twin_merged": merged}
