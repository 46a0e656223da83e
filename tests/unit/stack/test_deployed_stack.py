# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The template, deployed on the local cloud: readings go in by the rule and come out through the twin."""

from __future__ import annotations

import base64
import datetime
import functools
import json
import time
import typing as t

import pytest
from botocore.exceptions import ClientError

from ansible_collections.energytwin.aws.plugins.module_utils._site.properties import SERIES
from ansible_collections.energytwin.aws.plugins.module_utils._site.stack import expected_outputs
from tests.unit.stack.deployed import STACK, TOPIC, Deployed, iso, until


def test_outputs_are_as_expected_before_there_was_a_stack(deployed: Deployed) -> None:
    expected = expected_outputs(STACK, TOPIC, deployed.storage)
    without = {"dynamodb": {"DatabaseName"}, "timestream": set()}
    assert set(deployed.outputs) == set(expected) - without[deployed.storage]
    assert all(deployed.outputs[name] == value for name, value in expected.items() if value)
    assert all(deployed.outputs.values())


def test_a_reading_keeps_its_own_time_and_every_property(deployed: Deployed) -> None:
    # Whole numbers, texts that are numbers, and a number as meter id: as devices send them.
    values = {name: float(index) for index, name in enumerate(SERIES)}
    sent = {**values, "v1": 0, "i1": "2.5"}
    deployed.publish(panelId="mdb", meterId=5, timestamp=deployed.now - 60_007, **sent)
    expected = {**values, "v1": 0.0, "i1": 2.5}
    for names in (SERIES[:10], SERIES[10:]):
        assert until(functools.partial(deployed.history, *names)) == {
            name: [(iso(deployed.now - 60_007), expected[name])] for name in names
        }


def test_a_reading_in_the_original_form_is_stamped_on_arrival(deployed: Deployed) -> None:
    before = int(time.time() * 1000)
    deployed.publish(panelId="mdb", meterId="5", v1=246.55, i1=0, kW=-7.5, v2=None)
    ((stamped, value),) = until(lambda: [entry for entry in deployed.history("kW")["kW"] if entry[1] == -7.5])
    moment = datetime.datetime.fromisoformat(stamped.replace("Z", "+00:00"))
    assert before <= round(moment.timestamp() * 1000) <= int(time.time() * 1000)
    assert value == -7.5


def test_what_cannot_be_stored_is_kept_with_its_reason(deployed: Deployed) -> None:
    day = 86_400_000
    bad = {
        "no time": {"panelId": "mdb", "meterId": "5", "timestamp": "yesterday", "kW": 1},
        "in seconds": {"panelId": "mdb", "meterId": "5", "timestamp": deployed.now // 1000, "kW": 1},
        "in the future": {"panelId": "mdb", "meterId": "5", "timestamp": deployed.now + 3_600_000, "kW": 1},
        "older than readings are kept": {"panelId": "mdb", "meterId": "5", "timestamp": deployed.now - 3651 * day, "kW": 1},
        "no panel": {"meterId": "5", "timestamp": deployed.now, "kW": 1},
        "no meter": {"panelId": "mdb", "timestamp": deployed.now, "kW": 1},
    }
    if deployed.storage == "dynamodb":
        bad["no number"] = {"panelId": "mdb", "meterId": "5", "timestamp": deployed.now, "kW": "a lot", "v1": 230}
        bad["another's key"] = {"panelId": "mdb#5", "meterId": "6", "timestamp": deployed.now, "kW": 1}
    payloads = [json.dumps(reading).encode() for reading in bad.values()]
    if deployed.storage == "dynamodb":
        payloads += [b'{"panelId": "mdb", "meterId": "5", "kW": NaN}', b"\xff"]
    for payload in payloads:
        deployed.client("iot-data").publish(topic=TOPIC, qos=1, payload=payload)
    errors = until(lambda: found if len(found := deployed.errors()) == len(payloads) else None)
    assert sorted(base64.b64decode(error["base64OriginalPayload"]) for error in errors) == sorted(payloads)
    assert all(error["failures"][0]["errorMessage"] for error in errors)


def test_the_component_type_gives_all_meters(deployed: Deployed) -> None:
    deployed.publish(panelId="mdb", meterId="x' OR 'a'='a", timestamp=deployed.now - 120_000, pf=0.5)
    found = until(lambda: deployed.history("pf", componentTypeId="com.example.energymeter"))
    assert (iso(deployed.now - 120_000), 0.5) in found["pf"]


def test_totals_of_a_meter_and_of_its_panel_are_read_through_the_twin(deployed: Deployed) -> None:
    quarter = 900_000
    begin = deployed.now // quarter * quarter - 4 * quarter
    for minutes in range(16):
        deployed.publish(
            panelId="total", meterId="1", timestamp=begin + minutes * 60_000, kW=6.0 if minutes < 15 else 60.0, kWhImport=0.1 * minutes
        )
    dynamodb = deployed.client("dynamodb")
    until(
        lambda: dynamodb.query(
            TableName=deployed.outputs["RollupsTableName"],
            KeyConditionExpression="series = :late AND begins_with(entry, :meter)",
            ExpressionAttributeValues={":late": {"S": "late"}, ":meter": {"S": "total#1#"}},
        )["Items"]
    )
    members = json.dumps({"summaries": {"mdb": [["total", "1"]]}})
    deployed.client("s3").put_object(Bucket=deployed.outputs["BucketName"], Key="energytwin/summaries.json", Body=members)
    filters = [
        {"propertyName": name, "operator": "=", "value": {"stringValue": value}} for name, value in (("panelId", "total"), ("meterId", "1"))
    ]
    asked = {
        "workspaceId": deployed.outputs["WorkspaceId"],
        "selectedProperties": ["kWPeakHour", "kWhImportHour"],
        "startTime": iso(begin - 3_600_000),
        "endTime": iso(deployed.now),
    }

    def peak(**where: t.Any) -> float:
        answer = deployed.client("iottwinmaker").get_property_value_history(**asked, **where)
        values = [entry["values"] for entry in answer["propertyValues"] if entry["entityPropertyReference"]["propertyName"] == "kWPeakHour"]
        return max((value["value"]["doubleValue"] for some in values for value in some), default=0.0)

    def counted() -> bool:
        answer = deployed.client("lambda").invoke(FunctionName=deployed.outputs["RollupFunctionName"], Payload=b"{}")
        assert "FunctionError" not in answer, answer["Payload"].read()
        return peak(componentTypeId="com.example.energymeter", propertyFilters=filters) == 60.0

    # The schedule may be at it just now.
    until(counted)
    assert until(lambda: peak(entityId="mdb", componentName="energy")) == 60.0


def test_a_refusal_reaches_the_caller_as_one_sentence(deployed: Deployed) -> None:
    condition = {"propertyName": "kW", "operator": "LIKE", "value": {"doubleValue": 1.0}}
    with pytest.raises(ClientError) as caught:
        deployed.history("kW", propertyFilters=[condition])
    assert caught.value.response["Error"]["Code"] == "ConnectorFailureException"
    assert "kW cannot be compared by 'LIKE'; use one of = != < <= > >=" in str(caught.value)


def test_the_workspace_role_carries_out_imports(deployed: Deployed) -> None:
    """One that goes well, and one that has a report to write."""
    twinmaker, bucket = deployed.client("iottwinmaker"), deployed.outputs["BucketName"]
    for number, (component_type, failed) in enumerate(((deployed.outputs["ComponentTypeId"], 0), ("no.such.type", 1))):
        identifiers = {name: {"value": {"stringValue": "7"}} for name in ("panelId", "meterId")}
        meter = {"componentTypeId": component_type, "properties": identifiers}
        entity = {"entityId": f"imported-{number}", "entityName": "Imported", "components": {"m": meter}}
        key = f"energytwin/imports/{deployed.outputs['WorkspaceId']}/{number}.json"
        deployed.client("s3").put_object(Bucket=bucket, Key=key, Body=json.dumps({"entities": [entity]}))
        job_id = twinmaker.create_metadata_transfer_job(
            sources=[{"type": "s3", "s3Configuration": {"location": f"arn:aws:s3:::{bucket}/{key}"}}],
            destination={"type": "iottwinmaker", "iotTwinMakerConfiguration": {"workspace": deployed.outputs["WorkspaceArn"]}},
        )["metadataTransferJobId"]
        job = twinmaker.get_metadata_transfer_job(metadataTransferJobId=job_id)
        assert (job["status"], job["progress"]["failedCount"]) == ({"state": "COMPLETED", "error": {}}, failed)
