# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for every module: its examples run, and it is in the action group."""

from __future__ import annotations

import contextlib
import importlib
import typing as t
from unittest import mock

import pytest
import yaml
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from tests.tools.checkout import modules, read_yaml

GROUPS = ("energytwin", "grafana")
RULES = ("mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by")
EMPTY: dict[str, t.Any] = {"list": [], "dict": {}, "int": 0, "float": 0.0, "bool": False, "json": "{}", "path": "x"}


class Reached(BaseException):
    """The module has come to the point where it would read its arguments."""


def load(name: str) -> t.Any:
    return importlib.import_module(f"ansible_collections.energytwin.aws.plugins.modules.{name}")


def argument_spec(name: str) -> dict[str, t.Any]:
    """The arguments that the module makes its AnsibleModule with."""
    seen: dict[str, t.Any] = {}

    def grab(self: AnsibleModule, **arguments: t.Any) -> t.NoReturn:
        seen.update(arguments)
        raise Reached

    with mock.patch.object(AnsibleModule, "__init__", grab), contextlib.suppress(Reached):
        load(name).main()
    assert seen, f"{name}.main() makes no AnsibleModule"
    return seen


def literal(value: t.Any, option: dict[str, t.Any] | None) -> t.Any:
    """A value as written; for a whole template, which only a play can fill in, any value of the option's type."""
    if option is None or not (isinstance(value, str) and value.startswith("{{") and value.endswith("}}")):
        return value
    if option.get("choices"):
        return option["choices"][0]
    return EMPTY.get(option.get("type", "str"), value)


def examples(name: str) -> list[dict[str, t.Any]]:
    """The arguments of every task of the module's EXAMPLES that runs the module, those in blocks included."""
    return [task[f"energytwin.aws.{name}"] for task in flat(yaml.safe_load(load(name).EXAMPLES)) if f"energytwin.aws.{name}" in task]


def flat(tasks: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    return [inner for task in tasks for inner in (task, *flat([*task.get("block", []), *task.get("always", [])]))]


def test_there_are_modules() -> None:
    assert modules()


@pytest.mark.parametrize("name", modules())
def test_examples_fit_the_argument_spec(name: str) -> None:
    spec = argument_spec(name)
    options = spec["argument_spec"]
    aliases = {alias: option for option in options.values() for alias in option.get("aliases", [])}
    assert examples(name), "no example shows the module"
    validator = ArgumentSpecValidator(options, **{rule: spec[rule] for rule in RULES if rule in spec})
    for arguments in examples(name):
        filled = {key: literal(value, options.get(key, aliases.get(key))) for key, value in arguments.items()}
        assert not validator.validate(filled).error_messages, arguments


def test_an_option_that_does_not_exist_is_seen() -> None:
    spec = argument_spec(modules()[0])["argument_spec"]
    messages = ArgumentSpecValidator(spec).validate({"no_such_option": 1}).error_messages
    assert any("no_such_option" in message for message in messages)


@pytest.mark.parametrize("name", modules())
def test_supports_check_mode(name: str) -> None:
    assert argument_spec(name)["supports_check_mode"] is True


def members(group: str) -> list[str]:
    return [entry for entry in read_yaml("meta/runtime.yml")["action_groups"][group] if isinstance(entry, str)]


def test_every_module_is_in_one_action_group_and_nothing_else_is() -> None:
    assert read_yaml("meta/runtime.yml")["action_groups"].keys() == {*GROUPS}
    assert sorted(name for group in GROUPS for name in members(group)) == modules()


def test_the_modules_for_aws_take_the_defaults_of_all_modules_for_aws() -> None:
    group = read_yaml("meta/runtime.yml")["action_groups"]["energytwin"]
    assert {"metadata": {"extend_group": ["amazon.aws.aws"]}} in group
    speaks_to_aws = [name for name in modules() if hasattr(load(name), "AnsibleAWSModule")]
    assert speaks_to_aws and {*speaks_to_aws} <= {*members("energytwin")}
    assert not {*speaks_to_aws} & {*members("grafana")}


@pytest.mark.parametrize("name", modules())
def test_documents_its_action_group(name: str) -> None:
    [group] = [group for group in GROUPS if name in members(group)]
    fragments = yaml.safe_load(load(name).DOCUMENTATION)["extends_documentation_fragment"]
    assert f"energytwin.aws.attributes.actiongroup_{group}" in fragments
