# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What gateways say, and what that means."""

from __future__ import annotations

import pytest

from ansible_collections.energytwin.aws.plugins.module_utils._preflight.checks import BAD, GOOD, UNKNOWN
from ansible_collections.energytwin.aws.plugins.module_utils._preflight.gateways import gateway_checks, site_checks, variable_checks
from ansible_collections.energytwin.aws.plugins.module_utils._preflight.table import preflight_failures


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


def test_a_fault_of_the_site_is_told_with_its_own_remedy() -> None:
    (check,) = site_checks(["areas[0].name: is missing; write a text"])
    assert (check.found, check.remedy) == ("areas[0].name: is missing", "write a text")
    assert preflight_failures([check.plain()]) == ["site: areas[0].name: is missing; write a text."]


KNOWN = ("stack_storage", "stack_state", "dashboards_alerts", "gateway_site", "edge_gateway_buses")


@pytest.mark.parametrize(
    ("variable", "meant"),
    [("stack_storge", "stack_storage"), ("dashboard_alerts", "dashboards_alerts"), ("gateway-site", "gateway_site")],
)
def test_a_mistyped_variable_is_told_with_what_it_was_meant_to_be(variable: str, meant: str) -> None:
    (check,) = variable_checks(["site", variable, variable], KNOWN)
    assert (check.what, check.outcome, check.remedy) == (f"variable {variable}", UNKNOWN, f"did you mean {meant}?")
    assert preflight_failures([check.plain()]) == [], "it may be a variable of the user's own"


@pytest.mark.parametrize("variable", [*KNOWN, "stack_outputs", "gateway_model", "ansible_host", "__stack_state", "plant_manager"])
def test_other_variables_are_nobodys_business(variable: str) -> None:
    assert variable_checks([variable], KNOWN) == []
