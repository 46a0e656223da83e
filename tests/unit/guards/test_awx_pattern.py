# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX is told fits awx.awx's modules, the collection's playbooks and the roles' options, and is one piece in itself."""

from __future__ import annotations

import contextlib
import datetime
import functools
import importlib
import json
import pathlib
import re
import shutil
import subprocess
import sys
import typing as t
from unittest import mock

import botocore.session
import dateutil.rrule
import jinja2
import pytest
import yaml
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from tests.tools.checkout import CHECKOUT, read_yaml, roles

PATTERN = CHECKOUT / "extensions" / "patterns" / "energy_twin"
GIVEN: dict[str, t.Any] = {
    "awx_execution_environment_image": "registry.example.com/energytwin:1",
    "awx_project_url": "https://git.example.com/plants.git",
    "awx_inventory_path": "inventories/plants",
    "awx_credentials": ["AWS"],
    "awx_webhook_url": "https://hooks.example.com/1",
    "awx_plan_bucket": "plants-plans",
}
ANSWERS: dict[str, tuple[type, ...]] = {"integer": (int,), "text": (str,), "multiplechoice": (str,)}


class Reached(BaseException):
    """The module has come to the point where it would read its arguments."""


@functools.cache
def written() -> dict[str, t.Any]:
    return dict(DataLoader().load_from_file(str(PATTERN / "setup.yml"), trusted_as_template=True))


def setup(**given: t.Any) -> dict[str, t.Any]:
    """The variables of the pattern as playbook awx.yml sees them, templates and all."""
    return {**written(), **GIVEN, **given}


def rendered(value: t.Any, variables: dict[str, t.Any]) -> t.Any:
    return Templar(DataLoader(), variables=variables).template(value)


def items(kind: str) -> list[dict[str, t.Any]]:
    return list(rendered(setup()[f"controller_{kind}"], setup()))


def survey(name: str) -> dict[str, t.Any]:
    return dict(rendered(setup()["awx_surveys"][name], setup()))


def tasks() -> list[dict[str, t.Any]]:
    """The tasks that make something in AWX."""
    read = DataLoader().load_from_file(str(CHECKOUT / "playbooks" / "tasks" / "awx.yml"), trusted_as_template=True)
    every = [task for one in read for task in one.get("block", [one])]
    return [task for task in every if any(key.startswith("awx.awx.") for key in task)]


def module_of(task: dict[str, t.Any]) -> str:
    (module,) = (key for key in task if key.startswith("awx.awx."))
    return module.rsplit(".", 1)[1]


def argument_spec(module: str) -> dict[str, t.Any]:
    """The options of a module of awx.awx."""
    seen: dict[str, t.Any] = {}

    def grab(self: AnsibleModule, **arguments: t.Any) -> t.NoReturn:
        seen.update(arguments)
        raise Reached

    with mock.patch.object(AnsibleModule, "__init__", grab), contextlib.suppress(Reached):
        importlib.import_module(f"ansible_collections.awx.awx.plugins.modules.{module}").main()
    return dict(seen["argument_spec"])


@pytest.mark.parametrize("task", tasks(), ids=module_of)
@pytest.mark.parametrize("webhook", ["https://hooks.example.com/1", ""], ids=["notified", "silent"])
def test_every_task_of_the_playbook_fits_the_module_of_awx(task: dict[str, t.Any], webhook: str) -> None:
    variables = setup(awx_webhook_url=webhook)
    looped = rendered(task["loop"], variables)
    assert looped or not webhook
    validator = ArgumentSpecValidator(argument_spec(module_of(task)))
    for item in looped:
        arguments = rendered(task[f"awx.awx.{module_of(task)}"], {**variables, "item": item})
        assert not validator.validate(arguments).error_messages, item["name"]
        assert not [key for key in item if f"item.{key}" not in str(task)], "the playbook passes all that the data says"


def test_the_data_is_made_by_some_task() -> None:
    looped = {str(task["loop"]) for task in tasks()}
    assert {f"{{{{ {name} }}}}" for name in setup() if name.startswith("controller_")} == looped


def test_every_template_runs_a_playbook_of_the_collection() -> None:
    for template in items("templates"):
        (play,) = read_yaml(template["playbook"])
        name = play["ansible.builtin.import_playbook"].removeprefix("energytwin.aws.")
        assert (CHECKOUT / "playbooks" / f"{name}.yml").is_file(), template["name"]
        assert pathlib.PurePath(template["playbook"]).stem == name
        assert template["name"] == f"Energy twin / {name.replace('_', ' ')}"


def test_every_playbook_of_the_pattern_has_a_template() -> None:
    told = {pathlib.PurePath(template["playbook"]).name for template in items("templates")}
    assert {path.name for path in (PATTERN / "playbooks").iterdir()} == told


def options() -> dict[str, dict[str, t.Any]]:
    """The options of all roles by their name."""
    found: dict[str, dict[str, t.Any]] = {}
    for role in roles():
        found |= read_yaml(f"roles/{role}/meta/argument_specs.yml")["argument_specs"]["main"].get("options", {})
    return found


@pytest.mark.parametrize("template", [one for one in items("templates") if "survey" in one], ids=lambda one: one["survey"])
def test_a_survey_asks_for_what_its_playbook_knows(template: dict[str, t.Any]) -> None:
    playbook = (CHECKOUT / "playbooks" / pathlib.PurePath(template["playbook"]).name).read_text()
    for question in survey(template["survey"])["spec"]:
        variable = question["variable"]
        assert isinstance(question["default"], ANSWERS[question["type"]]), variable
        if variable in options():
            option = options()[variable]
            answer = {variable: question["default"]}
            assert not ArgumentSpecValidator({variable: {**option, "required": False}}).validate(answer).error_messages
            assert question["default"] == option["default"], "a survey that is clicked through changes nothing"
        else:
            assert re.search(rf"\b{variable}\b", playbook), variable


def test_the_default_answers_of_destroy_name_no_site_and_keep_the_readings() -> None:
    assert {question["variable"]: question["default"] for question in survey("destroy")["spec"]} == {
        "destroy_site": "",
        "destroy_readings": "false",
    }


@pytest.mark.parametrize("workflow", items("workflows"), ids=lambda workflow: workflow["name"])
def test_a_workflow_is_one_chain_of_templates_and_asks_before_it_changes_anything(workflow: dict[str, t.Any]) -> None:
    templates = {template["name"]: template for template in items("templates")}
    nodes = {node["identifier"]: node for node in workflow["workflow_nodes"]}
    chain = [workflow["workflow_nodes"][0]["identifier"]]
    while following := nodes[chain[-1]].get("related", {}).get("success_nodes"):
        (following,) = following
        assert following["identifier"] not in chain
        chain.append(following["identifier"])
    assert sorted(chain) == sorted(nodes)
    before = chain[: chain.index("approval")]
    for name, node in nodes.items():
        run = node["unified_job_template"]
        if run["type"] == "workflow_approval":
            assert name == "approval"
            continue
        template = templates[run["name"]]
        if name in before and not template["name"].endswith("/ preflight"):
            assert node["job_type"] == "check"
        if "job_type" in node:
            assert template["ask_job_type_on_launch"], "AWX ignores what a template does not ask for"
        if "diff_mode" in node:
            assert template["ask_diff_mode_on_launch"]
    surveys = {
        templates[run["name"]].get("survey") for node in nodes.values() if (run := node["unified_job_template"])["name"] in templates
    }
    assert workflow.get("survey") in surveys, "AWX drops an answer that no template of the workflow asks for"


def survey_of(template: str) -> list[dict[str, t.Any]]:
    """The questions of a job template."""
    (named,) = (one.get("survey", "") for one in items("templates") if one["name"] == template)
    return list(survey(named)["spec"]) if named else []


def test_a_schedule_runs_a_template_at_a_time_that_comes() -> None:
    templates = {template["name"] for template in items("templates")}
    for schedule in items("schedules"):
        assert schedule["unified_job_template"] in templates
        found = re.fullmatch(r"DTSTART;TZID=UTC:(\S+) RRULE:(\S+)", schedule["rrule"])
        assert found
        start, rule = found.groups()
        assert list(dateutil.rrule.rrulestr(f"DTSTART:{start}\nRRULE:{rule}").xafter(datetime.datetime(2026, 1, 1), count=3))
        asked = {question["variable"]: question["default"] for question in survey_of(schedule["unified_job_template"])}
        assert schedule.get("extra_data", {}) == asked, "AWX refuses a schedule without the answers that a survey requires"
    enabled = {schedule["unified_job_template"] for schedule in items("schedules") if schedule["enabled"]}
    assert enabled == {"Energy twin / plan", "Energy twin / verify"}, "nothing is changed unasked"


def credential_type(name: str) -> dict[str, t.Any]:
    (found,) = (one for one in items("credential_types") if one["name"] == name)
    assert set(found["inputs"]["required"]) <= {field["id"] for field in found["inputs"]["fields"]}
    return found


def filled(template: str, **inputs: t.Any) -> str:
    """As AWX fills an injector in: an input that was not given is empty."""
    return jinja2.Environment(autoescape=False).from_string(template).render(**inputs)


def test_the_keys_become_the_environment_of_awss_clients() -> None:
    environment = credential_type("Energy twin AWS keys")["injectors"]["env"]
    given = {"access_key_id": "AKIA", "secret_access_key": "secret"}
    assert {name: filled(value, **given) for name, value in environment.items()} == {
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "",
    }


@pytest.mark.parametrize("external", ["", "plants"])
def test_the_role_becomes_a_profile_that_awss_clients_assume(
    external: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    injectors = credential_type("Energy twin AWS role")["injectors"]
    given = {"role_arn": "arn:aws:iam::123456789012:role/twin", "access_key_id": "AKIA", "secret_access_key": "x", "external_id": external}
    config = tmp_path / "config"
    config.write_text(filled(injectors["file"]["template.aws_config"], **given))
    for name, value in injectors["env"].items():
        monkeypatch.setenv(name, filled(value, tower={"filename": {"aws_config": str(config)}}))
    session = botocore.session.Session()
    assert session.get_scoped_config() == {
        "role_arn": given["role_arn"],
        "source_profile": "energytwin_keys",
        **({"external_id": external} if external else {}),
    }
    assert session.full_config["profiles"]["energytwin_keys"] == {"aws_access_key_id": "AKIA", "aws_secret_access_key": "x"}


def test_secrets_are_marked_as_such() -> None:
    for kind in items("credential_types"):
        for field in kind["inputs"]["fields"]:
            assert field.get("secret", False) == bool(re.search("secret|token|password", field["id"])), field["id"]


def test_the_pattern_describes_itself_as_it_is() -> None:
    told = json.loads((PATTERN / "meta" / "pattern.json").read_text())
    assert told["name"] == PATTERN.name
    assert (PATTERN / "README.md").is_file()
    resources = told["aap_resources"]
    wanted = {
        template["name"]: {
            "description": template["description"],
            "playbook": pathlib.PurePath(template["playbook"]).name,
            "survey": survey(template["survey"]) if "survey" in template else None,
        }
        for template in items("templates")
    }
    shown = {
        one["name"]: {key: one.get(key) for key in ("description", "playbook", "survey")} for one in resources["controller_job_templates"]
    }
    assert shown == wanted
    assert [one["name"] for one in resources["controller_job_templates"] if one["primary"]] == ["Energy twin / site"]
    assert resources["controller_project"]["name"] == items("projects")[0]["name"]


def test_the_execution_environment_takes_its_versions_from_the_constraints(tmp_path: pathlib.Path) -> None:
    for name in ("execution-environment.yml", "energytwin-aws.tar.gz"):
        (tmp_path / name).write_bytes(b"")
    shutil.copy(PATTERN / "exec_env" / "execution-environment.yml", tmp_path)
    shutil.copy(CHECKOUT / "constraints.txt", tmp_path)
    builder = str(pathlib.Path(sys.executable).parent / "ansible-builder")
    command = [builder, "create", "--file", "execution-environment.yml", "--context", "context", "--output-filename", "Containerfile"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout + done.stderr, "every file that it names is there"
    steps = (tmp_path / "context" / "Containerfile").read_text()
    assert "ENV PIP_CONSTRAINT=" in steps
    assert (tmp_path / "context" / "_build" / "files" / "constraints.txt").is_file()
    requirements = yaml.safe_load((tmp_path / "context" / "_build" / "requirements.yml").read_text())["collections"]
    assert (tmp_path / "context" / "_build" / requirements[0]["name"]).is_file()
    floors = read_yaml("galaxy.yml")["dependencies"]
    assert {one["name"]: f">={one['version']}" for one in requirements[1:]} == floors
