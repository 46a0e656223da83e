# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every module that changes something in TwinMaker, from its first task to its last, while AWS and the network fail."""

from __future__ import annotations

import collections
import collections.abc as c
import dataclasses
import pathlib
import random
import threading
import typing as t

import boto3
import pytest
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError

from local_cloud import runfiles
from local_cloud.cloud import Cloud
from local_cloud.front.server import Server
from local_cloud.settings import Knobs
from tests.unit.plugins.modules.clouds import BUCKET, ROLE, Hooks, free_settings, furnish, furnished, hooked

METER = "com.example.energymeter"
WRITES = ("Create", "Update", "Delete", "Tag", "Untag", "Put")
Task = tuple[str, dict[str, t.Any]]


def meter(number: int) -> dict[str, t.Any]:
    return {"componentTypeId": METER, "properties": {"panelId": "panel-1", "meterId": number}}


def tasks(model: pathlib.Path) -> list[Task]:
    """One after the other, each changes something."""
    model.write_bytes(b"glTF")
    text = {"dataType": {"type": "STRING"}, "isRequiredInEntity": True}
    own_type = {"component_type_id": METER, "property_definitions": {"panelId": text, "meterId": text}}
    scene = {"scene_id": "plant", "content": {"specVersion": "1.0", "version": "1", "unit": "meters", "nodes": [], "rootNodeIndexes": []}}
    site = {"entity_id": "site-1", "name": "Site"}
    halls = [{"entity_id": f"hall-{number}", "name": f"Hall {number}", "parent_entity_id": "site-1"} for number in range(3)]
    panel = {"entity_id": "panel-1", "name": "Panel", "parent_entity_id": "hall-0", "components": {"m-5": meter(5)}, "tags": {"a": "b"}}
    other = {**panel, "parent_entity_id": "hall-1", "components": {"m-5": meter(6), "m-6": meter(6)}, "tags": {"c": "d"}}
    return [
        ("twinmaker_workspace", {"s3_location": f"arn:aws:s3:::{BUCKET}", "role": ROLE, "tags": {"a": "b"}}),
        ("twinmaker_workspace", {"description": "A plant", "tags": {"c": "d"}}),
        ("twinmaker_component_type", {**own_type, "tags": {"a": "b"}}),
        ("twinmaker_component_type", {**own_type, "description": "A meter", "tags": {"c": "d"}}),
        ("twinmaker_entities", {"entities": [site, *halls, panel]}),
        ("twinmaker_entities", {"entities": [site, *halls[:2], other], "prune": True}),
        ("twinmaker_entities", {"entities": [{**site, "name": "Site one"}, {"entity_id": "hall-9", "name": "Hall 9"}], "method": "import"}),
        ("twinmaker_entity", {"entity_id": "extra-1", "name": "Extra", "components": {"m-1": meter(1)}, "tags": {"a": "b"}}),
        ("twinmaker_entity", {"entity_id": "extra-1", "components": {"m-2": meter(2)}, "prune": True, "tags": {"c": "d"}}),
        ("twinmaker_entity", {"entity_id": "extra-1", "state": "absent"}),
        ("twinmaker_scene", {**scene, "resources": [{"src": str(model)}], "tags": {"a": "b"}}),
        ("twinmaker_scene", {"scene_id": "plant", "description": "From above", "tags": {"c": "d"}}),
        ("twinmaker_scene", {"scene_id": "plant", "state": "absent", "delete_content": True}),
        ("twinmaker_sync_job", {"sync_role": ROLE, "tags": {"a": "b"}}),
        ("twinmaker_sync_job", {"state": "absent"}),
        ("twinmaker_entities", {"entities": [], "prune": True}),
        ("twinmaker_component_type", {"component_type_id": METER, "state": "absent"}),
        ("twinmaker_workspace", {"state": "absent"}),
    ]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[Cloud]:
    with furnished(tmp_path_factory.mktemp("cloud")) as cloud:
        yield cloud


@pytest.fixture
def hooks(shared: Cloud, run: t.Any, session: boto3.Session, no_pauses: None, monkeypatch: pytest.MonkeyPatch) -> c.Iterator[Hooks]:
    """The clients of the modules go to the shared cloud, with these hooks around their calls."""
    hooks = Hooks()
    monkeypatch.setattr(AnsibleAWSModule, "client", lambda self, service, **options: hooked(session, shared, service, hooks))
    yield hooks
    with shared.store.transaction() as db:
        db.execute("delete from records where kind like 'twinmaker.%'")


def answer(status: int, code: str) -> AWSResponse:
    class Raw:
        def stream(self, *_arguments: t.Any, **_options: t.Any) -> t.Iterator[bytes]:
            yield b"{}"

    return AWSResponse("http://127.0.0.1", status, {"x-amzn-ErrorType": code}, Raw())


def throttled(operation: str) -> AWSResponse:
    return answer(429, "ThrottlingException")


def failing(operation: str) -> AWSResponse:
    return answer(500, "InternalServerException")


def cut(operation: str) -> t.NoReturn:
    raise ConnectionClosedError(endpoint_url="here")


@pytest.mark.parametrize("fault", [throttled, failing, cut])
def test_every_module_stands_calls_that_fail_before_their_work_is_done(
    hooks: Hooks, run: t.Any, tmp_path: pathlib.Path, fault: c.Callable[[str], AWSResponse | None]
) -> None:
    """Each operation fails twice of three times, however often it is called."""
    attempts: collections.Counter[str] = collections.Counter()
    failed: collections.Counter[str] = collections.Counter()

    def disturb(operation: str) -> AWSResponse | None:
        attempts[operation] += 1
        if attempts[operation] % 3 == 0:
            return None
        failed[operation] += 1
        return fault(operation)

    follow(hooks, run, tasks(tmp_path / "plant.glb"), lambda: setattr(hooks, "before", disturb))
    assert {"CreateWorkspace", "UpdateComponentType", "CreateScene", "DeleteSyncJob", "PutObject", "TagResource"} <= failed.keys()


def test_every_module_stands_answers_that_are_lost(hooks: Hooks, run: t.Any, tmp_path: pathlib.Path) -> None:
    """Each write has its effect, but nobody hears of it; then it is sent again."""
    attempts: collections.Counter[str] = collections.Counter()

    def lose(operation: str) -> None:
        if operation.startswith(WRITES):
            attempts[operation] += 1
            if attempts[operation] % 2:
                cut(operation)

    follow(hooks, run, tasks(tmp_path / "plant.glb"), lambda: setattr(hooks, "after", lose))
    assert {"CreateWorkspace", "CreateComponentType", "CreateEntity", "CreateScene", "CreateSyncJob", "DeleteEntity"} <= attempts.keys()


def follow(hooks: Hooks, run: t.Any, todo: list[Task], disturb: c.Callable[[], None]) -> None:
    """Does each task disturbed, and once more undisturbed, which has nothing to do."""
    for name, options in todo:
        disturb()
        done = run(name, workspace_id="plant", **options)
        hooks.before = hooks.after = None
        assert not done.get("failed"), (name, done["msg"])
        assert done["changed"], (name, done)
        again = run(name, workspace_id="plant", **options)
        assert not again.get("failed"), (name, again["msg"])
        assert not again["changed"], (name, options, again["diff"])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[Server]:
    """A cloud on a socket. The chance of its faults is the same in every run."""
    settings = free_settings(tmp_path_factory.mktemp("server") / "cloud")
    lock = runfiles.Lock(settings.home)
    assert lock.take()
    made = Server(settings, random.Random(5))
    thread = threading.Thread(target=made.run)
    thread.start()
    furnish(made.cloud)
    yield made
    made.stop()
    thread.join(30)
    lock.close()
    assert not thread.is_alive()


@pytest.mark.parametrize("knobs", [Knobs(throttled=0.3), Knobs(faults=0.3)], ids=["throttled", "faults"])
def test_every_module_stands_a_cloud_that_fails_by_chance(
    server: Server,
    run: t.Any,
    session: boto3.Session,
    no_pauses: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: pathlib.Path,
    knobs: Knobs,
) -> None:
    """Over HTTP: throttled, answered with an error, cut before and after the work was done."""
    keys = {"aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": "example"}
    place = {"region_name": "eu-central-1", "endpoint_url": server.cloud.settings.endpoint}
    config = Config(inject_host_prefix=False)
    monkeypatch.setattr(
        AnsibleAWSModule, "client", lambda self, service, **options: session.client(service, config=config, **place, **keys)
    )
    kind = server.cloud.settings

    def turn(to: Knobs) -> None:
        server.cloud.settings = dataclasses.replace(kind, knobs=to)

    class Unhooked(Hooks):
        def __setattr__(self, name: str, value: t.Any) -> None:
            turn(Knobs())

    follow(Unhooked(), run, tasks(tmp_path / "plant.glb"), lambda: turn(knobs))
