# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which operation a request means, and what is not readable at all."""

from __future__ import annotations

import pytest

from local_cloud.errors import ApiError
from local_cloud.protocol import models
from local_cloud.protocol.http import HttpRequest
from local_cloud.protocol.parse import parse


def s3(method: str, path: str, query: str = "", **headers: str) -> str | None:
    target = models.target("s3", HttpRequest(method, path, query, {name.replace("_", "-"): value for name, value in headers.items()}))
    return target.operation if target else None


@pytest.mark.parametrize(
    ("method", "path", "query", "operation"),
    [
        ("GET", "/", "", "ListBuckets"),
        ("PUT", "/bucket", "", "CreateBucket"),
        ("PUT", "/bucket/", "", "CreateBucket"),
        ("HEAD", "/bucket", "", "HeadBucket"),
        ("GET", "/bucket", "", "ListObjects"),
        ("GET", "/bucket", "list-type=2&prefix=a", "ListObjectsV2"),
        ("GET", "/bucket", "versions", "ListObjectVersions"),
        ("GET", "/bucket", "cors", "GetBucketCors"),
        ("GET", "/bucket", "lifecycle=", "GetBucketLifecycleConfiguration"),
        ("POST", "/bucket", "delete", "DeleteObjects"),
        ("GET", "/bucket/a/b", "", "GetObject"),
        ("GET", "/bucket/a/b", "versionId=1", "GetObject"),
        ("GET", "/bucket/a/b", "tagging", "GetObjectTagging"),
        ("GET", "/bucket/a", "uploadId=1", "ListParts"),
        ("PUT", "/bucket/a", "", "PutObject"),
        ("PUT", "/bucket/a", "partNumber=1&uploadId=1", "UploadPart"),
        ("POST", "/bucket/a", "uploads", "CreateMultipartUpload"),
        ("POST", "/bucket/a", "uploadId=1", "CompleteMultipartUpload"),
        ("DELETE", "/bucket/a", "uploadId=1", "AbortMultipartUpload"),
    ],
)
def test_s3_tells_its_operations_apart_by_query(method: str, path: str, query: str, operation: str) -> None:
    assert s3(method, path, query) == operation


def test_s3_tells_a_copy_by_its_header() -> None:
    assert s3("PUT", "/bucket/a", x_amz_copy_source="bucket/b") == "CopyObject"
    assert s3("PUT", "/bucket/a", "partNumber=1&uploadId=1", x_amz_copy_source="bucket/b") == "UploadPartCopy"


def test_labels_are_decoded() -> None:
    target = models.target("iottwinmaker", HttpRequest("GET", "/workspaces/arn%3Aaws%3Ax%2Fy/entities/%24ROOT", "", {}))
    assert target is not None
    assert target.labels == {"workspaceId": "arn:aws:x/y", "entityId": "$ROOT"}


@pytest.mark.parametrize(("method", "path"), [("GET", "/nowhere"), ("PATCH", "/workspaces/x"), ("GET", "/workspaces//entities/x")])
def test_what_no_operation_is_for(method: str, path: str) -> None:
    assert models.target("iottwinmaker", HttpRequest(method, path, "", {})) is None


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff\xfe", b'"text"', b'{"a":' * 100_000])
def test_a_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    request = HttpRequest("POST", "/workspaces-list", "", {}, body)
    target = models.target("iottwinmaker", request)
    assert target is not None
    with pytest.raises(ApiError) as refused:
        parse("iottwinmaker", target, request)
    assert (refused.value.code, refused.value.status) == ("SerializationException", 400)


def test_null_is_as_good_as_absent() -> None:
    request = HttpRequest("POST", "/workspaces-list", "", {}, b'{"nextToken": null}')
    target = models.target("iottwinmaker", request)
    assert target is not None
    assert parse("iottwinmaker", target, request) == {}


@pytest.mark.parametrize("moment", ["1700000000", "2023-11-14T22:13:20Z", "Tue, 14 Nov 2023 22:13:20 GMT"])
def test_moments_come_in_three_forms(moment: str) -> None:
    body = f'{{"selectedProperties": [], "startDateTime": "{moment}"}}'.encode()
    request = HttpRequest("POST", "/workspaces/w/entity-properties/history", "", {}, body)
    target = models.target("iottwinmaker", request)
    assert target is not None
    assert parse("iottwinmaker", target, request)["startDateTime"] == 1_700_000_000.0
