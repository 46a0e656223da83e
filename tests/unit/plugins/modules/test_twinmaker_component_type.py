# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""twinmaker_component_type against an API in memory."""

from __future__ import annotations

import copy
import typing as t

import pytest

READER = {"dataReader": {"implementedBy": {"lambda": {"arn": "arn:aws:lambda:eu-central-1:123456789012:function:reader"}}}}
OPTIONS: dict[str, t.Any] = {
    "workspace_id": "plant",
    "component_type_id": "com.example.meter",
    "description": "A meter",
    "property_definitions": {
        "panelId": {"dataType": {"type": "STRING"}, "isRequiredInEntity": True, "isExternalId": True},
        "kW": {"dataType": {"type": "DOUBLE", "unitOfMeasure": "kW"}, "isTimeSeries": True, "isStoredExternally": True},
        "maker": {"dataType": {"type": "STRING", "allowedValues": [{"stringValue": "B"}, {"stringValue": "A"}]}, "defaultValue": "A"},
    },
    "functions": READER,
    "tags": {"Site": "plant"},
}


def options(**differences: t.Any) -> dict[str, t.Any]:
    return {**copy.deepcopy(OPTIONS), **differences}


def test_creates(twin: t.Any, three_times: t.Any) -> None:
    result = three_times("twinmaker_component_type", **options())
    assert result["component_type"]["state"] == "ACTIVE" and result["component_type"]["tags"] == {"Site": "plant"}
    assert twin.types["com.example.meter"]["propertyDefinitions"]["maker"]["defaultValue"] == {"stringValue": "A"}


def test_the_service_s_own_additions_are_no_change(twin: t.Any, run: t.Any) -> None:
    run("twinmaker_component_type", **options())
    twin.types["com.example.meter"]["functions"]["dataReader"].update(scope="ENTITY", isInherited=False)
    twin.types["com.example.meter"]["functions"]["dataReader"]["implementedBy"]["isNative"] = False
    twin.types["com.example.meter"]["propertyDefinitions"]["maker"]["dataType"]["allowedValues"].reverse()
    assert not run("twinmaker_component_type", **options())["changed"]


def test_an_update_sends_the_complete_own_definition(twin: t.Any, run: t.Any, three_times: t.Any) -> None:
    run("twinmaker_component_type", **options())
    three_times("twinmaker_component_type", workspace_id="plant", component_type_id="com.example.meter", description="Another text")
    assert set(twin.types["com.example.meter"]["propertyDefinitions"]) == {"panelId", "kW", "maker"}
    assert twin.types["com.example.meter"]["functions"] == READER


def test_a_map_is_the_complete_set(twin: t.Any, run: t.Any, three_times: t.Any) -> None:
    run("twinmaker_component_type", **options())
    definitions = {"panelId": {"dataType": {"type": "STRING"}}, "hz": {"dataType": {"type": "DOUBLE"}}}
    result = three_times("twinmaker_component_type", **options(property_definitions=definitions))
    assert set(twin.types["com.example.meter"]["propertyDefinitions"]) == {"panelId", "hz"}
    assert result["reasons"] == [
        "property_definitions: 'hz' is missing",
        "property_definitions: 'kW' is not listed",
        "property_definitions: 'maker' is not listed",
        "property_definitions: 'panelId' differs",
    ]


def test_inherited_properties_are_not_its_own(twin: t.Any, run: t.Any, three_times: t.Any) -> None:
    run("twinmaker_component_type", **options())
    child = {
        "workspace_id": "plant",
        "component_type_id": "com.example.sdm630",
        "extends_from": ["com.example.meter"],
        "property_definitions": {
            "maker": {"dataType": {"type": "STRING"}, "defaultValue": "B"},
            "serial": {"dataType": {"type": "STRING"}},
        },
    }
    three_times("twinmaker_component_type", **child)
    assert set(twin._flat("com.example.sdm630")["propertyDefinitions"]) == {"panelId", "kW", "maker", "serial"}
    three_times("twinmaker_component_type", workspace_id="plant", component_type_id="com.example.sdm630", description="new")
    sent = twin.types["com.example.sdm630"]["propertyDefinitions"]
    assert set(sent) == {"maker", "serial"} and sent["maker"]["defaultValue"] == {"stringValue": "B"}


def test_a_default_that_is_only_inherited_is_not_sent(twin: t.Any, run: t.Any) -> None:
    run("twinmaker_component_type", **options())
    child = {"workspace_id": "plant", "component_type_id": "com.example.sdm630"}
    run("twinmaker_component_type", extends_from=["com.example.meter"], **child)
    assert run("twinmaker_component_type", description="x", **child)["changed"]
    assert not twin.types["com.example.sdm630"].get("propertyDefinitions")


def test_composition_groups_and_singleton(twin: t.Any, run: t.Any, three_times: t.Any) -> None:
    run("twinmaker_component_type", **options())
    three_times(
        "twinmaker_component_type",
        workspace_id="plant",
        component_type_id="com.example.panel",
        is_singleton=True,
        component_type_name="Panel",
        property_definitions={"a": {"dataType": {"type": "DOUBLE"}}},
        property_groups={"table": {"groupType": "TABULAR", "propertyNames": ["a"]}},
        composite_component_types={"main": {"componentTypeId": "com.example.meter"}},
    )
    assert twin.types["com.example.panel"]["compositeComponentTypes"] == {"main": {"componentTypeId": "com.example.meter"}}


@pytest.mark.parametrize("check", [True, False])
def test_names_the_entities_that_keep_definitions_from_changing(twin: t.Any, run: t.Any, check: bool) -> None:
    run("twinmaker_component_type", **options())
    twin.CreateEntity(
        "plant",
        "panel-1",
        "P",
        components={"m": {"componentTypeId": "com.example.meter", "properties": {"panelId": {"value": {"stringValue": "1"}}}}},
    )
    twin.calls.clear()
    result = run("twinmaker_component_type", check=check, **options(functions={}))
    assert result["msg"] == (
        "'functions' of component type 'com.example.meter' cannot change while it is in use by 'panel-1'; take it out of use first, or make a new type."
    )
    assert result["used_by"] == ["panel-1"] and twin.writes() == []
    assert run("twinmaker_component_type", **options(description="other"))["changed"]


def test_waits_and_shows_the_message_of_an_error(twin: t.Any, run: t.Any, three_times: t.Any) -> None:
    twin.settle = 2
    three_times("twinmaker_component_type", **options())
    twin.broken["com.example.meter"] = "the reader has no permission"
    result = run("twinmaker_component_type", **options(description="other"))
    assert "component type 'com.example.meter' is in state ERROR: the reader has no permission (VALIDATION_ERROR)" in result["msg"]
    twin.broken.clear()
    result = run("twinmaker_component_type", **options(description="other"))
    assert result["reasons"] == ["is in state ERROR: the reader has no permission (VALIDATION_ERROR)"]
    assert not run("twinmaker_component_type", **options(description="other"))["changed"]


def test_a_type_that_another_run_has_made_is_taken_over(twin: t.Any, run: t.Any) -> None:
    def other_run(operation: str, number: int) -> None:
        if operation == "CreateComponentType" and not twin.types:
            twin.CreateComponentType("plant", "com.example.meter", description="other")

    twin.before.append(other_run)
    assert not run("twinmaker_component_type", **options()).get("failed")
    assert not run("twinmaker_component_type", **options())["changed"]


def test_deletes(twin: t.Any, run: t.Any, three_times: t.Any) -> None:
    twin.settle = 1
    run("twinmaker_component_type", **options())
    three_times("twinmaker_component_type", workspace_id="plant", component_type_id="com.example.meter", state="absent")
    assert twin.types == {}


def test_refuses_to_delete_what_others_inherit_from(twin: t.Any, run: t.Any) -> None:
    run("twinmaker_component_type", **options())
    run("twinmaker_component_type", workspace_id="plant", component_type_id="com.example.sdm630", extends_from=["com.example.meter"])
    result = run("twinmaker_component_type", workspace_id="plant", component_type_id="com.example.meter", state="absent")
    assert "cannot be deleted while it is in use by 'com.example.sdm630'" in result["msg"]


@pytest.mark.parametrize(
    ("differences", "message"),
    [
        ({"component_type_id": "com.amazon.mine"}, "is in AWS's own name space 'com.amazon.'"),
        ({"component_type_id": "a b"}, "component_type_id: 'a b' cannot be used"),
        ({"property_definitions": {"a b": {}}}, "property_definitions.a b: 'a b' cannot be used"),
        (
            {"property_definitions": {"a": {"datatype": {}}}},
            "property_definitions.a.datatype: there is no such key; did you mean 'dataType'.",
        ),
        ({"property_definitions": {"a": 1}}, "property_definitions.a: it is no mapping"),
        ({"property_definitions": {"a": {"dataType": "STRING"}}}, "property_definitions.a.dataType: 'STRING' is no mapping"),
        (
            {"property_definitions": {"a": {"dataType": {"type": "LIST", "nestedType": "STRING"}}}},
            "property_definitions.a.dataType.nestedType: 'STRING' is no mapping",
        ),
        ({"property_definitions": {"a": {"dataType": {"type": "LONG", "allowedValues": 5}}}}, "allowedValues: 5 is no list"),
        ({"functions": {"dataReader": {"implementedBy": "arn"}}}, "functions.dataReader.implementedBy: 'arn' is no mapping"),
        ({"functions": {"dataReader": {"requiredProperties": "meterId"}}}, "requiredProperties: 'meterId' is no list of names"),
        (
            {"property_groups": {"ids": {"groupType": "TABULAR", "propertyNames": "meterId"}}},
            "propertyNames: 'meterId' is no list of names",
        ),
        ({"property_groups": {"ids": {"groupType": ["TABULAR"], "propertyNames": ["meterId"]}}}, 'groupType: ["TABULAR"] is no text'),
        ({"property_definitions": {"a": {"dataType": {"type": "LONG"}, "defaultValue": "x"}}}, "'x' is not of type LONG"),
    ],
)
def test_refuses_bad_options(twin: t.Any, run: t.Any, differences: dict[str, t.Any], message: str) -> None:
    assert message in run("twinmaker_component_type", **options(**differences))["msg"]
    assert twin.writes() == []


def test_a_missing_workspace_is_an_error_but_not_in_check_mode(twin: t.Any, run: t.Any) -> None:
    twin.workspaces.clear()
    assert "There is no workspace 'plant'" in run("twinmaker_component_type", **options())["msg"]
    assert run("twinmaker_component_type", check=True, **options())["changed"]


def test_a_refusal_that_aws_does_not_document_is_explained_by_what_uses_the_type(twin: t.Any, run: t.Any, fault: t.Any) -> None:
    run("twinmaker_component_type", **options())
    run("twinmaker_component_type", workspace_id="plant", component_type_id="com.example.sdm630", extends_from=["com.example.meter"])
    properties = {"panelId": {"value": {"stringValue": "1"}}}
    twin.CreateEntity("plant", "panel-1", "P", components={"m": {"componentTypeId": "com.example.sdm630", "properties": properties}})

    def refuse(operation: str, number: int) -> None:
        if operation == "UpdateComponentType":
            raise fault("ValidationException", "its propertyGroups cannot be updated")

    twin.before.append(refuse)
    groups = {"plate": {"groupType": "TABULAR", "propertyNames": ["maker"]}}
    result = run("twinmaker_component_type", **options(property_groups=groups))
    assert "its propertyGroups cannot be updated (ValidationException)" in result["msg"]
    assert result["msg"].endswith("; the type, or one that depends on it, is in use by 'panel-1'.")
    assert result["used_by"] == ["panel-1"]


def test_a_refusal_for_another_reason_stays_as_it_is(twin: t.Any, run: t.Any, fault: t.Any) -> None:
    run("twinmaker_component_type", **options())

    def refuse(operation: str, number: int) -> None:
        if operation == "UpdateComponentType":
            raise fault("ValidationException", "no such property")

    twin.before.append(refuse)
    result = run("twinmaker_component_type", **options(description="other"))
    assert "no such property (ValidationException)" in result["msg"]
    assert "used_by" not in result


@pytest.mark.parametrize("check", [True, False])
def test_refuses_to_delete_what_others_are_composed_of(twin: t.Any, run: t.Any, check: bool) -> None:
    run("twinmaker_component_type", **options())
    parts = {"main": {"componentTypeId": "com.example.meter"}}
    run("twinmaker_component_type", workspace_id="plant", component_type_id="com.example.panel", composite_component_types=parts)
    twin.calls.clear()
    result = run("twinmaker_component_type", check=check, workspace_id="plant", component_type_id="com.example.meter", state="absent")
    assert "cannot be deleted while it is in use by 'com.example.panel'" in result["msg"]
    assert result["used_by"] == ["com.example.panel"]
    assert twin.writes() == []


def test_takes_an_inherited_flag_back(twin: t.Any, run: t.Any, three_times: t.Any) -> None:
    run("twinmaker_component_type", **options())
    child = {"workspace_id": "plant", "component_type_id": "com.example.sdm630", "extends_from": ["com.example.meter"]}
    run("twinmaker_component_type", **child)
    three_times("twinmaker_component_type", **child, property_definitions={"panelId": {"isRequiredInEntity": False}})
    assert twin._flat("com.example.sdm630")["propertyDefinitions"]["panelId"]["isRequiredInEntity"] is False
    three_times("twinmaker_component_type", **child, property_definitions={})
    assert twin._flat("com.example.sdm630")["propertyDefinitions"]["panelId"]["isRequiredInEntity"] is True
