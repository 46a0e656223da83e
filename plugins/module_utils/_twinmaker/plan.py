# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the entities of a workspace and those of a list to the steps between them. Pure: no call, no clock.

Steps come in an order that TwinMaker accepts: parents before children, moves before deletes, leaves deleted first.
Each step names the earlier steps that it has to wait for; all others may run at the same time.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, building, in_order, listed
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.changes import Changes, Options, changes, made_entity
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.model import ROOT, Actual, Wanted
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.reach import Reach, Scope
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.transformations import picture


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """One change of one entity.

    action: create, update, move or delete. after: indexes of the steps to be done before; all are smaller than its own.
    aside: a name that the entity takes for a while, to free its own for another one.
    """

    action: str
    entity_id: str
    reason: str
    after: tuple[int, ...] = ()
    wanted: Wanted | None = None
    actual: Actual | None = None
    aside: str | None = None

    def shown(self) -> dict[str, str]:
        """The step as the module's result shows it."""
        return {"action": self.action, "entity_id": self.entity_id, "reason": self.reason}


@dataclasses.dataclass(frozen=True)
class Plan:
    """The steps, the entities that they change as they are, and those of them that are updated as they will be, by id."""

    steps: list[Step]
    before: dict[str, Actual]
    updated: dict[str, Actual]

    @property
    def after(self) -> dict[str, Actual]:
        """The entities that the steps make or change, as they will be."""
        return dict(self._outcomes())

    def _outcomes(self) -> c.Iterator[tuple[str, Actual]]:
        """Made one by one: for fifty thousand new entities all at once take more memory than the rest of the plan."""
        yield from self.updated.items()
        for step in self.steps:
            if step.action == "create" and step.wanted is not None:
                yield step.entity_id, made_entity(step.wanted)

    @building
    def diff(self) -> dict[str, t.Any]:
        sides = {"before": self.before.items(), "after": self._outcomes()}
        pictures = {side: {entity_id: in_order(picture(actual)) for entity_id, actual in entities} for side, entities in sides.items()}
        return {side: dict(sorted(entities.items())) for side, entities in pictures.items()}


class TooManyDeletions(Refused):
    """A prune that would take away more than ``Scope.max_deletions``. The details have the steps of the plan under ``plan``."""


@building
def plan_entities(actual: c.Mapping[str, Actual], wanted: c.Sequence[Wanted], scope: Scope, options: Options) -> Plan:
    """The steps from ``actual`` (the whole workspace) to ``wanted``, in whatever order that is given.

    Entities of ``actual`` that are wanted with components or tags have to have these read. Raises Refused when the
    list contradicts itself or the workspace, or would take away more than ``scope.max_deletions``.
    """
    return _Planner(actual, wanted, scope, options).plan()


class _Planner:
    def __init__(self, actual: c.Mapping[str, Actual], wanted: c.Sequence[Wanted], scope: Scope, options: Options) -> None:
        self.actual = actual
        self.scope = scope
        self.options = options
        self.reach = Reach(actual, wanted, scope)
        self.wanted = self.reach.wanted
        self.deleted: set[str] = set()
        self.steps: list[Step] = []
        self.updated: dict[str, Actual] = {}
        self.removed_components: list[str] = []
        self.placed_by: dict[str, int] = {}  # entity -> the step that creates or moves it
        self.set_aside_by: dict[str, int] = {}  # entity -> the step that gives it another name for a while
        self.freed_by: dict[tuple[str, str], int] = {}  # (parent, name) -> the step that frees it

    def plan(self) -> Plan:
        depths = self._depths()
        if self.options.prune:
            self.deleted = self.reach.to_prune()
        self._check_parents()
        self._check_names()
        order = sorted(self.wanted.values(), key=lambda entity: (depths[entity.entity_id], entity.entity_id))
        work = [(entity, self._changes(entity)) for entity in order]
        self._free_names([entity for entity, change in work if change is None or _takes_a_name(change)])
        for entity, change in work:
            if change is None or change:
                self._add(entity, change)
        self._add_deletes()
        self._check_deletions()
        before = {step.entity_id: self.actual[step.entity_id] for step in self.steps if step.entity_id in self.actual}
        return Plan(self.steps, before, self.updated)

    def _check_parents(self) -> None:
        faults = []
        for entity in self.wanted.values():
            parent_id = entity.parent_id
            where = f"entities[{entity.position}].parent_entity_id: "
            if parent_id in self.deleted:
                faults.append(f"{where}'{parent_id}' would be pruned, since it is not listed; list it, or choose another parent.")
            elif parent_id in self.wanted or parent_id in self.actual or parent_id == ROOT:
                continue
            elif parent_id in self.reach.listed:
                faults.append(
                    f"{where}'{parent_id}' matches ignore and is not in the workspace, so that it is not made;"
                    " take it out of ignore, or choose another parent."
                )
            elif parent_id != self.scope.parent_id:
                faults.append(
                    f"{where}there is no entity '{parent_id}' in the list or in the workspace; list it, or choose another parent."
                )
        if faults:
            raise Refused("\n".join(faults))

    def _final_parent(self, entity_id: str) -> str:
        if entity_id in self.wanted:
            return self.wanted[entity_id].parent_id
        return self.actual[entity_id].parent_id if entity_id in self.actual else ROOT

    def _depths(self) -> dict[str, int]:
        """How many entities stand above each one once the plan is done. Raises Refused for entities that are above themselves."""
        depths: dict[str, int] = {}
        for entity_id in self.wanted:
            path: dict[str, None] = {}
            node = entity_id
            while node not in depths and not node.startswith("$"):
                if node in path:
                    self._refuse_ring(list(path)[list(path).index(node) :])
                path[node] = None
                node = self._final_parent(node)
            depth = depths.get(node, -1)
            for node in reversed(path):
                depth += 1
                depths[node] = depth
        return depths

    def _refuse_ring(self, members: list[str]) -> t.NoReturn:
        named = sorted((self.wanted[member].position, member) for member in members if member in self.wanted)
        entries = " and ".join(f"entities[{position}] ('{member}')" for position, member in named)
        raise Refused(f"{entries} would stand below themselves; correct the parent_entity_id of one of them.")

    def _check_names(self) -> None:
        """Names are unique among the children of one entity; the root is free of that rule."""
        taken = {
            (entity.parent_id, entity.name): f"entity '{entity_id}', which is not in the list"
            for entity_id, entity in self.actual.items()
            if entity.parent_id != ROOT and entity_id not in self.wanted and entity_id not in self.deleted
        }
        faults = []
        for wanted in self.wanted.values():
            if wanted.parent_id == ROOT:
                continue
            other = taken.setdefault((wanted.parent_id, wanted.name), f"entities[{wanted.position}]")
            if other != f"entities[{wanted.position}]":
                faults.append(
                    f"entities[{wanted.position}].name: '{wanted.name}' below '{wanted.parent_id}' is the name of {other}"
                    " already; give the children of one entity names of their own."
                )
        if faults:
            raise Refused("\n".join(faults))

    def _changes(self, entity: Wanted) -> Changes | None:
        actual = self.actual.get(entity.entity_id)
        return None if actual is None else changes(actual, entity, self.options)

    def _free_names(self, claimants: c.Iterable[Wanted]) -> None:
        """Frees the names of entities that are about to be renamed, moved or deleted, where another entity takes them.

        Such changes can form a ring (two siblings swap their names), and an entity with children cannot be deleted
        first, so the holder takes another name for a while.
        """
        holders = {(entity.parent_id, entity.name): entity_id for entity_id, entity in self.actual.items() if entity.parent_id != ROOT}
        for claimant in claimants:
            place = (claimant.parent_id, claimant.name)
            holder = holders.get(place)
            if holder is None or holder == claimant.entity_id:
                continue
            aside = f"{claimant.name[:100]} - {holder}"
            self.set_aside_by[holder] = self.freed_by[place] = len(self.steps)
            reason = f"gives the name '{claimant.name}' free for entity '{claimant.entity_id}'"
            self.steps.append(Step("update", holder, reason, actual=dataclasses.replace(self.actual[holder], name=aside), aside=aside))

    def _add(self, entity: Wanted, change: Changes | None) -> None:
        entity_id = entity.entity_id
        set_aside = self.set_aside_by.get(entity_id)
        actual = self.actual.get(entity_id) if set_aside is None else self.steps[set_aside].actual
        freed = self.freed_by.get((entity.parent_id, entity.name)) if entity.parent_id != ROOT else None
        places = change is None or change.moves
        waits = {index for index in (set_aside, freed, self._placed_above(entity.parent_id) if places else None) if index is not None}
        action = "create" if change is None else "move" if change.moves else "update"
        reason = "is not there" if change is None else "; ".join(change.reasons)
        if places:
            self.placed_by[entity_id] = len(self.steps)
        self.steps.append(Step(action, entity_id, reason, tuple(sorted(waits)), entity, actual))
        if change is not None:
            self.updated[entity_id] = change.after
            self.removed_components += [f"{entity_id}/{name}" for name in change.removed]

    def _placed_above(self, entity_id: str) -> int | None:
        """The step that creates or moves the entity or, failing that, the nearest one above it.

        That step waits for those further above. It has to be done before: a parent must be there, and an entity may
        only move below one that is not below itself any more.
        """
        while not entity_id.startswith("$"):
            if entity_id in self.placed_by:
                return self.placed_by[entity_id]
            entity_id = self._final_parent(entity_id)
        return None

    def _add_deletes(self) -> None:
        depth = {entity_id: sum(1 for _parent in self.reach.now.above(entity_id)) for entity_id in self.deleted}
        deleted_by: dict[str, int] = {}
        for entity_id in sorted(self.deleted, key=lambda entity_id: (-depth[entity_id], entity_id)):
            waits = {self.set_aside_by.get(entity_id)}
            for child in self.reach.now.children.get(entity_id, ()):
                waits.add(deleted_by.get(child, self.placed_by.get(child)))
            deleted_by[entity_id] = len(self.steps)
            after = tuple(sorted(index for index in waits if index is not None))
            self.steps.append(Step("delete", entity_id, "is not listed", after, actual=self.actual[entity_id]))

    def _check_deletions(self) -> None:
        gone = sorted(self.deleted) + self.removed_components
        limit = self.scope.max_deletions
        if limit is not None and len(gone) > limit:
            raise TooManyDeletions(
                f"The prune would delete {len(gone)} of the entities and components ({listed(gone)}), but max_deletions is {limit};"
                " raise max_deletions if that is meant, else complete the list or set ignore.",
                plan=[step.shown() for step in self.steps],
            )


def _takes_a_name(change: Changes) -> bool:
    return change.moves or any("entityName" in request for request in change.requests)
