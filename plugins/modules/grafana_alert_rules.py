# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: grafana_alert_rules
short_description: Manage a group of alert rules of a Grafana over its HTTP API
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Creates, updates and deletes a group of alert rules, all of its rules at once. Rules that are not given go.
  - Who is told of an alert is not managed here; that is a matter of contact points and notification policies.
  - AWS documents Grafana's alerting provisioning API for Amazon Managed Grafana, and users report workspaces that do not have it. The task then
    fails and says so.
extends_documentation_fragment:
  - energytwin.aws.attributes
  - energytwin.aws.attributes.actiongroup_grafana
  - energytwin.aws.grafana
options:
  folder_uid:
    description: uid of the folder in which the group is.
    type: str
    required: true
  name:
    description: The name of the group.
    type: str
    required: true
  state:
    description: Whether the group is to be there.
    type: str
    choices: [present, absent]
    default: present
  interval_seconds:
    description: How often the rules are evaluated; a multiple of 10.
    type: int
    default: 60
  rules:
    description:
      - The rules, in the shape of Grafana's alerting provisioning API. Each needs C(uid), C(title), C(condition) and C(data); folder, group and
        organization are added.
      - They are compared by what is given, as Grafana adds more.
      - Required to create a group.
    type: list
    elements: dict
seealso:
  - module: energytwin.aws.grafana_folder
  - plugin: energytwin.aws.site_alert_rules
    plugin_type: filter
"""

EXAMPLES = r"""
- name: The rules that follow from the site
  energytwin.aws.grafana_alert_rules:
    url: "{{ grafana.workspace.endpoint }}"
    token: "{{ grafana_token.token }}"
    folder_uid: example-plant
    name: Meters
    interval_seconds: 300
    rules: "{{ site | energytwin.aws.site_model(site_id=inventory_hostname) | energytwin.aws.site_alert_rules }}"

- name: No alert rules
  energytwin.aws.grafana_alert_rules:
    url: "{{ grafana.workspace.endpoint }}"
    token: "{{ grafana_token.token }}"
    folder_uid: example-plant
    name: Meters
    state: absent
"""

RETURN = r"""
group:
  description: The group as it is after the task, in check mode as it was before, without what its rules ask. Empty if it is not there.
  returned: always
  type: dict
  contains:
    folder_uid:
      description: uid of its folder.
      type: str
      returned: if it is there
      sample: example-plant
    name:
      description: Its name.
      type: str
      returned: if it is there
      sample: Meters
    interval_seconds:
      description: How often its rules are evaluated.
      type: int
      returned: if it is there
      sample: 300
    rules:
      description: uid and title of each rule.
      type: list
      elements: dict
      returned: if it is there
      sample: [{uid: energytwin-8d3e1f0a2b4c5d6e, title: "Chiller 1 (Mechanical rooftop): kW alarm [8d3e1f]"}]
diff:
  description: The group as it is, as far as the task speaks of it, and as it will be.
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
      sample: {interval: 300, rules: []}
reasons:
  description: Why something changes, with the path of each difference. Empty if nothing changes.
  returned: always
  type: list
  elements: str
  sample:
    - rules[0].title changes from 'High' to 'Too high'
error:
  description: The status and the words of Grafana's answer.
  returned: failure, when Grafana has answered with an error
  type: dict
  sample: {status: 401, message: Expired API key}
"""

import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._grafana import alert_rules
from ansible_collections.energytwin.aws.plugins.module_utils._grafana.http import Client
from ansible_collections.energytwin.aws.plugins.module_utils._grafana.task import Change, check_uid, converge, grafana_module, result, run

Answer = dict[str, t.Any]


def work(client: Client, options: Answer, check_mode: bool) -> Answer:
    folder_uid, name = options["folder_uid"], options["name"]
    check_uid("folder_uid", folder_uid)
    wanted = alert_rules.checked(options["interval_seconds"], options["rules"] or []) if options["state"] == "present" else {}

    def plan(there: Answer | None) -> Change:
        return alert_rules.plan(client, folder_uid, name, wanted, there) if wanted else alert_rules.deletion(client, there)

    change, there = converge(client, lambda: alert_rules.read(client, folder_uid, name), plan, check_mode)
    return result(change, group=alert_rules.about(there))


def main() -> None:
    module = grafana_module(
        {
            "folder_uid": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "interval_seconds": {"type": "int", "default": 60},
            "rules": {"type": "list", "elements": "dict"},
        },
        required_if=[("state", "present", ["rules"])],
    )
    run(module, work)


if __name__ == "__main__":
    main()
