# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""twinmaker_entities killed, beside another run, and with entities that are stuck or break."""

from __future__ import annotations

import collections.abc as c
import copy
import dataclasses
import pathlib
import types
import typing as t

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from botocore.exceptions import ClientError

from local_cloud.cloud import Cloud
from local_cloud.settings import Knobs
from tests.unit.plugins.modules.clouds import furnished

PANELS = [{"entity_id": f"panel-{number}", "name": f"Panel {number}", "parent_entity_id": f"hall-{number % 5}"} for number in range(54)]
HALLS = [{"entity_id": f"hall-{number}", "name": f"Hall {number}", "parent_entity_id": "site-1"} for number in range(5)]
SIXTY: list[dict[str, t.Any]] = [{"entity_id": "site-1", "name": "Site"}, *HALLS, *PANELS]
BEFORE: list[dict[str, t.Any]] = [
    SIXTY[0],
    *({**hall, "name": f"Old {hall['name']}"} for hall in HALLS[:3]),
    *({**panel, "parent_entity_id": "site-1"} for panel in PANELS[:8]),
    *({"entity_id": f"gone-{number}", "name": f"Gone {number}", "parent_entity_id": "hall-1"} for number in range(4)),
]
GOAL = {entity["entity_id"]: (entity.get("parent_entity_id", "$ROOT"), entity["name"]) for entity in SIXTY}
ARGUMENTS = {"workspace_id": "plant", "prune": True, "concurrency": 3}


class Direct:
    """The client of a fake API without botocore between, so that hundreds of runs take seconds.

    before, after: called with the number of each call, when it comes and when it has had its effect.
    """

    def __init__(self, fake: t.Any, fault: type[Exception]) -> None:
        self.meta = types.SimpleNamespace(
            events=types.SimpleNamespace(register=lambda *_arguments, **_options: None),
            service_model=types.SimpleNamespace(service_id=types.SimpleNamespace(hyphenize=lambda: "iottwinmaker")),
        )
        self.before: c.Callable[[int], None] = lambda number: None
        self.after: c.Callable[[int], None] = lambda number: None
        self.calls = 0
        self._fake = fake
        self._fault = fault

    def __getattr__(self, name: str) -> c.Callable[..., t.Any]:
        operation = "".join(part.capitalize() for part in name.split("_"))

        def call(**members: t.Any) -> t.Any:
            with self._fake.lock:
                number = self.calls
                self.calls += 1
            self.before(number)
            try:
                with self._fake.lock:
                    answer = copy.deepcopy(getattr(self._fake, operation)(**members))
            except self._fault as fault:
                error = {"Error": {"Code": t.cast(t.Any, fault).code, "Message": str(fault)}}
                raise ClientError(t.cast(t.Any, error), operation) from None
            self.after(number)
            return answer

        return call


@pytest.fixture
def direct(twin: t.Any, fault: t.Any, run: t.Any, monkeypatch: pytest.MonkeyPatch) -> Direct:
    """The workspace as it is before; each test brings it to ``SIXTY``."""
    client = Direct(twin, fault)
    monkeypatch.setattr(AnsibleAWSModule, "client", lambda self, service, **options: client)
    assert not run("twinmaker_entities", entities=BEFORE, **ARGUMENTS).get("failed")
    return client


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_at_any_call_the_next_run_finishes(direct: Direct, twin: t.Any, run: t.Any, killed: t.Any, moment: str) -> None:
    """Sixty entities that are created, renamed, moved and deleted."""
    begun = copy.deepcopy((twin.entities, twin.tags))
    deaths = 0
    for last in range(1000):
        twin.entities, twin.tags = copy.deepcopy(begun)
        direct.calls, dead = 0, False

        def kill(number: int, last: int = last) -> None:
            nonlocal dead
            dead = dead or number >= last
            if dead:
                raise killed

        setattr(direct, moment, kill)
        try:
            run("twinmaker_entities", entities=SIXTY, **ARGUMENTS)
        except killed:
            deaths += 1
        setattr(direct, moment, lambda number: None)
        result = run("twinmaker_entities", entities=SIXTY, **ARGUMENTS)
        assert not result.get("failed"), result["msg"]
        assert twin.tree() == GOAL
        if not dead:
            break
    assert deaths == last > 100


def test_two_runs_at_once_come_to_the_same_end(direct: Direct, twin: t.Any, run: t.Any) -> None:
    """Another run from its beginning to its end within a call of the first, for every third of its calls."""
    begun = copy.deepcopy((twin.entities, twin.tags))
    for moment in range(0, 1000, 3):
        twin.entities, twin.tags = copy.deepcopy(begun)
        direct.calls = 0
        others: list[dict[str, t.Any]] = []

        def interrupt(number: int, moment: int = moment, others: list[dict[str, t.Any]] = others) -> None:
            if number == moment:
                others.append(run("twinmaker_entities", entities=SIXTY, **ARGUMENTS))

        direct.before = interrupt
        results = [run("twinmaker_entities", entities=SIXTY, **{**ARGUMENTS, "concurrency": 1}), *others]
        direct.before = lambda number: None
        assert not [result["msg"] for result in results if result.get("failed")]
        assert twin.tree() == GOAL
        if not others:
            break
    assert moment > 100


@pytest.fixture
def cloud(run: t.Any, no_pauses: None, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> c.Iterator[Cloud]:
    """A local cloud with a workspace, whose clients the module gets."""
    with furnished(tmp_path / "cloud") as cloud:
        monkeypatch.setattr(AnsibleAWSModule, "client", lambda self, service, **options: cloud.client(service))
        cloud.client("iottwinmaker").create_workspace(workspaceId="plant")
        yield cloud


def turn(cloud: Cloud, **knobs: float) -> None:
    cloud.settings = dataclasses.replace(cloud.settings, knobs=Knobs(**knobs))


def test_an_entity_that_is_stuck_is_told_after_the_timeout(cloud: Cloud, run: t.Any) -> None:
    turn(cloud, settle=3600)
    result = run("twinmaker_entities", entities=SIXTY[:7], wait_timeout=1, **ARGUMENTS)
    stuck = "entity 'site-1' is still in state 'CREATING' after 1 s; look at it in the AWS console, or raise wait_timeout."
    assert [step["message"] for step in result["failures"]] == [stuck] and stuck in result["msg"]
    assert result["done"] == [] and [step["entity_id"] for step in result["not_begun"]] == [entity["entity_id"] for entity in SIXTY[1:7]]
    # The next run meets it while it reads.
    assert stuck in run("twinmaker_entities", entities=SIXTY[:7], wait_timeout=1, **ARGUMENTS)["msg"]


def test_an_entity_that_breaks_shows_its_message_and_is_mended(cloud: Cloud, run: t.Any) -> None:
    turn(cloud, broken=1)
    result = run("twinmaker_entities", entities=SIXTY[:7], **ARGUMENTS)
    assert "entity 'site-1' is in state ERROR: An internal failure occurred. (a fault of the knobs) (INTERNAL_FAILURE)" in result["msg"]
    assert [step["entity_id"] for step in result["failures"]] == ["site-1"] and len(result["not_begun"]) == 6
    turn(cloud)
    mended = run("twinmaker_entities", entities=SIXTY[:7], **ARGUMENTS)
    assert not mended.get("failed") and (mended["plan"][0]["action"], mended["plan"][0]["entity_id"]) == ("update", "site-1")
    assert not run("twinmaker_entities", entities=SIXTY[:7], **ARGUMENTS)["changed"]


def test_the_result_tells_what_the_run_took(cloud: Cloud, run: t.Any) -> None:
    statistics = run("twinmaker_entities", entities=SIXTY[:7], **ARGUMENTS)["statistics"]
    assert statistics["calls"] >= 9 and statistics["retries"] == statistics["throttled"] == 0 and statistics["seconds"] >= 0
