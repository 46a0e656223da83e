# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for every playbook that a user runs."""

from __future__ import annotations

import re

import pytest

from tests.tools.checkout import files, read_yaml

# Those that take what is no site: a folder of sheets, this machine, AWX; the others are parts of playbooks.
WITHOUT_SITES = {"awx.yml", "inventory.yml", "local_cloud.yml"}
PARTS = {"ask_gateways.yml", "simulated_meters.yml"}
PLAYBOOKS = sorted({path.name for path in files("playbooks/*.yml") if len(path.parts) == 2} - WITHOUT_SITES - PARTS)


def looks_for_sites(playbook: str) -> bool:
    imported = {re.sub(r"^.*/", "", play.get("ansible.builtin.import_playbook", "")) for play in read_yaml(f"playbooks/{playbook}")}
    return "inventory.yml" in imported or any(looks_for_sites(other) for other in imported & set(PLAYBOOKS))


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_an_inventory_without_sites_is_no_success(playbook: str) -> None:
    assert looks_for_sites(playbook)
