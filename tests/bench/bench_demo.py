# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo once more on a cloud that has it already: what a user waits for when nothing changes."""

from __future__ import annotations

import pathlib
import tempfile
import time

from tests.integration.conftest import LocalCloud


def bench_demo() -> dict[str, float]:
    """demo_second_run_seconds: wall time of ``make demo``'s playbook with nothing to change."""
    with tempfile.TemporaryDirectory() as folder:
        cloud = LocalCloud(pathlib.Path(folder) / "cloud", gateways=True)
        try:
            assert cloud.play("demo.yml").code == 0
            began = time.perf_counter()
            again = cloud.play("demo.yml")
            seconds = time.perf_counter() - began
        finally:
            cloud.stop()
    assert (again.code, again.changed_tasks()) == (0, [])
    return {"demo_second_run_seconds": seconds}
