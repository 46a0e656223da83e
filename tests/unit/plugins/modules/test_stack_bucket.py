# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bucket goes with all that is in it, against the local cloud."""

from __future__ import annotations

import collections.abc as c
import pathlib
import typing as t

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from local_cloud.assembly import build
from local_cloud.cloud import Cloud
from tests.unit.plugins.modules.clouds import BUCKET, free_settings


@pytest.fixture
def cloud(tmp_path: pathlib.Path, run: t.Any, monkeypatch: pytest.MonkeyPatch) -> c.Iterator[Cloud]:
    made = build(free_settings(tmp_path / "cloud"))
    monkeypatch.setattr(AnsibleAWSModule, "client", lambda self, service, **options: made.client(service))
    yield made
    made.stop()


@pytest.fixture
def s3(cloud: Cloud) -> t.Any:
    """A bucket that got its versions late, as that of the original template: objects from before, several versions, and delete markers."""
    client = cloud.client("s3")
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    for key in ("before.json", "before-and-after.json"):
        client.put_object(Bucket=BUCKET, Key=key, Body=b"{}")
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    for key in ("before-and-after.json", "after.json", "after.json", "gone.json"):
        client.put_object(Bucket=BUCKET, Key=key, Body=b"[]")
    client.delete_object(Bucket=BUCKET, Key="gone.json")
    return client


def there(s3: t.Any) -> bool:
    return BUCKET in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]


def test_a_bucket_goes_with_versions_from_before_it_had_any(s3: t.Any, run: t.Any) -> None:
    foretold = run("stack_bucket", name=BUCKET, check=True)
    assert (foretold["changed"], there(s3)) == (True, True)
    gone = run("stack_bucket", name=BUCKET)
    assert (gone["changed"], gone["versions"], gone["diff"]) == (True, 7, foretold["diff"])
    assert not there(s3)
    again = run("stack_bucket", name=BUCKET)
    assert (again["changed"], again["versions"]) == (False, 0)


def test_more_than_a_page_goes(s3: t.Any, run: t.Any, monkeypatch: pytest.MonkeyPatch, cloud: Cloud) -> None:
    monkeypatch.setattr(cloud, "client", lambda _service: s3)
    whole = s3.list_object_versions
    monkeypatch.setattr(s3, "list_object_versions", lambda **request: whole(**request, MaxKeys=2))
    assert run("stack_bucket", name=BUCKET)["versions"] == 7
    assert not there(s3)


def test_what_aws_refuses_to_delete_is_named(s3: t.Any, run: t.Any, monkeypatch: pytest.MonkeyPatch, cloud: Cloud) -> None:
    monkeypatch.setattr(cloud, "client", lambda _service: s3)
    locked = {"Errors": [{"Key": "after.json", "VersionId": "1", "Code": "AccessDenied", "Message": "Access Denied"}]}
    monkeypatch.setattr(s3, "delete_objects", lambda **_request: locked)
    refused = run("stack_bucket", name=BUCKET)
    assert refused["failed"]
    assert "'after.json': Access Denied (AccessDenied)" in refused["msg"]
    assert there(s3)
