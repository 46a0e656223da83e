# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: grafana_workspace_auth
short_description: Manage how people sign in to an Amazon Managed Grafana workspace
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Chooses between IAM Identity Center (V(AWS_SSO)), SAML and both, and configures SAML.
  - What is not given stays as it is. Tokens of service accounts work in either case.
extends_documentation_fragment:
  - energytwin.aws.attributes
  - energytwin.aws.attributes.actiongroup_energytwin
  - energytwin.aws.grafana.workspace
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  providers:
    description: How people sign in. Without V(SAML), a SAML configuration is lost.
    type: list
    elements: str
    choices: [AWS_SSO, SAML]
  saml:
    description: The SAML configuration. Without one, a workspace with SAML lets nobody in.
    type: dict
    suboptions:
      idp_metadata_url:
        description: Where the identity provider's metadata are.
        type: str
      idp_metadata_xml:
        description: The identity provider's metadata themselves.
        type: str
      assertion_attributes:
        description: Which attributes of an assertion tell what about a user.
        type: dict
        suboptions:
          name:
            description: The attribute with the full name.
            type: str
          login:
            description: The attribute with the login name.
            type: str
          email:
            description: The attribute with the email address.
            type: str
          groups:
            description: The attribute with the groups.
            type: str
          role:
            description: The attribute with the role.
            type: str
          org:
            description: The attribute with the organization.
            type: str
      role_values:
        description: Values of the role's attribute. Everybody else is a viewer.
        type: dict
        suboptions:
          admin:
            description: Values that make an admin.
            type: list
            elements: str
          editor:
            description: Values that make an editor.
            type: list
            elements: str
      allowed_organizations:
        description: Organizations whose people get in. By default all.
        type: list
        elements: str
      login_validity_duration:
        description: Minutes for which people stay signed in.
        type: int
  wait:
    description: Whether to wait until the workspace is ACTIVE again.
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait.
    type: int
    default: 1800
seealso:
  - module: energytwin.aws.grafana_workspace
  - module: energytwin.aws.grafana_workspace_permissions
"""

EXAMPLES = r"""
- name: Sign in with Identity Center
  energytwin.aws.grafana_workspace_auth:
    name: example-plant
    providers: [AWS_SSO]

- name: Sign in with SAML
  energytwin.aws.grafana_workspace_auth:
    name: example-plant
    providers: [SAML]
    saml:
      idp_metadata_url: https://idp.example.com/metadata.xml
      assertion_attributes:
        login: mail
        email: mail
        name: displayName
        role: role
      role_values:
        admin: [energy-admins]
        editor: [energy-managers]
"""

RETURN = r"""
authentication:
  description: How people sign in after the task, in check mode before it, in the shape of the options.
  returned: always
  type: dict
  contains:
    providers:
      description: The providers.
      type: list
      elements: str
      returned: always
      sample: [SAML]
    saml:
      description: The SAML configuration.
      type: dict
      returned: if there is one
      sample: {idp_metadata_url: "https://idp.example.com/metadata.xml"}
    saml_status:
      description: V(CONFIGURED) if people can sign in with SAML.
      type: str
      returned: with SAML
      sample: CONFIGURED
diff:
  description: How people sign in, and how they will, in the shape of the options.
  returned: always
  type: dict
  contains:
    before:
      description: As it is.
      type: dict
      returned: always
      sample: {providers: [AWS_SSO]}
    after:
      description: As it will be.
      type: dict
      returned: always
      sample: {providers: [SAML]}
reasons:
  description: Why something changes. Empty if nothing does.
  returned: always
  type: list
  elements: str
  sample:
    - providers changes from ["AWS_SSO"] to ["SAML"]
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._aws import connect, run
from ansible_collections.energytwin.aws.plugins.module_utils._grafana import api, authentication, workspaces
from ansible_collections.energytwin.aws.plugins.module_utils._plan import as_diff

Answer = dict[str, t.Any]


def work(module: AnsibleAWSModule) -> Answer:
    options = module.params
    authentication.check(options)
    client = connect(module, "grafana")
    workspace_id = workspaces.required(client, options)["id"]
    answer = api.describe_authentication(client, workspace_id)
    change = authentication.change_authentication(workspace_id, answer, options["providers"], options["saml"])
    if change.reasons and not module.check_mode:
        timeout = options["wait_timeout"]
        workspaces.when_active(client, workspace_id, lambda: api.update_authentication(client, workspace_id, change.request), timeout)
        if options["wait"]:
            workspaces.settled(client, workspace_id, timeout)
        answer = api.describe_authentication(client, workspace_id)
    if "SAML" in change.after["providers"] and "saml" not in change.after:
        module.warn("SAML has no configuration yet, so nobody can sign in with it; give it one with the option saml.")
    status = authentication.status_of(answer)
    return {
        "changed": bool(change.reasons),
        "authentication": {**authentication.picture(answer), **({"saml_status": status} if status else {})},
        "diff": as_diff(change.before, change.after),
        "reasons": change.reasons,
    }


def main() -> None:
    text = {"type": "str"}
    texts = {"type": "list", "elements": "str"}
    saml = {
        "idp_metadata_url": text,
        "idp_metadata_xml": text,
        "assertion_attributes": {"type": "dict", "options": dict.fromkeys(authentication.ASSERTIONS, text)},
        "role_values": {"type": "dict", "options": dict.fromkeys(authentication.ROLES, texts)},
        "allowed_organizations": texts,
        "login_validity_duration": {"type": "int"},
    }
    module = AnsibleAWSModule(
        argument_spec={
            **workspaces.LOOKUP_OPTIONS,
            "providers": {**texts, "choices": ["AWS_SSO", "SAML"]},
            "saml": {"type": "dict", "options": saml, "mutually_exclusive": [("idp_metadata_url", "idp_metadata_xml")]},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 1800},
        },
        supports_check_mode=True,
        **workspaces.LOOKUP_RULES,
    )
    run(module, work)


if __name__ == "__main__":
    main()
