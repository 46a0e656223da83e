# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a workspace holds, in the shape of the options of the modules that manage it."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._aws import in_parallel
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import api, objects, read, scenes, sync_jobs, waiters, workspaces
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.component_types import (
    RESERVED,
    may_hide_overrides,
    shown_type,
    tidy_definition,
)
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.model import (
    ROOT,
    Actual,
    Definition,
    Wanted,
    WantedComponent,
    WantedProperty,
)
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.objects import location
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.transformations import actual_from_answer, picture

Answer = dict[str, t.Any]

# Keys of what the info modules give that are no options of the modules that manage the same.
FACTS = ("arn", "state", "is_abstract", "error", "synced")


def as_options(shapes: c.Iterable[Answer]) -> list[Answer]:
    """The shapes without what no option takes."""
    return [{key: item for key, item in shape.items() if key not in FACTS} for shape in shapes]


def parents_first(items: c.Sequence[Answer], key: str, needs: c.Callable[[Answer], c.Iterable[str]]) -> list[Answer]:
    """The items in an order in which each comes after those that it needs, else in the order of their keys.

    needs: the keys of the items that one needs; those that are not among the items do not count.
    """
    by_key = {item[key]: item for item in items}
    ordered: dict[str, Answer] = {}
    begun: set[str] = set()

    def place(name: str) -> None:
        if name in begun or name not in by_key:
            return
        begun.add(name)
        for needed in sorted(needs(by_key[name])):
            place(needed)
        ordered[name] = by_key[name]

    for name in sorted(by_key):
        place(name)
    return list(ordered.values())


def needed_types(shape: Answer) -> list[str]:
    """The component types that have to be there before one in the shape of the module's options."""
    return [*shape.get("extends_from", []), *(part["componentTypeId"] for part in shape.get("composite_component_types", {}).values())]


def in_making_order(component_types: c.Sequence[Answer]) -> list[Answer]:
    """Component types in an order in which they can be made."""
    return parents_first(component_types, "component_type_id", needed_types)


def under_their_parents(entities: c.Sequence[Answer]) -> list[Answer]:
    """Entities in an order in which they can be made."""
    return parents_first(entities, "entity_id", lambda shape: [shape.get("parent_entity_id", ROOT)])


# ---- workspaces


def read_workspaces(client: t.Any, workspace_id: str | None, concurrency: int) -> list[Answer]:
    """One workspace or all; none if it is not there."""
    ids = [workspace_id] if workspace_id else sorted(summary["workspaceId"] for summary in api.list_workspaces(client))
    found = in_parallel(lambda one: api.get_workspace(client, one), ids, concurrency)
    return [workspaces.shown_workspace(answer, api.list_tags(client, answer["arn"])) for answer in found if answer]


# ---- component types


def read_component_types(client: t.Any, workspace_id: str, type_id: str | None, concurrency: int, **filter_by: t.Any) -> list[Answer]:
    """One of the workspace's own component types, or all, each after those that it needs. filter_by: as ``api.list_component_types``."""
    if type_id:
        ids = [type_id]
    else:
        listed = (summary["componentTypeId"] for summary in api.list_component_types(client, workspace_id, **filter_by))
        ids = sorted(one for one in listed if not one.startswith(RESERVED))
    found = {
        one: answer
        for one, answer in zip(
            ids, in_parallel(lambda one: api.get_component_type(client, workspace_id, one), ids, concurrency), strict=True
        )
        if answer
    }
    parents = {parent for answer in found.values() if may_hide_overrides(answer) for parent in answer.get("extendsFrom") or []}
    others = sorted(parents - set(found))
    around = dict(zip(others, in_parallel(lambda one: api.get_component_type(client, workspace_id, one), others, concurrency), strict=True))
    known = {**found, **{one: answer for one, answer in around.items() if answer}}

    def shape(answer: Answer) -> Answer:
        tags = {} if answer["componentTypeId"].startswith(RESERVED) else api.list_tags(client, answer["arn"])
        own = shown_type(answer, [known[parent] for parent in answer.get("extendsFrom") or [] if parent in known], tags)
        facts = {"arn": answer["arn"], "state": waiters.state_of(answer), "is_abstract": bool(answer.get("isAbstract"))}
        return {**own, **facts}

    return in_making_order(in_parallel(shape, list(found.values()), concurrency))


def read_builtin_types(client: t.Any, workspace_id: str) -> list[Answer]:
    """AWS's own component types, as the list tells of them: nobody manages them."""
    summaries = (summary for summary in api.list_component_types(client, workspace_id) if summary["componentTypeId"].startswith(RESERVED))
    return [
        {
            "component_type_id": summary["componentTypeId"],
            "component_type_name": summary.get("componentTypeName", ""),
            "description": summary.get("description", ""),
            "arn": summary["arn"],
            "state": waiters.state_of(summary),
        }
        for summary in sorted(summaries, key=lambda summary: str(summary["componentTypeId"]))
    ]


# ---- entities


class Definitions:
    """The property definitions of component types, each read once at most as often as there are threads."""

    def __init__(self, client: t.Any, workspace_id: str) -> None:
        self._client = client
        self._workspace_id = workspace_id
        self._known: dict[str, dict[str, Definition]] = {}

    def of(self, type_id: str) -> dict[str, Definition]:
        """By property, tidied; empty for a type that is not there."""
        if type_id not in self._known:
            answer = api.get_component_type(self._client, self._workspace_id, type_id) or {}
            definitions = answer.get("propertyDefinitions") or {}
            self._known[type_id] = {name: tidy_definition(item) for name, item in definitions.items()}
        return self._known[type_id]


def own_definitions(answer: Answer, definitions: c.Callable[[str], dict[str, Definition]]) -> dict[str, WantedComponent]:
    """Which properties of an entity (GetEntity's answer) have a definition that is not the one of their component type."""
    return {
        name: WantedComponent(
            component["componentTypeId"],
            properties={
                key: WantedProperty(definition=content["definition"])
                for key, content in (component.get("properties") or {}).items()
                if content.get("definition")
                and tidy_definition(content["definition"]) != definitions(component["componentTypeId"]).get(key)
            },
        )
        for name, component in (answer.get("components") or {}).items()
    }


def shown_entity(actual: Actual) -> Answer:
    """An entity as results show it; all but ``FACTS`` are options."""
    shape = picture(dataclasses.replace(actual, error=""))
    for component in shape.get("components", {}).values():
        component.pop("error", None)
        for content in component.get("properties", {}).values():
            if "definition" in content:
                content["definition"] = tidy_definition(content["definition"])
    facts = {"arn": actual.arn, "state": actual.state, "synced": actual.synced, **({"error": error} if (error := _errors(actual)) else {})}
    return {"entity_id": actual.entity_id, **shape, **facts}


def _errors(actual: Actual) -> str:
    components = [f"component '{name}': {item.error}" for name, item in sorted((actual.components or {}).items()) if item.error]
    return "; ".join([actual.error] * bool(actual.error) + components)


def read_entities(client: t.Any, workspace_id: str, entity_ids: c.Sequence[str], *, include_tags: bool, concurrency: int) -> list[Answer]:
    """The entities with their components; those that are not there are left out. Parents come before their children."""
    definitions = Definitions(client, workspace_id)

    def shape(entity_id: str) -> Answer | None:
        answer = api.get_entity(client, workspace_id, entity_id)
        if answer is None:
            return None
        answer = read.complete(client, workspace_id, answer)
        asked = Wanted(entity_id, answer["entityName"], ROOT, components=own_definitions(answer, definitions.of))
        return shown_entity(actual_from_answer(answer, asked, api.list_tags(client, answer["arn"]) if include_tags else None))

    return under_their_parents([found for found in in_parallel(shape, entity_ids, concurrency) if found])


def manageable(entities: c.Sequence[Answer]) -> list[Answer]:
    """The entities without those that AWS or a sync job owns, and without all below them. entities: parents first."""
    owned: set[str] = set()
    for shape in entities:
        if (
            shape["entity_id"].startswith("$")
            or shape["synced"]
            or (shape["parent_entity_id"].startswith("$") and shape["parent_entity_id"] != ROOT)
            or shape["parent_entity_id"] in owned
        ):
            owned.add(shape["entity_id"])
    return [shape for shape in entities if shape["entity_id"] not in owned]


# ---- scenes and sync jobs


def read_scenes(client: t.Any, workspace_id: str, scene_id: str | None, s3: t.Any | None, concurrency: int) -> list[Answer]:
    """One scene or all. s3: a client by which the documents are read too (key ``content``), those that are there and are JSON."""
    ids = [scene_id] if scene_id else sorted(summary["sceneId"] for summary in api.list_scenes(client, workspace_id))

    def shape(one: str) -> Answer | None:
        answer = api.get_scene(client, workspace_id, one)
        if answer is None:
            return None
        shape = scenes.shown_scene(answer, api.list_tags(client, answer["arn"]))
        document = read_document(s3, answer["contentLocation"]) if s3 else None
        return shape if document is None else {**shape, "content": document}

    return [found for found in in_parallel(shape, ids, concurrency) if found]


def read_document(s3: t.Any, url: str) -> Answer | None:
    """The scene document, None if it is not there or is none."""
    text = objects.read(s3, *location(url))
    try:
        return None if text is None else scenes.parsed(text, url)
    except Refused:
        return None


def read_sync_jobs(client: t.Any, workspace_id: str, sync_source: str | None) -> list[Answer]:
    sources = [sync_source] if sync_source else sorted(summary["syncSource"] for summary in api.list_sync_jobs(client, workspace_id))
    found = (api.get_sync_job(client, workspace_id, source) for source in sources)
    return [sync_jobs.shown_sync_job(answer, api.list_tags(client, answer["arn"])) for answer in found if answer]
