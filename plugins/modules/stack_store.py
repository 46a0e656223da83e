#!/usr/bin/python
# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: stack_store
short_description: Take stores that outlived a CloudFormation stack into a new one, or delete them
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - A stack keeps the tables that hold readings when it is deleted, and a new stack of that name would fail since they are there.
  - This module makes the new stack out of them, by a change set of type C(IMPORT). What else the template has, the next update of the stack
    brings.
  - It can delete them too, with all readings in them.
  - It looks at the tables of DynamoDB and the databases and tables of Timestream that the template keeps (C(DeletionPolicy)) and whose names
    follow from the name of the stack and its parameters.
extends_documentation_fragment:
  - energytwin.aws.attributes
  - energytwin.aws.attributes.actiongroup_energytwin
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  stack_name:
    description: The name of the stack.
    type: str
    required: true
  template:
    description: The template of the stack as data, as the filter P(energytwin.aws.stack_template#filter) gives it.
    type: dict
    required: true
  template_parameters:
    description: The parameters of the stack.
    type: dict
    default: {}
  tags:
    description: The tags of the stack.
    type: dict
    default: {}
  state:
    description:
      - With V(imported), a stack that is not there is made of the stores that are. A stack that is there is left alone.
      - With V(absent), the stores are deleted. It is refused while there is a stack of that name.
    type: str
    choices: [imported, absent]
    default: imported
  wait_timeout:
    description: Seconds to wait for each step.
    type: int
    default: 600
seealso:
  - module: amazon.aws.cloudformation
  - plugin: energytwin.aws.stack_template
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Take the readings of an earlier stack in
  energytwin.aws.stack_store:
    stack_name: example-plant
    template: "{{ lookup('ansible.builtin.file', 'energy_twin.yml') | energytwin.aws.stack_template }}"
    template_parameters:
      Storage: dynamodb

- name: Delete the readings of a stack that is gone
  energytwin.aws.stack_store:
    stack_name: example-plant
    template: "{{ lookup('ansible.builtin.file', 'energy_twin.yml') | energytwin.aws.stack_template }}"
    state: absent
"""

RETURN = r"""
stores:
  description:
    - The stores that were taken in or deleted, in check mode those that would be. With O(state=imported), only those that the parameters ask for.
  returned: always
  type: list
  elements: dict
  sample: [{name: example-plant_energy, logical_id: ReadingsTable, type: "AWS::DynamoDB::Table", identifier: {TableName: example-plant_energy}}]
others:
  description: Stores of an earlier stack that the parameters do not ask for, and which stay as they are.
  returned: with O(state=imported)
  type: list
  elements: dict
  sample: []
diff:
  description: The names of the stores that the stack has, or that there are.
  returned: always
  type: dict
  contains:
    before:
      description: As it is.
      type: dict
      returned: always
      sample: {stores: []}
    after:
      description: As it will be.
      type: dict
      returned: always
      sample: {stores: [example-plant_energy]}
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._aws import checked_tags, connect, run
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, as_diff
from ansible_collections.energytwin.aws.plugins.module_utils._stack import api
from ansible_collections.energytwin.aws.plugins.module_utils._stack.stores import NEVER_MADE, Clients, check_keys, delete, look, take_in
from ansible_collections.energytwin.aws.plugins.module_utils._stack.template import Store, check, stores

Answer = dict[str, t.Any]


def names(found: list[Store]) -> Answer:
    return {"stores": [store.name for store in found]}


def imported(clients: Clients, parameters: Answer, check_mode: bool) -> Answer:
    name, template = parameters["stack_name"], check(parameters["template"])
    given = {key: str(value) for key, value in parameters["template_parameters"].items()}
    stack = api.get_stack(clients("cloudformation"), name)
    nothing: Answer = {"changed": False, "stores": [], "others": [], "diff": as_diff(names([]), names([]))}
    if stack is not None and stack["StackStatus"] not in NEVER_MADE:
        return nothing
    there = [store for store in stores(template, name, given) if look(clients, store) is not None]
    found = [store for store in there if store.in_force]
    for store in found:
        check_keys(clients, store, template)
    others = [store.plain() for store in there if not store.in_force]
    if not found:
        return {**nothing, "others": others}
    if not check_mode:
        take_in(clients, name, template, found, given, checked_tags(parameters["tags"]) or {}, parameters["wait_timeout"])
    return {
        "changed": True,
        "stores": [store.plain() for store in found],
        "others": others,
        "diff": as_diff(names([]), names(found)),
    }


def absent(clients: Clients, parameters: Answer, check_mode: bool) -> Answer:
    name = parameters["stack_name"]
    given = {key: str(value) for key, value in parameters["template_parameters"].items()}
    # A table is deleted before its database.
    candidates = reversed(stores(check(parameters["template"]), name, given))
    found = [store for store in candidates if look(clients, store) is not None]
    if found and not check_mode:
        if api.get_stack(clients("cloudformation"), name) is not None:
            raise Refused(f"stack_name: stack '{name}' is there and uses its stores; delete the stack before them.")
        for store in found:
            delete(clients, store, parameters["wait_timeout"])
    return {"changed": bool(found), "stores": [store.plain() for store in found], "diff": as_diff(names(found), names([]))}


def work(module: AnsibleAWSModule) -> Answer:
    made: dict[str, t.Any] = {}

    def clients(service: str) -> t.Any:
        if service not in made:
            made[service] = connect(module, service)
        return made[service]

    return (imported if module.params["state"] == "imported" else absent)(clients, module.params, module.check_mode)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "stack_name": {"type": "str", "required": True},
            "template": {"type": "dict", "required": True},
            "template_parameters": {"type": "dict", "default": {}},
            "tags": {"type": "dict", "default": {}},
            "state": {"type": "str", "choices": ["imported", "absent"], "default": "imported"},
            "wait_timeout": {"type": "int", "default": 600},
        },
        supports_check_mode=True,
    )
    run(module, work)


if __name__ == "__main__":
    main()
