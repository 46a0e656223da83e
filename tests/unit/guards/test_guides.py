# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the README and the guides show is tried: links, names of the collection, variables of its roles, sites."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest
import yaml

from ansible_collections.energytwin.aws.plugins.module_utils._site.parse import parse_site

REPOSITORY = pathlib.Path(__file__).parents[3]
GUIDES = sorted(
    path.relative_to(REPOSITORY).as_posix()
    for path in (*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md"), *REPOSITORY.glob("roles/*/*.md"))
)
ROLES = sorted(path.name for path in (REPOSITORY / "roles").iterdir())


def text(guide: str) -> str:
    return (REPOSITORY / guide).read_text()


def blocks(guide: str, language: str) -> list[str]:
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", text(guide), re.DOTALL | re.MULTILINE)


def anchors(guide: pathlib.Path) -> set[str]:
    """The anchors of its headings, as the usual readers of Markdown make them."""
    headings = re.findall(r"^#+ (.+)$", guide.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def plugins() -> set[str]:
    files = {path.stem for kind in ("modules", "lookup", "inventory", "callback") for path in REPOSITORY.glob(f"plugins/{kind}/*.py")}
    filters = REPOSITORY.glob("plugins/filter/*.py")
    return files | {name for path in filters for name in re.findall(r'"(\w+)": ', path.read_text())}


def role_options() -> set[str]:
    specs = (yaml.safe_load((REPOSITORY / "roles" / role / "meta/argument_specs.yml").read_text()) for role in ROLES)
    return {option for spec in specs for entry in spec["argument_specs"].values() for option in entry.get("options", {})}


@pytest.mark.parametrize("guide", GUIDES)
def test_every_link_leads_somewhere(guide: str) -> None:
    missing = []
    for link in re.findall(r"\]\(([^)]+)\)", text(guide)):
        path, _hash, anchor = link.partition("#")
        target = (REPOSITORY / guide).parent / path if path else REPOSITORY / guide
        if "://" not in link and not (target.exists() and (not anchor or anchor in anchors(target))):
            missing.append(link)
    assert missing == []


@pytest.mark.parametrize("guide", GUIDES)
def test_every_playbook_plugin_and_role_exists(guide: str) -> None:
    playbooks = {path.stem for path in REPOSITORY.glob("playbooks/*.yml")}
    assert set(re.findall(r"\benergytwin\.aws\.(\w+)", text(guide))) - playbooks - plugins() - set(ROLES) == set()


@pytest.mark.parametrize("guide", [guide for guide in GUIDES if guide.startswith("docs/")])
def test_every_variable_of_a_role_is_one_of_its_options(guide: str) -> None:
    known = role_options()
    own = "|".join(sorted(ROLES))
    named = set(re.findall(rf"`((?:{own})_\w+)(?::[^`]*)?`", text(guide)))
    assert named - known - plugins() - {"stack_outputs"} == set()


@pytest.mark.parametrize("guide", [guide for guide in GUIDES if blocks(guide, "yaml")])
def test_what_is_shown_as_yaml_is_yaml_and_a_whole_site_is_a_site(guide: str) -> None:
    for block in blocks(guide, "yaml"):
        for document in yaml.safe_load_all(block):
            site: t.Any = document.get("site") if isinstance(document, dict) else None
            if isinstance(site, dict) and "areas" in site:
                gateways = set(re.findall(r"gateway: (gw-\w+)", block))
                parse_site(site, site_id="plant-north", gateways=gateways)
