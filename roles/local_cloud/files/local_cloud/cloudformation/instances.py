# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One resource's way through creation, change and deletion, in steps that survive ``kill -9``.

What is about to be done is stored before it is done. A creation is "planned" (the name is chosen, nothing called), then
"creating" (from here on something of that name is this stack's), then "created" (the physical id is known). Who comes
back after a crash finds the step and goes on from there: what is already there is adopted, not made twice.
"""

from __future__ import annotations

import collections.abc as c
import typing as t
import uuid

from botocore.exceptions import ClientError

from local_cloud.cloudformation.providers import Table
from local_cloud.cloudformation.providers.base import Clients, Identity, Provider, ResourceError, canonical, is_gone, reason
from local_cloud.cloudformation.records import Records
from local_cloud.settings import Settings
from local_cloud.store import Record

Wait = c.Callable[[c.Callable[[], bool], str], None]
"""Polls until the check holds; the text says for what. ResourceError when that takes too long."""

_REPLACING = "Requested update requires the creation of a new physical resource; hence creating one."


class Failed(Exception):
    """A step has failed; the event that says so is written."""

    def __init__(self, logical_id: str, verb: str) -> None:
        super().__init__(logical_id)
        self.logical_id = logical_id
        self.verb = verb


class Instances:
    """Carries out what one stack wants of its resources."""

    def __init__(self, settings: Settings, records: Records, table: Table, stack: Record, clients: Clients, wait: Wait) -> None:
        self._settings = settings
        self._records = records
        self._table = table
        self._stack_id = stack["id"]
        self._stack_name = stack["name"]
        self._operation = stack["operation"]["id"]
        self._clients = clients
        self._wait = wait

    def bring(
        self,
        logical_id: str,
        kind: str,
        wanted: c.Callable[[], Record],
        depends_on: list[str],
        metadata: t.Any,
        allow: c.Callable[[str], str | None],
    ) -> None:
        """Make the resource what is wanted: create, change, replace or leave it.

        wanted: resolves the template to an instance. allow: gives the reason why the stack policy forbids "Modify" or "Replace".
        Raises Failed.
        """
        resource = self._records.resource(self._stack_id, logical_id) or {"logical_id": logical_id, "status": None, "reason": None}
        resource["type"] = kind
        verb = "UPDATE" if resource.get("instance") else "CREATE"
        try:
            self._clear_stale(resource)
            following = resource.get("next")
            if following is None:
                following = {**wanted(), "depends_on": depends_on, "operation": self._operation}
            provider = self._table[following["type"]]
            instance = resource.get("instance")
            if instance is None:
                resource.setdefault("fresh", True)
                self._create(resource, following, "CREATE")
            elif "step" in following or provider.replaces(instance["properties"], following["properties"]):
                self._refuse(allow("Replace"))
                self._create(resource, following, "UPDATE")
            elif _differs(instance, following) or "attempted" in resource:
                self._refuse(allow("Modify"))
                self._change(resource, following)
            else:
                instance.update(_content(following))
            resource["metadata"] = metadata
            self._records.put_resource(self._stack_id, resource)
        except Exception as error:
            self._fail(resource, verb, error)

    def take_in(
        self, logical_id: str, kind: str, wanted: c.Callable[[], Record], physical_id: str, depends_on: list[str], metadata: t.Any
    ) -> None:
        """Make something that is there already a resource of the stack; it is not touched. Raises Failed."""
        resource: Record = {"logical_id": logical_id, "type": kind, "status": None, "reason": None, "metadata": metadata}
        try:
            self._records.resource_event(
                self._stack_id, resource, "IMPORT_IN_PROGRESS", "Resource import started.", physical_id=physical_id
            )
            provider = self._table[kind]
            # without the stack's tags, which the next update sets
            following = {**wanted(), "tags": {}, "depends_on": depends_on, "operation": self._operation, "token": str(uuid.uuid4())}
            provider.check(logical_id, following["properties"])
            if not provider.exists(self._clients, physical_id):
                raise ResourceError(f"{kind} with identifier {physical_id} does not exist")
            self._settled(provider, physical_id)
            identity = self._identity(resource, following)
            resource["instance"] = {
                **following,
                "physical_id": physical_id,
                "attributes": provider.attributes(self._clients, identity, physical_id, following["properties"]),
                "ref": provider.ref(physical_id),
            }
            self._records.resource_event(self._stack_id, resource, "IMPORT_COMPLETE", "Resource import completed.")
        except Exception as error:
            self._fail(resource, "IMPORT", error)

    def leftovers(self, logical_id: str) -> list[Record]:
        """The instances that an update has made of a resource, and that are to be deleted when it is undone."""
        resource = self._records.resource(self._stack_id, logical_id) or {}
        following, before, instance = resource.get("next"), resource.get("before"), resource.get("instance")
        made = [following] if following is not None and following.get("step") == "created" else []
        if instance is not None and (resource.get("fresh") or (before is not None and before["physical_id"] != instance["physical_id"])):
            made.append(instance)
        return made

    def restore(self, logical_id: str) -> None:
        """Undo what an update has done to a resource, except for its ``leftovers``. Raises Failed."""
        resource = self._records.resource(self._stack_id, logical_id)
        if resource is None:
            return
        resource.pop("next", None)
        before, instance = resource.get("before"), resource.get("instance")
        if resource.get("fresh"):
            resource["instance"] = None
        elif before is not None and instance is not None and before["physical_id"] != instance["physical_id"]:
            resource["instance"] = before
            self._records.resource_event(self._stack_id, resource, "UPDATE_COMPLETE", kind=before["type"])
        elif before is not None and (resource["status"] != "UPDATE_FAILED" or "attempted" in resource):
            self._restore_in_place(resource, before)
        elif before is not None:
            # a replacement that failed: what was there before is untouched
            self._records.resource_event(self._stack_id, resource, "UPDATE_COMPLETE", kind=before["type"])
        self._records.put_resource(self._stack_id, resource)

    def settle(self, logical_id: str) -> None:
        """Forget what an update started from: the resource is what the stack now is."""
        resource = self._records.resource(self._stack_id, logical_id)
        if resource is None:
            return
        for key in ("before", "attempted", "fresh", "next"):
            resource.pop(key, None)
        if resource.get("instance") is None:
            self._records.forget_resource(self._stack_id, logical_id)
        else:
            self._records.put_resource(self._stack_id, resource)

    def remove(self, logical_id: str, instance: Record, *, keep: bool, last: bool) -> bool:
        """Delete an instance (or leave it, ``keep``). last: it is the resource's only one. False, with an event, if that failed."""
        kind, physical_id = instance["type"], instance["physical_id"]
        resource = self._records.resource(self._stack_id, logical_id) or {"logical_id": logical_id, "type": kind}
        # the events of an instance that was replaced leave the resource's own status alone
        shown = resource if last else {"logical_id": logical_id, **resource}
        note: c.Callable[..., None] = self._note_last if last else self._note
        if keep:
            note(shown, "DELETE_SKIPPED", kind, physical_id)
        else:
            if not (last and resource.get("status") == "DELETE_IN_PROGRESS"):
                note(shown, "DELETE_IN_PROGRESS", kind, physical_id)
            provider = self._table[kind]
            try:
                self._quiet(provider, physical_id)
                provider.delete(self._clients, physical_id, instance["properties"])
                self._wait(lambda: not provider.exists(self._clients, physical_id), f"Deletion of {physical_id}")
            except (ClientError, ResourceError) as error:
                note(shown, "DELETE_FAILED", kind, physical_id, reason(error, _service(kind)))
                return False
            note(shown, "DELETE_COMPLETE", kind, physical_id)
        if last:
            resource.update(instance=None, last_physical_id=physical_id)
            for key in ("before", "attempted", "fresh", "next"):
                resource.pop(key, None)
            self._records.put_resource(self._stack_id, resource)
        return True

    # one step each

    def _clear_stale(self, resource: Record) -> None:
        """Throw away what an earlier operation could not finish creating, and did not roll back."""
        following = resource.get("next")
        if following is None or following["operation"] == self._operation:
            return
        if following.get("step") == "created" and not self.remove(resource["logical_id"], following, keep=False, last=False):
            raise ResourceError(f"{following['physical_id']}, which an earlier operation left unfinished, could not be deleted")
        del resource["next"]

    def _create(self, resource: Record, following: Record, verb: str) -> None:
        provider = self._table[following["type"]]
        resumed = "step" in following
        if not resumed:
            if verb == "UPDATE":
                resource.setdefault("before", resource["instance"])
            why = _REPLACING if verb == "UPDATE" else None
            self._records.resource_event(self._stack_id, resource, f"{verb}_IN_PROGRESS", why, physical_id=None if verb == "UPDATE" else "")
            provider.check(resource["logical_id"], following["properties"])
            following["token"] = str(uuid.uuid4())
            following["physical_id"] = provider.plan(self._identity(resource, following), following["properties"])
            following["step"] = "planned"
            resource["next"] = following
        identity = self._identity(resource, following)
        properties, tags = following["properties"], following["tags"]
        self._call_create(provider, resource, following, identity, resumed)
        physical_id = following["physical_id"]
        provider.configure(self._clients, identity, physical_id, properties, tags)
        self._settled(provider, physical_id)
        resource["instance"] = {
            **{key: value for key, value in following.items() if key != "step"},
            "attributes": provider.attributes(self._clients, identity, physical_id, properties),
            "ref": provider.ref(physical_id),
        }
        del resource["next"]
        self._records.resource_event(self._stack_id, resource, f"{verb}_COMPLETE")

    def _call_create(self, provider: Provider, resource: Record, following: Record, identity: Identity, resumed: bool) -> None:
        physical_id, properties = following["physical_id"], following["properties"]
        adopted = None
        if resumed and following["step"] != "planned":
            adopted = provider.adopt(self._clients, identity, physical_id, properties)
        elif not (physical_id and provider.exists(self._clients, physical_id)):
            following["step"] = "creating"
        # else somebody else's resource has the name: the call below says so, and the rollback leaves it alone
        self._records.put_resource(self._stack_id, resource)
        if adopted is None:
            adopted = provider.create(self._clients, identity, physical_id, properties, following["tags"])
        if following["step"] != "created" or adopted != physical_id:
            following.update(step="created", physical_id=adopted)
            status = resource["status"]
            self._records.resource_event(self._stack_id, resource, status, "Resource creation Initiated")

    def _change(self, resource: Record, following: Record) -> None:
        instance = resource["instance"]
        provider = self._table[instance["type"]]
        attempted = resource.get("attempted")
        resumed = attempted is not None and attempted["operation"] == self._operation
        if not resumed:
            self._records.resource_event(self._stack_id, resource, "UPDATE_IN_PROGRESS")
        provider.check(resource["logical_id"], following["properties"])
        # what an earlier, failed update has tried may be there in part
        start = instance if resumed or attempted is None else {**instance, **_content(attempted)}
        resource.setdefault("before", dict(instance))
        resource["attempted"] = following
        self._records.put_resource(self._stack_id, resource)
        self._update(provider, resource, start, following)
        self._records.resource_event(self._stack_id, resource, "UPDATE_COMPLETE")

    def _restore_in_place(self, resource: Record, before: Record) -> None:
        """Back to what was there, also from a change that failed half-way."""
        provider = self._table[before["type"]]
        start = resource.get("attempted") or resource["instance"]
        try:
            if resource["status"] != "UPDATE_IN_PROGRESS":
                self._records.resource_event(self._stack_id, resource, "UPDATE_IN_PROGRESS")
            self._update(provider, resource, {**resource["instance"], **_content(start)}, before)
            self._records.resource_event(self._stack_id, resource, "UPDATE_COMPLETE")
        except Exception as error:
            self._fail(resource, "UPDATE", error)

    def _update(self, provider: Provider, resource: Record, old: Record, new: Record) -> None:
        physical_id = old["physical_id"]
        identity = self._identity(resource, old)
        self._settled(provider, physical_id)
        provider.update(self._clients, identity, physical_id, old["properties"], new["properties"], old["tags"], new["tags"])
        self._settled(provider, physical_id)
        attributes = provider.attributes(self._clients, identity, physical_id, new["properties"])
        resource["instance"] = {**resource["instance"], **_content(new), "attributes": attributes}
        resource.pop("attempted", None)

    def _settled(self, provider: Provider, physical_id: str) -> None:
        self._wait(lambda: provider.ready(self._clients, physical_id), f"{provider.schema.type} {physical_id}")

    def _quiet(self, provider: Provider, physical_id: str) -> None:
        """Services refuse to delete what is still changing; what has failed or is gone need not be waited for."""
        try:
            self._settled(provider, physical_id)
        except ResourceError:
            return
        except ClientError as error:
            if not is_gone(error):
                raise

    def _identity(self, resource: Record, instance: Record) -> Identity:
        settings = self._settings
        return Identity(self._stack_name, self._stack_id, resource["logical_id"], instance["token"], settings.region, settings.account)

    def _refuse(self, why: str | None) -> None:
        if why is not None:
            raise ResourceError(why)

    def _fail(self, resource: Record, verb: str, error: Exception) -> t.NoReturn:
        kind = resource.get("type", "")
        message = reason(error, _service(kind))
        self._records.resource_event(self._stack_id, resource, f"{verb}_FAILED", message, kind=kind)
        raise Failed(resource["logical_id"], verb) from error

    def _note_last(self, resource: Record, status: str, kind: str, physical_id: str, why: str | None = None) -> None:
        self._records.resource_event(self._stack_id, resource, status, why, kind=kind, physical_id=physical_id)

    def _note(self, resource: Record, status: str, kind: str, physical_id: str, why: str | None = None) -> None:
        with self._records.change(self._stack_id) as stack:
            self._records.event(stack, status, why, logical_id=resource["logical_id"], kind=kind, physical_id=physical_id)


def _service(kind: str) -> str:
    """The service's name within a type, as handlers put it into their messages."""
    parts = kind.split("::")
    return parts[1] if len(parts) == 3 else kind


def _content(instance: Record) -> Record:
    keys = ("properties", "tags", "deletion_policy", "update_replace_policy", "depends_on")
    return {key: instance[key] for key in keys}


def _differs(instance: Record, wanted: Record) -> bool:
    return canonical(instance["properties"]) != canonical(wanted["properties"]) or instance["tags"] != wanted["tags"]
