# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the scenarios on hosts rely on: a reading that has not arrived is seen, and a host that cannot run is told."""

from __future__ import annotations

import os
import pathlib
import subprocess

from tests.hosts import readings
from tests.tools.checkout import CHECKOUT


def test_a_reading_that_an_outbox_held_and_the_store_lacks_is_missing() -> None:
    held = readings.promised([[2000, '{"panelId":"mdb","meterId":"1","v1":230.0}'], [3000, '{"panelId":"mdb","meterId":"1"}']])
    assert readings.summary([("mdb/1", 1000), ("mdb/1", 2000)], held)["missing"] == [("mdb/1", 3000)]


def test_what_has_arrived_is_counted_by_meter() -> None:
    found = readings.summary([("mdb/1", 1000), ("mdb/2", 1500), ("mdb/1", 2000)], [])
    assert found == {
        "meters": {"mdb/1": {"readings": 2, "first": 1000, "last": 2000}, "mdb/2": {"readings": 1, "first": 1500, "last": 1500}},
        "missing": [],
    }


def test_a_machine_without_podman_is_told_what_it_lacks(tmp_path: pathlib.Path) -> None:
    for name in ("bash", "dirname", "realpath", "sha256sum", "cut", "env", "id"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    done = subprocess.run(
        [CHECKOUT / "tests/hosts/hosts.sh", "why-not"],
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "this machine has no podman runc mmdebstrap ssh ssh-keygen\n")
