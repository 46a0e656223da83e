#!/usr/bin/python
# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: twinmaker_component_type_info
short_description: Read the component types of an AWS IoT TwinMaker workspace
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Reads one component type of a workspace or all of them, in the shape of the options of M(energytwin.aws.twinmaker_component_type).
    What a type inherits is left out, but for what it overrides.
  - Types come after those that they inherit from or are composed of.
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
  component_type_id:
    description: Only this component type. It can be one of AWS's own (name space C(com.amazon.)).
    type: str
  extends_from:
    description: Only component types that inherit from this one.
    type: str
  namespace:
    description: Only component types of this name space, such as V(com.example).
    type: str
  include_builtin:
    description:
      - Whether to list AWS's own component types too. Of these only id, name, description, ARN and state are read.
    type: bool
    default: false
  concurrency:
    description: How many calls to make at once.
    type: int
    default: 8
seealso:
  - module: energytwin.aws.twinmaker_component_type
  - module: energytwin.aws.twinmaker_workspace_info
"""

EXAMPLES = r"""
- name: All component types of the workspace
  energytwin.aws.twinmaker_component_type_info:
    workspace_id: example-plant_workspace
  register: found

- name: The meters' component type alone
  energytwin.aws.twinmaker_component_type_info:
    workspace_id: example-plant_workspace
    component_type_id: com.example.energymeter

- name: What inherits from it
  energytwin.aws.twinmaker_component_type_info:
    workspace_id: example-plant_workspace
    extends_from: com.example.energymeter
"""

RETURN = r"""
component_types:
  description: The component types. Empty if there are none.
  returned: always
  type: list
  elements: dict
  contains:
    component_type_id:
      description: The id.
      type: str
      returned: always
      sample: com.example.energymeter
    arn:
      description: The ARN.
      type: str
      returned: always
      sample: arn:aws:iottwinmaker:eu-central-1:123456789012:workspace/example-plant_workspace/component-type/com.example.energymeter
    state:
      description: The state.
      type: str
      returned: always
      sample: ACTIVE
    is_abstract:
      description: Whether it cannot be used by a component, since nothing can read its external properties.
      type: bool
      returned: unless it is one of AWS's own in a list
      sample: false
    synced:
      description: Whether it belongs to a sync job.
      type: bool
      returned: unless it is one of AWS's own in a list
      sample: false
    component_type_name:
      description: A name to be shown.
      type: str
      returned: always
      sample: ""
    description:
      description: The description.
      type: str
      returned: always
      sample: An energy meter
    is_singleton:
      description: Whether an entity can have one component of this type only.
      type: bool
      returned: unless it is one of AWS's own in a list
      sample: false
    extends_from:
      description: The component types that it inherits from.
      type: list
      elements: str
      returned: unless it is one of AWS's own in a list
      sample: []
    property_definitions:
      description: Its own properties, and what it overrides of inherited ones.
      type: dict
      returned: unless it is one of AWS's own in a list
      sample: {panelId: {dataType: {type: STRING}, isRequiredInEntity: true}}
    functions:
      description: Its own functions.
      type: dict
      returned: unless it is one of AWS's own in a list
      sample: {}
    property_groups:
      description: Its own property groups.
      type: dict
      returned: unless it is one of AWS's own in a list
      sample: {}
    composite_component_types:
      description: Its own composition.
      type: dict
      returned: unless it is one of AWS's own in a list
      sample: {}
    tags:
      description: The tags.
      type: dict
      returned: unless it is one of AWS's own in a list
      sample: {Site: example-plant}
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._aws import connect, run
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import api, checks, export

# Option -> member of the API's filter.
FILTERS = {"extends_from": "extendsFrom", "namespace": "namespace"}


def work(module: AnsibleAWSModule) -> dict[str, t.Any]:
    parameters = module.params
    workspace_id, concurrency = parameters["workspace_id"], parameters["concurrency"]
    checks.check(
        {
            "workspace_id": (checks.WORKSPACE_ID, workspace_id),
            "component_type_id": (checks.COMPONENT_TYPE_ID, parameters["component_type_id"]),
            "extends_from": (checks.COMPONENT_TYPE_ID, parameters["extends_from"]),
        }
    )
    checks.check_least_one({"concurrency": concurrency})
    client = connect(module, "iottwinmaker", concurrency)
    if api.get_workspace(client, workspace_id) is None:
        return {"changed": False, "component_types": []}
    filter_by = {member: parameters[option] for option, member in FILTERS.items() if parameters[option]}
    found = export.read_component_types(client, workspace_id, parameters["component_type_id"], concurrency, **filter_by)
    if parameters["include_builtin"]:
        found += export.read_builtin_types(client, workspace_id, **filter_by)
    return {"changed": False, "component_types": found}


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "workspace_id": {"type": "str", "required": True},
            "component_type_id": {"type": "str"},
            "extends_from": {"type": "str"},
            "namespace": {"type": "str"},
            "include_builtin": {"type": "bool", "default": False},
            "concurrency": {"type": "int", "default": 8},
        },
        mutually_exclusive=[("component_type_id", "extends_from", "namespace"), ("component_type_id", "include_builtin")],
        supports_check_mode=True,
    )
    run(module, work)


if __name__ == "__main__":
    main()
