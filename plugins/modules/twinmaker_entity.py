#!/usr/bin/python
# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: twinmaker_entity
short_description: Manage one AWS IoT TwinMaker entity
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Creates, updates, moves and deletes one entity, and waits until TwinMaker has finished. It never touches another one.
  - For more than a few entities use M(energytwin.aws.twinmaker_entities), which reads the workspace once and works on many at a time.
  - Compares only what is given. What is not given stays as it is.
  - An entity in state ERROR is updated, and made anew if that does not help, nothing is below it, and nothing of it would be lost.
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
      - In check mode a workspace, a parent or a component type that is not there is taken for one that a task before would have made.
      - What a task before would have taken away is still there. So the deletion of an entity with others below it is refused, as it is
        without that task.
options:
  workspace_id:
    description: The workspace.
    type: str
    required: true
  entity_id:
    description: The id, which is unique in the workspace and never changes.
    type: str
    required: true
  state:
    description: Whether the entity is to be there. One that has others below it is not deleted.
    type: str
    choices: [present, absent]
    default: present
  name:
    description: The name, which is unique among the children of one parent (but not at the root). Needed where the entity is not there yet.
    type: str
  description:
    description: A description of one line. An empty text takes it away.
    type: str
  parent_entity_id:
    description:
      - The parent, V($ROOT) for none. An entity that is elsewhere is moved.
      - Without it the entity stays where it is, and a new one is made at the root.
    type: str
  components:
    description:
      - The components by name, each in the form of the C(CreateEntity) API (keys in camelCase) with C(componentTypeId), C(description),
        C(properties) and C(propertyGroups). Names are never rewritten.
      - A property can be given in the form of the API (C({value:) C({stringValue:) C("5"}})) or as a plain text, number, boolean or
        list. A plain value is sent in the kind that the component type defines for the property.
    type: dict
  prune:
    description:
      - Whether to take away components that are not listed, and values in listed components that are not listed.
      - Components go only if O(components) is given. A value goes only if its property is not required and has not its default.
    type: bool
    default: false
  wait_timeout:
    description: Seconds to wait until the entity has settled.
    type: int
    default: 120
seealso:
  - module: energytwin.aws.twinmaker_entity_info
  - module: energytwin.aws.twinmaker_entities
  - module: energytwin.aws.twinmaker_component_type
"""

EXAMPLES = r"""
- name: A panel with a meter
  energytwin.aws.twinmaker_entity:
    workspace_id: example-plant_workspace
    entity_id: mech-rooftop
    name: Mechanical rooftop
    parent_entity_id: hall-1
    components:
      meter-5:
        componentTypeId: com.example.energymeter
        properties:
          panelId: mech-rooftop
          meterId: "5"
    tags:
      CostCenter: "4711"

- name: Another description; all else stays
  energytwin.aws.twinmaker_entity:
    workspace_id: example-plant_workspace
    entity_id: mech-rooftop
    description: On the roof of hall 1

- name: No panel
  energytwin.aws.twinmaker_entity:
    workspace_id: example-plant_workspace
    entity_id: mech-rooftop
    state: absent
"""

RETURN = r"""
entity:
  description: The entity as it is after the task, in check mode as it was before. Empty if it is not there.
  returned: always
  type: dict
  contains:
    entity_id:
      description: The id.
      type: str
      returned: always
      sample: mech-rooftop
    arn:
      description: The ARN.
      type: str
      returned: always
      sample: arn:aws:iottwinmaker:eu-central-1:123456789012:workspace/example-plant_workspace/entity/mech-rooftop
    state:
      description: The state.
      type: str
      returned: always
      sample: ACTIVE
    name:
      description: The name.
      type: str
      returned: always
      sample: Mechanical rooftop
    parent_entity_id:
      description: The parent.
      type: str
      returned: always
      sample: hall-1
    description:
      description: The description.
      type: str
      returned: if there is one
      sample: On the roof of hall 1
    components:
      description: The components, with the properties that have a value.
      type: dict
      returned: if there are any
      sample: {meter-5: {componentTypeId: com.example.energymeter, properties: {meterId: {value: {stringValue: "5"}}}}}
    tags:
      description: The tags.
      type: dict
      returned: if tags are given and there are any
      sample: {CostCenter: "4711"}
children:
  description: The entities that keep this one from being deleted.
  returned: failure, when there are any
  type: list
  elements: str
  sample: [meter-cabinet]
diff:
  description: The entity as it is and as it will be, in the shape of the options.
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
      sample: {name: Mechanical rooftop, parent_entity_id: hall-1}
reasons:
  description: Why something changes. Empty if nothing does.
  returned: always
  type: list
  elements: str
  sample:
    - is not there
"""

import dataclasses
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._aws import checked_tags, connect, run
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, as_diff, listed
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import api, checks, read, waiters
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.apply import Entities
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.changes import Options, changes, made_entity
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.model import ROOT, Actual, Wanted
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.transformations import picture, types_to_read, wanted_entity
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.workspaces import required_workspace

Result = dict[str, t.Any]


class Entity:
    """One entity of a workspace."""

    def __init__(self, client: t.Any, parameters: Result, check_mode: bool) -> None:
        self.client = client
        self.parameters = parameters
        self.check_mode = check_mode
        self.workspace_id: str = parameters["workspace_id"]
        self.entity_id: str = parameters["entity_id"]
        self.timeout: float = parameters["wait_timeout"]
        self.options = Options(parameters["prune"], parameters["purge_tags"])

    def read(self, wanted: Wanted | None) -> Actual | None:
        return read.read_entity(self.client, self.workspace_id, self.entity_id, wanted, self.timeout)

    def shown(self, actual: Actual | None) -> Result:
        return {} if actual is None else {"entity_id": self.entity_id, "arn": actual.arn, "state": actual.state, **picture(actual)}

    def present(self) -> Result:
        asked = self.asked()
        actual = self.read(asked)
        wanted = self.complete(asked, actual)
        change = changes(actual, wanted, self.options) if actual else None
        self.check_parent(wanted, actual)
        after = made_entity(wanted) if change is None else change.after
        changed = change is None or bool(change)
        if changed and not self.check_mode:
            self.apply(actual, wanted)
        return {
            "changed": changed,
            "entity": self.shown(self.read(wanted) if changed and not self.check_mode else actual),
            "diff": as_diff(picture(actual), picture(after)),
            "reasons": ["is not there"] if change is None else change.reasons,
        }

    def asked(self) -> Wanted:
        """What the options ask for; what they leave open is for ``complete``."""
        entry = {**self.parameters, "name": self.parameters["name"] or "", "tags": checked_tags(self.parameters["tags"])}
        definitions = read.read_definitions(
            self.client, self.workspace_id, types_to_read([entry]), concurrency=1, missing_is_fine=self.check_mode
        )
        return wanted_entity(entry, ROOT, definitions)

    def complete(self, asked: Wanted, actual: Actual | None) -> Wanted:
        if actual:
            return dataclasses.replace(
                asked, name=asked.name or actual.name, parent_id=self.parameters["parent_entity_id"] or actual.parent_id
            )
        if not asked.name:
            raise Refused(f"name: there is no entity '{self.entity_id}' in workspace '{self.workspace_id}' yet; give it a name.")
        if not self.check_mode:
            required_workspace(self.client, self.workspace_id)
        return dataclasses.replace(asked, parent_id=self.parameters["parent_entity_id"] or ROOT)

    def check_parent(self, wanted: Wanted, actual: Actual | None) -> None:
        """A new parent has to be there and settled, or TwinMaker does not find it."""
        if self.check_mode or wanted.parent_id == ROOT or (actual and actual.parent_id == wanted.parent_id):
            return
        if waiters.settled_entity(self.client, self.workspace_id, wanted.parent_id, self.timeout) is None:
            raise Refused(f"parent_entity_id: there is no entity '{wanted.parent_id}' in workspace '{self.workspace_id}'; create it first.")

    def apply(self, actual: Actual | None, wanted: Wanted) -> None:
        entities = Entities(self.client, self.workspace_id, self.options, self.timeout)
        if actual is None:
            entities.create(wanted)
        elif actual.error:
            entities.repair(actual, wanted)
        else:
            entities.bring(actual, wanted)

    def absent(self) -> Result:
        actual = self.read(None)
        if actual is None:
            return {"changed": False, "entity": {}, "diff": as_diff({}, {}), "reasons": []}
        if actual.synced:
            raise Refused(f"Entity '{self.entity_id}' belongs to a sync job and goes with its source; delete it there.")
        children = [child["entityId"] for child in api.list_entities(self.client, self.workspace_id, parentEntityId=self.entity_id)]
        if children:
            raise Refused(
                f"Entity '{self.entity_id}' cannot be deleted while {listed(children)} is below it; delete that first, or move it.",
                children=children,
            )
        if not self.check_mode:
            Entities(self.client, self.workspace_id, self.options, self.timeout).delete(self.entity_id)
        return {
            "changed": True,
            "entity": self.shown(actual) if self.check_mode else {},
            "diff": as_diff(picture(actual), {}),
            "reasons": ["is not wanted"],
        }


def work(module: AnsibleAWSModule) -> Result:
    parameters = module.params
    checks.check({"workspace_id": (checks.WORKSPACE_ID, parameters["workspace_id"])})
    checks.check_least_one({"wait_timeout": parameters["wait_timeout"]})
    checks.check_entry(parameters)
    entity = Entity(connect(module, "iottwinmaker"), parameters, module.check_mode)
    return entity.present() if parameters["state"] == "present" else entity.absent()


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "workspace_id": {"type": "str", "required": True},
            "entity_id": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "name": {"type": "str"},
            "description": {"type": "str"},
            "parent_entity_id": {"type": "str"},
            "components": {"type": "dict"},
            "prune": {"type": "bool", "default": False},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 120},
        },
        supports_check_mode=True,
    )
    run(module, work)


if __name__ == "__main__":
    main()
