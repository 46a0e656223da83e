# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: grafana_workspace_permissions
short_description: Manage who may use an Amazon Managed Grafana workspace
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Gives users and groups of IAM Identity Center their roles in a workspace, and takes them away with O(purge).
  - Only for workspaces that authenticate by V(AWS_SSO). With SAML, the identity provider tells the roles.
extends_documentation_fragment:
  - energytwin.aws.attributes
  - energytwin.aws.attributes.actiongroup_energytwin
  - energytwin.aws.grafana.workspace
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  permissions:
    description: Who has which role. There may be any number of them.
    type: list
    elements: dict
    required: true
    suboptions:
      user:
        description: The userName of a user. Either this or O(permissions[].group) is to be given.
        type: str
      group:
        description: The displayName of a group.
        type: str
      role:
        description: The role.
        type: str
        choices: [admin, editor, viewer]
        required: true
  purge:
    description: Whether all who are not named in O(permissions) lose their roles.
    type: bool
    default: false
  identity_center_region:
    description: The region of IAM Identity Center, where it is not that of the workspace.
    type: str
  identity_store_id:
    description: The id of the identity store. By default it is looked up, which takes the permission C(sso:ListInstances).
    type: str
notes:
  - That somebody has a role does not always mean that they can sign in, see the warning that the module gives when it adds somebody.
seealso:
  - module: energytwin.aws.grafana_workspace_auth
"""

EXAMPLES = r"""
- name: These people and nobody else
  energytwin.aws.grafana_workspace_permissions:
    name: example-plant
    permissions:
      - {user: jane.doe, role: admin}
      - {group: energy-managers, role: editor}
    purge: true
    identity_center_region: eu-west-1
"""

RETURN = r"""
permissions:
  description: Who has which role after the task, in check mode before it.
  returned: always
  type: list
  elements: dict
  contains:
    type:
      description: V(user) or V(group).
      type: str
      returned: always
      sample: user
    id:
      description: The id in Identity Center.
      type: str
      returned: always
      sample: 906769aa66-00000000-0000-0000-0000-000000000000
    name:
      description: The name.
      type: str
      returned: for those who are named in O(permissions)
      sample: jane.doe
    role:
      description: The role.
      type: str
      returned: always
      sample: admin
failures:
  description: What AWS could not do, one sentence each.
  returned: failure, when AWS has done a part only
  type: list
  elements: str
  sample: []
diff:
  description: The permissions as they are and as they will be.
  returned: always
  type: dict
  contains:
    before:
      description: As they are.
      type: dict
      returned: always
      sample: {permissions: []}
    after:
      description: As they will be.
      type: dict
      returned: always
      sample: {permissions: [{type: user, name: jane.doe, role: admin}]}
reasons:
  description: Why something changes. Empty if nothing does.
  returned: always
  type: list
  elements: str
  sample:
    - user 'jane.doe' becomes admin
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._aws import connect, poll, run
from ansible_collections.energytwin.aws.plugins.module_utils._grafana import api, directory, permissions, workspaces
from ansible_collections.energytwin.aws.plugins.module_utils._grafana.directory import Person
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, as_diff

Answer = dict[str, t.Any]

SETTLE = 30  # seconds until a change is seen at the latest


def identified(module: AnsibleAWSModule, people: t.Iterable[Person]) -> dict[Person, str]:
    region = str(module.params["identity_center_region"] or module.region)
    store_id = module.params["identity_store_id"]
    if store_id is None:
        store_id = directory.identity_store(module.client("sso-admin", region=region), region)
    return directory.identify(module.client("identitystore", region=region), store_id, people)


def work(module: AnsibleAWSModule) -> Answer:
    options = module.params
    wanted = permissions.parse(options["permissions"])
    client = connect(module, "grafana")
    workspace = workspaces.required(client, options)
    workspace_id = workspace["id"]
    if "AWS_SSO" not in workspace["authentication"]["providers"]:
        raise Refused(
            f"Grafana workspace '{workspace_id}' authenticates by SAML only, where the identity provider tells the roles;"
            " set them there (role_values of module grafana_workspace_auth), or add AWS_SSO."
        )
    ids = identified(module, wanted) if wanted else {}

    def look() -> permissions.PermissionsChange:
        return permissions.change_permissions(api.list_permissions(client, workspace_id), wanted, ids, options["purge"])

    change = look()
    seen = change.before
    if change.reasons and not module.check_mode:
        permissions.apply(client, workspace_id, change)
        left, _done = poll(look, lambda found: not found.reasons, timeout=SETTLE)
        seen = left.before
        if left.reasons:
            module.warn(f"AWS does not show all changes yet ({'; '.join(left.reasons)}); run again later to see that they are done.")
        if change.added:
            module.warn(permissions.SIGN_IN)
    return {
        "changed": bool(change.reasons),
        "permissions": seen,
        "diff": as_diff({"permissions": change.before}, {"permissions": change.after}),
        "reasons": change.reasons,
    }


def main() -> None:
    entry = {
        "user": {"type": "str"},
        "group": {"type": "str"},
        "role": {"type": "str", "choices": ["admin", "editor", "viewer"], "required": True},
    }
    module = AnsibleAWSModule(
        argument_spec={
            **workspaces.LOOKUP_OPTIONS,
            "permissions": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": entry,
                "mutually_exclusive": [("user", "group")],
                "required_one_of": [("user", "group")],
            },
            "purge": {"type": "bool", "default": False},
            "identity_center_region": {"type": "str"},
            "identity_store_id": {"type": "str"},
        },
        supports_check_mode=True,
        **workspaces.LOOKUP_RULES,
    )
    run(module, work)


if __name__ == "__main__":
    main()
