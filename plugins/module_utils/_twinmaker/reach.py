# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of a workspace a set of entities may touch, and what of it a prune may take away. Pure.

What stands below the parent of a set is meant as it will be after the run. Else a prune would leave what a listed entity brings along
from elsewhere, and the next run would take it away without a change to the list.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import fnmatch
import functools
import re

from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.model import ROOT, Actual, Wanted


@dataclasses.dataclass(frozen=True)
class Scope:
    """Which entities a set may touch.

    parent_id: a prune takes away below this entity only. ignore: shell patterns of entity ids; those entities and all
    below them are left as they are. max_deletions: how many entities and components may go, None is no limit.
    """

    parent_id: str = ROOT
    ignore: tuple[str, ...] = ()
    max_deletions: int | None = None


class Tree:
    """The entities of a workspace by their parents."""

    def __init__(self, parents: dict[str, str]) -> None:
        """parents: by entity."""
        self.parents = parents
        self.children: dict[str, list[str]] = {}
        for entity_id, parent_id in parents.items():
            self.children.setdefault(parent_id, []).append(entity_id)

    def below(self, entity_id: str) -> c.Iterator[str]:
        """Everything below an entity, parents first."""
        waiting = list(self.children.get(entity_id, ()))
        while waiting:
            found = waiting.pop()
            # A list can put an entity below itself, which is refused later.
            if found != entity_id:
                yield found
                waiting += self.children.get(found, ())

    def above(self, entity_id: str) -> c.Iterator[str]:
        """The parents of an entity up to the root, nearest first. No entity may be above itself."""
        parent_id = self.parents[entity_id]
        while parent_id in self.parents:
            yield parent_id
            parent_id = self.parents[parent_id]


class Reach:
    """What a set may touch.

    now, later: the tree as it is, and as it is once the listed entities have their places. listed: the ids of the list. wanted: the
    listed entities that may be touched, by id. untouchable: what is left as it is: ignored entities, AWS's own (``$SCENES``), synced ones, and all below them.
    """

    def __init__(self, actual: c.Mapping[str, Actual], wanted: c.Sequence[Wanted], scope: Scope) -> None:
        self.scope = scope
        self._ignored = re.compile("|".join(fnmatch.translate(pattern) for pattern in scope.ignore)) if scope.ignore else None
        # An entity whose parent is not listed (yet) is taken for a root, so that nothing gets lost.
        self.now = Tree(
            {
                entity_id: entity.parent_id if entity.parent_id in actual or entity.parent_id.startswith("$") else ROOT
                for entity_id, entity in actual.items()
            }
        )
        self.listed = {entity.entity_id for entity in wanted}
        self._left_alone = self._roots_left_alone(actual)
        self.untouchable = self._with_all_below(self.now)
        self.wanted = {
            entity.entity_id: entity
            for entity in wanted
            if entity.entity_id not in self.untouchable and not self.is_ignored(entity.entity_id)
        }

    @functools.cached_property
    def later(self) -> Tree:
        return Tree({**self.now.parents, **{entity_id: entity.parent_id for entity_id, entity in self.wanted.items()}})

    @functools.cached_property
    def _staying(self) -> set[str]:
        """What no prune takes away: the untouchable, and what comes below them."""
        return self.untouchable | self._with_all_below(self.later)

    def is_ignored(self, entity_id: str) -> bool:
        return bool(self._ignored and self._ignored.match(entity_id))

    def candidates(self) -> set[str]:
        """What a prune would take away if nothing had to stay for the sake of what is below it.

        Whoever knows of fewer synced entities finds the same candidates or more, never fewer.
        """
        return set(self.later.below(self.scope.parent_id)) - self.listed - self._staying

    def to_prune(self) -> set[str]:
        """The candidates without those that have something below them which stays. No entity may be above itself."""
        candidates = self.candidates()
        for entity_id in self._staying.intersection(self.later.below(self.scope.parent_id)):
            candidates.difference_update(self.later.above(entity_id))
        return candidates

    def _roots_left_alone(self, actual: c.Mapping[str, Actual]) -> list[str]:
        own = [
            entity_id for entity_id, entity in actual.items() if entity.synced or entity_id.startswith("$") or self.is_ignored(entity_id)
        ]
        # AWS's own roots may have children without being listed themselves.
        return [*own, *(parent_id for parent_id in self.now.children if parent_id.startswith("$") and parent_id != ROOT)]

    def _with_all_below(self, tree: Tree) -> set[str]:
        return {entity_id for root in self._left_alone for entity_id in (root, *tree.below(root))}


def prune_candidates(actual: c.Mapping[str, Actual], wanted: c.Sequence[Wanted], scope: Scope) -> set[str]:
    """The entities that a prune would take away as far as summaries tell. Read them before: synced ones stay."""
    return Reach(actual, wanted, scope).candidates()
