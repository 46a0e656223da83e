#!/usr/bin/python
# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: twinmaker_component_type
short_description: Manage an AWS IoT TwinMaker component type
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Creates, updates and deletes a component type, and waits until TwinMaker has finished.
  - Options that are not given stay as they are. A map that is given is the complete set of what the type itself defines; what it
    inherits is not part of it.
  - AWS does not change property definitions and functions of a type while a component uses it, and does not delete a type that a
    component uses, that another type inherits from or is composed of. The module sees that before the call, and names what is in the way.
  - Names in maps are the user's and are never rewritten; the keys of their values are those of the API, in camelCase.
extends_documentation_fragment:
  - energytwin.aws.attributes
  - energytwin.aws.attributes.actiongroup_energytwin
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
attributes:
  check_mode:
    support: full
    details:
      - In check mode what a task before would have taken away is still there. So the deletion of a type that is still in use is
        refused, as it is without that task.
options:
  workspace_id:
    description: The workspace.
    type: str
    required: true
  component_type_id:
    description: The id, which never changes. The name space C(com.amazon.) is AWS's own.
    type: str
    required: true
  state:
    description: Whether the component type is to be there.
    type: str
    choices: [present, absent]
    default: present
  component_type_name:
    description: A name to be shown.
    type: str
  description:
    description: A description of one line. An empty text takes it away.
    type: str
  is_singleton:
    description: Whether an entity can have one component of this type only.
    type: bool
  extends_from:
    description: The component types that it inherits from, ten at most.
    type: list
    elements: str
  property_definitions:
    description:
      - The properties by name, each with C(dataType) and, as needed, C(isTimeSeries), C(isStoredExternally), C(isRequiredInEntity),
        C(isExternalId), C(defaultValue), C(configuration) and C(displayName).
      - C(defaultValue) can be a plain text, number or boolean.
      - An inherited property is named only to override its default.
    type: dict
  functions:
    description:
      - The functions by name (V(dataReader), V(dataWriter), V(schemaInitializer) and so on), each with C(implementedBy) and, as needed,
        C(requiredProperties) and C(scope).
    type: dict
  property_groups:
    description: The property groups by name, each with C(groupType) and C(propertyNames).
    type: dict
  composite_component_types:
    description: The component types that components of this one are composed of, by name, each with C(componentTypeId).
    type: dict
  wait:
    description: Whether to wait until TwinMaker has finished. Without it a failure is only seen by the next run.
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait.
    type: int
    default: 120
seealso:
  - module: energytwin.aws.twinmaker_component_type_info
  - module: energytwin.aws.twinmaker_entities
  - module: energytwin.aws.twinmaker_workspace
"""

EXAMPLES = r"""
- name: A meter whose readings come from a Lambda function
  energytwin.aws.twinmaker_component_type:
    workspace_id: example-plant_workspace
    component_type_id: com.example.energymeter
    description: An energy meter
    property_definitions:
      panelId: {dataType: {type: STRING}, isRequiredInEntity: true, isExternalId: true}
      meterId: {dataType: {type: STRING}, isRequiredInEntity: true, isExternalId: true}
      kW: {dataType: {type: DOUBLE, unitOfMeasure: kW}, isTimeSeries: true, isStoredExternally: true}
    functions:
      dataReader:
        implementedBy:
          lambda:
            arn: arn:aws:lambda:eu-central-1:123456789012:function:iottwinmaker-example-plant-reader

- name: A meter of one make, which has all that the other one has
  energytwin.aws.twinmaker_component_type:
    workspace_id: example-plant_workspace
    component_type_id: com.example.sdm630
    extends_from:
      - com.example.energymeter
    property_definitions:
      maker: {dataType: {type: STRING}, defaultValue: Eastron}

- name: No such type
  energytwin.aws.twinmaker_component_type:
    workspace_id: example-plant_workspace
    component_type_id: com.example.sdm630
    state: absent
"""

RETURN = r"""
component_type:
  description: The component type as it is after the task, in check mode as it was before. Empty if it is not there.
  returned: always
  type: dict
  contains:
    component_type_id:
      description: The id.
      type: str
      returned: always
      sample: com.example.energymeter
    arn:
      description: The ARN.
      type: str
      returned: always
      sample: arn:aws:iottwinmaker:eu-central-1:123456789012:workspace/example-plant_workspace/component-type/com.example.energymeter
    state:
      description: The state.
      type: str
      returned: always
      sample: ACTIVE
    is_abstract:
      description: Whether it cannot be used by a component, since nothing can read its external properties.
      type: bool
      returned: always
      sample: false
    component_type_name:
      description: A name to be shown.
      type: str
      returned: always
      sample: ""
    description:
      description: The description.
      type: str
      returned: always
      sample: An energy meter
    is_singleton:
      description: Whether an entity can have one component of this type only.
      type: bool
      returned: always
      sample: false
    extends_from:
      description: The component types that it inherits from.
      type: list
      elements: str
      returned: always
      sample: []
    property_definitions:
      description: Its own properties.
      type: dict
      returned: always
      sample: {panelId: {dataType: {type: STRING}, isRequiredInEntity: true}}
    functions:
      description: Its own functions.
      type: dict
      returned: always
      sample: {}
    property_groups:
      description: Its own property groups.
      type: dict
      returned: always
      sample: {}
    composite_component_types:
      description: Its own composition.
      type: dict
      returned: always
      sample: {}
    tags:
      description: The tags.
      type: dict
      returned: always
      sample: {Site: example-plant}
used_by:
  description: The entities and component types that keep the type from being changed or deleted.
  returned: failure, when the type is in use
  type: list
  elements: str
  sample: [mech-rooftop]
diff:
  description: The component type as it is and as it will be, in the shape of the options.
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
      sample: {description: An energy meter}
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
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, as_diff, listed
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import api, usage, waiters
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.component_types import (
    FIXED_IN_USE,
    OPTIONS,
    RESERVED,
    change_type,
    may_hide_overrides,
    own_parts,
    wanted_parts,
)
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.transformations import error_of
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.workspaces import required_workspace

Answer = dict[str, t.Any]


class ComponentTypes:
    """One component type of a workspace."""

    def __init__(self, client: t.Any, parameters: Answer, check_mode: bool) -> None:
        self.client = client
        self.parameters = parameters
        self.check_mode = check_mode
        self.workspace_id: str = parameters["workspace_id"]
        self.type_id: str = parameters["component_type_id"]
        self.timeout: float = parameters["wait_timeout"]

    def read(self) -> Answer | None:
        return waiters.settled_component_type(self.client, self.workspace_id, self.type_id, self.timeout)

    def parents(self, answer: Answer | None) -> list[Answer]:
        if answer is None or not may_hide_overrides(answer):
            return []
        parents = (api.get_component_type(self.client, self.workspace_id, parent) for parent in answer.get("extendsFrom", []))
        return [parent for parent in parents if parent is not None]

    def tags(self, answer: Answer | None) -> dict[str, str]:
        return api.list_tags(self.client, answer["arn"]) if answer else {}

    def shown(self, parts: Answer, tags: dict[str, str] | None) -> Answer:
        shape = {OPTIONS[member]: parts[member] for member in parts}
        return shape if tags is None or not parts else {**shape, "tags": tags}

    def result(self, answer: Answer | None, tags: dict[str, str]) -> Answer:
        if answer is None:
            return {}
        return {
            "component_type_id": self.type_id,
            "arn": answer["arn"],
            "state": waiters.state_of(answer),
            "is_abstract": bool(answer.get("isAbstract")),
            **self.shown(own_parts(answer, self.parents(answer)), tags),
        }

    def present(self) -> Answer:
        wanted, wanted_tags = wanted_parts(self.parameters), checked_tags(self.parameters["tags"])
        answer = self.read()
        if answer is None and not self.check_mode:
            required_workspace(self.client, self.workspace_id)
        tags = self.tags(answer)
        change = change_type(answer, self.parents(answer), wanted)
        tag_change = tag_changes(tags, wanted_tags, self.parameters["purge_tags"])
        reasons = change.reasons + (tag_change.reasons() if answer else [])
        fixed = [OPTIONS[member] for member in change.changed if member in FIXED_IN_USE]
        if answer is not None and fixed:
            self.refuse_in_use(
                f"{listed(fixed)} of component type '{self.type_id}' cannot change",
                usage.users(self.client, self.workspace_id, self.type_id),
            )
        after_tags = tag_change.applied(tags)
        shows_tags = wanted_tags is not None
        diff = as_diff(
            self.shown(change.before, tags if shows_tags else None), self.shown(change.after, after_tags if shows_tags else None)
        )
        if reasons and not self.check_mode:
            if answer is None:
                sent = {**change.request, **({"tags": tag_change.to_set} if tag_change.to_set else {})}
                try:
                    api.create_component_type(self.client, self.workspace_id, self.type_id, sent)
                except AwsError as error:
                    # Another run was faster, or AWS's first answer got lost.
                    if error.code != "ConflictException" or self.read() is None:
                        raise
                    return {**self.present(), "changed": True, "diff": diff, "reasons": reasons}
            else:
                if change.request:
                    self.update(change.request)
                api.write_tags(self.client, answer["arn"], tag_change)
            answer = self.made() if self.parameters["wait"] else api.get_component_type(self.client, self.workspace_id, self.type_id)
            tags = after_tags
        return {
            "changed": bool(reasons),
            "component_type": self.result(answer, tags),
            "diff": diff,
            "reasons": reasons,
        }

    def made(self) -> Answer | None:
        answer = self.read()
        if answer and (error := error_of(answer.get("status"))):
            raise Refused(f"component type '{self.type_id}' is in state ERROR: {error}; mend the cause and run again.")
        return answer

    def update(self, request: Answer) -> None:
        try:
            api.update_component_type(self.client, self.workspace_id, self.type_id, request)
        except AwsError as error:
            # AWS documents only a part of what it refuses while a type is in use, so the rest is explained afterwards.
            users = usage.all_users(self.client, self.workspace_id, self.type_id) if error.code == "ValidationException" else []
            if not users:
                raise
            raise Refused(
                f"{error.sentence().rstrip('.')}; the type, or one that depends on it, is in use by {listed(users)}.", used_by=users
            ) from error

    def refuse_in_use(self, what: str, users: list[str]) -> None:
        if users:
            raise Refused(f"{what} while it is in use by {listed(users)}; take it out of use first, or make a new type.", used_by=users)

    def absent(self) -> Answer:
        answer = self.read()
        if answer is None:
            return {"changed": False, "component_type": {}, "diff": as_diff({}, {}), "reasons": []}
        others = (find(self.client, self.workspace_id, self.type_id) for find in (usage.users, usage.dependents))
        self.refuse_in_use(f"Component type '{self.type_id}' cannot be deleted", [name for names in others for name in names])
        before, tags = own_parts(answer, self.parents(answer)), self.tags(answer)
        if not self.check_mode:
            api.delete_component_type(self.client, self.workspace_id, self.type_id)
            left = self.made() if self.parameters["wait"] else None
            if left is not None:
                raise Refused(f"component type '{self.type_id}' is still there after its deletion; run again.")
        return {
            "changed": True,
            "component_type": self.result(answer, tags) if self.check_mode else {},
            "diff": as_diff(self.shown(before, tags), {}),
            "reasons": ["is not wanted"],
        }


def work(module: AnsibleAWSModule) -> Answer:
    if module.params["component_type_id"].startswith(RESERVED):
        raise Refused(
            f"component_type_id: '{module.params['component_type_id']}' is in AWS's own name space '{RESERVED}'; use another one."
        )
    types = ComponentTypes(connect(module, "iottwinmaker"), module.params, module.check_mode)
    return types.present() if module.params["state"] == "present" else types.absent()


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "workspace_id": {"type": "str", "required": True},
            "component_type_id": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "component_type_name": {"type": "str"},
            "description": {"type": "str"},
            "is_singleton": {"type": "bool"},
            "extends_from": {"type": "list", "elements": "str"},
            "property_definitions": {"type": "dict"},
            "functions": {"type": "dict"},
            "property_groups": {"type": "dict"},
            "composite_component_types": {"type": "dict"},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": True},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 120},
        },
        supports_check_mode=True,
    )
    run(module, work)


if __name__ == "__main__":
    main()
