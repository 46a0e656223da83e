# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Buckets and their policies."""

from __future__ import annotations

import collections.abc as c
import json
import typing as t

from botocore.exceptions import ClientError

from local_cloud.cloudformation.providers.api import coerce, input_shape, tag_list
from local_cloud.cloudformation.providers.base import (
    Clients,
    Identity,
    Properties,
    Provider,
    ResourceError,
    Tags,
    canonical,
    generated_name,
    gone_ok,
    is_gone,
)
from local_cloud.cloudformation.providers.schemas import SCHEMAS


def _encryption(value: Properties) -> t.Any:
    names = {"ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"}
    return {"Rules": [_renamed(rule, names) for rule in value["ServerSideEncryptionConfiguration"]]}


def _cors(value: Properties) -> t.Any:
    return {
        "CORSRules": [
            _renamed(rule, {"MaxAge": "MaxAgeSeconds", "ExposedHeaders": "ExposeHeaders", "Id": "ID"}) for rule in value["CorsRules"]
        ]
    }


def _lifecycle(value: Properties) -> t.Any:
    return {"Rules": [_lifecycle_rule(dict(rule)) for rule in value["Rules"]]}


def _lifecycle_rule(rule: Properties) -> Properties:
    out: Properties = {"Status": rule.pop("Status")}
    if "Id" in rule:
        out["ID"] = rule.pop("Id")
    prefix, tags = rule.pop("Prefix", None), rule.pop("TagFilters", [])
    conditions = ([{"Prefix": prefix}] if prefix is not None else []) + [{"Tag": tag} for tag in tags]
    if len(conditions) > 1:
        out["Filter"] = {"And": {"Prefix": prefix or "", "Tags": tags}}
    else:
        out["Filter"] = conditions[0] if conditions else {"Prefix": ""}
    expiration = {api: rule.pop(name) for name, api in (("ExpirationInDays", "Days"), ("ExpiredObjectDeleteMarker",) * 2) if name in rule}
    if expiration:
        out["Expiration"] = expiration
    if "NoncurrentVersionExpirationInDays" in rule:
        out["NoncurrentVersionExpiration"] = {"NoncurrentDays": rule.pop("NoncurrentVersionExpirationInDays")}
    for name in ("AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration"):
        if name in rule:
            out[name] = rule.pop(name)
    if "Transitions" in rule:
        out["Transitions"] = [_renamed(item, {"TransitionInDays": "Days", "TransitionDate": "Date"}) for item in rule.pop("Transitions")]
    if rule:
        raise ResourceError(f"The local cloud does not implement {', '.join(sorted(rule))} in a lifecycle rule of AWS::S3::Bucket")
    return out


def _renamed(value: Properties, names: dict[str, str]) -> Properties:
    return {names.get(key, key): item for key, item in value.items()}


def _same(value: Properties) -> t.Any:
    return value


# property -> (operation that puts it, its argument, operation that removes it or the value that undoes it, translation)
_SETTINGS: dict[str, tuple[str, str, t.Any, c.Callable[[Properties], t.Any]]] = {
    "BucketEncryption": ("PutBucketEncryption", "ServerSideEncryptionConfiguration", "delete_bucket_encryption", _encryption),
    "CorsConfiguration": ("PutBucketCors", "CORSConfiguration", "delete_bucket_cors", _cors),
    "LifecycleConfiguration": ("PutBucketLifecycleConfiguration", "LifecycleConfiguration", "delete_bucket_lifecycle", _lifecycle),
    "OwnershipControls": ("PutBucketOwnershipControls", "OwnershipControls", "delete_bucket_ownership_controls", _same),
    "PublicAccessBlockConfiguration": ("PutPublicAccessBlock", "PublicAccessBlockConfiguration", "delete_public_access_block", _same),
    "VersioningConfiguration": ("PutBucketVersioning", "VersioningConfiguration", {"Status": "Suspended"}, _same),
}


def _argument(name: str, value: Properties) -> t.Any:
    """A property as the argument of the call that puts it."""
    operation, argument, _undo, translate = _SETTINGS[name]
    try:
        translated = translate(value)
    except KeyError as error:
        raise ResourceError(f"Model validation failed (#/{name}: required key [{error.args[0]}] not found)") from None
    except (AttributeError, TypeError):
        raise ResourceError(f"Model validation failed (#/{name}: expected type: JSONObject)") from None
    return coerce(translated, input_shape("s3", operation).members[argument], f"#/{name}")


class Bucket(Provider):
    schema = SCHEMAS["AWS::S3::Bucket"]

    def check(self, logical_id: str, properties: Properties) -> None:
        super().check(logical_id, properties)
        for name in _SETTINGS.keys() & properties.keys():
            _argument(name, properties[name])

    def plan(self, identity: Identity, properties: Properties) -> str:
        return str(properties.get("BucketName") or generated_name(identity, 63, lower=True))

    def create(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties, tags: Tags) -> str:
        # in us-east-1 S3 answers a second CreateBucket of the owner with success
        if self.exists(clients, physical_id):
            raise ResourceError(f"{physical_id} already exists")
        place = {} if identity.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": identity.region}}
        clients("s3").create_bucket(Bucket=physical_id, **place)
        return physical_id

    def configure(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties, tags: Tags) -> None:
        self.update(clients, identity, physical_id, {}, properties, {}, tags)

    def update(
        self, clients: Clients, identity: Identity, physical_id: str, old: Properties, new: Properties, old_tags: Tags, tags: Tags
    ) -> None:
        s3 = clients("s3")
        for name in _SETTINGS:
            if canonical(old.get(name)) != canonical(new.get(name)):
                self._put(s3, physical_id, name, new.get(name))
        if old_tags != tags:
            kept = {key: value for key, value in self._tags(s3, physical_id).items() if key not in old_tags}
            if kept | tags:
                s3.put_bucket_tagging(Bucket=physical_id, Tagging={"TagSet": tag_list(kept | tags)})
            else:
                s3.delete_bucket_tagging(Bucket=physical_id)

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        gone_ok(clients("s3").delete_bucket, Bucket=physical_id)

    def exists(self, clients: Clients, physical_id: str) -> bool:
        return gone_ok(clients("s3").head_bucket, Bucket=physical_id) is not None

    def attributes(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties) -> dict[str, t.Any]:
        return {
            "Arn": f"arn:aws:s3:::{physical_id}",
            "DomainName": f"{physical_id}.s3.amazonaws.com",
            "DualStackDomainName": f"{physical_id}.s3.dualstack.{identity.region}.amazonaws.com",
            "RegionalDomainName": f"{physical_id}.s3.{identity.region}.amazonaws.com",
        }

    @staticmethod
    def _put(s3: t.Any, bucket: str, name: str, value: Properties | None) -> None:
        operation, argument, undo, _translate = _SETTINGS[name]
        if value is None and isinstance(undo, str):
            gone_ok(getattr(s3, undo), Bucket=bucket)
            return
        wanted = undo if value is None else _argument(name, value)
        getattr(s3, s3_method(operation))(Bucket=bucket, **{argument: wanted})

    @staticmethod
    def _tags(s3: t.Any, bucket: str) -> Tags:
        answer = gone_ok(s3.get_bucket_tagging, Bucket=bucket) or {}
        return {tag["Key"]: tag["Value"] for tag in answer.get("TagSet", [])}


def s3_method(operation: str) -> str:
    """boto3's name of an S3 operation."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation).lstrip("_")


class BucketPolicy(Provider):
    schema = SCHEMAS["AWS::S3::BucketPolicy"]

    def plan(self, identity: Identity, properties: Properties) -> str:
        return str(properties["Bucket"])

    def create(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties, tags: Tags) -> str:
        if self.exists(clients, physical_id):
            raise ResourceError(f"The bucket policy already exists on bucket {physical_id}.")
        self._put(clients, physical_id, properties)
        return physical_id

    def update(
        self, clients: Clients, identity: Identity, physical_id: str, old: Properties, new: Properties, old_tags: Tags, tags: Tags
    ) -> None:
        self._put(clients, physical_id, new)

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        gone_ok(clients("s3").delete_bucket_policy, Bucket=physical_id)

    def exists(self, clients: Clients, physical_id: str) -> bool:
        try:
            clients("s3").get_bucket_policy(Bucket=physical_id)
        except ClientError as error:
            # a missing bucket is for the call that follows to complain about
            if not is_gone(error):
                raise
            return False
        return True

    @staticmethod
    def _put(clients: Clients, bucket: str, properties: Properties) -> None:
        document = properties["PolicyDocument"]
        clients("s3").put_bucket_policy(Bucket=bucket, Policy=document if isinstance(document, str) else json.dumps(document))
