# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""twinmaker_entities: what it plans in how much time and memory, and how it uses the API of a cloud that takes 50 ms per call."""

from __future__ import annotations

import collections.abc as c
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import typing as t

from tests.bench import many_entities
from tests.integration.conftest import LocalCloud

MANY = 50_000
ROUNDS = 3
SOME = 1_000
FEW = 100
LATENCY = 0.05
CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
CONCURRENCY = 8
BUCKET = "plant-twin"
# What ansible-playbook does with a module, without the rest. The times, by the clock and of the processor, are those of the module alone;
# Python has started before.
RUN = """
import sys, time
from ansible.module_utils import basic
basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE = sys.stdin.buffer.read(), "legacy"
from ansible_collections.energytwin.aws.plugins.modules import twinmaker_entities
began, worked = time.perf_counter(), time.process_time()
try:
    twinmaker_entities.main()
finally:
    print(time.perf_counter() - began, time.process_time() - worked, file=sys.stderr)
"""
PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - energytwin.aws.twinmaker_entities:
        workspace_id: plant
        entities: "{{ listed }}"
      when: at_once
    - energytwin.aws.twinmaker_entity:
        workspace_id: plant
        entity_id: "{{ item.entity_id }}"
        name: "{{ item.name }}"
        parent_entity_id: "{{ item.parent_entity_id | default(omit) }}"
        components: "{{ item.components | default(omit) }}"
      loop: "{{ listed }}"
      when: not at_once
"""


def bench_plan() -> dict[str, float]:
    """entities_plan_seconds_50000: processor time from the option to the plan and its diff, the longest of three cases.

    Nothing is there; all is there; all is there but for a change in every tenth entity.
    """
    from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import checks
    from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.changes import Options
    from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.model import ROOT, Actual
    from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.plan import plan_entities
    from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.reach import Scope
    from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.transformations import actual_from_answer, wanted_entities

    def plan(listed: list[dict[str, object]], actual: dict[str, Actual]) -> tuple[int, float]:
        began = time.process_time()
        checks.check_entries(listed)
        wanted = wanted_entities(listed, ROOT, {many_entities.METER: many_entities.DEFINITIONS})
        made = plan_entities(actual, wanted, Scope(), Options(prune=True))
        made.diff()
        return len([step.shown() for step in made.steps]), time.process_time() - began

    listed = many_entities.entries(MANY)
    there = {entry["entity_id"]: actual_from_answer(many_entities.answer(entry)) for entry in listed}
    changed = [{**entry, "name": f"{entry['name']}!"} if index % 10 == 0 else entry for index, entry in enumerate(listed)]
    cases = {"missing": (listed, {}, MANY), "there": (listed, there, 0), "changed": (changed, there, MANY // 10)}
    seconds = []
    for name, (entries, actual, expected) in cases.items():
        rounds = [plan(entries, actual) for _number in range(ROUNDS)]
        assert {steps for steps, _taken in rounds} == {expected}
        # What else the machine does only makes it slower.
        seconds.append(min(taken for _steps, taken in rounds))
        print(f"  {name}: {seconds[-1]:.2f} s")
    return {f"entities_plan_seconds_{MANY}": max(seconds)}


def bench_memory() -> dict[str, float]:
    """entities_rss_mib_50000: the greatest peak memory of the module, in a process of its own in check mode.

    Nothing is there; all is there and is read; all is there and a record spares the reading.
    """
    listed = many_entities.entries(MANY)
    options = {"workspace_id": many_entities.WORKSPACE, "entities": listed, "state_bucket": "plant-twin", "region": "eu-central-1"}
    peaks = []
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "arguments").write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {**options, "_ansible_check_mode": True}}))
        pathlib.Path(folder, "record").write_bytes(many_entities.notes_of(listed))
        for case, steps in (("missing", MANY), ("there", 0), ("recorded", 0)):
            command = [sys.executable, many_entities.__file__, str(MANY), case, folder]
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            result = json.loads(done.stdout)
            assert len(result["plan"]) == steps, result.get("msg")
            assert result["record"]["trusted"] == (MANY - 1 - many_entities.AREAS - many_entities.PANELS if case == "recorded" else 0)
            peaks.append(float(done.stderr))
            print(f"  {case}: {peaks[-1]:.0f} MiB")
    return {f"entities_rss_mib_{MANY}": max(peaks)}


@contextlib.contextmanager
def _plant() -> c.Iterator[LocalCloud]:
    """A local cloud with an empty workspace, a bucket and the component type of the meters; every call takes 50 ms."""
    with tempfile.TemporaryDirectory() as folder:
        cloud = LocalCloud(pathlib.Path(folder) / "cloud")
        cloud.start()
        try:
            cloud.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
            twin = cloud.client("iottwinmaker")
            _make_workspace(twin, cloud.client("iam"))
            assert cloud.command("set", f"latency={LATENCY}").returncode == 0
            yield cloud
        finally:
            cloud.stop()


def _make_workspace(twin: t.Any, iam: t.Any) -> None:
    trust = [{"Effect": "Allow", "Principal": {"Service": "iottwinmaker.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    allow = [{"Effect": "Allow", "Action": ["s3:*", "lambda:*"], "Resource": "*"}]
    arn = iam.create_role(RoleName="twin", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust}))["Role"][
        "Arn"
    ]
    iam.put_role_policy(RoleName="twin", PolicyName="all", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": allow}))
    twin.create_workspace(workspaceId=many_entities.WORKSPACE, s3Location=f"arn:aws:s3:::{BUCKET}", role=arn)
    # Without a connector, values of the entity itself: a type with values from elsewhere needs a Lambda function.
    series = {name: {"dataType": many_entities.SERIES["dataType"]} for name in many_entities.MEASURED}
    identifiers = dict.fromkeys(("panelId", "meterId"), many_entities.IDENTIFIER)
    twin.create_component_type(
        workspaceId=many_entities.WORKSPACE, componentTypeId=many_entities.METER, propertyDefinitions={**identifiers, **series}
    )


def _apply(cloud: LocalCloud, listed: list[dict[str, t.Any]]) -> tuple[dict[str, t.Any], float, float]:
    """The result of the module, and how many seconds it took by the clock and of the processor."""
    options = {"workspace_id": many_entities.WORKSPACE, "entities": listed, "state_bucket": BUCKET, "concurrency": CONCURRENCY}
    environment = {**cloud.environment, "PYTHONPATH": os.pathsep.join(sys.path)}
    arguments = json.dumps({"ANSIBLE_MODULE_ARGS": options})
    done = subprocess.run([sys.executable, "-c", RUN], env=environment, input=arguments, capture_output=True, text=True, check=False)
    result = json.loads(done.stdout)
    assert not result.get("failed"), result["msg"]
    seconds, worked = map(float, done.stderr.split()[-2:])
    return result, seconds, worked


def bench_calls() -> dict[str, float]:
    """A thousand entities: made, found unchanged by the next run and by one after it, and with one change.

    entities_create_efficiency: calls x latency / concurrency / seconds. Calls are those to TwinMaker and those for the record.
    entities_create_cpu_seconds: what the module computed meanwhile, which says more than the clock on a machine that does other things too.
    """
    listed = many_entities.entries(SOME, areas=10, panels=100)
    with _plant() as cloud:
        made, seconds, worked = _apply(cloud, listed)
        assert len(made["done"]) == SOME
        calls = made["statistics"]["calls"] + 2
        first, *_times = _apply(cloud, listed)
        again, again_seconds, _worked = _apply(cloud, listed)
        assert not first["changed"] and not again["changed"] and again["record"]["read"] == 0
        listed[-1] = {**listed[-1], "name": "Another name"}
        changed, *_times = _apply(cloud, listed)
        assert [step["entity_id"] for step in changed["done"]] == [listed[-1]["entity_id"]]
    return {
        "entities_create_seconds": seconds,
        "entities_create_cpu_seconds": worked,
        "entities_create_efficiency": calls * LATENCY / CONCURRENCY / seconds,
        "entities_first_nochange_calls": first["statistics"]["calls"] + 2,
        "entities_nochange_calls": again["statistics"]["calls"] + 1,
        "entities_nochange_seconds": again_seconds,
        "entities_one_change_calls": changed["statistics"]["calls"] + 2,
    }


def bench_loop() -> dict[str, float]:
    """looped_module_ratio: a playbook that makes a hundred entities in a loop, against one that makes them at once."""
    listed = many_entities.entries(FEW, areas=4, panels=20)
    seconds = {}
    for at_once in (True, False):
        with _plant() as cloud, tempfile.TemporaryDirectory() as folder:
            playbook = pathlib.Path(folder, "play.yml")
            playbook.write_text(PLAY)
            variables = json.dumps({"listed": listed, "at_once": at_once})
            command = [str(pathlib.Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", "-c", "local", str(playbook)]
            environment = {
                **cloud.environment,
                "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".build"),
                "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            }
            began = time.perf_counter()
            subprocess.run([*command, "-e", variables], env=environment, cwd=folder, check=True, stdout=subprocess.DEVNULL)
            seconds[at_once] = time.perf_counter() - began
            pages = cloud.client("iottwinmaker").list_entities(workspaceId=many_entities.WORKSPACE, maxResults=200)
            assert len(pages["entitySummaries"]) == FEW
    return {"looped_module_ratio": seconds[False] / seconds[True]}
