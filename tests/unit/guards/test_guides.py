# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the README and the guides show is tried: links, names of the collection, variables of its roles, sites."""

from __future__ import annotations

import functools
import pathlib
import re
import typing as t

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.energytwin.aws.plugins.module_utils._site.parse import parse_site
from tests.tools.checkout import CHECKOUT, modules, roles
from tests.unit.guards.guides import GUIDES, blocks, role_options, text
from tests.unit.guards.test_modules import argument_spec, flat, literal

OWN = "energytwin.aws."
OWN_VARIABLES = tuple(f"{role}_" for role in roles())
SHOWING = [guide for guide in GUIDES if blocks(guide, "yaml")]
# What is around a part of a site that a guide shows: it is tried as a whole one.
METERS = [{"id": "1", "name": "Meter", "phases": 3}]
AROUND: dict[str, t.Callable[[t.Any], dict[str, t.Any]]] = {
    "site": lambda shown: {**AROUND["meters"](METERS), **shown},
    "areas": lambda shown: {"name": "Plant", "topic": "energy/plant", "areas": shown},
    "meters": lambda shown: AROUND["areas"]([{"id": "a1", "name": "A", "panels": [{"id": "p1", "name": "P", "meters": shown}]}]),
}


def anchors(guide: pathlib.Path) -> set[str]:
    """The anchors of its headings, as the usual readers of Markdown make them."""
    headings = re.findall(r"^#+ (.+)$", guide.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@functools.cache
def plugins() -> set[str]:
    files = {path.stem for kind in ("modules", "lookup", "inventory", "callback") for path in CHECKOUT.glob(f"plugins/{kind}/*.py")}
    filters = CHECKOUT.glob("plugins/filter/*.py")
    return files | {name for path in filters for name in re.findall(r'"(\w+)": ', path.read_text())}


@pytest.mark.parametrize("guide", GUIDES)
def test_every_link_leads_somewhere(guide: str) -> None:
    missing = []
    for link in re.findall(r"\]\(([^)]+)\)", text(guide)):
        path, _hash, anchor = link.partition("#")
        target = (CHECKOUT / guide).parent / path if path else CHECKOUT / guide
        if "://" not in link and not (target.exists() and (not anchor or anchor in anchors(target))):
            missing.append(link)
    assert missing == []


@pytest.mark.parametrize("guide", GUIDES)
def test_every_playbook_plugin_and_role_exists(guide: str) -> None:
    playbooks = {path.stem for path in CHECKOUT.glob("playbooks/*.yml")}
    assert set(re.findall(r"\benergytwin\.aws\.(\w+)", text(guide))) - playbooks - plugins() - set(roles()) == set()


@pytest.mark.parametrize("guide", [guide for guide in GUIDES if guide.startswith("docs/")])
def test_every_variable_of_a_role_is_one_of_its_options(guide: str) -> None:
    own = "|".join(roles())
    named = set(re.findall(rf"`((?:{own})_\w+)(?::[^`]*)?`", text(guide)))
    assert named - role_options().keys() - plugins() - {"stack_outputs"} == set()


def documents(guide: str) -> t.Iterator[t.Any]:
    for block in blocks(guide, "yaml"):
        yield from yaml.safe_load_all(block)


def faults(values: dict[str, t.Any], spec: dict[str, dict[str, t.Any]]) -> list[str]:
    return list(ArgumentSpecValidator({name: {**spec[name], "required": False} for name in values}).validate(values).error_messages)


@pytest.mark.parametrize("guide", SHOWING)
def test_a_site_or_a_part_of_one_is_what_the_collection_takes(guide: str) -> None:
    for document in documents(guide):
        for key in AROUND.keys() & set(document if isinstance(document, dict) else ()):
            parse_site(AROUND[key](document[key]), site_id="plant-north")


@pytest.mark.parametrize("guide", SHOWING)
def test_variables_of_roles_are_options_and_have_values_that_they_take(guide: str) -> None:
    known = role_options()
    for document in documents(guide):
        set_here = {
            name: value for name, value in (document.items() if isinstance(document, dict) else ()) if name.startswith(OWN_VARIABLES)
        }
        assert set_here.keys() <= known.keys()
        assert faults({name: value for name, value in set_here.items() if "{{" not in str(value)}, known) == []


@pytest.mark.parametrize("guide", SHOWING)
def test_tasks_fit_the_arguments_of_their_modules(guide: str) -> None:
    plays = [play for document in documents(guide) if isinstance(document, list) for play in document]
    for task in flat([task for play in plays for task in play.get("tasks", [play])]):
        for name in modules():
            if f"{OWN}{name}" in task:
                spec = argument_spec(name)["argument_spec"]
                given = {key: literal(value, spec.get(key)) for key, value in task[f"{OWN}{name}"].items()}
                assert not ArgumentSpecValidator(spec).validate(given).error_messages, task


def test_a_value_that_a_role_does_not_take_is_seen() -> None:
    known = role_options()
    assert faults({"edge_gateway_buses": [{"id": "a", "transport": "carrier pigeon"}]}, known)
    assert faults({"stack_no_readings_minutes": 30}, known) == []
