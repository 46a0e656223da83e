# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of metadata transfer jobs: what one holds, how steps become rounds and files, what reports say."""

from __future__ import annotations

import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import transfer_file
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.model import ROOT, Wanted, WantedComponent, WantedProperty
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.plan import Options, Step, plan_entities
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.reach import Scope
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.transfer_apply import split


def component(**members: t.Any) -> dict[str, WantedComponent]:
    return {"m": WantedComponent("a.b", **members)}


def test_an_entity_of_a_file_has_the_names_of_the_schema() -> None:
    relation = {"relationshipValue": {"targetEntityId": "x-1", "targetComponentName": "m"}}
    # The user's names are never rewritten, whatever they are.
    properties = {"targetEntityId": WantedProperty({"listValue": [relation]}), "relationshipValue": WantedProperty({"stringValue": "a"})}
    wanted = Wanted("a-1", "A", "b-1", "text", component(properties=properties), {"targetEntityId": "t"})
    assert transfer_file.file_entity(wanted) == {
        "entityId": "a-1",
        "entityName": "A",
        "parentEntityId": "b-1",
        "description": "text",
        "components": {
            "m": {
                "componentTypeId": "a.b",
                "properties": {
                    "targetEntityId": {
                        "value": {"listValue": [{"relationshipValue": {"TargetEntityId": "x-1", "TargetComponentName": "m"}}]}
                    },
                    "relationshipValue": {"value": {"stringValue": "a"}},
                },
            }
        },
        "tags": {"targetEntityId": "t"},
    }


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (Wanted("a-1", "Hall 1", ROOT), None),
        (Wanted("a-1", "_x.y-z 9", ROOT, "d" * 512), None),
        (Wanted("a-1", "Gebäude", ROOT), "the name 'Gebäude'"),
        (Wanted("a-1", "Hall (1)", ROOT), "the name 'Hall (1)'"),
        (Wanted("a-1", "H", ROOT), "the name 'H'"),
        (Wanted("a-1", "Hall", ROOT, "d" * 513), "a description is longer than 512"),
        (Wanted("a-1", "Hall", ROOT, components=component(description="d" * 513)), "a description is longer than 512"),
        (
            Wanted("a-1", "Hall", ROOT, components=component(properties={"p": WantedProperty(definition={"configuration": {"k": "a b"}})})),
            "the configuration of property 'p' of component 'm' has 'a b'",
        ),
    ],
)
def test_what_a_file_cannot_hold_is_told(wanted: Wanted, why: str | None) -> None:
    found = transfer_file.unfit(wanted)
    assert found is None if why is None else found is not None and found.startswith(why)


def creates(*names: str) -> list[Step]:
    return [Step("create", f"e-{index}", "is not there", wanted=Wanted(f"e-{index}", name, ROOT)) for index, name in enumerate(names)]


@given(names=st.lists(st.text(min_size=1, max_size=20), max_size=20), most=st.integers(1, 5), most_bytes=st.integers(1, 300))
def test_files_hold_every_entity_once_and_keep_their_limits(names: list[str], most: int, most_bytes: int) -> None:
    steps = creates(*names)
    files = list(transfer_file.files(steps, range(len(steps)), most, most_bytes))
    held = [entity["entityId"] for file in files for entity in json.loads(file.body)["entities"]]
    assert held == [step.entity_id for step in steps] == [steps[index].entity_id for file in files for index in file.indexes]
    for file in files:
        content = json.loads(file.body)["entities"]
        assert len(content) <= most
        assert len(content) == 1 or len(file.body) <= most_bytes + len('{"entities":[]}') + 1


@given(
    parents=st.lists(st.integers(0, 10), max_size=25),
    odd=st.sets(st.integers(0, 24)),
    there=st.sets(st.integers(0, 24)),
)
def test_rounds_do_every_step_once_after_those_it_waits_for(parents: list[int], odd: set[int], there: set[int]) -> None:
    """Of real plans: a tree with entities that a file cannot hold, and some that move or go."""
    wanted = [
        Wanted(f"e-{index}", f"Näme {index}" if index in odd else f"Name {index}", f"e-{parent}" if parent < index else ROOT)
        for index, parent in enumerate(parents)
    ]
    before = plan_entities({}, [Wanted(f"e-{index}", f"Old {index}", ROOT) for index in there], Scope(), Options())
    steps = plan_entities(before.after, wanted, Scope(), Options(prune=True)).steps
    by_file = split(steps).by_file
    done: set[int] = set()
    for one in transfer_file.rounds(steps, by_file):
        assert one.indexes and all((index in by_file) is one.by_file for index in one.indexes)
        if one.by_file:
            assert all(done.issuperset(steps[index].after) for index in one.indexes)
        for index in one.indexes:
            assert index not in done and done.issuperset(steps[index].after)
            done.add(index)
        part = transfer_file.part_of(steps, one.indexes)
        assert [step.entity_id for step in part] == [steps[index].entity_id for index in one.indexes]
        assert all(earlier < number for number, step in enumerate(part) for earlier in step.after)
    assert done == set(range(len(steps)))


def test_what_is_there_never_goes_into_a_file() -> None:
    before = plan_entities({}, [Wanted("a-1", "A", ROOT), Wanted("b-1", "B", ROOT)], Scope(), Options()).after
    plan = plan_entities(before, [Wanted("a-1", "Other", ROOT), Wanted("c-1", "New one", "a-1")], Scope(), Options(prune=True))
    assert [plan.steps[index].entity_id for index in split(plan.steps).by_file] == ["c-1"]


@pytest.mark.parametrize(
    "report",
    [
        json.dumps({"errors": [{"resource": "a-1", "kind": "entities", "message": "no such type"}, {"resource": "x-9", "message": "no"}]}),
        json.dumps([{"entity": {"id": "arn:aws:iottwinmaker:x:1:workspace/w/entity/a-1", "why": "no such type"}}]),
        "id,reason\na-1,no such type\nx-9,no\n",
        '{"entityId": "a-1", "error": "no such type"}\n{"entityId": "x-9", "error": "no"}\n',
    ],
)
def test_a_report_of_any_form_gives_the_reason_beside_the_id(report: str) -> None:
    found = transfer_file.reasons(report, ["a-1", "a-12"])
    assert set(found) == {"a-1"} and "no such type" in found["a-1"]


@given(
    report=st.text()
    | st.recursive(st.none() | st.text() | st.integers(), lambda of: st.lists(of) | st.dictionaries(st.text(), of)).map(json.dumps)
)
def test_no_report_is_an_error(report: str) -> None:
    assert transfer_file.reasons(report, []) == {}
