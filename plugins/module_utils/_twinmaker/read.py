# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads from a workspace what a plan needs: the list of all entities once, and in full only those that are compared."""

from __future__ import annotations

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._aws import in_parallel
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, listed
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import api, waiters
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.changes import Options
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.model import Actual, Definition, Wanted
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.plan import Scope, prune_candidates
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.transformations import actual_from_answer, actual_from_summary

Answer = dict[str, t.Any]


def read_definitions(
    client: t.Any, workspace_id: str, type_ids: c.Collection[str], *, concurrency: int, missing_is_fine: bool
) -> dict[str, dict[str, Definition] | None]:
    """Property definitions, inherited ones included, by component type; None for one that is not there (yet)."""
    wanted = sorted(type_ids)
    answers = in_parallel(lambda type_id: api.get_component_type(client, workspace_id, type_id), wanted, concurrency)
    missing = [type_id for type_id, answer in zip(wanted, answers, strict=True) if answer is None]
    if missing and not missing_is_fine:
        raise Refused(
            f"Workspace '{workspace_id}' has no component type {listed(missing)}; create it first (module twinmaker_component_type)."
        )
    return {type_id: answer.get("propertyDefinitions", {}) if answer else None for type_id, answer in zip(wanted, answers, strict=True)}


def to_read(actual: c.Mapping[str, Actual], wanted: c.Sequence[Wanted], scope: Scope, options: Options) -> set[str]:
    """The entities whose summary does not do for the plan. Pure.

    Summaries have neither components nor tags nor whether an entity is synced.
    """
    ids = {
        entity.entity_id
        for entity in wanted
        if entity.entity_id in actual
        and (entity.components is not None or entity.tags is not None or actual[entity.entity_id].state in waiters.CHANGING)
    }
    return ids | prune_candidates(actual, wanted, scope) if options.prune else ids


def read_entities(
    client: t.Any, workspace_id: str, wanted: c.Sequence[Wanted], scope: Scope, options: Options, *, concurrency: int, wait_timeout: float
) -> dict[str, Actual]:
    """All entities of a workspace by id. Those that matter are waited for until they change no more."""
    summaries = {summary["entityId"]: actual_from_summary(summary) for summary in api.list_entities(client, workspace_id)}
    asked = {entity.entity_id: entity for entity in wanted}
    ids = sorted(to_read(summaries, wanted, scope, options))
    found = in_parallel(
        lambda entity_id: read_entity(client, workspace_id, entity_id, asked.get(entity_id), wait_timeout), ids, concurrency
    )
    full = {entity_id: entity for entity_id, entity in zip(ids, found, strict=True) if entity is not None}
    gone = set(ids) - set(full)
    return {entity_id: full.get(entity_id, summary) for entity_id, summary in summaries.items() if entity_id not in gone}


def read_entity(client: t.Any, workspace_id: str, entity_id: str, wanted: Wanted | None, wait_timeout: float) -> Actual | None:
    """One entity in full once it has settled, or None if it is gone."""
    answer = waiters.settled_entity(client, workspace_id, entity_id, wait_timeout)
    if answer is None:
        return None
    tags = api.list_tags(client, answer["arn"]) if wanted and wanted.tags is not None else None
    return actual_from_answer(complete(client, workspace_id, answer), wanted, tags)


def complete(client: t.Any, workspace_id: str, answer: Answer) -> Answer:
    """GetEntity's answer with the components and properties that it had no room for."""
    components = {**answer.get("components", {})}
    entity_id = answer["entityId"]
    if answer.get("areAllComponentsReturned") is False:
        for summary in api.list_components(client, workspace_id, entity_id):
            components.setdefault(summary["componentName"], {**summary, "areAllPropertiesReturned": False})
    for name, component in components.items():
        if component.get("areAllPropertiesReturned") is False:
            summaries = api.list_properties(client, workspace_id, entity_id, name)
            components[name] = {**component, "properties": {summary["propertyName"]: summary for summary in summaries}}
    return {**answer, "components": components}
