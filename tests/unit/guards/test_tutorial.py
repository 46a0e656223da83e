# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who copies the files of the tutorial has an inventory that works."""

from __future__ import annotations

import configparser
import pathlib
import re

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.vars.manager import VariableManager

from ansible_collections.energytwin.aws.plugins.module_utils._site.gateways import gateway_faults
from ansible_collections.energytwin.aws.plugins.module_utils._site.parse import parse_site
from tests.tools.checkout import CHECKOUT, files
from tests.unit.guards.guides import blocks

FOLDER = "plants"


@pytest.fixture
def written(tmp_path: pathlib.Path) -> pathlib.Path:
    """The tutorial's folder: each block that begins with the name of its file."""
    for block in blocks("docs/tutorial.md", "yaml"):
        named = re.match(rf"# ({FOLDER}/\S+)\n", block)
        assert named, f"it does not say in which file it stands: {block}"
        path = tmp_path / named[1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block)
    return tmp_path / FOLDER


def test_its_settings_of_ansible_are_those_that_the_demo_has() -> None:
    shown, own = (configparser.ConfigParser(), configparser.ConfigParser())
    [block] = blocks("docs/tutorial.md", "ini")
    shown.read_string(block)
    own.read(CHECKOUT / "ansible.cfg")
    assert {(section, *item) for section in shown.sections() for item in shown.items(section)} <= {
        (section, *item) for section in own.sections() for item in own.items(section)
    }
    assert shown["defaults"]["callback_result_format"] == "yaml", "else tables are shown as one long line"


def test_the_inventory_of_the_tutorial_has_a_site_whose_gateway_reads_its_meters(written: pathlib.Path) -> None:
    loader = DataLoader()
    inventory = InventoryManager(loader=loader, sources=[str(written)])
    variables = VariableManager(loader=loader, inventory=inventory)
    [site_host], [gateway_host] = (inventory.get_hosts(group) for group in ("sites", "gateways"))
    of_site, of_gateway = (variables.get_vars(host=host) for host in (site_host, gateway_host))

    site = parse_site(of_site["site"], site_id=site_host.name, gateways={gateway_host.name})
    assert of_gateway["gateway_site"] == site_host.name
    assert of_site["aws_environment"] == {"AWS_REGION": "eu-central-1"}
    models = {path.stem for path in files("roles/edge_gateway/files/meter_models/*.yml")}
    assert models
    assert gateway_faults(site, gateway_host.name, of_gateway["edge_gateway_buses"], models) == []
