# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a run over many sites is told."""

from __future__ import annotations

import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.runs import NAMED_GATEWAYS, TOLD_FAILURES, site_runs, site_runs_table

FAILURE = {"where": "Keep the stack", "why": "no\n  credentials"}


def site(name: str, **variables: t.Any) -> dict[str, t.Any]:
    return {"inventory_hostname": name, "site_run_done": True, **variables}


def gateway(name: str, of: str, **variables: t.Any) -> dict[str, t.Any]:
    return {"inventory_hostname": name, "gateway_site": of, "site_run_tried": True, "site_run_done": True, **variables}


def test_a_site_is_ok_if_it_came_to_its_end_with_its_gateways() -> None:
    report = site_runs(
        [site("a", site_run_changed=["stack", "twin"]), site("b")],
        [gateway("gw-1", "a", site_run_changed=["gateway"]), gateway("gw-2", "a")],
    )
    assert (report["ok"], report["changed"], report["failed"]) == (2, 1, 0)
    assert report["sites"]["a"] == {
        "state": "ok",
        "changed": ["stack", "twin"],
        "gateways": 2,
        "gateways_changed": 1,
        "gateways_failed": 0,
        "failures": [],
    }


def test_failures_are_told_with_their_place_and_reason() -> None:
    sites = [site("a", site_run_failure=FAILURE, site_run_done=False), site("b"), site("c", site_run_done=False), site("d")]
    gateways = [
        gateway("gw-1", "b", site_run_failure={"where": "Copy it", "why": "disk full"}, site_run_done=False),
        gateway("gw-2", "b", site_run_done=False),
        gateway("gw-3", "d", site_run_tried=False, site_run_done=False),
    ]
    report = site_runs(sites, gateways)
    assert {name: one["state"] for name, one in report["sites"].items()} == {"a": "failed", "b": "failed", "c": "unfinished", "d": "ok"}
    assert (report["ok"], report["failed"]) == (1, 3)
    assert site_runs_table(report) == [
        "Site  State       Changed  Gateways",
        "----  ----------  -------  ---------",
        "a     FAILED      -        -",
        "b     FAILED      -        0 of 2 ok",
        "c     UNFINISHED  -        -",
        "d     ok          -        -",
        "",
        "4 sites: 1 ok, 3 failed, 0 changed",
        "a: Keep the stack: no credentials",
        "b: gateway gw-1: Copy it: disk full",
        "b: gateway gw-2: It could not be reached, or not to the end.",
        "c: It was not brought to its end; look at what the run says of it.",
    ]


def test_many_gateways_that_failed_are_counted() -> None:
    gateways = [gateway(f"gw-{number}", "a", site_run_done=False) for number in range(NAMED_GATEWAYS + 3)]
    (told,) = (one["failures"] for one in site_runs([site("a")], gateways)["sites"].values())
    assert len(told) == NAMED_GATEWAYS + 1
    assert told[-1] == "3 more gateways failed"


def test_many_sentences_of_one_failure_are_told_one_by_one_and_the_first_in_the_table() -> None:
    faults = [f"plant.csv, row {number}: 2 is no number of phases" for number in range(2, TOLD_FAILURES + 5)]
    report = site_runs([site("a", site_run_failure={"where": "Its files", "why": faults}, site_run_done=False), site("b")], [])
    assert report["sites"]["a"]["failures"] == [f"Its files: {fault}" for fault in faults]
    table = site_runs_table(report)
    assert table[-2] == f"a: Its files: {faults[TOLD_FAILURES - 1]}"
    assert table[-1] == "a: and 3 more; the artifact site_run has all"


def test_the_table_counts_one_as_one() -> None:
    sites = [site("a", site_run_done=True)]
    gateways = [gateway(f"gw-{number}", "a") for number in range(NAMED_GATEWAYS)]
    failing = [gateway(f"gw-x{number}", "a", site_run_done=False) for number in range(NAMED_GATEWAYS + 1)]
    table = "\n".join(site_runs_table(site_runs(sites, [{**gateways[0], "site_run_changed": ["gateway"]}, *failing])))
    assert "  1 gateway  " in table
    assert "1 more gateway failed" in table
