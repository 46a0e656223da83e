# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The template, deployed on a local cloud of its own."""

from __future__ import annotations

import base64
import collections.abc as c
import datetime
import json
import pathlib
import socket
import time
import typing as t

from ansible_collections.energytwin.aws.plugins.filter.lambda_package import lambda_package
from ansible_collections.energytwin.aws.plugins.filter.stack_template import stack_template
from ansible_collections.energytwin.aws.plugins.module_utils._site.parse import parse_site
from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import twin_entities
from local_cloud.cloud import Cloud

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
        self.cloud = cloud
        self.storage = storage
        self.client = cloud.client
        self.now = int(cloud.now() * 1000)
        package = lambda_package(str(ROLE / "files" / "reader"))
        self.client("s3").create_bucket(Bucket=CODE, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        self.client("s3").put_object(Bucket=CODE, Key="reader.zip", Body=base64.b64decode(package["content_base64"]))
        parameters = {"DataTopic": TOPIC, "ReaderBucket": CODE, "ReaderKey": "reader.zip", "Storage": storage}
        self.client("cloudformation").create_stack(
            StackName=STACK,
            TemplateBody=json.dumps(stack_template((ROLE / "files" / "energy_twin.yml").read_text()), separators=(",", ":")),
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
        keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket, Prefix="readings/").get("Contents", [])]
        return [json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in keys]


def iso(milliseconds: int) -> str:
    moment = datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
