# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad readings on the deployed stack: stored right, or in the error bucket with what is wrong with them; counted; never lost in silence."""

from __future__ import annotations

import base64
import functools
import itertools
import json
import typing as t

import pytest
from botocore.exceptions import ClientError

from tests.unit.stack.deployed import TOPIC, Deployed, iso, until

DAY = 86_400_000
_NUMBERS = itertools.count(1)


def good(deployed: Deployed) -> dict[str, t.Any]:
    """A reading of a time of its own."""
    return {"panelId": "mdb", "meterId": "5", "timestamp": deployed.now - 7_000 * next(_NUMBERS), "kW": 1.5}


def refused(deployed: Deployed) -> dict[bytes, str]:
    """Payload -> reason of all that stands below refused/."""
    s3, bucket = deployed.client("s3"), deployed.outputs["ErrorBucketName"]
    found = s3.list_objects_v2(Bucket=bucket, Prefix="refused/").get("Contents", [])
    documents = [json.loads(s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()) for entry in found]
    assert all(document["topic"] == TOPIC and document["received"] >= deployed.now for document in documents)
    return {base64.b64decode(document["base64OriginalPayload"]): document["reason"] for document in documents}


def stored(deployed: Deployed, name: str, moment: int) -> list[float]:
    """The values of a property of the meter at that time."""
    return [value for stamped, value in deployed.history(name).get(name, []) if stamped == iso(moment)]


WRONG: dict[str, tuple[dict[str, t.Any], str]] = {
    "no panel": ({"panelId": None}, "no JSON object with panelId and meterId"),
    "empty meter": ({"meterId": ""}, "panelId or meterId is empty, or panelId holds a #"),
    "another's key": ({"panelId": "mdb#5"}, "panelId or meterId is empty, or panelId holds a #"),
    "time in words": ({"timestamp": "yesterday"}, "timestamp is no number"),
    "time in seconds": ({"timestamp": 1_795_400_000}, "timestamp is not in milliseconds"),
    "text for a number": ({"kW": "a lot"}, "no number: kW"),
    "NaN as a text": ({"kW": "NaN", "hz": "NaN"}, "no number: kW hz"),
    "an object for a number": ({"kW": {"value": 1}}, "no number: kW"),
    "nothing measured": ({"kW": None}, "no value of a meter"),
    "a mistyped property": ({"kW": None, "kw": 1}, "no value of a meter"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_faulty_reading_is_kept_with_its_fault(deployed: Deployed, name: str) -> None:
    changes, reason = WRONG[name]
    payload = {key: value for key, value in {**good(deployed), "marker": name, **changes}.items() if value is not None}
    deployed.publish(**payload)
    assert until(functools.partial(_reason, deployed, json.dumps(payload).encode())) == reason


@pytest.mark.parametrize(
    ("minutes", "reason"), [(16, "timestamp is more than 15 minutes ahead"), (-5_300_000, "timestamp is older than readings are kept")]
)
def test_a_time_that_cannot_be_is_kept_with_its_fault(deployed: Deployed, minutes: int, reason: str) -> None:
    payload = {**good(deployed), "timestamp": deployed.now + minutes * 60_000 + 30_000}
    deployed.publish(**payload)
    assert until(functools.partial(_reason, deployed, json.dumps(payload).encode())) == reason


@pytest.mark.parametrize(
    "payload",
    [
        b'{"panelId": "mdb", "meterId": "5", "kW": NaN}',
        b"kW=5",
        b"\xff\x00",
        b"[]",
        b'[{"panelId": "mdb", "meterId": "5", "kW": 1}]',
        b'"text"',
        b"7",
    ],
)
def test_what_is_no_json_object_is_kept_as_it_came(deployed: Deployed, payload: bytes) -> None:
    deployed.client("iot-data").publish(topic=TOPIC, qos=1, payload=payload)
    assert until(functools.partial(_reason, deployed, payload)) == "no JSON object with panelId and meterId"


def _reason(deployed: Deployed, payload: bytes) -> str | None:
    return refused(deployed).get(payload)


def test_a_good_reading_is_in_the_store_and_nowhere_else(deployed: Deployed) -> None:
    before = (refused(deployed), len(deployed.errors()))
    readings = [
        good(deployed),
        {**good(deployed), "kW": "1.5", "meterId": 5, "firmware": "1.2", "v2": None},
        {**good(deployed), "timestamp": str(deployed.now - 7_000 * next(_NUMBERS))},
    ]
    for reading in readings:
        deployed.publish(**reading)
    for reading in readings:
        assert until(functools.partial(stored, deployed, "kW", int(reading["timestamp"]))) == [1.5]
    assert (refused(deployed), len(deployed.errors())) == before


def test_what_is_faulty_never_reaches_the_history(deployed: Deployed) -> None:
    """DynamoDB gets nothing of such a reading; Timestream, which keeps each value by itself, gets the values that are right."""
    reading = {**good(deployed), "kW": "a lot", "hz": 50.0}
    deployed.publish(**reading)
    until(functools.partial(_reason, deployed, json.dumps(reading).encode()))
    assert stored(deployed, "kW", reading["timestamp"]) == []
    assert stored(deployed, "hz", reading["timestamp"]) == ([50.0] if deployed.storage == "timestream" else [])


@pytest.mark.parametrize(
    "meter",
    ["x' OR '1'='1", "'; DROP TABLE energy; --", '"quoted"', "a\\'b", "5#6", "${timestamp()}", "%' --", "\u2028'"],
)
def test_no_meter_id_changes_a_query(deployed: Deployed, meter: str) -> None:
    """It is stored as it is, and read back by its own name alone."""
    reading = {**good(deployed), "meterId": meter, "pf": 0.25}
    deployed.publish(**reading)
    lambda_, name = deployed.client("lambda"), deployed.outputs["ReaderFunctionName"]

    def read(panel: str, meter_id: str) -> list[t.Any]:
        request = {
            "workspaceId": deployed.outputs["WorkspaceId"],
            "entityId": "mdb",
            "componentName": "m",
            "componentTypeId": deployed.outputs["ComponentTypeId"],
            "selectedProperties": ["pf"],
            "startTime": iso(deployed.now - DAY),
            "endTime": iso(deployed.now + 60_000),
            "properties": {"panelId": {"value": {"stringValue": panel}}, "meterId": {"value": {"stringValue": meter_id}}},
        }
        answer = json.loads(lambda_.invoke(FunctionName=name, Payload=json.dumps(request).encode())["Payload"].read())
        return [value["time"] for series in answer["propertyValues"] for value in series["values"]]

    assert until(lambda: read("mdb", meter)) == [iso(reading["timestamp"])]
    assert read("mdb", "no such meter") == []


def test_a_message_above_the_limit_is_refused_to_its_sender(deployed: Deployed) -> None:
    before = (refused(deployed), deployed.errors())
    with pytest.raises(ClientError) as caught:
        deployed.publish(**good(deployed), padding="x" * 128 * 1024)
    assert caught.value.response["Error"]["Code"] == "InvalidRequestException"
    assert (refused(deployed), deployed.errors()) == before


def test_a_reading_of_a_meter_that_the_site_does_not_know_waits_in_the_store(deployed: Deployed) -> None:
    reading = {**good(deployed), "meterId": "not-in-the-site", "hz": 49.5}
    deployed.publish(**reading)
    found = until(lambda: deployed.history("hz", componentTypeId=deployed.outputs["ComponentTypeId"]).get("hz"))
    assert (iso(reading["timestamp"]), 49.5) in found


def test_refusals_are_counted(deployed: Deployed) -> None:
    rule = deployed.outputs["RuleName"].rpartition("_")[0] + "_RefusedReadings"

    def written() -> int:
        return int((deployed.cloud.store.get("iot/rule-counters", rule) or {"succeeded": 0})["succeeded"])

    before, refusals = written(), len(refused(deployed))
    for number in range(3):
        deployed.publish(**{**good(deployed), "kW": f"wrong {number}"})
    until(lambda: written() == before + 3)
    assert len(refused(deployed)) == refusals + 3
