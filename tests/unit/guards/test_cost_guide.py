# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The example of the cost guide is what the playbook prints today."""

from __future__ import annotations

from ansible_collections.energytwin.aws.plugins.module_utils._site.cost_table import estimate_table
from ansible_collections.energytwin.aws.plugins.module_utils._site.parse import parse_site
from tests.tools.checkout import read_yaml
from tests.unit.guards.guides import blocks

EXAMPLE = "inventories/local/host_vars/example-plant/site.yml"


def test_the_table_is_the_bill_of_the_example_plant() -> None:
    [variables] = [play["vars"] for play in read_yaml("playbooks/estimate.yml") if "vars" in play]
    named = {name: variables[f"estimate_{name}"] for name in variables["estimate_usage"] if f"estimate_{name}" in variables}
    hours = read_yaml("roles/stack/defaults/main.yml")["stack_memory_retention_hours"]
    site = parse_site(read_yaml(EXAMPLE)["site"], site_id="example-plant")
    lines = estimate_table(site, {**named, "memory_hours": hours, "gateways": 2}, read_yaml("playbooks/vars/prices.yml")["estimate_prices"])
    [shown] = blocks("docs/cost.md", "text")
    assert shown.splitlines() == lines[2 : lines.index("", 3)]
