# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest
from botocore.exceptions import ClientError

from local_cloud.cloud import Cloud


def statement(condition: dict[str, t.Any] | None) -> dict[str, t.Any]:
    denied = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::plant", "arn:aws:s3:::plant/*"]}
    return {**denied, "Condition": condition} if condition else denied


@pytest.fixture
def s3(cloud: Cloud) -> t.Any:
    client = cloud.client("s3")
    client.create_bucket(Bucket="plant", CreateBucketConfiguration={"LocationConstraint": cloud.settings.region})
    client.put_object(Bucket="plant", Key="scene.json", Body=b"{}")
    return client


def put_policy(s3: t.Any, condition: dict[str, t.Any] | None) -> None:
    s3.put_bucket_policy(Bucket="plant", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement(condition)]}))


def test_a_policy_that_asks_for_tls_lets_calls_through(s3: t.Any) -> None:
    put_policy(s3, {"Bool": {"aws:SecureTransport": "false"}})
    assert s3.get_object(Bucket="plant", Key="scene.json")["Body"].read() == b"{}"
    s3.delete_objects(Bucket="plant", Delete={"Objects": [{"Key": "scene.json"}]})
    assert s3.list_objects_v2(Bucket="plant")["KeyCount"] == 0


def test_a_policy_that_denies_everybody_denies(s3: t.Any) -> None:
    put_policy(s3, None)
    with pytest.raises(ClientError) as refused:
        s3.get_object(Bucket="plant", Key="scene.json")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_part_of_s3_that_is_not_there_is_refused_by_name(s3: t.Any) -> None:
    with pytest.raises(ClientError) as refused:
        s3.put_bucket_metrics_configuration(Bucket="plant", Id="all", MetricsConfiguration={"Id": "all"})
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert "PutBucketMetricsConfiguration" in str(refused.value)


def test_the_owner_pays_for_requests(s3: t.Any) -> None:
    assert s3.get_bucket_request_payment(Bucket="plant")["Payer"] == "BucketOwner"
    with pytest.raises(ClientError) as refused:
        s3.get_bucket_request_payment(Bucket="nowhere")
    assert refused.value.response["Error"]["Code"] == "NoSuchBucket"
