# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is stored: stacks, their resources, events and change sets.

A stack's record is changed only through ``change``, which reads, lets the caller mend and writes in one transaction,
so that the engine's thread and the API's threads never undo each other's writes.

Stack: id, name, status, reason, created, updated, deleted, template (the text last applied), parameters, tags,
capabilities, role, protected, policy, disable_rollback, on_failure, timeout, retain_except_on_create, outputs, imports,
events (how many there are), token and requests (ClientRequestToken of the operation, and all that were used), operation.

Resource: logical_id, type, status, reason, changed, depends_on, metadata and up to three instances:
``instance`` is what the stack uses, ``next`` is being created, ``before`` is what an unsettled update started from.

Instance: type, physical_id, properties, tags, attributes, ref, deletion_policy, update_replace_policy;
while it is created also step ("planned" | "creating" | "created") and token.
"""

from __future__ import annotations

import collections.abc as c
import contextlib
import typing as t
import uuid

from local_cloud.cloud import Cloud
from local_cloud.store import Record

STACK = "cloudformation.stack"
RESOURCE = "cloudformation.resource"
EVENT = "cloudformation.event"
CHANGE_SET = "cloudformation.change_set"

STACK_TYPE = "AWS::CloudFormation::Stack"
GONE = "DELETE_COMPLETE"
_EVENTS_CEILING = 10**9


class Records:
    """CloudFormation's part of the store."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._store = cloud.store

    # stacks

    def stack(self, stack_id: str) -> Record | None:
        return self._store.get(STACK, stack_id)

    def stacks(self) -> list[Record]:
        return [stack for _unused, stack in self._store.list(STACK)]

    def named(self, name: str) -> Record | None:
        """The stack of this name that is not deleted."""
        return next((stack for _unused, stack in self._store.list(STACK, parent=name) if stack["status"] != GONE), None)

    def put_stack(self, stack: Record) -> None:
        self._store.put(STACK, stack["id"], stack, parent=stack["name"])

    @contextlib.contextmanager
    def change(self, stack_id: str) -> c.Iterator[Record]:
        """The stack, to be mended in place; written when the block ends well."""
        with self._store.transaction():
            stack = self._store.get(STACK, stack_id)
            if stack is None:
                raise KeyError(stack_id)
            yield stack
            self.put_stack(stack)

    def event(
        self,
        stack: Record,
        status: str,
        reason: str | None = None,
        *,
        logical_id: str | None = None,
        kind: str = STACK_TYPE,
        physical_id: str | None = None,
    ) -> None:
        """Note an event; without a logical id it is the stack's own and sets its status. Call it within ``change``."""
        now = self._cloud.now()
        if logical_id is None:
            stack.update(status=status, reason=reason)
        stack["events"] += 1
        number = stack["events"]
        name = logical_id or stack["name"]
        event = {
            "StackId": stack["id"],
            "EventId": str(uuid.uuid4()) if logical_id is None else f"{logical_id}-{status}-{uuid.uuid4()}",
            "StackName": stack["name"],
            "LogicalResourceId": name,
            "PhysicalResourceId": (physical_id or "") if logical_id else stack["id"],
            "ResourceType": kind,
            "Timestamp": now,
            "ResourceStatus": status,
            "ResourceStatusReason": reason,
            "ClientRequestToken": stack.get("token"),
        }
        # the newest event has the lowest key, as the API lists newest first
        key = f"{stack['id']}#{_EVENTS_CEILING - number:010d}"
        self._store.put(EVENT, key, {key: value for key, value in event.items() if value is not None}, parent=stack["id"])

    def events(self, stack_id: str, after: str, limit: int) -> list[tuple[str, Record]]:
        return self._store.list(EVENT, parent=stack_id, prefix=f"{stack_id}#", after=after, limit=limit)

    # resources

    def resources(self, stack_id: str) -> dict[str, Record]:
        found = self._store.list(RESOURCE, parent=stack_id, prefix=f"{stack_id}#")
        return {resource["logical_id"]: resource for _unused, resource in found}

    def resource(self, stack_id: str, logical_id: str) -> Record | None:
        return self._store.get(RESOURCE, f"{stack_id}#{logical_id}")

    def put_resource(self, stack_id: str, resource: Record) -> None:
        self._store.put(RESOURCE, f"{stack_id}#{resource['logical_id']}", resource, parent=stack_id)

    def forget_resource(self, stack_id: str, logical_id: str) -> None:
        self._store.delete(RESOURCE, f"{stack_id}#{logical_id}")

    def resource_event(
        self,
        stack_id: str,
        resource: Record,
        status: str,
        reason: str | None = None,
        *,
        kind: str | None = None,
        physical_id: str | None = None,
    ) -> None:
        """Write the resource with its new status, and the event, in one step."""
        resource.update(status=status, reason=reason, changed=self._cloud.now())
        if physical_id is None:
            physical_id = physical_id_of(resource)
        with self.change(stack_id) as stack:
            self.put_resource(stack_id, resource)
            self.event(stack, status, reason, logical_id=resource["logical_id"], kind=kind or resource["type"], physical_id=physical_id)

    # change sets

    def change_set(self, change_set_id: str) -> Record | None:
        return self._store.get(CHANGE_SET, change_set_id)

    def change_sets(self, stack_id: str) -> list[Record]:
        return [change_set for _unused, change_set in self._store.list(CHANGE_SET, parent=stack_id)]

    def put_change_set(self, change_set: Record) -> None:
        self._store.put(CHANGE_SET, change_set["id"], change_set, parent=change_set["stack_id"])

    def forget_change_set(self, change_set_id: str) -> None:
        self._store.delete(CHANGE_SET, change_set_id)

    # exports

    def exports(self, but: str | None = None) -> dict[str, Record]:
        """Export name -> {"value", "stack_id", "stack_name"} over all stacks that are there, except ``but``."""
        return {
            output["ExportName"]: {"value": output["OutputValue"], "stack_id": stack["id"], "stack_name": stack["name"]}
            for stack in self.stacks()
            if stack["status"] != GONE and stack["id"] != but
            for output in stack["outputs"]
            if "ExportName" in output
        }

    def importers(self, export: str) -> list[str]:
        """The names of the stacks that import an export."""
        return [stack["name"] for stack in self.stacks() if stack["status"] != GONE and export in stack["imports"]]


def physical_id_of(resource: Record) -> str:
    """What the API shows as the physical id: of the instance in use, of the one being created once it is there, or of the last one."""
    following: dict[str, t.Any] = resource.get("next") or {}
    if following.get("step") == "created":
        return following["physical_id"]
    return (resource.get("instance") or {}).get("physical_id") or resource.get("last_physical_id", "")
