# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entities: the tree of things, and the components that they have."""

from __future__ import annotations

import typing as t
import uuid

from local_cloud.service import Answer, Request
from local_cloud.services.twinmaker import components, paging, quotas, states
from local_cloud.services.twinmaker.errors import conflict, invalid, over_quota
from local_cloud.services.twinmaker.records import ROOT, Listing, Records
from local_cloud.store import Record

_SUMMARY = ("entityId", "entityName", "arn", "parentEntityId", "creationDateTime", "updateDateTime")


class Entities:
    def __init__(self, records: Records) -> None:
        self._records = records

    def create(self, request: Request) -> Answer:
        with self._records.transaction():
            record = self.write_new(request.parameters)
        return {
            "entityId": record["entityId"],
            "arn": record["arn"],
            "creationDateTime": record["creationDateTime"],
            "state": "CREATING",
        }

    def write_new(self, parameters: dict[str, t.Any], settle: float | None = None) -> Record:
        """Checks and writes a new entity; within a transaction of the caller's. settle: as ``Records.begin`` takes it."""
        workspace_id = parameters["workspaceId"]
        entity_id = parameters.get("entityId") or str(uuid.uuid4())
        parent_id = parameters.get("parentEntityId", ROOT)
        self._records.usable_workspace(workspace_id)
        if self._records.find_entity(workspace_id, entity_id) is not None:
            raise conflict(f"Entity {entity_id} already exists")
        self._check_place(workspace_id, entity_id, parent_id, parameters["entityName"], height=1)
        types = self._records.types(workspace_id)
        content = components.built(parameters.get("components", {}), parameters.get("compositeComponents", {}))
        components.check(content, types)
        now = self._records.now
        arn = self._records.arn(workspace_id, "entity", entity_id)
        record = {
            "workspaceId": workspace_id,
            "entityId": entity_id,
            "entityName": parameters["entityName"],
            "description": parameters.get("description", ""),
            "parentEntityId": parent_id,
            "components": content,
            "touched": sorted(content),
            "arn": arn,
            "creationDateTime": now,
            "updateDateTime": now,
            **self._records.begin_entity("CREATING", settle),
        }
        self._records.put_entity(record, components.references(content, types))
        self._records.put_tags(arn, parameters.get("tags", {}))
        return record

    def get(self, request: Request) -> Answer:
        workspace_id, entity_id = request.parameters["workspaceId"], request.parameters["entityId"]
        record = self._records.entity(workspace_id, entity_id)
        state = self._records.state(record)
        types = self._records.types(workspace_id)
        return {
            **self._summary(record),
            "workspaceId": workspace_id,
            "components": components.component_responses(record["components"], types, lambda name: component_state(record, name, state)),
            "areAllComponentsReturned": True,
        }

    def update(self, request: Request) -> Answer:
        with self._records.transaction():
            record = self.write_changed(request.parameters)
        return {"updateDateTime": record["updateDateTime"], "state": "UPDATING"}

    def write_changed(self, parameters: dict[str, t.Any]) -> Record:
        """Checks and writes what an UpdateEntity request asks for; within a transaction of the caller's."""
        old = self._updatable(parameters["workspaceId"], parameters["entityId"])
        component_updates = parameters.get("componentUpdates", {})
        part_updates = parameters.get("compositeComponentUpdates", {})
        content = components.with_part_updates(components.with_updates(old["components"], component_updates), part_updates)
        touched = {*component_updates, *(path.partition("/")[0] for path in part_updates)}
        changes: Record = {name: parameters[name] for name in ("entityName", "description") if name in parameters}
        parent = _new_parent(parameters.get("parentEntityUpdate"), old["parentEntityId"])
        return self._replace(old, {**old, **changes, "parentEntityId": parent}, content, touched)

    def write_replaced(self, parameters: dict[str, t.Any]) -> Record:
        """Gives an entity the content of a CreateEntity request in place of its own; within a transaction of the caller's."""
        old = self._updatable(parameters["workspaceId"], parameters["entityId"])
        changes: Record = {
            "entityName": parameters["entityName"],
            "description": parameters.get("description", ""),
            "parentEntityId": parameters.get("parentEntityId", ROOT),
        }
        content = components.built(parameters.get("components", {}), {})
        return self._replace(old, {**old, **changes}, content, set(content), settle=0)

    def write_components(self, workspace_id: str, entity_id: str, requests: dict[str, t.Any]) -> Record:
        """Adds components, as CreateEntity takes them, to an entity, or replaces those of the same names."""
        old = self._updatable(workspace_id, entity_id)
        return self._replace(old, old, {**old["components"], **components.built(requests, {})}, set(requests), settle=0)

    def _updatable(self, workspace_id: str, entity_id: str) -> Record:
        record = self._records.entity(workspace_id, entity_id)
        state = self._records.state(record)
        if state not in ("ACTIVE", "ERROR"):
            raise conflict(f"Cannot update Entity when it is in {state} state")
        return record

    def _replace(
        self, old: Record, record: Record, content: components.Components, touched: set[str], settle: float | None = None
    ) -> Record:
        workspace_id, entity_id = old["workspaceId"], old["entityId"]
        if record["parentEntityId"] != old["parentEntityId"] or record["entityName"] != old["entityName"]:
            height = self._height(workspace_id, entity_id) if record["parentEntityId"] != old["parentEntityId"] else 1
            self._check_place(workspace_id, entity_id, record["parentEntityId"], record["entityName"], height)
        types = self._records.types(workspace_id)
        components.check(content, types)
        new = {
            **record,
            "components": content,
            "touched": sorted(touched & content.keys()),
            "updateDateTime": self._records.now,
            **self._records.begin_entity("UPDATING", settle),
        }
        self._records.put_entity(new, components.references(content, types))
        return new

    def delete(self, request: Request) -> Answer:
        workspace_id, entity_id = request.parameters["workspaceId"], request.parameters["entityId"]
        with self._records.transaction():
            record = self._records.entity(workspace_id, entity_id)
            if self._records.has_children(workspace_id, entity_id) and not request.parameters.get("isRecursive"):
                raise invalid(f"Entity {entity_id} has child entities; delete them first, or set isRecursive")
            if self._records.state(record) != "DELETING":
                self._records.leave(self._subtree(record))
        return {"state": "DELETING"}

    def list_entities(self, request: Request) -> Answer:
        workspace_id = request.parameters["workspaceId"]
        self._records.workspace(workspace_id)
        filters = request.parameters.get("filters", [])
        if len(filters) > 1:
            raise invalid("Only one filter is accepted")
        listing = self._listing(workspace_id, filters[0] if filters else {})
        found, more = paging.page(self._records.tokens, request, listing)
        return {"entitySummaries": [self._summary(record) for record in found], **more}

    def _listing(self, workspace_id: str, wanted: dict[str, str]) -> Listing:
        if "parentEntityId" in wanted:
            return self._records.entities_below(workspace_id, wanted["parentEntityId"])
        if "componentTypeId" in wanted:
            return self._records.entities_with(workspace_id, components.type_reference(wanted["componentTypeId"]))
        if "externalId" in wanted:
            return self._records.entities_with(workspace_id, components.external_reference(wanted["externalId"]))
        return self._records.entities(workspace_id)

    def list_components(self, request: Request) -> Answer:
        record = self._records.entity(request.parameters["workspaceId"], request.parameters["entityId"])
        types = self._records.types(record["workspaceId"])
        state = self._records.state(record)
        address = request.parameters.get("componentPath")
        if address is None:
            summaries = [
                components.component_summary(name, component, types, component_state(record, name, state))
                for name, component in record["components"].items()
            ]
        else:
            found = components.find(record["components"], address, types, record["entityId"])
            component = record["components"][found.name]
            summaries = components.part_summaries(found.name, found.path, component, types, component_state(record, found.name, state))
        pairs = [(summary["componentName"], summary) for summary in summaries]
        chosen, more = paging.page(self._records.tokens, request, lambda after, limit: paging.after(pairs, after, limit))
        return {"componentSummaries": chosen, **more}

    def list_properties(self, request: Request) -> Answer:
        parameters = request.parameters
        record = self._records.entity(parameters["workspaceId"], parameters["entityId"])
        types = self._records.types(record["workspaceId"])
        found = components.find(record["components"], component_address(parameters), types, record["entityId"])
        responses = components.property_responses(found.part, types.flat(found.type_id))
        pairs = [(name, {"propertyName": name, **response}) for name, response in responses.items()]
        chosen, more = paging.page(self._records.tokens, request, lambda after, limit: paging.after(pairs, after, limit))
        return {"propertySummaries": chosen, **more}

    def _summary(self, record: Record) -> Answer:
        shown: Answer = {name: record[name] for name in _SUMMARY}
        return {
            **shown,
            "description": record["description"],
            "status": states.status(self._records.state(record)),
            "hasChildEntities": self._records.has_children(record["workspaceId"], record["entityId"]),
        }

    # The tree

    def _check_place(self, workspace_id: str, entity_id: str, parent_id: str, name: str, height: int) -> None:
        """Refuses a place in the tree that an entity, with ``height`` levels from it downwards, cannot have."""
        if parent_id == ROOT:
            return
        parent = self._records.find_entity(workspace_id, parent_id)
        if parent is None or self._records.state(parent) in ("CREATING", "DELETING"):
            raise invalid(f"Unable to find parent entity id {parent_id}")
        depth = 0
        ancestor: Record | None = parent
        while ancestor is not None:
            depth += 1
            if ancestor["entityId"] == entity_id:
                raise invalid(f"Entity {entity_id} cannot be moved below {parent_id}: that is itself or below it")
            above = ancestor["parentEntityId"]
            ancestor = None if above == ROOT else self._records.find_entity(workspace_id, above)
        if depth + height > quotas.ENTITY_DEPTH:
            raise over_quota(f"Entity {entity_id} below {parent_id} makes the hierarchy deeper than {quotas.ENTITY_DEPTH}")
        if self._records.sibling(workspace_id, parent_id, name) not in (None, entity_id):
            raise conflict(f"An entity named {name!r} already exists below parent entity {parent_id}")

    def _height(self, workspace_id: str, entity_id: str) -> int:
        """Levels of the tree from the entity downwards: 1 for a leaf."""
        level = [entity_id]
        height = 0
        while level:
            height += 1
            level = [child["entityId"] for one in level for child in self._records.children(workspace_id, one)]
        return height

    def _subtree(self, record: Record) -> list[Record]:
        found = [record]
        for one in found:
            found.extend(self._records.children(one["workspaceId"], one["entityId"]))
        return found


def component_state(record: Record, name: str, state: str) -> str:
    """The state of a component: that of its entity, if the call that brought it about concerned the component."""
    return state if state == "DELETING" or (name in record["touched"] and state != "ERROR") else "ACTIVE"


def component_address(parameters: dict[str, t.Any]) -> str:
    """The one of componentName and componentPath that a request gives."""
    given = [parameters[name] for name in ("componentName", "componentPath") if name in parameters]
    if len(given) != 1:
        raise invalid("Exactly one of componentName and componentPath must be given")
    address: str = given[0]
    return address


def _new_parent(update: dict[str, str] | None, old: str) -> str:
    if update is None:
        return old
    if update["updateType"] == "DELETE":
        return ROOT
    if "parentEntityId" not in update:
        raise invalid("parentEntityUpdate with updateType UPDATE needs a parentEntityId")
    return update["parentEntityId"]
