# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A workspace that was made by hand is taken over by a playbook, and made again from a folder of tmdt."""

from __future__ import annotations

import pathlib
import subprocess
import sys

from tests.integration.conftest import REPOSITORY, SITE, LocalCloud
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

    # The folder becomes an inventory entry, without a stack and a site model.
    written = cloud.play("export.yml", "-e", f"export_snapshot={tmp_path / 'snapshot'}", "-e", f"export_folder={tmp_path / 'exported'}")
    assert written.code == 0, written.message()
    assert written.result("Say what could not be expressed")["msg"][0].startswith(f"There is no entity '{SITE}' that could be the site")
    assert "twin_extra_entities:" in (tmp_path / "exported/host_vars" / SITE / "site.yml").read_text()


def test_a_folder_that_is_no_snapshot_is_one_sentence(tmp_path: pathlib.Path) -> None:
    message = f"msg={{{{ lookup('energytwin.aws.tmdt_snapshot', '{tmp_path}') }}}}"
    ansible = pathlib.Path(sys.executable).parent / "ansible"
    command = [str(ansible), "localhost", "-m", "ansible.builtin.debug", "-a", message]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert f"'{tmp_path}' is no snapshot of tmdt, for there is no tmdt.json in it; check the path." in " ".join(
        (done.stdout + done.stderr).split()
    )
