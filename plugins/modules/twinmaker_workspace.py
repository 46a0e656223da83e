#!/usr/bin/python
# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: twinmaker_workspace
short_description: Manage an AWS IoT TwinMaker workspace
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Creates, updates and deletes a workspace.
  - A role that was made a moment ago is waited for, since TwinMaker tries the role and the bucket at once.
  - A workspace is only deleted when it is empty. The objects in its bucket stay.
extends_documentation_fragment:
  - energytwin.aws.attributes
  - energytwin.aws.attributes.actiongroup_energytwin
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
attributes:
  check_mode:
    support: full
    details:
      - In check mode what a task before would have taken away is still there. So the deletion of a workspace that is not empty yet is
        refused, as it is without that task.
options:
  workspace_id:
    description: The id, which never changes.
    type: str
    required: true
  state:
    description: Whether the workspace is to be there.
    type: str
    choices: [present, absent]
    default: present
  description:
    description: A description of one line. An empty text takes it away.
    type: str
  s3_location:
    description: ARN of the bucket for scenes and models, whose name must have no dots.
    type: str
  role:
    description: ARN of the role by which TwinMaker reaches the bucket and the data connectors.
    type: str
  wait:
    description: Whether to wait until a deleted workspace is gone.
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait, for the role or the deletion.
    type: int
    default: 120
seealso:
  - module: energytwin.aws.twinmaker_workspace_info
  - module: energytwin.aws.twinmaker_component_type
  - module: energytwin.aws.twinmaker_entities
"""

EXAMPLES = r"""
- name: A workspace
  energytwin.aws.twinmaker_workspace:
    workspace_id: example-plant_workspace
    description: The energy of the example plant
    s3_location: arn:aws:s3:::example-plant-twin
    role: arn:aws:iam::123456789012:role/example-plant-twin
    tags:
      Site: example-plant

- name: No workspace
  energytwin.aws.twinmaker_workspace:
    workspace_id: example-plant_workspace
    state: absent
"""

RETURN = r"""
workspace:
  description: The workspace as it is after the task, in check mode as it was before. Empty if it is not there.
  returned: always
  type: dict
  contains:
    workspace_id:
      description: The id.
      type: str
      returned: always
      sample: example-plant_workspace
    arn:
      description: The ARN.
      type: str
      returned: always
      sample: arn:aws:iottwinmaker:eu-central-1:123456789012:workspace/example-plant_workspace
    description:
      description: The description.
      type: str
      returned: if there is one
      sample: The energy of the example plant
    s3_location:
      description: ARN of the bucket.
      type: str
      returned: if there is one
      sample: arn:aws:s3:::example-plant-twin
    role:
      description: ARN of the role.
      type: str
      returned: if there is one
      sample: arn:aws:iam::123456789012:role/example-plant-twin
    tags:
      description: The tags.
      type: dict
      returned: always
      sample: {Site: example-plant}
contents:
  description: What keeps the workspace from being deleted, names by kind.
  returned: failure, when the workspace is not empty
  type: dict
  sample: {entities: [hall-1]}
diff:
  description: The workspace as it is and as it will be, in the shape of the options.
  returned: always
  type: dict
  contains:
    before:
      description: As it is. Empty if it is not there.
      type: dict
      returned: always
      sample: {}
    after:
      description: As it will be. Empty if it goes.
      type: dict
      returned: always
      sample: {role: "arn:aws:iam::123456789012:role/example-plant-twin"}
reasons:
  description: Why something changes. Empty if nothing does.
  returned: always
  type: list
  elements: str
  sample:
    - is not there
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._aws import checked_tags, connect, run
from ansible_collections.energytwin.aws.plugins.module_utils._plan import as_diff
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import api, checks, waiters
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.workspaces import (
    OPTIONS,
    change_workspace,
    check_is_empty,
    create_workspace,
    picture,
    shown_workspace,
)

Answer = dict[str, t.Any]


def present(client: t.Any, parameters: Answer, check_mode: bool) -> Answer:
    workspace_id = parameters["workspace_id"]
    answer = api.get_workspace(client, workspace_id)
    tags = api.list_tags(client, answer["arn"]) if answer else {}
    wanted = {member: parameters[option] for member, option in OPTIONS.items() if parameters[option] is not None}
    change = change_workspace(answer, tags, wanted, checked_tags(parameters["tags"]), parameters["purge_tags"])
    if change.reasons and not check_mode:
        if answer is None:
            sent = {**change.request, **({"tags": change.tags.to_set} if change.tags.to_set else {})}
            made = create_workspace(client, workspace_id, sent, parameters["wait_timeout"])
            if not made:
                # What was to be done is done all the same, and what is not as wanted comes now.
                found = present(client, parameters, check_mode)
                return {**found, "changed": True, "diff": as_diff(change.before, change.after), "reasons": change.reasons}
        else:
            if change.request:
                api.update_workspace(client, workspace_id, change.request)
            api.write_tags(client, answer["arn"], change.tags)
        answer = api.get_workspace(client, workspace_id)
        tags = change.tags.applied(tags)
    return {
        "changed": bool(change.reasons),
        "workspace": shown_workspace(answer, tags),
        "diff": as_diff(change.before, change.after),
        "reasons": change.reasons,
    }


def absent(client: t.Any, parameters: Answer, check_mode: bool) -> Answer:
    workspace_id = parameters["workspace_id"]
    answer = api.get_workspace(client, workspace_id)
    if answer is None:
        return {"changed": False, "workspace": {}, "diff": as_diff({}, {}), "reasons": []}
    check_is_empty(client, workspace_id, answer["arn"])
    tags = api.list_tags(client, answer["arn"])
    if not check_mode:
        api.delete_workspace(client, workspace_id)
        if parameters["wait"]:
            waiters.deleted_workspace(client, workspace_id, parameters["wait_timeout"])
    return {
        "changed": True,
        "workspace": shown_workspace(answer, tags) if check_mode else {},
        "diff": as_diff(picture(answer, tags), {}),
        "reasons": ["is not wanted"],
    }


def work(module: AnsibleAWSModule) -> Answer:
    parameters = module.params
    checks.check(
        {
            "workspace_id": (checks.WORKSPACE_ID, parameters["workspace_id"]),
            "description": (checks.DESCRIPTION, parameters["description"]),
            "s3_location": (checks.BUCKET, parameters["s3_location"]),
            "role": (checks.ROLE, parameters["role"]),
        }
    )
    client = connect(module, "iottwinmaker")
    return (present if parameters["state"] == "present" else absent)(client, parameters, module.check_mode)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "workspace_id": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "description": {"type": "str"},
            "s3_location": {"type": "str"},
            "role": {"type": "str"},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": True},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 120},
        },
        supports_check_mode=True,
    )
    run(module, work)


if __name__ == "__main__":
    main()
