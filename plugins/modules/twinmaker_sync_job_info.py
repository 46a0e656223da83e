#!/usr/bin/python
# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: twinmaker_sync_job_info
short_description: Read the sync jobs of an AWS IoT TwinMaker workspace
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Reads one sync job of a workspace or all of them, in the shape of the options of M(energytwin.aws.twinmaker_sync_job).
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
  sync_source:
    description: Only the job of this source, such as V(SITEWISE).
    type: str
seealso:
  - module: energytwin.aws.twinmaker_sync_job
  - module: energytwin.aws.twinmaker_workspace_info
"""

EXAMPLES = r"""
- name: All sync jobs of the workspace
  energytwin.aws.twinmaker_sync_job_info:
    workspace_id: example-plant_workspace
"""

RETURN = r"""
sync_jobs:
  description: The sync jobs. Empty if there are none.
  returned: always
  type: list
  elements: dict
  contains:
    sync_source:
      description: What is synced.
      type: str
      returned: always
      sample: SITEWISE
    sync_role:
      description: The ARN of the role that the job uses.
      type: str
      returned: always
      sample: arn:aws:iam::123456789012:role/example-plant-sync
    arn:
      description: The ARN.
      type: str
      returned: always
      sample: arn:aws:iottwinmaker:eu-central-1:123456789012:workspace/example-plant_workspace/sync-job/SITEWISE-default
    state:
      description: The state.
      type: str
      returned: always
      sample: ACTIVE
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


def work(module: AnsibleAWSModule) -> dict[str, t.Any]:
    workspace_id, source = module.params["workspace_id"], module.params["sync_source"]
    checks.check({"workspace_id": (checks.WORKSPACE_ID, workspace_id), "sync_source": (checks.SYNC_SOURCE, source)})
    client = connect(module, "iottwinmaker")
    if api.get_workspace(client, workspace_id) is None:
        return {"changed": False, "sync_jobs": []}
    return {"changed": False, "sync_jobs": export.read_sync_jobs(client, workspace_id, source)}


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={"workspace_id": {"type": "str", "required": True}, "sync_source": {"type": "str"}},
        supports_check_mode=True,
    )
    run(module, work)


if __name__ == "__main__":
    main()
