# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: grafana_folder
short_description: Manage a folder of a Grafana over its HTTP API
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Creates, renames, moves and deletes a folder for dashboards.
  - Grafana deletes what is in a folder with it, so a folder that is not empty is only deleted with O(force).
extends_documentation_fragment:
  - energytwin.aws.attributes
  - energytwin.aws.attributes.actiongroup_grafana
  - energytwin.aws.grafana
options:
  uid:
    description: The uid, which never changes.
    type: str
    required: true
  state:
    description: Whether the folder is to be there.
    type: str
    choices: [present, absent]
    default: present
  title:
    description: The title that people see. Required for a new folder.
    type: str
  parent_uid:
    description: uid of the folder in which it is to be. An empty text is the top. A folder that is there stays where it is if this is not given.
    type: str
  force:
    description: Whether to delete the dashboards and folders in it with it.
    type: bool
    default: false
seealso:
  - module: energytwin.aws.grafana_dashboard
"""

EXAMPLES = r"""
- name: A folder for the site's dashboards
  energytwin.aws.grafana_folder:
    url: "{{ grafana.workspace.endpoint }}"
    token: "{{ grafana_token.token }}"
    uid: example-plant
    title: Example plant

- name: Neither the folder nor what is in it
  energytwin.aws.grafana_folder:
    url: "{{ grafana.workspace.endpoint }}"
    token: "{{ grafana_token.token }}"
    uid: example-plant
    state: absent
    force: true
"""

RETURN = r"""
folder:
  description: The folder as it is after the task, in check mode as it was before. Empty if it is not there.
  returned: always
  type: dict
  contains:
    uid:
      description: The uid.
      type: str
      returned: if it is there
      sample: example-plant
    title:
      description: The title.
      type: str
      returned: if it is there
      sample: Example plant
    parent_uid:
      description: uid of the folder in which it is. Empty at the top.
      type: str
      returned: if it is there
      sample: ""
contents:
  description: Titles of what keeps the folder from being deleted.
  returned: failure, when the folder is not empty
  type: list
  elements: str
  sample: [Panel]
diff:
  description: The folder as it is and as it will be, in the shape of the options.
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
      sample: {uid: example-plant, title: Example plant, parent_uid: ""}
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

from ansible_collections.energytwin.aws.plugins.module_utils._grafana import folders
from ansible_collections.energytwin.aws.plugins.module_utils._grafana.http import Client
from ansible_collections.energytwin.aws.plugins.module_utils._grafana.task import Change, check_uid, converge, grafana_module, result, run

Answer = dict[str, t.Any]


def work(client: Client, options: Answer, check_mode: bool) -> Answer:
    uid = options["uid"]
    check_uid("uid", uid)
    check_uid("parent_uid", options["parent_uid"] or None)

    def plan(there: Answer | None) -> Change:
        if options["state"] == "present":
            return folders.plan(client, uid, options["title"], options["parent_uid"], there)
        return folders.deletion(client, uid, options["force"], there)

    change, there = converge(client, lambda: folders.read(client, uid), plan, check_mode)
    return result(change, folder=folders.shown(there))


def main() -> None:
    module = grafana_module(
        {
            "uid": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "title": {"type": "str"},
            "parent_uid": {"type": "str"},
            "force": {"type": "bool", "default": False},
        }
    )
    run(module, work)


if __name__ == "__main__":
    main()
