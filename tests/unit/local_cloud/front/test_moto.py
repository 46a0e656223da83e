# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""moto's state is on the disk when a call is answered."""

from __future__ import annotations

import collections.abc as c
import concurrent.futures
import json
import sqlite3
import typing as t

import pytest
from botocore.exceptions import ClientError

from local_cloud.assembly import build
from local_cloud.cloud import Cloud
from local_cloud.front import moto as moto_room
from local_cloud.front.moto_state import WrongVersion
from local_cloud.settings import Settings

TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
LARGE = 100_000


@pytest.fixture
def restart(settings: Settings) -> c.Iterator[c.Callable[[], Cloud]]:
    """A cloud over the data as they are on the disk at that moment; the one before gets no chance to save anything."""
    clouds: list[Cloud] = []

    def make() -> Cloud:
        clouds.append(build(settings))
        return clouds[-1]

    yield make
    for cloud in clouds:
        cloud.stop()


def bucket(cloud: Cloud, name: str = "models") -> t.Any:
    client = cloud.client("s3")
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    return client


def bodies(settings: Settings) -> list[str]:
    folder = settings.home / "objects"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_what_was_acknowledged_is_there_after_a_crash(restart: c.Callable[[], Cloud]) -> None:
    cloud = restart()
    cloud.client("iam").create_role(RoleName="reader", AssumeRolePolicyDocument=TRUST, Tags=[{"Key": "site", "Value": "plant"}])
    s3 = bucket(cloud)
    s3.put_bucket_versioning(Bucket="models", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="models", Key="plant.glb", Body=b"1", Metadata={"made-by": "hand"})
    s3.put_object(Bucket="models", Key="plant.glb", Body=b"2")
    cloud.client("logs").create_log_group(logGroupName="/aws/lambda/reader")
    instance = cloud.client("sso-admin").list_instances()["Instances"][0]
    store = {"IdentityStoreId": instance["IdentityStoreId"]}
    name = {"GivenName": "Jane", "FamilyName": "Doe"}
    user = cloud.client("identitystore").create_user(**store, UserName="jane.doe", DisplayName="Jane Doe", Name=name)["UserId"]

    cloud = restart()
    assert cloud.client("iam").list_role_tags(RoleName="reader")["Tags"] == [{"Key": "site", "Value": "plant"}]
    s3 = cloud.client("s3")
    versions = s3.list_object_versions(Bucket="models")["Versions"]
    assert [s3.get_object(Bucket="models", Key="plant.glb", VersionId=v["VersionId"])["Body"].read() for v in versions] == [b"2", b"1"]
    assert cloud.client("logs").describe_log_groups()["logGroups"][0]["logGroupName"] == "/aws/lambda/reader"
    assert cloud.client("sso-admin").list_instances()["Instances"][0] == instance
    assert cloud.client("identitystore").describe_user(**store, UserId=user)["UserName"] == "jane.doe"


def test_a_large_body_is_in_a_file_of_its_own_as_long_as_it_is_needed(restart: c.Callable[[], Cloud], settings: Settings) -> None:
    cloud = restart()
    s3 = bucket(cloud)
    s3.put_object(Bucket="models", Key="small", Body=b"s")
    assert bodies(settings) == []
    for key in ("a", "same-as-a"):
        s3.put_object(Bucket="models", Key=key, Body=b"a" * LARGE)
    s3.put_object(Bucket="models", Key="b", Body=b"b" * LARGE)
    assert len(bodies(settings)) == 2
    assert (settings.home / "moto.sqlite").stat().st_size + (settings.home / "moto.sqlite-wal").stat().st_size < 10 * LARGE

    cloud = restart()
    s3 = cloud.client("s3")
    assert [s3.get_object(Bucket="models", Key=key)["Body"].read(1) for key in ("small", "a", "b")] == [b"s", b"a", b"b"]
    s3.delete_object(Bucket="models", Key="b")
    assert len(bodies(settings)) == 1
    s3.delete_objects(Bucket="models", Delete={"Objects": [{"Key": "a"}, {"Key": "same-as-a"}]})
    assert bodies(settings) == []


def test_a_multipart_upload_survives(restart: c.Callable[[], Cloud]) -> None:
    s3 = bucket(restart())
    upload = s3.create_multipart_upload(Bucket="models", Key="big")["UploadId"]
    first = s3.upload_part(Bucket="models", Key="big", UploadId=upload, PartNumber=1, Body=b"a" * (5 << 20))
    s3 = restart().client("s3")
    second = s3.upload_part(Bucket="models", Key="big", UploadId=upload, PartNumber=2, Body=b"end")
    parts = [{"PartNumber": number, "ETag": part["ETag"]} for number, part in enumerate((first, second), 1)]
    s3.complete_multipart_upload(Bucket="models", Key="big", UploadId=upload, MultipartUpload={"Parts": parts})
    assert restart().client("s3").get_object(Bucket="models", Key="big")["Body"].read() == b"a" * (5 << 20) + b"end"


def table(cloud: Cloud) -> t.Any:
    client = cloud.client("dynamodb")
    client.create_table(
        TableName="readings",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "N"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    return client


@pytest.mark.parametrize("limit", [1_000, 4])
def test_frequent_calls_are_journaled_and_replayed_in_their_order(
    restart: c.Callable[[], Cloud], settings: Settings, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    """With the smaller limit, snapshots come in between."""
    monkeypatch.setattr(moto_room, "_JOURNAL_LIMIT", limit)
    cloud = restart()
    items = table(cloud)
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    for number in range(10):
        items.put_item(TableName="readings", Item={"id": {"N": str(number % 5)}, "kW": {"N": str(number)}})
        logs.put_log_events(
            logGroupName="g", logStreamName="s", logEvents=[{"timestamp": int(cloud.now() * 1000) + number, "message": f"line {number}"}]
        )
    items.delete_item(TableName="readings", Key={"id": {"N": "0"}})
    with pytest.raises(ClientError):
        items.put_item(TableName="readings", Item={"wrong": {"S": "key"}})

    for _ in range(2):
        cloud = restart()
        found = {item["id"]["N"]: item["kW"]["N"] for item in cloud.client("dynamodb").scan(TableName="readings")["Items"]}
        assert found == {"1": "6", "2": "7", "3": "8", "4": "9"}
        events = cloud.client("logs").get_log_events(logGroupName="g", logStreamName="s", startFromHead=True)["events"]
        assert [event["message"] for event in events] == [f"line {number}" for number in range(10)]
    rows = sqlite3.connect(settings.home / "moto.sqlite").execute("select service, count(*) from journal group by service").fetchall()
    assert all(count < limit for _, count in rows)


def test_other_calls_of_the_service_do_not_repeat_the_journal(restart: c.Callable[[], Cloud]) -> None:
    items = table(restart())
    counter = {
        "TableName": "readings",
        "Key": {"id": {"N": "1"}},
        "UpdateExpression": "ADD seen :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    items.update_item(**counter)
    items.tag_resource(ResourceArn=items.describe_table(TableName="readings")["Table"]["TableArn"], Tags=[{"Key": "a", "Value": "b"}])
    items.update_item(**counter)
    items = restart().client("dynamodb")
    assert items.get_item(TableName="readings", Key={"id": {"N": "1"}})["Item"]["seen"] == {"N": "2"}


def test_many_writers_at_once_lose_nothing(restart: c.Callable[[], Cloud]) -> None:
    iam = restart().client("iam")
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: iam.create_role(RoleName=f"role-{number}", AssumeRolePolicyDocument=TRUST), range(48)))
    names = [role["RoleName"] for role in restart().client("iam").list_roles()["Roles"]]
    assert sorted(names) == sorted(f"role-{number}" for number in range(48))


def test_of_many_who_create_the_same_one_wins(restart: c.Callable[[], Cloud]) -> None:
    cloud = restart()
    iam = cloud.client("iam")

    def create(_: int) -> str:
        try:
            iam.create_role(RoleName="the-one", AssumeRolePolicyDocument=TRUST)
        except ClientError as refused:
            return str(refused.response["Error"]["Code"])
        return "made"

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(create, range(16)))
    assert sorted(outcomes) == ["EntityAlreadyExists"] * 15 + ["made"]


def test_the_state_of_another_version_of_moto_is_refused_with_the_remedy(restart: c.Callable[[], Cloud], settings: Settings) -> None:
    restart()
    db = sqlite3.connect(settings.home / "moto.sqlite")
    db.execute("update stamp set moto = '1.2.3'")
    db.commit()
    db.close()
    with pytest.raises(WrongVersion, match=r"written with moto 1\.2\.3.*install moto==1\.2\.3, or empty"):
        build(settings)
