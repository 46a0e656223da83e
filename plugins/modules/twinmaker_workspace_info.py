#!/usr/bin/python
# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: twinmaker_workspace_info
short_description: Read AWS IoT TwinMaker workspaces, with all that is in them
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Reads one workspace or all of the account and region, in the shape of the options of M(energytwin.aws.twinmaker_workspace).
  - With O(gather), reads what is in the workspaces too, in the shape of the options of the modules that manage it and in an order in
    which it can be made. To hand that to the modules changes nothing, so that a workspace that was made by hand is taken over.
  - With O(dest), writes a workspace to a folder in the format of AWS's tool C(tmdt), from which the lookup
    P(energytwin.aws.tmdt_snapshot#lookup) reads it again.
  - Nothing in AWS is changed.
extends_documentation_fragment:
  - energytwin.aws.attributes
  - energytwin.aws.attributes.actiongroup_energytwin
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
attributes:
  check_mode:
    support: full
    details:
      - In check mode nothing is written to O(dest).
  diff_mode:
    support: none
options:
  workspace_id:
    description: Only this workspace.
    type: str
  gather:
    description:
      - What to read of what is in the workspaces. Nothing by default.
      - AWS's own component types and entities, and what belongs to a sync job, are left out, for nobody manages them.
    type: list
    elements: str
    choices: [component_types, entities, scenes, sync_jobs]
    default: []
  include_tags:
    description: Whether to read the tags of entities, which takes a call per entity.
    type: bool
    default: true
  dest:
    description:
      - A folder on the machine that runs the module, to write the workspace O(workspace_id) to. It is made if it is not there.
      - It gets C(tmdt.json), a file for each component type, C(entities.json), the scene documents, and below C(3d_models) the models and
        textures that they show from the bucket of the workspace. In the documents, addresses in that bucket become relative, so that they
        fit any bucket.
      - Files that are the same stay untouched. Files that the snapshot has no more are not deleted, but C(tmdt.json) does not name them.
      - The format has no place for the workspace's own description, bucket, role and tags. What TwinMaker knows of a scene is kept in
        C(tmdt.json), but C(tmdt) itself does not look at it.
    type: path
  concurrency:
    description: How many calls to make at once.
    type: int
    default: 8
seealso:
  - module: energytwin.aws.twinmaker_workspace
  - module: energytwin.aws.twinmaker_component_type_info
  - module: energytwin.aws.twinmaker_entity_info
  - module: energytwin.aws.twinmaker_scene_info
  - module: energytwin.aws.twinmaker_sync_job_info
  - plugin: energytwin.aws.tmdt_snapshot
    plugin_type: lookup
notes:
  - Values in the parts of composed components are not read. Where there may be some, a warning says so.
  - For O(gather) with scenes, and for O(dest), the caller needs C(s3:GetObject) and C(s3:ListBucket) in the bucket of the workspace.
"""

EXAMPLES = r"""
- name: All workspaces
  energytwin.aws.twinmaker_workspace_info: {}

- name: Read a workspace that was made by hand
  energytwin.aws.twinmaker_workspace_info:
    workspace_id: example-plant_workspace
    gather: [component_types, entities, scenes]
  register: found

- name: Keep its component types as they are
  energytwin.aws.twinmaker_component_type:
    workspace_id: example-plant_workspace
    component_type_id: "{{ item.component_type_id }}"
    component_type_name: "{{ item.component_type_name }}"
    description: "{{ item.description }}"
    is_singleton: "{{ item.is_singleton }}"
    extends_from: "{{ item.extends_from }}"
    property_definitions: "{{ item.property_definitions }}"
    functions: "{{ item.functions }}"
    property_groups: "{{ item.property_groups }}"
    composite_component_types: "{{ item.composite_component_types }}"
    tags: "{{ item.tags }}"
  loop: "{{ found.workspaces[0].component_types }}"
  loop_control:
    label: "{{ item.component_type_id }}"

- name: Keep its entities as they are
  energytwin.aws.twinmaker_entities:
    workspace_id: example-plant_workspace
    entities: "{{ found.workspaces[0].entities }}"
    prune: true

- name: Write the workspace to a folder
  energytwin.aws.twinmaker_workspace_info:
    workspace_id: example-plant_workspace
    dest: snapshots/example-plant
"""

RETURN = r"""
workspaces:
  description: The workspaces. Empty if there are none.
  returned: always
  type: list
  elements: dict
  contains:
    workspace_id:
      description: The id.
      type: str
      returned: always
      sample: example-plant_workspace
    arn:
      description: The ARN.
      type: str
      returned: always
      sample: arn:aws:iottwinmaker:eu-central-1:123456789012:workspace/example-plant_workspace
    description:
      description: The description.
      type: str
      returned: if there is one
      sample: The example plant
    s3_location:
      description: The ARN of its bucket.
      type: str
      returned: if there is one
      sample: arn:aws:s3:::example-plant-twin
    role:
      description: The ARN of its role.
      type: str
      returned: if there is one
      sample: arn:aws:iam::123456789012:role/example-plant-twin
    tags:
      description: The tags.
      type: dict
      returned: always
      sample: {Site: example-plant}
    component_types:
      description: Its component types, in the shape of the options of M(energytwin.aws.twinmaker_component_type).
      type: list
      elements: dict
      returned: if O(gather) has V(component_types)
      sample: [{component_type_id: com.example.energymeter, description: An energy meter}]
    entities:
      description: Its entities, in the shape of the option C(entities) of M(energytwin.aws.twinmaker_entities).
      type: list
      elements: dict
      returned: if O(gather) has V(entities)
      sample: [{entity_id: hall-1, name: Hall 1, parent_entity_id: $ROOT, description: "", components: {}, tags: {}}]
    scenes:
      description:
        - Its scenes, in the shape of the options of M(energytwin.aws.twinmaker_scene), with C(content) where the document can be shown.
      type: list
      elements: dict
      returned: if O(gather) has V(scenes)
      sample: [{scene_id: plant, content_location: "s3://example-plant-twin/plant.json", tags: {}}]
    sync_jobs:
      description: Its sync jobs, in the shape of the options of M(energytwin.aws.twinmaker_sync_job).
      type: list
      elements: dict
      returned: if O(gather) has V(sync_jobs)
      sample: []
files:
  description: The files of O(dest) that were written, in check mode those that would be.
  returned: if O(dest) is given
  type: list
  elements: str
  sample: [com.example.energymeter.json, entities.json, tmdt.json]
"""

import functools
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._aws import connect, run
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, listed
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import checks, export, shapes
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.pace import Pace
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.snapshot_folder import Writer
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.workspaces import bucket_of

Answer = dict[str, t.Any]

KINDS = ("component_types", "entities", "scenes", "sync_jobs")
IN_A_SNAPSHOT = ("component_types", "entities", "scenes")


class Contents:
    """Reads what is in workspaces."""

    def __init__(self, module: AnsibleAWSModule) -> None:
        self.module = module
        self.concurrency: int = module.params["concurrency"]
        self.client = connect(module, "iottwinmaker", self.concurrency)
        Pace().attach(self.client)

    @functools.cached_property
    def s3(self) -> t.Any:
        return connect(self.module, "s3", self.concurrency)

    def of(self, workspace_id: str, kinds: t.Collection[str], *, include_tags: bool) -> dict[str, list[Answer]]:
        """What is in a workspace by kind, as options."""
        readers = {
            "component_types": lambda: shapes.manageable_types(
                export.read_component_types(self.client, workspace_id, None, self.concurrency)
            ),
            "entities": lambda: self.entities(workspace_id, include_tags),
            "scenes": lambda: self.scenes(workspace_id),
            "sync_jobs": lambda: export.read_sync_jobs(self.client, workspace_id, None),
        }
        return {kind: shapes.as_options(readers[kind]()) for kind in KINDS if kind in kinds}

    def entities(self, workspace_id: str, include_tags: bool) -> list[Answer]:
        ids = export.entity_ids(self.client, workspace_id)
        found = export.read_entities(self.client, workspace_id, ids, include_tags=include_tags, concurrency=self.concurrency)
        kept = shapes.manageable(found)
        composed = [shape["entity_id"] for shape in kept if "composite_components" in shape]
        if composed:
            self.module.warn(
                f"Workspace '{workspace_id}': values in the parts of composed components were not read, of {listed(composed)}."
            )
        return kept

    def scenes(self, workspace_id: str) -> list[Answer]:
        found = export.read_scenes(self.client, workspace_id, None, self.s3, self.concurrency)
        without = [shape["scene_id"] for shape in found if "content" not in shape]
        if without:
            self.module.warn(
                f"Workspace '{workspace_id}': scene {listed(without)} has no document, or none that AWS's scene viewer can show; it is left out."
            )
        return found

    def write(self, workspace: Answer, held: dict[str, list[Answer]]) -> list[str]:
        """Writes a workspace to the folder. Gives the files that differ."""
        bucket = bucket_of({"workspaceId": workspace["workspace_id"], "s3Location": workspace.get("s3_location")}) if held["scenes"] else ""
        writer = Writer(self.module.params["dest"], self.s3, bucket, self.module.log, keep=self.module.check_mode)
        writer.write(held["component_types"], held["entities"], held["scenes"])
        if writer.missing:
            self.module.warn(f"Scenes show what is not in bucket '{bucket}', or cannot be a file of a folder: {listed(writer.missing)}.")
        return writer.changed


def work(module: AnsibleAWSModule) -> Answer:
    parameters = module.params
    checks.check({"workspace_id": (checks.WORKSPACE_ID, parameters["workspace_id"])})
    checks.check_least_one({"concurrency": parameters["concurrency"]})
    contents = Contents(module)
    found = export.read_workspaces(contents.client, parameters["workspace_id"], parameters["concurrency"])
    if parameters["dest"] and not found:
        raise Refused(
            f"There is no workspace '{parameters['workspace_id']}' in this account and region to be written to dest; check its id."
        )
    kinds = {*parameters["gather"], *(IN_A_SNAPSHOT if parameters["dest"] else ())}
    include_tags = parameters["include_tags"] or bool(parameters["dest"])
    held = {workspace["workspace_id"]: contents.of(workspace["workspace_id"], kinds, include_tags=include_tags) for workspace in found}
    files = contents.write(found[0], held[found[0]["workspace_id"]]) if parameters["dest"] else []
    shown = [
        {**workspace, **{kind: items for kind, items in held[workspace["workspace_id"]].items() if kind in parameters["gather"]}}
        for workspace in found
    ]
    return {"changed": bool(files), "workspaces": shown, **({"files": files} if parameters["dest"] else {})}


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "workspace_id": {"type": "str"},
            "gather": {"type": "list", "elements": "str", "choices": list(KINDS), "default": []},
            "include_tags": {"type": "bool", "default": True},
            "dest": {"type": "path"},
            "concurrency": {"type": "int", "default": 8},
        },
        required_by={"dest": ("workspace_id",)},
        supports_check_mode=True,
    )
    run(module, work)


if __name__ == "__main__":
    main()
