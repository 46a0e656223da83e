# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Component types: inheritance, what makes one abstract, and what keeps one from being changed."""

from __future__ import annotations

import typing as t

import pytest

from tests.unit.local_cloud.twinmaker.conftest import FUNCTION_ARN, METER_TYPE, Client, Clock, Refuses, meter, meter_definition

READER = {"dataReader": {"implementedBy": {"lambda": {"arn": FUNCTION_ARN}}}}
STRING = {"dataType": {"type": "STRING"}}
SERIES = {"dataType": {"type": "DOUBLE"}, "isTimeSeries": True, "isStoredExternally": True}
FLAGS = {"isTimeSeries", "isRequiredInEntity", "isExternalId", "isStoredExternally", "isImported", "isFinal", "isInherited"}


def _create(tm: Client, name: str, **members: t.Any) -> str:
    type_id = f"com.example.{name}"
    tm.create_component_type(workspaceId="plant", componentTypeId=type_id, **members)
    return type_id


def _get(tm: Client, type_id: str) -> t.Any:
    return tm.get_component_type(workspaceId="plant", componentTypeId=type_id)


def test_is_described_with_all_booleans(tm: Client, meter_type: str) -> None:
    found = _get(tm, meter_type)

    assert found["arn"].endswith(f":workspace/plant/component-type/{METER_TYPE}")
    assert found["status"] == {"state": "ACTIVE", "error": {}}
    assert (found["isAbstract"], found["isSingleton"], found["isSchemaInitialized"]) == (False, False, False)
    for definition in found["propertyDefinitions"].values():
        assert definition.keys() == FLAGS | {"dataType"}
    assert found["propertyDefinitions"]["meterId"]["isExternalId"] is True
    assert found["functions"]["dataReader"] == {
        "implementedBy": {"lambda": {"arn": FUNCTION_ARN}, "isNative": False},
        "isInherited": False,
    }


@pytest.mark.usefixtures("workspace")
def test_is_made_changed_and_removed_in_time(tm: Client, slow: Clock, refuses: Refuses) -> None:
    made = tm.create_component_type(workspaceId="plant", **meter_definition())
    assert made["state"] == "CREATING"
    assert _get(tm, METER_TYPE)["status"]["state"] == "CREATING"
    with refuses("ValidationException", "CREATING"):
        tm.update_component_type(workspaceId="plant", componentTypeId=METER_TYPE, description="x")
    with refuses("ValidationException", "do not exist in workspace"):
        _create(tm, "child", extendsFrom=[METER_TYPE])

    slow.advance(10)
    assert _get(tm, METER_TYPE)["status"]["state"] == "ACTIVE"
    updated = tm.update_component_type(workspaceId="plant", componentTypeId=METER_TYPE, description="Meter")
    assert updated["state"] == "UPDATING"
    assert _get(tm, METER_TYPE)["status"]["state"] == "UPDATING"

    slow.advance(10)
    assert tm.delete_component_type(workspaceId="plant", componentTypeId=METER_TYPE)["state"] == "DELETING"
    assert _get(tm, METER_TYPE)["status"]["state"] == "DELETING"
    slow.advance(10)
    with refuses("ResourceNotFoundException"):
        _get(tm, METER_TYPE)


@pytest.mark.usefixtures("workspace")
class TestInheritance:
    def test_takes_everything_from_its_parents(self, tm: Client) -> None:
        _create(tm, "base", propertyDefinitions={"serial": {**STRING, "isRequiredInEntity": True}, "kW": SERIES}, functions=READER)
        _create(tm, "located", propertyDefinitions={"room": STRING})

        found = _get(tm, _create(tm, "pump", extendsFrom=["com.example.base", "com.example.located"], propertyDefinitions={"own": STRING}))

        flags = {name: definition["isInherited"] for name, definition in found["propertyDefinitions"].items()}
        assert flags == {"serial": True, "kW": True, "room": True, "own": False}
        assert found["functions"]["dataReader"]["isInherited"] is True
        assert found["extendsFrom"] == ["com.example.base", "com.example.located"]

    def test_overrides_a_default(self, tm: Client) -> None:
        _create(tm, "base", propertyDefinitions={"kind": {**STRING, "configuration": {"column": "kind"}}})

        child = _create(
            tm, "pump", extendsFrom=["com.example.base"], propertyDefinitions={"kind": {"defaultValue": {"stringValue": "pump"}}}
        )

        definition = _get(tm, child)["propertyDefinitions"]["kind"]
        assert definition["isInherited"] is True
        assert definition["defaultValue"] == {"stringValue": "pump"}
        assert definition["configuration"] == {"column": "kind"}

    @pytest.mark.parametrize(
        ("own", "message"),
        [
            ({"dataType": {"type": "DOUBLE"}}, "differs from the inherited STRING"),
            ({"isTimeSeries": True}, "isTimeSeries True differs"),
            ({"defaultValue": {"doubleValue": 1.0}}, "needs stringValue"),
        ],
    )
    def test_cannot_override_what_it_is(self, tm: Client, refuses: Refuses, own: dict[str, t.Any], message: str) -> None:
        _create(tm, "base", propertyDefinitions={"kind": STRING})

        with refuses("ValidationException", message):
            _create(tm, "pump", extendsFrom=["com.example.base"], propertyDefinitions={"kind": own})

    def test_overridden_function_is_its_own(self, tm: Client) -> None:
        _create(tm, "base", propertyDefinitions={"kW": SERIES}, functions={"dataReader": {}})

        child = _get(tm, _create(tm, "pump", extendsFrom=["com.example.base"], functions=READER))

        assert _get(tm, "com.example.base")["isAbstract"] is True
        assert child["isAbstract"] is False
        assert child["functions"]["dataReader"]["isInherited"] is False

    def test_a_missing_parent_is_named(self, tm: Client, refuses: Refuses) -> None:
        with refuses("ValidationException", "[com.example.nobody] do not exist in workspace"):
            _create(tm, "pump", extendsFrom=["com.example.nobody"])

    def test_has_at_most_10_levels(self, tm: Client, refuses: Refuses) -> None:
        parent = _create(tm, "level1")
        for level in range(2, 11):
            parent = _create(tm, f"level{level}", extendsFrom=[parent])

        with refuses("ServiceQuotaExceededException", "deeper than 10"):
            _create(tm, "level11", extendsFrom=[parent])

    def test_has_at_most_10_parents(self, tm: Client, refuses: Refuses) -> None:
        parents = [_create(tm, f"parent{number}") for number in range(11)]

        with refuses("ServiceQuotaExceededException", "more than 10"):
            _create(tm, "pump", extendsFrom=parents)

    def test_cannot_become_a_circle(self, tm: Client, refuses: Refuses) -> None:
        base = _create(tm, "base")
        child = _create(tm, "child", extendsFrom=[base])

        with refuses("ValidationException", "cannot extend itself"):
            tm.update_component_type(workspaceId="plant", componentTypeId=base, extendsFrom=[child])

    def test_update_of_a_parent_must_suit_its_children(self, tm: Client, refuses: Refuses) -> None:
        base = _create(tm, "base", propertyDefinitions={"kind": STRING})
        _create(tm, "child", extendsFrom=[base], propertyDefinitions={"kind": {"defaultValue": {"stringValue": "x"}}})

        with refuses("ValidationException", "component type com.example.child"):
            tm.update_component_type(
                workspaceId="plant", componentTypeId=base, propertyDefinitions={"kind": {"dataType": {"type": "LONG"}}}
            )


@pytest.mark.usefixtures("workspace")
class TestDefinitions:
    @pytest.mark.parametrize(
        ("definition", "message"),
        [
            ({}, "needs a dataType"),
            ({"dataType": {"type": "LIST"}}, "needs a nestedType"),
            ({"dataType": {"type": "STRING", "nestedType": {"type": "STRING"}}}, "takes no nestedType"),
            ({**STRING, "defaultValue": {"longValue": 1}}, "needs stringValue"),
            ({**STRING, "defaultValue": {"stringValue": "a", "longValue": 1}}, "exactly one"),
            ({"dataType": {"type": "INTEGER"}, "defaultValue": {"integerValue": 2**31}}, "out of range"),
            ({"dataType": {"type": "STRING", "allowedValues": [{"longValue": 1}]}}, "needs stringValue"),
            (
                {"dataType": {"type": "STRING", "allowedValues": [{"stringValue": "a"}]}, "defaultValue": {"stringValue": "b"}},
                "not one of the allowed values",
            ),
        ],
    )
    def test_must_be_consistent(self, tm: Client, refuses: Refuses, definition: dict[str, t.Any], message: str) -> None:
        with refuses("ValidationException", message):
            _create(tm, "pump", propertyDefinitions={"p": definition})

    def test_nested_types_hold_their_values(self, tm: Client) -> None:
        data_type = {"type": "MAP", "nestedType": {"type": "LIST", "nestedType": {"type": "LONG"}}}
        default = {"mapValue": {"a": {"listValue": [{"longValue": 1}, {"longValue": 2}]}}}

        found = _get(tm, _create(tm, "pump", propertyDefinitions={"p": {"dataType": data_type, "defaultValue": default}}))

        assert found["propertyDefinitions"]["p"]["defaultValue"] == default
        assert found["propertyDefinitions"]["p"]["dataType"] == data_type

    @pytest.mark.parametrize(
        ("functions", "abstract"),
        [
            ({}, True),
            ({"dataReader": {"scope": "ENTITY"}}, True),
            ({"dataWriter": READER["dataReader"]}, True),
            ({"dataReaderByComponentType": READER["dataReader"]}, False),
        ],
    )
    def test_time_series_without_a_reader_are_abstract(self, tm: Client, functions: dict[str, t.Any], abstract: bool) -> None:
        found = _get(tm, _create(tm, "pump", propertyDefinitions={"kW": SERIES}, functions=functions))

        assert found["isAbstract"] is abstract

    def test_an_implemented_function_of_one_parent_goes_before_the_declared_one_of_another(self, tm: Client) -> None:
        telemetry = _create(tm, "telemetry", functions=READER)
        found = _get(tm, _create(tm, "pump", extendsFrom=["com.amazon.iottwinmaker.alarm.basic", telemetry]))

        assert found["isAbstract"] is False
        assert found["functions"]["dataReader"]["implementedBy"]["lambda"] == READER["dataReader"]["implementedBy"]["lambda"]
        assert found["functions"]["dataReader"]["isInherited"] is True

    def test_unknown_function_is_refused(self, tm: Client, refuses: Refuses) -> None:
        with refuses("ValidationException", "dataReder"):
            _create(tm, "pump", functions={"dataReder": READER["dataReader"]})

    def test_function_that_is_not_run_is_refused(self, tm: Client, refuses: Refuses) -> None:
        with refuses("NotImplemented", "schemaInitializer", status=501):
            _create(tm, "pump", functions={"schemaInitializer": READER["dataReader"]})

    def test_groups_and_required_properties_name_properties(self, tm: Client, refuses: Refuses) -> None:
        with refuses("ValidationException", "Property b of property group g"):
            _create(tm, "pump", propertyDefinitions={"a": STRING}, propertyGroups={"g": {"groupType": "TABULAR", "propertyNames": ["b"]}})
        with refuses("ValidationException", "Property b of function dataReader"):
            _create(tm, "pump", functions={"dataReader": {"requiredProperties": ["b"]}})

    def test_composites_are_shown(self, tm: Client) -> None:
        _create(tm, "motor", propertyDefinitions={"power": {"dataType": {"type": "DOUBLE"}}})

        pump = _create(tm, "pump", compositeComponentTypes={"motor": {"componentTypeId": "com.example.motor"}})

        parts = {"motor": {"componentTypeId": "com.example.motor", "isInherited": False}}
        assert _get(tm, pump)["compositeComponentTypes"] == parts

    def test_composition_has_at_most_5_levels(self, tm: Client, refuses: Refuses) -> None:
        part = _create(tm, "level0")
        for level in range(1, 5):
            part = _create(tm, f"level{level}", compositeComponentTypes={"part": {"componentTypeId": part}})

        with refuses("ServiceQuotaExceededException", "deeper than 5"):
            _create(tm, "level5", compositeComponentTypes={"part": {"componentTypeId": part}})


class TestInUse:
    @pytest.fixture(autouse=True)
    def used(self, tm: Client, meter_type: str) -> None:
        tm.create_entity(workspaceId="plant", entityId="roof", entityName="Roof", components={"meter-5": meter("roof", "5")})

    @pytest.mark.parametrize(
        "change", [{"functions": {}}, {"propertyDefinitions": {**meter_definition()["propertyDefinitions"], "hz": SERIES}}]
    )
    def test_definitions_cannot_be_updated(self, tm: Client, refuses: Refuses, change: dict[str, t.Any]) -> None:
        with refuses("ValidationException", "in use"):
            tm.update_component_type(workspaceId="plant", componentTypeId=METER_TYPE, **change)

    def test_the_same_definitions_are_no_change(self, tm: Client) -> None:
        definition = meter_definition()
        for one in definition["propertyDefinitions"].values():
            one.setdefault("isTimeSeries", False)

        tm.update_component_type(workspaceId="plant", description="Meter", **definition)

        assert _get(tm, METER_TYPE)["description"] == "Meter"

    def test_neither_can_a_type_that_it_extends(self, tm: Client, refuses: Refuses) -> None:
        base = _create(tm, "base", propertyDefinitions={"a": STRING})
        child = _create(tm, "child", extendsFrom=[base])
        tm.create_entity(workspaceId="plant", entityId="hall", entityName="Hall", components={"c": {"componentTypeId": child}})

        with refuses("ValidationException", "in use by a component of type com.example.child"):
            tm.update_component_type(workspaceId="plant", componentTypeId=base, propertyDefinitions={})

    def test_cannot_be_deleted_until_it_is_free(self, tm: Client, refuses: Refuses) -> None:
        with refuses("ValidationException", "in use"):
            tm.delete_component_type(workspaceId="plant", componentTypeId=METER_TYPE)

        tm.update_entity(workspaceId="plant", entityId="roof", componentUpdates={"meter-5": {"updateType": "DELETE"}})
        tm.delete_component_type(workspaceId="plant", componentTypeId=METER_TYPE)

        with refuses("ResourceNotFoundException"):
            _get(tm, METER_TYPE)


@pytest.mark.usefixtures("workspace")
def test_cannot_be_deleted_while_another_depends_on_it(tm: Client, refuses: Refuses) -> None:
    _create(tm, "base")
    _create(tm, "part")
    _create(tm, "child", extendsFrom=["com.example.base"], compositeComponentTypes={"p": {"componentTypeId": "com.example.part"}})

    for name in ("base", "part"):
        with refuses("ValidationException", "com.example.child"):
            tm.delete_component_type(workspaceId="plant", componentTypeId=f"com.example.{name}")


@pytest.mark.usefixtures("workspace")
def test_update_replaces_what_is_given_and_keeps_the_rest(tm: Client) -> None:
    _create(tm, "pump", propertyDefinitions={"a": STRING, "b": STRING}, functions=READER, description="Pump")

    tm.update_component_type(workspaceId="plant", componentTypeId="com.example.pump", propertyDefinitions={"b": STRING})

    found = _get(tm, "com.example.pump")
    assert (list(found["propertyDefinitions"]), list(found["functions"]), found["description"]) == (["b"], ["dataReader"], "Pump")


class TestBuiltIn:
    def test_are_listed_with_a_foreign_arn(self, tm: Client, meter_type: str) -> None:
        found = {
            one["componentTypeId"]: one for one in tm.list_component_types(workspaceId="plant", maxResults=200)["componentTypeSummaries"]
        }

        assert meter_type in found
        assert "iotrociaccount" in found["com.amazon.iottwinmaker.alarm.basic"]["arn"]
        assert "com.amazon.kvs.video" in found

    @pytest.mark.usefixtures("workspace")
    def test_cannot_be_touched(self, tm: Client, refuses: Refuses) -> None:
        for call in (tm.create_component_type, tm.update_component_type, tm.delete_component_type):
            with refuses("ValidationException", "Not allowed to modify component type in reserved namespace"):
                call(workspaceId="plant", componentTypeId="com.amazon.iottwinmaker.documents")

    @pytest.mark.usefixtures("workspace")
    def test_the_basic_alarm_can_be_extended(self, tm: Client) -> None:
        alarm = _create(tm, "alarm", extendsFrom=["com.amazon.iottwinmaker.alarm.basic"], functions=READER)

        assert _get(tm, "com.amazon.iottwinmaker.alarm.basic")["isAbstract"] is True
        assert _get(tm, alarm)["isAbstract"] is False
        assert set(_get(tm, alarm)["propertyDefinitions"]) == {"alarm_key", "alarm_status"}

    @pytest.mark.usefixtures("workspace")
    def test_what_nobody_documents_cannot_be_used(self, tm: Client, refuses: Refuses) -> None:
        with refuses("NotImplemented", "com.amazon.kvs.video", status=501):
            _create(tm, "camera", extendsFrom=["com.amazon.kvs.video"])


class TestList:
    @pytest.fixture(autouse=True)
    def types(self, tm: Client, workspace: str) -> None:
        _create(tm, "base", propertyDefinitions={"kW": SERIES})
        _create(tm, "child", extendsFrom=["com.example.base"], functions=READER)
        _create(tm, "grandchild", extendsFrom=["com.example.child"])
        tm.create_component_type(workspaceId=workspace, componentTypeId="org.other.thing")

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            ({"namespace": "com.example"}, ["com.example.base", "com.example.child", "com.example.grandchild"]),
            ({"extendsFrom": "com.example.base"}, ["com.example.child", "com.example.grandchild"]),
            ({"isAbstract": True}, ["com.amazon.iottwinmaker.alarm.basic", "com.example.base"]),
        ],
    )
    def test_filters(self, tm: Client, wanted: dict[str, t.Any], found: list[str]) -> None:
        listed = tm.list_component_types(workspaceId="plant", filters=[wanted])["componentTypeSummaries"]

        assert [one["componentTypeId"] for one in listed] == found

    def test_pages_show_everything_once(self, tm: Client) -> None:
        names: list[str] = []
        token = ""
        while True:
            page = tm.list_component_types(workspaceId="plant", maxResults=4, nextToken=token)
            names.extend(one["componentTypeId"] for one in page["componentTypeSummaries"])
            assert (page["workspaceId"], page["maxResults"]) == ("plant", 4)
            if "nextToken" not in page:
                break
            token = page["nextToken"]

        assert len(names) == len(set(names))
        assert {"com.example.base", "org.other.thing", "com.amazon.iottwinmaker.documents"} <= set(names)

    def test_of_a_missing_workspace_is_an_error_of_the_request(self, tm: Client, refuses: Refuses) -> None:
        with refuses("ValidationException", "nowhere"):
            tm.list_component_types(workspaceId="nowhere")
