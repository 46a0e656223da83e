# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a resource type is to the engine, and how AWS words what goes wrong with one."""

from __future__ import annotations

import abc
import collections.abc as c
import dataclasses
import json
import random
import re
import string
import time
import typing as t
import uuid

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.errors import ApiError

Properties = dict[str, t.Any]
Tags = dict[str, str]
Clients = c.Callable[[str], t.Any]
"""Service name -> boto3 client; the service role of the stack, if it has one, is bound to it."""


class ResourceError(Exception):
    """A resource cannot be what its properties ask for. The text is its ResourceStatusReason."""


@dataclasses.dataclass(frozen=True)
class Identity:
    """Which resource of which stack an instance is; it makes names that are unique and tells calls apart."""

    stack_name: str
    stack_id: str
    logical_id: str
    token: str
    region: str
    account: str


@dataclasses.dataclass(frozen=True)
class Schema:
    """What CloudFormation's public resource provider schema says about a type, as far as it matters here.

    properties: all that may be given. supported: those that the local cloud carries out (the others are refused).
    attributes: what Fn::GetAtt may ask for. tags: whether the type takes the stack's tags, as "list", "map" or not at all.
    names: the properties that name the resource (for CAPABILITY_NAMED_IAM).
    """

    type: str
    properties: frozenset[str]
    required: frozenset[str] = frozenset()
    create_only: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()
    unsupported: frozenset[str] = frozenset()
    tags: t.Literal["list", "map", ""] = ""
    name: str = ""

    def check(self, logical_id: str, properties: Properties) -> None:
        """Refuse properties that the type has not, that the local cloud has not, and missing ones."""
        for name in properties:
            if name not in self.properties:
                raise ResourceError(f"Encountered unsupported property {name}")
            if name in self.unsupported:
                raise ResourceError(f"The local cloud does not implement the property {name} of {self.type}")
        missing = sorted(self.required - properties.keys())
        if missing:
            problems = "\n".join(f"#: required key [{name}] not found" for name in missing)
            raise ResourceError(f"Properties validation failed for resource {logical_id} with message:\n{problems}")

    def own_tags(self, properties: Properties) -> Tags:
        """The tags that the properties themselves ask for."""
        given = properties.get("Tags") or {}
        if isinstance(given, dict):
            return {key: str(value) for key, value in given.items()}
        return {item["Key"]: str(item["Value"]) for item in given}


class Provider(abc.ABC):
    """One resource type. Every method but ``create`` may be repeated after a crash and then does no harm.

    ``create`` makes one call that brings the resource into being; what else it needs belongs to ``configure``, so that a crash
    between two calls leaves something that is known. boto3's errors pass through; ``reason`` words them.
    """

    schema: Schema

    def check(self, logical_id: str, properties: Properties) -> None:
        """Refuse properties that cannot be, before any call is made."""
        self.schema.check(logical_id, properties)

    @abc.abstractmethod
    def plan(self, identity: Identity, properties: Properties) -> str:
        """The physical id the resource will have; empty if the service chooses it."""

    def imported(self, identifier: c.Mapping[str, str]) -> str | None:
        """The physical id of a resource that is identified so for an import; None if that is not what identifies the type.

        Raises ResourceError for a type that the local cloud cannot import.
        """
        raise ResourceError(f"The local cloud does not implement importing {self.schema.type}")

    @abc.abstractmethod
    def create(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties, tags: Tags) -> str:
        """Bring the resource into being. Gives its physical id."""

    def adopt(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties) -> str | None:
        """After a crash: the physical id of what the interrupted ``create`` has made, or None if it made nothing."""
        return physical_id if physical_id and self.exists(clients, physical_id) else None

    def configure(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties, tags: Tags) -> None:
        """The further calls after ``create``."""
        return

    @abc.abstractmethod
    def update(
        self, clients: Clients, identity: Identity, physical_id: str, old: Properties, new: Properties, old_tags: Tags, tags: Tags
    ) -> None:
        """Change the resource in place; only called when no create-only property differs."""

    @abc.abstractmethod
    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        """Delete the resource; one that is gone already is no error."""

    @abc.abstractmethod
    def exists(self, clients: Clients, physical_id: str) -> bool:
        """Whether the resource is there (one that is being deleted still is)."""

    def ready(self, clients: Clients, physical_id: str) -> bool:
        """Whether the resource has settled. Raises ResourceError if it has settled in a failed state."""
        return True

    def attributes(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties) -> dict[str, t.Any]:
        """The values of Fn::GetAtt."""
        return {}

    def ref(self, physical_id: str) -> str:
        """The value of Ref."""
        return physical_id

    def replaces(self, old: Properties, new: Properties) -> list[str]:
        """The properties whose change needs a new resource."""
        return sorted(name for name in self.schema.create_only if canonical(old.get(name)) != canonical(new.get(name)))


def canonical(value: t.Any) -> str:
    """Equal texts for values that CloudFormation takes as equal: it does not tell 1 from "1", nor true from "true"."""

    def plain(node: t.Any) -> t.Any:
        if isinstance(node, dict):
            return {str(key): plain(item) for key, item in node.items()}
        if isinstance(node, list):
            return [plain(item) for item in node]
        if isinstance(node, bool):
            return str(node).lower()
        return node if node is None else str(node)

    return json.dumps(plain(value), sort_keys=True)


def generated_name(identity: Identity, limit: int, *, joint: str = "-", lower: bool = False) -> str:
    """A name after AWS's pattern <stack>-<logical id>-<random>, cut in the middle to the limit.

    The random part comes from the instance's token, so that the same instance always gets the same name.
    """
    choice = random.Random(identity.token)
    suffix = "".join(choice.choices(string.ascii_uppercase + string.digits, k=12))
    room = limit - len(suffix) - 2 * len(joint)
    logical_id = identity.logical_id[: max(room // 2, room - len(identity.stack_name))]
    stack_name = identity.stack_name[: room - len(logical_id)]
    name = joint.join((stack_name, logical_id, suffix))
    if joint != "-":
        name = re.sub(r"[^A-Za-z0-9]+", joint, name)
    return name.lower() if lower else name


def wait_until(check: c.Callable[[], bool], what: str, seconds: float = 300.0) -> None:
    """Poll with a growing pause; ResourceError when the time is over."""
    deadline, pause = time.monotonic() + seconds, 0.02
    while not check():
        if time.monotonic() > deadline:
            raise ResourceError(f"{what} did not settle within {seconds:.0f} seconds (HandlerErrorCode: NotStabilized)")
        time.sleep(pause)
        pause = min(pause * 2, 1.0)


_GONE = re.compile(r"(NoSuch\w+|\w*NotFound(Exception)?|404)")
_HANDLER_ERRORS = (
    (re.compile(r"NoSuch|NotFound"), "NotFound"),
    (re.compile(r"AlreadyExists|ResourceConflict|BucketAlreadyOwnedByYou|Conflict|ResourceInUse"), "AlreadyExists"),
    (re.compile(r"AccessDenied|Unauthorized"), "AccessDenied"),
    (re.compile(r"Throttl|TooManyRequests"), "Throttling"),
    (re.compile(r"LimitExceeded|Quota"), "ServiceLimitExceeded"),
    (re.compile(r"Validation|Invalid|Malformed"), "InvalidRequest"),
)


def is_gone(error: ClientError) -> bool:
    """Whether the error says that the thing is not there."""
    return _GONE.fullmatch(error.response["Error"]["Code"]) is not None


def gone_ok(call: c.Callable[..., t.Any], **arguments: t.Any) -> t.Any:
    """Call, and take "not there" as done (None)."""
    try:
        return call(**arguments)
    except ClientError as error:
        if not is_gone(error):
            raise
        return None


def reason(error: Exception, service: str = "") -> str:
    """The error as a ResourceStatusReason, in the form that AWS's resource handlers use."""
    if isinstance(error, (ApiError, ResourceError)):
        return str(error)
    if isinstance(error, ClientError):
        code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        about = error.response.get("ResponseMetadata", {})
        handler = next((name for pattern, name in _HANDLER_ERRORS if pattern.search(code)), "GeneralServiceException")
        text = f"{message or code} (Service: {service}, Status Code: {about.get('HTTPStatusCode', 0)}, Request ID: {about.get('RequestId', 'null')})"
        return f'Resource handler returned message: "{text}" (RequestToken: {uuid.uuid4()}, HandlerErrorCode: {handler})'
    if isinstance(error, BotoCoreError):
        text = " ".join(str(error).split())
        return f'Resource handler returned message: "{text}" (RequestToken: {uuid.uuid4()}, HandlerErrorCode: InvalidRequest)'
    return f"Internal Failure: {type(error).__name__}: {error}"
