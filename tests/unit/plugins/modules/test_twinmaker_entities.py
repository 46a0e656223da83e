# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""twinmaker_entities against an API in memory: missing, wrong, half-made, disturbed."""

from __future__ import annotations

import copy
import typing as t

import pytest

METER = "com.example.energymeter"


def meter(number: int, panel: str = "panel-1", **properties: t.Any) -> dict[str, t.Any]:
    return {"componentTypeId": METER, "properties": {"panelId": panel, "meterId": number, **properties}}


ENTITIES: list[dict[str, t.Any]] = [
    {
        "entity_id": "panel-1",
        "name": "Panel",
        "parent_entity_id": "hall-1",
        "components": {"meter-5": meter(5, rating=7)},
        "tags": {"Cost": "1"},
    },
    {"entity_id": "hall-1", "name": "Hall 1", "parent_entity_id": "site-1", "description": "The first hall"},
    {"entity_id": "site-1", "name": "Site"},
]


@pytest.fixture(autouse=True)
def meter_type(twin: t.Any) -> None:
    twin.types[METER] = {
        "componentTypeId": METER,
        "arn": "x",
        "status": {"state": "ACTIVE", "error": {}},
        "propertyDefinitions": {
            "panelId": {"dataType": {"type": "STRING"}, "isRequiredInEntity": True},
            "meterId": {"dataType": {"type": "STRING"}, "isRequiredInEntity": True},
            "rating": {"dataType": {"type": "DOUBLE"}},
            "maker": {"dataType": {"type": "STRING"}, "defaultValue": {"stringValue": "Eastron"}},
            "kW": {"dataType": {"type": "DOUBLE"}, "isTimeSeries": True, "isStoredExternally": True},
        },
    }


@pytest.fixture
def apply(run: t.Any) -> t.Any:
    return lambda entities=ENTITIES, **options: run("twinmaker_entities", workspace_id="plant", entities=copy.deepcopy(entities), **options)


@pytest.fixture
def apply_thrice(three_times: t.Any) -> t.Any:
    return lambda entities=ENTITIES, **options: three_times(
        "twinmaker_entities", workspace_id="plant", entities=copy.deepcopy(entities), **options
    )


def actions(result: dict[str, t.Any]) -> list[tuple[str, str]]:
    return [(step["action"], step["entity_id"]) for step in result["plan"]]


def changed(**differences: t.Any) -> list[dict[str, t.Any]]:
    """ENTITIES with other values in the first one."""
    return [{**copy.deepcopy(ENTITIES[0]), **differences}, *ENTITIES[1:]]


def test_creates_what_is_missing_parents_first(twin: t.Any, apply_thrice: t.Any) -> None:
    result = apply_thrice()
    assert actions(result) == [("create", "site-1"), ("create", "hall-1"), ("create", "panel-1")]
    assert twin.tree() == {"site-1": ("$ROOT", "Site"), "hall-1": ("site-1", "Hall 1"), "panel-1": ("hall-1", "Panel")}
    assert twin.entities["hall-1"]["description"] == "The first hall"
    assert twin.tags[twin.entities["panel-1"]["arn"]] == {"Cost": "1"}
    assert result["done"] == [{"action": "create", "entity_id": entity_id} for entity_id in ("site-1", "hall-1", "panel-1")]


def test_check_mode_writes_nothing(twin: t.Any, apply: t.Any) -> None:
    assert apply(check=True)["changed"]
    assert twin.writes() == []


def test_plain_values_take_the_kind_of_the_component_type(twin: t.Any, apply: t.Any) -> None:
    apply()
    expected = {"panelId": {"stringValue": "panel-1"}, "meterId": {"stringValue": "5"}, "rating": {"doubleValue": 7.0}}
    assert twin.values("panel-1") == {"meter-5": expected}


def test_a_run_without_changes_reads_pages_and_only_entities_with_components(twin: t.Any, apply: t.Any) -> None:
    apply()
    twin.calls.clear()
    assert not apply()["changed"]
    assert sorted(set(twin.calls)) == ["GetComponentType", "GetEntity", "GetWorkspace", "ListEntities", "ListTagsForResource"]
    assert twin.count("GetEntity") == 1


def test_updates_and_moves_in_one_call(twin: t.Any, apply: t.Any, apply_thrice: t.Any) -> None:
    apply()
    twin.calls.clear()
    entry = changed(
        name="Main panel", parent_entity_id="site-1", description="new", components={"meter-5": meter(5, rating=8), "meter-6": meter(6)}
    )
    result = apply_thrice(entry)
    assert actions(result) == [("move", "panel-1")]
    reason = result["plan"][0]["reason"]
    assert "parent changes from 'hall-1' to 'site-1'" in reason and "name changes from 'Panel' to 'Main panel'" in reason
    assert "component 'meter-6' is missing" in reason and "property 'rating' changes from {\"doubleValue\": 7.0}" in reason
    assert twin.writes() == ["UpdateEntity"]
    assert twin.tree()["panel-1"] == ("site-1", "Main panel")
    assert set(twin.values("panel-1")) == {"meter-5", "meter-6"}


def test_moves_to_the_root(twin: t.Any, apply: t.Any, apply_thrice: t.Any) -> None:
    apply()
    apply_thrice(changed(parent_entity_id="$ROOT"))
    assert twin.tree()["panel-1"][0] == "$ROOT"


def test_what_is_not_given_stays(twin: t.Any, apply: t.Any) -> None:
    apply()
    assert not apply([{"entity_id": "panel-1", "name": "Panel", "parent_entity_id": "hall-1"}])["changed"]
    assert not apply(changed(components={"meter-5": {"componentTypeId": METER}}))["changed"]
    assert not apply(changed(components={}))["changed"]


def test_a_component_of_another_type_is_made_anew(twin: t.Any, apply: t.Any, apply_thrice: t.Any) -> None:
    apply()
    twin.types["com.example.other"] = {**twin.types[METER], "componentTypeId": "com.example.other"}
    apply_thrice(changed(components={"meter-5": {**meter(5), "componentTypeId": "com.example.other"}}))
    assert twin.entities["panel-1"]["components"]["meter-5"]["componentTypeId"] == "com.example.other"


def test_tags_are_purged_only_if_wanted(twin: t.Any, apply: t.Any, apply_thrice: t.Any) -> None:
    apply()
    arn = twin.entities["panel-1"]["arn"]
    apply_thrice(changed(tags={"Site": "x"}), purge_tags=False)
    assert twin.tags[arn] == {"Cost": "1", "Site": "x"}
    apply_thrice(changed(tags={"Site": "y"}))
    assert twin.tags[arn] == {"Site": "y"}


class TestPrune:
    def test_takes_away_entities_components_and_values(self, twin: t.Any, apply: t.Any, apply_thrice: t.Any) -> None:
        apply([*changed(components={"meter-5": meter(5, rating=7), "meter-6": meter(6)}), {"entity_id": "old-1", "name": "Old", "parent_entity_id": "site-1"},
               {"entity_id": "old-2", "name": "Older", "parent_entity_id": "old-1"}])  # fmt: skip
        result = apply_thrice(changed(components={"meter-5": meter(5)}), prune=True)
        assert actions(result) == [("update", "panel-1"), ("delete", "old-2"), ("delete", "old-1")]
        assert set(twin.tree()) == {"site-1", "hall-1", "panel-1"}
        assert twin.values("panel-1") == {"meter-5": {"panelId": {"stringValue": "panel-1"}, "meterId": {"stringValue": "5"}}}

    def test_is_off_by_default(self, twin: t.Any, apply: t.Any) -> None:
        apply()
        assert not apply(ENTITIES[1:])["changed"]

    def test_moves_children_out_before_their_parent_goes(self, twin: t.Any, apply: t.Any, apply_thrice: t.Any) -> None:
        apply()
        result = apply_thrice([{**ENTITIES[0], "parent_entity_id": "site-1"}, ENTITIES[2]], prune=True)
        assert actions(result) == [("move", "panel-1"), ("delete", "hall-1")]

    def test_stays_below_the_parent(self, twin: t.Any, apply: t.Any) -> None:
        apply([*ENTITIES, {"entity_id": "site-2", "name": "Other site"}])
        result = apply([], parent_entity_id="site-1", prune=True)
        assert actions(result) == [("delete", "panel-1"), ("delete", "hall-1")]
        assert set(twin.tree()) == {"site-1", "site-2"}

    def test_refuses_more_deletions_than_allowed_before_the_first_write(self, twin: t.Any, apply: t.Any) -> None:
        apply(changed(components={"meter-5": meter(5), "meter-6": meter(6)}))
        twin.calls.clear()
        result = apply([{**ENTITIES[0], "parent_entity_id": "site-1"}, ENTITIES[2]], prune=True, max_deletions=1)
        assert result["failed"] and "would delete 2 of the entities and components ('hall-1', 'panel-1/meter-6')" in result["msg"]
        assert twin.writes() == []
        assert [(step["action"], step["entity_id"]) for step in result["plan"]] == [("move", "panel-1"), ("delete", "hall-1")]
        assert result["done"] == [] and result["statistics"]["calls"] == 0

    def test_leaves_ignored_synced_and_scene_entities_and_what_is_above_them(self, twin: t.Any, apply: t.Any, apply_thrice: t.Any) -> None:
        apply()
        for entity_id, parent_id in (
            ("alarms-1", "hall-1"),
            ("below-alarm", "alarms-1"),
            ("synced-1", "site-1"),
            ("scene-1", "$SCENES"),
            ("rest-1", "site-1"),
        ):
            twin.CreateEntity("plant", entity_id, entity_id) if parent_id == "$SCENES" else twin.CreateEntity(
                "plant", entity_id, entity_id, parentEntityId=parent_id
            )
            twin.entities[entity_id]["parentEntityId"] = parent_id
            twin.entities[entity_id]["status"]["state"] = "ACTIVE"
        twin.entities["synced-1"]["syncSource"] = "SITEWISE"
        result = apply_thrice([], prune=True, ignore=["alarms-*"])
        assert actions(result) == [("delete", "panel-1"), ("delete", "rest-1")]
        assert set(twin.tree()) == {"site-1", "hall-1", "alarms-1", "below-alarm", "synced-1", "scene-1"}

    def test_an_entity_with_another_id_takes_over_the_name(self, twin: t.Any, apply: t.Any, apply_thrice: t.Any) -> None:
        apply()
        apply_thrice([{**ENTITIES[0], "entity_id": "panel-2"}, *ENTITIES[1:]], prune=True)
        assert twin.tree() == {"site-1": ("$ROOT", "Site"), "hall-1": ("site-1", "Hall 1"), "panel-2": ("hall-1", "Panel")}


def test_siblings_swap_their_names(twin: t.Any, apply: t.Any, apply_thrice: t.Any) -> None:
    pair = [
        {"entity_id": "a-1", "name": "One", "parent_entity_id": "site-1"},
        {"entity_id": "b-1", "name": "Two", "parent_entity_id": "site-1"},
    ]
    apply([*pair, ENTITIES[2]])
    apply_thrice([{**pair[0], "name": "Two"}, {**pair[1], "name": "One"}, ENTITIES[2]])
    assert twin.tree()["a-1"][1] == "Two" and twin.tree()["b-1"][1] == "One"


def test_parent_and_child_change_places(twin: t.Any, apply: t.Any, apply_thrice: t.Any) -> None:
    apply()
    apply_thrice([{**ENTITIES[0], "parent_entity_id": "site-1"}, {**ENTITIES[1], "parent_entity_id": "panel-1"}, ENTITIES[2]])
    assert twin.tree()["hall-1"][0] == "panel-1" and twin.tree()["panel-1"][0] == "site-1"


@pytest.mark.parametrize(
    ("entities", "message"),
    [
        ([ENTITIES[2], ENTITIES[2]], "entities[1].entity_id: 'site-1' is used by entities[0] already"),
        ([{"entity_id": "a-1", "name": "A", "parent_entity_id": "nowhere"}], "entities[0].parent_entity_id: there is no entity 'nowhere'"),
        (
            [{"entity_id": "a-1", "name": "A", "parent_entity_id": "b-1"}, {"entity_id": "b-1", "name": "B", "parent_entity_id": "a-1"}],
            "entities[0] ('a-1') and entities[1] ('b-1') would stand below themselves",
        ),
        (
            [ENTITIES[2], *({"entity_id": f"a-{n}", "name": "A", "parent_entity_id": "site-1"} for n in (1, 2))],
            "entities[2].name: 'A' below 'site-1' is the name of entities[1] already",
        ),
        ([{"entity_id": "a b", "name": "A"}], "entities[0].entity_id: 'a b' cannot be used"),
        ([{"entity_id": "a-1", "name": "A\n"}], "entities[0].name: 'A\n' cannot be used"),
        ([{"entity_id": "a-1", "name": "A", "components": {"m 1": meter(1)}}], "entities[0].components.m 1: 'm 1' cannot be used"),
        ([{"entity_id": "a-1", "name": "A", "components": {"m": {"componentType": METER}}}], "did you mean 'componentTypeId'"),
        (
            [{"entity_id": "a-1", "name": "A", "components": {"m": meter(1, p={"value": 1, "definition": "STRING"})}}],
            "components.m.properties.p.definition: 'STRING' is no mapping",
        ),
        (
            [{"entity_id": "a-1", "name": "A", "components": {"m": meter(1, p={"value": 1, "definition": {"dataType": "STRING"}})}}],
            "components.m.properties.p.definition.dataType: 'STRING' is no mapping",
        ),
        (
            [{"entity_id": "a-1", "name": "A", "components": {"m": {**meter(1), "propertyGroups": {"g": "x"}}}}],
            "components.m.propertyGroups.g: 'x' is no mapping",
        ),
        (
            [
                {
                    "entity_id": "a-1",
                    "name": "A",
                    "components": {"m": {**meter(1), "propertyGroups": {"g": {"groupType": "TABULAR", "propertyNames": "meterId"}}}},
                }
            ],
            "components.m.propertyGroups.g.propertyNames: 'meterId' is no list of names; give a list such as [meterId].",
        ),
        (
            [{"entity_id": "a-1", "name": "A", "components": {"m": meter(1, rating="much")}}],
            "components.m.properties.rating: 'much' is not of type DOUBLE",
        ),
        ([{"entity_id": "a-1", "name": "A", "components": {"m": meter(1, colour="red")}}], "the component type has no property 'colour'"),
        (
            [{"entity_id": "a-1", "name": "A", "components": {"m": {"componentTypeId": "x.y", "properties": {"p": 1}}}}],
            "has no component type 'x.y'",
        ),
        ([{"entity_id": "a-1", "name": "A", "tags": {"aws:x": "y"}}], "tags: 'aws:x' cannot be used"),
        ([{"entity_id": "a-1", "name": "A", "tags": {"a": None}}], "entities[0] ('a-1').tags: 'a' has no value"),
    ],
)
def test_refuses_bad_lists_before_the_first_write(twin: t.Any, apply: t.Any, entities: list[dict[str, t.Any]], message: str) -> None:
    result = apply(entities)
    assert result["failed"] and message in result["msg"]
    assert twin.writes() == []


@pytest.mark.parametrize("options", [{"concurrency": 0}, {"max_calls_per_second": 0}, {"wait_timeout": 0}])
def test_refuses_bad_options(apply: t.Any, options: dict[str, t.Any]) -> None:
    assert apply(**options)["msg"].startswith(f"{next(iter(options))}: 0")


def test_a_missing_workspace_is_an_error_but_empty_in_check_mode(twin: t.Any, apply: t.Any) -> None:
    twin.workspaces.clear()
    assert "There is no workspace 'plant'" in apply()["msg"]
    assert len(apply(check=True)["plan"]) == 3
    assert twin.writes() == []


def test_a_missing_parent_is_an_error_but_not_in_check_mode(twin: t.Any, apply: t.Any) -> None:
    entities = [{"entity_id": "a-1", "name": "A"}]
    assert "parent_entity_id: there is no entity 'site-9'" in apply(entities, parent_entity_id="site-9")["msg"]
    assert len(apply(entities, parent_entity_id="site-9", check=True)["plan"]) == 1


class TestHalfMade:
    def test_waits_for_what_settles(self, twin: t.Any, apply_thrice: t.Any) -> None:
        twin.settle = 1
        apply_thrice()
        assert twin.tree()["panel-1"] == ("hall-1", "Panel")

    def test_says_that_an_entity_does_not_settle(self, twin: t.Any, apply: t.Any) -> None:
        apply()
        twin.entities["panel-1"]["status"]["state"], twin.left["panel-1"] = "CREATING", 10**6
        assert apply(wait_timeout=1)["msg"] == (
            "entity 'panel-1' is still in state 'CREATING' after 1 s; look at it in the AWS console, or raise wait_timeout."
        )

    def test_shows_the_message_of_an_entity_in_error(self, twin: t.Any, apply: t.Any) -> None:
        twin.broken["hall-1"] = "the schema initializer failed"
        result = apply()
        assert result["failed"] and "entity 'hall-1' is in state ERROR: the schema initializer failed (VALIDATION_ERROR)" in result["msg"]
        assert [step["entity_id"] for step in result["done"]] == ["site-1"]
        assert [step["entity_id"] for step in result["failures"]] == ["hall-1"]
        assert "1 of 3 steps failed, 1 are done and 1 were not begun" in result["msg"]

    def test_an_update_repairs_an_entity_in_error(self, twin: t.Any, apply: t.Any) -> None:
        apply()
        twin.entities["panel-1"]["status"] = {"state": "ERROR", "error": {"code": "VALIDATION_ERROR", "message": "no luck"}}
        twin.calls.clear()
        result = apply()
        assert result["plan"][0]["reason"].startswith("is in state ERROR: no luck (VALIDATION_ERROR); it is updated, or made anew if")
        assert twin.writes() == ["UpdateEntity"]
        assert not apply()["changed"]

    def test_an_entity_that_no_update_repairs_is_made_anew(self, twin: t.Any, apply: t.Any, fault: t.Any) -> None:
        apply()
        twin.entities["panel-1"]["status"] = {"state": "ERROR", "error": {"code": "VALIDATION_ERROR", "message": "no luck"}}

        def refuse(operation: str, number: int) -> None:
            if operation == "UpdateEntity":
                raise fault("ValidationException", "Cannot update this")

        twin.before.append(refuse)
        twin.calls.clear()
        assert not apply().get("failed")
        assert twin.writes() == ["UpdateEntity", "DeleteEntity", "CreateEntity"]
        assert not apply()["changed"]

    @pytest.mark.parametrize(
        ("listed", "lost"),
        [
            (changed(components={}), "component 'meter-5'"),
            (changed(components={"meter-5": meter(5)}), "values of component 'meter-5'"),
            ([{key: value for key, value in ENTITIES[0].items() if key != "tags"}, *ENTITIES[1:]], "tag 'Cost'"),
        ],
    )
    def test_an_entity_that_would_lose_what_is_not_listed_is_not_made_anew(
        self, twin: t.Any, apply: t.Any, fault: t.Any, listed: list[dict[str, t.Any]], lost: str
    ) -> None:
        apply(changed(description="Beside the door"))
        twin.entities["panel-1"]["status"] = {"state": "ERROR", "error": {"code": "VALIDATION_ERROR", "message": "no luck"}}

        def refuse(operation: str, number: int) -> None:
            if operation == "UpdateEntity":
                raise fault("ValidationException", "Cannot update this")

        twin.before.append(refuse)
        twin.calls.clear()
        message = apply(listed)["msg"]
        assert (
            "entity 'panel-1' is in state ERROR (no luck (VALIDATION_ERROR))" in message
            and f"would lose its description, {lost};" in message
        )
        assert "DeleteEntity" not in twin.writes()

    @pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException", "InternalServerException"])
    def test_a_failure_that_says_nothing_about_the_entity_does_not_delete_it(
        self, twin: t.Any, apply: t.Any, fault: t.Any, no_pauses: None, code: str
    ) -> None:
        apply()
        twin.entities["panel-1"]["status"] = {"state": "ERROR", "error": {"code": "VALIDATION_ERROR", "message": "no luck"}}

        def refuse(operation: str, number: int) -> None:
            if operation == "UpdateEntity":
                raise fault(code, "not now")

        twin.before.append(refuse)
        twin.calls.clear()
        assert code in apply()["msg"]
        assert "DeleteEntity" not in twin.writes()

    def test_an_entity_that_is_well_by_now_is_not_made_anew(self, twin: t.Any, apply: t.Any, fault: t.Any) -> None:
        apply()
        twin.entities["panel-1"]["status"] = {"state": "ERROR", "error": {"code": "VALIDATION_ERROR", "message": "no luck"}}

        def mend(operation: str, number: int) -> None:
            if operation == "UpdateEntity":
                twin.entities["panel-1"]["status"] = {"state": "ACTIVE", "error": {}}
                raise fault("ValidationException", "Cannot update this")

        twin.before.append(mend)
        twin.calls.clear()
        apply()
        assert "DeleteEntity" not in twin.writes() and "panel-1" in twin.tree()

    def test_an_entity_in_error_with_children_is_not_deleted(self, twin: t.Any, apply: t.Any, fault: t.Any) -> None:
        apply()
        twin.entities["hall-1"]["status"] = {"state": "ERROR", "error": {"code": "VALIDATION_ERROR", "message": "no luck"}}

        def refuse(operation: str, number: int) -> None:
            if operation == "UpdateEntity":
                raise fault("ValidationException", "Cannot update this")

        twin.before.append(refuse)
        assert "Cannot update this" in apply()["msg"]
        assert set(twin.tree()) == {"site-1", "hall-1", "panel-1"}

    def test_a_component_in_error_is_made_anew(self, twin: t.Any, apply: t.Any) -> None:
        apply()
        twin.entities["panel-1"]["components"]["meter-5"]["status"] = {
            "state": "ERROR",
            "error": {"code": "INTERNAL_FAILURE", "message": "oh"},
        }
        result = apply()
        assert result["plan"][0]["reason"] == "component 'meter-5' is made anew: it is in state ERROR: oh (INTERNAL_FAILURE)"
        assert not apply()["changed"]

    @pytest.mark.parametrize(("prune", "rating"), [(False, {"rating": {"doubleValue": 7.0}}), (True, {})])
    def test_a_component_in_error_keeps_the_values_that_are_not_listed(
        self, twin: t.Any, apply: t.Any, prune: bool, rating: dict[str, t.Any]
    ) -> None:
        apply()
        error = {"code": "INTERNAL_FAILURE", "message": "oh"}
        twin.entities["panel-1"]["components"]["meter-5"]["status"] = {"state": "ERROR", "error": error}
        listed = {"componentTypeId": METER, "properties": {"meterId": 6}}
        assert not apply(changed(components={"meter-5": listed}), prune=prune).get("failed")
        ids = {"panelId": {"stringValue": "panel-1"}, "meterId": {"stringValue": "6"}}
        assert twin.values("panel-1") == {"meter-5": {**ids, **rating}}


class TestDisturbed:
    def test_a_create_whose_answer_was_lost_is_adopted(self, twin: t.Any, apply: t.Any, fault: t.Any) -> None:
        """botocore sends the request again after the connection broke, and meets its own entity."""
        first = {"site-1", "hall-1", "panel-1"}

        def lose(operation: str, number: int) -> None:
            if operation == "CreateEntity" and (fresh := first & set(twin.entities)):
                first.difference_update(fresh)
                raise fault("ConflictException", "exists", 409)

        twin.after.append(lose)
        assert not apply().get("failed")
        assert first == set()
        twin.after.clear()
        assert not apply()["changed"]

    def test_the_other_run_s_entity_is_brought_to_the_wanted_shape(self, twin: t.Any, apply: t.Any) -> None:
        def other_run(operation: str, number: int) -> None:
            if operation == "CreateEntity" and "hall-1" in twin.entities and "panel-1" not in twin.entities:
                twin.CreateEntity("plant", "panel-1", "Other name", parentEntityId="site-1")

        twin.before.append(other_run)
        assert not apply().get("failed")
        twin.before.clear()
        assert twin.tree()["panel-1"] == ("hall-1", "Panel")
        assert not apply()["changed"]

    def test_an_entity_that_another_run_changes_is_waited_for(self, twin: t.Any, apply: t.Any, no_pauses: None) -> None:
        apply()
        state: dict[str, t.Any] = {}

        def other_run(operation: str, number: int) -> None:
            if operation == "UpdateEntity" and not state:
                state["once"] = True
                twin.entities["panel-1"]["status"]["state"], twin.left["panel-1"] = "UPDATING", 1
                twin.entities["panel-1"]["components"]["meter-6"] = copy.deepcopy(twin.entities["panel-1"]["components"]["meter-5"])

        twin.before.append(other_run)
        assert not apply(changed(components={"meter-5": meter(5), "meter-6": meter(6)})).get("failed")
        assert twin.values("panel-1")["meter-6"]["meterId"] == {"stringValue": "6"}

    def test_an_entity_that_another_run_deletes_is_no_error(self, twin: t.Any, apply: t.Any) -> None:
        apply()
        twin.before.append(lambda operation, number: twin.entities.pop("panel-1", None) if operation == "DeleteEntity" else None)
        assert not apply(ENTITIES[1:], prune=True).get("failed")

    @pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerException"])
    def test_throttling_and_faults_of_aws_are_tried_again(
        self, twin: t.Any, apply: t.Any, fault: t.Any, no_pauses: None, code: str
    ) -> None:
        def every_third(operation: str, number: int) -> None:
            if number % 3 == 0:
                raise fault(code, "later", 429)

        twin.before.append(every_third)
        assert not apply().get("failed")
        assert not apply()["changed"]

    @pytest.mark.parametrize("code", ["ConflictException", "ValidationException"])
    def test_a_create_that_fails_beside_others_is_tried_once_more_alone(self, twin: t.Any, apply: t.Any, fault: t.Any, code: str) -> None:
        entities = [ENTITIES[2], *({"entity_id": f"a-{n}", "name": f"A {n}", "parent_entity_id": "site-1"} for n in range(6))]
        refused: list[str] = []
        create = twin.CreateEntity

        def in_the_way(workspaceId: str, entityId: str, **request: t.Any) -> t.Any:
            if entityId in ("a-0", "a-3") and entityId not in refused:
                refused.append(entityId)
                raise fault(code, "try again")
            return create(workspaceId, entityId, **request)

        twin.CreateEntity = in_the_way
        assert not apply(entities).get("failed")
        assert len(refused) == 2 and len(twin.tree()) == 7

    def test_stops_at_the_first_hard_error_and_says_what_was_done(self, twin: t.Any, apply: t.Any, fault: t.Any) -> None:
        def refuse(operation: str, number: int) -> None:
            if operation == "CreateEntity" and len(twin.entities) == 2:
                raise fault("AccessDeniedException", "not allowed to create", 403)

        twin.before.append(refuse)
        result = apply(concurrency=1)
        assert "not allowed to create (AccessDeniedException): the credentials in use lack the permission" in result["msg"]
        assert [step["entity_id"] for step in result["done"]] == ["site-1", "hall-1"]
        assert result["changed"] is True
        twin.before.clear()
        assert actions(apply()) == [("create", "panel-1")]

    @pytest.mark.parametrize("moment", ["before", "after"])
    def test_killed_at_any_call_the_next_run_finishes(self, twin: t.Any, run: t.Any, killed: t.Any, moment: str) -> None:
        """From one state to another one with creates, moves, updates, renames and deletes."""
        start: list[dict[str, t.Any]] = [
            {"entity_id": "site-1", "name": "Site"},
            *({"entity_id": f"hall-{n}", "name": f"Hall {n}", "parent_entity_id": "site-1"} for n in (1, 2)),
            *(
                {"entity_id": f"panel-{n}", "name": f"Panel {n}", "parent_entity_id": "hall-1", "components": {"m": meter(n)}}
                for n in range(3)
            ),
        ]
        goal: list[dict[str, t.Any]] = [
            {"entity_id": "site-1", "name": "Site"},
            {"entity_id": "hall-1", "name": "Hall 2", "parent_entity_id": "site-1"},
            {"entity_id": "hall-3", "name": "Hall 1", "parent_entity_id": "site-1"},
            {"entity_id": "panel-0", "name": "Panel 0", "parent_entity_id": "hall-3", "components": {"m": meter(9), "n": meter(8)}},
            {"entity_id": "panel-9", "name": "Panel 1", "parent_entity_id": "hall-1", "components": {"m": meter(1)}},
        ]

        def go(entities: list[dict[str, t.Any]]) -> dict[str, t.Any]:
            return t.cast("dict[str, t.Any]", run("twinmaker_entities", workspace_id="plant", entities=entities, prune=True, concurrency=2))

        go(start)
        begun = copy.deepcopy((twin.entities, twin.tags))
        go(goal)
        aim = (twin.tree(), {entity_id: twin.values(entity_id) for entity_id in twin.entities})
        assert len(aim[0]) == 5
        dead = False
        for last in range(200):
            twin.entities, twin.tags = copy.deepcopy(begun)
            twin.calls.clear()
            dead = False

            def kill(operation: str, number: int, last: int = last) -> None:
                nonlocal dead
                dead = dead or number >= last
                if dead:
                    raise killed

            hooks = getattr(twin, moment)
            hooks.append(kill)
            try:
                go(goal)
            except BaseException as error:
                if not isinstance(error, killed):
                    raise
            hooks.clear()
            result = go(goal)
            assert not result.get("failed"), result["msg"]
            assert (twin.tree(), {entity_id: twin.values(entity_id) for entity_id in twin.entities}) == aim
            if not dead:
                break
        assert last > 20 and not dead


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("ThrottlingException", "go slower"),
        ("AccessDeniedException", "lack the permission"),
        ("ServiceQuotaExceededException", "ask AWS for a higher quota"),
        ("ExpiredTokenException", "get new ones"),
        ("ValidationException", "because (ValidationException)."),
        ("InternalServerException", "because (InternalServerException)."),
    ],
)
def test_every_documented_error_is_one_sentence(twin: t.Any, apply: t.Any, fault: t.Any, no_pauses: None, code: str, remedy: str) -> None:
    def refuse(operation: str, number: int) -> None:
        if operation == "ListEntities":
            raise fault(code, "because")

    twin.before.append(refuse)
    message = apply()["msg"]
    assert message.startswith("Failed to list the entities of workspace 'plant': because") and remedy in message


@pytest.mark.parametrize(("count", "shown"), [(3, list), (1001, str)])
def test_only_short_lists_are_repeated_in_the_result(twin: t.Any, apply: t.Any, count: int, shown: type) -> None:
    listed = [{"entity_id": f"area-{number}", "name": f"Area {number}"} for number in range(count)]
    result = apply(listed, check=True)
    assert len(result["plan"]) == count
    assert isinstance(result["invocation"]["module_args"]["entities"], shown)
    assert result["invocation"]["module_args"]["workspace_id"] == "plant"
