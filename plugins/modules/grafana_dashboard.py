# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: grafana_dashboard
short_description: Manage a dashboard of a Grafana over its HTTP API
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Creates, updates, moves and deletes a dashboard, whose content is given in the task or in a file.
  - Grafana fills in what a dashboard leaves out, and newer versions show it rewritten. So each save carries a digest of its source in its
    message, and the dashboard is saved again if the digest of the last save is not that of the source. What somebody has saved in Grafana
    since is overwritten.
  - A dashboard that was never saved from here is taken over; if it has all that the source says, it is left as it is.
  - A dashboard stays in its folder unless O(folder_uid) says another one.
  - Grafana stores nearly any dashboard, and a query that cannot work shows as an empty panel only. So panels, their places, and the queries
    of the TwinMaker data source are checked first, in check mode too. With O(twin) they are also checked for names that the twin does not have.
extends_documentation_fragment:
  - energytwin.aws.attributes
  - energytwin.aws.attributes.actiongroup_grafana
  - energytwin.aws.grafana
options:
  uid:
    description: The uid, which never changes. By default that of the dashboard's content.
    type: str
  state:
    description: Whether the dashboard is to be there.
    type: str
    choices: [present, absent]
    default: present
  dashboard:
    description: The content, as in the JSON model of the dashboard. C(id), C(version) and C(iteration) are Grafana's own and are left out.
    type: dict
  path:
    description: A file with the content as JSON, where the module runs.
    type: path
  folder_uid:
    description: uid of the folder in which it is to be. An empty text is the top.
    type: str
  commit_message:
    description: What the history of the dashboard says of the save, in front of the digest.
    type: str
    default: Ansible
  lint:
    description: Whether the dashboard is checked before it is compared. If anything is wrong the task fails, and names all of it.
    type: bool
    default: true
  twin:
    description: What the dashboard may name. What is not given is not checked.
    type: dict
    suboptions:
      entities:
        description: The entities, as for M(energytwin.aws.twinmaker_entities).
        type: list
        elements: dict
      properties:
        description: Names of the components' properties.
        type: list
        elements: str
      scenes:
        description: Ids of the scenes.
        type: list
        elements: str
      datasources:
        description: uids of the data sources that are there.
        type: list
        elements: str
seealso:
  - plugin: energytwin.aws.twin_entities
    plugin_type: filter
  - module: energytwin.aws.grafana_folder
  - module: energytwin.aws.grafana_datasource
"""

EXAMPLES = r"""
- name: A dashboard in the site's folder
  energytwin.aws.grafana_dashboard:
    url: "{{ grafana.workspace.endpoint }}"
    token: "{{ grafana_token.token }}"
    folder_uid: example-plant
    dashboard:
      uid: example-plant-power
      title: Power
      schemaVersion: 39
      time: {from: now-6h, to: now}
      panels: []

- name: A dashboard from a file
  energytwin.aws.grafana_dashboard:
    url: "{{ grafana.workspace.endpoint }}"
    token: "{{ grafana_token.token }}"
    folder_uid: example-plant
    path: files/meters.json

- name: A dashboard that names nothing that the twin does not have
  energytwin.aws.grafana_dashboard:
    url: "{{ grafana.workspace.endpoint }}"
    token: "{{ grafana_token.token }}"
    path: files/meters.json
    twin:
      entities:
        - entity_id: mdb-hall-1
          components: {meter-1: {}, meter-2: {}}
      datasources: [twin]

- name: No such dashboard
  energytwin.aws.grafana_dashboard:
    url: "{{ grafana.workspace.endpoint }}"
    token: "{{ grafana_token.token }}"
    uid: example-plant-power
    state: absent
"""

RETURN = r"""
dashboard:
  description: The dashboard as it is after the task, in check mode as it was before, without its content. Empty if it is not there.
  returned: always
  type: dict
  contains:
    uid:
      description: The uid.
      type: str
      returned: if it is there
      sample: example-plant-power
    title:
      description: The title.
      type: str
      returned: if it is there
      sample: Power
    version:
      description: How often it was saved.
      type: int
      returned: if it is there
      sample: 1
    folder_uid:
      description: uid of its folder. Empty at the top.
      type: str
      returned: if it is there
      sample: example-plant
    path:
      description: Where people find it, below the address of Grafana.
      type: str
      returned: if it is there
      sample: /d/example-plant-power/power
    updated:
      description: When it was saved last, ISO 8601.
      type: str
      returned: if it is there
      sample: "2026-11-23T16:00:00Z"
    updated_by:
      description: Who saved it last, as Grafana calls them.
      type: str
      returned: if it is there
      sample: jane.doe
diff:
  description: The dashboard as it is, as far as the source speaks of it, and as it will be.
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
      sample: {dashboard: {uid: example-plant-power, title: Power}, folder_uid: example-plant}
reasons:
  description: Why something changes, with the path of each difference. Empty if nothing changes.
  returned: always
  type: list
  elements: str
  sample:
    - panels[0].fieldConfig.defaults.thresholds.steps[1].value changes from 40 to 45
faults:
  description: What is wrong with the dashboard, one sentence each, with its path.
  returned: failure, when O(lint) finds something
  type: list
  elements: str
  sample:
    - "panels[0].targets[0].entityId: the twin has no entity 'mdb-hall-3'; correct it, or add it to the site."
error:
  description: The status and the words of Grafana's answer.
  returned: failure, when Grafana has answered with an error
  type: dict
  sample: {status: 401, message: Expired API key}
"""

import json
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._grafana import dashboards, lint
from ansible_collections.energytwin.aws.plugins.module_utils._grafana.http import Client
from ansible_collections.energytwin.aws.plugins.module_utils._grafana.task import Change, check_uid, converge, grafana_module, result, run
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused

Answer = dict[str, t.Any]


def source(options: Answer) -> Answer:
    """The dashboard's content as the task gives it."""
    if options["dashboard"] is not None:
        return t.cast(Answer, options["dashboard"])
    path = options["path"]
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
    except OSError as error:
        raise Refused(f"path: '{path}' cannot be read ({error.strerror}); check the path and its permissions.") from None
    except ValueError as error:
        raise Refused(f"path: '{path}' is no JSON ({error}); correct the file.") from None
    if not isinstance(content, dict):
        raise Refused(f"path: '{path}' holds no dashboard, which is a JSON object; correct the file.")
    return content


def check(body: Answer, twin: Answer) -> None:
    """Raises Refused with all that is wrong with a dashboard."""
    faults = lint.faults(body, lint.twin_of(twin))
    if faults:
        raise Refused("\n".join(f"Dashboard '{body['uid']}', {fault}" for fault in faults), faults=faults)


def work(client: Client, options: Answer, check_mode: bool) -> Answer:
    present = options["state"] == "present"
    check_uid("uid", options["uid"])
    check_uid("folder_uid", options["folder_uid"] or None)
    body = dashboards.prepared(source(options), options["uid"]) if present else {"uid": options["uid"]}
    if present and options["lint"]:
        check(body, options["twin"] or {})

    def plan(there: Answer | None) -> Change:
        if present:
            return dashboards.plan(client, body, options["folder_uid"], options["commit_message"], there)
        return dashboards.deletion(client, there)

    change, there = converge(client, lambda: dashboards.read(client, body["uid"]), plan, check_mode)
    return result(change, dashboard=dashboards.about(there))


def main() -> None:
    module = grafana_module(
        {
            "uid": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "dashboard": {"type": "dict"},
            "path": {"type": "path"},
            "folder_uid": {"type": "str"},
            "commit_message": {"type": "str", "default": "Ansible"},
            "lint": {"type": "bool", "default": True},
            "twin": {
                "type": "dict",
                "options": {
                    "entities": {"type": "list", "elements": "dict"},
                    "properties": {"type": "list", "elements": "str"},
                    "scenes": {"type": "list", "elements": "str"},
                    "datasources": {"type": "list", "elements": "str"},
                },
            },
        },
        mutually_exclusive=[("dashboard", "path")],
        required_if=[("state", "present", ["dashboard", "path"], True), ("state", "absent", ["uid"])],
    )
    run(module, work)


if __name__ == "__main__":
    main()
