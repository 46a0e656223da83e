# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many sites: what the inventory of a fleet takes."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import tempfile

from tests.tools import make_fleet
from tests.tools.checkout import CHECKOUT

FLEET, QUARTER = 200, 50
GATEWAYS, METERS = 10, 200
LIST = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
"""


def bench_inventory() -> dict[str, float]:
    """fleet_inventory_cpu_seconds, fleet_inventory_rss_mib: ``ansible-inventory --list`` of 200 sites with 40,000 meters.

    fleet_inventory_growth: processor time per site of all against that of a quarter of them; 1 is linear growth.
    """
    seconds, rss = _list(FLEET)
    quarter, _rss = _list(QUARTER)
    return {
        "fleet_inventory_cpu_seconds": seconds,
        "fleet_inventory_rss_mib": rss,
        "fleet_inventory_growth": (seconds / FLEET) / (quarter / QUARTER),
    }


def _list(sites: int) -> tuple[float, float]:
    """(processor seconds, MiB) of listing an inventory of so many sites."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_fleet.write(folder / "sheets", sites, GATEWAYS, METERS)
        (folder / "inventory").mkdir()
        source = (CHECKOUT / "inventories/example_fleet/10-sites.yml").read_text().replace("../../.cache/example_fleet", "../sheets")
        (folder / "inventory/10-sites.yml").write_text(source)
        program = str(pathlib.Path(sys.executable).parent / "ansible-inventory")
        command = [sys.executable, "-c", LIST, program, "-i", str(folder / "inventory"), "--list"]
        done = subprocess.run(command, cwd=CHECKOUT, env=dict(os.environ), capture_output=True, text=True, check=True)
    seconds, rss = map(float, done.stdout.split())
    return seconds, rss
