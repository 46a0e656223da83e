# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules of amazon.aws against a cloud that listens: what a play reports is what happened."""

from __future__ import annotations

import collections.abc as c
import json
import pathlib
import threading
import typing as t

import pytest

from local_cloud.cloud import Cloud
from local_cloud.front.server import Server
from local_cloud.settings import Settings
from tests.unit.local_cloud.plays import run_play

FOLDER = pathlib.Path(__file__).parent


@pytest.fixture
def listening(settings: Settings) -> c.Iterator[Cloud]:
    server = Server(settings)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield server.cloud
    server.stop()
    thread.join(timeout=30)


def run(playbook: pathlib.Path, cloud: Cloud, folder: pathlib.Path, **variables: t.Any) -> tuple[int, str, dict[str, t.Any]]:
    """(exit code, output, what each registered task of the play gave)."""
    results = folder / "results.json"
    code, output = run_play(playbook, cloud, folder, {"results_file": str(results), **variables})
    return code, output, json.loads(results.read_text()) if results.exists() else {}


def test_the_life_of_a_stack_in_a_play(listening: Cloud, tmp_path: pathlib.Path, seed: str) -> None:
    code, output, seen = run(FOLDER / "stack_play.yml", listening, tmp_path, template=seed)
    assert code == 0, output
    changed = {name: result["changed"] for name, result in seen.items() if "changed" in result}
    assert changed == {
        "check_of_nothing": True,
        "created": True,
        "again": False,
        "check_same": False,
        "check_other": True,
        "updated": True,
        "failed_update": True,
        "info": False,
        "deleted": True,
        "gone": False,
    }
    assert seen["check_of_nothing"]["msg"] == "New stack would be created"
    assert seen["check_same"]["msg"].startswith("The submitted information didn't contain changes.")
    assert {change["ResourceChange"]["LogicalResourceId"] for change in seen["check_other"]["meta"]} >= {"IoTToTimestream"}
    assert seen["created"]["stack_outputs"]["Table"] == "energymon_db|energymon_energy"
    assert "StackEvent AWS::IoTTwinMaker::ComponentType EnergyMeterComponent CREATE_COMPLETE" in seen["created"]["events"]
    assert len(seen["created"]["stack_resources"]) == 14
    assert seen["again"]["output"] == "Stack is already up-to-date."
    assert seen["failed_update"]["failed"] is True
    assert seen["failed_update"]["output"] == "Problem with UPDATE. Rollback complete"
    assert any("python3.7" in line for line in seen["failed_update"]["log"])
    facts = seen["info"]["cloudformation"]["energymon"]
    assert facts["stack_description"]["stack_status"] == "UPDATE_ROLLBACK_COMPLETE"
    assert facts["stack_parameters"] == {"DataTopic": "energy/other", "Versioning": "no"}
    assert len(facts["stack_resources"]) == 14
    assert facts["stack_change_sets"] == []
    assert facts["stack_policy"] == {}
    # the creation, an update of one resource, an update of one resource that was rolled back
    assert len(facts["stack_events"]) == (2 + 3 * 14) + (3 + 2) + (4 + 4)
    assert seen["deleted"]["output"] == "Stack Deleted"
    assert listening.client("cloudformation").describe_stacks()["Stacks"] == []
