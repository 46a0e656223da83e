# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From an entity that is there to the same entity as it is wanted: the requests, the reasons and the outcome. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._aws import TagChanges, tag_changes
from ansible_collections.energytwin.aws.plugins.module_utils._plan import changed_value, covers, shown
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.model import (
    ROOT,
    Actual,
    Component,
    Property,
    Wanted,
    WantedComponent,
    WantedProperty,
)
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.transformations import component_request, property_request

Request = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Options:
    """What a set module may take away.

    prune: entities, components and values that are not listed. purge_tags: tags that are not listed, where tags are.
    """

    prune: bool = False
    purge_tags: bool = True


@dataclasses.dataclass(frozen=True)
class Changes:
    """What turns an entity into the wanted one.

    requests: members of UpdateEntity, to be sent one after the other; the second makes anew what the first took away.
    removed: names of the components that go for good. after: the entity as it will be.
    """

    requests: list[Request]
    tags: TagChanges
    reasons: list[str]
    removed: list[str]
    moves: bool
    after: Actual

    def __bool__(self) -> bool:
        return bool(self.requests or self.tags)


def changes(actual: Actual, wanted: Wanted, options: Options) -> Changes:
    """Compares only what ``wanted`` gives. With ``options.prune``, what it does not list of components and values goes."""
    first: Request = {}
    reasons: list[str] = []
    moves = actual.parent_id != wanted.parent_id
    if moves:
        # DELETE detaches: the entity becomes a child of the root.
        detached = wanted.parent_id == ROOT
        first["parentEntityUpdate"] = {"updateType": "DELETE"} if detached else {"updateType": "UPDATE", "parentEntityId": wanted.parent_id}
        reasons.append(changed_value("parent", actual.parent_id, wanted.parent_id))
    if actual.name != wanted.name:
        first["entityName"] = wanted.name
        reasons.append(changed_value("name", actual.name, wanted.name))
    if wanted.description is not None and actual.description != wanted.description:
        first["description"] = wanted.description
        reasons.append(changed_value("description", actual.description, wanted.description))
    work = _ComponentWork(actual.components or {}, wanted.components, options.prune)
    if work.first:
        first["componentUpdates"] = work.first
    reasons += work.reasons
    if actual.error:
        reasons.insert(0, f"is in state ERROR: {actual.error}; it is updated, or made anew if that does not help and nothing gets lost")
        # An update, even of nothing, makes TwinMaker work on the entity again.
        first = first or {"entityName": wanted.name}
    tags = tag_changes(actual.tags or {}, wanted.tags, options.purge_tags)
    reasons += tags.reasons()
    requests = [request for request in (first, {"componentUpdates": work.second} if work.second else {}) if request]
    if not requests and not tags:
        return Changes([], tags, [], [], False, actual)
    after = dataclasses.replace(
        actual,
        name=wanted.name,
        parent_id=wanted.parent_id,
        description=actual.description if wanted.description is None else wanted.description,
        state="ACTIVE",
        error="",
        components=actual.components if wanted.components is None else work.after,
        tags=actual.tags if wanted.tags is None else tags.applied(actual.tags or {}),
    )
    return Changes(requests, tags, reasons, work.removed, moves, after)


class _ComponentWork:
    """The updates of an entity's components; ``second`` holds what can only be made once ``first`` has taken it away."""

    def __init__(self, actual: dict[str, Component], wanted: dict[str, WantedComponent] | None, prune: bool) -> None:
        self.first: Request = {}
        self.second: Request = {}
        self.reasons: list[str] = []
        self.removed: list[str] = []
        self.after = dict(actual)
        if wanted is None:
            return
        for name in sorted(wanted):
            self._bring(name, actual.get(name), wanted[name], prune)
        for name in sorted(set(actual) - set(wanted)) if prune else ():
            if not actual[name].synced:
                self._remove(name, actual[name])
                self.removed.append(name)
                self.reasons.append(f"component '{name}' is not listed")

    def _bring(self, name: str, actual: Component | None, wanted: WantedComponent, prune: bool) -> None:
        if actual is None:
            self.first[name] = _new(wanted)
            self.reasons.append(f"component '{name}' is missing")
        elif actual.type_id != wanted.type_id or actual.error:
            self._remove(name, actual)
            wanted = completed(actual, wanted, prune)
            self.second[name] = _new(wanted)
            why = (
                f"is in state ERROR: {actual.error}"
                if actual.error
                else changed_value("has its type changed;", actual.type_id, wanted.type_id)
            )
            self.reasons.append(f"component '{name}' is made anew: it {why}")
        else:
            update, reasons, after = _component_update(actual, wanted, prune)
            if update:
                self.first[name] = {"updateType": "UPDATE", "componentTypeId": wanted.type_id, **update}
                self.reasons += [f"component '{name}': {reason}" for reason in reasons]
                self.after[name] = after
            return
        self.after[name] = made(wanted)

    def _remove(self, name: str, actual: Component) -> None:
        self.first[name] = {"updateType": "DELETE", "componentTypeId": actual.type_id}
        del self.after[name]


def completed(actual: Component, wanted: WantedComponent, prune: bool) -> WantedComponent:
    """A component to be made anew, with what the one that is there has beside what is listed. One of another type has nothing to keep."""
    if actual.type_id != wanted.type_id:
        return wanted
    kept = {
        name: WantedProperty(item.value)
        for name, item in actual.properties.items()
        if item.value is not None and (item.required or (item.resettable and not prune))
    }
    for name, item in wanted.properties.items():
        kept[name] = item if item.value is not None or name not in kept else dataclasses.replace(item, value=kept[name].value)
    groups = wanted.groups if prune and wanted.groups is not None else {**actual.groups, **(wanted.groups or {})} or None
    description = actual.description or None if wanted.description is None else wanted.description
    return WantedComponent(wanted.type_id, description, kept, groups)


def losses(actual: Actual, wanted: Wanted, options: Options) -> list[str]:
    """What an entity, read in full, would lose that no update takes from it, if it were made anew as it is wanted."""
    lost = ["its description"] if actual.description and wanted.description is None else []
    listed_components = wanted.components or {}
    takes_components = options.prune and wanted.components is not None
    for name, component in sorted((actual.components or {}).items()):
        if name in listed_components:
            item = listed_components[name]
            # Without this, an empty description or set of groups would count as one.
            before = completed(Component(component.type_id, "", {}, {}), item, options.prune)
            if completed(component, item, options.prune) != before:
                lost.append(f"values of component '{name}'")
        elif not takes_components or component.synced:
            lost.append(f"component '{name}'")
    if wanted.tags is None or not options.purge_tags:
        lost += [f"tag '{key}'" for key in sorted((actual.tags or {}).keys() - (wanted.tags or {}).keys())]
    return lost


def made(wanted: WantedComponent) -> Component:
    """A component as it is once it is made."""
    properties = {name: Property(item.value, item.definition, resettable=False) for name, item in wanted.properties.items()}
    return Component(wanted.type_id, wanted.description or "", properties, wanted.groups or {})


def made_entity(wanted: Wanted) -> Actual:
    """An entity as it is once it is made."""
    return Actual(
        entity_id=wanted.entity_id,
        name=wanted.name,
        parent_id=wanted.parent_id,
        description=wanted.description or "",
        components={name: made(component) for name, component in (wanted.components or {}).items()},
        tags=wanted.tags,
    )


def _new(wanted: WantedComponent) -> Request:
    request = component_request(wanted, "propertyUpdates", "propertyGroupUpdates")
    for name, item in request.get("propertyUpdates", {}).items():
        item["updateType"] = _property_update_type(wanted.properties[name], None)
    for name, group in request.get("propertyGroupUpdates", {}).items():
        request["propertyGroupUpdates"][name] = {**group, "updateType": "CREATE"}
    return {"updateType": "CREATE", **request}


def _property_update_type(wanted: WantedProperty, actual: Property | None) -> str:
    """CREATE adds a property of the component's own; one that the type defines is there already."""
    return "CREATE" if wanted.definition is not None and actual is None else "UPDATE"


def _component_update(actual: Component, wanted: WantedComponent, prune: bool) -> tuple[Request, list[str], Component]:
    update: Request = {}
    reasons: list[str] = []
    description = actual.description
    if wanted.description is not None and wanted.description != actual.description:
        update["description"] = description = wanted.description
        reasons.append(changed_value("description", actual.description, wanted.description))
    properties, property_updates = dict(actual.properties), {}
    for name, item in sorted(wanted.properties.items()):
        there = actual.properties.get(name)
        same_value = item.value is None or (there is not None and there.value == item.value)
        same_definition = item.definition is None or (there is not None and covers(there.definition or {}, item.definition))
        if same_value and same_definition:
            continue
        property_updates[name] = {**property_request(item), "updateType": _property_update_type(item, there)}
        before = there.value if there else None
        reasons.append(
            f"property '{name}' gets another definition" if same_value else changed_value(f"property '{name}'", before, item.value)
        )
        properties[name] = Property(
            item.value if item.value is not None else before, item.definition or (there.definition if there else None), resettable=False
        )
    for name in sorted(set(actual.properties) - set(wanted.properties)) if prune else ():
        there = actual.properties[name]
        if there.resettable:
            property_updates[name] = {"updateType": "RESET_VALUE"}
            reasons.append(f"property '{name}' is not listed, its value {shown(there.value)} goes")
            del properties[name]
    if property_updates:
        update["propertyUpdates"] = property_updates
    groups, group_updates = _group_updates(actual, wanted, prune)
    if group_updates:
        update["propertyGroupUpdates"] = group_updates
        reasons += [f"property group '{name}' changes" for name in sorted(group_updates)]
    if not update:
        return update, reasons, actual
    return update, reasons, dataclasses.replace(actual, description=description, properties=properties, groups=groups)


def _group_updates(actual: Component, wanted: WantedComponent, prune: bool) -> tuple[dict[str, dict[str, t.Any]], Request]:
    groups, updates = dict(actual.groups), {}
    for name, group in (wanted.groups or {}).items():
        if not covers(groups.get(name), group):
            updates[name] = {**group, "updateType": "UPDATE" if name in groups else "CREATE"}
            groups[name] = group
    for name in sorted(set(groups) - set(wanted.groups or {})) if prune and wanted.groups is not None else ():
        updates[name] = {"updateType": "DELETE"}
        del groups[name]
    return groups, updates
