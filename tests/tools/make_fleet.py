# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""make_fleet [--sites N] [--gateways N] [--meters N] FOLDER: the sheets of a fleet, in the forms in which lists of meters arrive.

The same numbers give the same sheets, but for the times in Excel's workbooks. The sites are plant-001 and so on; gateways and meters are
those of each site. Most sites are CSV files, some Excel workbooks or YAML files.
"""

from __future__ import annotations

import argparse
import pathlib
import shutil
import sys
import typing as t

import yaml

from ansible_collections.energytwin.aws.plugins.module_utils._site.parse import parse_site
from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import plain
from tests.tools import sheets

Plain = dict[str, t.Any]

REGIONS = ("eu-central-1", "us-east-1", "ap-southeast-2")
GATEWAY_MODELS = ("revpi_connect_4", "moxa_uc_2100", "siemens_iot2050")
METER_MODELS = (("eastron_sdm630", 3), ("eastron_sdm120", 1), ("schneider_pm5000", 3), ("abb_b23", 3))
METERS_PER_PANEL = 25
PANELS_PER_AREA = 2
CANARIES = 2
EARLY = 0.1
# Of ten sites, which have a workbook, and which a YAML file; the others have CSV files.
WORKBOOKS, YAML_FILES = (3, 7), (9,)


def site(number: int, gateways: int, meters: int) -> tuple[Plain, dict[str, Plain]]:
    """(site, gateways): a site with so many gateways and meters, and what is said of the gateways, by name."""
    site_id = site_name(number)
    names = [f"gw-{number:03}-{index:02}" for index in range(1, gateways + 1)]
    listed = [_meter(index, names[index % gateways], index // gateways + 1) for index in range(meters)]
    panels = [
        {"id": f"db-{index + 1}", "name": f"Distribution board {index + 1}", "meters": listed[start : start + METERS_PER_PANEL]}
        for index, start in enumerate(range(0, meters, METERS_PER_PANEL))
    ]
    areas = [
        {
            "id": f"hall-{index + 1}",
            "name": f"Hall {index + 1}",
            "position": [40.0 * index, 0.0, 0.0],
            "panels": panels[start : start + PANELS_PER_AREA],
        }
        for index, start in enumerate(range(0, len(panels), PANELS_PER_AREA))
    ]
    data = {"name": f"Plant {number}", "topic": f"energy/{site_id}", "people": [{"user": "plant.manager", "role": "admin"}], "areas": areas}
    # Addresses of the network that is kept for documentation (RFC 2544).
    hosts = {
        name: {
            "model": GATEWAY_MODELS[index % len(GATEWAY_MODELS)],
            "host": f"198.{18 + number // 256}.{number % 256}.{index + 1}",
            "buses": [{"id": "rs485", "transport": "rtu", "device": "/dev/ttyUSB0", "baudrate": 19200}],
        }
        for index, name in enumerate(names)
    }
    return plain(parse_site(data, site_id, names)), hosts


def site_name(number: int) -> str:
    return f"plant-{number:03}"


def said(number: int, sites: int) -> dict[str, str]:
    """The region and the ring of a site: a few canaries, some early ones, then the others."""
    ring = "canary" if number <= CANARIES else "early" if number <= CANARIES + EARLY * sites else "general"
    return {"region": REGIONS[number % len(REGIONS)], "ring": ring}


def write(folder: pathlib.Path, sites: int, gateways: int, meters: int) -> None:
    """Write the sheets of all sites into a folder, in the place of what is there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for number in range(1, sites + 1):
        data, hosts = site(number, gateways, meters)
        _write_site(folder / data["id"], number, data, hosts, said(number, sites))


def _meter(index: int, gateway: str, unit: int) -> Plain:
    model, phases = METER_MODELS[index % len(METER_MODELS)]
    limits = {"kW": {"warning": 40.5, "alarm": 48.0}} if phases == 3 else {}
    return {
        "id": str(index + 1),
        "name": f"Load {index + 1}",
        "model": model,
        "phases": phases,
        "gateway": gateway,
        "address": f"rs485/{unit}",
        "limits": limits,
    }


def _write_site(base: pathlib.Path, number: int, data: Plain, hosts: dict[str, Plain], of_site: dict[str, str]) -> None:
    tables = sheets.tables(data, of_site, hosts)
    if number % 10 in YAML_FILES:
        content = {**of_site, "site": data, "gateways": hosts}
        base.with_suffix(".yml").write_text(yaml.dump(content, Dumper=_DUMPER, sort_keys=False, allow_unicode=True))
    elif number % 10 in WORKBOOKS:
        base.with_suffix(".xlsx").write_bytes(sheets.as_xlsx(tables))
    else:
        for name, rows in tables.items():
            # As a spreadsheet in Germany writes it.
            base.with_name(f"{base.name}.{name}.csv").write_bytes(sheets.as_csv(rows, ";", ","))


_DUMPER: t.Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--sites", type=int, default=200)
    parser.add_argument("--gateways", type=int, default=10)
    parser.add_argument("--meters", type=int, default=200)
    given = parser.parse_args(arguments)
    write(given.folder, given.sites, given.gateways, given.meters)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
