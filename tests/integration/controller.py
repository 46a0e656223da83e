# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX does with the job templates and workflows of the pattern, without AWX.

It follows AWX 24.6.1: awx/main/tasks/jobs.py (folder, environment and command of a job), awx/main/models/mixins.py (surveys), workflow.py (what a
node gets of the nodes before it), inventory.py (what a job sees of the inventory) and credential.py (injectors).
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import typing as t

import yaml

from tests.unit.guards.test_awx_pattern import PATTERN, credential_type, filled, items, survey

PROGRAMS = pathlib.Path(sys.executable).parent
TYPES: dict[str, type] = {"text": str, "integer": int, "multiplechoice": str}


class RefusedError(Exception):
    """AWX does not start a job with these answers."""


@dataclasses.dataclass
class Job:
    """A job that has ended."""

    status: str
    output: str
    events: list[dict[str, t.Any]]

    @property
    def artifacts(self) -> dict[str, t.Any]:
        """What the playbook gave to set_stats, and AWX gives to the nodes that come after."""
        return dict(self.events[-1]["event_data"].get("artifact_data", {}))

    @property
    def changed(self) -> dict[str, int]:
        return dict(self.events[-1]["event_data"]["changed"])

    def results(self, task: str) -> list[dict[str, t.Any]]:
        """Of the tasks whose name ends so."""
        ended = [one["event_data"] for one in self.events if one["event"] in ("runner_on_ok", "runner_on_failed")]
        return [one["res"] for one in ended if one["task"].endswith(task)]

    def failures(self) -> list[str]:
        failed = [one["event_data"] for one in self.events if one["event"] in ("runner_on_failed", "runner_on_unreachable")]
        return [str(one["res"].get("msg")) for one in failed if not one.get("ignore_errors")]


def answers_to(name: str, given: dict[str, t.Any]) -> dict[str, t.Any]:
    """The variables that a survey becomes; a default stands where nobody has answered, if it is an answer that the question allows."""
    variables = {}
    for question in survey(name)["spec"]:
        variable = question["variable"]
        if variable in given:
            if fault := fault_of(question, given[variable]):
                raise RefusedError(fault)
            variables[variable] = given[variable]
        elif not fault_of(question, question["default"]):
            variables[variable] = question["default"]
        elif question["required"]:
            raise RefusedError(f"'{variable}' value missing")
    unknown = given.keys() - {question["variable"] for question in survey(name)["spec"]}
    if unknown:
        raise RefusedError(f"Variables {', '.join(sorted(unknown))} are not allowed on launch.")
    return variables


def fault_of(question: dict[str, t.Any], answer: t.Any) -> str:
    """What AWX has against an answer; an empty text if nothing."""
    variable = question["variable"]
    if type(answer) is not TYPES[question["type"]]:
        return f"Value {answer} for '{variable}' expected to be of type {question['type']}."
    if question["type"] == "multiplechoice":
        return "" if answer in question["choices"] else f"Value {answer} for '{variable}' expected to be one of {question['choices']}."
    size = len(answer) if isinstance(answer, str) else answer
    if size < question["min"]:
        return f"'{variable}' value {answer} is too small (must be at least {question['min']})."
    return f"'{variable}' value {answer} is too large (must be no more than {question['max']})." if size > question["max"] else ""


def slice_of(inventory: dict[str, t.Any], number: int = 1, count: int = 1) -> dict[str, t.Any]:
    """What a job sees of an inventory (as ansible-inventory --list --export gives it): every count-th host, and all groups with what they still have."""
    hosts = sorted({name for group in inventory.values() for name in group.get("hosts", [])})[number - 1 :: count]
    variables = {name: inventory["_meta"]["hostvars"].get(name, {}) for name in hosts}
    seen: dict[str, t.Any] = {"_meta": {"hostvars": {name: {**own, "remote_tower_enabled": "true"} for name, own in variables.items()}}}
    for name, group in inventory.items():
        if name != "_meta":
            seen[name] = {**group, "hosts": [host for host in group.get("hosts", []) if host in variables]}
    seen["all"]["children"] = sorted(inventory.keys() - {"_meta", "all"})
    return seen


class _ExtraVars(yaml.SafeDumper):
    """Texts that Ansible must not take for templates: whoever starts a job may not run code with them."""


_ExtraVars.add_representer(str, lambda dumper, text: dumper.represent_scalar("!unsafe", text))


def environment_of_the_image() -> dict[str, str]:
    """What the execution environment sets, wherever it is run."""
    steps = yaml.safe_load((PATTERN / "exec_env" / "execution-environment.yml").read_text())["additional_build_steps"]["append_final"]
    return dict(step.removeprefix("ENV ").split("=", 1) for step in steps)


class Controller:
    """An AWX with one project, its inventory, and one credential.

    folder: of its own, with a folder per job. project: is copied for each job. inventory_path: of the inventory in it. collections: the folder
    ansible_collections that the execution environment has. injected: inputs by the name of their credential type. around: the environment in
    which the jobs stand for a reason that has nothing to do with AWX.
    """

    def __init__(
        self,
        folder: pathlib.Path,
        project: pathlib.Path,
        inventory_path: str,
        collections: pathlib.Path,
        injected: dict[str, dict[str, str]],
        around: dict[str, str],
    ) -> None:
        self._folder, self._project, self._inventory_path, self._collections = folder, project, inventory_path, collections
        self._injected, self._around = injected, around
        self._jobs = 0
        self._templates = {template["name"].removeprefix("Energy twin / "): template for template in items("templates")}
        self._workflows = {workflow["name"].removeprefix("Energy twin / "): workflow for workflow in items("workflows")}

    def launch(self, name: str, answers: dict[str, t.Any] | None = None, **prompts: t.Any) -> Job:
        """Start a job template and wait for its end; prompts: limit, job_type and diff_mode.

        Raises RefusedError for answers and prompts that the template does not take.
        """
        template = self._templates[name]
        return self._run(template, self._variables(template, answers or {}), self._accepted(template, prompts))

    def launch_slice(self, name: str, number: int, count: int) -> Job:
        """As somebody does who sets slices in AWX, whatever the template of the pattern says."""
        template = self._templates[name]
        return self._run(template, self._variables(template, {}), {}, (number, count))

    @property
    def jobs(self) -> list[pathlib.Path]:
        """The folders of all jobs."""
        return sorted(self._folder.iterdir())

    def play(self, name: str, approve: c.Callable[[dict[str, Job]], bool], answers: dict[str, t.Any] | None = None) -> dict[str, Job]:
        """Run a workflow that is one chain; the jobs by their nodes' identifiers, to the first that fails or that nobody approves."""
        workflow = self._workflows[name]
        nodes = {node["identifier"]: node for node in workflow["workflow_nodes"]}
        given = answers_to(workflow["survey"], answers or {}) if "survey" in workflow else {}
        jobs: dict[str, Job] = {}
        handed: dict[str, t.Any] = {}
        node = workflow["workflow_nodes"][0]
        while True:
            following = node.get("related", {}).get("success_nodes", [])
            if node["unified_job_template"]["type"] == "workflow_approval":
                if not approve(jobs):
                    return jobs
            else:
                template = self._templates[node["unified_job_template"]["name"].removeprefix("Energy twin / ")]
                prompts = {key: node[key] for key in ("limit", "job_type", "diff_mode") if key in node}
                variables = {**self._variables(template, {}, started_by_hand=False), **handed, **given}
                job = jobs[node["identifier"]] = self._run(template, variables, self._accepted(template, prompts))
                handed.update(job.artifacts)
                if job.status != "successful":
                    return jobs
            if not following:
                return jobs
            node = nodes[following[0]["identifier"]]

    def _variables(self, template: dict[str, t.Any], answers: dict[str, t.Any], started_by_hand: bool = True) -> dict[str, t.Any]:
        own = dict(template.get("extra_vars", {}))
        if "survey" not in template:
            if answers:
                raise RefusedError(f"Variables {', '.join(answers)} are not allowed on launch.")
            return own
        try:
            return {**own, **answers_to(template["survey"], answers)}
        except RefusedError:
            if started_by_hand:
                raise
            return own

    @staticmethod
    def _accepted(template: dict[str, t.Any], prompts: dict[str, t.Any]) -> dict[str, t.Any]:
        for prompt in prompts:
            if prompt != "limit" and not template.get(f"ask_{prompt}_on_launch"):
                raise RefusedError(f"{prompt}: Field is not configured to prompt on launch.")
        return prompts

    def _run(
        self, template: dict[str, t.Any], variables: dict[str, t.Any], prompts: dict[str, t.Any], part: tuple[int, int] = (1, 1)
    ) -> Job:
        self._jobs += 1
        folder = self._folder / f"job_{self._jobs}"
        for name in ("env", "inventory", "home"):
            (folder / name).mkdir(parents=True)
        shutil.copytree(self._project, folder / "project")
        self._write_inventory(folder / "inventory" / "hosts", part)
        (folder / "env" / "envvars").write_text(json.dumps({**self._environment(folder), **self._inject(folder)}))
        (folder / "env" / "extravars").write_text(self._extra_vars(template, variables))
        (folder / "env" / "cmdline").write_text(" ".join(self._arguments({**template, **prompts})))
        done = subprocess.run(
            [str(PROGRAMS / "ansible-runner"), "run", str(folder), "-p", template["playbook"], "--ident", "1", "-q"],
            cwd=folder,
            # Nothing of the tester's environment: a container has none of it.
            env={
                "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
                "HOME": str(folder / "home"),
                "LANG": "C.UTF-8",
                **environment_of_the_image(),
                **self._around,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        return self._ended(folder / "artifacts" / "1", done.stdout + done.stderr)

    @staticmethod
    def _ended(artifacts: pathlib.Path, said: str) -> Job:
        assert (artifacts / "status").is_file(), said
        events = [json.loads(path.read_text()) for path in (artifacts / "job_events").glob("*.json")]
        output = re.sub(r"\x1b\[[0-9;]*m", "", (artifacts / "stdout").read_text())
        return Job((artifacts / "status").read_text(), output, sorted(events, key=lambda event: int(event["counter"])))

    def _write_inventory(self, path: pathlib.Path, part: tuple[int, int]) -> None:
        """AWX imports the project's inventory into its database, and makes a script of what is there for each job."""
        done = subprocess.run(
            [str(PROGRAMS / "ansible-inventory"), "-i", self._inventory_path, "--list", "--export"],
            cwd=self._project,
            env={"PATH": os.environ["PATH"], "HOME": str(path.parent), "ANSIBLE_COLLECTIONS_PATH": str(self._collections)},
            capture_output=True,
            text=True,
            check=True,
        )
        path.write_text(f"#! /usr/bin/env python3\nprint({json.dumps(slice_of(json.loads(done.stdout), *part))!r})\n")
        path.chmod(0o700)

    def _environment(self, folder: pathlib.Path) -> dict[str, str]:
        return {
            "ANSIBLE_FORCE_COLOR": "True",
            "ANSIBLE_HOST_KEY_CHECKING": "False",
            "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
            "ANSIBLE_PARAMIKO_RECORD_HOST_KEYS": "False",
            "ANSIBLE_RETRY_FILES_ENABLED": "False",
            "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join([str(folder / "requirements_collections"), str(self._collections)]),
            "AWX_PRIVATE_DATA_DIR": str(folder),
            "AWX_HOST": "https://awx.example.com",
            "JOB_ID": str(self._jobs),
            "PROJECT_REVISION": "0" * 40,
            "MAX_EVENT_RES": "700000",
        }

    def _inject(self, folder: pathlib.Path) -> dict[str, str]:
        environment = {}
        for kind, inputs in self._injected.items():
            injectors = credential_type(kind)["injectors"]
            files = {}
            for label, template in injectors.get("file", {}).items():
                path = folder / "env" / f"{self._jobs}_{label}"
                path.write_text(filled(template, **inputs))
                path.chmod(0o600)
                files[label.removeprefix("template.")] = str(path)
            for name, template in injectors["env"].items():
                environment[name] = filled(template, **inputs, tower={"filename": files})
        return environment

    def _extra_vars(self, template: dict[str, t.Any], variables: dict[str, t.Any]) -> str:
        told = {f"{prefix}_{name}": value for prefix in ("awx", "tower") for name, value in self._told(template).items()}
        # Only what the template itself says may hold templates of Jinja; json, since yaml knows no texts but Python's own.
        own = {name: value for name, value in template.get("extra_vars", {}).items() if variables.get(name) == value}
        others = {name: value for name, value in variables.items() if name not in own}
        trusted = yaml.safe_dump(json.loads(json.dumps(own))) if own else ""
        return trusted + yaml.dump(json.loads(json.dumps({**others, **told})), Dumper=_ExtraVars)

    def _told(self, template: dict[str, t.Any]) -> dict[str, t.Any]:
        """What AWX tells every playbook of the job."""
        return {
            "job_id": self._jobs,
            "job_launch_type": "manual",
            "job_template_id": 7,
            "job_template_name": template["name"],
            "inventory_id": 2,
            "inventory_name": "Energy twin",
            "project_revision": "0" * 40,
            "project_scm_branch": "main",
            "user_id": 1,
            "user_name": "operator",
        }

    @staticmethod
    def _arguments(told: dict[str, t.Any]) -> list[str]:
        return [
            *(["--check"] if told["job_type"] == "check" else []),
            "-u root",
            *(["--diff"] if told.get("diff_mode") else []),
            *(["-l", f"'{told['limit']}'"] if told.get("limit") else []),
        ]
