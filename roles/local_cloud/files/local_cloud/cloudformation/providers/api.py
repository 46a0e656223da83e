# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The provider for types whose properties are their service's API members under CloudFormation's spelling."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import datetime
import functools
import json
import typing as t

import botocore.loaders
import botocore.model
from botocore.exceptions import ClientError

from local_cloud.cloudformation.providers.base import (
    Clients,
    Identity,
    Properties,
    Provider,
    ResourceError,
    Schema,
    Tags,
    canonical,
    generated_name,
    gone_ok,
    is_gone,
)

Record = dict[str, t.Any]


@functools.cache
def service_model(service: str) -> botocore.model.ServiceModel:
    """botocore's model of a service."""
    return botocore.model.ServiceModel(botocore.loaders.Loader().load_service_model(service, "service-2"), service)


def input_shape(service: str, operation: str) -> botocore.model.StructureShape:
    """The shape of an operation's arguments."""
    return service_model(service).operation_model(operation).input_shape


def coerce(value: t.Any, shape: botocore.model.Shape, path: str = "#", renames: c.Mapping[str, str] | None = None) -> t.Any:
    """A CloudFormation value as an API argument of the shape.

    Members are spelled with a capital first letter in templates; scalars may be text; documents may be objects where the
    API wants JSON text. renames: property name -> API member, for this level only. Raises ResourceError naming the path.
    """
    kind = shape.type_name
    if kind == "structure" and not getattr(shape, "is_document_type", False):
        return _structure(value, shape, path, renames or {})
    if kind == "list":
        if not isinstance(value, list):
            raise ResourceError(f"Model validation failed ({path}: expected type: JSONArray, found: {_json_type(value)})")
        return [coerce(item, shape.member, f"{path}/{index}") for index, item in enumerate(value)]
    if kind == "map":
        if not isinstance(value, dict):
            raise ResourceError(f"Model validation failed ({path}: expected type: JSONObject, found: {_json_type(value)})")
        return {str(key): coerce(item, shape.value, f"{path}/{key}") for key, item in value.items()}
    return _scalar(value, kind, path)


def _structure(value: t.Any, shape: t.Any, path: str, renames: c.Mapping[str, str]) -> dict[str, t.Any]:
    if not isinstance(value, dict):
        raise ResourceError(f"Model validation failed ({path}: expected type: JSONObject, found: {_json_type(value)})")
    members = {name[:1].upper() + name[1:]: name for name in shape.members}
    out = {}
    for key, item in value.items():
        member = renames.get(key) or members.get(key)
        if member is None or member not in shape.members:
            raise ResourceError(f"Model validation failed ({path}: extraneous key [{key}] is not permitted)")
        out[member] = coerce(item, shape.members[member], f"{path}/{key}")
    return out


def _scalar(value: t.Any, kind: str, path: str) -> t.Any:
    if kind == "string":
        if isinstance(value, bool):
            return str(value).lower()
        return json.dumps(value) if isinstance(value, (dict, list)) else str(value)
    if kind == "blob":
        return value if isinstance(value, bytes) else str(value).encode()
    if kind not in ("integer", "long", "float", "double", "boolean"):
        return value
    try:
        if kind == "boolean":
            return {"true": True, "false": False}[str(value).lower()]
        return int(str(value)) if kind in ("integer", "long") else float(value)
    except (KeyError, TypeError, ValueError):
        wanted = {"boolean": "Boolean", "integer": "Integer", "long": "Integer"}.get(kind, "Number")
        raise ResourceError(f"Model validation failed ({path}: expected type: {wanted}, found: {_json_type(value)})") from None


def _json_type(value: t.Any) -> str:
    return {dict: "JSONObject", list: "JSONArray", bool: "Boolean", int: "Integer", float: "Number"}.get(type(value), "String")


def attribute_value(value: t.Any) -> t.Any:
    """A member of an API answer as Fn::GetAtt gives it: times as ISO 8601 text."""
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    return value


def lookup(answer: t.Any, path: c.Iterable[str]) -> t.Any:
    """The member at the path, or None."""
    for name in path:
        answer = answer.get(name) if isinstance(answer, dict) else None
    return answer


def tag_list(tags: Tags) -> list[dict[str, str]]:
    """Tags in the form that most services take."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


@dataclasses.dataclass(frozen=True)
class Tagging:
    """How a service tags what it has: the member of the ARN in TagResource, those of tags and keys, and their form."""

    arn: str = "resourceArn"
    tags: str = "tags"
    keys: str = "tagKeys"
    style: t.Literal["list", "map"] = "map"

    def create(self, tags: Tags) -> dict[str, t.Any]:
        """The argument for the call that creates."""
        return {self.tags: self._form(tags)} if tags else {}

    def update(self, client: t.Any, resource: str, old: Tags, new: Tags) -> None:
        """Bring the tags that the stack gave from old to new; tags that somebody else put stay."""
        removed = sorted(old.keys() - new.keys())
        if removed:
            client.untag_resource(**{self.arn: resource, self.keys: removed})
        changed = {key: value for key, value in new.items() if old.get(key) != value}
        if changed:
            client.tag_resource(**{self.arn: resource, self.tags: self._form(changed)})

    def _form(self, tags: Tags) -> t.Any:
        return tag_list(tags) if self.style == "list" else dict(tags)


@dataclasses.dataclass(frozen=True)
class State:
    """Where the answer of a read shows whether the resource has settled."""

    path: tuple[str, ...]
    failed: tuple[str, ...]
    busy: tuple[str, ...]
    message: tuple[str, ...] = ()


@dataclasses.dataclass
class Api(Provider):
    """A type that one service's Create, Describe/Get, Update and Delete operations carry.

    keys: API member -> property, in the order in which the physical id joins them with "|".
    wrap: the member of the read's answer that holds the resource. renames: property -> API member where the spelling differs.
    attributes_from: GetAtt name -> path in the resource. cleared: API member -> value that undoes a property left out.
    named: the property that gets a generated name when it is left out, its length limit and the joint within it.
    """

    schema: Schema
    service: str
    operations: dict[t.Literal["create", "read", "update", "delete"], str]
    keys: dict[str, str]
    wrap: tuple[str, ...] = ()
    renames: dict[str, str] = dataclasses.field(default_factory=dict)
    attributes_from: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    arn: tuple[str, ...] = ()
    cleared: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    named: tuple[str, int, str] | None = None
    tagging: Tagging | None = None
    state: State | None = None

    def check(self, logical_id: str, properties: Properties) -> None:
        super().check(logical_id, properties)
        self.arguments("create", properties)

    def plan(self, identity: Identity, properties: Properties) -> str:
        return "|".join(str(properties.get(name) or self.generated(identity)) for name in self.keys.values())

    def imported(self, identifier: c.Mapping[str, str]) -> str | None:
        names = list(self.keys.values())
        return "|".join(identifier[name] for name in names) if sorted(names) == sorted(identifier) else None

    def generated(self, identity: Identity) -> str:
        """The name of a resource whose template gives none."""
        if self.named is None:
            return ""
        _property, limit, joint = self.named
        return generated_name(identity, limit, joint=joint)

    def key_arguments(self, physical_id: str) -> dict[str, str]:
        """The arguments that name the resource in the API."""
        return dict(zip(self.keys, physical_id.split("|"), strict=True))

    def arguments(self, operation: t.Literal["create", "update"], properties: Properties) -> dict[str, t.Any]:
        """The properties as arguments of the operation; for an update only those that it takes."""
        shape = input_shape(self.service, self._operation_name(operation))
        wanted = {name: value for name, value in properties.items() if name != "Tags"}
        if operation == "update":
            wanted = {name: value for name, value in wanted.items() if self._member(name, shape) in shape.members}
        return coerce(wanted, shape, renames=self.renames)

    def create(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties, tags: Tags) -> str:
        client = clients(self.service)
        given = self.tagging.create(tags) if self.tagging else {}
        getattr(client, self.operations["create"])(
            **self.arguments("create", properties), **given, **self._absent_keys(physical_id, properties)
        )
        return physical_id

    def update(
        self, clients: Clients, identity: Identity, physical_id: str, old: Properties, new: Properties, old_tags: Tags, tags: Tags
    ) -> None:
        client = clients(self.service)
        keys = self.key_arguments(physical_id)
        if "update" in self.operations:
            before, after = self.arguments("update", old), self.arguments("update", new)
            if canonical(before) != canonical(after):
                emptied = {member: value for member, value in self.cleared.items() if member in before and member not in after}
                getattr(client, self.operations["update"])(**{**emptied, **after, **keys})
        if self.tagging and old_tags != tags:
            self.tagging.update(client, self.resource_arn(clients, identity, physical_id), old_tags, tags)

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        gone_ok(getattr(clients(self.service), self.operations["delete"]), **self.key_arguments(physical_id))

    def exists(self, clients: Clients, physical_id: str) -> bool:
        try:
            self.read(clients, physical_id)
        except ClientError as error:
            if not is_gone(error):
                raise
            return False
        return True

    def read(self, clients: Clients, physical_id: str) -> Record:
        """The resource as its service shows it; botocore's error if there is none."""
        answer = getattr(clients(self.service), self.operations["read"])(**self.key_arguments(physical_id))
        return lookup(answer, self.wrap) or {}

    def resource_arn(self, clients: Clients, identity: Identity, physical_id: str) -> str:
        """The ARN by which the service tags the resource."""
        return str(lookup(self.read(clients, physical_id), self.arn))

    def ready(self, clients: Clients, physical_id: str) -> bool:
        if self.state is None:
            return True
        resource = self.read(clients, physical_id)
        state = lookup(resource, self.state.path)
        if state in self.state.failed:
            raise ResourceError(lookup(resource, self.state.message) or f"{self.schema.type} {physical_id} is in state {state}")
        return state not in self.state.busy

    def attributes(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties) -> dict[str, t.Any]:
        if not self.attributes_from:
            return {}
        resource = self.read(clients, physical_id)
        found = {name: attribute_value(lookup(resource, path)) for name, path in self.attributes_from.items()}
        return {name: value for name, value in found.items() if value is not None}

    def _absent_keys(self, physical_id: str, properties: Properties) -> dict[str, str]:
        keys = self.key_arguments(physical_id) if physical_id else {}
        return {member: value for member, value in keys.items() if self.keys[member] not in properties}

    def _operation_name(self, operation: t.Literal["create", "update"]) -> str:
        return "".join(word.capitalize() for word in self.operations[operation].split("_"))

    def _member(self, name: str, shape: t.Any) -> str:
        lowered = name[:1].lower() + name[1:]
        return self.renames.get(name) or (name if name in shape.members else lowered)
