#!/usr/bin/python
# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: twinmaker_entities
short_description: Manage a set of AWS IoT TwinMaker entities
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Brings all entities of a list below one parent to their wanted shape. Creates, updates and moves them, and takes away what is
    not listed if O(prune=true).
  - Reads the workspace once, plans without a write, and carries the plan out with several calls at once. Parents come before
    children, moves before deletes, and leaves are deleted first.
  - Compares only what an entry gives. What an entry leaves out stays as it is.
  - A run that was interrupted at any point is finished by the next one. An entity in state ERROR is updated, and made anew if that
    does not help, nothing is below it, and it has no components, values, description or tags that would be lost. A component in state
    ERROR is made anew with its values and property groups that are not listed; only properties that the component itself defines
    have to be listed with their definitions.
  - After the first failure no further step is begun. The result then says what was done and what was not.
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
      - In check mode a workspace that is not there is taken for an empty one, and a O(parent_entity_id) of the set or a component type
        that is not there for one that a task before would have made. The parent that an entry names itself has to be there or listed.
options:
  workspace_id:
    description: The workspace.
    type: str
    required: true
  parent_entity_id:
    description:
      - The entity below which the set stands. It is the parent of every entry that names none.
      - With O(prune=true), only entities below this one are taken away. What stands below it is meant as it will be after the run. So an
        entity that is not listed goes too if a listed one brings it along from elsewhere, and it stays if a listed one takes it elsewhere.
    type: str
    default: $ROOT
  entities:
    description:
      - The entities, in any order.
      - An entity that is there already is taken over, wherever it stands. It is moved below its parent.
      - Either this or O(src) is needed.
    type: list
    elements: dict
    suboptions:
      entity_id:
        description: The id, which is unique in the workspace and never changes.
        type: str
        required: true
      name:
        description: The name, which is unique among the children of one parent (but not at the root).
        type: str
        required: true
      description:
        description: A description of one line. An empty text takes it away.
        type: str
      parent_entity_id:
        description: The parent, which is in the list, in the workspace, or V($ROOT). By default the O(parent_entity_id) of the set.
        type: str
      components:
        description:
          - The components by name, each in the form of the C(CreateEntity) API (keys in camelCase) with C(componentTypeId), C(description),
            C(properties) and C(propertyGroups). Names are never rewritten.
          - A property can be given in the form of the API (C({value:) C({stringValue:) C("5"}})) or as a plain text, number, boolean or
            list. A plain value is sent in the kind that the component type defines for the property.
        type: dict
      tags:
        description:
          - Tags of the entity. Without this key tags are not read, which saves a call per entity.
        type: dict
  src:
    description:
      - A folder on the machine that runs the module, which is a snapshot of AWS's tool C(tmdt). Its entities are taken for O(entities).
      - M(energytwin.aws.twinmaker_workspace_info) writes such a folder, and P(energytwin.aws.tmdt_snapshot#lookup) gives all that is in it.
    type: path
  prune:
    description:
      - Whether to take away entities below O(parent_entity_id), components of listed entities, and values in listed components, which
        are not listed.
      - Components go only from entries that have C(components). A value goes only if its property is not required and has not its default.
      - Entities of AWS itself (V($SCENES)), entities of a sync job, those that match O(ignore), and what stands below or above them, stay.
    type: bool
    default: false
  max_deletions:
    description: The most entities and components that a prune may take away. If it would be more, the module fails before its first write and
      returns RV(plan).
    type: int
    default: 10
  ignore:
    description: Shell patterns of entity ids. Entities that match, and all below them, are neither changed, moved nor deleted.
    type: list
    elements: str
    default: []
  purge_tags:
    description: Whether to remove tags that are not listed from entities whose entry has C(tags).
    type: bool
    default: true
  concurrency:
    description: How many entities to work on at once.
    type: int
    default: 8
  max_calls_per_second:
    description:
      - The most API calls per second. Without it there is no limit until AWS answers that there are too many, after which the module goes
        slower for a while by itself.
    type: float
  wait_timeout:
    description: Seconds to wait for one entity to settle.
    type: int
    default: 120
  method:
    description:
      - How entities that are not there get there. V(api) creates each with a call of its own. V(import) writes them into files in S3 and
        has TwinMaker bring them in by metadata transfer jobs, which is meant for thousands of them. Each is looked at afterwards.
      - A job replaces whole entities. So what is there already is updated, moved and deleted through the API all the same, and so are
        created those that a file cannot hold, such as one whose name has other characters than ASCII letters, digits, V(_), V(-), V(.)
        and spaces. RV(import.through_api) names them.
      - If a job counts failures, but all its entities are there as they are wanted, that is a warning.
      - There is a job for each level of the tree, since AWS does not document that one creates parents before their children.
      - Jobs need the workspace's role. By it, TwinMaker reads and writes the bucket (C(s3:GetBucketLocation), C(s3:ListBucket),
        C(s3:ListBucketMultipartUploads), C(s3:GetObject), C(s3:PutObject), C(s3:AbortMultipartUpload), C(s3:ListMultipartUploadParts))
        and works on the workspace (of C(iottwinmaker) C(GetWorkspace), C(GetComponentType), C(ListComponentTypes), C(GetEntity),
        C(ListEntities), C(CreateEntity), C(UpdateEntity), C(ListTagsForResource), C(TagResource), C(UntagResource)). The role of the
        collection's stack has these.
      - Whoever runs the module needs C(iottwinmaker:CreateMetadataTransferJob), C(iottwinmaker:GetMetadataTransferJob) and
        C(iottwinmaker:ListMetadataTransferJobs), and in the bucket C(s3:PutObject), C(s3:DeleteObject) and C(s3:ListBucket).
      - A job goes on when the run that began it is killed. The next run with V(import) waits for it before it reads the workspace.
    type: str
    choices: [api, import]
    default: api
  import_bucket:
    description:
      - The name of the S3 bucket for the files of O(method=import), without dots. By default that of the workspace.
      - A file is C(energytwin/imports/WORKSPACE/JOB.json). It is removed when its job has ended.
    type: str
  import_entities:
    description: The most entities in one job. AWS has a quota for them.
    type: int
    default: 5000
  import_timeout:
    description: Seconds to wait for one metadata transfer job, its time in the queue included.
    type: int
    default: 1800
  state_bucket:
    description:
      - The name of an S3 bucket in which to keep a record between runs, best that of the workspace. The record says which entities were
        as they were wanted, and when AWS changed them last. A run with a record reads the list of all entities and only those in full
        that have changed since, or whose entry or component type has.
      - The record is the object C(energytwin/twinmaker_entities/WORKSPACE/PARENT.json), with C(_root) for V($ROOT). It needs the
        permissions C(s3:GetObject) and C(s3:PutObject), and C(s3:ListBucket) to tell a missing record from a forbidden one.
      - It is used only where it proves that nothing has changed. Without it, or if it is damaged, foreign or cannot be read, everything
        is read; RV(record.note) says so. Who may write to the bucket can make the module overlook changes.
      - Tags of entities are read in every run all the same, with a call for each entity whose entry has C(tags).
    type: str
  read:
    description: V(full) reads every entity, whatever the record says, and brings the record up to date.
    type: str
    choices: [auto, full]
    default: auto
notes:
  - Ansible shows the result of a module when it has ended. While it runs, a line about its progress goes every few seconds to the log
    (journal or syslog) of the machine that runs it, for instance C(journalctl --follow | grep twinmaker_entities).
seealso:
  - module: energytwin.aws.twinmaker_entity_info
  - module: energytwin.aws.twinmaker_component_type
  - module: energytwin.aws.twinmaker_workspace
"""

EXAMPLES = r"""
- name: A hall with a panel, and a meter in it
  energytwin.aws.twinmaker_entities:
    workspace_id: example-plant_workspace
    entities:
      - entity_id: example-plant
        name: Example plant
      - entity_id: hall-1
        name: Hall 1
        parent_entity_id: example-plant
      - entity_id: mech-rooftop
        name: Mechanical rooftop
        parent_entity_id: hall-1
        components:
          meter-5:
            componentTypeId: com.example.energymeter
            properties:
              panelId: mech-rooftop
              meterId: {value: {stringValue: "5"}}
        tags:
          CostCenter: "4711"

- name: Keep what is below hall 1 in step with the list, but leave the alarms alone
  energytwin.aws.twinmaker_entities:
    workspace_id: example-plant_workspace
    parent_entity_id: hall-1
    entities:
      - entity_id: mech-rooftop
        name: Mechanical rooftop
    prune: true
    max_deletions: 3
    ignore:
      - alarm-*

- name: Bring thousands of entities in by metadata transfer jobs
  energytwin.aws.twinmaker_entities:
    workspace_id: example-plant_workspace
    entities: "{{ plant_entities }}"
    method: import

- name: Keep fifty thousand entities with a record, so that a run without changes needs some hundred calls
  energytwin.aws.twinmaker_entities:
    workspace_id: example-plant_workspace
    entities: "{{ plant_entities }}"
    state_bucket: example-plant-twin

- name: The entities of a folder that tmdt has written
  energytwin.aws.twinmaker_entities:
    workspace_id: example-plant_workspace
    src: snapshots/example-plant
"""

RETURN = r"""
plan:
  description: The steps from what is there to what is wanted, in an order in which they can be done. Empty if there is nothing to do.
  returned: success, and failures after the plan was made
  type: list
  elements: dict
  contains:
    action:
      description: V(create), V(update), V(move) (with the updates of the same entity) or V(delete).
      type: str
      returned: always
      sample: create
    entity_id:
      description: The entity.
      type: str
      returned: always
      sample: mech-rooftop
    reason:
      description: Why.
      type: str
      returned: always
      sample: is not there
last_changed:
  description: When AWS last changed the entities that the steps change, as far as it says so, ISO 8601 in UTC by entity id.
  returned: success, and failures after the plan was made
  type: dict
  sample: {mech-rooftop: "2026-11-23T16:00:00Z"}
done:
  description: The steps that were done, in the order of their ends. Empty in check mode.
  returned: success, and failures after the plan was made
  type: list
  elements: dict
  contains:
    action:
      description: What was done.
      type: str
      returned: always
      sample: create
    entity_id:
      description: The entity.
      type: str
      returned: always
      sample: mech-rooftop
failures:
  description: The steps that failed.
  returned: failure
  type: list
  elements: dict
  contains:
    action:
      description: What was tried.
      type: str
      returned: always
      sample: create
    entity_id:
      description: The entity.
      type: str
      returned: always
      sample: mech-rooftop
    message:
      description: Why it failed.
      type: str
      returned: always
      sample: "entity 'mech-rooftop' is in state ERROR: no such property (VALIDATION_ERROR); mend the cause and run again."
not_begun:
  description: The steps that were not begun, because another one failed before.
  returned: failure
  type: list
  elements: dict
  contains:
    action:
      description: What would have been done.
      type: str
      returned: always
      sample: create
    entity_id:
      description: The entity.
      type: str
      returned: always
      sample: panel-1
import:
  description: What came, or in check mode would come, by metadata transfer jobs.
  returned: with O(method=import), if the workspace is there
  type: dict
  contains:
    bucket:
      description: Where the files were for a while.
      type: str
      returned: always
      sample: example-plant-twin
    entities:
      description: How many new entities go into files.
      type: int
      returned: always
      sample: 12000
    jobs:
      description: The ids of the jobs, in the order in which they ran.
      type: list
      elements: str
      returned: always
      sample: [energytwin-0f8fad5bd9cb469fa16570867728950e]
    through_api:
      description: The new entities that a file cannot hold, with the reason.
      type: dict
      returned: always
      sample: {hall-1: a description is longer than 512 characters}
statistics:
  description: What the run took.
  returned: success, and failures after the plan was made
  type: dict
  contains:
    calls:
      description: The requests to TwinMaker, repeated ones included.
      type: int
      returned: always
      sample: 2043
    retries:
      description: Those of them that had to be repeated, because AWS throttled them or failed, or the connection broke.
      type: int
      returned: always
      sample: 12
    throttled:
      description: Those of them that AWS throttled.
      type: int
      returned: always
      sample: 11
    seconds:
      description: How long the run took.
      type: float
      returned: always
      sample: 31.4
diff:
  description: The entities that change, by id, as they are and as they will be.
  returned: success, and failures of steps
  type: dict
  contains:
    before:
      description: The entities as they are.
      type: dict
      returned: always
      sample: {}
    after:
      description: The entities as they will be.
      type: dict
      returned: always
      sample: {hall-1: {name: Hall 1, parent_entity_id: example-plant}}
record:
  description: What the record of earlier runs was good for.
  returned: with O(state_bucket), if the workspace is there
  type: dict
  contains:
    url:
      description: Where it is.
      type: str
      returned: always
      sample: s3://example-plant-twin/energytwin/twinmaker_entities/example-plant_workspace/_root.json
    trusted:
      description: How many entities did not have to be read in full, since they were as wanted and have not changed.
      type: int
      returned: always
      sample: 999
    read:
      description: How many entities were read in full.
      type: int
      returned: always
      sample: 1
    note:
      description: Why the record could not be used. Empty if it could.
      type: str
      returned: always
      sample: ""
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._aws import connect, run
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import api, transfer, transfer_apply
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.apply import Entities, Outcome, apply_plan
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.changes import Options
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.entity_set import Memory, make_plan
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.model import ROOT
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.pace import Pace
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.plan import Plan, TooManyDeletions
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.progress import Progress
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.transformations import as_time

SHOWN_FAILURES = 5
REPEATED_ENTITIES = 100


def open_imports(module: AnsibleAWSModule, client: t.Any, progress: Progress) -> transfer.Imports | None:
    """What runs metadata transfer jobs, once no other one runs; None if none are asked for, or the workspace is not there."""
    parameters = module.params
    workspace = api.get_workspace(client, parameters["workspace_id"]) if parameters["method"] == "import" else None
    if workspace is None:
        return None
    bucket = transfer.bucket_for(parameters["import_bucket"], workspace)
    imports = transfer.Imports(client, module.client("s3"), workspace, bucket, parameters["import_timeout"], progress.report)
    if not module.check_mode:
        imports.wait_for_others()
    return imports


def failure(plan: Plan, outcome: Outcome, result: dict[str, t.Any]) -> Refused:
    """What to say when steps have failed."""
    failed = [
        {"action": plan.steps[index].action, "entity_id": plan.steps[index].entity_id, "message": message}
        for index, message in sorted(outcome.failed.items())
    ]
    begun = {*outcome.done, *outcome.failed}
    left = [{"action": step.action, "entity_id": step.entity_id} for index, step in enumerate(plan.steps) if index not in begun]
    lines = [step["message"] for step in failed[:SHOWN_FAILURES]]
    summary = f"{len(failed)} of {len(plan.steps)} steps failed, {len(outcome.done)} are done and {len(left)} were not begun; run again to finish."
    return Refused("\n".join([summary, *lines]), **{**result, "changed": bool(outcome.done), "failures": failed, "not_begun": left})


def invocation(parameters: dict[str, t.Any]) -> dict[str, t.Any]:
    """Ansible puts all options into a result. For a long list, that would take more memory and time than all the rest."""
    count = len(parameters["entities"] or ())
    if count <= REPEATED_ENTITIES:
        return {}
    return {"invocation": {"module_args": {**parameters, "entities": f"{count} entities, which are not repeated here"}}}


def work(module: AnsibleAWSModule) -> dict[str, t.Any]:
    parameters = module.params
    client = connect(module, "iottwinmaker", parameters["concurrency"])
    Pace(parameters["max_calls_per_second"]).attach(client)
    progress = Progress(module.log)
    progress.attach(client)
    options = Options(parameters["prune"], parameters["purge_tags"])
    imports = open_imports(module, client, progress)
    try:
        plan, memory = make_plan(module, client, options)
    except TooManyDeletions as error:
        error.details.update({"done": [], "statistics": progress.statistics(), **invocation(parameters)})
        raise
    files = transfer_apply.split(plan.steps if imports else [])
    result: dict[str, t.Any] = {
        "changed": bool(plan.steps),
        "plan": [step.shown() for step in plan.steps],
        "last_changed": {entity_id: as_time(actual.updated) for entity_id, actual in plan.before.items() if actual.updated},
        "done": [],
        "diff": plan.diff(),
        **({"record": memory.shown()} if memory else {}),
        **invocation(parameters),
    }
    if module.check_mode:
        outcome = Outcome()
    else:
        progress.phase = "applying"
        outcome = apply(module, client, plan, options, memory, progress, imports, files)
    if memory:
        memory.save(module)
    result["done"] = [{"action": plan.steps[index].action, "entity_id": plan.steps[index].entity_id} for index in outcome.done]
    if imports:
        names = {"bucket": imports.bucket, "jobs": imports.job_ids}
        result["import"] = {**names, "entities": len(files.by_file), "through_api": files.unfit}
    result["statistics"] = progress.statistics()
    for doubt in outcome.doubts:
        module.warn(doubt)
    if outcome.failed:
        raise failure(plan, outcome, result)
    return result


def apply(
    module: AnsibleAWSModule,
    client: t.Any,
    plan: Plan,
    options: Options,
    memory: Memory | None,
    progress: Progress,
    imports: transfer.Imports | None,
    files: transfer_apply.Split,
) -> Outcome:
    parameters, concurrency = module.params, module.params["concurrency"]
    arguments = (client, parameters["workspace_id"], options, parameters["wait_timeout"])
    if memory:
        memory.outdate(plan)
        entities = Entities(*arguments, seen=memory.seen, now=memory.clock.now)
    else:
        entities = Entities(*arguments)
    if not imports:
        return apply_plan(plan, entities.carry_out, concurrency=concurrency, report=progress.report)
    most = parameters["import_entities"]
    imports.clean_up()
    return transfer_apply.apply_by_import(
        plan, files.by_file, entities, imports, most_entities=most, concurrency=concurrency, report=progress.report
    )


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "workspace_id": {"type": "str", "required": True},
            "parent_entity_id": {"type": "str", "default": ROOT},
            "entities": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "entity_id": {"type": "str", "required": True},
                    "name": {"type": "str", "required": True},
                    "description": {"type": "str"},
                    "parent_entity_id": {"type": "str"},
                    "components": {"type": "dict"},
                    "tags": {"type": "dict"},
                },
            },
            "src": {"type": "path"},
            "prune": {"type": "bool", "default": False},
            "max_deletions": {"type": "int", "default": 10},
            "ignore": {"type": "list", "elements": "str", "default": []},
            "purge_tags": {"type": "bool", "default": True},
            "concurrency": {"type": "int", "default": 8},
            "max_calls_per_second": {"type": "float"},
            "wait_timeout": {"type": "int", "default": 120},
            "method": {"type": "str", "choices": ["api", "import"], "default": "api"},
            "import_bucket": {"type": "str"},
            "import_entities": {"type": "int", "default": 5000},
            "import_timeout": {"type": "int", "default": 1800},
            "state_bucket": {"type": "str"},
            "read": {"type": "str", "choices": ["auto", "full"], "default": "auto"},
        },
        mutually_exclusive=[("entities", "src")],
        required_one_of=[("entities", "src")],
        supports_check_mode=True,
    )
    run(module, work)


if __name__ == "__main__":
    main()
