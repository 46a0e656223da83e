# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Component types: definitions of what components are."""

from __future__ import annotations

import typing as t

from local_cloud.service import Answer, Request
from local_cloud.services.twinmaker import builtin, paging, quotas, states
from local_cloud.services.twinmaker.definitions import ComponentTypes
from local_cloud.services.twinmaker.errors import conflict, invalid, over_quota
from local_cloud.services.twinmaker.records import Records
from local_cloud.store import Record

_DEFINING = ("propertyDefinitions", "functions", "extendsFrom", "compositeComponentTypes", "propertyGroups")
# What the user guide says cannot be updated once a component uses the type; the others change the same things indirectly.
_FIXED_IN_USE = _DEFINING
_SHOWN = ("description", "componentTypeName", "extendsFrom")


class ComponentTypeRoom:
    def __init__(self, records: Records) -> None:
        self._records = records

    def create(self, request: Request) -> Answer:
        parameters = request.parameters
        with self._records.transaction():
            record = self.write_new(parameters)
        return {"arn": record["arn"], "creationDateTime": record["creationDateTime"], "state": "CREATING"}

    def write_new(self, parameters: dict[str, t.Any], settle: float | None = None) -> Record:
        """Checks and writes a new component type; within a transaction of the caller's. settle: as ``Records.begin`` takes it."""
        workspace_id, type_id = parameters["workspaceId"], parameters["componentTypeId"]
        _refuse_reserved(type_id)
        self._records.usable_workspace(workspace_id)
        if self._records.has_component_type(workspace_id, type_id):
            raise conflict(f"Component type {type_id} already exists")
        if len(self._records.own_component_types(workspace_id)) >= quotas.COMPONENT_TYPES:
            raise over_quota(f"Workspace {workspace_id} holds {quotas.COMPONENT_TYPES} component types, the most it can")
        now = self._records.now
        record = {
            **{name: value for name, value in parameters.items() if name != "tags"},
            **self._records.begin("CREATING", settle),
            "arn": self._records.arn(workspace_id, "component-type", type_id),
            "creationDateTime": now,
            "updateDateTime": now,
        }
        self._check(workspace_id, record)
        self._records.put_component_type(record)
        self._records.put_tags(record["arn"], parameters.get("tags", {}))
        return record

    def get(self, request: Request) -> Answer:
        workspace_id, type_id = request.parameters["workspaceId"], request.parameters["componentTypeId"]
        record = self._records.component_type(workspace_id, type_id)
        flat = self._types_around(workspace_id, record).flat(type_id)
        answer = {
            "workspaceId": workspace_id,
            "componentTypeId": type_id,
            **{name: record[name] for name in ("arn", "creationDateTime", "updateDateTime", *_SHOWN) if name in record},
            "isSingleton": record.get("isSingleton", False),
            "propertyDefinitions": flat.properties,
            "functions": flat.functions,
            "isAbstract": flat.is_abstract,
            "isSchemaInitialized": False,
            "status": states.status(self._records.state(record)),
        }
        for member, items in (("propertyGroups", flat.groups), ("compositeComponentTypes", flat.composites)):
            if items:
                answer[member] = items
        return answer

    def update(self, request: Request) -> Answer:
        parameters = request.parameters
        with self._records.transaction():
            record = self.write_changed(parameters)
        return {
            "workspaceId": record["workspaceId"],
            "arn": record["arn"],
            "componentTypeId": record["componentTypeId"],
            "state": "UPDATING",
        }

    def write_replaced(self, parameters: dict[str, t.Any]) -> Record:
        """Gives a component type the content of a CreateComponentType request in place of its own."""
        emptied: Record = {name: [] if name == "extendsFrom" else {} for name in _DEFINING}
        content = {name: value for name, value in parameters.items() if name != "tags"}
        return self.write_changed({**emptied, "description": "", "componentTypeName": "", "isSingleton": False, **content}, settle=0)

    def write_changed(self, parameters: dict[str, t.Any], settle: float | None = None) -> Record:
        """Checks and writes the members that are given over a component type; within a transaction of the caller's."""
        workspace_id, type_id = parameters["workspaceId"], parameters["componentTypeId"]
        _refuse_reserved(type_id)
        old = self._records.component_type(workspace_id, type_id)
        state = self._records.state(old)
        if state != "ACTIVE":
            raise invalid(f"Cannot update ComponentType when it is in {state} state")
        record = {**old, **parameters, "updateDateTime": self._records.now}
        changed = [name for name in _FIXED_IN_USE if _plain(old.get(name)) != _plain(record.get(name))]
        if changed:
            self._refuse_in_use(workspace_id, type_id, f"its {', '.join(changed)} cannot be updated")
        self._check(workspace_id, record)
        for child in self._extending(workspace_id, type_id):
            self._check(workspace_id, child, instead=record)
        record.update(self._records.begin("UPDATING", settle))
        self._records.put_component_type(record)
        return record

    def delete(self, request: Request) -> Answer:
        workspace_id, type_id = request.parameters["workspaceId"], request.parameters["componentTypeId"]
        _refuse_reserved(type_id)
        with self._records.transaction():
            record = self._records.component_type(workspace_id, type_id)
            self._refuse_in_use(workspace_id, type_id, "it cannot be deleted")
            extending = [child["componentTypeId"] for child in self._extending(workspace_id, type_id)]
            if extending:
                raise invalid(f"Component type {type_id} cannot be deleted: it is part of component type {extending[0]}")
            if self._records.state(record) != "DELETING":
                self._records.leave([record])
        return {"state": "DELETING"}

    def list_types(self, request: Request) -> Answer:
        workspace_id = request.parameters["workspaceId"]
        self._records.workspace(workspace_id)
        filters = request.parameters.get("filters", [])
        if len(filters) > 1:
            raise invalid("Only one filter is accepted")
        wanted = filters[0] if filters else {}
        records = [*builtin.records().values(), *self._records.own_component_types(workspace_id)]
        found = [(record["componentTypeId"], record) for record in records if self._matches(workspace_id, record, wanted)]
        chosen, more = paging.page(self._records.tokens, request, lambda after, limit: paging.after(found, after, limit))
        summaries = [self._summary(record) for record in chosen]
        echoed = {"maxResults": request.parameters["maxResults"]} if "maxResults" in request.parameters else {}
        return {"workspaceId": workspace_id, "componentTypeSummaries": summaries, **echoed, **more}

    def _summary(self, record: Record) -> Answer:
        names = ("arn", "componentTypeId", "creationDateTime", "updateDateTime", "description", "componentTypeName")
        return {
            **{name: record[name] for name in names if name in record},
            "status": states.status(self._records.state(record)),
        }

    def _matches(self, workspace_id: str, record: Record, wanted: dict[str, t.Any]) -> bool:
        type_id = record["componentTypeId"]
        if "namespace" in wanted:
            return bool(type_id.startswith(wanted["namespace"].rstrip(".") + "."))
        if not wanted:
            return True
        if record.get("undocumented"):
            return False
        flat = self._types_around(workspace_id, record).flat(type_id)
        if "extendsFrom" in wanted:
            return wanted["extendsFrom"] in flat.ancestors
        return bool(flat.is_abstract == wanted["isAbstract"])

    def _types_around(self, workspace_id: str, record: Record) -> ComponentTypes:
        """The usable types, with this one among them whatever its state, so that it can be shown."""
        shown = {record["componentTypeId"]: {**record, "state": "ACTIVE"}}
        return self._records.types(workspace_id, instead=shown)

    def _check(self, workspace_id: str, record: Record, instead: Record | None = None) -> None:
        shown = {one["componentTypeId"]: {**one, "state": "ACTIVE"} for one in (record, instead) if one}
        types = self._records.types(workspace_id, instead=shown)
        types.flat(record["componentTypeId"])
        types.composition(record["componentTypeId"])

    def _extending(self, workspace_id: str, type_id: str) -> list[Record]:
        """The types that depend on this one: they extend it, at any depth, or have it in their composition tree."""
        dependent = {type_id}
        found: dict[str, Record] = {}
        types = self._records.own_component_types(workspace_id)
        while True:
            new = [one for one in types if one["componentTypeId"] not in found and not dependent.isdisjoint(_named_types(one))]
            if not new:
                return list(found.values())
            found.update({one["componentTypeId"]: one for one in new})
            dependent.update(found)

    def _refuse_in_use(self, workspace_id: str, type_id: str, consequence: str) -> None:
        concerned = [type_id, *(child["componentTypeId"] for child in self._extending(workspace_id, type_id))]
        for one in concerned:
            if self._records.is_used(workspace_id, one):
                raise invalid(f"Component type {type_id} is in use by a component of type {one}: {consequence}")


def _named_types(record: Record) -> set[str]:
    parts = record.get("compositeComponentTypes", {}).values()
    return {*record.get("extendsFrom", []), *(part["componentTypeId"] for part in parts)}


def _plain(value: t.Any) -> t.Any:
    """Definitions without what makes no difference: flags that are false, and empty lists and maps."""
    if not isinstance(value, dict):
        return value or {}
    plain = {name: item if name == "defaultValue" else _plain(item) for name, item in value.items()}
    return {name: item for name, item in plain.items() if item != {}}


def _refuse_reserved(type_id: str) -> None:
    if builtin.is_reserved(type_id):
        raise invalid(f"Not allowed to modify component type in reserved namespace: {type_id}")
