# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Property values: what a connector is told, what becomes of its answers, and what entities hold themselves."""

from __future__ import annotations

import datetime
import io
import typing as t
import zipfile

import pytest

from local_cloud.cloud import Cloud
from tests.unit.local_cloud.twinmaker.conftest import FUNCTION_ARN, METER_TYPE, Client, Functions, Refuses, meter, policy, trust

RANGE = {"startTime": "2024-01-01T00:00:00Z", "endTime": "2024-01-01T01:00:00Z"}
READER = {"implementedBy": {"lambda": {"arn": FUNCTION_ARN}}}


@pytest.fixture
def roof(tm: Client, meter_type: str) -> str:
    tm.create_entity(workspaceId="plant", entityId="roof", entityName="Roof", components={"meter-5": meter("roof", "5")})
    return "roof"


def _series(values: list[dict[str, t.Any]], **reference: t.Any) -> dict[str, t.Any]:
    where = {"entityId": "roof", "componentName": "meter-5", "propertyName": "kW", **reference}
    return {"propertyValues": [{"entityPropertyReference": where, "values": values}]}


@pytest.mark.usefixtures("roof")
class TestHistory:
    def _ask(self, tm: Client, **members: t.Any) -> t.Any:
        what = {"entityId": "roof", "componentName": "meter-5", "selectedProperties": ["kW"], **RANGE}
        return tm.get_property_value_history(workspaceId="plant", **{**what, **members})

    def test_event_of_an_entity(self, tm: Client, functions: Functions) -> None:
        self._ask(
            tm,
            maxResults=50,
            orderByTime="DESCENDING",
            propertyFilters=[{"propertyName": "kW", "operator": ">", "value": {"doubleValue": 1.5}}],
            interpolation={"interpolationType": "LINEAR", "intervalInSeconds": 60},
        )

        event = functions.events[0]
        properties = event.pop("properties")
        assert event == {
            "workspaceId": "plant",
            "entityId": "roof",
            "componentName": "meter-5",
            "componentTypeId": METER_TYPE,
            "selectedProperties": ["kW"],
            "startTime": "2024-01-01T00:00:00Z",
            "endTime": "2024-01-01T01:00:00Z",
            "startDateTime": 1704067200,
            "endDateTime": 1704070800,
            "propertyFilters": [{"propertyName": "kW", "operator": ">", "value": {"doubleValue": 1.5}}],
            "interpolation": {"interpolationType": "LINEAR", "intervalInSeconds": 60},
            "maxResults": 50,
            "orderByTime": "DESCENDING",
            "nextToken": None,
        }
        shown = tm.get_entity(workspaceId="plant", entityId="roof")["components"]["meter-5"]["properties"]
        assert properties == shown
        assert properties["meterId"]["value"] == {"stringValue": "5"}

    def test_event_of_a_component_type(self, tm: Client, functions: Functions) -> None:
        tm.get_property_value_history(workspaceId="plant", componentTypeId=METER_TYPE, selectedProperties=["kW"], **RANGE)

        event = functions.events[0]
        assert not {"entityId", "componentName", "propertyFilters", "interpolation"} & event.keys()
        assert (event["componentTypeId"], event["orderByTime"], event["maxResults"]) == (METER_TYPE, "ASCENDING", 100)
        assert set(event["properties"]) == {"panelId", "meterId", "kW", "v1"}
        assert all("value" not in shown for shown in event["properties"].values())

    def test_both_forms_of_time(self, tm: Client, functions: Functions) -> None:
        start = datetime.datetime(2024, 1, 1, 0, 0, 0, 250_000, tzinfo=datetime.timezone.utc)
        tm.get_property_value_history(
            workspaceId="plant",
            entityId="roof",
            componentName="meter-5",
            selectedProperties=["kW"],
            startDateTime=start,
            endTime="2024-01-01T02:30:00.5+01:00",
        )

        event = functions.events[0]
        assert (event["startTime"], event["startDateTime"]) == ("2024-01-01T00:00:00.250Z", 1704067200)
        assert (event["endTime"], event["endDateTime"]) == ("2024-01-01T02:30:00.5+01:00", 1704072600)

    def test_answer_gains_the_external_ids(self, tm: Client, functions: Functions) -> None:
        functions.answer = {
            **_series(
                [
                    {"time": "2024-01-01T00:00:05.123Z", "value": {"doubleValue": 1.5}},
                    {"timestamp": 1704067206, "value": {"doubleValue": "2.5"}},
                ]
            ),
            "nextToken": None,
        }

        answer = self._ask(tm)

        assert answer["propertyValues"] == [
            {
                "entityPropertyReference": {
                    "entityId": "roof",
                    "componentName": "meter-5",
                    "propertyName": "kW",
                    "externalIdProperty": {"panelId": "roof", "meterId": "5"},
                },
                "values": [
                    {"time": "2024-01-01T00:00:05.123Z", "value": {"doubleValue": 1.5}},
                    {"timestamp": datetime.datetime.fromtimestamp(1704067206, datetime.timezone.utc), "value": {"doubleValue": 2.5}},
                ],
            }
        ]
        assert "nextToken" not in answer

    def test_external_ids_of_the_function_stay(self, tm: Client, functions: Functions) -> None:
        reference = {"propertyName": "kW", "externalIdProperty": {"panelId": "roof", "meterId": "9"}}
        functions.answer = {"propertyValues": [{"entityPropertyReference": reference, "values": []}]}

        answer = tm.get_property_value_history(workspaceId="plant", componentTypeId=METER_TYPE, selectedProperties=["kW"], **RANGE)

        assert answer["propertyValues"][0]["entityPropertyReference"] == reference

    def test_token_of_the_function_is_wrapped(self, tm: Client, functions: Functions, refuses: Refuses) -> None:
        functions.answer = {**_series([]), "nextToken": "page two, secret"}
        first = self._ask(tm, maxResults=10)
        assert "secret" not in first["nextToken"]

        functions.answer = _series([])
        second = self._ask(tm, maxResults=20, nextToken=first["nextToken"])

        assert functions.events[1]["nextToken"] == "page two, secret"
        assert "nextToken" not in second
        with refuses("ValidationException", "nextToken"):
            self._ask(tm, nextToken=first["nextToken"], selectedProperties=["v1"])
        with refuses("ValidationException", "nextToken"):
            self._ask(tm, nextToken=first["nextToken"][:-5] + "AAAA=")
        assert len(functions.events) == 2

    @pytest.mark.parametrize(
        "answer",
        [
            None,
            "text",
            {},
            {"propertyValues": {}},
            {"propertyValues": [{"values": []}]},
            {"propertyValues": [{"entityPropertyReference": {"entityId": "roof"}, "values": []}]},
            _series([{"value": {"doubleValue": 1.0}}]),
            _series([{"time": 1, "value": {"doubleValue": 1.0}}]),
            _series([{"time": "2024-01-01T00:00:05Z", "value": 1.0}]),
            _series([{"time": "2024-01-01T00:00:05Z", "value": {"double": 1.0}}]),
            _series([{"time": "2024-01-01T00:00:05Z", "value": {"doubleValue": "much"}}]),
            _series([{"time": "2024-01-01T00:00:05Z", "value": {"doubleValue": float("nan")}}]),
            {"propertyValues": [], "nextToken": 5},
            {"propertyValues": [], "nextToken": "x" * 20_000},
        ],
    )
    def test_malformed_answer_is_a_failure_of_the_connector(
        self, tm: Client, functions: Functions, refuses: Refuses, answer: t.Any
    ) -> None:
        functions.answer = answer

        with refuses("ConnectorFailureException", FUNCTION_ARN, status=424):
            self._ask(tm)

    def test_error_of_the_function(self, tm: Client, functions: Functions, refuses: Refuses) -> None:
        functions.answer, functions.error = {"errorType": "ValueError", "errorMessage": "no such table"}, True

        with refuses("ConnectorFailureException", "ValueError: no such table", status=424):
            self._ask(tm)

    def test_function_that_is_too_slow(self, tm: Client, functions: Functions, refuses: Refuses) -> None:
        functions.answer, functions.error, functions.timed_out = {"errorMessage": "Task timed out after 3.00 seconds"}, True, True

        with refuses("ConnectorTimeoutException", "Task timed out", status=424):
            self._ask(tm)

    def test_role_of_the_workspace_must_be_allowed(self, cloud: Cloud, tm: Client, functions: Functions, refuses: Refuses) -> None:
        cloud.client("iam").put_role_policy(RoleName="twin", PolicyName="twin", PolicyDocument=policy("s3:*"))

        with refuses("ConnectorFailureException", "not authorized to perform lambda:InvokeFunction"):
            self._ask(tm)
        assert functions.events == []

    @pytest.mark.parametrize(
        ("members", "message"),
        [
            ({"componentTypeId": METER_TYPE}, "Either entityId"),
            ({"componentPath": "meter-5"}, "Exactly one of componentName and componentPath"),
            ({"selectedProperties": ["hz"]}, "hz is not defined"),
            ({"selectedProperties": ["meterId"]}, "not a time series"),
            ({"startTime": "2024-01-01 00:00:00 UTC"}, "not an ISO 8601 time"),
            ({"startTime": "2024-13-01T00:00:00Z"}, "not an ISO 8601 time"),
            ({"startTime": "2024-01-02T00:00:00Z"}, "is after endTime"),
            ({"startDateTime": 1704067200}, "Exactly one of startTime and startDateTime"),
        ],
    )
    def test_bad_requests(self, tm: Client, functions: Functions, refuses: Refuses, members: dict[str, t.Any], message: str) -> None:
        with refuses("ValidationException", message):
            self._ask(tm, **members)
        assert functions.events == []

    @pytest.mark.parametrize("members", [{"entityId": "nobody"}, {"componentName": "meter-9"}])
    def test_what_is_not_there(self, tm: Client, refuses: Refuses, members: dict[str, str]) -> None:
        with refuses("ResourceNotFoundException", status=404):
            self._ask(tm, **members)

    @pytest.mark.parametrize(("function", "by_entity"), [("dataReaderByEntity", True), ("dataReaderByComponentType", False)])
    def test_a_reader_of_one_kind_answers_that_kind_only(
        self, tm: Client, functions: Functions, refuses: Refuses, function: str, by_entity: bool
    ) -> None:
        series = {"dataType": {"type": "DOUBLE"}, "isTimeSeries": True, "isStoredExternally": True}
        tm.create_component_type(
            workspaceId="plant", componentTypeId="com.example.one", propertyDefinitions={"kW": series}, functions={function: READER}
        )
        tm.create_entity(workspaceId="plant", entityId="hall", entityName="Hall", components={"c": {"componentTypeId": "com.example.one"}})
        entity = {"workspaceId": "plant", "entityId": "hall", "componentName": "c", "selectedProperties": ["kW"], **RANGE}
        component_type = {"workspaceId": "plant", "componentTypeId": "com.example.one", "selectedProperties": ["kW"], **RANGE}

        tm.get_property_value_history(**(entity if by_entity else component_type))
        with refuses("ValidationException", "has no function for the history"):
            tm.get_property_value_history(**(component_type if by_entity else entity))
        assert len(functions.events) == 1

    def test_required_property_must_have_a_value(self, tm: Client, functions: Functions, refuses: Refuses) -> None:
        tm.create_component_type(
            workspaceId="plant",
            componentTypeId="com.example.named",
            propertyDefinitions={
                "kW": {"dataType": {"type": "DOUBLE"}, "isTimeSeries": True, "isStoredExternally": True},
                "table": {"dataType": {"type": "STRING"}},
            },
            functions={"dataReader": {**READER, "requiredProperties": ["table"]}},
        )

        with refuses("ValidationException", "Property table has no value"):
            tm.get_property_value_history(workspaceId="plant", componentTypeId="com.example.named", selectedProperties=["kW"], **RANGE)
        assert functions.events == []


class TestLatest:
    @pytest.fixture(autouse=True)
    def pump(self, tm: Client, workspace: str) -> None:
        tm.create_component_type(
            workspaceId=workspace,
            componentTypeId="com.example.pump",
            propertyDefinitions={
                "kind": {"dataType": {"type": "STRING"}, "defaultValue": {"stringValue": "pump"}},
                "note": {"dataType": {"type": "STRING"}},
                "maker": {"dataType": {"type": "STRING"}, "isStoredExternally": True},
            },
            functions={"attributePropertyValueReaderByEntity": READER},
        )
        component = {"componentTypeId": "com.example.pump"}
        tm.create_entity(workspaceId=workspace, entityId="pump", entityName="Pump", components={"base": component})

    def _ask(self, tm: Client, *names: str, **members: t.Any) -> t.Any:
        where = members or {"entityId": "pump", "componentName": "base"}
        return tm.get_property_value(workspaceId="plant", selectedProperties=list(names), **where)["propertyValues"]

    def test_of_what_the_entity_holds(self, tm: Client) -> None:
        tm.update_entity(
            workspaceId="plant",
            entityId="pump",
            componentUpdates={"base": {"propertyUpdates": {"note": {"value": {"stringValue": "new"}}}}},
        )

        found = self._ask(tm, "kind", "note")

        assert found["note"] == {
            "propertyReference": {"entityId": "pump", "componentName": "base", "propertyName": "note"},
            "propertyValue": {"stringValue": "new"},
        }
        assert found["kind"]["propertyValue"] == {"stringValue": "pump"}

    def test_of_what_has_none(self, tm: Client) -> None:
        assert "propertyValue" not in self._ask(tm, "note")["note"]

    def test_of_what_is_stored_elsewhere(self, tm: Client, functions: Functions) -> None:
        reference = {"entityId": "pump", "componentName": "base", "propertyName": "maker"}
        functions.answer = {"propertyValues": {"maker": {"propertyReference": reference, "propertyValue": {"stringValue": "ACME"}}}}

        found = self._ask(tm, "kind", "maker")

        assert found["maker"] == {"propertyReference": reference, "propertyValue": {"stringValue": "ACME"}}
        assert found["kind"]["propertyValue"] == {"stringValue": "pump"}
        event = functions.events[0]
        assert event["selectedProperties"] == ["maker"]
        assert (event["workspaceId"], event["entityId"], event["componentName"]) == ("plant", "pump", "base")
        assert event["properties"]["kind"]["value"] == {"stringValue": "pump"}

    def test_of_a_component_type(self, tm: Client, refuses: Refuses) -> None:
        assert self._ask(tm, "kind", componentTypeId="com.example.pump")["kind"]["propertyValue"] == {"stringValue": "pump"}
        with refuses("ValidationException", "stored externally"):
            self._ask(tm, "maker", componentTypeId="com.example.pump")

    def test_tables_are_not_implemented(self, tm: Client, refuses: Refuses) -> None:
        with refuses("NotImplemented", "tabular", status=501):
            self._ask(tm, "kind", entityId="pump", componentName="base", propertyGroupName="g")


class TestPut:
    @pytest.fixture(autouse=True)
    def pump(self, tm: Client, workspace: str) -> None:
        tm.create_component_type(
            workspaceId=workspace,
            componentTypeId="com.example.pump",
            propertyDefinitions={
                "serial": {"dataType": {"type": "STRING"}, "isExternalId": True, "isRequiredInEntity": True},
                "kW": {"dataType": {"type": "DOUBLE"}, "isTimeSeries": True, "isStoredExternally": True},
            },
            functions={"dataReader": READER, "dataWriter": READER},
        )
        component = {"componentTypeId": "com.example.pump", "properties": {"serial": {"value": {"stringValue": "SN-1"}}}}
        tm.create_entity(workspaceId=workspace, entityId="pump", entityName="Pump", components={"base": component})

    def _entry(self, **reference: t.Any) -> dict[str, t.Any]:
        where = {"propertyName": "kW", **(reference or {"entityId": "pump", "componentName": "base"})}
        return {
            "entityPropertyReference": where,
            "propertyValues": [{"time": "2024-01-01T00:00:05.5Z", "value": {"doubleValue": 1.5}}],
        }

    @pytest.mark.parametrize("reference", [{}, {"externalIdProperty": {"serial": "SN-1"}}])
    def test_goes_to_the_writer(self, tm: Client, functions: Functions, reference: dict[str, t.Any]) -> None:
        functions.answer = {"errorEntries": []}

        answer = tm.batch_put_property_values(workspaceId="plant", entries=[self._entry(**reference)])

        assert answer["errorEntries"] == []
        event = functions.events[0]
        assert event["properties"]["pump"]["serial"]["value"] == {"stringValue": "SN-1"}
        assert event["entries"] == [
            {
                "entryId": "0",
                "entityPropertyReference": {"entityId": "pump", "componentName": "base", "propertyName": "kW"},
                "propertyValues": [{"time": "2024-01-01T00:00:05.5Z", "timestamp": 1704067205, "value": {"doubleValue": 1.5}}],
            }
        ]

    def test_errors_of_the_writer_are_passed_on(self, tm: Client, functions: Functions) -> None:
        entry = self._entry()
        functions.answer = {"errorEntries": [{"errors": [{"errorCode": "409", "errorMessage": "there already", "entry": entry}]}]}

        errors = tm.batch_put_property_values(workspaceId="plant", entries=[entry])["errorEntries"][0]["errors"]

        assert [(error["errorCode"], error["errorMessage"]) for error in errors] == [("409", "there already")]
        assert errors[0]["entry"]["entityPropertyReference"]["entityId"] == "pump"

    def test_a_failing_writer_is_an_error_of_each_entry(self, tm: Client, functions: Functions) -> None:
        functions.answer, functions.error = {"errorMessage": "no such table"}, True

        entries = tm.batch_put_property_values(workspaceId="plant", entries=[self._entry(), self._entry()])["errorEntries"]

        assert [entry["errors"][0]["errorCode"] for entry in entries] == ["ConnectorFailureException"] * 2

    def test_what_is_not_there(self, tm: Client, refuses: Refuses) -> None:
        with refuses("ResourceNotFoundException", "SN-9"):
            tm.batch_put_property_values(workspaceId="plant", entries=[self._entry(externalIdProperty={"serial": "SN-9"})])


CODE = """
def handler(event, context):
    meter = event["properties"]["meterId"]["value"]["stringValue"]
    reference = {"entityId": event["entityId"], "componentName": event["componentName"], "propertyName": event["selectedProperties"][0]}
    values = [{"time": event["startTime"], "value": {"doubleValue": float(meter)}}]
    return {"propertyValues": [{"entityPropertyReference": reference, "values": values}], "nextToken": None}
"""


@pytest.mark.usefixtures("roof")
def test_a_function_that_really_runs(cloud: Cloud, tm: Client) -> None:
    iam = cloud.client("iam")
    role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))["Role"]["Arn"]
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("index.py", CODE)
    functions = cloud.client("lambda")
    functions.create_function(
        FunctionName="reader", Runtime="python3.13", Handler="index.handler", Role=role, Code={"ZipFile": package.getvalue()}
    )

    answer = tm.get_property_value_history(
        workspaceId="plant", entityId="roof", componentName="meter-5", selectedProperties=["kW"], **RANGE
    )
    functions.delete_function(FunctionName="reader")

    assert answer["propertyValues"][0]["values"] == [{"time": RANGE["startTime"], "value": {"doubleValue": 5.0}}]
