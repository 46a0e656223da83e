# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients of other people: a device made with plain boto3, paho-mqtt, and mosquitto's command line."""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import json
import pathlib
import ssl
import subprocess
import typing as t

import paho.mqtt.client as paho

from tests.integration.conftest import LocalCloud


@dataclasses.dataclass(frozen=True)
class Files:
    """A device's certificate and key on disk, and the client id that its policy allows."""

    client_id: str
    certificate: pathlib.Path
    key: pathlib.Path
    certificate_id: str


@contextlib.contextmanager
def device(cloud: LocalCloud, client_id: str, topic: str) -> c.Iterator[Files]:
    """A device that may connect under its id, and publish, subscribe and receive on one topic; gone afterwards."""
    iot = cloud.client("iot")
    base = "arn:aws:iot:eu-central-1:123456789012"
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "iot:Connect", "Resource": f"{base}:client/{client_id}"},
            {"Effect": "Allow", "Action": ["iot:Publish", "iot:Receive"], "Resource": f"{base}:topic/{topic}"},
            {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": f"{base}:topicfilter/{topic}"},
        ],
    }
    made = iot.create_keys_and_certificate(setAsActive=True)
    iot.create_policy(policyName=client_id, policyDocument=json.dumps(document))
    iot.attach_policy(policyName=client_id, target=made["certificateArn"])
    folder = cloud.home.parent / f"device-{client_id}"
    folder.mkdir(mode=0o700)
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    certificate.write_text(made["certificatePem"])
    key.touch(mode=0o600)
    key.write_text(made["keyPair"]["PrivateKey"])
    try:
        yield Files(client_id, certificate, key, made["certificateId"])
    finally:
        iot.detach_policy(policyName=client_id, target=made["certificateArn"])
        iot.delete_policy(policyName=client_id)
        iot.update_certificate(certificateId=made["certificateId"], newStatus="INACTIVE")
        iot.delete_certificate(certificateId=made["certificateId"])


def publish_all(cloud: LocalCloud, files: Files, topic: str, payloads: c.Sequence[str]) -> None:
    """Publish with QoS 1 and return when all are confirmed."""
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=files.client_id, protocol=paho.MQTTv311)
    client.tls_set(str(cloud.ca_file), str(files.certificate), str(files.key), tls_version=ssl.PROTOCOL_TLS_CLIENT)
    client.max_inflight_messages_set(90)
    client.connect("127.0.0.1", cloud.mqtt_port)
    client.loop_start()
    try:
        for message in [client.publish(topic, payload, qos=1) for payload in payloads]:
            message.wait_for_publish(timeout=300)
            assert message.is_published()
    finally:
        client.disconnect()
        client.loop_stop()


def mosquitto(
    program: str, cloud: LocalCloud, files: Files | None, *arguments: str, client_id: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run mosquitto_pub or mosquitto_sub against the cloud's broker; without files it shows no certificate."""
    command = [program, "-h", "127.0.0.1", "-p", str(cloud.mqtt_port), "--cafile", str(cloud.ca_file)]
    if files:
        command += ["--cert", str(files.certificate), "--key", str(files.key), "-i", client_id or files.client_id]
    return subprocess.run([*command, *arguments], capture_output=True, text=True, check=False, timeout=60)


def latest(cloud: LocalCloud, workspace: str, entity: str, component: str, name: str, start: str, end: str) -> list[t.Any]:
    """Values of a property as plain boto3 reads them through the twin."""
    answer = cloud.client("iottwinmaker").get_property_value_history(
        workspaceId=workspace, entityId=entity, componentName=component, selectedProperties=[name], startTime=start, endTime=end
    )
    return [value["value"]["doubleValue"] for found in answer["propertyValues"] for value in found["values"]]
