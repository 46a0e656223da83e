#!/usr/bin/python
# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: iot_topic_rule
short_description: Manage an AWS IoT Core topic rule
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Creates, changes, enables, disables and deletes a rule that acts on MQTT messages.
  - A rule that is there already, whoever made it, is taken over. Only the options that are given are compared and changed.
extends_documentation_fragment:
  - energytwin.aws.attributes
  - energytwin.aws.attributes.actiongroup_energytwin
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
options:
  name:
    description: The name of the rule, of letters, digits and V(_). It never changes.
    type: str
    required: true
    aliases: [rule_name]
  state:
    description: Whether the rule is to be there.
    type: str
    choices: [present, absent]
    default: present
  enabled:
    description: Whether the rule works. A new rule does, if this is not given.
    type: bool
  sql:
    description: The statement that chooses and shapes messages. A new rule needs it.
    type: str
  sql_version:
    description: The version of the SQL engine, such as V(2016-03-23).
    type: str
  description:
    description: A description. An empty text takes it away.
    type: str
  actions:
    description:
      - What to do with each message, one to ten actions in the form of the API (keys in camelCase), each with one key for its kind. A new rule
        needs it.
      - An action is the same if it has all that is given here; AWS adds its defaults.
    type: list
    elements: dict
  error_action:
    description: What to do when an action fails, in the form of the API. An empty mapping takes it away.
    type: dict
"""

EXAMPLES = r"""
- name: Store readings, and keep those that cannot be stored
  energytwin.aws.iot_topic_rule:
    name: example_plant_readings
    enabled: true
    sql: SELECT cast(v1 AS double) AS v1, cast(kW AS double) AS kW FROM 'energy/example-plant'
    sql_version: "2016-03-23"
    actions:
      - timestream:
          roleArn: arn:aws:iam::123456789012:role/example-plant-write
          databaseName: example-plant_db
          tableName: example-plant_energy
          dimensions:
            - {name: panelId, value: "${panelId}"}
            - {name: meterId, value: "${meterId}"}
    error_action:
      s3:
        roleArn: arn:aws:iam::123456789012:role/example-plant-errors
        bucketName: example-plant-errors
        key: "${topic()}/${timestamp()}"

- name: Switch on a rule that somebody else has made
  energytwin.aws.iot_topic_rule:
    name: example_plant_IoTToTimestream
    enabled: true

- name: No rule
  energytwin.aws.iot_topic_rule:
    name: example_plant_readings
    state: absent
"""

RETURN = r"""
rule:
  description: The rule as it is after the task, in check mode as it was before. Empty if it is not there.
  returned: always
  type: dict
  contains:
    name:
      description: The name.
      type: str
      returned: always
      sample: example_plant_readings
    arn:
      description: The ARN.
      type: str
      returned: always
      sample: arn:aws:iot:eu-central-1:123456789012:rule/example_plant_readings
    enabled:
      description: Whether the rule works.
      type: bool
      returned: always
      sample: true
    sql:
      description: The statement.
      type: str
      returned: always
      sample: SELECT * FROM 'energy/example-plant'
    sql_version:
      description: The version of the SQL engine.
      type: str
      returned: if AWS tells it
      sample: "2016-03-23"
    description:
      description: The description.
      type: str
      returned: if there is one
      sample: Stores readings
    actions:
      description: The actions, in the form of the API.
      type: list
      elements: dict
      returned: always
      sample: [{s3: {bucketName: example-plant, key: readings, roleArn: "arn:aws:iam::123456789012:role/example-plant"}}]
    error_action:
      description: The error action, in the form of the API.
      type: dict
      returned: if there is one
      sample: {}
    tags:
      description: The tags.
      type: dict
      returned: always
      sample: {Site: example-plant}
diff:
  description: The rule as it is and as it will be, in the shape of the options.
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
      sample: {enabled: true}
reasons:
  description: Why something changes. Empty if nothing does.
  returned: always
  type: list
  elements: str
  sample:
    - is not there
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._aws import AwsError, checked_tags, connect, run, tag_changes
from ansible_collections.energytwin.aws.plugins.module_utils._iot import api
from ansible_collections.energytwin.aws.plugins.module_utils._iot.topic_rules import (
    RuleChange,
    change_rule,
    payload_of,
    picture,
    wanted_payload,
)
from ansible_collections.energytwin.aws.plugins.module_utils._plan import as_diff

Answer = dict[str, t.Any]


def shown(name: str, answer: Answer | None, tags: dict[str, str]) -> Answer:
    """The rule as the result shows it."""
    return {} if answer is None else {"name": name, "arn": answer["ruleArn"], **picture(payload_of(answer["rule"])), "tags": tags}


def alter(client: t.Any, name: str, change: RuleChange) -> None:
    """Changes a rule that is there."""
    if change.payload is not None:
        api.replace_topic_rule(client, name, change.payload)
    elif change.switch is not None:
        (api.enable_topic_rule if change.switch else api.disable_topic_rule)(client, name)


def present(client: t.Any, parameters: Answer, check_mode: bool) -> Answer:
    name, wanted, wanted_tags = parameters["name"], wanted_payload(parameters), checked_tags(parameters["tags"])
    answer = api.get_topic_rule(client, name)
    tags = api.list_tags(client, answer["ruleArn"]) if answer else {}
    change = change_rule(name, answer["rule"] if answer else None, wanted)
    tag_change = tag_changes(tags, wanted_tags, parameters["purge_tags"])
    reasons = change.reasons + (tag_change.reasons() if answer else [])
    before_tags = {"tags": tags} if wanted_tags is not None and answer else {}
    after_tags = {"tags": tag_change.applied(tags)} if wanted_tags is not None else {}
    if reasons and not check_mode:
        if answer is None:
            try:
                api.create_topic_rule(client, name, change.payload or {})
            except AwsError as error:
                # Another run was faster, or AWS's first answer got lost.
                if error.code != "ResourceAlreadyExistsException" or api.get_topic_rule(client, name) is None:
                    raise
                return present(client, parameters, check_mode)
        else:
            alter(client, name, change)
        answer, tags = api.get_topic_rule(client, name), tag_change.applied(tags)
        if answer:
            api.write_tags(client, answer["ruleArn"], tag_change)
    return {
        "changed": bool(reasons),
        "rule": shown(name, answer, tags),
        "diff": as_diff({**change.before, **before_tags}, {**change.after, **after_tags}),
        "reasons": reasons,
    }


def absent(client: t.Any, parameters: Answer, check_mode: bool) -> Answer:
    name = parameters["name"]
    answer = api.get_topic_rule(client, name)
    if answer is None:
        return {"changed": False, "rule": {}, "diff": as_diff({}, {}), "reasons": []}
    tags = api.list_tags(client, answer["ruleArn"])
    if not check_mode:
        api.delete_topic_rule(client, name)
    return {
        "changed": True,
        "rule": shown(name, answer, tags) if check_mode else {},
        "diff": as_diff({**picture(payload_of(answer["rule"])), "tags": tags}, {}),
        "reasons": ["is not wanted"],
    }


def work(module: AnsibleAWSModule) -> Answer:
    client = connect(module, "iot")
    return (present if module.params["state"] == "present" else absent)(client, module.params, module.check_mode)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True, "aliases": ["rule_name"]},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "enabled": {"type": "bool"},
            "sql": {"type": "str"},
            "sql_version": {"type": "str"},
            "description": {"type": "str"},
            "actions": {"type": "list", "elements": "dict"},
            "error_action": {"type": "dict"},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    run(module, work)


if __name__ == "__main__":
    main()
