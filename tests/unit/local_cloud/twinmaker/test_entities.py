# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entities: the tree, its components, and updates as patches."""

from __future__ import annotations

import dataclasses
import pathlib
import threading
import typing as t

import botocore.exceptions
import pytest

from local_cloud.assembly import build
from local_cloud.cloud import Cloud
from local_cloud.settings import Knobs, Settings
from tests.unit.local_cloud.twinmaker.conftest import METER_TYPE, Client, Clock, Refuses, meter

STRING = {"dataType": {"type": "STRING"}}


def _create(tm: Client, entity_id: str, parent: str | None = None, **members: t.Any) -> t.Any:
    where = {"parentEntityId": parent} if parent else {}
    return tm.create_entity(workspaceId="plant", entityId=entity_id, **{"entityName": entity_id, **where, **members})


def _get(tm: Client, entity_id: str) -> t.Any:
    return tm.get_entity(workspaceId="plant", entityId=entity_id)


def _update(tm: Client, entity_id: str, **members: t.Any) -> t.Any:
    return tm.update_entity(workspaceId="plant", entityId=entity_id, **members)


def _listed(tm: Client, **members: t.Any) -> list[str]:
    found: list[str] = []
    token = ""
    while True:
        page = tm.list_entities(workspaceId="plant", nextToken=token, **members)
        found.extend(one["entityId"] for one in page["entitySummaries"])
        if "nextToken" not in page:
            return found
        token = page["nextToken"]


@pytest.mark.usefixtures("meter_type")
def test_is_described_with_flattened_properties(tm: Client) -> None:
    made = _create(tm, "roof", entityName="Roof", components={"meter-5": meter("roof", "5")})
    found = _get(tm, "roof")

    assert made["state"] == "CREATING"
    assert found["arn"] == made["arn"] == "arn:aws:iottwinmaker:eu-central-1:123456789012:workspace/plant/entity/roof"
    assert found["status"] == {"state": "ACTIVE", "error": {}}
    assert (found["parentEntityId"], found["description"], found["hasChildEntities"]) == ("$ROOT", "", False)
    component = found["components"]["meter-5"]
    assert (component["componentName"], component["componentTypeId"]) == ("meter-5", METER_TYPE)
    assert component["status"] == {"state": "ACTIVE", "error": {}}
    assert component["properties"]["meterId"]["value"] == {"stringValue": "5"}
    assert "value" not in component["properties"]["kW"]
    definition = component["properties"]["kW"]["definition"]
    assert definition["dataType"] == {"type": "DOUBLE"}
    assert {flag for flag, value in definition.items() if value is True} == {"isTimeSeries", "isStoredExternally"}
    assert {flag for flag, value in definition.items() if value is False} == {
        "isRequiredInEntity",
        "isExternalId",
        "isImported",
        "isFinal",
        "isInherited",
    }


@pytest.mark.usefixtures("workspace")
class TestTree:
    def test_id_is_made_up_where_none_is_given(self, tm: Client) -> None:
        made = tm.create_entity(workspaceId="plant", entityName="Hall")

        assert len(made["entityId"]) == 36
        assert _get(tm, made["entityId"])["entityName"] == "Hall"

    def test_same_id_is_a_conflict(self, tm: Client, refuses: Refuses) -> None:
        _create(tm, "hall")

        with refuses("ConflictException", "hall", status=409):
            _create(tm, "hall")

    def test_missing_workspace_is_an_error_of_the_request(self, tm: Client, refuses: Refuses) -> None:
        with refuses("ValidationException", "nowhere"):
            tm.create_entity(workspaceId="nowhere", entityName="Hall")

    def test_parent_must_exist(self, tm: Client, refuses: Refuses) -> None:
        with refuses("ValidationException", "Unable to find parent entity id nobody"):
            _create(tm, "hall", "nobody")

    def test_names_are_unique_below_a_parent_but_not_at_the_root(self, tm: Client, refuses: Refuses) -> None:
        _create(tm, "one", entityName="Same")
        _create(tm, "two", entityName="Same")
        _create(tm, "child-1", "one", entityName="Same")
        _create(tm, "child-2", "two", entityName="Same")

        with refuses("ConflictException", "'Same'"):
            _create(tm, "child-3", "one", entityName="Same")
        with refuses("ConflictException", "'Same'"):
            _update(tm, "child-2", parentEntityUpdate={"updateType": "UPDATE", "parentEntityId": "one"})

    def test_a_name_is_free_again_after_rename_move_and_delete(self, tm: Client) -> None:
        _create(tm, "hall")
        for name in ("A", "B", "C"):
            _create(tm, f"old-{name}", "hall", entityName=name)
        _update(tm, "old-A", entityName="Other")
        _update(tm, "old-B", parentEntityUpdate={"updateType": "DELETE"})
        tm.delete_entity(workspaceId="plant", entityId="old-C")

        for name in ("A", "B", "C"):
            _create(tm, f"new-{name}", "hall", entityName=name)

        assert sorted(_listed(tm, filters=[{"parentEntityId": "hall"}])) == ["new-A", "new-B", "new-C", "old-A"]
        assert _get(tm, "old-B")["parentEntityId"] == "$ROOT"

    def test_moves(self, tm: Client) -> None:
        _create(tm, "one")
        _create(tm, "two")
        _create(tm, "child", "one")

        _update(tm, "child", parentEntityUpdate={"updateType": "UPDATE", "parentEntityId": "two"})

        assert _get(tm, "child")["parentEntityId"] == "two"
        assert (_get(tm, "one")["hasChildEntities"], _get(tm, "two")["hasChildEntities"]) == (False, True)

    def test_cannot_become_a_circle(self, tm: Client, refuses: Refuses) -> None:
        _create(tm, "top")
        _create(tm, "middle", "top")
        _create(tm, "bottom", "middle")

        for below in ("top", "middle", "bottom"):
            with refuses("ValidationException", "cannot be moved below"):
                _update(tm, "top", parentEntityUpdate={"updateType": "UPDATE", "parentEntityId": below})

    def test_is_at_most_30_deep(self, tm: Client, refuses: Refuses) -> None:
        parent = None
        for level in range(1, 31):
            _create(tm, f"level-{level}", parent)
            parent = f"level-{level}"
        _create(tm, "pair")
        _create(tm, "below", "pair")

        with refuses("ServiceQuotaExceededException", "deeper than 30"):
            _create(tm, "level-31", parent)
        with refuses("ServiceQuotaExceededException", "deeper than 30"):
            _update(tm, "pair", parentEntityUpdate={"updateType": "UPDATE", "parentEntityId": "level-29"})
        _update(tm, "pair", parentEntityUpdate={"updateType": "UPDATE", "parentEntityId": "level-28"})

    def test_one_with_children_goes_only_with_them(self, tm: Client, refuses: Refuses) -> None:
        _create(tm, "top")
        _create(tm, "middle", "top")
        _create(tm, "bottom", "middle")
        _create(tm, "other")

        with refuses("ValidationException", "child entities"):
            tm.delete_entity(workspaceId="plant", entityId="top")
        assert tm.delete_entity(workspaceId="plant", entityId="top", isRecursive=True)["state"] == "DELETING"

        assert _listed(tm) == ["other"]
        with refuses("ResourceNotFoundException", status=404):
            _get(tm, "bottom")


@pytest.mark.usefixtures("meter_type")
class TestList:
    @pytest.fixture(autouse=True)
    def entities(self, tm: Client, meter_type: str) -> None:
        _create(tm, "hall", components={"meter-1": meter("hall", "a/b")})
        for number in range(7):
            _create(tm, f"panel-{number}", "hall", components={"meter-1": meter(f"panel-{number}", str(number))})
        _create(tm, "empty")

    @pytest.mark.parametrize("size", [1, 3, 200])
    def test_whole_workspace_in_pages(self, tm: Client, size: int) -> None:
        assert _listed(tm, maxResults=size) == sorted(["hall", "empty", *(f"panel-{number}" for number in range(7))])

    @pytest.mark.parametrize("size", [1, 3, 200])
    def test_by_parent(self, tm: Client, size: int) -> None:
        assert _listed(tm, maxResults=size, filters=[{"parentEntityId": "hall"}]) == [f"panel-{number}" for number in range(7)]
        assert sorted(_listed(tm, maxResults=size, filters=[{"parentEntityId": "$ROOT"}])) == ["empty", "hall"]

    def test_by_component_type(self, tm: Client) -> None:
        assert len(_listed(tm, maxResults=3, filters=[{"componentTypeId": METER_TYPE}])) == 8

        _update(tm, "panel-0", componentUpdates={"meter-1": {"updateType": "DELETE"}})

        assert "panel-0" not in _listed(tm, filters=[{"componentTypeId": METER_TYPE}])

    def test_by_external_id(self, tm: Client) -> None:
        assert _listed(tm, filters=[{"externalId": "3"}]) == ["panel-3"]
        assert _listed(tm, filters=[{"externalId": "a/b"}]) == ["hall"]
        assert _listed(tm, filters=[{"externalId": "a"}]) == []

    def test_summary(self, tm: Client) -> None:
        found = {one["entityId"]: one for one in tm.list_entities(workspaceId="plant")["entitySummaries"]}

        assert found["hall"]["hasChildEntities"] is True
        assert found["empty"]["hasChildEntities"] is False
        assert found["panel-1"]["parentEntityId"] == "hall"
        assert found["panel-1"]["status"] == {"state": "ACTIVE", "error": {}}

    def test_takes_one_filter(self, tm: Client, refuses: Refuses) -> None:
        with refuses("ValidationException", "Only one filter"):
            tm.list_entities(workspaceId="plant", filters=[{"parentEntityId": "hall"}, {"externalId": "3"}])

    def test_a_token_is_good_for_its_request_only(self, tm: Client, refuses: Refuses) -> None:
        token = tm.list_entities(workspaceId="plant", maxResults=1)["nextToken"]

        with refuses("ValidationException", "nextToken"):
            tm.list_entities(workspaceId="plant", filters=[{"parentEntityId": "hall"}], nextToken=token)
        with refuses("ValidationException", "nextToken"):
            tm.list_entities(workspaceId="plant", nextToken="made-up")
        assert tm.list_entities(workspaceId="plant", maxResults=200, nextToken=token)["entitySummaries"][0]["entityId"] == "hall"


class TestComponents:
    @pytest.fixture(autouse=True)
    def types(self, tm: Client, meter_type: str) -> None:
        tm.create_component_type(
            workspaceId="plant",
            componentTypeId="com.example.label",
            isSingleton=True,
            propertyDefinitions={
                "color": {
                    "dataType": {"type": "STRING", "allowedValues": [{"stringValue": "red"}, {"stringValue": "blue"}]},
                    "defaultValue": {"stringValue": "red"},
                    "isRequiredInEntity": True,
                },
                "size": {"dataType": {"type": "LONG"}},
            },
        )

    def test_required_property_needs_a_value(self, tm: Client, refuses: Refuses) -> None:
        with refuses("ValidationException", "Property meterId of component meter-5 is required"):
            component = meter("roof", "5")
            del component["properties"]["meterId"]
            _create(tm, "roof", components={"meter-5": component})

    def test_default_is_a_value(self, tm: Client) -> None:
        _create(tm, "roof", components={"label": {"componentTypeId": "com.example.label"}})

        color = _get(tm, "roof")["components"]["label"]["properties"]["color"]
        assert color["definition"]["defaultValue"] == {"stringValue": "red"}
        assert "value" not in color

    @pytest.mark.parametrize(
        ("properties", "message"),
        [
            ({"weight": {"value": {"longValue": 1}}}, "Property weight of component label is not defined"),
            ({"size": {"value": {"stringValue": "1"}}}, "needs longValue"),
            ({"color": {"value": {"stringValue": "green"}}}, "not one of the allowed values"),
            ({"size": {"value": {}}}, "exactly one"),
        ],
    )
    def test_values_must_fit(self, tm: Client, refuses: Refuses, properties: dict[str, t.Any], message: str) -> None:
        with refuses("ValidationException", message):
            _create(tm, "roof", components={"label": {"componentTypeId": "com.example.label", "properties": properties}})
        assert _listed(tm) == []

    def test_time_series_takes_no_value(self, tm: Client, refuses: Refuses) -> None:
        component = meter("roof", "5")
        component["properties"]["kW"] = {"value": {"doubleValue": 1.0}}

        with refuses("ValidationException", "kW of component meter-5 is stored externally"):
            _create(tm, "roof", components={"meter-5": component})

    def test_abstract_type_is_refused(self, tm: Client, refuses: Refuses) -> None:
        alarm = {"componentTypeId": "com.amazon.iottwinmaker.alarm.basic", "properties": {"alarm_key": {"value": {"stringValue": "1"}}}}

        with refuses("ValidationException", "is abstract"):
            _create(tm, "roof", components={"alarm": alarm})

    def test_unknown_type_is_refused(self, tm: Client, refuses: Refuses) -> None:
        with refuses("ValidationException", "[com.example.nobody] do not exist"):
            _create(tm, "roof", components={"c": {"componentTypeId": "com.example.nobody"}})

    def test_singleton_is_there_once(self, tm: Client, refuses: Refuses) -> None:
        label = {"componentTypeId": "com.example.label"}
        with refuses("ValidationException", "singleton"):
            _create(tm, "roof", components={"one": label, "two": label})
        _create(tm, "roof", components={"one": label})
        with refuses("ValidationException", "singleton"):
            _update(tm, "roof", componentUpdates={"two": {"updateType": "CREATE", **label}})

    def test_at_most_30(self, tm: Client, refuses: Refuses) -> None:
        thirty = {f"meter-{number}": meter("roof", str(number)) for number in range(30)}
        _create(tm, "roof", components=thirty)

        assert len(_get(tm, "roof")["components"]) == 30
        with refuses("ServiceQuotaExceededException", "at most 30"):
            _create(tm, "hall", components={**thirty, "meter-30": meter("hall", "30")})

    def test_component_defines_properties_of_its_own(self, tm: Client) -> None:
        parameters = {
            "componentTypeId": "com.amazon.iottwinmaker.parameters",
            "properties": {"floor": {"definition": {"dataType": {"type": "LONG"}}, "value": {"longValue": 3}}},
        }
        _create(tm, "roof", components={"parameters": parameters})

        floor = _get(tm, "roof")["components"]["parameters"]["properties"]["floor"]
        assert floor["value"] == {"longValue": 3}
        assert floor["definition"]["isInherited"] is False

        _update(tm, "roof", componentUpdates={"parameters": {"propertyUpdates": {"floor": {"updateType": "DELETE"}}}})
        assert _get(tm, "roof")["components"]["parameters"]["properties"] == {}

    def test_component_configures_an_inherited_property(self, tm: Client) -> None:
        component = meter("roof", "5")
        component["properties"]["kW"] = {"definition": {"configuration": {"register": "52"}}}

        _create(tm, "roof", components={"meter-5": component})

        kw = _get(tm, "roof")["components"]["meter-5"]["properties"]["kW"]["definition"]
        assert (kw["configuration"], kw["isTimeSeries"]) == ({"register": "52"}, True)


@pytest.mark.usefixtures("meter_type")
class TestUpdate:
    @pytest.fixture(autouse=True)
    def roof(self, tm: Client, meter_type: str) -> None:
        tm.create_component_type(
            workspaceId="plant",
            componentTypeId="com.example.label",
            propertyDefinitions={"color": {**STRING, "defaultValue": {"stringValue": "red"}}, "note": STRING},
        )
        _create(tm, "roof", entityName="Roof", description="Top", components={"meter-5": meter("roof", "5"), "meter-6": meter("roof", "6")})

    def test_leaves_alone_what_it_does_not_name(self, tm: Client, clock: Clock) -> None:
        before = _get(tm, "roof")
        clock.advance(5)

        answer = _update(tm, "roof", componentUpdates={"meter-5": {"propertyUpdates": {"meterId": {"value": {"stringValue": "7"}}}}})

        after = _get(tm, "roof")
        assert answer["state"] == "UPDATING"
        assert after["updateDateTime"] == answer["updateDateTime"] > before["updateDateTime"]
        assert after["creationDateTime"] == before["creationDateTime"]
        assert (after["entityName"], after["description"]) == ("Roof", "Top")
        assert after["components"]["meter-6"] == before["components"]["meter-6"]
        assert after["components"]["meter-5"]["properties"]["meterId"]["value"] == {"stringValue": "7"}
        assert after["components"]["meter-5"]["properties"]["panelId"] == before["components"]["meter-5"]["properties"]["panelId"]

    @pytest.mark.parametrize("kind", [{"updateType": "CREATE"}, {}])
    def test_adds_a_component(self, tm: Client, kind: dict[str, str]) -> None:
        component = meter("roof", "7")
        _update(
            tm,
            "roof",
            componentUpdates={"meter-7": {**kind, "componentTypeId": METER_TYPE, "propertyUpdates": component["properties"]}},
        )

        assert sorted(_get(tm, "roof")["components"]) == ["meter-5", "meter-6", "meter-7"]

    def test_create_of_what_is_there_is_refused(self, tm: Client, refuses: Refuses) -> None:
        with refuses("ValidationException", "cannot be created as it already exists"):
            _update(tm, "roof", componentUpdates={"meter-5": {"updateType": "CREATE", "componentTypeId": METER_TYPE}})

    @pytest.mark.parametrize("kind", ["UPDATE", "DELETE"])
    def test_change_of_what_is_not_there_is_refused(self, tm: Client, refuses: Refuses, kind: str) -> None:
        with refuses("ValidationException", "does not exist"):
            _update(tm, "roof", componentUpdates={"meter-9": {"updateType": kind, "componentTypeId": METER_TYPE}})

    def test_type_of_a_component_is_for_ever(self, tm: Client, refuses: Refuses) -> None:
        with refuses("ValidationException", "cannot be changed"):
            _update(tm, "roof", componentUpdates={"meter-5": {"updateType": "UPDATE", "componentTypeId": "com.example.label"}})

    def test_reset_value_brings_back_the_default(self, tm: Client) -> None:
        label = {"componentTypeId": "com.example.label", "propertyUpdates": {"color": {"value": {"stringValue": "blue"}}}}
        _update(tm, "roof", componentUpdates={"label": label})

        _update(tm, "roof", componentUpdates={"label": {"propertyUpdates": {"color": {"updateType": "RESET_VALUE"}}}})

        assert "value" not in _get(tm, "roof")["components"]["label"]["properties"]["color"]
        latest = tm.get_property_value(workspaceId="plant", entityId="roof", componentName="label", selectedProperties=["color"])
        assert latest["propertyValues"]["color"]["propertyValue"] == {"stringValue": "red"}

    def test_reset_of_a_required_value_is_refused(self, tm: Client, refuses: Refuses) -> None:
        with refuses("ValidationException", "required"):
            _update(tm, "roof", componentUpdates={"meter-5": {"propertyUpdates": {"meterId": {"updateType": "RESET_VALUE"}}}})

    def test_delete_of_an_inherited_property_is_refused(self, tm: Client, refuses: Refuses) -> None:
        with refuses("ValidationException", "RESET_VALUE"):
            _update(tm, "roof", componentUpdates={"meter-5": {"propertyUpdates": {"meterId": {"updateType": "DELETE"}}}})

    def test_refused_update_changes_nothing(self, tm: Client, refuses: Refuses) -> None:
        before = _get(tm, "roof")
        with refuses("ValidationException", "nobody"):
            _update(tm, "roof", entityName="New", parentEntityUpdate={"updateType": "UPDATE", "parentEntityId": "nobody"})

        after = _get(tm, "roof")
        for answer in (before, after):
            del answer["ResponseMetadata"]
        assert after == before

    def test_missing_entity(self, tm: Client, refuses: Refuses) -> None:
        with refuses("ResourceNotFoundException", "nobody", status=404):
            _update(tm, "nobody", entityName="x")


@pytest.mark.usefixtures("meter_type")
class TestStates:
    def test_go_by(self, tm: Client, slow: Clock, refuses: Refuses) -> None:
        slow.advance(10)
        _create(tm, "roof", components={"meter-5": meter("roof", "5"), "meter-6": meter("roof", "6")})
        assert _get(tm, "roof")["status"]["state"] == "CREATING"
        assert _get(tm, "roof")["components"]["meter-5"]["status"]["state"] == "CREATING"
        with refuses("ConflictException", "Cannot update Entity when it is in CREATING state"):
            _update(tm, "roof", entityName="x")
        with refuses("ValidationException", "Unable to find parent entity id roof"):
            _create(tm, "child", "roof")

        slow.advance(10)
        assert _get(tm, "roof")["status"]["state"] == "ACTIVE"
        _update(tm, "roof", componentUpdates={"meter-5": {"propertyUpdates": {"meterId": {"value": {"stringValue": "7"}}}}})
        found = _get(tm, "roof")
        assert found["status"]["state"] == "UPDATING"
        assert found["components"]["meter-5"]["status"]["state"] == "UPDATING"
        assert found["components"]["meter-6"]["status"]["state"] == "ACTIVE"
        with refuses("ConflictException", "Cannot update Entity when it is in UPDATING state"):
            _update(tm, "roof", entityName="x")

        slow.advance(10)
        tm.delete_entity(workspaceId="plant", entityId="roof")
        assert _get(tm, "roof")["status"]["state"] == "DELETING"
        with refuses("ConflictException", "Cannot update Entity when it is in DELETING state"):
            _update(tm, "roof", entityName="x")
        slow.advance(10)
        assert _listed(tm) == []

    def test_a_tree_leaves_as_one(self, tm: Client, slow: Clock, refuses: Refuses) -> None:
        slow.advance(10)
        _create(tm, "top")
        slow.advance(10)
        _create(tm, "child", "top")
        slow.advance(10)

        tm.delete_entity(workspaceId="plant", entityId="top", isRecursive=True)

        assert _get(tm, "child")["status"]["state"] == "DELETING"
        with refuses("ConflictException"):
            _create(tm, "top")
        slow.advance(10)
        _create(tm, "top")
        assert _listed(tm) == ["top"]

    def test_one_made_again_is_not_taken_for_the_old_one(self, tm: Client, slow: Clock) -> None:
        slow.advance(10)
        _create(tm, "top")
        slow.advance(10)
        _create(tm, "child", "top")
        slow.advance(10)
        tm.delete_entity(workspaceId="plant", entityId="child")
        slow.advance(5)
        tm.delete_entity(workspaceId="plant", entityId="top", isRecursive=True)
        slow.advance(6)

        _create(tm, "child")
        slow.advance(10)

        assert _listed(tm) == ["child"]


@pytest.mark.usefixtures("workspace")
class TestBroken:
    def test_ends_in_error_once_it_has_settled(self, cloud: Cloud, tm: Client, slow: Clock) -> None:
        cloud.settings = dataclasses.replace(cloud.settings, knobs=Knobs(settle=10, broken=1))
        tm.create_entity(workspaceId="plant", entityId="site-1", entityName="Site")
        assert tm.get_entity(workspaceId="plant", entityId="site-1")["status"]["state"] == "CREATING"
        slow.advance(10)
        status = tm.get_entity(workspaceId="plant", entityId="site-1")["status"]
        assert (status["state"], status["error"]["code"]) == ("ERROR", "INTERNAL_FAILURE")
        assert [one["status"] for one in tm.list_entities(workspaceId="plant")["entitySummaries"]] == [status]

    def test_an_update_repairs_it(self, cloud: Cloud, tm: Client) -> None:
        cloud.settings = dataclasses.replace(cloud.settings, knobs=Knobs(broken=1))
        tm.create_entity(workspaceId="plant", entityId="site-1", entityName="Site")
        cloud.settings = dataclasses.replace(cloud.settings, knobs=Knobs())
        tm.update_entity(workspaceId="plant", entityId="site-1", entityName="Site")
        assert tm.get_entity(workspaceId="plant", entityId="site-1")["status"] == {"state": "ACTIVE", "error": {}}


class TestComposites:
    @pytest.fixture(autouse=True)
    def pump(self, tm: Client, workspace: str) -> None:
        definitions: dict[str, dict[str, t.Any]] = {
            "bearing": {"propertyDefinitions": {"size": {"dataType": {"type": "LONG"}, "isRequiredInEntity": True}}},
            "motor": {"compositeComponentTypes": {"front": {"componentTypeId": "com.example.bearing"}}},
            "pump": {"compositeComponentTypes": {"motor": {"componentTypeId": "com.example.motor"}}},
        }
        for name, members in definitions.items():
            tm.create_component_type(workspaceId=workspace, componentTypeId=f"com.example.{name}", **members)

    def _make(self, tm: Client) -> None:
        _create(
            tm,
            "roof",
            components={"pump": {"componentTypeId": "com.example.pump"}},
            compositeComponents={"pump/motor/front": {"properties": {"size": {"value": {"longValue": 40}}}}},
        )

    def test_come_with_the_component(self, tm: Client) -> None:
        self._make(tm)

        parts = _get(tm, "roof")["components"]["pump"]["compositeComponents"]
        assert list(parts) == ["motor"]
        assert parts["motor"]["componentPath"] == "pump/motor"
        below = tm.list_components(workspaceId="plant", entityId="roof", componentPath="pump/motor")["componentSummaries"]
        assert [(one["componentName"], one["componentTypeId"], one["componentPath"]) for one in below] == [
            ("front", "com.example.bearing", "pump/motor/front")
        ]
        assert _listed(tm, filters=[{"componentTypeId": "com.example.bearing"}]) == ["roof"]

    def test_have_properties(self, tm: Client) -> None:
        self._make(tm)
        change = {"propertyUpdates": {"size": {"value": {"longValue": 45}}}}

        _update(tm, "roof", compositeComponentUpdates={"pump/motor/front": {"updateType": "UPDATE", **change}})

        found = tm.list_properties(workspaceId="plant", entityId="roof", componentPath="pump/motor/front")["propertySummaries"]
        assert [(one["propertyName"], one["value"]) for one in found] == [("size", {"longValue": 45})]

    def test_required_properties_need_values_too(self, tm: Client, refuses: Refuses) -> None:
        with refuses("ValidationException", "Property size of component pump/motor/front is required"):
            _create(tm, "roof", components={"pump": {"componentTypeId": "com.example.pump"}})

    def test_path_must_exist(self, tm: Client, refuses: Refuses) -> None:
        self._make(tm)

        with refuses("ValidationException", "pump/engine does not exist"):
            _update(tm, "roof", compositeComponentUpdates={"pump/engine": {"description": "x"}})
        with refuses("ResourceNotFoundException", "pump/engine"):
            tm.list_properties(workspaceId="plant", entityId="roof", componentPath="pump/engine")


@pytest.mark.usefixtures("meter_type")
def test_components_and_properties_in_pages(tm: Client) -> None:
    _create(tm, "roof", components={f"meter-{number}": meter("roof", str(number)) for number in range(5)})

    first = tm.list_components(workspaceId="plant", entityId="roof", maxResults=3)
    second = tm.list_components(workspaceId="plant", entityId="roof", maxResults=3, nextToken=first["nextToken"])
    names = [one["componentName"] for one in first["componentSummaries"] + second["componentSummaries"]]
    assert names == [f"meter-{number}" for number in range(5)]
    assert "nextToken" not in second

    page = tm.list_properties(workspaceId="plant", entityId="roof", componentName="meter-1", maxResults=3)
    rest = tm.list_properties(workspaceId="plant", entityId="roof", componentName="meter-1", maxResults=3, nextToken=page["nextToken"])
    found = {one["propertyName"]: one.get("value") for one in page["propertySummaries"] + rest["propertySummaries"]}
    assert found == {"panelId": {"stringValue": "roof"}, "meterId": {"stringValue": "1"}, "kW": None, "v1": None}


@pytest.mark.usefixtures("workspace")
def test_one_of_many_creators_wins(tm: Client) -> None:
    outcomes: list[str] = []

    def create() -> None:
        try:
            _create(tm, "hall")
            outcomes.append("made")
        except botocore.exceptions.ClientError as error:
            outcomes.append(error.response["Error"]["Code"])

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["ConflictException"] * 7 + ["made"]


def test_outlive_the_process(tmp_path: pathlib.Path) -> None:
    settings = Settings(home=tmp_path, knobs=Knobs(settle=3600.0))
    first = build(settings)
    before = first.client("iottwinmaker")
    before.create_workspace(workspaceId="plant")
    for name in ("one", "two", "three"):
        _create(before, name)
    token = before.list_entities(workspaceId="plant", maxResults=1)["nextToken"]
    first.stop()

    second = build(settings)
    after = second.client("iottwinmaker")
    rest = after.list_entities(workspaceId="plant", nextToken=token)["entitySummaries"]
    second.stop()

    assert [(one["entityId"], one["status"]["state"]) for one in rest] == [("three", "CREATING"), ("two", "CREATING")]
