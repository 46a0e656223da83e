# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The job templates run as AWX runs them: ansible-runner, a folder for the job, the inventory, the survey's answers, a credential's environment."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import typing as t

import ansible_runner
import pytest

from tests.integration.conftest import REPOSITORY, SITE, LocalCloud
from tests.unit.guards.test_awx_pattern import credential_type, filled, items, survey

PROGRAMS = pathlib.Path(sys.executable).parent
KEYS = {"access_key_id": "AKIALOCALCLOUD000000", "secret_access_key": "local-cloud"}
TEMPLATES = {template["name"].removeprefix("Energy twin / "): template for template in items("templates")}


def start(template: str, folder: pathlib.Path, environment: dict[str, str], **arguments: t.Any) -> t.Any:
    """Run a job template over the inventory of the example plant."""
    told = TEMPLATES[template]
    answers = {question["variable"]: question["default"] for question in survey(told["survey"])["spec"]} if "survey" in told else {}
    folder.mkdir(exist_ok=True)
    return ansible_runner.run(
        private_data_dir=str(folder),
        project_dir=str(REPOSITORY),
        playbook=told["playbook"],
        inventory=str(REPOSITORY / "inventories" / "example_plant"),
        extravars={**answers, **told.get("extra_vars", {}), "plan_folder": str(folder / "plans")},
        envvars={
            **environment,
            "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / ".build"),
            "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
        },
        quiet=True,
        **arguments,
    )


def job_environment(cloud: LocalCloud) -> dict[str, str]:
    """What the credential puts into a job's environment, and where the cloud is in place of AWS."""
    keys = {name: filled(value, **KEYS) for name, value in credential_type("Energy twin AWS keys")["injectors"]["env"].items()}
    where = ("AWS_ENDPOINT_URL", "AWS_DISABLE_HOST_PREFIX_INJECTION", "AWS_EC2_METADATA_DISABLED")
    return {**keys, **{name: cloud.environment[name] for name in where}}


def test_every_template_is_a_playbook_that_ansible_can_run() -> None:
    command = [
        str(PROGRAMS / "ansible-playbook"),
        "--syntax-check",
        "-i",
        "inventories/example_plant",
        *(template["playbook"] for template in TEMPLATES.values()),
    ]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("playbook: ") == len(TEMPLATES)


def test_preflight_and_plan_run_with_what_awx_injects(cloud: LocalCloud, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    cloud.start()
    ready = start("preflight", tmp_path / "preflight", job_environment(cloud))
    assert ready.status == "successful", ready.stdout.read()
    assert not ready.stats["changed"]
    checked = [event["event_data"]["res"]["checks"] for event in ready.events if event["event_data"].get("res", {}).get("checks")]
    assert [check["outcome"] for checks in checked for check in checks if check["what"] == "credentials"] == ["good"]
    environment = {**job_environment(cloud), "ANSIBLE_CALLBACKS_ENABLED": "energytwin.aws.drift"}
    plan = start("plan", tmp_path / "plan", environment, cmdline="--check --diff")
    assert plan.status == "failed", "nothing of the site is there, and a difference is a failure"
    assert f"{SITE} differs from the inventory in" in plan.stdout.read()
    assert not cloud.client("cloudformation").list_stacks()["StackSummaries"], "a plan makes nothing"


def test_a_site_that_nobody_named_is_not_destroyed(cloud: LocalCloud, tmp_path: pathlib.Path) -> None:
    refused = start("destroy", tmp_path, {"AWS_ENDPOINT_URL": cloud.endpoint})
    assert refused.status == "failed"
    assert "is no site of this run, so nothing was touched" in refused.stdout.read()
