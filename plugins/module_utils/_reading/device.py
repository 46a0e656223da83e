# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A device identity for the length of one task: a certificate with a policy that allows one client id and one topic.

The policy's name says what it is for and when it was made, so that a run that was killed half way is cleaned up by the next one.
"""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import json
import os
import pathlib
import tempfile
import time
import typing as t
import uuid

try:
    from botocore.exceptions import ClientError
except ImportError:
    pass  # AnsibleAWSModule has already said so

POLICY_PREFIX = "energytwin-temporary"
# Longer than any task with such an identity runs: what is older was left by a run that was killed.
ABANDONED_AFTER_SECONDS = 3600


@dataclasses.dataclass(frozen=True)
class Device:
    """What a client needs to connect. The files are readable by the owner alone and gone when the identity is."""

    client_id: str
    certificate_file: pathlib.Path
    key_file: pathlib.Path
    host: str
    port: int


def policy_document(partition: str, region: str, account: str, client_id: str, topic: str) -> dict[str, t.Any]:
    """Connect under one client id and publish to one topic; nothing else."""
    base = f"arn:{partition}:iot:{region}:{account}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "iot:Connect", "Resource": f"{base}:client/{client_id}"},
            {"Effect": "Allow", "Action": "iot:Publish", "Resource": f"{base}:topic/{topic}"},
        ],
    }


def endpoint_address(address: str, port: int | None) -> tuple[str, int]:
    """Host and port out of what DescribeEndpoint answers; a given port wins, 8883 is MQTT over mutual TLS."""
    host, _colon, own_port = address.partition(":")
    return host, port or int(own_port or 8883)


def is_abandoned(policy_name: str, now: float) -> bool:
    """Whether a policy was made here, so long ago that its run cannot be alive."""
    parts = policy_name.removeprefix(f"{POLICY_PREFIX}-").split("-")
    if not policy_name.startswith(f"{POLICY_PREFIX}-") or not parts[0].isdigit():
        return False
    return now - int(parts[0]) > ABANDONED_AFTER_SECONDS


@contextlib.contextmanager
def temporary_device(iot: t.Any, topic: str, *, port: int | None = None) -> c.Iterator[Device]:
    """Make an identity that may publish to ``topic``, and remove all of it afterwards, whatever happened meanwhile."""
    remove_abandoned(iot)
    client_id = f"{POLICY_PREFIX}-{int(time.time())}-{uuid.uuid4().hex[:8]}"
    host, mqtt_port = endpoint_address(iot.describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"], port)
    with contextlib.ExitStack() as undo, tempfile.TemporaryDirectory(prefix="energytwin-") as folder:
        # The certificate is made inactive and without a policy: should the run be killed right here, what is left can do nothing.
        made = iot.create_keys_and_certificate(setAsActive=False)
        undo.callback(_remove_certificate, iot, made["certificateId"])
        _arn, partition, _service, region, account, _resource = made["certificateArn"].split(":", 5)
        document = policy_document(partition, region, account, client_id, topic)
        iot.create_policy(policyName=client_id, policyDocument=json.dumps(document))
        undo.callback(iot.delete_policy, policyName=client_id)
        iot.attach_policy(policyName=client_id, target=made["certificateArn"])
        undo.callback(iot.detach_policy, policyName=client_id, target=made["certificateArn"])
        iot.update_certificate(certificateId=made["certificateId"], newStatus="ACTIVE")
        yield Device(
            client_id=client_id,
            certificate_file=_private_file(folder, "certificate.pem", made["certificatePem"]),
            key_file=_private_file(folder, "key.pem", made["keyPair"]["PrivateKey"]),
            host=host,
            port=mqtt_port,
        )


def remove_abandoned(iot: t.Any) -> list[str]:
    """Remove the identities of runs that were killed; gives the names of their policies."""
    policies = iot.get_paginator("list_policies").paginate().build_full_result()["policies"]
    names = [policy["policyName"] for policy in policies]
    abandoned = [name for name in names if is_abandoned(name, time.time())]
    for name in abandoned:
        for target in iot.get_paginator("list_targets_for_policy").paginate(policyName=name).build_full_result()["targets"]:
            iot.detach_policy(policyName=name, target=target)
            _remove_certificate(iot, target.rpartition("/")[2])
        iot.delete_policy(policyName=name)
    return abandoned


def _remove_certificate(iot: t.Any, certificate_id: str) -> None:
    with contextlib.suppress(ClientError):
        iot.update_certificate(certificateId=certificate_id, newStatus="INACTIVE")
    iot.delete_certificate(certificateId=certificate_id)


def _private_file(folder: str, name: str, text: str) -> pathlib.Path:
    path = pathlib.Path(folder) / name
    with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
        file.write(text)
    return path
