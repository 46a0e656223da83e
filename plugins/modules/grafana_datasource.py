# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: grafana_datasource
short_description: Manage a data source of a Grafana over its HTTP API
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Creates, updates and deletes a data source of any type, and asks it whether it works.
  - What is not given stays as it is. A data source never changes its type.
extends_documentation_fragment:
  - energytwin.aws.attributes
  - energytwin.aws.attributes.actiongroup_grafana
  - energytwin.aws.grafana
options:
  uid:
    description: The uid, to which dashboards refer. It never changes.
    type: str
    required: true
  state:
    description: Whether the data source is to be there.
    type: str
    choices: [present, absent]
    default: present
  name:
    description: The name that people see. Required for a new data source.
    type: str
  type:
    description:
      - Id of the data source's plugin. Required for a new data source.
      - The TwinMaker data source is V(grafana-iot-twinmaker-datasource), which is not the id of its app.
    type: str
  access:
    description: Who asks the data source, Grafana itself (V(proxy), the default for a new one) or the browser.
    type: str
    choices: [proxy, direct]
  is_default:
    description: Whether panels without a data source use it.
    type: bool
  datasource_url:
    description: The URL of what the data source reads.
    type: str
  user:
    description: A user name.
    type: str
  database:
    description: The name of a database.
    type: str
  basic_auth:
    description: Whether the data source signs in by basic authentication.
    type: bool
  basic_auth_user:
    description: The user name for it.
    type: str
  with_credentials:
    description: Whether browsers send their cookies to the data source.
    type: bool
  json_data:
    description: Further settings, as the plugin calls them. Keys that are not given stay, a key that is V(null) goes.
    type: dict
  secure_json_data:
    description:
      - Secrets, as the plugin calls them. Grafana never shows them again.
      - A secret that is set already is not sent again, as nobody can tell whether it is another one; see O(update_secrets).
    type: dict
  update_secrets:
    description: Whether all secrets are sent, also those that are set already. Then the task always reports a change.
    type: bool
    default: false
  health:
    description:
      - Whether to ask the data source if it works, and to fail if it does not.
      - For the TwinMaker data source this proves in one step that the plugin is there, that the workspace's role may assume the dashboard role,
        and that this one may read the TwinMaker workspace.
      - In check mode it is asked only if it is there and does not change.
    type: bool
    default: false
  health_timeout:
    description: Seconds to ask again while it does not work, as a new role takes a moment until it does.
    type: int
    default: 60
seealso:
  - module: energytwin.aws.grafana_plugin
  - module: energytwin.aws.grafana_dashboard
"""

EXAMPLES = r"""
- name: The TwinMaker data source, which must work
  energytwin.aws.grafana_datasource:
    url: "{{ grafana.workspace.endpoint }}"
    token: "{{ grafana_token.token }}"
    uid: twin
    name: Example plant
    type: grafana-iot-twinmaker-datasource
    json_data:
      authType: ec2_iam_role
      defaultRegion: eu-central-1
      assumeRoleArn: arn:aws:iam::123456789012:role/example-plant-dashboard
      workspaceId: example-plant_workspace
    health: true

- name: No such data source
  energytwin.aws.grafana_datasource:
    url: "{{ grafana.workspace.endpoint }}"
    token: "{{ grafana_token.token }}"
    uid: twin
    state: absent
"""

RETURN = r"""
datasource:
  description: The data source as it is after the task, in check mode as it was before, in the shape of the options. Empty if it is not there.
  returned: always
  type: dict
  sample:
    uid: twin
    name: Example plant
    type: grafana-iot-twinmaker-datasource
    access: proxy
    json_data: {workspaceId: example-plant_workspace}
health:
  description: Whether the data source works.
  returned: if O(health) is set and the data source was asked
  type: dict
  contains:
    status:
      description: V(OK) or V(ERROR).
      type: str
      returned: always
      sample: OK
    message:
      description: What the plugin says.
      type: str
      returned: always
      sample: TwinMaker datasource successfully configured (example-plant_workspace)
diff:
  description: The data source as it is and as it will be, in the shape of the options. Secrets are shown by their names only.
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
      sample: {uid: twin, name: Example plant}
reasons:
  description: Why something changes. Empty if nothing does.
  returned: always
  type: list
  elements: str
  sample:
    - is not there
error:
  description: The status and the words of Grafana's answer.
  returned: failure, when Grafana has answered with an error
  type: dict
  sample: {status: 401, message: Expired API key}
"""

import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._grafana import datasources
from ansible_collections.energytwin.aws.plugins.module_utils._grafana.http import Client
from ansible_collections.energytwin.aws.plugins.module_utils._grafana.task import Change, check_uid, converge, grafana_module, result, run
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused

Answer = dict[str, t.Any]


def work(client: Client, options: Answer, check_mode: bool) -> Answer:
    uid, present = options["uid"], options["state"] == "present"
    check_uid("uid", uid)
    wanted = datasources.wanted_members(options)
    secrets = {name: str(value) for name, value in (options["secure_json_data"] or {}).items()}

    def plan(there: Answer | None) -> Change:
        if present:
            return datasources.plan(client, uid, wanted, secrets, options["update_secrets"], there)
        return datasources.deletion(client, there)

    change, there = converge(client, lambda: datasources.read(client, uid), plan, check_mode)
    answer = result(change, datasource=datasources.shown(there))
    if options["health"] and present and not (check_mode and change.reasons):
        answer["health"] = datasources.health(client, uid, options["health_timeout"])
        if answer["health"]["status"] != "OK":
            said = answer["health"]["message"].rstrip(".")
            raise Refused(f"Data source '{uid}' does not work: {said}; check its plugin, its role and what it reads.", **answer)
    return answer


def main() -> None:
    module = grafana_module(
        {
            "uid": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "name": {"type": "str"},
            "type": {"type": "str"},
            "access": {"type": "str", "choices": ["proxy", "direct"]},
            "is_default": {"type": "bool"},
            "datasource_url": {"type": "str"},
            "user": {"type": "str"},
            "database": {"type": "str"},
            "basic_auth": {"type": "bool"},
            "basic_auth_user": {"type": "str"},
            "with_credentials": {"type": "bool"},
            "json_data": {"type": "dict"},
            "secure_json_data": {"type": "dict", "no_log": True},
            "update_secrets": {"type": "bool", "default": False, "no_log": False},
            "health": {"type": "bool", "default": False},
            "health_timeout": {"type": "int", "default": 60},
        }
    )
    run(module, work)


if __name__ == "__main__":
    main()
