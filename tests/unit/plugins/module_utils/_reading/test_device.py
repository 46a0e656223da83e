# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import stat
import time
import typing as t

import pytest

from ansible_collections.energytwin.aws.plugins.module_utils._reading.device import (
    ABANDONED_AFTER_SECONDS,
    POLICY_PREFIX,
    endpoint_address,
    is_abandoned,
    policy_document,
    temporary_device,
)


class FakeIot:
    """IoT Core's certificates and policies, as far as a temporary device needs them."""

    def __init__(self) -> None:
        self.certificates: dict[str, str] = {}
        self.policies: dict[str, dict[str, t.Any]] = {}
        self.attached: dict[str, set[str]] = {}
        self.fail_on = ""

    def _arn(self, certificate_id: str) -> str:
        return f"arn:aws:iot:eu-central-1:123456789012:cert/{certificate_id}"

    def describe_endpoint(self, endpointType: str) -> dict[str, str]:
        assert endpointType == "iot:Data-ATS"
        return {"endpointAddress": "broker.example:18883"}

    def create_keys_and_certificate(self, setAsActive: bool) -> dict[str, t.Any]:
        certificate_id = f"c{len(self.certificates)}"
        self.certificates[certificate_id] = "ACTIVE" if setAsActive else "INACTIVE"
        return {
            "certificateId": certificate_id,
            "certificateArn": self._arn(certificate_id),
            "certificatePem": "certificate",
            "keyPair": {"PrivateKey": "key"},
        }

    def create_policy(self, policyName: str, policyDocument: str) -> None:
        self.policies[policyName] = json.loads(policyDocument)
        self.attached[policyName] = set()

    def attach_policy(self, policyName: str, target: str) -> None:
        if self.fail_on == "attach_policy":
            raise RuntimeError("attach_policy failed")
        self.attached[policyName].add(target)

    def detach_policy(self, policyName: str, target: str) -> None:
        self.attached[policyName].remove(target)

    def update_certificate(self, certificateId: str, newStatus: str) -> None:
        self.certificates[certificateId] = newStatus

    def delete_certificate(self, certificateId: str) -> None:
        assert self.certificates[certificateId] != "ACTIVE", "AWS does not delete an active certificate"
        assert not any(self._arn(certificateId) in targets for targets in self.attached.values()), (
            "AWS does not delete an attached certificate"
        )
        del self.certificates[certificateId]

    def delete_policy(self, policyName: str) -> None:
        assert not self.attached[policyName], "AWS does not delete an attached policy"
        del self.policies[policyName], self.attached[policyName]

    def get_paginator(self, operation: str) -> t.Any:
        fake = self

        class Pages:
            def paginate(self, **arguments: str) -> Pages:
                self.arguments = arguments
                return self

            def build_full_result(self) -> dict[str, t.Any]:
                if operation == "list_policies":
                    return {"policies": [{"policyName": name} for name in fake.policies]}
                return {"targets": sorted(fake.attached[self.arguments["policyName"]])}

        return Pages()


def test_the_identity_may_connect_under_its_own_id_and_publish_to_one_topic_only() -> None:
    iot = FakeIot()
    with temporary_device(iot, "energy/plant") as device:
        (document,) = iot.policies.values()
        base = "arn:aws:iot:eu-central-1:123456789012"
        assert [(statement["Action"], statement["Resource"]) for statement in document["Statement"]] == [
            ("iot:Connect", f"{base}:client/{device.client_id}"),
            ("iot:Publish", f"{base}:topic/energy/plant"),
        ]
        assert list(iot.certificates.values()) == ["ACTIVE"]
        assert (device.host, device.port) == ("broker.example", 18883)


def test_the_key_is_readable_by_its_owner_alone_and_gone_afterwards() -> None:
    with temporary_device(FakeIot(), "energy/plant") as device:
        assert stat.S_IMODE(os.stat(device.key_file).st_mode) == 0o600
        assert stat.S_IMODE(os.stat(device.key_file.parent).st_mode) == 0o700
    assert not device.key_file.parent.exists()


def test_nothing_is_left_behind() -> None:
    iot = FakeIot()
    with temporary_device(iot, "energy/plant"):
        pass
    assert (iot.certificates, iot.policies) == ({}, {})


def test_nothing_is_left_behind_when_the_task_fails() -> None:
    iot = FakeIot()
    with pytest.raises(ZeroDivisionError), temporary_device(iot, "energy/plant"):
        raise ZeroDivisionError
    assert (iot.certificates, iot.policies) == ({}, {})


def test_nothing_is_left_behind_when_making_it_fails_half_way() -> None:
    iot = FakeIot()
    iot.fail_on = "attach_policy"
    with pytest.raises(RuntimeError), temporary_device(iot, "energy/plant"):
        raise AssertionError("unreachable")
    assert (iot.certificates, iot.policies) == ({}, {})


def test_what_a_killed_run_has_left_is_removed_by_a_later_one() -> None:
    iot = FakeIot()
    long_ago = int(time.time()) - ABANDONED_AFTER_SECONDS - 60
    left = iot.create_keys_and_certificate(setAsActive=True)
    iot.create_policy(policyName=f"{POLICY_PREFIX}-{long_ago}-0a1b2c3d", policyDocument="{}")
    iot.attach_policy(policyName=f"{POLICY_PREFIX}-{long_ago}-0a1b2c3d", target=left["certificateArn"])
    with temporary_device(iot, "energy/plant") as device:
        assert list(iot.policies) == [device.client_id]
    assert (iot.certificates, iot.policies) == ({}, {})


@pytest.mark.parametrize(
    ("name", "abandoned"),
    [
        (f"{POLICY_PREFIX}-1000-0a1b2c3d", True),
        (f"{POLICY_PREFIX}-4500-0a1b2c3d", False),
        (f"{POLICY_PREFIX}-soon-0a1b2c3d", False),
        ("somebody-elses-1000-policy", False),
    ],
)
def test_only_old_identities_made_here_count_as_abandoned(name: str, abandoned: bool) -> None:
    assert is_abandoned(name, now=5000.0) is abandoned


@pytest.mark.parametrize(
    ("address", "port", "expected"),
    [
        ("abc-ats.iot.eu-central-1.amazonaws.com", None, ("abc-ats.iot.eu-central-1.amazonaws.com", 8883)),
        ("127.0.0.1:18883", None, ("127.0.0.1", 18883)),
        ("127.0.0.1:18883", 443, ("127.0.0.1", 443)),
    ],
)
def test_where_the_broker_is(address: str, port: int | None, expected: tuple[str, int]) -> None:
    assert endpoint_address(address, port) == expected


def test_the_policy_is_of_the_partition_it_is_used_in() -> None:
    document = policy_document("aws-us-gov", "us-gov-west-1", "1", "client", "topic")
    assert all(statement["Resource"].startswith("arn:aws-us-gov:iot:us-gov-west-1:1:") for statement in document["Statement"])
