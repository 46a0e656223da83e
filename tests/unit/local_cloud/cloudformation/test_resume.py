# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cloud that is killed in the middle of an operation finishes it at its next start, and makes nothing twice."""

from __future__ import annotations

import collections.abc as c
import json
import threading
import typing as t

import pytest

from local_cloud.cloudformation.providers import providers
from local_cloud.cloudformation.providers.base import Clients, Identity, Provider
from local_cloud.settings import Settings
from tests.unit.local_cloud.cloudformation.fakes import Crash, Driver, World, start_with, template_of, thing, until

Start = c.Callable[[], Driver]
ARN = {"Fn::GetAtt": ["A", "Arn"]}


@pytest.fixture(autouse=True)
def quiet_crashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads that die of the crash are what these tests are about; no other thread may die."""

    def hook(arguments: threading.ExceptHookArgs) -> None:
        assert arguments.exc_type is Crash, arguments

    monkeypatch.setattr(threading, "excepthook", hook)


def crash(world: World, at: str, call: c.Callable[[], t.Any]) -> None:
    world.crash_after = at
    call()
    until(lambda: world.crash_after is None, f"the crash after {at}")
    until(lambda: not driver_busy(), "the engine's thread to be gone")


def driver_busy() -> bool:
    return any(thread.name.startswith("cloudformation ") for thread in threading.enumerate())


@pytest.mark.parametrize("at", ["create a", "configure a", "create b", "configure b"])
def test_a_creation_goes_on(start: Start, world: World, at: str) -> None:
    template = json.dumps(template_of({"A": {"Value": ARN}}, A=thing(Name="a"), B=thing(Name="b", Needs=ARN)))
    driver = start()
    crash(world, at, lambda: driver.client.create_stack(StackName="one", TemplateBody=template))
    driver = start()
    assert driver.settled("one") == "CREATE_COMPLETE"
    assert [call for call in world.calls if call.startswith("create")] == ["create a", "create b"]
    assert set(world.things) == {"a", "b"}
    assert driver.outputs() == {"A": "arn:test:a"}
    assert driver.events().count(("A", "CREATE_COMPLETE")) == 1


def test_an_import_goes_on(start: Start, world: World) -> None:
    kept = json.dumps(template_of(A=thing(Name="a", DeletionPolicy="Retain")))
    driver = start()
    driver.create(template=kept)
    driver.delete()
    identified = {"ResourceType": "AWS::Test::Thing", "LogicalResourceId": "A", "ResourceIdentifier": {"Name": "a"}}
    wanted = {"StackName": "one", "ChangeSetName": "take-in", "ChangeSetType": "IMPORT", "ResourcesToImport": [identified]}
    made = driver.client.create_change_set(TemplateBody=kept, **wanted)
    crash(world, "read a", lambda: driver.client.execute_change_set(ChangeSetName=made["Id"]))
    driver = start()
    assert driver.settled("one") == "IMPORT_COMPLETE"
    assert driver.physical_id("A") == "a"
    assert driver.events().count(("A", "IMPORT_COMPLETE")) == 1


def test_a_generated_name_survives(start: Start, world: World) -> None:
    driver = start()
    world.crash_after = "any"
    original = world.done

    def crash_on_create(verb: str, name: str) -> None:
        if verb == "create" and world.crash_after:
            world.crash_after = None
            raise Crash
        original(verb, name)

    world.done = crash_on_create  # type: ignore[method-assign]
    driver.client.create_stack(StackName="one", TemplateBody=json.dumps(template_of(Thing=thing())))
    until(lambda: world.crash_after is None and not driver_busy(), "the crash")
    (name,) = world.things
    driver = start()
    assert driver.settled("one") == "CREATE_COMPLETE"
    assert list(world.things) == [name]
    assert driver.physical_id("Thing") == name


def test_what_the_service_names_is_made_once_by_its_token(start: Start, world: World) -> None:
    driver = start()
    template = {"Resources": {"A": thing(Name="a"), "Z": {"Type": "AWS::Test::Chosen", "DependsOn": "A", "Properties": {"Size": 1}}}}
    crash(world, "configure a", lambda: driver.client.create_stack(StackName="one", TemplateBody=json.dumps(template)))
    driver = start()
    assert driver.settled("one") == "CREATE_COMPLETE"
    assert driver.physical_id("Z") in world.things


def test_a_name_that_somebody_else_has_taken_is_not_adopted(start: Start, world: World) -> None:
    world.things["b"] = {"properties": {"Size": 9}, "tags": {}}
    driver = start()
    template = json.dumps(template_of(A=thing(Name="a"), B=thing(Name="b", Needs=ARN)))
    crash(world, "create a", lambda: driver.client.create_stack(StackName="one", TemplateBody=template))
    driver = start()
    assert driver.settled("one") == "ROLLBACK_COMPLETE"
    assert world.things == {"b": {"properties": {"Size": 9}, "tags": {}}}


@pytest.mark.parametrize("at", ["update a", "create c", "configure c", "delete b"])
def test_an_update_goes_on(start: Start, world: World, at: str) -> None:
    driver = start()
    driver.create(template=template_of(A=thing(1, Name="a"), B=thing(Name="b")))
    new = json.dumps(template_of(A=thing(2, Name="a"), B=thing(Name="c", Needs={"Fn::GetAtt": ["A", "Size"]})))
    crash(world, at, lambda: driver.client.update_stack(StackName="one", TemplateBody=new))
    driver = start()
    assert driver.settled("one") == "UPDATE_COMPLETE"
    assert {name: item["properties"]["Size"] for name, item in world.things.items()} == {"a": 2, "c": 1}
    assert [call for call in world.calls if call == "create c"] == ["create c"]
    assert driver.physical_id("B") == "c"


@pytest.mark.parametrize("at", ["delete c", "delete x", "delete n"])
def test_a_rollback_goes_on(start: Start, world: World, at: str) -> None:
    driver = start()
    driver.create(template=template_of(A=thing(1, Name="a"), B=thing(Name="b")))
    new = template_of(
        A=thing(2, Name="a"),
        B=thing(Name="c", depends_on="A"),
        N=thing(Name="n", depends_on="B"),
        X=thing("broken", Name="x", depends_on="N"),
    )
    crash(world, at, lambda: driver.client.update_stack(StackName="one", TemplateBody=json.dumps(new)))
    driver = start()
    assert driver.settled("one") == "UPDATE_ROLLBACK_COMPLETE"
    assert {name: item["properties"]["Size"] for name, item in world.things.items()} == {"a": 1, "b": 1}


@pytest.mark.parametrize("at", ["delete b", "delete a"])
def test_a_deletion_goes_on(start: Start, world: World, at: str) -> None:
    driver = start()
    driver.create(template=template_of(A=thing(Name="a"), B=thing(Name="b", Needs=ARN)))
    stack_id = driver.stack()["StackId"]
    crash(world, at, lambda: driver.client.delete_stack(StackName="one"))
    driver = start()
    assert driver.settled(stack_id) == "DELETE_COMPLETE"
    assert world.things == {}


def test_a_rolled_back_creation_goes_on(start: Start, world: World) -> None:
    driver = start()
    template = json.dumps(template_of(A=thing(Name="a"), B=thing("broken", Name="b", Needs=ARN)))
    crash(world, "delete b", lambda: driver.client.create_stack(StackName="one", TemplateBody=template))
    driver = start()
    assert driver.settled("one") == "ROLLBACK_COMPLETE"
    assert world.things == {}


def test_every_kind_of_resource_is_adopted(settings: Settings, seed: str) -> None:
    """The original's stack, with a kill right after each call that brings a resource into being."""
    table = providers.__wrapped__()
    killed: set[str] = set()

    def fragile(provider: Provider) -> None:
        create = provider.create

        def create_and_die(clients: Clients, identity: Identity, *more: t.Any) -> str:
            made = create(clients, identity, *more)
            if identity.logical_id not in killed:
                killed.add(identity.logical_id)
                raise Crash
            return made

        vars(provider)["create"] = create_and_die

    for provider in table.values():
        fragile(provider)
    cloud = start_with(settings, table)
    driver = Driver(cloud)
    parameters = [{"ParameterKey": "DataTopic", "ParameterValue": "a/b"}]
    driver.client.create_stack(StackName="energymon", TemplateBody=seed, Parameters=parameters, Capabilities=["CAPABILITY_IAM"])
    starts = 0
    while True:
        until(lambda: not driver_busy(), "the kill, or the end")
        if not driver.stack("energymon")["StackStatus"].endswith("_IN_PROGRESS"):
            break
        cloud.store.close()
        starts += 1
        assert starts <= 14
        cloud = start_with(settings, table)
        driver = Driver(cloud)
    assert driver.stack("energymon")["StackStatus"] == "CREATE_COMPLETE"
    assert len(killed) == starts == 14
    client = cloud.client
    assert len(client("iam").list_roles()["Roles"]) == 5
    assert [len(client("s3").list_buckets()["Buckets"]), len(client("grafana").list_workspaces()["workspaces"])] == [1, 1]
    assert [status for name, status in driver.events("energymon") if name == "GrafanaWorkspace"] == [
        "CREATE_IN_PROGRESS",
        "CREATE_IN_PROGRESS",
        "CREATE_COMPLETE",
    ]
    cloud.stop()


def test_a_stop_in_good_order_is_taken_up_again(start: Start, world: World) -> None:
    driver = start()
    world.slow.add("a")
    driver.client.create_stack(StackName="one", TemplateBody=json.dumps(template_of(A=thing(Name="a"))))
    until(lambda: "a" in world.things, "the creation of a")
    next(service for service in driver.cloud.services if "cloudformation" in service.models).stop()
    assert not driver_busy()
    world.slow.clear()
    driver = start()
    assert driver.settled("one") == "CREATE_COMPLETE"
    assert world.calls.count("create a") == 1
