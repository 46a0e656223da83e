# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for entities, against a model of TwinMaker that refuses what the service refuses."""

from __future__ import annotations

import dataclasses
import random

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given, settings

from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.changes import Options, changes, made_entity
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.model import (
    ROOT,
    Actual,
    Property,
    Wanted,
    WantedComponent,
    WantedProperty,
)
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.plan import Plan, plan_entities
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.reach import Scope, prune_candidates

PRUNE = Options(prune=True)


class Model:
    """Entities as TwinMaker keeps them, with its rules for parents, names, moves and deletes."""

    def __init__(self, entities: dict[str, Actual]) -> None:
        self.entities = dict(entities)

    def put(self, entity: Actual) -> None:
        assert entity.parent_id == ROOT or entity.parent_id in self.entities, f"{entity.entity_id}: parent is not there"
        node = entity.parent_id
        while node != ROOT:
            assert node != entity.entity_id, f"{entity.entity_id} is moved below itself"
            node = self.entities[node].parent_id
        siblings = [
            other for other in self.entities.values() if other.parent_id == entity.parent_id and other.entity_id != entity.entity_id
        ]
        assert entity.parent_id == ROOT or entity.name not in {other.name for other in siblings}, f"{entity.entity_id}: name is taken"
        self.entities[entity.entity_id] = entity

    def carry_out(self, plan: Plan, options: Options, seed: int) -> None:
        """Does the steps in some order that their dependencies allow."""
        left, chance = set(range(len(plan.steps))), random.Random(seed)
        done: set[int] = set()
        while left:
            ready = sorted(index for index in left if set(plan.steps[index].after) <= done)
            assert ready, "the steps wait for one another"
            index = chance.choice(ready)
            step = plan.steps[index]
            if step.action == "delete":
                assert not [other for other in self.entities.values() if other.parent_id == step.entity_id], "it has children"
                del self.entities[step.entity_id]
            elif step.aside:
                assert step.actual
                self.put(step.actual)
            elif step.action == "create":
                assert step.wanted and step.entity_id not in self.entities
                self.put(made_entity(step.wanted))
            else:
                assert step.wanted and step.actual == self.entities[step.entity_id]
                self.put(changes(step.actual, step.wanted, options).after)
            left.remove(index)
            done.add(index)


IDS = [f"e{number}" for number in range(8)]


def make_set(seed: int, size: int) -> list[Wanted]:
    """A forest of entities with names that are unique among siblings. Drawn from a seed: drawing each part would take a minute."""
    chance = random.Random(seed)
    wanted: list[Wanted] = []
    for position, entity_id in enumerate(chance.sample(IDS, size)):
        parent_id = chance.choice([ROOT, *(other.entity_id for other in wanted)])
        taken = {other.name for other in wanted if other.parent_id == parent_id}
        name = chance.choice([name for name in "ABCDEFGH" if name not in taken])
        components = chance.choice([None, {name: make_component(chance) for name in "mn" if chance.random() < 0.6}])
        tags = chance.choice([None, {key: chance.choice("12") for key in "st" if chance.random() < 0.5}])
        wanted.append(Wanted(entity_id, name, parent_id, chance.choice([None, "", "x"]), components, tags, position))
    return wanted


def make_component(chance: random.Random) -> WantedComponent:
    properties = {name: WantedProperty({"doubleValue": chance.randrange(3)}) for name in "pq" if chance.random() < 0.6}
    return WantedComponent(chance.choice(["t.1", "t.2"]), chance.choice([None, "", "x"]), properties)


sets = st.builds(make_set, st.integers(0, 2**32), st.integers(0, len(IDS)))


def made(wanted: list[Wanted]) -> dict[str, Actual]:
    """The workspace after the set was made from nothing, with values that a prune may reset."""
    entities = {}
    for entity in wanted:
        actual = made_entity(entity)
        for component in (actual.components or {}).values():
            for name, item in component.properties.items():
                component.properties[name] = Property(item.value, None, resettable=True)
        entities[entity.entity_id] = actual
    return entities


def shape(entity: Actual) -> tuple[object, ...]:
    components = {
        name: (component.type_id, component.description, {key: item.value for key, item in component.properties.items()})
        for name, component in (entity.components or {}).items()
    }
    return entity.name, entity.parent_id, entity.description, components, entity.tags or {}


def assert_is(actual: Actual, wanted: Wanted, before: Actual | None) -> None:
    """With a prune an entity is as it is wanted; what is not given is as before."""
    assert (actual.name, actual.parent_id) == (wanted.name, wanted.parent_id)
    assert actual.description == (wanted.description if wanted.description is not None else before.description if before else "")
    assert (actual.tags or {}) == (wanted.tags if wanted.tags is not None else (before.tags if before else None) or {})
    if wanted.components is None:
        assert (actual.components or {}) == ((before.components if before else None) or {})
        return
    assert set(actual.components or {}) == set(wanted.components)
    for name, component in wanted.components.items():
        there = (actual.components or {})[name]
        assert there.type_id == component.type_id
        assert {key: item.value for key, item in there.properties.items()} == {
            key: item.value for key, item in component.properties.items()
        }


@given(before=sets, after=sets, seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=300)
def test_the_plan_leads_to_what_is_wanted_in_every_order_that_it_allows(before: list[Wanted], after: list[Wanted], seed: int) -> None:
    actual = made(before)
    model = Model(actual)
    model.carry_out(plan_entities(actual, after, Scope(), PRUNE), PRUNE, seed)
    assert set(model.entities) == {entity.entity_id for entity in after}
    for entity in after:
        assert_is(model.entities[entity.entity_id], entity, actual.get(entity.entity_id))
    assert plan_entities(model.entities, after, Scope(), PRUNE).steps == []


@given(before=sets, after=sets, seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=150)
def test_without_a_prune_nothing_goes(before: list[Wanted], after: list[Wanted], seed: int) -> None:
    actual = made(before)
    model = Model(actual)
    try:
        plan = plan_entities(actual, after, Scope(), Options())
    except Refused:
        # What is not in the list can keep a name that the list wants, or make a ring.
        return
    model.carry_out(plan, Options(), seed)
    listed = {entity.entity_id for entity in after}
    assert set(model.entities) == listed | set(actual)
    assert all(model.entities[entity_id] == actual[entity_id] for entity_id in set(actual) - listed)
    assert plan_entities(model.entities, after, Scope(), Options()).steps == []


@given(wanted=sets)
@settings(deadline=None)
def test_what_is_there_needs_no_plan(wanted: list[Wanted]) -> None:
    assert plan_entities(made(wanted), wanted, Scope(), PRUNE).steps == []


@given(before=sets, after=sets, seed=st.integers(0, 1000))
@settings(deadline=None)
def test_the_order_of_the_input_never_matters(before: list[Wanted], after: list[Wanted], seed: int) -> None:
    actual = made(before)
    shuffled = list(after)
    random.Random(seed).shuffle(shuffled)
    mixed = dict(random.Random(seed).sample(sorted(actual.items()), len(actual)))
    one, other = plan_entities(actual, after, Scope(), PRUNE), plan_entities(mixed, shuffled, Scope(), PRUNE)
    assert [step.shown() for step in one.steps] == [step.shown() for step in other.steps]
    assert one.diff() == other.diff()


@given(before=sets, after=sets)
@settings(deadline=None)
def test_the_diff_is_what_happens(before: list[Wanted], after: list[Wanted]) -> None:
    actual = made(before)
    plan = plan_entities(actual, after, Scope(), PRUNE)
    model = Model(actual)
    model.carry_out(plan, PRUNE, 0)
    touched = {step.entity_id for step in plan.steps}
    assert set(plan.before) | set(plan.after) == touched
    for entity_id in touched:
        assert (shape(model.entities[entity_id]) if entity_id in model.entities else None) == (
            shape(plan.after[entity_id]) if entity_id in plan.after else None
        )


@given(before=sets, after=sets, limit=st.integers(0, 6))
@settings(deadline=None)
def test_a_prune_never_takes_more_than_allowed(before: list[Wanted], after: list[Wanted], limit: int) -> None:
    actual = made(before)
    gone = set(actual) - {entity.entity_id for entity in after}
    try:
        plan = plan_entities(actual, after, Scope(max_deletions=limit), PRUNE)
    except Refused as error:
        assert "max_deletions" in error.message
        return
    assert {step.entity_id for step in plan.steps if step.action == "delete"} == gone
    assert len(gone) <= limit


def drawn_scope(seed: int) -> Scope:
    """A parent, mostly below the root, and patterns of which some match none, one or several entities."""
    chance = random.Random(seed)
    patterns = [entity_id for entity_id in (*IDS, "e[67]") if chance.random() < 0.15]
    return Scope(chance.choice([ROOT, *IDS]), tuple(patterns))


def set_below(parent_id: str, wanted: list[Wanted]) -> list[Wanted]:
    """The set with its topmost entities below the parent, as a list leaves them that names no parent."""
    return [
        dataclasses.replace(one, parent_id=parent_id) if one.parent_id == ROOT and one.entity_id != parent_id else one for one in wanted
    ]


def with_all_below(entities: dict[str, Actual], roots: set[str]) -> set[str]:
    """The roots and everything that has one of them above it."""

    def is_below(entity_id: str) -> bool:
        return entity_id in roots or (entity_id in entities and is_below(entities[entity_id].parent_id))

    return {entity_id for entity_id in entities if is_below(entity_id)}


def with_all_above(entities: dict[str, Actual], ids: set[str]) -> set[str]:
    return {one for one in entities if with_all_below(entities, {one}) & ids}


@given(before=sets, after=sets, place=st.integers(0, 2**32), synced=st.sets(st.sampled_from(IDS), max_size=1), seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=400)
def test_a_prune_takes_away_below_its_parent_what_no_other_run_would_have_to(
    before: list[Wanted], after: list[Wanted], place: int, synced: set[str], seed: int
) -> None:
    scope = drawn_scope(place)
    actual = {one: dataclasses.replace(entity, synced=one in synced) for one, entity in made(before).items()}
    wanted = set_below(scope.parent_id, after)
    assume(scope.parent_id == ROOT or scope.parent_id in {*actual, *(one.entity_id for one in wanted)})
    model = Model(actual)
    try:
        plan = plan_entities(actual, wanted, scope, PRUNE)
    except Refused:
        # Rings, parents that are ignored or would be pruned, and names of entities that are not listed have tests of their own.
        assume(False)
    model.carry_out(plan, PRUNE, seed)
    assert plan_entities(model.entities, wanted, scope, PRUNE).steps == []
    left_alone = {one for one in actual if one in synced or one in scope.ignore or ("e[67]" in scope.ignore and one in ("e6", "e7"))}
    untouched = with_all_below(actual, left_alone)
    assert all(model.entities[one] == actual[one] for one in untouched)
    for entity in wanted:
        if entity.entity_id not in untouched and entity.entity_id in model.entities:
            assert_is(model.entities[entity.entity_id], entity, actual.get(entity.entity_id))
    # The tree as it is now, with what went where it was.
    tree = {**actual, **model.entities}
    listed = {one.entity_id for one in wanted}
    in_scope = with_all_below(tree, {scope.parent_id} - {ROOT}) - {scope.parent_id} if scope.parent_id != ROOT else set(tree)
    staying = listed | untouched | with_all_below(tree, left_alone)
    gone = set(actual) - set(model.entities)
    assert gone == in_scope - staying - with_all_above(tree, (untouched | with_all_below(tree, left_alone)) & in_scope)


@given(before=sets, after=sets, place=st.integers(0, 2**32), synced=st.sets(st.sampled_from(IDS), max_size=2))
@settings(deadline=None, max_examples=400)
def test_whatever_goes_was_read_before_even_where_synced_entities_are_not_known_yet(
    before: list[Wanted], after: list[Wanted], place: int, synced: set[str]
) -> None:
    scope = drawn_scope(place)
    summaries = made(before)
    actual = {one: dataclasses.replace(entity, synced=one in synced) for one, entity in summaries.items()}
    wanted = set_below(scope.parent_id, after)
    # Also for lists that the plan refuses later.
    to_read = prune_candidates(summaries, wanted, scope)
    try:
        plan = plan_entities(actual, wanted, scope, PRUNE)
    except Refused:
        assume(False)
    assert {step.entity_id for step in plan.steps if step.action == "delete"} <= to_read


def test_a_listed_entity_brings_what_is_not_listed_below_the_parent_where_it_goes() -> None:
    actual = {"a": Actual("a", "A", ROOT), "b": Actual("b", "B", ROOT), "c": Actual("c", "C", "b")}
    plan = plan_entities(actual, [Wanted("b", "B", "a")], Scope("a"), PRUNE)
    assert [(step.action, step.entity_id) for step in plan.steps] == [("move", "b"), ("delete", "c")]
    with pytest.raises(Refused, match="would delete 1 of the entities and components"):
        plan_entities(actual, [Wanted("b", "B", "a")], Scope("a", max_deletions=0), PRUNE)


def test_a_listed_entity_takes_what_is_not_listed_out_where_it_stays() -> None:
    actual = {"a": Actual("a", "A", ROOT), "b": Actual("b", "B", "a"), "c": Actual("c", "C", "b")}
    plan = plan_entities(actual, [Wanted("b", "B", ROOT)], Scope("a"), PRUNE)
    assert [(step.action, step.entity_id) for step in plan.steps] == [("move", "b")]


def test_an_entity_may_not_go_below_one_that_stays_below_it() -> None:
    actual = {"a": Actual("a", "A", ROOT), "b": Actual("b", "B", "a")}
    with pytest.raises(Refused, match=r"entities\[0\] \('a'\) would stand below themselves"):
        plan_entities(actual, [Wanted("a", "A", "b")], Scope(), Options())


def test_a_parent_that_would_be_pruned_is_refused() -> None:
    actual = {"a": Actual("a", "A", ROOT), "b": Actual("b", "B", "a")}
    with pytest.raises(Refused, match=r"entities\[0\].parent_entity_id: 'a' would be pruned"):
        plan_entities(actual, [Wanted("b", "B", "a")], Scope(), PRUNE)


def test_a_listed_parent_that_is_ignored_is_named_so() -> None:
    wanted = [Wanted("al", "A", ROOT), Wanted("b", "B", "al")]
    with pytest.raises(Refused, match=r"entities\[0\].parent_entity_id: 'al' matches ignore and is not in the workspace"):
        plan_entities({}, wanted, Scope(ignore=("a*",)), Options())


def test_a_name_of_an_entity_that_is_not_listed_is_refused() -> None:
    actual = {"a": Actual("a", "A", ROOT), "b": Actual("b", "B", "a")}
    with pytest.raises(Refused, match="the name of entity 'b', which is not in the list already"):
        plan_entities(actual, [Wanted("c", "B", "a")], Scope(), Options())
