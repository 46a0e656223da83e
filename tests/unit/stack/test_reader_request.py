# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the reader takes for a request, and how it refuses what is none."""

from __future__ import annotations

import typing as t

import pytest
from energy_reader.errors import ReaderError
from energy_reader.request import parse


def event(**changes: t.Any) -> dict[str, t.Any]:
    string = {"definition": {"dataType": {"type": "STRING"}, "isTimeSeries": False}}
    series = {"definition": {"dataType": {"type": "DOUBLE"}, "isTimeSeries": True}}
    good = {
        "workspaceId": "plant_workspace",
        "entityId": "mdb",
        "componentName": "meter-5",
        "componentTypeId": "com.example.energymeter",
        "selectedProperties": ["kW"],
        "startTime": "2026-11-01T00:00:00Z",
        "endTime": "2026-11-01T01:00:00.5+01:00",
        "startDateTime": 1,
        "endDateTime": 2,
        "properties": {
            "panelId": {**string, "value": {"stringValue": "mdb"}},
            "meterId": {**string, "value": {"stringValue": "5"}},
            "kW": series,
            "v1": series,
        },
        "propertyFilters": None,
        "interpolation": None,
        "maxResults": None,
        "orderByTime": None,
        "nextToken": None,
    }
    return {**good, **changes}


def test_an_entitys_request_is_read() -> None:
    request = parse(event(selectedProperties=["kW", "v1", "kW"]))
    assert request.meter is not None
    assert (request.meter.panel_id, request.meter.meter_id, request.meter.entity_id, request.meter.component_name) == (
        "mdb",
        "5",
        "mdb",
        "meter-5",
    )
    assert request.properties == ("kW", "v1")
    assert (request.start, request.end) == (1793491200 * 10**9, 1793491200 * 10**9 + 500_000_000)
    assert (request.descending, request.interval, request.page_size, request.next_token) == (False, None, 200, None)


def test_a_component_types_request_has_no_meter() -> None:
    given = event(properties={"panelId": {}, "meterId": {}})
    for key in ("entityId", "componentName"):
        del given[key]
    assert parse(given).meter is None


def test_times_of_the_old_form_are_taken_where_the_new_ones_are_missing() -> None:
    request = parse(event(startTime=None, endTime=None, startDateTime=1793491200, endDateTime=1793491200.25))
    assert (request.start, request.end) == (1793491200 * 10**9, 1793491200 * 10**9 + 250_000_000)


@pytest.mark.parametrize(("given", "size"), [(None, 200), (0, 200), (1, 1), (200, 200), (250, 200)])
def test_a_page_is_never_larger_than_the_apis(given: int | None, size: int) -> None:
    assert parse(event(maxResults=given)).page_size == size


def test_numbers_in_filters_may_be_written_as_texts() -> None:
    conditions = [
        {"propertyName": "kW", "operator": ">=", "value": {"stringValue": "1.5"}},
        {"propertyName": "panelId", "operator": "!=", "value": {"stringValue": "x"}},
    ]
    assert [condition.value for condition in parse(event(propertyFilters=conditions)).filters] == [1.5, "x"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"selectedProperties": []}, "selectedProperties is missing or empty"),
        ({"selectedProperties": ["panelId"]}, "'panelId' has no history"),
        ({"properties": {}}, "component 'meter-5' of entity 'mdb' has no panelId; set it"),
        ({"componentName": None}, "componentName is missing"),
        ({"startTime": "yesterday"}, "startTime: 'yesterday' is no time"),
        ({"startTime": "2026-13-01T00:00:00Z"}, "startTime: '2026-13-01T00:00:00Z' is no time"),
        ({"endTime": None, "endDateTime": None}, "endTime is missing"),
        ({"startTime": "2026-12-01T00:00:00Z"}, "startTime is after endTime"),
        ({"orderByTime": "RANDOM"}, "orderByTime: 'RANDOM' is no order; use ASCENDING or DESCENDING"),
        ({"maxResults": "many"}, "maxResults: 'many' is no number of results"),
        ({"interpolation": {"interpolationType": "SPLINE", "intervalInSeconds": 1}}, "interpolation: 'SPLINE' is not known; use LINEAR"),
        ({"interpolation": {"interpolationType": "LINEAR", "intervalInSeconds": 0}}, "intervalInSeconds is 0"),
        ({"propertyFilters": [{"propertyName": "kW"}]}, "each needs a propertyName, an operator and one value"),
        ({"propertyFilters": [{"propertyName": "kW", "operator": "LIKE", "value": {"doubleValue": 1}}]}, "kW cannot be compared by 'LIKE'"),
        (
            {"propertyFilters": [{"propertyName": "panelId", "operator": "<", "value": {"stringValue": "x"}}]},
            "panelId cannot be compared by '<'",
        ),
        (
            {"propertyFilters": [{"propertyName": "kW", "operator": "=", "value": {"stringValue": "1 OR 1=1"}}]},
            "cannot be compared with '1 OR 1=1'",
        ),
        (
            {
                "interpolation": {"interpolationType": "LINEAR", "intervalInSeconds": 60},
                "propertyFilters": [{"propertyName": "kW", "operator": ">", "value": {"doubleValue": 1}}],
            },
            "cannot be combined with interpolation",
        ),
    ],
)
def test_a_bad_request_is_refused_in_one_sentence(changes: dict[str, t.Any], sentence: str) -> None:
    with pytest.raises(ReaderError) as caught:
        parse(event(**changes))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
