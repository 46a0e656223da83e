# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a workspace holds, from the API's answers to the shape of the modules' options, in an order in which it can be made. Pure."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._plan import in_order
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import waiters
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.component_types import OPTIONS, own_parts, tidy_definition
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.model import (
    ROOT,
    Definition,
    Wanted,
    WantedComponent,
    WantedProperty,
)
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.transformations import actual_from_answer, picture

Answer = dict[str, t.Any]
DefinitionsOf = c.Callable[[str], dict[str, Definition]]

# Keys of what the info modules give that are no options of the modules that manage the same.
FACTS = ("arn", "state", "is_abstract", "error", "synced", "composite_components")


def as_options(shapes: c.Iterable[Answer]) -> list[Answer]:
    """The shapes without what no option takes."""
    return [{key: item for key, item in shape.items() if key not in FACTS} for shape in shapes]


# ---- order


def parents_first(items: c.Sequence[Answer], key: str, needs: c.Callable[[Answer], c.Iterable[str]]) -> list[Answer]:
    """The items in an order in which each comes after those that it needs, else in the order of their keys.

    needs: the keys of the items that one needs; those that are not among the items, or need it themselves, do not count.
    """
    by_key = {item[key]: item for item in items}
    placed: dict[str, Answer] = {}
    for first in sorted(by_key):
        # A stack instead of calls: how deep an input is nested is not ours to know.
        waiting = [first]
        begun: set[str] = set()
        while waiting:
            name = waiting[-1]
            missing = (
                [] if name in begun else [one for one in needs(by_key[name]) if one in by_key and one not in placed and one not in begun]
            )
            begun.add(name)
            if missing:
                waiting += sorted(missing, reverse=True)
            else:
                placed.setdefault(waiting.pop(), by_key[name])
    return list(placed.values())


def in_making_order(component_types: c.Sequence[Answer]) -> list[Answer]:
    """Component types in an order in which they can be made."""
    return parents_first(component_types, "component_type_id", _needed_types)


def _needed_types(shape: Answer) -> list[str]:
    parts = shape.get("composite_component_types") or {}
    return [*(shape.get("extends_from") or []), *(part["componentTypeId"] for part in parts.values() if part.get("componentTypeId"))]


def under_their_parents(entities: c.Sequence[Answer]) -> list[Answer]:
    """Entities in an order in which they can be made."""
    return parents_first(entities, "entity_id", lambda shape: [shape.get("parent_entity_id") or ROOT])


# ---- component types


def type_options(answer: Answer, parents: c.Sequence[Answer], tags: c.Mapping[str, str]) -> Answer:
    """What a component type defines itself. parents: GetComponentType's answers for those that it extends."""
    parts = own_parts(answer, parents)
    options = {OPTIONS[member]: in_order(parts[member]) for member in parts}
    return {"component_type_id": answer["componentTypeId"], **options, "tags": dict(tags)}


def shown_type(answer: Answer, parents: c.Sequence[Answer], tags: c.Mapping[str, str]) -> Answer:
    """A component type as results show it; all but ``FACTS`` are options. parents: as ``type_options`` takes them."""
    facts = {
        "arn": answer["arn"],
        "state": waiters.state_of(answer),
        "is_abstract": bool(answer.get("isAbstract")),
        "synced": bool(answer.get("syncSource")),
    }
    return {**type_options(answer, parents, tags), **facts}


def manageable_types(component_types: c.Iterable[Answer]) -> list[Answer]:
    """The component types without those that a sync job owns."""
    return [shape for shape in component_types if not shape["synced"]]


# ---- entities


def shown_entity(answer: Answer, definitions_of: DefinitionsOf, tags: c.Mapping[str, str] | None) -> Answer:
    """An entity (GetEntity's answer) as results show it; all but ``FACTS`` are options. tags: None if they were not read."""
    answer = {**answer, "components": {name: _without_imported(item) for name, item in (answer.get("components") or {}).items()}}
    asked = Wanted(answer["entityId"], answer["entityName"], ROOT, components=own_definitions(answer, definitions_of))
    actual = actual_from_answer(answer, asked, None if tags is None else dict(tags))
    sound = {name: dataclasses.replace(component, error="") for name, component in (actual.components or {}).items()}
    shape = {"description": "", "components": {}, **picture(dataclasses.replace(actual, components=sound, error=""))}
    facts: Answer = {"arn": actual.arn, "state": actual.state, "synced": actual.synced}
    errors = waiters.entity_errors(answer)
    if errors:
        facts["error"] = "; ".join(errors)
    composites = sorted(name for name, component in answer["components"].items() if component.get("compositeComponents"))
    if composites:
        facts["composite_components"] = composites
    if tags is not None:
        shape["tags"] = dict(tags)
    return {"entity_id": actual.entity_id, **t.cast(Answer, in_order(shape)), **facts}


def _without_imported(component: Answer) -> Answer:
    """A component without the properties that its schema initializer has brought from elsewhere, and would bring again."""
    properties = component.get("properties") or {}
    own = {name: item for name, item in properties.items() if not (item.get("definition") or {}).get("isImported")}
    return {**component, "properties": own}


def own_definitions(answer: Answer, definitions_of: DefinitionsOf) -> dict[str, WantedComponent]:
    """Which properties of an entity have a definition that is not the one of their component type."""
    return {
        name: WantedComponent(
            component["componentTypeId"],
            properties={
                key: WantedProperty(definition=content["definition"])
                for key, content in component["properties"].items()
                if content.get("definition")
                and tidy_definition(content["definition"]) != definitions_of(component["componentTypeId"]).get(key)
            },
        )
        for name, component in answer["components"].items()
    }


def manageable(entities: c.Sequence[Answer]) -> list[Answer]:
    """The entities without those that AWS or a sync job owns, and without all below them. entities: parents first."""
    owned: set[str] = set()
    for shape in entities:
        parent_id = shape["parent_entity_id"]
        below_aws = parent_id.startswith("$") and parent_id != ROOT
        if shape["synced"] or shape["entity_id"].startswith("$") or below_aws or parent_id in owned:
            owned.add(shape["entity_id"])
    return [shape for shape in entities if shape["entity_id"] not in owned]
