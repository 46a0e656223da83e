# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many sites: what the inventory of a fleet takes, what a check takes for each site, and a run that changes nothing."""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from tests.integration.conftest import WITH_MITOGEN, LocalCloud
from tests.tools import fleet_inventory, make_fleet
from tests.tools.checkout import CHECKOUT

FLEET, QUARTER = 200, 50
GATEWAYS, METERS = 10, 200
# Runs over so many sites: what one more site takes is to be the same at any number of them.
FEW, SOME, MANY = 1, 3, 5
SITE_METERS = 100
# A command whose output goes to a file, and then what it took: exit code, processor seconds, and the peak of its largest process in MiB.
MEASURED = """
import resource, subprocess, sys
with open(sys.argv[1], "w") as output:
    code = subprocess.run(sys.argv[2:], stdout=output).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(code, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
"""


@dataclasses.dataclass(frozen=True)
class Took:
    """What a command printed, and what it took. rss: of its largest process, at its peak, in MiB."""

    output: str
    code: int
    seconds: float
    processor_seconds: float
    rss: float


def bench_fleet_inventory() -> dict[str, float]:
    """fleet_inventory_cpu_seconds, fleet_inventory_rss_mib: ``ansible-inventory --list`` of 200 sites with 40,000 meters.

    fleet_inventory_growth: processor time per site of all against that of a quarter of them; 1 is linear growth.
    """
    whole, quarter = _list(FLEET), _list(QUARTER)
    return {
        "fleet_inventory_cpu_seconds": whole.processor_seconds,
        "fleet_inventory_rss_mib": whole.rss,
        "fleet_inventory_growth": (whole.processor_seconds / FLEET) / (quarter.processor_seconds / QUARTER),
    }


def bench_fleet_runs() -> dict[str, float]:
    """Of sites with 100 meters each that are as they should be; without their gateways. All but the first are of ``site.yml --check``.

    site_second_run_seconds, site_second_run_cpu_seconds: wall and processor time of ``site.yml`` over one, the latter without that of the
    local cloud. site_second_run_mitogen_ratio: the latter with Mitogen against that without. fleet_plan_seconds_per_site: wall time that one
    more site adds, from 1 site to 5. fleet_plan_growth: processor time that a site adds from 3 to 5 against that from 1 to 3; 1 is linear
    growth. fleet_plan_rss_mib, fleet_plan_rss_growth_mib: peak memory of the controller's largest process with 5 sites, and what each site
    adds to it. An account has room for 5 workspaces of Managed Grafana, unless AWS has raised that.
    """
    with _deployed(MANY, SITE_METERS) as cloud:
        again = _run(cloud, 1)
        with_mitogen = _run(cloud, 1, environment=WITH_MITOGEN)
        few, some, many = (_run(cloud, count, "--check") for count in (FEW, SOME, MANY))
    first = (some.processor_seconds - few.processor_seconds) / (SOME - FEW)
    second = (many.processor_seconds - some.processor_seconds) / (MANY - SOME)
    return {
        "site_second_run_seconds": again.seconds,
        "site_second_run_cpu_seconds": again.processor_seconds,
        "site_second_run_mitogen_ratio": with_mitogen.processor_seconds / again.processor_seconds,
        "fleet_plan_seconds_per_site": (many.seconds - few.seconds) / (MANY - FEW),
        "fleet_plan_growth": second / first,
        "fleet_plan_rss_mib": many.rss,
        "fleet_plan_rss_growth_mib": (many.rss - few.rss) / (MANY - FEW),
    }


def _list(sites: int) -> Took:
    with tempfile.TemporaryDirectory() as name:
        inventory = fleet_inventory.write_source(pathlib.Path(name), sites, GATEWAYS, METERS)
        took = _measured(dict(os.environ), "ansible-inventory", "-i", str(inventory), "--list")
    assert took.code == 0
    return took


def _measured(environment: c.Mapping[str, str], program: str, *arguments: str) -> Took:
    """Run one of Ansible's programs."""
    with tempfile.TemporaryDirectory() as name:
        output = pathlib.Path(name) / "output"
        command = [str(output), str(pathlib.Path(sys.executable).parent / program), *arguments]
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, *command], cwd=CHECKOUT, env=environment, stdout=subprocess.PIPE, text=True, check=True
        )
        seconds = time.perf_counter() - began
        code, processor_seconds, rss = done.stdout.split()
        return Took(output.read_text(), int(code), seconds, float(processor_seconds), float(rss))


@contextlib.contextmanager
def _deployed(sites: int, meters: int) -> c.Iterator[LocalCloud]:
    """A local cloud with so many sites on it, each with two gateways, which are left alone."""
    with tempfile.TemporaryDirectory() as name:
        cloud = LocalCloud(pathlib.Path(name) / "cloud")
        cloud.inventory = fleet_inventory.write(pathlib.Path(name) / "fleet", sites, gateways=2, meters=meters)
        try:
            _run(cloud, sites)
            yield cloud
        finally:
            cloud.stop()


def _run(cloud: LocalCloud, sites: int, *arguments: str, environment: c.Mapping[str, str] | None = None) -> Took:
    """A run over the first sites, which has to end well."""
    limit = ",".join(["cloud", *(make_fleet.site_name(number) for number in range(1, sites + 1))])
    whole = {**os.environ, "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json", "ANSIBLE_FORCE_COLOR": "0", **(environment or {})}
    command = ["-i", str(cloud.inventory), "playbooks/site.yml", *cloud.arguments(), *fleet_inventory.REGION, "--limit", limit]
    took = _measured(whole, "ansible-playbook", *command, *arguments)
    assert took.code == 0, took.output[-2000:]
    counts = json.loads(took.output[took.output.index("{") :])["stats"]
    changed = sum(host["changed"] for host in counts.values())
    print(
        f"  {sites} sites {' '.join(arguments)}: {took.seconds:.1f} s, of the processor {took.processor_seconds:.1f} s, {took.rss:.0f} MiB,"
        f" {changed} changed"
    )
    return took
