# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An operation on a stack as a state machine: its stage is stored, and any stage can be taken up again after a crash.

Stages: "apply" brings every resource to what the target asks for; "restore" undoes that after a failed update; "sweep"
deletes what is left over, and ends the operation. The operation's record: kind (CREATE, UPDATE, IMPORT, DELETE), stage, target
(template, parameters, tags), done (logical ids finished in this stage), garbage (what sweep deletes, in order), failures,
outcome (the stack's status when sweep ends well, and when it does not), identified (logical id -> physical id
of what an import takes in) and what the request asked for.
"""

from __future__ import annotations

import collections.abc as c
import functools
import threading
import time
import typing as t

from local_cloud.cloud import Cloud
from local_cloud.cloudformation import graph, stack_policy
from local_cloud.cloudformation.instances import Failed, Instances
from local_cloud.cloudformation.providers import Table
from local_cloud.cloudformation.providers.base import ResourceError
from local_cloud.cloudformation.records import GONE, Records
from local_cloud.cloudformation.scope import StackScope, Target
from local_cloud.cloudformation.template import Template
from local_cloud.errors import ApiError
from local_cloud.store import Record

Load = c.Callable[[str], Template]
SETTLE_SECONDS = 600.0
_CANCELLED = "User Initiated"
_STANDING = ("CREATE_COMPLETE", "IMPORT_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")


class Halted(BaseException):
    """The cloud stops; the operation goes on at its next start."""


class Operation:
    """The operation that a stack's record holds."""

    def __init__(self, cloud: Cloud, records: Records, table: Table, load: Load, stack_id: str, halt: threading.Event) -> None:
        self._cloud = cloud
        self._records = records
        self._table = table
        self._load = load
        self._id = stack_id
        self._halt = halt

    def run(self) -> None:
        """Until the operation is over. Raises Halted."""
        stages = {"apply": self._apply, "restore": self._restore, "sweep": self._sweep}
        begun = None
        while True:
            stack = self._records.stack(self._id)
            if stack is None or stack["operation"] is None:
                return
            # the next operation may have been stored already; it has a thread of its own
            if begun not in (None, stack["operation"]["id"]):
                return
            begun = stack["operation"]["id"]
            role = stack.get("role")
            instances = Instances(
                self._cloud.settings, self._records, self._table, stack, functools.partial(self._cloud.client, role=role), self._wait
            )
            stages[stack["operation"]["stage"]](stack, stack["operation"], instances)

    def give_up(self, error: Exception) -> None:
        """End the operation after a fault of this program."""
        with self._records.change(self._id) as stack:
            operation, stack["operation"] = stack["operation"], None
            if operation is not None:
                self._records.event(stack, f"{operation['kind']}_FAILED", f"Internal Failure: {type(error).__name__}: {error}")

    # stages

    def _apply(self, stack: Record, operation: Record, instances: Instances) -> None:
        target = self._target(operation)
        resources = self._records.resources(self._id)
        try:
            scope = StackScope(self._cloud.settings, self._records, stack, target, resources)
            needs = scope.dependencies()
            order = graph.order(needs)
            for name in order:
                if name in operation["done"]:
                    continue
                self._check(operation)
                kind = target.template.resources[name]["Type"]
                metadata = target.template.resources[name].get("Metadata")
                wanted = functools.partial(scope.wanted, name, self._table)
                if operation["kind"] != "IMPORT":
                    instances.bring(name, kind, wanted, needs[name], metadata, self._policy(stack, operation, name, kind))
                elif name in operation["identified"]:
                    instances.take_in(name, kind, wanted, operation["identified"][name], needs[name], metadata)
                resources[name] = self._records.resource(self._id, name) or {}
                self._done(name)
            self._check_removals(stack, operation, resources, order)
            outputs, imports = self._outcome(stack, target, resources, order)
        except Failed as failed:
            self._failed(f"The following resource(s) failed to {failed.verb.lower()}: [{failed.logical_id}]. ")
            return
        except (ApiError, ResourceError) as error:
            self._failed(f"{error} ")
            return
        garbage = self._superseded(order) if operation["kind"] == "UPDATE" else []
        with self._records.change(self._id) as changed:
            cancelled = changed["operation"]["cancelled"]
            if not cancelled:
                self._accept(changed, target, outputs, imports, garbage)
        if cancelled:
            self._failed(_CANCELLED)

    def _accept(self, changed: Record, target: Target, outputs: list[dict[str, t.Any]], imports: list[str], garbage: list[Record]) -> None:
        operation = changed["operation"]
        changed.update(
            template=target.template.text,
            parameters=target.values,
            tags=target.tags,
            capabilities=operation["capabilities"],
            outputs=outputs,
            imports=imports,
        )
        if operation["kind"] == "UPDATE":
            self._records.event(changed, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        self._begin_sweep(changed, garbage, f"{operation['kind']}_COMPLETE", f"{operation['kind']}_COMPLETE")

    def _restore(self, stack: Record, operation: Record, instances: Instances) -> None:
        resources = self._records.resources(self._id)
        for name in graph.order(_depends_on(resources)):
            if name in operation["done"]:
                continue
            self._check_halt()
            leftovers = instances.leftovers(name)
            with self._records.change(self._id) as changed:
                known = {entry["instance"]["physical_id"] for entry in changed["operation"]["garbage"]}
                fresh = bool(resources[name].get("fresh"))
                changed["operation"]["garbage"] += [
                    _garbage(name, instance, keep=fresh and self._kept_on_rollback(operation, instance), last=False)
                    for instance in leftovers
                    if instance["physical_id"] not in known
                ]
            try:
                if name not in operation["skip"]:
                    instances.restore(name)
            except Failed:
                with self._records.change(self._id) as changed:
                    changed["suspended"], changed["operation"] = changed["operation"], None
                    self._records.event(changed, "UPDATE_ROLLBACK_FAILED", f"The following resource(s) failed to update: [{name}]. ")
                return
            self._done(name)
        with self._records.change(self._id) as changed:
            self._records.event(changed, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
            garbage = list(reversed(changed["operation"]["garbage"]))
            self._begin_sweep(changed, garbage, "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")

    def _sweep(self, stack: Record, operation: Record, instances: Instances) -> None:
        failed: list[Record] = []
        for entry in operation["garbage"]:
            self._check_halt()
            name, instance = entry["logical_id"], entry["instance"]
            if any(name in other["instance"].get("depends_on", []) for other in failed):
                failed.append(entry)
                continue
            if not instances.remove(name, instance, keep=entry["keep"], last=entry["last"]):
                failed.append(entry)
                with self._records.change(self._id) as changed:
                    changed["operation"]["failures"].append(name)
                continue
            with self._records.change(self._id) as changed:
                changed["operation"]["garbage"].remove(entry)
        if operation["outcome"][0] in _STANDING:
            for name in self._records.resources(self._id):
                instances.settle(name)
        with self._records.change(self._id) as changed:
            good, bad = changed["operation"]["outcome"]
            failures = changed["operation"]["failures"]
            changed["operation"] = None
            changed["suspended"] = None
            self._records.event(changed, bad if failures else good, self._closing_words(operation, failures))
            if changed["status"] == GONE:
                changed.update(deleted=self._cloud.now(), outputs=[], imports=[])
                for change_set in self._records.change_sets(self._id):
                    self._records.forget_change_set(change_set["id"])

    # their parts

    def _target(self, operation: Record) -> Target:
        target = operation["target"]
        return Target(self._load(target["template"]), target["parameters"], target["tags"])

    def _policy(self, stack: Record, operation: Record, name: str, kind: str) -> c.Callable[[str], str | None]:
        text = operation.get("policy_during_update") or stack.get("policy")
        in_update = operation["kind"] == "UPDATE"
        return lambda action: stack_policy.refusal(text, action, name, kind) if in_update else None

    def _check_removals(self, stack: Record, operation: Record, resources: c.Mapping[str, Record], order: list[str]) -> None:
        for name, resource in resources.items():
            if name not in order and resource.get("instance"):
                why = self._policy(stack, operation, name, resource["instance"]["type"])("Delete")
                if why is not None:
                    raise ResourceError(why)

    def _outcome(
        self, stack: Record, target: Target, resources: c.Mapping[str, Record], order: list[str]
    ) -> tuple[list[dict[str, t.Any]], list[str]]:
        """(outputs, imports) of the stack as it now stands. Raises ApiError for exports that cannot be."""
        scope = StackScope(self._cloud.settings, self._records, stack, target, resources)
        outputs = scope.outputs()
        for name in order:
            scope.wanted(name, self._table)
        others = self._records.exports(but=self._id)
        exported = {output["ExportName"]: output["OutputValue"] for output in outputs if "ExportName" in output}
        for export in exported:
            if export in others:
                raise ResourceError(f"Export with name {export} is already exported by stack {others[export]['stack_name']}.")
        for output in stack["outputs"]:
            export = output.get("ExportName")
            importers = [name for name in self._records.importers(export) if name != stack["name"]] if export else []
            if importers and exported.get(export) != output["OutputValue"]:
                verb = "updated" if export in exported else "deleted"
                raise ResourceError(f"Export {export} cannot be {verb} as it is in use by {', '.join(importers)}.")
        return outputs, scope.imports

    def _superseded(self, order: list[str]) -> list[Record]:
        """What an update leaves behind: resources that the template no longer has, and instances that were replaced."""
        resources = self._records.resources(self._id)
        garbage = []
        for name in reversed(graph.order(_depends_on(resources))):
            resource = resources[name]
            instance, before, following = resource.get("instance"), resource.get("before"), resource.get("next")
            if following is not None and following.get("step") == "created" and name not in order:
                garbage.append(_garbage(name, following, keep=False, last=instance is None))
            if instance is not None and name not in order:
                garbage.append(_garbage(name, instance, keep=instance["deletion_policy"] != "Delete", last=True))
            elif instance is not None and before is not None and before["physical_id"] != instance["physical_id"]:
                garbage.append(_garbage(name, before, keep=instance["update_replace_policy"] != "Delete", last=False))
        return garbage

    def _failed(self, why: str) -> None:
        with self._records.change(self._id) as stack:
            operation = stack["operation"]
            if operation["disable_rollback"]:
                stack["operation"] = None
                self._records.event(stack, f"{operation['kind']}_FAILED", why.strip())
            elif operation["kind"] == "UPDATE":
                self._records.event(stack, "UPDATE_ROLLBACK_IN_PROGRESS", why)
                operation.update(stage="restore", done=[], garbage=[])
            elif operation["kind"] == "IMPORT":
                # what was to be imported stays as it is, outside of the stack
                self._records.event(stack, "IMPORT_ROLLBACK_IN_PROGRESS", why)
                for name in operation["identified"]:
                    self._records.forget_resource(self._id, name)
                self._begin_sweep(stack, [], "IMPORT_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE")
            else:
                deletes = operation["on_failure"] == "DELETE"
                self._records.event(
                    stack, "DELETE_IN_PROGRESS" if deletes else "ROLLBACK_IN_PROGRESS", f"{why.strip()} Rollback requested by user."
                )
                garbage = everything(self._records, self._id, lambda _name, instance: self._kept_on_rollback(operation, instance))
                good, bad = ("DELETE_COMPLETE", "DELETE_FAILED") if deletes else ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
                self._begin_sweep(stack, garbage, good, bad)

    @staticmethod
    def _kept_on_rollback(operation: Record, instance: Record) -> bool:
        return instance["deletion_policy"] == "Retain" and not operation["retain_except_on_create"]

    @staticmethod
    def _begin_sweep(stack: Record, garbage: list[Record], good: str, bad: str) -> None:
        stack["operation"].update(stage="sweep", done=[], garbage=garbage, failures=[], outcome=[good, bad])

    @staticmethod
    def _closing_words(operation: Record, failures: list[str]) -> str | None:
        if not failures:
            return None
        if operation["kind"] == "UPDATE":
            what = "Update successful" if operation["outcome"][0] == "UPDATE_COMPLETE" else "Update rollback complete"
            return f"{what}. One or more resources could not be deleted."
        return f"The following resource(s) failed to delete: [{', '.join(failures)}]. "

    def _done(self, name: str) -> None:
        with self._records.change(self._id) as stack:
            stack["operation"]["done"].append(name)

    # waiting and stopping

    def _check_halt(self) -> None:
        if self._halt.is_set():
            raise Halted

    def _check(self, operation: Record) -> None:
        self._check_halt()
        if operation["deadline"] is not None and self._cloud.now() > operation["deadline"]:
            raise ResourceError("Stack creation time exceeded the specified timeout.")
        stack = self._records.stack(self._id)
        if stack is not None and stack["operation"]["cancelled"]:
            raise ResourceError(_CANCELLED)

    def _wait(self, check: c.Callable[[], bool], what: str) -> None:
        deadline, pause = time.monotonic() + SETTLE_SECONDS, 0.01
        while not check():
            if time.monotonic() > deadline:
                raise ResourceError(f"{what} did not stabilize. (HandlerErrorCode: NotStabilized)")
            if self._halt.wait(pause):
                raise Halted
            pause = min(pause * 2, 1.0)


def everything(records: Records, stack_id: str, keep: c.Callable[[str, Record], bool]) -> list[Record]:
    """Every instance of a stack as something to delete, dependents first."""
    resources = records.resources(stack_id)
    garbage = []
    for name in reversed(graph.order(_depends_on(resources))):
        resource = resources[name]
        following = resource.get("next")
        if following is not None and following.get("step") == "created":
            garbage.append(_garbage(name, following, keep=keep(name, following), last=resource.get("instance") is None))
        if resource.get("instance") is not None:
            garbage.append(_garbage(name, resource["instance"], keep=keep(name, resource["instance"]), last=True))
        before = resource.get("before")
        if before is not None and before["physical_id"] != (resource.get("instance") or {}).get("physical_id"):
            garbage.append(_garbage(name, before, keep=keep(name, before), last=False))
    return garbage


def _garbage(name: str, instance: Record, *, keep: bool, last: bool) -> Record:
    return {"logical_id": name, "instance": instance, "keep": keep, "last": last}


def _depends_on(resources: c.Mapping[str, Record]) -> graph.Graph:
    """The dependencies as they were when each resource was last applied."""
    graphed: graph.Graph = {}
    for name, resource in resources.items():
        instances = [resource.get("instance"), resource.get("before"), resource.get("next")]
        graphed[name] = list(dict.fromkeys(other for instance in instances if instance for other in instance.get("depends_on", [])))
    return graphed
