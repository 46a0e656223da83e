# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the options of a set of entities to its plan: checks them, reads the record of earlier runs and the workspace, and plans."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._aws import checked_tags
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import api, checks, read, record
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.changes import Options
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.clock import ServerClock
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.model import ROOT, Wanted
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.plan import Plan, plan_entities
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.reach import Scope
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.record_store import RecordStore, connect_quickly, location_of
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.snapshot_folder import read_entities
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.transformations import (
    actual_from_answer,
    types_in_use,
    types_to_read,
    wanted_entities,
)


@dataclasses.dataclass
class Memory:
    """The record of earlier runs while a run uses it. read: how many entities it did not spare."""

    store: RecordStore
    known: record.Known
    clock: ServerClock
    read: int = 0

    def seen(self, wanted: Wanted, answer: dict[str, t.Any], asked_at: int) -> None:
        self.known.take(wanted, actual_from_answer(answer, wanted) if read.is_complete(answer) else None, asked_at)

    def outdate(self, plan: Plan) -> None:
        """Forgets what is about to change."""
        for step in plan.steps:
            if step.entity_id not in self.known.trusted:
                self.known.forget(step.entity_id)

    def save(self, module: AnsibleAWSModule) -> None:
        if self.known.has_news and not module.check_mode and (fault := self.store.save(self.known.notes)):
            module.warn(fault)

    def shown(self) -> dict[str, t.Any]:
        return {"url": self.store.url, "trusted": len(self.known.trusted), "read": self.read, "note": " ".join(self.store.notes)}


def checked_entries(parameters: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """The entries of the set; raises Refused for what AWS would not take."""
    checks.check({"workspace_id": (checks.WORKSPACE_ID, parameters["workspace_id"])})
    checks.check_parent(parameters["parent_entity_id"])
    checks.check_least_one({name: parameters[name] for name in ("concurrency", "wait_timeout", "import_entities", "import_timeout")})
    if parameters["max_calls_per_second"] is not None and parameters["max_calls_per_second"] <= 0:
        raise Refused(f"max_calls_per_second: {parameters['max_calls_per_second']} is not above 0; leave it out for no limit.")
    entries = read_entities(parameters["src"]) if parameters["src"] else parameters["entities"]
    checks.check_entries(entries)
    return [
        {**entry, "tags": checked_tags(entry["tags"], f"entities[{index}] ('{entry['entity_id']}').")} if entry.get("tags") else entry
        for index, entry in enumerate(entries)
    ]


def open_memory(
    module: AnsibleAWSModule, workspace: dict[str, t.Any], types: dict[str, dict[str, t.Any] | None], clock: ServerClock, options: Options
) -> Memory | None:
    """The record of earlier runs, or None if none is asked for."""
    parameters = module.params
    if not parameters["state_bucket"]:
        return None
    place = location_of(parameters["state_bucket"], parameters["workspace_id"], parameters["parent_entity_id"])
    store = RecordStore(connect_quickly(module), place, record.subject_of(workspace, parameters["parent_entity_id"]))
    return Memory(store, record.Known(store.load(), record.Digests(types, options), options), clock)


def make_plan(module: AnsibleAWSModule, client: t.Any, options: Options) -> tuple[Plan, Memory | None]:
    """The plan, and the record if one is kept. Raises Refused (``TooManyDeletions`` for what the plan would take away) and AwsError."""
    parameters, check_mode = module.params, module.check_mode
    entries = checked_entries(parameters)
    workspace_id, parent_id, concurrency = parameters["workspace_id"], parameters["parent_entity_id"], parameters["concurrency"]
    scope = Scope(parent_id, tuple(parameters["ignore"]), parameters["max_deletions"])
    # A type that changes can make entities differ that have not changed themselves.
    type_ids = types_in_use(entries) if parameters["state_bucket"] else types_to_read(entries)
    clock = ServerClock()
    clock.attach(client)
    workspace = api.get_workspace(client, workspace_id)
    if workspace is None:
        if not check_mode:
            raise Refused(
                f"There is no workspace '{workspace_id}' in this account and region; create it first (module twinmaker_workspace)."
            )
        wanted = wanted_entities(entries, parent_id, dict.fromkeys(type_ids))
        return plan_entities({}, wanted, scope, options), None
    types = read.read_types(client, workspace_id, type_ids, concurrency=concurrency, missing_is_fine=check_mode)
    wanted = wanted_entities(entries, parent_id, read.definitions_of(types))
    memory = open_memory(module, workspace, types, clock, options)
    reader = read.Reader(
        client,
        workspace_id,
        concurrency=concurrency,
        wait_timeout=parameters["wait_timeout"],
        known=memory.known if memory else None,
        clock=clock,
        full=parameters["read"] == "full",
    )
    found = reader.read(wanted, scope, options)
    if memory:
        memory.read = found.read
    known = {ROOT, *found.entities, *(entity.entity_id for entity in wanted)}
    if parent_id not in known and not check_mode:
        raise Refused(f"parent_entity_id: there is no entity '{parent_id}' in workspace '{workspace_id}'; create it first or list it.")
    return plan_entities(found.entities, found.wanted, scope, options), memory
