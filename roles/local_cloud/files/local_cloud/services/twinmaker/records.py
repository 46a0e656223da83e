# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The records of IoT TwinMaker in the cloud's store, and the indexes that keep lists and checks fast.

A record holds the members of its create call under the API's names, plus ``arn``, ``creationDateTime``,
``updateDateTime`` (epoch seconds) and, where the resource has a state, ``state`` and ``settlesAt`` (see ``states``).
Its key is ``<workspace>/<id>``. "Check, then write" belongs in ``transaction()``.
"""

from __future__ import annotations

import collections.abc as c
import contextlib
import random
import sqlite3
import typing as t
import uuid

from local_cloud.services.twinmaker import builtin, quotas, states
from local_cloud.services.twinmaker.components import type_reference
from local_cloud.services.twinmaker.definitions import ComponentTypes
from local_cloud.services.twinmaker.errors import invalid, missing, over_quota
from local_cloud.services.twinmaker.paging import Tokens
from local_cloud.store import Record

if t.TYPE_CHECKING:
    from local_cloud.cloud import Cloud

ROOT: t.Final = "$ROOT"

_WORKSPACE = "twinmaker.workspace"
_TYPE = "twinmaker.component_type"
_ENTITY = "twinmaker.entity"
_ENTITY_CHILD = "twinmaker.entity_child"
_ENTITY_COUNT = "twinmaker.entity_count"
_ENTITY_NAME = "twinmaker.entity_name"
_ENTITY_REFERENCE = "twinmaker.entity_reference"
_SCENE = "twinmaker.scene"
_SYNC_JOB = "twinmaker.sync_job"
_TAGS = "twinmaker.tags"
_TRANSFER_JOB = "twinmaker.transfer_job"
_TRANSFER_ITEM = "twinmaker.transfer_item"
_LEAVING = "twinmaker.leaving"

# Gives at most so many (key, record) pairs after a key; -1: all.
Listing = c.Callable[[str, int], list[tuple[str, Record]]]


class Records:
    """What the service's rooms read and write."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._store = cloud.store
        self.tokens = Tokens(cloud.store)
        self._chance = random.Random()

    # Time and names

    @property
    def now(self) -> float:
        return self._cloud.now()

    @property
    def settle(self) -> float:
        return self._cloud.settings.knobs.settle

    def begin(self, state: str, settle: float | None = None) -> Record:
        """The members of a record that enters a state; it settles as everything does, or after ``settle`` seconds."""
        return states.begin(state, self.now, self.settle if settle is None else settle)

    def begin_entity(self, state: str, settle: float | None = None) -> Record:
        """As ``begin``, for an entity: a share of these fails in the end."""
        return {**self.begin(state, settle), "fails": self._chance.random() < self._cloud.settings.knobs.broken}

    def state(self, record: Record) -> str:
        return states.current(record, self.now)

    def arn(self, workspace_id: str, kind: str = "", name: str = "") -> str:
        tail = f"/{kind}/{name}" if kind else ""
        return self._cloud.arn("iottwinmaker", f"workspace/{workspace_id}{tail}")

    def transaction(self) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        return self._store.transaction()

    # Workspaces

    def workspace(self, workspace_id: str) -> Record:
        record = self._store.get(_WORKSPACE, workspace_id)
        if record is None:
            raise missing("Workspace", workspace_id)
        return record

    def usable_workspace(self, workspace_id: str) -> Record:
        """The workspace, if something may still be made in it."""
        record = self.workspace(workspace_id)
        if self.state(record) == "DELETING":
            raise invalid(f"Workspace {workspace_id} is being deleted")
        return record

    def has_workspace(self, workspace_id: str) -> bool:
        return self._store.get(_WORKSPACE, workspace_id) is not None

    def put_workspace(self, record: Record) -> None:
        self._store.put(_WORKSPACE, record["workspaceId"], record)

    def workspaces(self, after: str = "", limit: int = -1) -> list[tuple[str, Record]]:
        return self._store.list(_WORKSPACE, after=after, limit=limit)

    def contents(self, workspace_id: str) -> list[str]:
        """The kinds of resources that are in a workspace, in words."""
        kinds = {_ENTITY: "entities", _TYPE: "component types", _SCENE: "scenes", _SYNC_JOB: "sync jobs"}
        return [words for kind, words in kinds.items() if self._store.list(kind, prefix=f"{workspace_id}/", limit=1)]

    # Component types

    def component_type(self, workspace_id: str, type_id: str) -> Record:
        record = builtin.record(type_id) or self._store.get(_TYPE, f"{workspace_id}/{type_id}")
        if record is None:
            self.workspace(workspace_id)
            raise missing("Component type", type_id)
        return record

    def has_component_type(self, workspace_id: str, type_id: str) -> bool:
        return self._store.get(_TYPE, f"{workspace_id}/{type_id}") is not None

    def put_component_type(self, record: Record) -> None:
        self._store.put(_TYPE, f"{record['workspaceId']}/{record['componentTypeId']}", record)

    def own_component_types(self, workspace_id: str) -> list[Record]:
        return [record for _unused, record in self._store.list(_TYPE, prefix=f"{workspace_id}/")]

    def types(self, workspace_id: str, instead: dict[str, Record] | None = None) -> ComponentTypes:
        """The component types that can be extended and used: those past their CREATING and not in DELETING.

        instead: records that stand in for the stored ones, by component type id.
        """

        def lookup(type_id: str) -> Record | None:
            record = (instead or {}).get(type_id) or builtin.record(type_id) or self._store.get(_TYPE, f"{workspace_id}/{type_id}")
            return None if record is None or self.state(record) in ("CREATING", "DELETING") else record

        return ComponentTypes(lookup)

    def is_used(self, workspace_id: str, type_id: str) -> bool:
        """Whether a component of this type is in an entity."""
        return bool(self._store.list(_ENTITY_REFERENCE, prefix=_reference_key(workspace_id, type_reference(type_id)), limit=1))

    # Entities

    def find_entity(self, workspace_id: str, entity_id: str) -> Record | None:
        return self._store.get(_ENTITY, f"{workspace_id}/{entity_id}")

    def entity(self, workspace_id: str, entity_id: str) -> Record:
        record = self.find_entity(workspace_id, entity_id)
        if record is None:
            self.workspace(workspace_id)
            raise missing("Entity", entity_id)
        return record

    def has_children(self, workspace_id: str, entity_id: str) -> bool:
        return bool(self._store.list(_ENTITY_CHILD, prefix=f"{workspace_id}/{entity_id}/", limit=1))

    def children(self, workspace_id: str, entity_id: str) -> list[Record]:
        return [record for _unused, record in self.entities_below(workspace_id, entity_id)("", -1)]

    def entities(self, workspace_id: str) -> Listing:
        return lambda after, limit: self._store.list(_ENTITY, prefix=f"{workspace_id}/", after=after, limit=limit)

    def entities_below(self, workspace_id: str, parent_id: str) -> Listing:
        return self._indexed(_ENTITY_CHILD, workspace_id, f"{workspace_id}/{parent_id}/")

    def entities_with(self, workspace_id: str, reference: str) -> Listing:
        """Entities by what they refer to: a ``type_reference`` or an ``external_reference``."""
        return self._indexed(_ENTITY_REFERENCE, workspace_id, _reference_key(workspace_id, reference))

    def _indexed(self, index: str, workspace_id: str, prefix: str) -> Listing:
        """Entities by an index: its keys begin with what is looked for and end with the entity's id."""

        def listing(after: str, limit: int) -> list[tuple[str, Record]]:
            with self.transaction():
                rows = self._store.list(index, prefix=prefix, after=after, limit=limit)
                return [(key, self.entity(workspace_id, key.rpartition("/")[2])) for key, _unused in rows]

        return listing

    def sibling(self, workspace_id: str, parent_id: str, name: str) -> str | None:
        """The id of the entity of this name below this parent, where names must be unique: everywhere but at the root."""
        row = self._store.get(_ENTITY_NAME, f"{workspace_id}/{parent_id}/{name}")
        return None if row is None else row["entityId"]

    def put_entity(self, record: Record, references: set[str]) -> None:
        """Writes an entity and its indexes.

        references: as ``entities_with`` takes them. The record remembers them, so that they can be found again.
        """
        workspace_id, entity_id = record["workspaceId"], record["entityId"]
        key = f"{workspace_id}/{entity_id}"
        old = self._store.get(_ENTITY, key)
        if old is None:
            self._count_entity(workspace_id, 1)
        else:
            self._unindex(old, keep=references)
        for reference in references:
            self._store.put(_ENTITY_REFERENCE, _reference_key(workspace_id, reference) + entity_id, {})
        if record["parentEntityId"] != ROOT:
            self._store.put(_ENTITY_NAME, _name_key(record), {"entityId": entity_id})
        self._store.put(_ENTITY_CHILD, _child_key(record), {})
        self._store.put(_ENTITY, key, {**record, "references": sorted(references)})

    def _unindex(self, entity: Record, keep: set[str]) -> None:
        for reference in set(entity["references"]) - keep:
            self._store.delete(_ENTITY_REFERENCE, _reference_key(entity["workspaceId"], reference) + entity["entityId"])
        self._store.delete(_ENTITY_NAME, _name_key(entity))
        self._store.delete(_ENTITY_CHILD, _child_key(entity))

    def _count_entity(self, workspace_id: str, change: int) -> None:
        row = self._store.get(_ENTITY_COUNT, workspace_id) or {"count": 0}
        if change > 0 and row["count"] >= quotas.ENTITIES:
            raise over_quota(f"Workspace {workspace_id} holds {quotas.ENTITIES} entities, the most it can")
        self._store.put(_ENTITY_COUNT, workspace_id, {"count": row["count"] + change})

    # Scenes and sync jobs

    def scene(self, workspace_id: str, scene_id: str) -> Record:
        record = self._store.get(_SCENE, f"{workspace_id}/{scene_id}")
        if record is None:
            self.workspace(workspace_id)
            raise missing("Scene", scene_id)
        return record

    def has_scene(self, workspace_id: str, scene_id: str) -> bool:
        return self._store.get(_SCENE, f"{workspace_id}/{scene_id}") is not None

    def put_scene(self, record: Record) -> None:
        self._store.put(_SCENE, f"{record['workspaceId']}/{record['sceneId']}", record)

    def delete_scene(self, record: Record) -> None:
        self._store.delete(_SCENE, f"{record['workspaceId']}/{record['sceneId']}")
        self._store.delete(_TAGS, record["arn"])

    def scenes(self, workspace_id: str) -> Listing:
        return lambda after, limit: self._store.list(_SCENE, prefix=f"{workspace_id}/", after=after, limit=limit)

    def sync_job(self, workspace_id: str, source: str) -> Record:
        record = self._store.get(_SYNC_JOB, f"{workspace_id}/{source}")
        if record is None:
            self.workspace(workspace_id)
            raise missing("Sync job", source)
        return record

    def has_sync_job(self, workspace_id: str, source: str) -> bool:
        return self._store.get(_SYNC_JOB, f"{workspace_id}/{source}") is not None

    def put_sync_job(self, record: Record) -> None:
        self._store.put(_SYNC_JOB, f"{record['workspaceId']}/{record['syncSource']}", record)

    def sync_jobs(self, workspace_id: str) -> Listing:
        return lambda after, limit: self._store.list(_SYNC_JOB, prefix=f"{workspace_id}/", after=after, limit=limit)

    # Metadata transfer jobs, and the items that an import still has to do or could not do

    def has_transfer_job(self, job_id: str) -> bool:
        return self._store.get(_TRANSFER_JOB, job_id) is not None

    def transfer_job(self, job_id: str) -> Record:
        record = self._store.get(_TRANSFER_JOB, job_id)
        if record is None:
            raise missing("Metadata transfer job", job_id)
        return record

    def transfer_jobs(self) -> list[Record]:
        return [record for _unused, record in self._store.list(_TRANSFER_JOB)]

    def put_transfer_job(self, record: Record) -> None:
        self._store.put(_TRANSFER_JOB, record["metadataTransferJobId"], record)

    def put_transfer_items(self, job_id: str, items: list[Record]) -> None:
        for number, item in enumerate(items):
            self._store.put(_TRANSFER_ITEM, f"{job_id}/{number:08}", {**item, "number": number})

    def transfer_item(self, job_id: str, number: int) -> Record | None:
        return self._store.get(_TRANSFER_ITEM, f"{job_id}/{number:08}")

    def fail_transfer_item(self, job_id: str, item: Record, error: str) -> None:
        self._store.put(_TRANSFER_ITEM, f"{job_id}/{item['number']:08}", {**item, "error": error})

    def failed_transfer_items(self, job_id: str) -> list[Record]:
        return [item for _unused, item in self._store.list(_TRANSFER_ITEM, prefix=f"{job_id}/") if "error" in item]

    def delete_transfer_items(self, job_id: str) -> None:
        for key, _unused in self._store.list(_TRANSFER_ITEM, prefix=f"{job_id}/"):
            self._store.delete(_TRANSFER_ITEM, key)

    # Tags

    def tags(self, arn: str) -> dict[str, str]:
        return self._store.get(_TAGS, arn) or {}

    def put_tags(self, arn: str, tags: dict[str, str]) -> None:
        if tags:
            self._store.put(_TAGS, arn, tags)
        else:
            self._store.delete(_TAGS, arn)

    # Leaving: what is in DELETING and goes when that ends

    def leave(self, records: list[Record]) -> None:
        """Puts records into DELETING; they are gone when that has settled, at once where nothing has to settle."""
        if self.settle <= 0:
            for record in records:
                self._remove(record)
            return
        leaving = self.begin("DELETING")
        for record in records:
            self._update_state({**record, **leaving})
        self._store.put(_LEAVING, f"{leaving['settlesAt']:020.6f}-{uuid.uuid4()}", {"records": [_name(record) for record in records]})

    def sweep(self) -> None:
        """Removes what has finished leaving; every call begins with it, so that nobody meets such a record."""
        now = f"{self.now:020.6f}"
        if all(_when(key) > now for key, _unused in self._store.list(_LEAVING, limit=1)):
            return
        with self.transaction():
            for key, row in self._store.list(_LEAVING):
                if _when(key) > now:
                    break
                for kind, name in row["records"]:
                    record = self._store.get(kind, name)
                    # Another of the same name may have been made since an earlier deletion removed this one.
                    if record is not None and self.state(record) == "DELETING":
                        self._remove(record)
                self._store.delete(_LEAVING, key)

    def _update_state(self, record: Record) -> None:
        kind, key = _name(record)
        self._store.put(kind, key, record)

    def _remove(self, record: Record) -> None:
        kind, key = _name(record)
        if kind == _ENTITY:
            self._unindex(record, keep=set())
            self._count_entity(record["workspaceId"], -1)
        elif kind == _WORKSPACE:
            self._store.delete(_ENTITY_COUNT, key)
        self._store.delete(kind, key)
        self._store.delete(_TAGS, record["arn"])


def _name(record: Record) -> tuple[str, str]:
    """The kind and the key of a record that has states."""
    workspace_id = record["workspaceId"]
    if "entityId" in record:
        return _ENTITY, f"{workspace_id}/{record['entityId']}"
    if "componentTypeId" in record:
        return _TYPE, f"{workspace_id}/{record['componentTypeId']}"
    if "syncSource" in record:
        return _SYNC_JOB, f"{workspace_id}/{record['syncSource']}"
    return _WORKSPACE, workspace_id


def _when(leaving_key: str) -> str:
    return leaving_key.partition("-")[0]


def _name_key(entity: Record) -> str:
    return f"{entity['workspaceId']}/{entity['parentEntityId']}/{entity['entityName']}"


def _child_key(entity: Record) -> str:
    return f"{entity['workspaceId']}/{entity['parentEntityId']}/{entity['entityId']}"


def _reference_key(workspace_id: str, reference: str) -> str:
    return f"{workspace_id}/{reference}/"
