# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An inventory of sheets, as that of the example fleet, for a local cloud: for tests and benchmarks."""

from __future__ import annotations

import pathlib
import typing as t

import yaml

from tests.tools import make_fleet
from tests.tools.checkout import CHECKOUT

# The local cloud is in one region, and so are its sites; a variable of the command line is stronger than what the sheets say.
REGION = ("-e", "aws_region=eu-central-1")


def write(
    folder: pathlib.Path, sites: int, gateways: int, meters: int, variables: dict[str, dict[str, t.Any]] | None = None
) -> pathlib.Path:
    """The folder of an inventory with so many sites, each with so many gateways and meters; the sheets are in ``sheets`` beside it.

    The settings are those of inventories/local. variables: of sites, by their names.
    """
    inventory = write_source(folder, sites, gateways, meters)
    (inventory / "group_vars").symlink_to(CHECKOUT / "inventories/local/group_vars")
    hosts = {"local_cloud": {"hosts": {"cloud": {}}}, "sites": {"hosts": variables or {}}}
    (inventory / "20-hosts.yml").write_text(yaml.safe_dump({"all": {"children": hosts}}))
    return inventory


def write_source(folder: pathlib.Path, sites: int, gateways: int, meters: int) -> pathlib.Path:
    """The same with nothing but the sheets, and the source of the example fleet that reads them."""
    make_fleet.write(folder / "sheets", sites, gateways, meters)
    inventory = folder / "inventory"
    inventory.mkdir()
    source = (CHECKOUT / "inventories/example_fleet/10-sites.yml").read_text()
    (inventory / "10-sites.yml").write_text(source.replace("../../.cache/example_fleet", "../sheets"))
    return inventory
