# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: tmdt_snapshot
short_description: Read a tmdt snapshot of an AWS IoT TwinMaker workspace
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Reads the folder of a snapshot as AWS's tool C(tmdt) or M(energytwin.aws.twinmaker_workspace_info) has written it, and gives what is in
    it in the shape of the options of the modules that manage it, in an order in which it can be made.
  - What component types inherit is left out, and so are definitions of properties that are those of the component type.
  - For many entities, the option C(src) of M(energytwin.aws.twinmaker_entities) is faster, for then they do not pass through templates.
options:
  _terms:
    description: The folders, each with a C(tmdt.json). They are searched for as the lookup P(ansible.builtin.file#lookup) does it.
    required: true
    type: list
    elements: path
  gather:
    description:
      - What to read of the snapshots. Other files of the folders are not looked at.
    type: list
    elements: str
    choices: [component_types, entities, scenes]
    default: [component_types, entities, scenes]
seealso:
  - module: energytwin.aws.twinmaker_workspace_info
  - module: energytwin.aws.twinmaker_component_type
  - module: energytwin.aws.twinmaker_entities
  - module: energytwin.aws.twinmaker_scene
"""

EXAMPLES = r"""
- name: Read a snapshot once
  ansible.builtin.set_fact:
    snapshot: "{{ lookup('energytwin.aws.tmdt_snapshot', 'snapshots/example-plant', gather=['component_types', 'scenes']) }}"

- name: Bring the component types of a snapshot
  energytwin.aws.twinmaker_component_type:
    workspace_id: example-plant_workspace
    component_type_id: "{{ item.component_type_id }}"
    component_type_name: "{{ item.component_type_name }}"
    description: "{{ item.description }}"
    is_singleton: "{{ item.is_singleton }}"
    extends_from: "{{ item.extends_from }}"
    property_definitions: "{{ item.property_definitions }}"
    functions: "{{ item.functions }}"
    property_groups: "{{ item.property_groups }}"
    composite_component_types: "{{ item.composite_component_types }}"
    tags: "{{ item.tags }}"
  loop: "{{ snapshot.component_types }}"
  loop_control:
    label: "{{ item.component_type_id }}"

- name: Bring its entities
  energytwin.aws.twinmaker_entities:
    workspace_id: example-plant_workspace
    src: snapshots/example-plant

- name: Bring its scenes with their models
  energytwin.aws.twinmaker_scene:
    workspace_id: example-plant_workspace
    scene_id: "{{ item.scene_id }}"
    src: "{{ item.src }}"
    resources: "{{ item.resources }}"
    description: "{{ item.description }}"
    capabilities: "{{ item.capabilities }}"
    metadata: "{{ item.metadata }}"
    tags: "{{ item.tags }}"
  loop: "{{ snapshot.scenes }}"
  loop_control:
    label: "{{ item.scene_id }}"
"""

RETURN = r"""
_raw:
  description: What is in each folder.
  type: list
  elements: dict
  contains:
    component_types:
      description: The component types, in the shape of the options of M(energytwin.aws.twinmaker_component_type).
      type: list
      elements: dict
    entities:
      description: The entities, in the shape of the option C(entities) of M(energytwin.aws.twinmaker_entities).
      type: list
      elements: dict
    scenes:
      description:
        - The scenes, in the shape of the options of M(energytwin.aws.twinmaker_scene), with the models that they show as C(resources).
        - Models that no scene shows go with the first scene.
      type: list
      elements: dict
    models:
      description: The models, in the shape of C(resources), if there is no scene to bring them. Read with the scenes.
      type: list
      elements: dict
"""

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.snapshot_folder import read_snapshot


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[t.Any]:
        self.set_options(var_options=variables, direct=kwargs)
        folders = [self.find_file_in_search_path(variables or {}, "files", term, ignore_missing=True) or term for term in terms]
        try:
            return [read_snapshot(folder, self.get_option("gather")) for folder in folders]
        except Refused as fault:
            raise AnsibleLookupError(fault.message) from None
