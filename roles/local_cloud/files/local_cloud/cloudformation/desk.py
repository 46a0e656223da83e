# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What CloudFormation's operations share: finding stacks, reading what a request gives, paging."""

from __future__ import annotations

import base64
import binascii
import collections.abc as c
import functools
import re
import typing as t
import urllib.parse
import uuid

from botocore.exceptions import ClientError

from local_cloud.cloud import Cloud
from local_cloud.cloudformation import parameters, template
from local_cloud.cloudformation.engine import Engine
from local_cloud.cloudformation.errors import constraint, invalid, not_implemented
from local_cloud.cloudformation.providers import Table, providers
from local_cloud.cloudformation.records import GONE, Records
from local_cloud.cloudformation.scope import PreviewScope, Target
from local_cloud.cloudformation.template import Template
from local_cloud.errors import ApiError
from local_cloud.service import Answer, Parameters, Service
from local_cloud.store import Record

_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]*")
_PAGE = 100
_MAX_TAGS = 50
# members of requests that ask for something the local cloud has not; False, empty and the value given here are harmless
_UNSUPPORTED: dict[str, str] = {
    "DeletionMode": "STANDARD",
    "DeploymentConfig": "",
    "DeploymentMode": "",
    "ForceRollback": "",
    "ImportExistingResources": "",
    "IncludePropertyValues": "",
    "NotificationARNs": "",
    "ResourceTypes": "",
    "ResourcesToImport": "",
    "StackSetName": "",
}


class Desk(Service):
    """The base of the operations: records, engine and providers of one cloud."""

    models: t.ClassVar[tuple[str, ...]] = ("cloudformation",)

    def __init__(self, cloud: Cloud, table: Table | None = None) -> None:
        super().__init__(cloud)
        self.table = providers() if table is None else table
        self.records = Records(cloud)
        self.load = functools.lru_cache(maxsize=64)(self._load)
        self.engine = Engine(cloud, self.records, self.table, self.load)

    def start(self) -> None:
        self.engine.resume()

    def stop(self) -> None:
        self.engine.halt()

    # templates

    def _load(self, text: str) -> Template:
        return template.load(text, self.table, self._has_attribute, limit=template.MAX_URL_BYTES)

    def _has_attribute(self, kind: str, name: str) -> bool:
        return kind not in self.table or name in self.table[kind].schema.attributes

    def template_of(self, given: Parameters, previous: str | None = None) -> Template:
        """The template that a request gives by body or URL, or asks to keep (UsePreviousTemplate)."""
        body, url, keep = given.get("TemplateBody"), given.get("TemplateURL"), given.get("UsePreviousTemplate")
        if sum(map(bool, (body, url, keep))) > 1:
            raise invalid("Only one of Template URL, Template Body and UsePreviousTemplate may be specified.")
        if keep and previous:
            return self.load(previous)
        if url:
            return self.load(self.from_s3(url, template.MAX_URL_BYTES))
        if not body:
            raise invalid("Either Template URL or Template Body must be specified.")
        if len(body.encode()) > template.MAX_BODY_BYTES:
            raise constraint(f"{body[:100]}...", "templateBody", f"have length less than or equal to {template.MAX_BODY_BYTES}")
        return self.load(body)

    def from_s3(self, url: str, limit: int) -> str:
        """The text of an object in the cloud's own S3, by any of S3's forms of URL."""
        bucket, key = s3_location(url)
        try:
            answer = self.cloud.client("s3").get_object(Bucket=bucket, Key=key)
        except ClientError as error:
            raise invalid(f"S3 error: {error.response['Error'].get('Message', 'Access Denied')}") from None
        if answer["ContentLength"] > limit:
            raise invalid(f"Template may not exceed {limit} bytes in size.")
        try:
            return str(answer["Body"].read().decode())
        except UnicodeDecodeError:
            raise invalid(f"S3 error: the object {bucket}/{key} is not text in UTF-8") from None

    def target(self, given: Parameters, stack: Record | None) -> Target:
        """What a create or update asks for; a tag list that is left out keeps the stack's tags."""
        wanted = self.template_of(given, stack["template"] if stack else None)
        values = parameters.collect(wanted.parameters, given.get("Parameters", []), stack["parameters"] if stack else None)
        tags = _tags(given["Tags"]) if "Tags" in given else dict(stack["tags"]) if stack else {}
        needed = capabilities(wanted, self.table)
        if not set(needed) <= _granted(given.get("Capabilities", [])):
            raise ApiError("InsufficientCapabilitiesException", f"Requires capabilities : [{', '.join(needed)}]")
        return Target(wanted, values, tags)

    def preview(self, stack: Record, target: Target) -> PreviewScope:
        """The target's names as they stand before the operation. Refuses what AWS refuses before it begins, e.g. cycles."""
        return PreviewScope(self.cloud.settings, self.records, stack, target, self.records.resources(stack["id"]))

    # stacks

    def find(self, name_or_id: str, *, words: str = "Stack with id {name} does not exist", deleted: bool = True) -> Record:
        """The stack of a name (not a deleted one) or an id (a deleted one only if ``deleted``)."""
        found = self.records.stack(name_or_id) if name_or_id.startswith("arn:") else self.records.named(name_or_id)
        if found is None or (found["status"] == GONE and not deleted):
            raise invalid(words.format(name=name_or_id))
        return found

    def new_stack(self, name: str, given: Parameters) -> Record:
        """The record of a stack that is to be created. Refuses illegal names."""
        if not _NAME.fullmatch(name):
            raise constraint(name, "stackName", f"satisfy regular expression pattern: {_NAME.pattern}")
        if len(name) > 128:
            raise constraint(name, "stackName", "have length less than or equal to 128")
        return {
            "id": self.cloud.arn("cloudformation", f"stack/{name}/{uuid.uuid4()}"),
            "name": name,
            "status": None,
            "reason": None,
            "created": self.cloud.now(),
            "updated": None,
            "deleted": None,
            "template": None,
            "parameters": {},
            "tags": {},
            "capabilities": given.get("Capabilities", []),
            "role": self.role(given),
            "protected": bool(given.get("EnableTerminationProtection")),
            "policy": None,
            "disable_rollback": False,
            "retain_except_on_create": bool(given.get("RetainExceptOnCreate")),
            "timeout": given.get("TimeoutInMinutes"),
            "outputs": [],
            "imports": [],
            "events": 0,
            "token": None,
            "requests": {},
            "operation": None,
            "suspended": None,
            "change_set": None,
        }

    def role(self, given: Parameters) -> str | None:
        """The service role that a request names. Refuses one that CloudFormation may not assume."""
        arn: str | None = given.get("RoleARN")
        if arn is not None and not self.cloud.role_trusts(arn, "cloudformation.amazonaws.com"):
            raise invalid(f"Role {arn} is invalid or cannot be assumed")
        return arn

    def note_token(self, stack: Record, action: str, token: str | None) -> None:
        """Keep the request's token for the events. Refuses one that another kind of request has used."""
        if token is not None and stack["requests"].get(token, action) != action:
            raise ApiError("TokenAlreadyExistsException", f"Token {token} already exists")
        stack["token"] = token
        if token is not None:
            stack["requests"][token] = action

    def is_repeat(self, stack: Record | None, action: str, token: str | None) -> bool:
        """Whether the request is one that has been taken already, sent again with its token."""
        return stack is not None and token is not None and stack["requests"].get(token) == action


def refuse_unsupported(given: Parameters) -> None:
    """501 for what a request asks for and the local cloud has not."""
    for member, harmless in _UNSUPPORTED.items():
        if given.get(member) and given[member] != harmless:
            raise not_implemented(f"the request parameter {member}")
    if any(given.get("RollbackConfiguration", {}).get("RollbackTriggers", [])):
        raise not_implemented("rollback triggers")


def operation(kind: str, target: Target | None, **more: t.Any) -> Record:
    """The record of an operation that begins; see ``operation.Operation``."""
    wanted = {"template": target.template.text, "parameters": target.values, "tags": target.tags} if target else None
    return {
        "id": str(uuid.uuid4()),
        "kind": kind,
        "stage": "apply",
        "target": wanted,
        "done": [],
        "garbage": [],
        "failures": [],
        "skip": [],
        "cancelled": False,
        "deadline": None,
        "disable_rollback": False,
        "on_failure": "ROLLBACK",
        "retain_except_on_create": False,
        "policy_during_update": None,
        "identified": {},
        "capabilities": [],
        **more,
    }


def capabilities(wanted: Template, table: Table) -> list[str]:
    """The capabilities that a template's IAM resources ask for."""
    iam = [resource for resource in wanted.resources.values() if resource["Type"].startswith("AWS::IAM::")]
    if not iam:
        return []
    named = any(table[resource["Type"]].schema.name in resource.get("Properties", {}) for resource in iam)
    return ["CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM"]


def _granted(given: c.Iterable[str]) -> set[str]:
    granted = set(given)
    return granted | {"CAPABILITY_IAM"} if "CAPABILITY_NAMED_IAM" in granted else granted


def _tags(given: list[dict[str, str]]) -> dict[str, str]:
    if len(given) > _MAX_TAGS:
        raise constraint(f"{len(given)} tags", "tags", f"have length less than or equal to {_MAX_TAGS}")
    tags = {tag["Key"]: tag["Value"] for tag in given}
    reserved = [key for key in tags if key.lower().startswith("aws:")]
    if reserved:
        raise invalid(f"aws: prefixed tag key names are not allowed for external use: {', '.join(reserved)}")
    if len(tags) < len(given):
        raise invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    return tags


def s3_location(url: str) -> tuple[str, str]:
    """(bucket, key) of https://bucket.s3.region.amazonaws.com/key, https://s3.region.amazonaws.com/bucket/key and
    http://endpoint/bucket/key."""
    parts = urllib.parse.urlsplit(url)
    path = urllib.parse.unquote(parts.path.lstrip("/"))
    virtual = re.fullmatch(r"(?P<bucket>.+)\.s3[.-].*", parts.hostname or "")
    bucket, key = (virtual["bucket"], path) if virtual else (path.partition("/")[0], path.partition("/")[2])
    if parts.scheme not in ("http", "https") or not bucket or not key:
        raise invalid("TemplateURL must be a supported URL.")
    return bucket, key


Item = t.TypeVar("Item")


def page(items: c.Sequence[Item], token: str | None, member: str, size: int = _PAGE) -> Answer:
    """One page of a list: ``member`` and, if there is more, NextToken."""
    start = 0
    if token is not None:
        try:
            start = int(base64.urlsafe_b64decode(token.encode()).decode())
        except (ValueError, binascii.Error):
            raise invalid(f"NextToken {token} is not one that was given out") from None
    answer: Answer = {member: list(items[start : start + size])}
    if start + size < len(items):
        answer["NextToken"] = base64.urlsafe_b64encode(str(start + size).encode()).decode()
    return answer
