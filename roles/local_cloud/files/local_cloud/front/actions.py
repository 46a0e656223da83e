# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which IAM actions an operation needs, and on which resource where the request alone says so.

Source: the service authorization reference. Most actions are named after their operations; the tables hold the others.
"""

from __future__ import annotations

import collections.abc as c
import typing as t
import urllib.parse

from local_cloud.protocol import models
from local_cloud.protocol.http import HttpRequest
from local_cloud.settings import Settings

_PREFIXES = {
    "timestream-write": "timestream",
    "timestream-query": "timestream",
    "iot-data": "iot",
    "service-quotas": "servicequotas",
    "sso-admin": "sso",
}

_RENAMED: dict[tuple[str, str], tuple[str, ...]] = {
    ("lambda", "Invoke"): ("lambda:InvokeFunction",),
    ("lambda", "InvokeAsync"): ("lambda:InvokeFunction",),
    ("timestream-query", "Query"): ("timestream:Select",),
    ("sts", "GetCallerIdentity"): (),  # needs no permission
    ("dynamodb", "TransactWriteItems"): ("dynamodb:PutItem",),
    ("dynamodb", "TransactGetItems"): ("dynamodb:GetItem",),
}

_S3_OBJECT: dict[str, tuple[str, ...]] = {
    "HeadObject": ("s3:GetObject",),
    "GetObjectAttributes": ("s3:GetObject", "s3:GetObjectAttributes"),
    "CopyObject": ("s3:PutObject",),
    "CreateMultipartUpload": ("s3:PutObject",),
    "UploadPart": ("s3:PutObject",),
    "UploadPartCopy": ("s3:PutObject",),
    "CompleteMultipartUpload": ("s3:PutObject",),
    "ListParts": ("s3:ListMultipartUploadParts",),
}

_S3_BUCKET: dict[str, tuple[str, ...]] = {
    "HeadBucket": ("s3:ListBucket",),
    "ListObjects": ("s3:ListBucket",),
    "ListObjectsV2": ("s3:ListBucket",),
    "ListObjectVersions": ("s3:ListBucketVersions",),
    "ListMultipartUploads": ("s3:ListBucketMultipartUploads",),
    "GetBucketEncryption": ("s3:GetEncryptionConfiguration",),
    "PutBucketEncryption": ("s3:PutEncryptionConfiguration",),
    "DeleteBucketEncryption": ("s3:PutEncryptionConfiguration",),
    "GetPublicAccessBlock": ("s3:GetBucketPublicAccessBlock",),
    "PutPublicAccessBlock": ("s3:PutBucketPublicAccessBlock",),
    "DeletePublicAccessBlock": ("s3:PutBucketPublicAccessBlock",),
    "GetBucketCors": ("s3:GetBucketCORS",),
    "PutBucketCors": ("s3:PutBucketCORS",),
    "DeleteBucketCors": ("s3:PutBucketCORS",),
    "DeleteBucketTagging": ("s3:PutBucketTagging",),
    "GetBucketLifecycleConfiguration": ("s3:GetLifecycleConfiguration",),
    "PutBucketLifecycleConfiguration": ("s3:PutLifecycleConfiguration",),
    "DeleteBucketLifecycle": ("s3:PutLifecycleConfiguration",),
    "DeleteBucketOwnershipControls": ("s3:PutBucketOwnershipControls",),
    "GetBucketNotificationConfiguration": ("s3:GetBucketNotification",),
    "PutBucketNotificationConfiguration": ("s3:PutBucketNotification",),
}

Need = tuple[str, str | None]


def needed(service: str, operation: str, parameters: c.Mapping[str, t.Any], request: HttpRequest, settings: Settings) -> list[Need]:
    """(action, ARN of the resource) pairs, all of which the caller must be allowed; None as ARN: the service checks it."""
    if service == "s3":
        return _s3(operation, parameters, request)
    names = _RENAMED.get((service, operation), (f"{_PREFIXES.get(service, service)}:{operation}",))
    table = parameters.get("TableName") if service == "dynamodb" else None
    if table is None:
        return [(name, None) for name in names]
    arn = table if str(table).startswith("arn:") else f"arn:aws:dynamodb:{settings.region}:{settings.account}:table/{table}"
    return [(name, f"{arn}/index/{parameters['IndexName']}" if "IndexName" in parameters else arn) for name in names]


def context(service: str, request: HttpRequest) -> dict[str, str]:
    """The condition keys that a request carries by itself."""
    if service != "s3":
        return {}
    query = dict(models.query(request))
    return {f"s3:{name}": query[name] for name in ("delimiter", "max-keys", "prefix") if name in query}


def _s3(operation: str, labels: c.Mapping[str, str], request: HttpRequest) -> list[Need]:
    if "Bucket" not in labels:
        return [("s3:ListAllMyBuckets" if operation == "ListBuckets" else f"s3:{operation}", "*")]
    bucket = f"arn:aws:s3:::{labels['Bucket']}"
    if "Key" not in labels:
        if operation == "DeleteObjects":
            return [("s3:DeleteObject", f"{bucket}/*")]
        return [(name, bucket) for name in _S3_BUCKET.get(operation, (f"s3:{operation}",))]
    needs: list[Need] = [(name, f"{bucket}/{labels['Key']}") for name in _S3_OBJECT.get(operation, (f"s3:{operation}",))]
    source = request.headers.get("x-amz-copy-source")
    if source is not None:
        needs.append(("s3:GetObject", "arn:aws:s3:::" + urllib.parse.unquote(source.partition("?")[0]).lstrip("/")))
    return needs
