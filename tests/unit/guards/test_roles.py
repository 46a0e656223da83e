# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for every role."""

from __future__ import annotations

import re
import typing as t

import pytest

from ansible_collections.energytwin.aws.plugins.module_utils._preflight.gateways import variable_checks
from ansible_collections.energytwin.aws.plugins.module_utils._preflight.specs import option_specs, option_texts
from tests.tools.checkout import CHECKOUT, read_yaml, roles


def options(role: str) -> dict[str, dict[str, t.Any]]:
    return read_yaml(f"roles/{role}/meta/argument_specs.yml")["argument_specs"]["main"].get("options", {})


def defaults(role: str) -> dict[str, t.Any]:
    return read_yaml(f"roles/{role}/defaults/main.yml") or {}


def test_there_are_roles() -> None:
    assert roles()


@pytest.mark.parametrize("role", roles())
def test_defaults_and_argument_specs_agree(role: str) -> None:
    documented = {name: option["default"] for name, option in options(role).items() if "default" in option}
    # A template can only be documented as the default of a text: other types are told in the description.
    computed = {name for name, value in defaults(role).items() if "{{" in str(value) and options(role).get(name, {}).get("type") != "str"}
    assert documented == {name: value for name, value in defaults(role).items() if name not in computed}
    assert computed <= set(options(role))


def test_the_preflight_knows_every_option() -> None:
    texts = option_texts(CHECKOUT / "roles")
    assert option_specs(texts, texts) == {name: spec for role in roles() for name, spec in options(role).items()}


def test_the_preflight_takes_nothing_that_a_playbook_registers_for_a_mistyped_variable() -> None:
    known = [*option_texts(CHECKOUT / "roles"), *read_yaml("roles/preflight/vars/main.yml")["__preflight_known"]]
    written = [path.read_text() for folder in ("playbooks", "roles") for path in sorted((CHECKOUT / folder).rglob("*.yml"))]
    registered = {name for text in written for name in re.findall(r"^ *register: (\w+)$", text, re.MULTILINE)}
    assert len(registered) > 50
    assert variable_checks(registered, known) == []


@pytest.mark.parametrize("role", roles())
def test_a_required_option_has_no_default(role: str) -> None:
    assert not [name for name, option in options(role).items() if option.get("required") and "default" in option]


@pytest.mark.parametrize("role", roles())
def test_variables_start_with_the_roles_name(role: str) -> None:
    assert not [name for name in {*options(role), *defaults(role)} if not name.startswith(f"{role}_") and name != "site"]


@pytest.mark.parametrize("role", roles())
def test_has_a_readme_that_names_every_option(role: str) -> None:
    readme = (CHECKOUT / "roles" / role / "README.md").read_text()
    assert not [name for name in options(role) if name not in readme]


@pytest.mark.parametrize("role", roles())
def test_says_what_it_promises(role: str) -> None:
    spec = read_yaml(f"roles/{role}/meta/argument_specs.yml")["argument_specs"]["main"]
    assert {"short_description", "description", "attributes", "version_added"} <= set(spec)
    assert {"check_mode", "diff_mode", "idempotent"} <= set(spec["attributes"])


@pytest.mark.parametrize("role", roles())
def test_has_a_molecule_scenario_that_checks_its_hosts(role: str) -> None:
    scenario = CHECKOUT / "extensions" / "molecule" / role
    assert (scenario / "molecule.yml").is_file()
    assert f"energytwin.aws.{role}" in (scenario / "converge.yml").read_text()
    verify = read_yaml(scenario / "verify.yml")
    assert verify[0]["hosts"] == "localhost"
    assert "that" in verify[0]["tasks"][0]["ansible.builtin.assert"]
