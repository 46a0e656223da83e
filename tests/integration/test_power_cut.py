# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cloud goes down while a site is made."""

from __future__ import annotations

import time

import pytest

from tests.integration.conftest import SITE, LocalCloud

WORKSPACE = f"{SITE}_workspace"


@pytest.mark.parametrize("moment", ["stack", "entities", "verify"])
def test_a_power_cut_in_the_middle_is_made_good_by_the_next_run(cloud: LocalCloud, moment: str) -> None:
    """kill -9 of the cloud while site.yml works on it, restart, rerun: the same end state as without the cut."""
    cloud.start()
    reached = {
        "stack": lambda: bool(cloud.client("iam").list_roles()["Roles"]),
        "entities": lambda: len(entities(cloud)) >= 3,
        "verify": lambda: bool(cloud.client("iot").list_certificates()["certificates"]),
    }[moment]
    process = cloud.start_play("site.yml")
    while process.poll() is None and not reached():
        time.sleep(0.02)
    cloud.kill()
    process.communicate(timeout=900)
    cloud.start()
    again = cloud.play("site.yml")
    assert again.code == 0, again.message()
    assert len(entities(cloud)) == 11
    third = cloud.play("site.yml")
    assert (third.code, third.changed_tasks()) == (0, [])


def entities(cloud: LocalCloud) -> list[str]:
    twin = cloud.client("iottwinmaker")
    try:
        return [e["entityId"] for e in twin.list_entities(workspaceId=WORKSPACE, maxResults=200)["entitySummaries"]]
    except (twin.exceptions.ResourceNotFoundException, twin.exceptions.ValidationException):
        return []
