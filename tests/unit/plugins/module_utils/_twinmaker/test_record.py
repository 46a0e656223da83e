# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The record between runs: whatever happens to the workspace or to the record, a run with it plans what a full read plans."""

from __future__ import annotations

import datetime
import email.utils
import json
import typing as t

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import record
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.changes import Options
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.clock import ServerClock
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.model import ROOT
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.plan import Plan, plan_entities
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.reach import Scope
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.read import Reader, definitions_of
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.transformations import wanted_entities

Answer = dict[str, t.Any]
IDS = ["e0", "e1", "e2"]
TYPES = ["t.1", "t.2"]
SUBJECT: record.Subject = {"workspace": "arn:plant", "created": 1, "parent": ROOT}
START = datetime.datetime(2026, 11, 23, 10, tzinfo=datetime.timezone.utc)


class Twin:
    """The reading half of TwinMaker's API. Its clock stamps entities in ticks, and servers do not quite agree on the time.

    now, tick, skew: seconds.
    """

    def __init__(self, tick: float) -> None:
        self.now = 0.0
        self.tick = tick
        self.skew = 0.0
        self.local = 0.0
        self.entities: dict[str, Answer] = {}
        self.types = {type_id: self._type("A") for type_id in TYPES}
        self.clock = ServerClock(lambda: self.local)
        self.reads = 0

    @staticmethod
    def _type(default: str) -> Answer:
        return {"propertyDefinitions": {"p": {"dataType": {"type": "STRING"}, "defaultValue": {"stringValue": default}}}}

    def change_type(self, type_id: str, default: str) -> None:
        self.types[type_id] = self._type(default)

    def put(self, entity_id: str, name: str, components: dict[str, tuple[str, str]]) -> None:
        ticks = (self.now + self.skew) // self.tick
        self.entities[entity_id] = {
            "entityId": entity_id,
            "entityName": name,
            "arn": f"arn:{entity_id}",
            "status": {"state": "ACTIVE", "error": {}},
            "updateDateTime": START + datetime.timedelta(seconds=ticks * self.tick),
            "components": {
                key: {"componentTypeId": type_id, "properties": {"p": {"value": {"stringValue": value}}}}
                for key, (type_id, value) in components.items()
            },
        }

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.local += seconds

    def _tell_the_time(self) -> None:
        moment = START + datetime.timedelta(seconds=int(self.now))
        self.clock.see(email.utils.format_datetime(moment, usegmt=True))

    def list_entities(self, **_request: t.Any) -> Answer:
        self._tell_the_time()
        return {"entitySummaries": [{key: item for key, item in one.items() if key != "components"} for one in self.entities.values()]}

    def get_entity(self, entityId: str, **_request: t.Any) -> Answer:
        self._tell_the_time()
        self.reads += 1
        entity = self.entities[entityId]
        components = {
            name: {
                **component,
                "properties": {
                    key: {**item, "definition": self.types[component["componentTypeId"]]["propertyDefinitions"][key]}
                    for key, item in component["properties"].items()
                },
            }
            for name, component in entity["components"].items()
        }
        return {**entity, "components": components}


def planned(
    twin: Twin, listed: list[Answer], options: Options, notes: dict[str, record.Note] | None, full: bool = False
) -> tuple[Plan, record.Known | None]:
    types: dict[str, Answer | None] = dict(twin.types)
    known = None if notes is None else record.Known(notes, record.Digests(types, options), options)
    wanted = wanted_entities(listed, ROOT, definitions_of(types))
    reader = Reader(twin, "plant", concurrency=1, wait_timeout=0, known=known, clock=twin.clock, full=full)
    found = reader.read(wanted, Scope(), options)
    return plan_entities(found.entities, found.wanted, Scope(), options), known


class Runs(RuleBasedStateMachine):
    """A run with a record after every change that somebody else makes."""

    twin: Twin

    @initialize(tick=st.sampled_from([0.001, 0.1, 1.0]), behind=st.floats(-1e6, 1e6))
    def begin(self, tick: float, behind: float) -> None:
        self.stored = b""
        self.prune = False
        self.listed: list[Answer] = []
        self.twin = Twin(tick)
        self.twin.local = behind

    @rule(seconds=st.sampled_from([0.0004, 0.01, 0.2, 0.9, 1.0, 2.0, 2.1, 60.0]))
    def time_passes(self, seconds: float) -> None:
        self.twin.pass_time(seconds)

    @rule(skew=st.floats(-0.45, 0.45))
    def another_server_stamps(self, skew: float) -> None:
        self.twin.skew = skew

    @rule(
        entity_id=st.sampled_from(IDS),
        name=st.sampled_from("AB"),
        components=st.dictionaries(st.sampled_from("mn"), st.tuples(st.sampled_from(TYPES), st.sampled_from("AB"))),
        listed=st.booleans(),
    )
    def somebody_makes_or_changes(self, entity_id: str, name: str, components: dict[str, tuple[str, str]], listed: bool) -> None:
        self.twin.put(entity_id, name, components)
        if listed:
            self.the_list_becomes_what_is_there()

    @rule(entity_id=st.sampled_from(IDS), name=st.sampled_from("mn"), value=st.sampled_from("AB"))
    def somebody_changes_a_value(self, entity_id: str, name: str, value: str) -> None:
        self.twin.put(entity_id, "A", {name: ("t.1", value)})

    @rule(entity_id=st.sampled_from(IDS))
    def somebody_deletes(self, entity_id: str) -> None:
        self.twin.entities.pop(entity_id, None)

    @rule(type_id=st.sampled_from(TYPES), default=st.sampled_from("AB"))
    def somebody_changes_a_type(self, type_id: str, default: str) -> None:
        self.twin.change_type(type_id, default)

    @rule(values=st.booleans())
    def the_list_becomes_what_is_there(self, values: bool = True) -> None:
        self.listed = [
            {
                "entity_id": entity_id,
                "name": entity["entityName"],
                "components": {
                    name: {"componentTypeId": item["componentTypeId"], "properties": item["properties"] if values else {}}
                    for name, item in entity["components"].items()
                },
            }
            for entity_id, entity in self.twin.entities.items()
        ]

    @rule()
    def the_option_prune_changes(self) -> None:
        self.prune = not self.prune

    @precondition(lambda self: self.listed)
    @rule(data=st.data(), name=st.sampled_from("AB"))
    def a_name_in_the_list_changes(self, data: st.DataObject, name: str) -> None:
        data.draw(st.sampled_from(self.listed))["name"] = name

    @precondition(lambda self: self.listed)
    @rule(data=st.data(), value=st.sampled_from("AB"))
    def the_list_changes(self, data: st.DataObject, value: str) -> None:
        entry = data.draw(st.sampled_from(self.listed))
        entry["components"] = {"m": {"componentTypeId": data.draw(st.sampled_from(TYPES)), "properties": {"p": value}}}

    @precondition(lambda self: self.stored)
    @rule(data=st.data())
    def the_record_is_damaged(self, data: st.DataObject) -> None:
        assert self.stored
        at = data.draw(st.integers(0, len(self.stored) - 1))
        self.stored = data.draw(st.sampled_from([self.stored[:at], self.stored[:at] + b"0" + self.stored[at + 1 :]]))

    @rule()
    def a_run_reads_all(self) -> None:
        self.run(full=True)

    @precondition(lambda self: hasattr(self, "twin"))
    @invariant()
    def a_run_sees_what_a_full_read_sees(self) -> None:
        self.run()

    def run(self, full: bool = False) -> None:
        options = Options(self.prune)
        without, _known = self.planned(options, None, False)
        notes = {}
        if self.stored:
            try:
                notes = record.parsed(self.stored, SUBJECT)
            except record.BadRecord:
                pass
        plan, known = self.planned(options, notes, full)
        assert [step.shown() for step in plan.steps] == [step.shown() for step in without.steps]
        assert plan.diff() == without.diff()
        assert known
        if known.has_news:
            self.stored = record.rendered(SUBJECT, known.notes)

    @rule(prune=st.booleans())
    def runs_in_peace_read_once(self, prune: bool) -> None:
        self.the_list_becomes_what_is_there()
        self.twin.pass_time(10)
        options = Options(prune)
        plan, known = self.planned(options, {}, False)
        assert known and plan.steps == []
        before = self.twin.reads
        again, knows = self.planned(options, known.notes, False)
        assert knows and again.steps == []
        assert self.twin.reads == before and not knows.has_news

    def planned(self, options: Options, notes: dict[str, record.Note] | None, full: bool) -> tuple[Plan, record.Known | None]:
        return planned(self.twin, self.listed, options, notes, full)


TestRuns = Runs.TestCase
TestRuns.settings = settings(max_examples=80, stateful_step_count=20, deadline=None)


@given(
    tick=st.sampled_from([0.001, 0.5, 1.0]),
    at=st.floats(0, 1),
    calls=st.lists(st.floats(0, 3), max_size=4),
    between=st.floats(0, 1.5),
    skews=st.tuples(st.floats(-0.45, 0.45), st.floats(-0.45, 0.45)),
    deletes=st.booleans(),
)
@settings(max_examples=400, deadline=None)
def test_a_change_in_the_same_tick_as_the_last_one_is_seen(
    tick: float, at: float, calls: list[float], between: float, skews: tuple[float, float], deletes: bool
) -> None:
    """Somebody changes an entity, a run reads it and notes it, and somebody changes it again."""
    twin, listed = Twin(tick), [{"entity_id": "e0", "name": "A", "components": {"m": {"componentTypeId": "t.1", "properties": {"p": "A"}}}}]
    twin.pass_time(100 + at)
    twin.skew = skews[0]
    twin.put("e0", "A", {"m": ("t.1", "A")})
    for seconds in calls:
        # Each answer tells the run better what time it is.
        twin.list_entities()
        twin.pass_time(seconds)
    plan, known = planned(twin, listed, Options(), {})
    assert known and plan.steps == []
    twin.pass_time(between)
    twin.skew = skews[1]
    if deletes:
        del twin.entities["e0"]
    twin.put("e0", "A", {"m": ("t.1", "B")})
    plan, _known = planned(twin, listed, Options(), known.notes)
    assert [step.entity_id for step in plan.steps] == ["e0"]


def test_a_type_with_another_default_is_a_reason_to_read() -> None:
    twin, listed = Twin(1), [{"entity_id": "e0", "name": "A", "components": {"m": {"componentTypeId": "t.1", "properties": {}}}}]
    twin.put("e0", "A", {"m": ("t.1", "A")})
    twin.pass_time(10)
    plan, known = planned(twin, listed, Options(prune=True), {})
    assert known and known.notes and plan.steps == []
    # The value was the type's own before; now the entity has one that is not listed.
    twin.change_type("t.1", "B")
    plan, _known = planned(twin, listed, Options(prune=True), known.notes)
    assert [step.entity_id for step in plan.steps] == ["e0"]


def test_what_was_noted_without_a_prune_is_read_for_one() -> None:
    twin, listed = Twin(1), [{"entity_id": "e0", "name": "A", "components": {"m": {"componentTypeId": "t.2"}}}]
    twin.change_type("t.2", "B")
    twin.put("e0", "A", {"m": ("t.2", "A")})
    twin.pass_time(10)
    plan, known = planned(twin, listed, Options(), {})
    assert known and known.notes and plan.steps == []
    plan, _known = planned(twin, listed, Options(prune=True), known.notes)
    assert [step.entity_id for step in plan.steps] == ["e0"]


note_sets = st.dictionaries(st.text(min_size=1), st.tuples(st.integers(0, 2**60), st.text()))


@given(notes=note_sets)
def test_a_record_keeps_its_notes(notes: dict[str, record.Note]) -> None:
    assert record.parsed(record.rendered(SUBJECT, notes), SUBJECT) == notes


@given(notes=note_sets, at=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_a_record_with_one_wrong_byte_is_refused_or_says_the_same(notes: dict[str, record.Note], at: int, byte: int) -> None:
    body = record.rendered(SUBJECT, notes)
    at %= len(body)
    damaged = body[:at] + bytes([byte]) + body[at + 1 :]
    assume(damaged != body)
    try:
        assert record.parsed(damaged, SUBJECT) == notes
    except record.BadRecord:
        pass


@given(
    body=st.one_of(st.binary(), st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda item: json.dumps(item).encode()))
)
def test_what_is_no_record_is_refused(body: bytes) -> None:
    with pytest.raises(record.BadRecord):
        record.parsed(body, SUBJECT)


@pytest.mark.parametrize("key", sorted(SUBJECT))
def test_a_record_of_something_else_is_refused(key: str) -> None:
    with pytest.raises(record.BadRecord, match="another workspace or another set"):
        record.parsed(record.rendered({**SUBJECT, key: "other"}, {}), SUBJECT)


def test_the_format_of_another_version_is_refused() -> None:
    body = record.rendered(SUBJECT, {}).replace(b'{"format":1', b'{"format":2', 1)
    with pytest.raises(record.BadRecord, match="format"):
        record.parsed(body, SUBJECT)


def test_the_clock_of_aws_is_never_ahead_of_the_truth() -> None:
    local = 50.0
    clock = ServerClock(lambda: local)
    assert clock.now() == 0
    for date in (None, "", "yesterday", "Mon, 99 Nov 2026 10:00:00 GMT"):
        clock.see(date)
    assert clock.now() == 0
    clock.see("Mon, 23 Nov 2026 10:00:00 GMT")
    first = clock.now()
    local += 0.5
    assert clock.now() == first + 500_000
    # An answer that was long on its way.
    clock.see("Mon, 23 Nov 2026 09:59:58 GMT")
    assert clock.now() == first + 500_000
    # The second has passed: the bound gets better.
    clock.see("Mon, 23 Nov 2026 10:00:01 GMT")
    assert clock.now() == first + 1_000_000
