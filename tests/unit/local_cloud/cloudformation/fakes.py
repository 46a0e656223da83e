# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A driver for stacks, and a world of fake resources that outlives a cloud."""

from __future__ import annotations

import collections.abc as c
import json
import time
import typing as t

from local_cloud.assembly import build
from local_cloud.cloud import Cloud
from local_cloud.cloudformation import CloudFormation
from local_cloud.cloudformation.providers import Table
from local_cloud.cloudformation.providers.base import (
    Clients,
    Identity,
    Properties,
    Provider,
    ResourceError,
    Schema,
    Tags,
    generated_name,
)
from local_cloud.settings import Settings

SECONDS = 60.0


class Crash(BaseException):
    """Stands for kill -9: no handler of the engine may see it."""


class World:
    """What the fake services hold, and what was asked of them."""

    def __init__(self) -> None:
        self.things: dict[str, dict[str, t.Any]] = {}
        self.calls: list[str] = []
        self.faults: dict[str, BaseException] = {}
        self.crash_after: str | None = None
        self.slow: set[str] = set()

    def call(self, verb: str, name: str) -> None:
        self.calls.append(f"{verb} {name}")
        fault = self.faults.get(f"{verb} {name}")
        if fault is not None:
            raise fault

    def done(self, verb: str, name: str) -> None:
        if self.crash_after == f"{verb} {name}":
            self.crash_after = None
            raise Crash


class Thing(Provider):
    """A resource with a name, a size and what it needs; the name can be left out."""

    def __init__(self, world: World, kind: str = "AWS::Test::Thing", *, chosen_by_service: bool = False) -> None:
        self.world = world
        self.chosen_by_service = chosen_by_service
        self.schema = Schema(
            type=kind,
            properties=frozenset({"Name", "Size", "Needs", "Tags", "Odd"}),
            required=frozenset({"Size"}),
            create_only=frozenset({"Name"}),
            attributes=frozenset({"Arn", "Size"}),
            unsupported=frozenset({"Odd"}),
            tags="list",
        )

    def plan(self, identity: Identity, properties: Properties) -> str:
        return "" if self.chosen_by_service else str(properties.get("Name") or generated_name(identity, 40))

    def imported(self, identifier: c.Mapping[str, str]) -> str | None:
        return identifier["Name"] if set(identifier) == {"Name"} else None

    def create(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties, tags: Tags) -> str:
        name = physical_id or f"id-{identity.token}"
        self.world.call("create", name)
        if name in self.world.things and not self.chosen_by_service:
            raise ResourceError(f"{name} already exists")
        self.world.things[name] = {"properties": properties, "tags": tags}
        self.world.done("create", name)
        return name

    def configure(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties, tags: Tags) -> None:
        self.world.call("configure", physical_id)
        self.world.done("configure", physical_id)

    def update(
        self, clients: Clients, identity: Identity, physical_id: str, old: Properties, new: Properties, old_tags: Tags, tags: Tags
    ) -> None:
        self.world.things[physical_id] = {"properties": new, "tags": tags}
        self.world.call("update", physical_id)
        self.world.done("update", physical_id)

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        self.world.call("delete", physical_id)
        self.world.things.pop(physical_id, None)
        self.world.done("delete", physical_id)

    def exists(self, clients: Clients, physical_id: str) -> bool:
        return physical_id in self.world.things

    def ready(self, clients: Clients, physical_id: str) -> bool:
        if physical_id in self.world.slow:
            return False
        if self.world.things.get(physical_id, {}).get("properties", {}).get("Size") == "broken":
            raise ResourceError(f"{physical_id} has failed to settle")
        return True

    def attributes(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties) -> dict[str, t.Any]:
        self.world.done("read", physical_id)
        return {"Arn": f"arn:test:{physical_id}", "Size": str(properties["Size"])}


class Driver:
    """Plain boto3 on CloudFormation, and polling with a deadline."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.client = cloud.client("cloudformation")

    def create(self, name: str = "one", *, template: t.Any, **given: t.Any) -> str:
        """The final status. Parameters may be given as a dictionary."""
        self.client.create_stack(StackName=name, **arguments(template, given))
        return self.settled(name)

    def update(self, name: str = "one", *, template: t.Any, **given: t.Any) -> str:
        self.client.update_stack(StackName=name, **arguments(template, given))
        return self.settled(name)

    def delete(self, name: str = "one", **given: t.Any) -> str:
        stack_id = self.stack(name)["StackId"]
        self.client.delete_stack(StackName=name, **given)
        return self.settled(stack_id)

    def settled(self, name: str) -> str:
        stack: dict[str, t.Any] = {}

        def over() -> bool:
            nonlocal stack
            stack = self.stack(name)
            return not stack["StackStatus"].endswith("_IN_PROGRESS")

        until(over, f"stack {name} to settle")
        return str(stack["StackStatus"])

    def stack(self, name: str = "one") -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", self.client.describe_stacks(StackName=name)["Stacks"][0])

    def outputs(self, name: str = "one") -> dict[str, str]:
        return {output["OutputKey"]: output["OutputValue"] for output in self.stack(name)["Outputs"]}

    def events(self, name: str = "one") -> list[tuple[str, str]]:
        """(logical id, status), oldest first."""
        return [(event["LogicalResourceId"], event["ResourceStatus"]) for event in self._events(name)]

    def reason(self, logical_id: str, status: str, name: str = "one") -> str:
        """The reason of the latest event of that status."""
        found = [event for event in self._events(name) if (event["LogicalResourceId"], event["ResourceStatus"]) == (logical_id, status)]
        return str(found[-1].get("ResourceStatusReason", ""))

    def physical_id(self, logical_id: str, name: str = "one") -> str:
        detail = self.client.describe_stack_resource(StackName=name, LogicalResourceId=logical_id)["StackResourceDetail"]
        return str(detail["PhysicalResourceId"])

    def _events(self, name: str) -> list[dict[str, t.Any]]:
        pages = self.client.get_paginator("describe_stack_events").paginate(StackName=name)
        return list(reversed([event for page in pages for event in page["StackEvents"]]))


def arguments(template: t.Any, given: dict[str, t.Any]) -> dict[str, t.Any]:
    body = template if isinstance(template, str) else json.dumps(template)
    more = dict(given)
    if isinstance(more.get("Parameters"), dict):
        more["Parameters"] = [{"ParameterKey": key, "ParameterValue": value} for key, value in more["Parameters"].items()]
    return {"TemplateBody": body, **more}


def start_with(settings: Settings, table: Table) -> Cloud:
    """A cloud whose CloudFormation knows the types of the table."""
    cloud = build(settings)
    fake = CloudFormation(cloud, table)
    cloud.services = [service for service in cloud.services if not isinstance(service, CloudFormation)]
    cloud.add(fake)
    cloud.front.add(fake)
    fake.start()
    return cloud


def until(check: c.Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not check():
        assert time.monotonic() < deadline, f"waited {SECONDS:.0f} seconds for {what}"
        time.sleep(0.01)


def thing(size: t.Any = 1, *, depends_on: str | None = None, **more: t.Any) -> dict[str, t.Any]:
    """A resource of the fake type; ``more`` are its properties, and its attributes where they are known as such."""
    attributes: dict[str, t.Any] = {
        key: more.pop(key) for key in ("DeletionPolicy", "UpdateReplacePolicy", "Condition", "Metadata") if key in more
    }
    if depends_on is not None:
        attributes["DependsOn"] = depends_on
    return {"Type": "AWS::Test::Thing", "Properties": {"Size": size, **more}, **attributes}


def template_of(outputs: dict[str, t.Any] | None = None, **resources: t.Any) -> dict[str, t.Any]:
    return {"Resources": resources, **({"Outputs": outputs} if outputs else {})}
