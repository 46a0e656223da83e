#!/usr/bin/python
# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: twinmaker_entity_info
short_description: Read the entities of an AWS IoT TwinMaker workspace
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Reads one entity of a workspace or many, with their components and the values that are set, in the shape of the options of
    M(energytwin.aws.twinmaker_entity). Parents come before their children.
  - Values that come from a data connector are read by M(energytwin.aws.twinmaker_property_value_info).
extends_documentation_fragment:
  - energytwin.aws.attributes.info_module
  - energytwin.aws.attributes.actiongroup_energytwin
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  workspace_id:
    description: The workspace. One that is not there has nothing.
    type: str
    required: true
  entity_id:
    description: Only this entity.
    type: str
  parent_entity_id:
    description: Only entities right below this one, V($ROOT) for those at the root.
    type: str
  component_type_id:
    description: Only entities with a component of this component type.
    type: str
  external_id:
    description: Only entities with this value in a property that is an external id.
    type: str
  include_tags:
    description: Whether to read tags, which takes a call per entity.
    type: bool
    default: true
  concurrency:
    description: How many calls to make at once.
    type: int
    default: 8
seealso:
  - module: energytwin.aws.twinmaker_entity
  - module: energytwin.aws.twinmaker_entities
  - module: energytwin.aws.twinmaker_workspace_info
"""

EXAMPLES = r"""
- name: All entities of the workspace
  energytwin.aws.twinmaker_entity_info:
    workspace_id: example-plant_workspace

- name: One panel
  energytwin.aws.twinmaker_entity_info:
    workspace_id: example-plant_workspace
    entity_id: mech-rooftop

- name: All panels that have meters, without their tags
  energytwin.aws.twinmaker_entity_info:
    workspace_id: example-plant_workspace
    component_type_id: com.example.energymeter
    include_tags: false
"""

RETURN = r"""
entities:
  description: The entities. Empty if there are none.
  returned: always
  type: list
  elements: dict
  contains:
    entity_id:
      description: The id.
      type: str
      returned: always
      sample: mech-rooftop
    arn:
      description: The ARN.
      type: str
      returned: always
      sample: arn:aws:iottwinmaker:eu-central-1:123456789012:workspace/example-plant_workspace/entity/mech-rooftop
    state:
      description: The state.
      type: str
      returned: always
      sample: ACTIVE
    error:
      description: Why the entity or components of it are in state ERROR.
      type: str
      returned: if they are
      sample: "component 'meter-5': no such property (VALIDATION_ERROR)"
    synced:
      description: Whether it belongs to a sync job.
      type: bool
      returned: always
      sample: false
    composite_components:
      description: The components that are composed of others. What is set in their parts is not read.
      type: list
      elements: str
      returned: if there are any
      sample: [pump]
    name:
      description: The name.
      type: str
      returned: always
      sample: Mechanical rooftop
    parent_entity_id:
      description: The parent, V($ROOT) for none.
      type: str
      returned: always
      sample: hall-1
    description:
      description: The description.
      type: str
      returned: always
      sample: On the roof of hall 1
    components:
      description:
        - The components, with the properties that have a value of their own.
        - A property has C(definition) if it is not the one of the component type.
      type: dict
      returned: always
      sample: {meter-5: {componentTypeId: com.example.energymeter, properties: {meterId: {value: {stringValue: "5"}}}}}
    tags:
      description: The tags.
      type: dict
      returned: if tags are read
      sample: {CostCenter: "4711"}
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._aws import connect, run
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import api, checks, export
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.pace import Pace

# Option -> member of the API's filter.
FILTERS = {"parent_entity_id": "parentEntityId", "component_type_id": "componentTypeId", "external_id": "externalId"}


def work(module: AnsibleAWSModule) -> dict[str, t.Any]:
    parameters = module.params
    workspace_id, concurrency = parameters["workspace_id"], parameters["concurrency"]
    checks.check(
        {
            "workspace_id": (checks.WORKSPACE_ID, workspace_id),
            "entity_id": (checks.ENTITY_ID, parameters["entity_id"]),
            "component_type_id": (checks.COMPONENT_TYPE_ID, parameters["component_type_id"]),
        }
    )
    if parameters["parent_entity_id"]:
        checks.check_parent(parameters["parent_entity_id"])
    checks.check_least_one({"concurrency": concurrency})
    client = connect(module, "iottwinmaker", concurrency)
    Pace().attach(client)
    if api.get_workspace(client, workspace_id) is None:
        return {"changed": False, "entities": []}
    filter_by = {member: parameters[option] for option, member in FILTERS.items() if parameters[option]}
    ids = [parameters["entity_id"]] if parameters["entity_id"] else export.entity_ids(client, workspace_id, **filter_by)
    found = export.read_entities(client, workspace_id, ids, include_tags=parameters["include_tags"], concurrency=concurrency)
    return {"changed": False, "entities": found}


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "workspace_id": {"type": "str", "required": True},
            "entity_id": {"type": "str"},
            "parent_entity_id": {"type": "str"},
            "component_type_id": {"type": "str"},
            "external_id": {"type": "str"},
            "include_tags": {"type": "bool", "default": True},
            "concurrency": {"type": "int", "default": 8},
        },
        mutually_exclusive=[("entity_id", "parent_entity_id", "component_type_id", "external_id")],
        supports_check_mode=True,
    )
    run(module, work)


if __name__ == "__main__":
    main()
