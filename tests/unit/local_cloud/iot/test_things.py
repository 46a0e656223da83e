# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Things, thing types and principals, as boto3 sees them."""

from __future__ import annotations

import typing as t

import pytest


def test_create_is_idempotent_with_the_same_attributes_only(iot: t.Any, refused: t.Any) -> None:
    first = iot.create_thing(thingName="gw-1", attributePayload={"attributes": {"site": "plant"}})
    again = iot.create_thing(thingName="gw-1", attributePayload={"attributes": {"site": "plant"}})
    assert again["thingId"] == first["thingId"]
    assert first["thingArn"] == "arn:aws:iot:eu-central-1:123456789012:thing/gw-1"
    with refused("ResourceAlreadyExistsException") as error:
        iot.create_thing(thingName="gw-1", attributePayload={"attributes": {"site": "other"}})
    assert error.value.response["resourceArn"] == first["thingArn"]


def test_update_counts_versions_and_checks_the_expected_one(iot: t.Any, refused: t.Any) -> None:
    iot.create_thing(thingName="gw-1", attributePayload={"attributes": {"a": "1", "b": "2"}})
    iot.update_thing(thingName="gw-1", attributePayload={"attributes": {"b": "", "c": "3"}, "merge": True}, expectedVersion=1)
    thing = iot.describe_thing(thingName="gw-1")
    assert (thing["version"], thing["attributes"]) == (2, {"a": "1", "c": "3"})
    assert thing["defaultClientId"] == "gw-1"
    iot.update_thing(thingName="gw-1", attributePayload={"attributes": {"d": "4"}})
    assert iot.describe_thing(thingName="gw-1")["attributes"] == {"d": "4"}
    with refused("VersionConflictException"):
        iot.update_thing(thingName="gw-1", attributePayload={"attributes": {}}, expectedVersion=1)
    with refused("VersionConflictException"):
        iot.delete_thing(thingName="gw-1", expectedVersion=1)


def test_what_is_not_there(iot: t.Any, refused: t.Any) -> None:
    with refused("ResourceNotFoundException"):
        iot.describe_thing(thingName="nobody")
    with refused("ResourceNotFoundException"):
        iot.update_thing(thingName="nobody", attributePayload={"attributes": {"a": "1"}})
    iot.delete_thing(thingName="nobody")


def test_lists_are_paged_and_filtered(iot: t.Any) -> None:
    for number in range(7):
        iot.create_thing(thingName=f"gw-{number}", attributePayload={"attributes": {"site": "plant" if number < 4 else "office"}})
    first = iot.list_things(maxResults=5)
    rest = iot.list_things(maxResults=5, nextToken=first["nextToken"])
    assert [thing["thingName"] for thing in first["things"] + rest["things"]] == [f"gw-{number}" for number in range(7)]
    assert "nextToken" not in rest
    assert len(iot.list_things(attributeName="site", attributeValue="plant")["things"]) == 4
    assert len(iot.list_things(attributeName="site", attributeValue="off", usePrefixAttributeValue=True)["things"]) == 3


def test_a_token_that_is_none(iot: t.Any, refused: t.Any) -> None:
    with refused("InvalidRequestException"):
        iot.list_things(nextToken="x")


def test_thing_types(iot: t.Any, refused: t.Any) -> None:
    with refused("ResourceNotFoundException"):
        iot.create_thing(thingName="gw-1", thingTypeName="gateway")
    iot.create_thing_type(thingTypeName="gateway", thingTypeProperties={"thingTypeDescription": "reads meters"})
    iot.create_thing(thingName="gw-1", thingTypeName="gateway")
    assert iot.describe_thing(thingName="gw-1")["thingTypeName"] == "gateway"
    with refused("InvalidRequestException"):
        iot.delete_thing_type(thingTypeName="gateway")
    iot.deprecate_thing_type(thingTypeName="gateway")
    assert iot.list_thing_types()["thingTypes"][0]["thingTypeMetadata"]["deprecated"] is True
    with refused("InvalidRequestException"):
        iot.create_thing(thingName="gw-2", thingTypeName="gateway")
    iot.update_thing(thingName="gw-1", removeThingType=True)
    iot.delete_thing_type(thingTypeName="gateway")
    assert iot.list_thing_types()["thingTypes"] == []


def test_only_three_attributes_without_a_type(iot: t.Any, refused: t.Any) -> None:
    with refused("InvalidRequestException"):
        iot.create_thing(thingName="gw-1", attributePayload={"attributes": dict.fromkeys("abcd", "1")})


def test_principals_both_ways(iot: t.Any, refused: t.Any) -> None:
    arn = iot.create_keys_and_certificate(setAsActive=True)["certificateArn"]
    for name in ("gw-1", "gw-2"):
        iot.create_thing(thingName=name)
        iot.attach_thing_principal(thingName=name, principal=arn)
    assert iot.list_thing_principals(thingName="gw-1")["principals"] == [arn]
    assert iot.list_principal_things(principal=arn)["things"] == ["gw-1", "gw-2"]
    with refused("InvalidRequestException"):
        iot.delete_thing(thingName="gw-1")
    iot.detach_thing_principal(thingName="gw-1", principal=arn)
    iot.delete_thing(thingName="gw-1")
    assert iot.list_principal_things(principal=arn)["things"] == ["gw-2"]
    with refused("ResourceNotFoundException"):
        iot.attach_thing_principal(thingName="gw-2", principal=arn[:-1] + "0" if arn[-1] != "0" else arn[:-1] + "1")
    with refused("InvalidRequestException"):
        iot.attach_thing_principal(thingName="gw-2", principal="arn:aws:iam::123456789012:user/x")


def test_exclusive_things(iot: t.Any, refused: t.Any) -> None:
    arn = iot.create_keys_and_certificate(setAsActive=True)["certificateArn"]
    for name in ("gw-1", "gw-2"):
        iot.create_thing(thingName=name)
    iot.attach_thing_principal(thingName="gw-1", principal=arn, thingPrincipalType="EXCLUSIVE_THING")
    assert iot.list_principal_things_v2(principal=arn)["principalThingObjects"] == [
        {"thingName": "gw-1", "thingPrincipalType": "EXCLUSIVE_THING"}
    ]
    with refused("InvalidRequestException"):
        iot.attach_thing_principal(thingName="gw-2", principal=arn)


@pytest.mark.parametrize("operation", ["search_index", "list_jobs", "list_thing_groups"])
def test_what_is_not_implemented_says_so(iot: t.Any, refused: t.Any, operation: str) -> None:
    arguments = {"queryString": "*"} if operation == "search_index" else {}
    with refused("NotImplemented") as error:
        getattr(iot, operation)(**arguments)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
