#!/usr/bin/python
# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: twinmaker_sync_job
short_description: Manage an AWS IoT TwinMaker sync job
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Creates and deletes the job that keeps entities and component types of a workspace in step with another service, and its tags.
  - AWS has no call that changes a job. Another role means that the job and all that it has synced is deleted and made anew, which the
    module does only with O(recreate=true).
extends_documentation_fragment:
  - energytwin.aws.attributes
  - energytwin.aws.attributes.actiongroup_energytwin
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
options:
  workspace_id:
    description: The workspace.
    type: str
    required: true
  sync_source:
    description: The service to sync from. AWS knows V(SITEWISE) only.
    type: str
    default: SITEWISE
  state:
    description: Whether the job is to be there. All that it has synced is deleted with it.
    type: str
    choices: [present, absent]
    default: present
  sync_role:
    description: ARN of the role by which the job reads the source. Needed where the job is not there yet.
    type: str
  recreate:
    description:
      - Whether to delete the job that is there and make it anew if it has another role or is in state ERROR. Without it the module fails then.
    type: bool
    default: false
  wait:
    description: Whether to wait until the job has looked at its source, or is gone.
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait, for the role, the job or its deletion. The first sync takes the longer the more assets there are.
    type: int
    default: 1800
seealso:
  - module: energytwin.aws.twinmaker_sync_job_info
  - module: energytwin.aws.twinmaker_workspace
"""

EXAMPLES = r"""
- name: Keep the workspace in step with AWS IoT SiteWise
  energytwin.aws.twinmaker_sync_job:
    workspace_id: example-plant_workspace
    sync_role: arn:aws:iam::123456789012:role/example-plant-sync

- name: The same with another role, at the price of a new sync
  energytwin.aws.twinmaker_sync_job:
    workspace_id: example-plant_workspace
    sync_role: arn:aws:iam::123456789012:role/example-plant-sync-2
    recreate: true

- name: No sync, and nothing of what was synced
  energytwin.aws.twinmaker_sync_job:
    workspace_id: example-plant_workspace
    state: absent
"""

RETURN = r"""
sync_job:
  description: The job as it is after the task, in check mode as it was before. Empty if it is not there.
  returned: always
  type: dict
  contains:
    sync_source:
      description: The service that is synced.
      type: str
      returned: always
      sample: SITEWISE
    sync_role:
      description: ARN of the role.
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
diff:
  description: The job as it is and as it will be, in the shape of the options.
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
      sample: {sync_role: "arn:aws:iam::123456789012:role/example-plant-sync", sync_source: SITEWISE}
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

from ansible_collections.energytwin.aws.plugins.module_utils._aws import AwsError, checked_tags, connect, run
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, as_diff
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import api, checks
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.sync_jobs import (
    change_sync_job,
    picture,
    settled_sync_job,
    shown_sync_job,
)
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.transformations import error_of
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.workspaces import once_role_has_spread, required_workspace

Answer = dict[str, t.Any]


class SyncJob:
    """The sync job of a workspace for one source."""

    def __init__(self, client: t.Any, parameters: Answer, check_mode: bool) -> None:
        self.client = client
        self.parameters = parameters
        self.check_mode = check_mode
        self.workspace_id: str = parameters["workspace_id"]
        self.source: str = parameters["sync_source"]
        self.timeout: float = parameters["wait_timeout"]

    def read(self) -> Answer | None:
        return settled_sync_job(self.client, self.workspace_id, self.source, self.timeout)

    def tags(self, answer: Answer | None) -> dict[str, str]:
        return api.list_tags(self.client, answer["arn"]) if answer else {}

    def present(self) -> Answer:
        answer, role = self.read(), self.parameters["sync_role"]
        if answer is None and role is None:
            raise Refused(
                f"sync_role: workspace '{self.workspace_id}' has no sync job '{self.source}' yet; give the role that it is to use."
            )
        tags = self.tags(answer)
        change = change_sync_job(answer, tags, self.source, role, checked_tags(self.parameters["tags"]), self.parameters["purge_tags"])
        if change.made_anew and not self.parameters["recreate"]:
            raise Refused(
                f"Sync job '{self.source}' of workspace '{self.workspace_id}' cannot stay: {'; '.join(change.reasons)}. AWS cannot change a job;"
                " set recreate to delete it, with all that it has synced, and to make it anew."
            )
        if change.reasons and not self.check_mode:
            after = change.tags.applied(tags)
            if answer is None or change.made_anew:
                if not self.make(answer, {"syncRole": role or (answer or {})["syncRole"], **({"tags": after} if after else {})}):
                    diff = as_diff(change.before, change.after)
                    return {**self.present(), "changed": True, "diff": diff, "reasons": change.reasons}
            else:
                api.write_tags(self.client, answer["arn"], change.tags)
            answer = self.made()
            tags = after
        return {
            "changed": bool(change.reasons),
            "sync_job": shown_sync_job(answer, tags),
            "diff": as_diff(change.before, change.after),
            "reasons": change.reasons,
        }

    def make(self, there: Answer | None, request: Answer) -> bool:
        """Makes the job, in place of the one that is there. False: another run has done so by now, or AWS's first answer got lost."""
        if there is None:
            required_workspace(self.client, self.workspace_id)
        else:
            self.delete()
        try:
            once_role_has_spread(lambda: api.create_sync_job(self.client, self.workspace_id, self.source, request), self.timeout)
        except AwsError as error:
            if error.code != "ConflictException":
                raise
            return False
        return True

    def made(self) -> Answer | None:
        if not self.parameters["wait"]:
            return api.get_sync_job(self.client, self.workspace_id, self.source)
        answer = settled_sync_job(self.client, self.workspace_id, self.source, self.timeout, appears=True)
        if answer and (error := error_of(answer.get("status"))):
            raise Refused(f"sync job '{self.source}' is in state ERROR: {error}; mend the cause and run again with recreate.")
        return answer

    def delete(self) -> None:
        api.delete_sync_job(self.client, self.workspace_id, self.source)
        left = self.read()
        if left is not None:
            raise Refused(
                f"sync job '{self.source}' could not be deleted, it is in state ERROR: {error_of(left.get('status'))}; mend the cause and run again."
            )

    def absent(self) -> Answer:
        # One that is being deleted is as good as gone, unless it is to be waited for.
        answer = self.read() if self.parameters["wait"] else api.get_sync_job(self.client, self.workspace_id, self.source)
        if answer is None or answer.get("status", {}).get("state") == "DELETING":
            return {"changed": False, "sync_job": {}, "diff": as_diff({}, {}), "reasons": []}
        tags = self.tags(answer)
        if not self.check_mode and self.parameters["wait"]:
            self.delete()
        elif not self.check_mode:
            api.delete_sync_job(self.client, self.workspace_id, self.source)
        return {
            "changed": True,
            "sync_job": shown_sync_job(answer, tags) if self.check_mode else {},
            "diff": as_diff(picture(answer, tags), {}),
            "reasons": ["is not wanted"],
        }


def work(module: AnsibleAWSModule) -> Answer:
    parameters = module.params
    checks.check(
        {
            "workspace_id": (checks.WORKSPACE_ID, parameters["workspace_id"]),
            "sync_source": (checks.SYNC_SOURCE, parameters["sync_source"]),
            "sync_role": (checks.ROLE, parameters["sync_role"]),
        }
    )
    job = SyncJob(connect(module, "iottwinmaker"), parameters, module.check_mode)
    return job.present() if parameters["state"] == "present" else job.absent()


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "workspace_id": {"type": "str", "required": True},
            "sync_source": {"type": "str", "default": "SITEWISE"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "sync_role": {"type": "str"},
            "recreate": {"type": "bool", "default": False},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": True},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 1800},
        },
        supports_check_mode=True,
    )
    run(module, work)


if __name__ == "__main__":
    main()
