# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Playbook awx.yml, applied with awx.awx's own modules to what answers like AWX."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import typing as t

from tests.integration.awx_api import TOKEN, Awx, served
from tests.integration.conftest import REPOSITORY, PlayResult
from tests.unit.guards.test_awx_pattern import GIVEN, items


def apply(host: str, home: pathlib.Path, *arguments: str, **variables: t.Any) -> PlayResult:
    done = subprocess.run(
        [
            str(pathlib.Path(sys.executable).parent / "ansible-playbook"),
            "playbooks/awx.yml",
            "-e",
            json.dumps({**GIVEN, **variables}),
            *arguments,
        ],
        cwd=REPOSITORY,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "CONTROLLER_HOST": host,
            "CONTROLLER_OAUTH_TOKEN": TOKEN,
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert "{" in done.stdout, done.stderr
    return PlayResult(done.returncode, json.loads(done.stdout[done.stdout.index("{") :]), done.stdout + done.stderr)


def faults(result: PlayResult) -> list[t.Any]:
    """What went wrong, with each item of a loop."""
    failed = [one for _task, _host, one in result.tasks() if one.get("failed")]
    return [item.get("msg") for one in failed for item in one.get("results", [one]) if item.get("failed")]


def test_the_pattern_is_made_once_and_then_kept(tmp_path: pathlib.Path) -> None:
    awx = Awx(credentials=GIVEN["awx_credentials"])
    with served(awx) as host:
        foretold = apply(host, tmp_path, "--check")
        assert foretold.code == 0, faults(foretold)
        assert (bool(foretold.changed), awx.writes) == (True, 0)
        made = apply(host, tmp_path)
        assert made.code == 0, faults(made)
        again = apply(host, tmp_path)
        # The module compares an approval with fields that AWX does not tell of approvals; nothing but its own report changes.
        assert (again.code, again.changed_tasks()) == (0, ["Keep the workflows"]), faults(again)
    for kind, kept in (("job_templates", "templates"), ("workflow_job_templates", "workflows"), ("schedules", "schedules")):
        assert awx.names(kind) == sorted(item["name"] for item in items(kept))
