# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: grafana_workspace
short_description: Manage an Amazon Managed Grafana workspace
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Creates, updates, upgrades and deletes a workspace, and waits for it.
  - What is not given stays as it is.
  - Names of workspaces are not unique at AWS. A workspace is found by its id or, without one, by its name, which must then be unique.
extends_documentation_fragment:
  - energytwin.aws.attributes
  - energytwin.aws.attributes.actiongroup_energytwin
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
options:
  workspace_id:
    description: The id, which AWS gives. With it, O(name) is the name that the workspace is to have.
    type: str
  name:
    description: The name. Required for a new workspace.
    type: str
  state:
    description: Whether the workspace is to be there.
    type: str
    choices: [present, absent]
    default: present
  confirm_delete:
    description:
      - The name of the workspace, or its id, once more. Required to delete it.
      - All dashboards, data sources, people and alerts in it are lost at once.
    type: str
  description:
    description: A description. An empty text takes it away.
    type: str
  role:
    description:
      - ARN of the role that Grafana works with. It must trust C(grafana.amazonaws.com).
      - Required for a new workspace.
    type: str
  permission_type:
    description:
      - Who makes the roles. A new workspace has V(CUSTOMER_MANAGED).
      - V(SERVICE_MANAGED) is refused, since only the console makes these roles. A workspace that has it can be changed to V(CUSTOMER_MANAGED).
    type: str
    choices: [CUSTOMER_MANAGED, SERVICE_MANAGED]
  account_access_type:
    description: Whether Grafana sees this account or accounts of the organization. A new workspace has V(CURRENT_ACCOUNT).
    type: str
    choices: [CURRENT_ACCOUNT, ORGANIZATION]
  authentication_providers:
    description:
      - How people sign in to a new workspace.
      - For a workspace that is there it is not looked at, as M(energytwin.aws.grafana_workspace_auth) changes it.
    type: list
    elements: str
    choices: [AWS_SSO, SAML]
    default: [AWS_SSO]
  grafana_version:
    description:
      - The version of Grafana, which should be pinned. By default a new workspace has the latest one.
      - A workspace can be upgraded, which takes minutes, but never goes back.
    type: str
  configuration:
    description:
      - The configuration, a mapping of sections such as C(plugins) (with C(pluginAdminEnabled)) and C(unifiedAlerting) (with C(enabled)).
      - It is compared by the keys that are given, and merged into what is there, since AWS adds keys of its own.
    type: dict
  vpc_configuration:
    description: The network that Grafana reaches its data sources in. An empty mapping takes it away.
    type: dict
    suboptions:
      security_group_ids:
        description: Ids of 1 to 5 security groups.
        type: list
        elements: str
      subnet_ids:
        description: Ids of 2 to 6 subnets.
        type: list
        elements: str
  network_access_control:
    description: From where people get in. Both lists are to be given, one may be empty. An empty mapping opens the workspace to everywhere.
    type: dict
    suboptions:
      prefix_list_ids:
        description: Ids of lists of address ranges.
        type: list
        elements: str
      vpce_ids:
        description: Ids of VPC endpoints.
        type: list
        elements: str
  data_sources:
    description: Kinds of data sources, as the console shows them. This makes no data source.
    type: list
    elements: str
    choices: [AMAZON_OPENSEARCH_SERVICE, ATHENA, CLOUDWATCH, PROMETHEUS, REDSHIFT, SITEWISE, TIMESTREAM, TWINMAKER, XRAY]
  notification_destinations:
    description: Where alerts may go.
    type: list
    elements: str
    choices: [SNS]
  organization_role_name:
    description: Name of the role in the accounts of the organization.
    type: str
  organizational_units:
    description: Ids of the organizational units that Grafana sees.
    type: list
    elements: str
  stack_set_name:
    description: Name of the stack set that makes roles in the accounts of the organization.
    type: str
  ip_address_type:
    description: The addresses that the workspace has.
    type: str
    choices: [IPv4, DualStack]
  kms_key_id:
    description: The key that encrypts the workspace. It never changes.
    type: str
  wait:
    description: Whether to wait until the workspace is ACTIVE, or gone. Between two changes it is always waited.
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait for each change. With a VPC they take up to half an hour.
    type: int
    default: 1800
seealso:
  - module: energytwin.aws.grafana_workspace_auth
  - module: energytwin.aws.grafana_workspace_permissions
  - module: energytwin.aws.grafana_workspace_token
"""

EXAMPLES = r"""
- name: A workspace in which plugins can be installed
  energytwin.aws.grafana_workspace:
    name: example-plant
    description: The energy of the example plant
    role: arn:aws:iam::123456789012:role/example-plant-grafana
    grafana_version: "12.4"
    configuration:
      plugins:
        pluginAdminEnabled: true
    tags:
      Site: example-plant
  register: grafana

- name: No workspace, and nothing of what is in it
  energytwin.aws.grafana_workspace:
    name: example-plant
    state: absent
    confirm_delete: example-plant
"""

RETURN = r"""
workspace:
  description: The workspace as it is after the task, in check mode as it was before, in the shape of the options. Empty if it is not there.
  returned: always
  type: dict
  contains:
    workspace_id:
      description: The id.
      type: str
      returned: if it is there
      sample: g-0123456789
    endpoint:
      description: The host of its Grafana, without a scheme.
      type: str
      returned: if it is there
      sample: g-0123456789.grafana-workspace.eu-central-1.amazonaws.com
    status:
      description: Its state.
      type: str
      returned: if it is there
      sample: ACTIVE
    authentication_providers:
      description: How people sign in.
      type: list
      elements: str
      returned: if it is there
      sample: [AWS_SSO]
    grafana_version:
      description: Its version of Grafana.
      type: str
      returned: if it is there
      sample: "12.4"
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
      sample: {name: example-plant, grafana_version: "12.4"}
reasons:
  description: Why something changes. Empty if nothing does.
  returned: always
  type: list
  elements: str
  sample:
    - is not there
"""

import typing as t
import uuid

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._aws import AwsError, checked_tags, connect, run
from ansible_collections.energytwin.aws.plugins.module_utils._grafana import api, workspaces
from ansible_collections.energytwin.aws.plugins.module_utils._grafana.workspaces import Present, WorkspaceChange
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, as_diff

Answer = dict[str, t.Any]


def read(client: t.Any, options: Answer, workspace_id: str | None, check_mode: bool = False) -> Present | None:
    """The workspace that is there; while it is being changed by somebody else, it is waited for, but not by a check."""
    answer = workspaces.find(client, workspace_id, options["name"])
    if answer is None:
        return None
    if answer["status"] == "DELETING":
        if check_mode:
            return None
        workspaces.deleted(client, answer["id"], options["wait_timeout"])
        return None
    if answer["status"] in workspaces.CHANGING and not check_mode:
        answer = workspaces.settled(client, answer["id"], options["wait_timeout"])
    asked = options["configuration"] is not None or options["grafana_version"] is not None
    return Present(answer, workspaces.configuration_of(client, answer["id"]) if asked else None)


def plan(client: t.Any, options: Answer, present: Present | None) -> WorkspaceChange:
    version = options["grafana_version"]
    if version is not None and (present is None or version != present.answer["grafanaVersion"]):
        workspaces.check_version(present, version, api.list_versions(client, present.answer["id"] if present else None))
    return workspaces.change_workspace(
        present,
        workspaces.wanted_members(options),
        options["configuration"],
        version,
        checked_tags(options["tags"]),
        options["purge_tags"],
    )


def create(client: t.Any, options: Answer, change: WorkspaceChange) -> str:
    """The id of the new workspace. Each run has a token of its own, so a call that is sent twice makes one workspace."""
    request = {**change.request, "authenticationProviders": options["authentication_providers"], "clientToken": str(uuid.uuid4())}
    try:
        return str(api.create_workspace(client, options["name"], request)["id"])
    except AwsError as error:
        if error.code != "ServiceQuotaExceededException":
            raise
        raise Refused(f"Grafana workspace '{options['name']}' cannot be created: {error.text.rstrip('.')}.") from None


def alter(module: AnsibleAWSModule, client: t.Any, workspace_id: str, change: WorkspaceChange) -> None:
    """One change after the other, as a busy workspace refuses the next one."""
    timeout = module.params["wait_timeout"]
    if change.request:
        workspaces.when_active(client, workspace_id, lambda: api.update_workspace(client, workspace_id, change.request), timeout)
    if change.configuration is not None:
        workspaces.when_active(client, workspace_id, lambda: workspaces.write_configuration(client, workspace_id, change), timeout)
    if change.tags:
        arn = workspaces.arn(connect(module, "sts"), client.meta.region_name, workspace_id)
        api.write_tags(client, arn, change.tags)


def present(module: AnsibleAWSModule, client: t.Any) -> Answer:
    options = module.params
    there = read(client, options, options["workspace_id"], module.check_mode)
    if there is None and options["workspace_id"] is not None:
        raise Refused(
            f"There is no Grafana workspace '{options['workspace_id']}'; leave workspace_id out to make one, AWS gives it its id."
        )
    change = plan(client, options, there)
    if change.reasons and not module.check_mode:
        if there is None:
            workspace_id = create(client, options, change)
        else:
            workspace_id = there.answer["id"]
            alter(module, client, workspace_id, change)
        there = after(client, options, workspace_id)
    elif there is not None and options["wait"] and not module.check_mode:
        workspaces.check_active(there.answer)
    return {
        "changed": bool(change.reasons),
        "workspace": workspaces.about(there),
        "diff": as_diff(change.before, change.after),
        "reasons": change.reasons,
    }


def after(client: t.Any, options: Answer, workspace_id: str) -> Present | None:
    if options["wait"]:
        workspaces.settled(client, workspace_id, options["wait_timeout"])
        return read(client, options, workspace_id)
    answer = api.describe_workspace(client, workspace_id)
    return None if answer is None else Present(answer, None)


def absent(module: AnsibleAWSModule, client: t.Any) -> Answer:
    options = module.params
    answer = workspaces.find(client, options["workspace_id"], options["name"])
    if answer is None or answer["status"] == "DELETING":
        if answer is not None and options["wait"] and not module.check_mode:
            workspaces.deleted(client, answer["id"], options["wait_timeout"])
        return {"changed": False, "workspace": {}, "diff": as_diff({}, {}), "reasons": []}
    there = Present(answer, None)
    if options["confirm_delete"] not in (answer["id"], answer.get("name")):
        raise Refused(
            f"Deleting Grafana workspace '{answer.get('name', answer['id'])}' destroys all dashboards, data sources and people in it;"
            " repeat its name as confirm_delete if that is wanted."
        )
    if not module.check_mode:
        timeout = options["wait_timeout"]
        if answer["status"] in workspaces.CHANGING:
            workspaces.at_rest(client, answer["id"], timeout)
        api.delete_workspace(client, answer["id"])
        if options["wait"]:
            workspaces.deleted(client, answer["id"], timeout)
    return {
        "changed": True,
        "workspace": workspaces.about(there) if module.check_mode else {},
        "diff": as_diff(workspaces.picture(there), {}),
        "reasons": ["is not wanted"],
    }


def work(module: AnsibleAWSModule) -> Answer:
    workspaces.check(module.params)
    client = connect(module, "grafana")
    return (present if module.params["state"] == "present" else absent)(module, client)


def main() -> None:
    strings = {"type": "list", "elements": "str"}
    module = AnsibleAWSModule(
        argument_spec={
            **workspaces.LOOKUP_OPTIONS,
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "confirm_delete": {"type": "str"},
            "description": {"type": "str"},
            "role": {"type": "str"},
            "permission_type": {"type": "str", "choices": ["CUSTOMER_MANAGED", "SERVICE_MANAGED"]},
            "account_access_type": {"type": "str", "choices": ["CURRENT_ACCOUNT", "ORGANIZATION"]},
            "authentication_providers": {**strings, "choices": ["AWS_SSO", "SAML"], "default": ["AWS_SSO"]},
            "grafana_version": {"type": "str"},
            "configuration": {"type": "dict"},
            "vpc_configuration": {"type": "dict", "options": {"security_group_ids": strings, "subnet_ids": strings}},
            "network_access_control": {"type": "dict", "options": {"prefix_list_ids": strings, "vpce_ids": strings}},
            "data_sources": {
                **strings,
                "choices": [
                    "AMAZON_OPENSEARCH_SERVICE",
                    "ATHENA",
                    "CLOUDWATCH",
                    "PROMETHEUS",
                    "REDSHIFT",
                    "SITEWISE",
                    "TIMESTREAM",
                    "TWINMAKER",
                    "XRAY",
                ],
            },
            "notification_destinations": {**strings, "choices": ["SNS"]},
            "organization_role_name": {"type": "str"},
            "organizational_units": strings,
            "stack_set_name": {"type": "str"},
            "ip_address_type": {"type": "str", "choices": ["IPv4", "DualStack"]},
            "kms_key_id": {"type": "str"},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": True},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 1800},
        },
        required_one_of=[("workspace_id", "name")],
        supports_check_mode=True,
    )
    run(module, work)


if __name__ == "__main__":
    main()
