# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""twinmaker_property_value_info against readers of several kinds."""

from __future__ import annotations

import datetime
import typing as t

import pytest

BEGIN = datetime.datetime(2026, 11, 23, 9, tzinfo=datetime.timezone.utc)
METERS = [{"entity_id": "panel-1", "component_name": f"meter-{number}"} for number in (5, 6)]


class Reader:
    """A data connector with a value per minute; it pages per property, as the API asks for."""

    def __init__(self, count: int = 500, missing: tuple[str, ...] = ()) -> None:
        self.count = count
        self.missing = missing
        self.requests: list[dict[str, t.Any]] = []

    def __call__(self, request: dict[str, t.Any]) -> dict[str, t.Any]:
        self.requests.append(request)
        order = range(self.count) if request["orderByTime"] == "ASCENDING" else range(self.count - 1, -1, -1)
        start, size = int(request.get("nextToken", "0")), request["maxResults"]
        values: list[dict[str, t.Any]] = [
            {"time": (BEGIN + datetime.timedelta(minutes=index, milliseconds=7)).isoformat(), "value": {"doubleValue": index / 4}}
            for index in order[start : start + size]
        ]
        found: list[dict[str, t.Any]] = [
            {"entityPropertyReference": self.reference(request) | {"propertyName": name}, "values": values}
            for name in request["selectedProperties"]
            if name not in self.missing
        ]
        return {"propertyValues": found, **({"nextToken": str(start + size)} if start + size < self.count else {})}

    @staticmethod
    def reference(request: dict[str, t.Any]) -> dict[str, t.Any]:
        if "componentTypeId" in request:
            return {"externalIdProperty": {"meterId": "5"}}
        return {
            "entityId": request["entityId"],
            "componentName": request["componentName"],
            "externalIdProperty": {"meterId": request["componentName"][-1]},
        }


@pytest.fixture
def read(run: t.Any) -> t.Any:
    return lambda **options: run(
        "twinmaker_property_value_info", **{"workspace_id": "plant", "components": METERS, "selected_properties": ["kW"], **options}
    )


def test_reads_every_page_of_every_component(twin: t.Any, read: t.Any) -> None:
    twin.readings = Reader()
    result = read()
    assert not result["changed"]
    assert [(entry["component_name"], entry["external_ids"]) for entry in result["components"]] == [
        ("meter-5", {"meterId": "5"}),
        ("meter-6", {"meterId": "6"}),
    ]
    points = result["components"][0]["properties"]["kW"]
    assert len(points) == 500 and points[:2] == [
        {"time": "2026-11-23T09:00:00.007Z", "value": 0.0},
        {"time": "2026-11-23T09:01:00.007Z", "value": 0.25},
    ]


def test_the_latest_value_of_each_property_takes_one_call(twin: t.Any, read: t.Any) -> None:
    reader = twin.readings = Reader()
    result = read(latest=True, selected_properties=["kW", "v1"], components=METERS[:1])
    expected = [{"time": "2026-11-23T17:19:00.007Z", "value": 124.75}]
    assert result["components"][0]["properties"] == {"kW": expected, "v1": expected}
    assert len(reader.requests) == 1 and reader.requests[0]["orderByTime"] == "DESCENDING"


def test_a_property_without_a_value_does_not_make_it_read_everything(twin: t.Any, read: t.Any) -> None:
    reader = twin.readings = Reader(missing=("v2",))
    result = read(latest=True, selected_properties=["kW", "v2"], components=METERS[:1])
    assert set(result["components"][0]["properties"]) == {"kW"}
    assert len(reader.requests) == 2


def test_the_latest_value_of_a_reader_that_ignores_the_order(twin: t.Any, read: t.Any) -> None:
    reader = Reader(count=3)
    twin.readings = lambda request: reader({**request, "orderByTime": "ASCENDING", "maxResults": 100})
    assert read(latest=True)["components"][0]["properties"]["kW"] == [{"time": "2026-11-23T09:02:00.007Z", "value": 0.5}]


def test_a_limit_ends_the_paging(twin: t.Any, read: t.Any) -> None:
    reader = twin.readings = Reader()
    result = read(limit=3, max_results=2, components=METERS[:1], order="descending")
    assert [point["value"] for point in result["components"][0]["properties"]["kW"]] == [124.75, 124.5, 124.25]
    assert len(reader.requests) == 2


def test_more_than_ten_properties_take_several_calls(twin: t.Any, read: t.Any) -> None:
    reader = twin.readings = Reader(count=1)
    names = [f"p{number:02}" for number in range(15)]
    assert list(read(selected_properties=names, components=METERS[:1])["components"][0]["properties"]) == names
    assert [len(request["selectedProperties"]) for request in reader.requests] == [10, 5]


def test_all_time_series_by_default(twin: t.Any, read: t.Any, run: t.Any) -> None:
    reader = twin.readings = Reader(count=1)
    definitions = {"kW": {"dataType": {"type": "DOUBLE"}, "isTimeSeries": True}, "id": {"dataType": {"type": "STRING"}}}
    run("twinmaker_component_type", workspace_id="plant", component_type_id="com.example.meter", property_definitions=definitions)
    twin.CreateEntity("plant", "panel-1", "P", components={"meter-5": {"componentTypeId": "com.example.meter"}})
    assert set(read(selected_properties=None, components=METERS[:1])["components"][0]["properties"]) == {"kW"}
    assert set(read(selected_properties=None, components=None, component_type_id="com.example.meter")["components"][0]["properties"]) == {
        "kW"
    }
    assert [request["selectedProperties"] for request in reader.requests] == [["kW"], ["kW"]]
    assert "component 'meter-6' of entity 'panel-1': it is not there, or has no time series" in read(selected_properties=None)["msg"]


def test_all_components_of_a_type(twin: t.Any, read: t.Any) -> None:
    twin.readings = Reader(count=1)
    (entry,) = read(components=None, component_type_id="com.example.meter")["components"]
    assert (entry["entity_id"], entry["component_name"], entry["external_ids"]) == (None, None, {"meterId": "5"})


def test_what_is_asked_of_the_reader(twin: t.Any, read: t.Any) -> None:
    reader = twin.readings = Reader(count=1)
    filters = [{"property_name": "kW", "operator": ">", "value": {"doubleValue": "1"}}]
    result = read(
        components=METERS[:1],
        start_time="2026-11-23 10:00:00+01:00",
        end_time="2026-11-23T10:00Z",
        interpolation_seconds=60,
        property_filters=filters,
    )
    assert reader.requests == [
        {
            "entityId": "panel-1",
            "componentName": "meter-5",
            "selectedProperties": ["kW"],
            "startTime": "2026-11-23T09:00:00.000Z",
            "endTime": "2026-11-23T10:00:00.000Z",
            "orderByTime": "ASCENDING",
            "maxResults": 200,
            "interpolation": {"interpolationType": "LINEAR", "intervalInSeconds": 60},
            "propertyFilters": [{"propertyName": "kW", "operator": ">", "value": {"doubleValue": 1.0}}],
        }
    ]
    assert result["start_time"] == "2026-11-23T09:00:00.000Z"


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ({"doubleValue": "1.5"}, 1.5),
        ({"integerValue": 3}, 3),
        ({"longValue": 2**40}, 2**40),
        ({"booleanValue": True}, True),
        ({"stringValue": "on"}, "on"),
        ({"listValue": [{"doubleValue": 1}]}, [1.0]),
        ({"mapValue": {"a": {"stringValue": "b"}}}, {"a": "b"}),
    ],
)
def test_values_are_plain_and_timestamps_are_iso(twin: t.Any, read: t.Any, value: dict[str, t.Any], plain: t.Any) -> None:
    stamp = datetime.datetime(2026, 11, 23, 11, 0, 0, 249999, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))
    values = [{"timestamp": stamp, "value": value}]
    twin.readings = lambda request: {"propertyValues": [{"entityPropertyReference": {"propertyName": "kW"}, "values": values}]}
    assert read()["components"][0]["properties"]["kW"] == [{"time": "2026-11-23T10:00:00.250Z", "value": plain}]


def test_nothing_is_an_empty_answer(twin: t.Any, read: t.Any) -> None:
    assert [entry["properties"] for entry in read()["components"]] == [{}, {}]
    assert read(components=None, component_type_id="com.example.meter")["components"] == []


def test_failures_of_the_reader_are_explained_for_each_component(twin: t.Any, read: t.Any, fault: t.Any) -> None:
    def fail(request: dict[str, t.Any]) -> dict[str, t.Any]:
        five = request["componentName"] == "meter-5"
        raise fault(
            "ConnectorFailureException" if five else "ConnectorTimeoutException", "KeyError: 'panelId'" if five else "too slow", 424
        )

    twin.readings = fail
    assert read()["msg"].splitlines() == [
        "Failed to read the history of component 'meter-5' of entity 'panel-1': KeyError: 'panelId' (ConnectorFailureException):"
        " the Lambda function of the data connector failed; look at its log group in CloudWatch Logs.",
        "Failed to read the history of component 'meter-6' of entity 'panel-1': too slow (ConnectorTimeoutException):"
        " the Lambda function of the data connector took too long; ask for less at once, or give it more time and memory.",
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start_time": "yesterday"}, "start_time: 'yesterday' is no point in time"),
        ({"start_time": "2026-11-23T10:00:00"}, "start_time: '2026-11-23T10:00:00' is no point in time"),
        ({"start_time": "2026-13-23T10:00:00Z"}, "is no point in time"),
        ({"end_time": "-2h"}, "is not before end_time"),
        ({"max_results": 201}, "max_results: 201 is more than AWS takes"),
        ({"limit": 0}, "limit: 0 is less than 1"),
        ({"selected_properties": []}, "selected_properties: [] is empty"),
        ({"selected_properties": ["a", "a"]}, "names a property twice"),
        ({"components": [{"entity_id": "x y", "component_name": "m"}]}, "components[0].entity_id: 'x y' cannot be used"),
        (
            {"property_filters": [{"property_name": "kW", "operator": ">", "value": {"number": 1}}]},
            'property_filters[0].value: {"number": 1} is not a value',
        ),
    ],
)
def test_refuses_bad_options(twin: t.Any, read: t.Any, options: dict[str, t.Any], message: str) -> None:
    assert message in read(**options)["msg"]
    assert twin.calls == []
