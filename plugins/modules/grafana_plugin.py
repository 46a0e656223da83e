# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: grafana_plugin
short_description: Manage a plugin of a Grafana over its HTTP API
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Installs one version of a plugin from Grafana's catalogue, replaces another version by it, and removes plugins.
  - Meant for Amazon Managed Grafana, where there is no C(grafana-cli). The workspace needs plugin administration, which is off at first;
    see the option O(energytwin.aws.grafana_workspace#module:configuration) of M(energytwin.aws.grafana_workspace).
extends_documentation_fragment:
  - energytwin.aws.attributes
  - energytwin.aws.attributes.actiongroup_grafana
  - energytwin.aws.grafana
options:
  plugin_id:
    description: The id in the catalogue. The data sources and panels of an app come with the app.
    type: str
    required: true
  version:
    description: The version, which is to be pinned. Required to have a plugin there.
    type: str
  state:
    description: Whether the plugin is to be there.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: energytwin.aws.grafana_datasource
  - module: energytwin.aws.grafana_workspace_token
"""

EXAMPLES = r"""
- name: The TwinMaker app
  energytwin.aws.grafana_plugin:
    url: "{{ grafana.workspace.endpoint }}"
    token: "{{ grafana_token.token }}"
    plugin_id: grafana-iot-twinmaker-app
    version: 2.1.7

- name: No TwinMaker app
  energytwin.aws.grafana_plugin:
    url: "{{ grafana.workspace.endpoint }}"
    token: "{{ grafana_token.token }}"
    plugin_id: grafana-iot-twinmaker-app
    state: absent
"""

RETURN = r"""
plugin:
  description: The plugin as it is after the task, in check mode as it was before. Empty if it is not there.
  returned: always
  type: dict
  contains:
    plugin_id:
      description: The id.
      type: str
      returned: if it is there
      sample: grafana-iot-twinmaker-app
    version:
      description: The version.
      type: str
      returned: if it is there
      sample: 2.1.7
    type:
      description: What it is, as Grafana says.
      type: str
      returned: if it is there
      sample: app
diff:
  description: The plugin as it is and as it will be, in the shape of the options.
  returned: always
  type: dict
  contains:
    before:
      description: As it is. Empty if it is not there.
      type: dict
      returned: always
      sample: {plugin_id: grafana-iot-twinmaker-app, version: 2.1.6}
    after:
      description: As it will be. Empty if it goes.
      type: dict
      returned: always
      sample: {plugin_id: grafana-iot-twinmaker-app, version: 2.1.7}
reasons:
  description: Why something changes. Empty if nothing does.
  returned: always
  type: list
  elements: str
  sample:
    - version changes from '2.1.6' to '2.1.7'
error:
  description: The status and the words of Grafana's answer.
  returned: failure, when Grafana has answered with an error
  type: dict
  sample: {status: 401, message: Expired API key}
"""

import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._grafana import plugins
from ansible_collections.energytwin.aws.plugins.module_utils._grafana.http import Client
from ansible_collections.energytwin.aws.plugins.module_utils._grafana.task import converge, grafana_module, result, run
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused

Answer = dict[str, t.Any]


def work(client: Client, options: Answer, check_mode: bool) -> Answer:
    plugin_id = options["plugin_id"]
    version = options["version"] if options["state"] == "present" else None
    change, there = converge(
        client,
        lambda: plugins.read(client, plugin_id),
        lambda found: plugins.plan(client, plugin_id, version, found),
        check_mode,
    )
    if check_mode and change.reasons and not plugins.is_administered(client):
        raise Refused(plugins.ADMINISTRATION_OFF.format(what=f"plugin '{plugin_id}'"))
    return result(change, plugin=plugins.shown(there))


def main() -> None:
    module = grafana_module(
        {
            "plugin_id": {"type": "str", "required": True},
            "version": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        required_if=[("state", "present", ["version"])],
    )
    run(module, work)


if __name__ == "__main__":
    main()
