# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A workspace that was made by hand is taken over by a playbook, and made again from a folder of tmdt."""

from __future__ import annotations

import pathlib

from tests.integration.conftest import LocalCloud
from tests.unit.plugins.modules.clouds import furnish
from tests.unit.plugins.modules.rich_workspace import make_rich


def test_a_playbook_takes_a_workspace_over_and_makes_a_copy(cloud: LocalCloud, tmp_path: pathlib.Path) -> None:
    cloud.start()
    furnish(cloud)
    cloud.client("s3").create_bucket(Bucket="other-twin", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    make_rich(cloud)

    def adopt() -> list[str]:
        result = cloud.play("tests/integration/adopt.yml", "-e", f"adopt_folder={tmp_path / 'snapshot'}")
        assert result.code == 0, result.output
        return result.changed_tasks()

    first = adopt()
    assert "Read the workspace" in first, "it writes the folder"
    assert not [task for task in first if task.startswith("Keep")]
    assert first.count("Bring a component type") == 4, "those of the copy"
    assert {"Bring its entities", "Bring its scenes"} <= set(first)
    assert adopt() == []
