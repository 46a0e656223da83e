# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What gateways say, and what that means."""

from __future__ import annotations

import pytest

from ansible_collections.energytwin.aws.plugins.module_utils._preflight.checks import BAD, GOOD, UNKNOWN
from ansible_collections.energytwin.aws.plugins.module_utils._preflight.gateways import gateway_checks, site_checks


def said(output: str) -> dict[str, tuple[str, str]]:
    checks = gateway_checks([{"gateway": "gw", "reachable": True, "output": output, "message": ""}], tolerance=60)
    return {check.what.removeprefix("gateway gw").lstrip(": "): (check.outcome, check.found) for check in checks}


@pytest.mark.parametrize(
    ("output", "python", "clock"),
    [
        ("asked=1000 time=1003 python=3.11.2\n", (GOOD, "3.11.2"), (GOOD, "agrees with this machine's")),
        ("asked=1000 time=1060 python=3.10.0\r\n", (GOOD, "3.10.0"), (GOOD, "agrees with this machine's")),
        ("asked=1000 time=1061 python=3.9.2", (BAD, "3.9.2"), (BAD, "61 s ahead")),
        ("asked=1000 time=10 python=", (BAD, "none"), (BAD, "990 s behind")),
        ("asked=1000 time= python=2.7.18", (BAD, "2.7.18"), (BAD, "cannot be read")),
        ("sh: syntax error", (BAD, "none"), (BAD, "cannot be read")),
    ],
)
def test_reads_python_and_clock(output: str, python: tuple[str, str], clock: tuple[str, str]) -> None:
    assert said(output) == {"": (GOOD, "reachable"), "python": python, "clock": clock}


def test_a_gateway_that_cannot_be_reached_is_bad_and_says_why_on_one_line() -> None:
    (check,) = gateway_checks([{"gateway": "gw", "reachable": False, "output": "", "message": "Failed to connect:\n refused"}], 60)
    assert (check.outcome, check.found) == (BAD, "Failed to connect: refused")


def test_a_gateway_that_was_not_asked_is_not_known() -> None:
    assert [check.outcome for check in gateway_checks([{"gateway": "gw"}], 60)] == [UNKNOWN]


def test_a_row_for_each_fault_of_the_site() -> None:
    assert [(check.outcome, check.found) for check in site_checks(["a is wrong.", "b is wrong"])] == [
        (BAD, "a is wrong"),
        (BAD, "b is wrong"),
    ]
    assert [check.outcome for check in site_checks([])] == [GOOD]
