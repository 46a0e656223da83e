# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: scene_faults
short_description: What a scene shows that its site does not have
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Lists the entities, components and properties to which a scene document binds and which the twin of the site does not have,
    and the links of tags that Grafana would not follow.
  - What keeps a document from being shown at all is found by M(energytwin.aws.twinmaker_scene).
positional: _input
options:
  _input:
    description: The scene document.
    type: dict
    required: true
  site:
    description: The site, as the filter P(energytwin.aws.site_model#filter) gives it.
    type: dict
    required: true
seealso:
  - plugin: energytwin.aws.twin_scene
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Check a scene that was drawn by hand
  ansible.builtin.assert:
    that: faults | length == 0
    fail_msg: "{{ faults }}"
  vars:
    model: "{{ site | energytwin.aws.site_model(site_id=inventory_hostname) }}"
    faults: "{{ lookup('ansible.builtin.file', 'plant.json') | from_json | energytwin.aws.scene_faults(site=model) }}"
"""

RETURN = r"""
_value:
  description: One sentence per fault; empty for a good scene.
  type: list
  elements: str
"""

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.scene_lint import scene_faults


class FilterModule:
    def filters(self) -> dict[str, c.Callable[..., t.Any]]:
        return {"scene_faults": scene_faults}
