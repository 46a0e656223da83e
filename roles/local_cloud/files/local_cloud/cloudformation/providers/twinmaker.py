# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TwinMaker workspaces, component types, entities and scenes."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

from local_cloud.cloudformation.providers.api import Api, State, Tagging, coerce, input_shape
from local_cloud.cloudformation.providers.base import Clients, Identity, Properties, ResourceError, Tags, canonical
from local_cloud.cloudformation.providers.schemas import SCHEMAS

_TAGGING = Tagging("resourceARN", "tags", "tagKeys", "map")
_STATE = State(("status", "state"), ("ERROR",), ("CREATING", "UPDATING", "DELETING"), ("status", "error", "message"))
_TIMES = {"CreationDateTime": ("creationDateTime",), "UpdateDateTime": ("updateDateTime",)}
# what a template may repeat from an answer, and the API does not take
_READ_ONLY_OF_COMPONENT = ("ComponentName", "DefinedIn", "Status")
_ROOT = "$ROOT"


@dataclasses.dataclass
class Entity(Api):
    """An entity; the API changes one by updates per component, so the difference is made here."""

    def generated(self, identity: Identity) -> str:
        return identity.token

    def arguments(self, operation: t.Literal["create", "update"], properties: Properties) -> dict[str, t.Any]:
        plain = {key: value for key, value in properties.items() if key not in ("Components", "CompositeComponents", "ParentEntityId")}
        arguments = super().arguments(operation, plain)
        if operation == "create":
            arguments.update(super().arguments(operation, {key: properties[key] for key in properties if key == "ParentEntityId"}))
            if properties.get("Components"):
                arguments["components"] = self._components(properties)
        return arguments

    def update(
        self, clients: Clients, identity: Identity, physical_id: str, old: Properties, new: Properties, old_tags: Tags, tags: Tags
    ) -> None:
        there = self.read(clients, physical_id).get("components", {}).keys()
        updates = _component_updates(self._components(old), self._components(new), there)
        changes: dict[str, t.Any] = {"componentUpdates": updates} if updates else {}
        if old.get("ParentEntityId") != new.get("ParentEntityId"):
            parent = new.get("ParentEntityId", _ROOT)
            changes["parentEntityUpdate"] = {"updateType": "UPDATE", "parentEntityId": parent}
        if changes:
            clients("iottwinmaker").update_entity(**self.key_arguments(physical_id), **changes)
        super().update(clients, identity, physical_id, old, new, old_tags, tags)

    @staticmethod
    def _components(properties: Properties) -> dict[str, t.Any]:
        if properties.get("CompositeComponents"):
            raise ResourceError("The local cloud does not implement the property CompositeComponents of AWS::IoTTwinMaker::Entity")
        given = {
            name: {key: value for key, value in component.items() if key not in _READ_ONLY_OF_COMPONENT}
            for name, component in (properties.get("Components") or {}).items()
        }
        shape = input_shape("iottwinmaker", "CreateEntity").members["components"]
        return t.cast("dict[str, t.Any]", coerce(given, shape, "#/Components"))


def _component_updates(before: dict[str, t.Any], after: dict[str, t.Any], there: c.Collection[str]) -> dict[str, t.Any]:
    """``componentUpdates`` of UpdateEntity that turn the components of one template into those of another.

    there: the components that the entity has; an update that a crash has cut off may have made or removed some already.
    """
    updates: dict[str, t.Any] = {name: {"updateType": "DELETE"} for name in (before.keys() & there) - after.keys()}
    for name, component in after.items():
        old = before.get(name, {})
        if name in there and canonical(old) == canonical(component):
            continue
        if name in there and name in before and old.get("componentTypeId") != component.get("componentTypeId"):
            raise ResourceError(f"The local cloud does not implement changing the component type of component {name}")
        rest = {key: component[key] for key in ("componentTypeId", "description") if key in component}
        kind = "UPDATE" if name in there else "CREATE"
        properties, had = component.get("properties", {}), old.get("properties", {}) if name in there else {}
        changed = {key: {**value, "updateType": kind} for key, value in properties.items() if canonical(had.get(key)) != canonical(value)}
        removed = {key: {"updateType": "RESET_VALUE"} for key in had.keys() - properties.keys()}
        updates[name] = {"updateType": kind, **rest, "propertyUpdates": {**changed, **removed}}
    return updates


def _operations(noun: str) -> dict[t.Literal["create", "read", "update", "delete"], str]:
    return {"create": f"create_{noun}", "read": f"get_{noun}", "update": f"update_{noun}", "delete": f"delete_{noun}"}


def workspace() -> Api:
    """The provider of AWS::IoTTwinMaker::Workspace."""
    return Api(
        schema=SCHEMAS["AWS::IoTTwinMaker::Workspace"],
        service="iottwinmaker",
        operations=_operations("workspace"),
        keys={"workspaceId": "WorkspaceId"},
        attributes_from={"Arn": ("arn",), **_TIMES},
        arn=("arn",),
        cleared={"description": ""},
        tagging=_TAGGING,
    )


def component_type() -> Api:
    """The provider of AWS::IoTTwinMaker::ComponentType."""
    return Api(
        schema=SCHEMAS["AWS::IoTTwinMaker::ComponentType"],
        service="iottwinmaker",
        operations=_operations("component_type"),
        keys={"workspaceId": "WorkspaceId", "componentTypeId": "ComponentTypeId"},
        attributes_from={
            "Arn": ("arn",),
            "IsAbstract": ("isAbstract",),
            "IsSchemaInitialized": ("isSchemaInitialized",),
            "Status.State": ("status", "state"),
            **_TIMES,
        },
        arn=("arn",),
        cleared={"description": ""},
        tagging=_TAGGING,
        state=_STATE,
    )


def entity() -> Entity:
    """The provider of AWS::IoTTwinMaker::Entity."""
    return Entity(
        schema=SCHEMAS["AWS::IoTTwinMaker::Entity"],
        service="iottwinmaker",
        operations=_operations("entity"),
        keys={"workspaceId": "WorkspaceId", "entityId": "EntityId"},
        attributes_from={"Arn": ("arn",), "HasChildEntities": ("hasChildEntities",), "Status.State": ("status", "state"), **_TIMES},
        arn=("arn",),
        cleared={"description": ""},
        tagging=_TAGGING,
        state=_STATE,
    )


def scene() -> Api:
    """The provider of AWS::IoTTwinMaker::Scene."""
    return Api(
        schema=SCHEMAS["AWS::IoTTwinMaker::Scene"],
        service="iottwinmaker",
        operations=_operations("scene"),
        keys={"workspaceId": "WorkspaceId", "sceneId": "SceneId"},
        attributes_from={"Arn": ("arn",), **_TIMES},
        arn=("arn",),
        cleared={"description": "", "capabilities": [], "sceneMetadata": {}},
        tagging=_TAGGING,
    )
