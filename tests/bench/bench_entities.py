# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""twinmaker_entities: what it plans in how much time and memory, and how it uses the API of a cloud that takes 50 ms per call."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from tests.bench import many_entities

MANY = 50_000
ROUNDS = 3


def bench_plan() -> dict[str, float]:
    """entities_plan_seconds_50000: processor time from the option to the plan and its diff, the longest of three cases.

    Nothing is there; all is there; all is there but for a change in every tenth entity.
    """
    from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import checks
    from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.changes import Options
    from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.model import ROOT, Actual
    from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.plan import Scope, plan_entities
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
