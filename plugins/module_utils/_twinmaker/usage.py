# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What uses a component type and so keeps it from being changed or deleted."""

from __future__ import annotations

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._aws import in_parallel
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import api
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.component_types import RESERVED

Answer = dict[str, t.Any]

CONCURRENCY = 8


def users(client: t.Any, workspace_id: str, type_id: str) -> list[str]:
    """The entities that have a component of this very type."""
    return [entity["entityId"] for entity in api.list_entities(client, workspace_id, componentTypeId=type_id)]


def dependents(client: t.Any, workspace_id: str, type_id: str) -> list[str]:
    """The component types of the workspace that inherit from the type or are composed of it, at any depth."""
    listed = (summary["componentTypeId"] for summary in api.list_component_types(client, workspace_id))
    others = sorted(one for one in listed if one != type_id and not one.startswith(RESERVED))
    # Composition is in no list, so that every type has to be read.
    answers = in_parallel(lambda one: api.get_component_type(client, workspace_id, one), others, CONCURRENCY)
    return dependents_among(type_id, [answer for answer in answers if answer])


def dependents_among(type_id: str, answers: c.Sequence[Answer]) -> list[str]:
    """As ``dependents``, from GetComponentType's answers. Pure."""
    needs = {answer["componentTypeId"]: _needed(answer) for answer in answers}
    found: set[str] = set()
    newest = {type_id}
    while newest:
        newest = {one for one, needed in needs.items() if one not in found and newest & needed}
        found |= newest
    return sorted(found - {type_id})


def _needed(answer: Answer) -> set[str]:
    parts = (answer.get("compositeComponentTypes") or {}).values()
    return {*(answer.get("extendsFrom") or []), *(part["componentTypeId"] for part in parts)}


def all_users(client: t.Any, workspace_id: str, type_id: str) -> list[str]:
    """The entities that have a component of the type, or of one that depends on it."""
    types = [type_id, *dependents(client, workspace_id, type_id)]
    found = in_parallel(lambda one: users(client, workspace_id, one), types, CONCURRENCY)
    return sorted({entity_id for ids in found for entity_id in ids})
