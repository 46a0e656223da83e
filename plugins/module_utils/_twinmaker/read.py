# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads from a workspace what a plan needs: the list of all entities once, and in full only those that are compared."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._aws import in_parallel
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, listed
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import api, waiters
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.changes import Options
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.clock import ServerClock
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.model import Actual, Definition, Wanted
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.reach import Scope, prune_candidates
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.record import Known, has_components
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.transformations import actual_from_answer, actual_from_summary

Answer = dict[str, t.Any]

# Reads that wait for a thread: each takes as much memory as an entity.
AT_ONCE = 1000


def read_types(
    client: t.Any, workspace_id: str, type_ids: c.Collection[str], *, concurrency: int, missing_is_fine: bool
) -> dict[str, Answer | None]:
    """GetComponentType's answers by component type; None for one that is not there (yet)."""
    wanted = sorted(type_ids)
    answers = in_parallel(lambda type_id: api.get_component_type(client, workspace_id, type_id), wanted, concurrency)
    missing = [type_id for type_id, answer in zip(wanted, answers, strict=True) if answer is None]
    if missing and not missing_is_fine:
        raise Refused(
            f"Workspace '{workspace_id}' has no component type {listed(missing)}; create it first (module twinmaker_component_type)."
        )
    return dict(zip(wanted, answers, strict=True))


def definitions_of(types: c.Mapping[str, Answer | None]) -> dict[str, dict[str, Definition] | None]:
    """Property definitions, inherited ones included, by component type; None for one that is not there (yet)."""
    return {type_id: answer.get("propertyDefinitions", {}) if answer else None for type_id, answer in types.items()}


def read_definitions(
    client: t.Any, workspace_id: str, type_ids: c.Collection[str], *, concurrency: int, missing_is_fine: bool
) -> dict[str, dict[str, Definition] | None]:
    """As ``definitions_of`` what ``read_types`` gives."""
    return definitions_of(read_types(client, workspace_id, type_ids, concurrency=concurrency, missing_is_fine=missing_is_fine))


def to_read(
    actual: c.Mapping[str, Actual], wanted: c.Sequence[Wanted], scope: Scope, options: Options, trusted: c.Container[str] = ()
) -> set[str]:
    """The entities whose summary does not do for the plan. Pure.

    Summaries have neither components nor tags nor whether an entity is synced.
    trusted: entities whose components are known to be as they are wanted.
    """
    ids = {
        entity.entity_id
        for entity in wanted
        if entity.entity_id in actual
        and (
            actual[entity.entity_id].state in waiters.CHANGING
            or (entity.entity_id not in trusted and (has_components(entity, options) or entity.tags is not None))
        )
    }
    return ids | prune_candidates(actual, wanted, scope) if options.prune else ids


@dataclasses.dataclass(frozen=True)
class Workspace:
    """What a plan starts from.

    entities: all of the workspace by id. wanted: those of the list, without the components that need no comparing any more.
    read: how many were read in full.
    """

    entities: dict[str, Actual]
    wanted: list[Wanted]
    read: int = 0


class Reader:
    """Reads the entities of a workspace, and notes what it learns.

    known: what earlier runs have learnt; None: nothing is noted, and all is read. full: notes are made, but not used.
    """

    def __init__(
        self,
        client: t.Any,
        workspace_id: str,
        *,
        concurrency: int,
        wait_timeout: float,
        known: Known | None = None,
        clock: ServerClock | None = None,
        full: bool = False,
    ) -> None:
        self._client = client
        self._workspace_id = workspace_id
        self._concurrency = concurrency
        self._wait_timeout = wait_timeout
        self._known = known
        self._clock = clock
        self._full = full

    def read(self, wanted: c.Sequence[Wanted], scope: Scope, options: Options) -> Workspace:
        """All entities of the workspace. Those that matter are waited for until they change no more."""
        entities = {summary["entityId"]: actual_from_summary(summary) for summary in api.list_entities(self._client, self._workspace_id)}
        trusted: set[str] = set()
        if self._known:
            self._known.trust(entities, wanted, full=self._full)
            trusted = self._known.trusted
        asked = {entity.entity_id: entity for entity in wanted}
        ids = sorted(to_read(entities, wanted, scope, options, trusted))
        for start in range(0, len(ids), AT_ONCE):
            some = ids[start : start + AT_ONCE]
            for entity_id, found in zip(
                some, in_parallel(lambda one: self._one(one, asked.get(one)), some, self._concurrency), strict=True
            ):
                if found is None:
                    del entities[entity_id]
                else:
                    entities[entity_id] = found
        with_tags = [one for one in wanted if one.tags is not None and one.entity_id in trusted and one.entity_id in entities]
        arns = [entities[one.entity_id].arn for one in with_tags]
        for one, tags in zip(with_tags, in_parallel(lambda arn: api.list_tags(self._client, arn), arns, self._concurrency), strict=True):
            entities[one.entity_id] = dataclasses.replace(entities[one.entity_id], tags=tags)
        compared = [dataclasses.replace(one, components=None) if one.entity_id in trusted else one for one in wanted]
        return Workspace(entities, compared, len(ids))

    def _one(self, entity_id: str, wanted: Wanted | None) -> Actual | None:
        asked_at = self._clock.now() if self._clock else 0
        found = read_entity(self._client, self._workspace_id, entity_id, wanted, self._wait_timeout)
        if self._known and wanted:
            self._known.take(wanted, found, asked_at)
        return found


def read_entity(client: t.Any, workspace_id: str, entity_id: str, wanted: Wanted | None, wait_timeout: float) -> Actual | None:
    """One entity in full once it has settled, or None if it is gone."""
    answer = waiters.settled_entity(client, workspace_id, entity_id, wait_timeout)
    if answer is None:
        return None
    tags = api.list_tags(client, answer["arn"]) if wanted and wanted.tags is not None else None
    return actual_from_answer(complete(client, workspace_id, answer), wanted, tags)


def is_complete(answer: Answer) -> bool:
    """Whether GetEntity's answer had room for everything."""
    components = (answer.get("components") or {}).values()
    return answer.get("areAllComponentsReturned") is not False and all(
        component.get("areAllPropertiesReturned") is not False for component in components
    )


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
