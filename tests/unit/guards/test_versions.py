# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A version stands in one place; where a tool wants it said again, it says the same."""

from __future__ import annotations

import configparser
import importlib.metadata
import json
import re

import tomllib
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tests.tools.checkout import CHECKOUT, files, read_yaml, roles


def lines(name: str) -> list[str]:
    """The lines of a requirements file without comments."""
    return [line for line in (CHECKOUT / name).read_text().splitlines() if line and not line.startswith("#")]


def pins() -> dict[str, str]:
    return {
        requirement.name.lower().replace("_", "-"): str(requirement.specifier) for requirement in map(Requirement, lines("constraints.txt"))
    }


def test_constraints_pin_every_package_to_one_version() -> None:
    assert pins()
    assert not [name for name, version in pins().items() if not re.fullmatch(r"==[^,*]+", version)]


def test_requirements_name_packages_and_leave_versions_to_the_constraints() -> None:
    for path in map(str, files("*requirements*.txt")):
        named = [Requirement(line) for line in lines(path) if not line.startswith("-r ")]
        assert named, path
        assert not [str(one) for one in named if one.specifier], path
        assert not [one.name for one in named if one.name.lower().replace("_", "-") not in pins()], path


def test_the_environment_is_the_one_that_the_constraints_describe() -> None:
    named = [Requirement(line).name for line in lines("requirements-dev.txt") if not line.startswith("-r ")]
    assert {name: f"=={importlib.metadata.version(name)}" for name in named} == {name: pins()[name.lower()] for name in named}


def test_one_floor_of_ansible_core() -> None:
    floor = SpecifierSet(read_yaml("meta/runtime.yml")["requires_ansible"])
    (number,) = (clause.version for clause in floor)
    assert importlib.metadata.version("ansible-core") in floor
    assert number.rsplit(".", 1)[0] == ".".join(importlib.metadata.version("ansible-core").split(".")[:2]), "the floor is what is tested"
    for role in roles():
        assert str(read_yaml(f"roles/{role}/meta/main.yml")["galaxy_info"]["min_ansible_version"]) == number.rsplit(".", 1)[0], role


def test_one_floor_of_python_for_the_modules() -> None:
    mypy = configparser.ConfigParser()
    mypy.read(CHECKOUT / ".mypy.ini")
    floor = mypy["mypy"]["python_version"]
    assert read_yaml("tests/config.yml")["modules"]["python_requires"] == f">={floor}"
    ruff = tomllib.loads((CHECKOUT / "ruff.toml").read_text())
    assert ruff["target-version"] == "py" + floor.replace(".", "")


def test_the_floor_of_amazon_aws_is_what_is_tested() -> None:
    manifest = CHECKOUT / ".build" / "ansible_collections" / "amazon" / "aws" / "MANIFEST.json"
    tested = json.loads(manifest.read_text())["collection_info"]["version"]
    assert read_yaml("galaxy.yml")["dependencies"]["amazon.aws"] == f">={tested}"
