# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads what a workspace holds, in the shape of the options of the modules that manage it."""

from __future__ import annotations

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._aws import in_parallel
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import api, objects, read, scenes, sync_jobs, waiters, workspaces
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.component_types import RESERVED, may_hide_overrides, tidy_definition
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.model import Definition
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.objects import location
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.shapes import (
    in_making_order,
    shown_entity,
    shown_type,
    under_their_parents,
)

Answer = dict[str, t.Any]


def read_workspaces(client: t.Any, workspace_id: str | None, concurrency: int) -> list[Answer]:
    """One workspace or all; none if it is not there."""
    ids = [workspace_id] if workspace_id else sorted(summary["workspaceId"] for summary in api.list_workspaces(client))
    found = in_parallel(lambda one: api.get_workspace(client, one), ids, concurrency)
    return [workspaces.shown_workspace(answer, api.list_tags(client, answer["arn"])) for answer in found if answer]


# ---- component types


def read_component_types(client: t.Any, workspace_id: str, type_id: str | None, concurrency: int, **filter_by: t.Any) -> list[Answer]:
    """One component type, or all of the workspace's own, each after those that it needs.

    filter_by: at most one, as ``api.list_component_types`` takes it.
    """
    if type_id:
        ids = [type_id]
    else:
        listed = (summary["componentTypeId"] for summary in api.list_component_types(client, workspace_id, **filter_by))
        ids = sorted(one for one in listed if not one.startswith(RESERVED))
    found = _types_by_id(client, workspace_id, ids, concurrency)
    parents = {parent for answer in found.values() if may_hide_overrides(answer) for parent in answer.get("extendsFrom") or []}
    known = {**_types_by_id(client, workspace_id, sorted(parents - set(found)), concurrency), **found}

    def shape(answer: Answer) -> Answer:
        tags = {} if answer["componentTypeId"].startswith(RESERVED) else api.list_tags(client, answer["arn"])
        return shown_type(answer, [known[parent] for parent in answer.get("extendsFrom") or [] if parent in known], tags)

    return in_making_order(in_parallel(shape, list(found.values()), concurrency))


def _types_by_id(client: t.Any, workspace_id: str, ids: c.Sequence[str], concurrency: int) -> dict[str, Answer]:
    answers = in_parallel(lambda one: api.get_component_type(client, workspace_id, one), ids, concurrency)
    return {answer["componentTypeId"]: answer for answer in answers if answer}


def read_builtin_types(client: t.Any, workspace_id: str, **filter_by: t.Any) -> list[Answer]:
    """AWS's own component types, as the list tells of them: nobody manages them. filter_by: as ``read_component_types`` takes it."""
    listed = api.list_component_types(client, workspace_id, **filter_by)
    return [
        {
            "component_type_id": summary["componentTypeId"],
            "component_type_name": summary.get("componentTypeName") or "",
            "description": summary.get("description") or "",
            "arn": summary["arn"],
            "state": waiters.state_of(summary),
        }
        for summary in sorted(listed, key=lambda summary: str(summary["componentTypeId"]))
        if summary["componentTypeId"].startswith(RESERVED)
    ]


# ---- entities


class Definitions:
    """The property definitions of component types; each type is read once, or by several threads at the same time."""

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


def entity_ids(client: t.Any, workspace_id: str, **filter_by: str) -> list[str]:
    """filter_by: at most one, as ``api.list_entities`` takes it."""
    return sorted(summary["entityId"] for summary in api.list_entities(client, workspace_id, **filter_by))


def read_entities(client: t.Any, workspace_id: str, ids: c.Sequence[str], *, include_tags: bool, concurrency: int) -> list[Answer]:
    """The entities with their components, parents before their children; those that are not there are left out."""
    definitions = Definitions(client, workspace_id)

    def shape(entity_id: str) -> Answer | None:
        answer = api.get_entity(client, workspace_id, entity_id)
        if answer is None:
            return None
        tags = api.list_tags(client, answer["arn"]) if include_tags else None
        return shown_entity(read.complete(client, workspace_id, answer), definitions.of, tags)

    return under_their_parents([found for found in in_parallel(shape, ids, concurrency) if found])


# ---- scenes and sync jobs


def read_scenes(client: t.Any, workspace_id: str, scene_id: str | None, s3: t.Any | None, concurrency: int) -> list[Answer]:
    """One scene or all. s3: a client by which the documents are read too (key ``content``), where they are there and can be shown."""
    ids = [scene_id] if scene_id else sorted(summary["sceneId"] for summary in api.list_scenes(client, workspace_id))

    def shape(one: str) -> Answer | None:
        answer = api.get_scene(client, workspace_id, one)
        if answer is None:
            return None
        shown = scenes.shown_scene(answer, api.list_tags(client, answer["arn"]))
        document = read_document(s3, answer["contentLocation"]) if s3 else None
        return shown if document is None else {**shown, "content": document}

    return [found for found in in_parallel(shape, ids, concurrency) if found]


def read_document(s3: t.Any, url: str) -> Answer | None:
    """A scene document; None if it is not there, or is none that a viewer can show and the module for scenes would take."""
    text = objects.read(s3, *location(url))
    try:
        document = None if text is None else scenes.parsed(text, url)
    except Refused:
        return None
    return None if document is None or any(scenes.document_faults(document)) else document


def read_sync_jobs(client: t.Any, workspace_id: str, sync_source: str | None) -> list[Answer]:
    """One sync job or all."""
    sources = [sync_source] if sync_source else sorted(summary["syncSource"] for summary in api.list_sync_jobs(client, workspace_id))
    found = (api.get_sync_job(client, workspace_id, source) for source in sources)
    return [sync_jobs.shown_sync_job(answer, api.list_tags(client, answer["arn"])) for answer in found if answer]
