# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import json

import pytest

from ansible_collections.energytwin.aws.plugins.module_utils._reading.marked import (
    Failure,
    Hop,
    MarkedReading,
    error_of,
    mark,
    rule_fault,
    topic_matches,
)

METER = {"panel_id": "mech-rooftop", "meter_id": "5", "entity_id": "mech-rooftop", "component_name": "meter-5", "name": "Chiller"}


@pytest.fixture
def reading() -> MarkedReading:
    return mark([METER], now_ms=1_795_400_000_123, value=417.25)[0]


def test_a_marked_reading_is_published_with_its_identity_and_the_probe_alone(reading: MarkedReading) -> None:
    assert json.loads(reading.payload()) == {"panelId": "mech-rooftop", "meterId": "5", "timestamp": 1_795_400_000_123, "probe": 417.25}


@pytest.mark.parametrize(
    ("topic_filter", "topic", "matches"),
    [
        ("energy/plant", "energy/plant", True),
        ("energy/+", "energy/plant", True),
        ("energy/#", "energy/plant/hall", True),
        ("#", "energy/plant", True),
        ("energy/plant", "energy/plant/hall", False),
        ("energy/plant/hall", "energy/plant", False),
        ("energy/+", "energy/plant/hall", False),
        ("+/plant", "energy/office", False),
    ],
)
def test_topic_filters(topic_filter: str, topic: str, matches: bool) -> None:
    assert topic_matches(topic_filter, topic) is matches


def test_a_missing_rule_is_named_with_its_remedy() -> None:
    cause, remedy = rule_fault(None, "plant_rule", "energy/plant") or ("", "")
    assert cause == "there is no topic rule 'plant_rule'"
    assert "role stack" in remedy


def test_a_disabled_rule_is_the_cause() -> None:
    fault = rule_fault({"ruleDisabled": True, "sql": "SELECT * FROM 'energy/plant'"}, "plant_rule", "energy/plant")
    assert fault is not None
    assert fault[0] == "the topic rule 'plant_rule' is disabled"


def test_a_rule_on_another_topic_is_the_cause() -> None:
    fault = rule_fault({"ruleDisabled": False, "sql": "SELECT * FROM 'energy/office'"}, "plant_rule", "energy/plant")
    assert fault is not None
    assert "listens to 'energy/office'" in fault[0]
    assert "'energy/plant'" in fault[0]


def test_a_rule_that_fits_is_no_cause() -> None:
    assert rule_fault({"ruleDisabled": False, "sql": "SELECT * FROM 'energy/+'"}, "plant_rule", "energy/plant") is None


def error_document(payload: bytes, message: str) -> dict[str, object]:
    return {"base64OriginalPayload": base64.b64encode(payload).decode(), "failures": [{"errorMessage": message}]}


def test_the_error_of_a_reading_is_found_among_others(reading: MarkedReading) -> None:
    documents = [
        error_document(b"not json", "bad"),
        error_document(b'{"panelId": "other"}', "other"),
        error_document(reading.payload().encode(), "Timestream refused the record"),
    ]
    assert error_of(reading, documents, base64.b64decode) == "Timestream refused the record"


def test_no_error_where_the_reading_is_not_mentioned(reading: MarkedReading) -> None:
    assert error_of(reading, [error_document(b'{"panelId": "other"}', "other")], base64.b64decode) is None


def test_a_failure_is_one_sentence_with_meter_hop_cause_and_remedy(reading: MarkedReading) -> None:
    sentence = Failure(reading, Hop.RULE, "the rule is disabled", "enable it").sentence()
    assert sentence == "the reading of meter '5' of panel 'mech-rooftop' stopped at the rule: the rule is disabled; enable it"
