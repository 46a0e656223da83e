# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: grafana_workspace_token
short_description: Make and delete a short-lived token for the HTTP API of an Amazon Managed Grafana workspace
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Makes a token of a service account, and the account where there is none. AWS shows the token's key once, so every task makes a new token; an
    older one of the same name is deleted first.
  - Make a token at the beginning of a play's work in Grafana, with the few minutes that it needs, and delete it at its end in C(always).
  - The result with the key is treated as if the task had C(no_log), so no key is on the screen or in a log, whatever the verbosity.
extends_documentation_fragment:
  - energytwin.aws.attributes
  - energytwin.aws.attributes.actiongroup_energytwin
  - energytwin.aws.grafana.workspace
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
attributes:
  idempotent:
    support: partial
    details:
      - A key is shown once, so O(state=present) always makes a new token. O(state=absent) is idempotent.
options:
  state:
    description: Whether a token is to be made, or deleted.
    type: str
    choices: [present, absent]
    default: present
  service_account:
    description: The name of the service account.
    type: str
    default: ansible
  role:
    description: The role of a new service account. AWS cannot change it later. Plugins and data sources need an admin.
    type: str
    choices: [admin, editor, viewer]
    default: admin
  token_name:
    description: The name of the token. Plays that run at the same time need names of their own, as a token replaces the one of the same name.
    type: str
    default: ansible
  seconds_to_live:
    description: How long the token is good, 1 second to 30 days.
    type: int
    default: 900
  delete_service_account:
    description: With O(state=absent), whether the service account and all of its tokens go too.
    type: bool
    default: false
  wait_timeout:
    description: Seconds to wait for a workspace that is being changed.
    type: int
    default: 1800
notes:
  - In check mode no token is made. For a check run that is to look into Grafana, give this task C(check_mode=false), a short-lived token changes
    nothing there.
seealso:
  - module: energytwin.aws.grafana_datasource
  - module: energytwin.aws.grafana_dashboard
"""

EXAMPLES = r"""
- name: Work in Grafana
  block:
    - name: A token for ten minutes
      energytwin.aws.grafana_workspace_token:
        name: example-plant
        seconds_to_live: 600
      register: grafana_token
      no_log: true
      check_mode: false
      changed_when: false

    - name: A folder
      energytwin.aws.grafana_folder:
        url: "{{ grafana.workspace.endpoint }}"
        token: "{{ grafana_token.token }}"
        uid: example-plant
        title: Example plant
  always:
    - name: No token
      energytwin.aws.grafana_workspace_token:
        name: example-plant
        state: absent
      check_mode: false
      changed_when: false
"""

RETURN = r"""
token:
  description: The key. It is shown this once.
  returned: when a token was made
  type: str
  sample: "(a secret)"
endpoint:
  description: The host of the workspace's Grafana, without a scheme.
  returned: always
  type: str
  sample: g-0123456789.grafana-workspace.eu-central-1.amazonaws.com
service_account_id:
  description: The id of the service account. Empty if there is none.
  returned: always
  type: str
  sample: "2"
token_id:
  description: The id of the token. Empty if there is none.
  returned: always
  type: str
  sample: "3"
reasons:
  description: Why something changes. Empty if nothing does.
  returned: always
  type: list
  elements: str
  sample:
    - token 'ansible' of service account 'ansible' is made
diff:
  description: The token as it is and as it will be, without its key.
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
      sample: {service_account: ansible, role: admin, token_name: ansible}
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._aws import AwsError, connect, run
from ansible_collections.energytwin.aws.plugins.module_utils._grafana import api, workspaces
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, as_diff

Answer = dict[str, t.Any]

LONGEST = 30 * 24 * 3600


def check(options: Answer) -> None:
    faults = [
        f"{option}: '{options[option]}' has {len(options[option])} characters; use 1 to 128."
        for option in ("service_account", "token_name")
        if not 1 <= len(options[option]) <= 128
    ]
    if not 1 <= options["seconds_to_live"] <= LONGEST:
        faults.append(f"seconds_to_live: {options['seconds_to_live']} cannot be had; use 1 to {LONGEST}, which are 30 days.")
    if faults:
        raise Refused("\n".join(faults))


def find_account(client: t.Any, workspace_id: str, name: str) -> Answer | None:
    return next((account for account in api.list_service_accounts(client, workspace_id) if account["name"] == name), None)


def find_token(client: t.Any, workspace_id: str, account: Answer | None, name: str) -> Answer | None:
    if account is None:
        return None
    return next((token for token in api.list_tokens(client, workspace_id, account["id"]) if token["name"] == name), None)


def picture(account: Answer | None, token: Answer | None) -> Answer:
    if account is None or token is None:
        return {}
    return {"service_account": account["name"], "role": account["grafanaRole"].lower(), "token_name": token["name"]}


def make(client: t.Any, workspace_id: str, account_id: str, options: Answer) -> Answer:
    """A new token. A lost answer has left one whose key nobody knows; it is replaced."""
    try:
        return api.create_token(client, workspace_id, account_id, options["token_name"], options["seconds_to_live"])
    except AwsError as error:
        if error.code != "ConflictException":
            raise
    for token in api.list_tokens(client, workspace_id, account_id):
        if token["name"] == options["token_name"]:
            api.delete_token(client, workspace_id, account_id, token["id"])
    return api.create_token(client, workspace_id, account_id, options["token_name"], options["seconds_to_live"])


def present(module: AnsibleAWSModule, client: t.Any, workspace: Answer, account: Answer | None, token: Answer | None) -> Answer:
    options, workspace_id = module.params, workspace["id"]
    name, role = options["service_account"], options["role"].upper()
    if account is not None and account["grafanaRole"] != role:
        raise Refused(
            f"role: service account '{name}' is {account['grafanaRole'].lower()}, and AWS cannot make it {options['role']}: use another name,"
            " or delete it first (state absent with delete_service_account)."
        )
    if account is not None and account.get("isDisabled") == "true":
        raise Refused(f"service_account: '{name}' is disabled; enable it in Grafana, or use another name.")
    reasons = [f"service account '{name}' is not there"] if account is None else []
    reasons.append(f"token '{options['token_name']}' of service account '{name}' is {'made anew' if token else 'made'}")
    after = {"service_account": name, "role": options["role"], "token_name": options["token_name"]}
    answer: Answer = {"changed": True, "reasons": reasons, "diff": as_diff(picture(account, token), after)}
    if not module.check_mode:
        if account is None:
            account = api.create_service_account(client, workspace_id, name, role)
        if token is not None:
            api.delete_token(client, workspace_id, account["id"], token["id"])
        token = make(client, workspace_id, account["id"], options)
        answer["token"] = token["key"]
    return {**answer, **identity(workspace, account, token)}


def absent(module: AnsibleAWSModule, client: t.Any, workspace: Answer, account: Answer | None, token: Answer | None) -> Answer:
    options, workspace_id = module.params, workspace["id"]
    reasons = [f"token '{token['name']}' is not wanted"] if token else []
    goes = options["delete_service_account"] and account is not None
    if goes:
        reasons.append(f"service account '{options['service_account']}' is not wanted")
    before = picture(account, token) or ({"service_account": options["service_account"]} if goes else {})
    answer = {"changed": bool(reasons), "reasons": reasons, "diff": as_diff(before, {})}
    if reasons and account is not None and not module.check_mode:
        if token is not None:
            api.delete_token(client, workspace_id, account["id"], token["id"])
            token = None
        if goes:
            api.delete_service_account(client, workspace_id, account["id"])
            account = None
    return {**answer, **identity(workspace, account, token)}


def identity(workspace: Answer, account: Answer | None, token: Answer | None) -> Answer:
    return {
        "endpoint": workspace["endpoint"],
        "service_account_id": account["id"] if account else "",
        "token_id": token["id"] if token else "",
    }


def work(module: AnsibleAWSModule) -> Answer:
    options = module.params
    check(options)
    client = connect(module, "grafana")
    if options["state"] == "absent":
        found = workspaces.find(client, options["workspace_id"], options["name"])
        if found is None or found["status"] == "DELETING":
            return {"changed": False, "reasons": [], "diff": as_diff({}, {}), **identity({"endpoint": ""}, None, None)}
        workspace = found
    else:
        workspace = workspaces.required(client, options)
    if workspace["status"] in workspaces.CHANGING and not module.check_mode:
        workspaces.settled(client, workspace["id"], options["wait_timeout"])
    account = find_account(client, workspace["id"], options["service_account"])
    token = find_token(client, workspace["id"], account, options["token_name"])
    return (present if options["state"] == "present" else absent)(module, client, workspace, account, token)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            **workspaces.LOOKUP_OPTIONS,
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "service_account": {"type": "str", "default": "ansible"},
            "role": {"type": "str", "choices": ["admin", "editor", "viewer"], "default": "admin"},
            "token_name": {"type": "str", "default": "ansible", "no_log": False},
            "seconds_to_live": {"type": "int", "default": 900},
            "delete_service_account": {"type": "bool", "default": False},
            "wait_timeout": {"type": "int", "default": 1800},
        },
        supports_check_mode=True,
        **workspaces.LOOKUP_RULES,
    )
    run(module, work)


if __name__ == "__main__":
    main()
