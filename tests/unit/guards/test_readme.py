# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The README is read by newcomers first: what it shows is tried."""

from __future__ import annotations

import pathlib
import re

import yaml

from ansible_collections.energytwin.aws.plugins.module_utils._site.fields import Problems
from ansible_collections.energytwin.aws.plugins.module_utils._site.parse import parse_site
from ansible_collections.energytwin.aws.plugins.plugin_utils._sheets.fleet import read_fleet

REPOSITORY = pathlib.Path(__file__).parents[3]
README = (REPOSITORY / "README.md").read_text()


def test_the_site_that_the_readme_shows_is_a_site() -> None:
    (shown,) = (block for block in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL) if "site:" in block)
    site = parse_site(yaml.safe_load(shown)["site"], site_id="plant-north")
    assert [area.id for area in site.areas[0].areas] == ["compressors"]


def test_every_module_of_the_collection_is_named() -> None:
    modules = {path.stem for path in (REPOSITORY / "plugins/modules").glob("*.py")}
    named = set(re.findall(r"`(\w+)`", README))
    assert {module for module in modules if not module.endswith("_info")} <= named


def test_every_playbook_for_users_has_its_line() -> None:
    named = re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE)
    playbooks = {path.stem for path in (REPOSITORY / "playbooks").glob("*.yml")}
    # These are parts of others.
    assert playbooks - set(named) == {"ask_gateways", "inventory", "local_cloud", "simulated_meters"}


def test_the_sheet_that_the_readme_shows_is_a_site(tmp_path: pathlib.Path) -> None:
    (shown,) = (block for block in re.findall(r"```text\n(.*?)```", README, re.DOTALL) if block.startswith("Site;"))
    (tmp_path / "plant-north.csv").write_text(shown)
    (host,) = read_fleet([("plant-north.csv", tmp_path / "plant-north.csv")], {"topic": "energy/{site}"}, [], Problems())
    assert (host.variables["site"]["name"], list(host.gateways), host.faults) == ("Plant north", ["gw-1"], [])
