# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""iot-data over HTTP. What rules do with messages is tested with the broker."""

from __future__ import annotations

import json
import typing as t

import pytest

from local_cloud.cloud import Cloud


@pytest.fixture
def data(cloud: Cloud) -> t.Any:
    return cloud.client("iot-data")


@pytest.mark.parametrize(
    "message",
    [
        {"topic": "a/+"},
        {"topic": "$aws/things/x/shadow/update"},
        {"topic": "a/b/c/d/e/f/g/h/i"},
        {"topic": "$aws/rules/r/a", "retain": True},
        {"topic": "a", "payload": b"x" * (128 * 1024 + 1)},
    ],
    ids=["wildcard", "reserved", "too deep", "retained on a reserved topic", "too large"],
)
def test_refused_messages(data: t.Any, refused: t.Any, message: dict[str, t.Any]) -> None:
    with refused("InvalidRequestException"):
        data.publish(**message)


def test_what_is_not_implemented_says_so(data: t.Any, refused: t.Any) -> None:
    with refused("NotImplemented"):
        data.publish(topic="a", contentType="text/plain")
    with refused("NotImplemented"):
        data.get_thing_shadow(thingName="gw-1")


def test_retained_messages(data: t.Any, refused: t.Any) -> None:
    for number in range(3):
        data.publish(topic=f"state/{number}", payload=b"x" * number + b"1", qos=1, retain=True)
    found = data.get_retained_message(topic="state/2")
    assert (found["payload"], found["qos"]) == (b"xx1", 1)
    first = data.list_retained_messages(maxResults=2)
    rest = data.list_retained_messages(nextToken=first["nextToken"])
    sizes = {entry["topic"]: entry["payloadSize"] for entry in first["retainedTopics"] + rest["retainedTopics"]}
    assert sizes == {"state/0": 1, "state/1": 2, "state/2": 3}
    data.publish(topic="state/2", payload=b"", retain=True)
    with refused("ResourceNotFoundException"):
        data.get_retained_message(topic="state/2")


def test_a_role_needs_leave_for_the_topic(cloud: Cloud, refused: t.Any) -> None:
    iam = cloud.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName="f", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))["Role"][
        "Arn"
    ]
    allowed = {"Effect": "Allow", "Action": "iot:Publish", "Resource": "arn:aws:iot:*:*:topic/energy/*"}
    iam.put_role_policy(RoleName="f", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}))
    client = cloud.client("iot-data", role=role)
    client.publish(topic="energy/plant", payload=b"{}")
    with refused("AccessDeniedException"):
        client.publish(topic="other", payload=b"{}")
    with refused("AccessDeniedException"):
        client.publish(topic="energy/plant", payload=b"{}", retain=True)
