# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The template, deployed on the local cloud: readings go in by the rule and come out through the twin."""

from __future__ import annotations

import base64
import collections.abc as c
import datetime
import functools
import json
import pathlib
import socket
import threading
import time
import typing as t

import pytest
from botocore.exceptions import ClientError

from ansible_collections.energytwin.aws.plugins.filter.lambda_package import lambda_package
from ansible_collections.energytwin.aws.plugins.module_utils._site.parse import parse_site
from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import twin_entities
from ansible_collections.energytwin.aws.plugins.module_utils._site.properties import SERIES
from ansible_collections.energytwin.aws.plugins.module_utils._site.stack import expected_outputs
from local_cloud.cloud import Cloud
from local_cloud.front.server import Server
from local_cloud.settings import Settings

ROLE = pathlib.Path(__file__).parents[3] / "roles" / "stack"
STACK, TOPIC, CODE = "my-plant-1", "energy/my-plant-1", "my-plant-1-code"
SITE = {
    "name": "Plant",
    "topic": TOPIC,
    "areas": [{"id": "roof", "name": "Roof", "panels": [{"id": "mdb", "name": "MDB", "meters": [{"id": 5, "name": "M", "phases": 3}]}]}],
}
DEADLINE = 60.0


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def until(condition: c.Callable[[], t.Any]) -> t.Any:
    """What the condition gives as soon as it gives something."""
    deadline = time.monotonic() + DEADLINE
    while not (found := condition()):
        assert time.monotonic() < deadline, "did not come in time"
        time.sleep(0.05)
    return found


class Deployed:
    def __init__(self, cloud: Cloud, storage: str) -> None:
        self.storage = storage
        self.client = cloud.client
        self.now = int(cloud.now() * 1000)
        package = lambda_package(str(ROLE / "files" / "reader"))
        self.client("s3").create_bucket(Bucket=CODE, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        self.client("s3").put_object(Bucket=CODE, Key="reader.zip", Body=base64.b64decode(package["content_base64"]))
        parameters = {"DataTopic": TOPIC, "ReaderBucket": CODE, "ReaderKey": "reader.zip", "Storage": storage}
        self.client("cloudformation").create_stack(
            StackName=STACK,
            TemplateBody=(ROLE / "files" / "energy_twin.yml").read_text(),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM"],
        )
        until(lambda: not self._stack()["StackStatus"].endswith("_IN_PROGRESS"))
        events = self.client("cloudformation").describe_stack_events(StackName=STACK)["StackEvents"]
        reasons = [event.get("ResourceStatusReason") for event in events if event["ResourceStatus"].endswith("FAILED")]
        assert (self._stack()["StackStatus"], reasons) == ("CREATE_COMPLETE", [])
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in self._stack()["Outputs"]}
        for entity in twin_entities(parse_site(SITE, "plant-1")):
            parent = {"parentEntityId": entity["parent_entity_id"]} if "parent_entity_id" in entity else {}
            self.client("iottwinmaker").create_entity(
                workspaceId=self.outputs["WorkspaceId"],
                entityId=entity["entity_id"],
                entityName=entity["name"],
                components=entity["components"],
                **parent,
            )

    def _stack(self) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", self.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0])

    def publish(self, **reading: t.Any) -> None:
        self.client("iot-data").publish(topic=TOPIC, qos=1, payload=json.dumps(reading))

    def history(self, *properties: str, **arguments: t.Any) -> dict[str, list[tuple[str, float]]]:
        where = {"entityId": "mdb", "componentName": "meter-5"} if not arguments.get("componentTypeId") else {}
        answer = self.client("iottwinmaker").get_property_value_history(
            workspaceId=self.outputs["WorkspaceId"],
            selectedProperties=list(properties),
            startTime=iso(self.now - 3_600_000),
            endTime=iso(self.now + 3_600_000),
            **where,
            **arguments,
        )
        return {
            found["entityPropertyReference"]["propertyName"]: [(value["time"], value["value"]["doubleValue"]) for value in found["values"]]
            for found in answer["propertyValues"]
        }

    def errors(self) -> list[dict[str, t.Any]]:
        s3, bucket = self.client("s3"), self.outputs["ErrorBucketName"]
        keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
        return [json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in keys]


def iso(milliseconds: int) -> str:
    moment = datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.fixture(scope="module", params=["timestream", "dynamodb"])
def deployed(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> c.Iterator[Deployed]:
    # The reader's process reaches the store by the network: the cloud has to listen.
    server = Server(Settings(home=tmp_path_factory.mktemp("cloud"), port=free_port(), mqtt_port=free_port()))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield Deployed(server.cloud, request.param)
    finally:
        server.stop()
        thread.join()


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
