# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order and the shape of what is read from a workspace."""

from __future__ import annotations

import typing as t

import hypothesis.strategies as st
from hypothesis import given

from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.changes import Options, changes
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.component_types import change_type, own_parts, tidy_definition
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.shapes import (
    manageable,
    manageable_types,
    parents_first,
    shown_entity,
    shown_type,
)
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.transformations import actual_from_answer, wanted_entity
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.usage import dependents_among
from local_cloud.services.twinmaker.definitions import ComponentTypes

NAMES = "abcdefgh"


def needs(item: dict[str, t.Any]) -> list[str]:
    return t.cast("list[str]", item["needs"])


@st.composite
def forests(draw: st.DrawFn) -> list[dict[str, t.Any]]:
    """Items that need some of those before them, in any order."""
    items = [
        {"name": name, "needs": draw(st.lists(st.sampled_from([*NAMES[:index], "elsewhere"]), max_size=3))}
        for index, name in enumerate(NAMES)
    ]
    return draw(st.permutations(items))


@given(forests())
def test_what_is_needed_comes_first_in_an_order_of_its_own(items: list[dict[str, t.Any]]) -> None:
    ordered = parents_first(items, "name", needs)
    place = {item["name"]: index for index, item in enumerate(ordered)}
    assert sorted(place) == sorted(NAMES)
    assert all(place[one] < place[item["name"]] for item in items for one in item["needs"] if one in place)
    assert ordered == parents_first(sorted(items, key=lambda item: str(item["name"])), "name", needs), (
        "the order of the input does not matter"
    )


@given(st.permutations(NAMES))
def test_a_circle_ends(names: list[str]) -> None:
    items = [{"name": name, "needs": [other]} for name, other in zip(names, names[1:] + names[:1], strict=True)]
    assert sorted(item["name"] for item in parents_first(items, "name", needs)) == sorted(NAMES)


def test_a_deep_chain_is_no_deep_call() -> None:
    count = 20_000
    items = [{"name": f"{index:06}", "needs": [f"{index + 1:06}"]} for index in range(count)]
    assert parents_first(items, "name", needs)[0]["name"] == f"{count - 1:06}"


def shape(entity_id: str, parent_id: str, *, synced: bool = False) -> dict[str, t.Any]:
    return {"entity_id": entity_id, "parent_entity_id": parent_id, "synced": synced}


def test_what_others_own_is_left_out_with_all_below_it() -> None:
    entities = [
        shape("$SCENES", "$ROOT"),
        shape("node", "$SCENES"),
        shape("below-node", "node"),
        shape("asset", "$ROOT", synced=True),
        shape("below-asset", "asset"),
        shape("mine", "$ROOT"),
    ]
    assert [entity["entity_id"] for entity in manageable(entities)] == ["mine"]


def test_types_of_a_sync_job_are_left_out() -> None:
    answers = [{"componentTypeId": "mine", "arn": "a"}, {"componentTypeId": "asset", "arn": "b", "syncSource": "SITEWISE"}]
    found = manageable_types(shown_type(one, [], {}) for one in answers)
    assert [one["component_type_id"] for one in found] == ["mine"]


def answer(**components: t.Any) -> dict[str, t.Any]:
    return {"entityId": "panel", "entityName": "Panel", "arn": "arn", "components": components, "status": {"state": "ACTIVE"}}


def test_imported_properties_are_not_the_entity_s_own() -> None:
    properties = {
        "own": {"value": {"stringValue": "x"}, "definition": {"dataType": {"type": "STRING"}}},
        "imported": {"value": {"stringValue": "y"}, "definition": {"dataType": {"type": "STRING"}, "isImported": True}},
    }
    found = shown_entity(answer(meter={"componentTypeId": "t", "properties": properties}), lambda type_id: {}, None)
    assert found["components"]["meter"]["properties"].keys() == {"own"}
    assert "tags" not in found


def test_a_prune_leaves_imported_values_alone() -> None:
    properties = {"imported": {"value": {"stringValue": "y"}, "definition": {"dataType": {"type": "STRING"}, "isImported": True}}}
    found = answer(meter={"componentTypeId": "t", "properties": properties})
    wanted = wanted_entity(shown_entity(found, lambda type_id: {}, None), "$ROOT", {})
    assert not changes(actual_from_answer(found, wanted), wanted, Options(prune=True))


def test_errors_are_told_and_are_no_option() -> None:
    status = {"state": "ERROR", "error": {"code": "VALIDATION_ERROR", "message": "no such property"}}
    found = shown_entity(answer(meter={"componentTypeId": "t", "properties": {}, "status": status}), lambda type_id: {}, {})
    assert found["error"] == "component 'meter': no such property (VALIDATION_ERROR)"
    assert found["components"] == {"meter": {"componentTypeId": "t"}}


def test_types_that_depend_on_one_by_inheritance_and_composition() -> None:
    answers: list[dict[str, t.Any]] = [
        {"componentTypeId": "heir", "extendsFrom": ["base"]},
        {"componentTypeId": "grandchild", "extendsFrom": ["heir"]},
        {"componentTypeId": "whole", "compositeComponentTypes": {"part": {"componentTypeId": "grandchild"}}},
        {"componentTypeId": "other", "extendsFrom": [], "compositeComponentTypes": {}},
        {"componentTypeId": "base"},
    ]
    assert dependents_among("base", answers) == ["grandchild", "heir", "whole"]
    assert dependents_among("other", answers) == []


def definition(**members: t.Any) -> dict[str, t.Any]:
    flags = {"isRequiredInEntity": False, "isExternalId": False, "isStoredExternally": False, "isTimeSeries": False}
    return {"dataType": {"type": "STRING"}, **flags, "isImported": False, "isFinal": False, "isInherited": False, **members}


PARENT = {"componentTypeId": "base", "propertyDefinitions": {"a": definition(isRequiredInEntity=True), "b": definition()}}


def heir(**definitions: dict[str, t.Any]) -> dict[str, t.Any]:
    inherited = {name: {**item, "isInherited": True} for name, item in definitions.items()}
    return {"componentTypeId": "heir", "extendsFrom": ["base"], "propertyDefinitions": inherited, "status": {"state": "ACTIVE"}}


def test_a_flag_that_is_taken_back_is_an_override() -> None:
    there = heir(a=definition(isRequiredInEntity=False), b=definition())
    assert own_parts(there, [PARENT])["propertyDefinitions"] == {"a": {"isRequiredInEntity": False}}
    wanted = {"propertyDefinitions": {"a": {"isRequiredInEntity": False}}}
    assert change_type(there, [PARENT], wanted).reasons == []
    change = change_type(heir(a=definition(isRequiredInEntity=True), b=definition()), [PARENT], wanted)
    assert change.request["propertyDefinitions"] == {"a": {"isRequiredInEntity": False}}
    assert change.reasons == ["property_definitions: 'a' is missing"]


def test_only_the_properties_that_differ_are_reasons() -> None:
    there = heir(a=definition(isRequiredInEntity=True, defaultValue={"stringValue": "x"}), b=definition(displayName="B"))
    wanted = {
        "propertyDefinitions": {
            "a": {"dataType": {"type": "STRING"}, "isRequiredInEntity": True, "defaultValue": {"stringValue": "x"}},
            "b": {"displayName": "C"},
        }
    }
    assert change_type(there, [PARENT], wanted).reasons == ["property_definitions: 'b' differs"]


DATA_TYPES: list[dict[str, t.Any]] = [
    {"type": "STRING"},
    {"type": "STRING", "allowedValues": [{"stringValue": "b"}, {"stringValue": "a"}]},
    {"type": "STRING", "unitOfMeasure": "kW"},
]
OWN = {
    "isRequiredInEntity": st.booleans(),
    "defaultValue": st.sampled_from([{"stringValue": "a"}, {"stringValue": "b"}]),
    "displayName": st.sampled_from(["A", "B"]),
    "configuration": st.sampled_from([{"k": "v"}, {"k": "w"}]),
}
OVERRIDES = {**OWN, "dataType": st.sampled_from(DATA_TYPES)}
KEPT_FLAGS = {flag: st.booleans() for flag in ("isExternalId", "isStoredExternally", "isTimeSeries")}


@st.composite
def families(draw: st.DrawFn) -> dict[str, dict[str, t.Any]]:
    """A type, one that inherits from it and overrides some of it, and one that inherits from that one."""
    own = st.fixed_dictionaries({"dataType": st.sampled_from(DATA_TYPES)}, optional={**OWN, **KEPT_FLAGS})
    overrides = st.dictionaries(st.sampled_from("abc"), st.fixed_dictionaries({}, optional=OVERRIDES), max_size=3)
    return {
        "base": {"propertyDefinitions": {name: draw(own) for name in "abc"}},
        "heir": {"extendsFrom": ["base"], "propertyDefinitions": {**draw(overrides), "d": draw(own)}},
        "last": {"extendsFrom": ["heir"], "propertyDefinitions": draw(overrides)},
    }


def flattened(types: dict[str, dict[str, t.Any]]) -> dict[str, dict[str, t.Any]]:
    """GetComponentType's answers, as the local cloud gives them."""
    around = ComponentTypes(types.get)
    return {
        name: {"componentTypeId": name, **one, "propertyDefinitions": around.flat(name).properties, "status": {"state": "ACTIVE"}}
        for name, one in types.items()
    }


@given(families())
def test_what_a_type_is_said_to_define_makes_the_same_type_again(types: dict[str, dict[str, t.Any]]) -> None:
    there = flattened(types)
    own = {name: own_parts(one, [there[parent] for parent in one.get("extendsFrom", [])]) for name, one in there.items()}
    for name, one in there.items():
        parents = [there[parent] for parent in one.get("extendsFrom", [])]
        assert change_type(one, parents, own[name]).reasons == []
        # What was given in the first place is there too.
        assert change_type(one, parents, {"propertyDefinitions": types[name]["propertyDefinitions"]}).reasons == []
    sent = {name: {**parts, **change_type(None, [], parts).request} for name, parts in own.items()}
    again = flattened(sent)
    for name in there:
        tidied, tidied_again = (
            {key: tidy_definition(item) for key, item in answers[name]["propertyDefinitions"].items()} for answers in (there, again)
        )
        assert tidied == tidied_again
