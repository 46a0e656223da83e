# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands and programs that guides show: playbooks and variables exist, options are Ansible's own, calls of AWS fit its models."""

from __future__ import annotations

import argparse
import re
import shlex
import typing as t
from unittest import mock

import boto3
import botocore.session
import pytest
import yaml
from botocore.validate import ParamValidator

from tests.tools.checkout import CHECKOUT, read_yaml
from tests.unit.guards.guides import GUIDES, blocks, role_options

# Every word of a playbook that could be a variable: what a guide sets has to be among them.
WORD = re.compile(r"\b[a-z]\w+\b")
PLAYBOOKS = {path.stem: path for path in (CHECKOUT / "playbooks").glob("*.yml")}


def commands(guide: str, program: str) -> list[list[str]]:
    """The words of each command of a program that a guide shows; what stands before it, such as its folder, is left out."""
    lines = [line for block in blocks(guide, "console") for line in block.splitlines() if line.lstrip().startswith("$ ")]
    words = [shlex.split(line.lstrip().removeprefix("$ "), comments=True) for line in lines]
    return [line[line.index(name) + 1 :] for line in words for name in line[:1] if name.rpartition("/")[2] == program]


def arguments_of_playbook() -> argparse.ArgumentParser:
    """Those options of ansible-playbook that guides use."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("playbook")
    parser.add_argument("-i")
    parser.add_argument("-e", action="append", default=[])
    parser.add_argument("--limit")
    parser.add_argument("--forks", type=int)
    for flag in ("--check", "--diff"):
        parser.add_argument(flag, action="store_true")
    return parser


def variables(setting: str) -> set[str]:
    """The variables that an option -e sets; those of a file are in the file."""
    if setting.startswith("@"):
        return set()
    return set(yaml.safe_load(setting)) if setting.startswith("{") else {setting.partition("=")[0]}


def words_of_playbook(name: str) -> set[str]:
    """Of the playbook, and of those that it imports."""
    content = PLAYBOOKS[name].read_text()
    imported = [found for found in re.findall(r"import_playbook: (\w+)\.yml", content) if found != name]
    return set(WORD.findall(content)).union(*map(words_of_playbook, imported))


@pytest.mark.parametrize("guide", [guide for guide in GUIDES if commands(guide, "ansible-playbook")])
def test_a_playbook_exists_and_knows_the_variables_that_it_is_given(guide: str) -> None:
    for words in commands(guide, "ansible-playbook"):
        given = arguments_of_playbook().parse_args(words)
        name = given.playbook.removeprefix("energytwin.aws.")
        assert name in PLAYBOOKS, words
        unknown = set().union(*map(variables, given.e)) - role_options().keys() - words_of_playbook(name)
        assert unknown == set(), words


def test_a_variable_that_no_playbook_knows_is_seen() -> None:
    assert "rotate_serial" in words_of_playbook("rotate")
    assert "edge_gateway_state" in role_options()
    assert "rotate_seriel" not in words_of_playbook("rotate") | role_options().keys()
    assert variables('{"a": {"b": 1}, "c": 2}') == {"a", "c"}


@pytest.mark.parametrize("guide", [guide for guide in GUIDES if commands(guide, "make")])
def test_a_target_of_make_exists(guide: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))
    assert {words[0] for words in commands(guide, "make")} <= targets


@pytest.mark.parametrize("guide", [guide for guide in GUIDES if commands(guide, "ansible-galaxy")])
def test_the_tarball_that_is_installed_is_that_of_this_version(guide: str) -> None:
    tarballs = {word for words in commands(guide, "ansible-galaxy") for word in words if word.endswith(".tar.gz")}
    assert tarballs <= {f"energytwin-aws-{read_yaml('galaxy.yml')['version']}.tar.gz"}


def requests(guide: str) -> list[tuple[str, str, dict[str, t.Any]]]:
    """What the AWS CLI would ask: service, operation as it writes it, and its options, each a text or a list of texts."""
    found = []
    for service, operation, *options in commands(guide, "aws"):
        given: dict[str, list[str]] = {}
        for word in options:
            if word.startswith("--"):
                given[word] = []
            else:
                given[next(reversed(given))].append(word)
        found.append((service, operation, given))
    return found


@pytest.mark.parametrize("guide", [guide for guide in GUIDES if commands(guide, "aws")])
def test_aws_knows_what_its_command_line_is_asked(guide: str) -> None:
    for service, operation, options in requests(guide):
        model = botocore.session.get_session().get_service_model(service)
        [name] = [name for name in model.operation_names if botocore.xform_name(name, "-") == operation]
        members = {f"--{botocore.xform_name(member, '-')}" for member in model.operation_model(name).input_shape.members}
        assert set(options) <= members, (guide, operation)


@pytest.mark.parametrize("guide", [guide for guide in GUIDES if blocks(guide, "python")])
def test_a_program_makes_calls_that_aws_takes(guide: str, capsys: pytest.CaptureFixture[str]) -> None:
    for program in blocks(guide, "python"):
        with mock.patch.object(boto3, "client", Twin):
            exec(compile(program, guide, "exec"), {})
        assert capsys.readouterr().out.count("kWh") == 2


class Twin:
    """A client of IoT TwinMaker whose history has two pages; it takes what the service's model takes."""

    def __init__(self, service: str, region_name: str) -> None:
        self._model = botocore.session.get_session().get_service_model(service)

    def get_property_value_history(self, **arguments: t.Any) -> dict[str, t.Any]:
        shape = self._model.operation_model("GetPropertyValueHistory").input_shape
        report = ParamValidator().validate(arguments, shape)
        assert not report.has_errors(), report.generate_report()
        values = [{"time": "2026-11-01T00:00:00Z", "value": {"doubleValue": 12.5}}]
        last = {} if "nextToken" in arguments else {"nextToken": "2"}
        return {"propertyValues": [{"values": values}], **last}
