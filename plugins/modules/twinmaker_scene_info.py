#!/usr/bin/python
# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: twinmaker_scene_info
short_description: Read the scenes of an AWS IoT TwinMaker workspace
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Reads one scene of a workspace or all of them, in the shape of the options of M(energytwin.aws.twinmaker_scene).
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
  scene_id:
    description: Only this scene.
    type: str
  include_content:
    description: Whether to read the scene documents from their buckets too.
    type: bool
    default: false
seealso:
  - module: energytwin.aws.twinmaker_scene
  - module: energytwin.aws.twinmaker_workspace_info
"""

EXAMPLES = r"""
- name: All scenes of the workspace
  energytwin.aws.twinmaker_scene_info:
    workspace_id: example-plant_workspace

- name: One scene with its document
  energytwin.aws.twinmaker_scene_info:
    workspace_id: example-plant_workspace
    scene_id: plant
    include_content: true
"""

RETURN = r"""
scenes:
  description: The scenes. Empty if there are none.
  returned: always
  type: list
  elements: dict
  contains:
    scene_id:
      description: The id.
      type: str
      returned: always
      sample: plant
    arn:
      description: The ARN.
      type: str
      returned: always
      sample: arn:aws:iottwinmaker:eu-central-1:123456789012:workspace/example-plant_workspace/scene/plant
    content_location:
      description: Where the document is.
      type: str
      returned: always
      sample: s3://example-plant-twin/plant.json
    content:
      description: The document.
      type: dict
      returned: if O(include_content=true), and the document is there and is one that AWS's scene viewer can show
      sample: {specVersion: "1.0", nodes: []}
    description:
      description: The description.
      type: str
      returned: if there is one
      sample: The plant from above
    capabilities:
      description: What the viewer needs to be able to do.
      type: list
      elements: str
      returned: if there are any
      sample: [MATTERPORT]
    metadata:
      description: The metadata.
      type: dict
      returned: if there is any
      sample: {}
    tags:
      description: The tags.
      type: dict
      returned: always
      sample: {Site: example-plant}
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._aws import connect, run
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import api, checks, export

CONCURRENCY = 8


def work(module: AnsibleAWSModule) -> dict[str, t.Any]:
    workspace_id, scene_id = module.params["workspace_id"], module.params["scene_id"]
    checks.check({"workspace_id": (checks.WORKSPACE_ID, workspace_id), "scene_id": (checks.WORKSPACE_ID, scene_id)})
    client = connect(module, "iottwinmaker", CONCURRENCY)
    if api.get_workspace(client, workspace_id) is None:
        return {"changed": False, "scenes": []}
    s3 = connect(module, "s3", CONCURRENCY) if module.params["include_content"] else None
    return {"changed": False, "scenes": export.read_scenes(client, workspace_id, scene_id, s3, CONCURRENCY)}


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "workspace_id": {"type": "str", "required": True},
            "scene_id": {"type": "str"},
            "include_content": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    run(module, work)


if __name__ == "__main__":
    main()
