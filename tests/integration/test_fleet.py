# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many sites of sheets in one run, for real: a site that fails stops no other. What else playbook site does then: test_many_sites."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from tests.integration.conftest import LocalCloud, PlayResult
from tests.tools import fleet_inventory

FAULTS: dict[str, dict[str, t.Any]] = {
    "plant-001": {"preflight_account": "1"},
    "plant-002": {"twin_extra_entities": [{"entity_id": "pump", "name": "Pump", "parent_entity_id": "nowhere"}]},
}
FAULTY = "plant-004"


@pytest.fixture
def fleet(cloud: LocalCloud, tmp_path: pathlib.Path) -> LocalCloud:
    """Four sites of sheets: the first fails in the preflight, the second in its twin, the last has a fault in a sheet."""
    cloud.inventory = fleet_inventory.write(tmp_path / "fleet", sites=4, gateways=1, meters=2, variables=FAULTS)
    meters = tmp_path / f"fleet/sheets/{FAULTY}.meters.csv"
    meters.write_text(meters.read_text().replace(";eastron_sdm120;1;", ";eastron_sdm120;2;"))
    return cloud


def told(result: PlayResult) -> dict[str, tuple[str, list[str]]]:
    """(state, changed) of each site, as AWX gets them."""
    kept = result.result("Keep the summary")["ansible_stats"]["data"]["site_run"]
    return {name: (site["state"], site["changed"]) for name, site in kept["sites"].items()}


def workspaces(cloud: LocalCloud) -> list[str]:
    return sorted(found["workspaceId"] for found in cloud.client("iottwinmaker").list_workspaces()["workspaceSummaries"])


def test_a_site_that_fails_stops_no_other(fleet: LocalCloud) -> None:
    # One at a time: a batch in which all have failed does not end the run.
    result = fleet.play("site.yml", *fleet_inventory.REGION, "-e", "site_serial=1")
    assert result.code != 0
    assert told(result) == {
        "plant-001": ("failed", []),
        "plant-002": ("failed", ["stack", "twin"]),
        "plant-003": ("ok", ["stack", "twin", "dashboards"]),
        FAULTY: ("failed", []),
    }, result.output
    assert workspaces(fleet) == ["plant-002_workspace", "plant-003_workspace"]
    table = result.result("Show the summary")["msg"]
    assert "4 sites: 1 ok, 3 failed, 2 changed" in table
    assert "plant-001: Stop if something is not ready: account: 123456789012 (needed: 1)" in table
    assert "plant-002: Keep the entities" in table and "there is no entity 'nowhere' in the list or in the workspace" in table
    assert f"{FAULTY}: Its files: ../sheets/{FAULTY}.meters.csv, row 3, column F (Phases): 2 is no number of phases; write 1 or 3" in table

    # A group that the sheets make; another limit than that of the fixture, so without gateways again.
    again = fleet.play("site.yml", *fleet_inventory.REGION, "--limit", "cloud:region_eu_central_1:!gateways")
    assert (again.code, told(again)) == (0, {"plant-003": ("ok", [])}), again.output
