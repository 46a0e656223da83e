# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: grafana_workspace_info
short_description: Read Amazon Managed Grafana workspaces
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Reads one workspace, all of a name, or all of the account in the region, with their configuration, authentication and permissions.
extends_documentation_fragment:
  - energytwin.aws.attributes.info_module
  - energytwin.aws.attributes.actiongroup_energytwin
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  workspace_id:
    description: The id of one workspace.
    type: str
  name:
    description: The name of the workspaces, which need not be unique.
    type: str
seealso:
  - module: energytwin.aws.grafana_workspace
"""

EXAMPLES = r"""
- name: What is there
  energytwin.aws.grafana_workspace_info:
    name: example-plant
  register: found
"""

RETURN = r"""
workspaces:
  description: The workspaces, in the order of their ids.
  returned: always
  type: list
  elements: dict
  contains:
    workspace_id:
      description: The id.
      type: str
      returned: always
      sample: g-0123456789
    name:
      description: The name.
      type: str
      returned: if there is one
      sample: example-plant
    endpoint:
      description: The host of its Grafana, without a scheme.
      type: str
      returned: always
      sample: g-0123456789.grafana-workspace.eu-central-1.amazonaws.com
    status:
      description: Its state.
      type: str
      returned: always
      sample: ACTIVE
    grafana_version:
      description: Its version of Grafana.
      type: str
      returned: always
      sample: "12.4"
    upgrades:
      description: The versions that it can be upgraded to.
      type: list
      elements: str
      returned: always
      sample: ["13.1"]
    configuration:
      description: Its configuration.
      type: dict
      returned: always
      sample: {plugins: {pluginAdminEnabled: true}}
    authentication:
      description: How people sign in, in the shape of the options of M(energytwin.aws.grafana_workspace_auth).
      type: dict
      returned: always
      sample: {providers: [AWS_SSO]}
    permissions:
      description: Who may use it, by ids of Identity Center.
      type: list
      elements: dict
      returned: always
      sample: [{type: user, id: 906769aa66-00000000-0000-0000-0000-000000000000, role: admin}]
    tags:
      description: The tags.
      type: dict
      returned: always
      sample: {Site: example-plant}
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._aws import connect, run
from ansible_collections.energytwin.aws.plugins.module_utils._grafana import api, authentication, permissions, workspaces
from ansible_collections.energytwin.aws.plugins.module_utils._grafana.workspaces import Present

Answer = dict[str, t.Any]


def about(client: t.Any, answer: Answer) -> Answer:
    workspace_id = answer["id"]
    roles = api.list_permissions(client, workspace_id) if "AWS_SSO" in answer["authentication"]["providers"] else []
    return {
        **workspaces.about(Present(answer, workspaces.configuration_of(client, workspace_id))),
        "upgrades": api.list_versions(client, workspace_id),
        "authentication": authentication.picture(api.describe_authentication(client, workspace_id)),
        "permissions": permissions.shown({(entry["user"]["type"], entry["user"]["id"]): entry["role"] for entry in roles}, {}),
    }


def work(module: AnsibleAWSModule) -> Answer:
    client = connect(module, "grafana")
    workspace_id, name = module.params["workspace_id"], module.params["name"]
    if workspace_id is not None:
        found = [workspaces.find(client, workspace_id, None)]
    else:
        ids = sorted(summary["id"] for summary in api.list_workspaces(client) if name in (None, summary.get("name")))
        found = [api.describe_workspace(client, one) for one in ids]
    return {"changed": False, "workspaces": [about(client, answer) for answer in found if answer is not None]}


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=dict(workspaces.LOOKUP_OPTIONS), mutually_exclusive=[("workspace_id", "name")], supports_check_mode=True
    )
    run(module, work)


if __name__ == "__main__":
    main()
