# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""iot_thing against a local cloud."""

from __future__ import annotations

import typing as t

import pytest


def test_the_life_of_a_thing(registry: t.Any, three_times: t.Any) -> None:
    made = three_times("iot_thing", name="gw-roof", attributes={"site": "plant", "floor": 3})
    assert made["thing"]["attributes"] == {"site": "plant", "floor": "3"}
    assert made["thing"]["arn"].endswith(":thing/gw-roof")
    changed = three_times("iot_thing", name="gw-roof", attributes={"site": "other"})
    assert changed["reasons"] == ["attribute 'floor' changes from '3' to null", "attribute 'site' changes from 'plant' to 'other'"]
    three_times("iot_thing", name="gw-roof", attributes={"rack": "7"}, purge_attributes=False)
    assert registry.client.describe_thing(thingName="gw-roof")["attributes"] == {"site": "other", "rack": "7"}
    three_times("iot_thing", name="gw-roof", state="absent")


def test_attributes_that_nobody_gives_stay(registry: t.Any, run: t.Any) -> None:
    registry.client.create_thing(thingName="gw-roof", attributePayload={"attributes": {"site": "plant"}})
    assert not run("iot_thing", name="gw-roof")["changed"]
    assert registry.writes() == ["CreateThing"]


def test_the_type_of_a_thing(registry: t.Any, three_times: t.Any, run: t.Any) -> None:
    registry.client.create_thing_type(thingTypeName="gateway")
    three_times("iot_thing", name="gw-roof", thing_type="gateway")
    assert run("iot_thing", name="gw-roof", attributes={"a": "1"})["thing"]["thing_type"] == "gateway"
    three_times("iot_thing", name="gw-roof", thing_type="")
    assert "thing_type" not in run("iot_thing", name="gw-roof")["thing"]
    unknown = run("iot_thing", name="gw-roof", thing_type="robot")
    assert unknown["failed"] and "robot" in unknown["msg"]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"name": "gw roof"}, "'gw roof'"),
        ({"name": "gw", "attributes": {"a b": "1"}}, "'a b'"),
        ({"name": "gw", "attributes": {"a": "x y"}}, "'x y'"),
        ({"name": "gw", "attributes": dict.fromkeys("abcd", "1")}, "4"),
    ],
)
def test_what_aws_would_not_take_is_refused_before_any_write(registry: t.Any, run: t.Any, wrong: dict[str, t.Any], named: str) -> None:
    refused = run("iot_thing", **wrong)
    assert refused["failed"] and named in refused["msg"]
    assert registry.writes() == []


def test_a_thing_with_certificates_goes_only_when_told(registry: t.Any, run: t.Any, three_times: t.Any) -> None:
    made = registry.client.create_keys_and_certificate(setAsActive=True)
    registry.client.create_thing(thingName="gw-roof")
    registry.client.attach_thing_principal(thingName="gw-roof", principal=made["certificateArn"])
    assert run("iot_thing", name="gw-roof")["thing"]["certificates"] == [made["certificateId"]]
    refused = run("iot_thing", name="gw-roof", state="absent")
    assert refused["failed"] and made["certificateId"] in refused["msg"] and "detach=true" in refused["msg"]
    three_times("iot_thing", name="gw-roof", state="absent", detach=True)
    assert registry.client.describe_certificate(certificateId=made["certificateId"])["certificateDescription"]["status"] == "ACTIVE"


def test_waits_until_aws_has_noticed_the_detachment(registry: t.Any, run: t.Any) -> None:
    registry.client.create_thing(thingName="gw-roof")
    left = [3]

    def pending(operation: str) -> tuple[str, str] | None:
        left[0] -= operation == "DeleteThing"
        return ("InvalidRequestException", "still attached") if operation == "DeleteThing" and left[0] > 0 else None

    registry.before = pending
    assert run("iot_thing", name="gw-roof", state="absent")["changed"]
    assert registry.client.list_things()["things"] == []
    registry.client.create_thing(thingName="gw-roof")
    registry.before = lambda operation: ("InvalidRequestException", "still attached") if operation == "DeleteThing" else None
    assert "run again" in run("iot_thing", name="gw-roof", state="absent", wait_timeout=0)["msg"]


def test_a_change_by_another_run_is_compared_anew(registry: t.Any, run: t.Any) -> None:
    registry.client.create_thing(thingName="gw-roof", attributePayload={"attributes": {"site": "plant"}})
    others = [{"floor": "1"}]

    def overtaken(operation: str) -> None:
        if operation == "UpdateThing" and others:
            attributes = {"attributes": others.pop(), "merge": True}
            registry.client.update_thing(thingName="gw-roof", attributePayload=attributes)

    registry.before = overtaken
    assert run("iot_thing", name="gw-roof", attributes={"rack": "7"}, purge_attributes=False)["changed"]
    assert registry.client.describe_thing(thingName="gw-roof")["attributes"] == {"site": "plant", "floor": "1", "rack": "7"}


def test_a_lost_answer_to_the_creation_is_no_failure(registry: t.Any, run: t.Any) -> None:
    lost = [("ThrottlingException", "Rate exceeded")]
    registry.after = lambda operation: lost.pop() if operation == "CreateThing" and lost else None
    assert run("iot_thing", name="gw-roof", attributes={"site": "plant"})["thing"]["attributes"] == {"site": "plant"}


def test_an_error_is_told_in_one_sentence(registry: t.Any, run: t.Any) -> None:
    registry.before = lambda operation: ("UnauthorizedException", "You are not authorized") if operation == "DescribeThing" else None
    failed = run("iot_thing", name="gw-roof")
    assert failed["failed"] and "read thing 'gw-roof'" in failed["msg"] and "not authorized" in failed["msg"]


def test_where_devices_connect(registry: t.Any, run: t.Any) -> None:
    found = run("iot_endpoint_info")
    assert found["host"] == "127.0.0.1" and 1024 < found["port"] < 65536 and found["region"] == "eu-central-1"
    assert not found["changed"]
