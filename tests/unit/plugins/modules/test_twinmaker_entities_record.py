# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""twinmaker_entities with a record in a bucket, against the local cloud: what is spared, and what no record can spoil."""

from __future__ import annotations

import collections.abc as c
import json
import pathlib
import socket
import typing as t

import botocore.exceptions
import pytest
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.clock import ServerClock
from local_cloud.assembly import build
from local_cloud.cloud import Cloud
from local_cloud.settings import Settings

Answer = dict[str, t.Any]
ROLE = "arn:aws:iam::123456789012:role/twin"
METER = "com.example.energymeter"
BUCKET = "plant-twin"
KEY = "energytwin/twinmaker_entities/plant/_root.json"
LATER = 10


class World:
    """A local cloud, the calls that the module makes, and a clock of AWS's that tests can put forward."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.calls: list[str] = []
        self.faults: dict[str, Exception] = {}
        self.twin = cloud.client("iottwinmaker")
        self.s3 = cloud.client("s3")

    def client(self, service: str, **_settings: t.Any) -> t.Any:
        client = self.cloud.client(service)
        client.meta.events.register("before-call", self._called, unique_id="world")
        return client

    def _called(self, model: t.Any, **_event: t.Any) -> None:
        self.calls.append(model.name)
        if model.name in self.faults:
            raise self.faults[model.name]

    def record(self) -> Answer:
        return t.cast(Answer, json.loads(self.s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read()))

    def keys(self) -> list[str]:
        return [item["Key"] for item in self.s3.list_objects_v2(Bucket=BUCKET, Prefix="energytwin/").get("Contents", [])]


@pytest.fixture
def world(run: t.Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> c.Iterator[World]:
    with socket.socket() as one, socket.socket() as other:
        for listener in (one, other):
            listener.bind(("127.0.0.1", 0))
        cloud = build(Settings(home=tmp_path / "cloud", port=one.getsockname()[1], mqtt_port=other.getsockname()[1]))
    made = World(cloud)
    monkeypatch.setattr(AnsibleAWSModule, "client", made.client)
    # The answers of a cloud in this process tell no time; this is that of a run well after the last change.
    monkeypatch.setattr(ServerClock, "now", lambda self: int((cloud.now() + LATER) * 1_000_000))
    made.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    trust = [{"Effect": "Allow", "Principal": {"Service": "iottwinmaker.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    allow = [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]
    iam = cloud.client("iam")
    iam.create_role(RoleName="twin", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust}))
    iam.put_role_policy(RoleName="twin", PolicyName="bucket", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": allow}))
    make_workspace(made)
    yield made
    cloud.stop()


def make_workspace(world: World) -> None:
    world.twin.create_workspace(workspaceId="plant", s3Location=f"arn:aws:s3:::{BUCKET}", role=ROLE)
    identifier = {"dataType": {"type": "STRING"}, "isRequiredInEntity": True, "isExternalId": True}
    world.twin.create_component_type(
        workspaceId="plant", componentTypeId=METER, propertyDefinitions={"panelId": identifier, "meterId": identifier}
    )
    assert world.twin.get_component_type(workspaceId="plant", componentTypeId=METER)["status"]["state"] == "ACTIVE"


def entities(panels: int = 3, **tags: str) -> list[Answer]:
    return [
        {"entity_id": "site-1", "name": "Site", "components": {}},
        *(
            {
                "entity_id": f"panel-{number}",
                "name": f"Panel {number}",
                "parent_entity_id": "site-1",
                "components": {"m": {"componentTypeId": METER, "properties": {"panelId": f"panel-{number}", "meterId": number}}},
                **({"tags": tags} if tags else {}),
            }
            for number in range(panels)
        ),
    ]


@pytest.fixture
def apply(world: World, run: t.Any) -> t.Any:
    def apply(listed: list[Answer] | None = None, **options: t.Any) -> Answer:
        world.calls.clear()
        given = {"workspace_id": "plant", "entities": entities() if listed is None else listed, "state_bucket": BUCKET, **options}
        return t.cast(Answer, run("twinmaker_entities", **given))

    return apply


def change(world: World, panel: str, meter: str) -> None:
    properties = {"meterId": {"value": {"stringValue": meter}}}
    world.twin.update_entity(
        workspaceId="plant", entityId=panel, componentUpdates={"m": {"updateType": "UPDATE", "propertyUpdates": properties}}
    )


def test_a_run_after_an_apply_reads_the_list_only_and_writes_nothing(world: World, apply: t.Any) -> None:
    assert apply()["changed"]
    again = apply()
    assert not again["changed"]
    assert sorted(world.calls) == ["GetComponentType", "GetObject", "GetWorkspace", "ListEntities"]
    assert again["record"] == {"url": f"s3://{BUCKET}/{KEY}", "trusted": 3, "read": 0, "note": ""}
    assert again["diff"] == {"before": {}, "after": {}}


def test_what_somebody_else_changed_is_read_and_mended(world: World, apply: t.Any) -> None:
    apply()
    change(world, "panel-1", "99")
    found = apply(check=True)
    assert world.calls.count("GetEntity") == 1 and found["plan"][0]["entity_id"] == "panel-1"
    result = apply()
    assert result["plan"] == found["plan"] and result["diff"] == found["diff"]
    assert apply()["record"]["trusted"] == 3


def test_an_entity_that_was_deleted_and_made_again_is_read(world: World, apply: t.Any) -> None:
    apply()
    before = world.twin.get_entity(workspaceId="plant", entityId="panel-1")
    world.twin.delete_entity(workspaceId="plant", entityId="panel-1")
    world.twin.list_entities(workspaceId="plant")
    properties = {"panelId": {"value": {"stringValue": "x"}}, "meterId": {"value": {"stringValue": "1"}}}
    world.twin.create_entity(
        workspaceId="plant",
        entityId="panel-1",
        entityName=before["entityName"],
        parentEntityId="site-1",
        components={"m": {"componentTypeId": METER, "properties": properties}},
    )
    assert [step["entity_id"] for step in apply()["plan"]] == ["panel-1"]


def test_a_list_that_changes_is_compared(world: World, apply: t.Any) -> None:
    apply()
    listed = entities()
    listed[1]["components"]["m"]["properties"]["meterId"] = "77"
    assert [step["entity_id"] for step in apply(listed)["plan"]] == ["panel-0"]
    assert not apply(listed)["changed"]


def test_tags_are_compared_in_every_run(world: World, apply: t.Any) -> None:
    apply(entities(a="b"))
    arn = world.twin.get_entity(workspaceId="plant", entityId="panel-1")["arn"]
    assert not apply(entities(a="b"))["changed"]
    assert world.calls.count("ListTagsForResource") == 3 and "GetEntity" not in world.calls
    world.twin.tag_resource(resourceARN=arn, tags={"a": "c"})
    result = apply(entities(a="b"))
    assert [step["entity_id"] for step in result["plan"]] == ["panel-1"] and "UpdateEntity" not in world.calls
    assert world.twin.list_tags_for_resource(resourceARN=arn)["tags"] == {"a": "b"}
    assert not apply(entities(a="b"))["changed"] and "GetEntity" not in world.calls


def test_a_changed_component_type_is_a_reason_to_read_everything(world: World, apply: t.Any) -> None:
    apply()
    world.twin.update_component_type(
        workspaceId="plant",
        componentTypeId=METER,
        description="new",
        propertyDefinitions=world_definitions(world),
    )
    world.twin.get_component_type(workspaceId="plant", componentTypeId=METER)
    assert apply()["record"]["trusted"] == 0
    assert apply()["record"]["trusted"] == 3


def world_definitions(world: World) -> Answer:
    names = ("dataType", "isRequiredInEntity", "isExternalId", "isStoredExternally", "isTimeSeries")
    definitions = world.twin.get_component_type(workspaceId="plant", componentTypeId=METER)["propertyDefinitions"]
    return {name: {key: item[key] for key in names} for name, item in definitions.items()}


def test_read_full_reads_everything_and_brings_the_record_up_to_date(world: World, apply: t.Any) -> None:
    apply()
    full = apply(read="full")
    assert (full["record"]["trusted"], full["record"]["read"]) == (0, 3) and "PutObject" not in world.calls
    world.s3.delete_object(Bucket=BUCKET, Key=KEY)
    apply(read="full")
    assert apply()["record"]["trusted"] == 3


def test_check_mode_writes_no_record(world: World, apply: t.Any) -> None:
    apply(check=True)
    assert world.keys() == []
    apply(state_bucket=None)
    assert world.keys() == []
    assert not apply(check=True)["changed"] and world.keys() == []


def test_sets_below_other_parents_have_records_of_their_own(world: World, apply: t.Any) -> None:
    apply()
    apply([{"entity_id": "extra-1", "name": "Extra", "components": entities()[1]["components"]}], parent_entity_id="site-1")
    assert world.keys() == [KEY, KEY.replace("_root", "site-1")]
    assert apply()["record"]["trusted"] == 3


def test_two_lists_that_share_a_record_keep_what_the_other_has_noted(world: World, apply: t.Any) -> None:
    listed = entities()
    apply(listed[:2])
    apply([listed[0], *listed[2:]])
    assert apply(listed)["record"]["trusted"] == 3


def test_what_a_prune_took_away_is_forgotten(world: World, apply: t.Any) -> None:
    apply()
    apply(entities(2), prune=True)
    assert sorted(world.record()["content"]["entities"]) == ["panel-0", "panel-1", "site-1"]
    apply(entities(2), prune=True)
    assert "PutObject" not in world.calls and "GetEntity" not in world.calls


def damaged(world: World, body: bytes) -> None:
    world.s3.put_object(Bucket=BUCKET, Key=KEY, Body=body)


DAMAGES: dict[str, t.Any] = {
    "empty": lambda body: b"",
    "cut": lambda body: body[: len(body) // 2],
    "no JSON": lambda body: b"\xff\xfe",
    "another JSON": lambda body: b"[1, 2]",
    "another digest": lambda body: body.replace(b'"sha256":"', b'"sha256":"0'),
    "an older format": lambda body: body.replace(b'"format":1', b'"format":0'),
    "a changed note": lambda body: body.replace(b'"panel-1"', b'"panel-9"'),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_record_costs_reads_only(world: World, apply: t.Any, damage: t.Any) -> None:
    apply()
    damaged(world, damage(world.s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read()))
    change(world, "panel-1", "99")
    result = apply()
    assert not result.get("failed") and [step["entity_id"] for step in result["plan"]] == ["panel-1"]
    assert "every entity was read" in result["record"]["note"] and result["record"]["read"] == 3
    assert apply()["record"] == {**result["record"], "trusted": 3, "read": 0, "note": ""}


def test_the_record_of_a_workspace_that_was_there_before_is_foreign(world: World, apply: t.Any) -> None:
    apply()
    body = world.s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read()
    for entity_id in ("panel-0", "panel-1", "panel-2", "site-1"):
        world.twin.delete_entity(workspaceId="plant", entityId=entity_id)
        world.twin.list_entities(workspaceId="plant")
    world.twin.delete_component_type(workspaceId="plant", componentTypeId=METER)
    world.twin.list_component_types(workspaceId="plant")
    world.twin.delete_workspace(workspaceId="plant")
    make_workspace(world)
    damaged(world, body)
    assert "another workspace" in apply()["record"]["note"]


CLIENT_ERROR = {"Error": {"Code": "AccessDenied", "Message": "Access Denied"}}
FAULTS: dict[str, Exception] = {
    "forbidden": botocore.exceptions.ClientError(t.cast(t.Any, CLIENT_ERROR), "GetObject"),
    "no answer": botocore.exceptions.ReadTimeoutError(endpoint_url="https://s3.example"),
    "no way": botocore.exceptions.EndpointConnectionError(endpoint_url="https://s3.example"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_record_that_cannot_be_read_costs_reads_only(world: World, apply: t.Any, fault: Exception) -> None:
    apply()
    world.faults["GetObject"] = fault
    result = apply()
    assert not result.get("failed") and not result["changed"] and result["record"]["read"] == 3
    assert "cannot be read, so every entity was" in result["record"]["note"]


def test_a_bucket_that_is_not_there_is_a_note_and_a_warning(world: World, apply: t.Any) -> None:
    result = apply(state_bucket="no-such-bucket")
    assert result["changed"] and not result.get("failed")
    assert "cannot be read" in result["record"]["note"]
    assert any("cannot be written" in json.dumps(warning) for warning in result["warnings"])


def test_a_record_that_cannot_be_written_is_a_warning(world: World, apply: t.Any) -> None:
    world.faults["PutObject"] = FAULTS["forbidden"]
    result = apply()
    assert result["changed"] and len(world.twin.list_entities(workspaceId="plant")["entitySummaries"]) == 4
    assert any("cannot be written" in json.dumps(warning) for warning in result["warnings"])


def test_what_was_done_before_a_failure_is_noted(world: World, apply: t.Any) -> None:
    listed = entities(2)
    listed.append({**listed[-1], "entity_id": "zone-1", "name": "Zone", "components": {"m": {"componentTypeId": METER}}})
    result = apply(listed, concurrency=1)
    assert result["failed"] and [step["entity_id"] for step in result["failures"]] == ["zone-1"]
    assert apply(entities(2))["record"]["read"] == 0
