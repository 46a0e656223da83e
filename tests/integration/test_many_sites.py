# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What playbook site does with many sites: with roles that only say what they would do, for it is about their order and their failures."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest
import yaml

from tests.integration.conftest import REPOSITORY, PlayResult

ROLES = ("preflight", "stack", "twin", "dashboards", "edge_gateway", "verify", "local_cloud")
SITES = ("plant-a", "plant-b", "plant-c", "plant-d")
# Nothing listens on port 1.
SILENT = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}


def tasks(role: str) -> list[dict[str, t.Any]]:
    """A role that changes something and breaks where the host's variables name it, and that needs a connection where they say so."""
    return [
        {"name": "Work", "ansible.builtin.debug": {"msg": role}, "changed_when": f"'{role}' in (changes | default([]))"},
        {"name": "Connect", "ansible.builtin.ping": None, "when": f"'{role}' in (connects | default([]))"},
        {
            "name": "Break",
            "ansible.builtin.fail": {"msg": [f"The {role} is broken.", "Mend it."]},
            "when": f"'{role}' in (breaks | default([]))",
        },
    ]


class Fleet:
    """The collection with such roles, and an inventory."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        collection = folder / "ansible_collections/energytwin/aws"
        collection.mkdir(parents=True)
        for name in ("plugins", "playbooks", "meta", "galaxy.yml"):
            (collection / name).symlink_to(REPOSITORY / name)
        for role in ROLES:
            (collection / "roles" / role / "tasks").mkdir(parents=True)
            (collection / "roles" / role / "tasks/main.yml").write_text(yaml.safe_dump(tasks(role)))
        (collection / "roles/preflight/tasks/gateway.yml").write_text(yaml.safe_dump(tasks("gateway")))

    def tag(self, role: str, tag: str) -> None:
        """Give the tasks of a role a tag."""
        tagged = [{**task, "tags": [tag]} for task in tasks(role)]
        (self.folder / "ansible_collections/energytwin/aws/roles" / role / "tasks/main.yml").write_text(yaml.safe_dump(tagged))

    def run(
        self,
        sites: dict[str, dict[str, t.Any]],
        gateways: dict[str, dict[str, t.Any]],
        *arguments: str,
        playbook: str = "site",
        variables: dict[str, t.Any] | None = None,
    ) -> PlayResult:
        """sites, gateways: the variables of hosts. variables: those of all hosts."""
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        hosts = {"sites": {"hosts": {name: sites.get(name, {}) for name in SITES}}, "gateways": {"hosts": gateways}}
        (self.folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"vars": {**local, **(variables or {})}, "children": hosts}}))
        program = str(pathlib.Path(sys.executable).parent / "ansible-playbook")
        done = subprocess.run(
            [program, "-i", str(self.folder / "hosts.yml"), f"energytwin.aws.{playbook}", *arguments],
            cwd=self.folder,
            env={
                **os.environ,
                "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join([str(self.folder), str(REPOSITORY / ".build")]),
                "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
                "ANSIBLE_FORCE_COLOR": "0",
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert "{" in done.stdout, done.stderr
        return PlayResult(done.returncode, json.loads(done.stdout[done.stdout.index("{") :]), done.stdout + done.stderr)


@pytest.fixture
def fleet(tmp_path: pathlib.Path) -> Fleet:
    return Fleet(tmp_path)


def states(result: PlayResult) -> dict[str, str]:
    """The state of each site, as AWX gets it."""
    return {name: site["state"] for name, site in summary(result)["sites"].items()}


def summary(result: PlayResult) -> dict[str, t.Any]:
    return result.result("Keep the summary")["ansible_stats"]["data"]["site_run"]


def worked(result: PlayResult, role: str) -> list[str]:
    return [host for task, host, ran in result.tasks() if task.endswith(f"{role} : Work") and not ran.get("skipped")]


# One at a time, a batch in which all fail must not end the run.
@pytest.mark.parametrize("serial", [[], ["-e", "site_serial=1"]], ids=["at once", "one at a time"])
def test_a_site_that_fails_stops_no_other(fleet: Fleet, serial: list[str]) -> None:
    sites = {
        "plant-a": {"breaks": ["preflight"]},
        "plant-b": {"breaks": ["twin"], "changes": ["stack"]},
        "plant-c": {"changes": ["twin", "dashboards"]},
    }
    gateways: dict[str, dict[str, t.Any]] = {f"gw-{letter}": {"gateway_site": f"plant-{letter}"} for letter in "abcd"}
    gateways["gw-d"]["changes"] = ["edge_gateway"]
    result = fleet.run(sites, gateways, *serial)
    assert result.code == 2
    assert states(result) == {"plant-a": "failed", "plant-b": "failed", "plant-c": "ok", "plant-d": "ok"}
    assert (summary(result)["ok"], summary(result)["failed"], summary(result)["changed"]) == (2, 2, 3)
    assert summary(result)["sites"]["plant-b"]["failures"] == ["Break: The twin is broken.", "Break: Mend it."]
    assert [summary(result)["sites"][site]["changed"] for site in SITES] == [[], ["stack"], ["twin", "dashboards"], []]
    assert summary(result)["sites"]["plant-d"]["gateways_changed"] == 1
    assert (worked(result, "stack"), worked(result, "dashboards")) == (["plant-b", "plant-c", "plant-d"], ["plant-c", "plant-d"])
    assert (worked(result, "edge_gateway"), worked(result, "verify")) == (["gw-c", "gw-d"], ["plant-c", "plant-d"])
    assert {host for host, counts in result.report["stats"].items() if counts["failures"]} == {"plant-a", "plant-b"}


def test_a_gateway_that_fails_is_a_failure_of_its_site_only(fleet: Fleet) -> None:
    silent = {"connects": ["edge_gateway"], **SILENT}
    gateways: dict[str, dict[str, t.Any]] = {"gw-a": {"breaks": ["edge_gateway"]}, "gw-b": silent, "gw-c": {}}
    result = fleet.run({}, {name: {"gateway_site": f"plant-{name[-1]}", **variables} for name, variables in gateways.items()})
    assert result.code != 0
    assert states(result) == {"plant-a": "failed", "plant-b": "failed", "plant-c": "ok", "plant-d": "ok"}
    assert worked(result, "verify") == list(SITES)
    table = result.result("Show the summary")["msg"]
    assert "plant-a: gateway gw-a: Break: The edge_gateway is broken." in table
    assert "plant-b: gateway gw-b: It could not be reached, or not to the end." in table


def test_the_summary_comes_where_no_gateway_can_be_reached(fleet: Fleet) -> None:
    gateways = {f"gw-{letter}": {"gateway_site": f"plant-{letter}", "connects": ["edge_gateway"], **SILENT} for letter in "ab"}
    result = fleet.run({}, gateways)
    assert result.code != 0
    assert states(result) == {"plant-a": "failed", "plant-b": "failed", "plant-c": "ok", "plant-d": "ok"}
    assert {host for host, counts in result.report["stats"].items() if counts["unreachable"]} == {"gw-a", "gw-b"}
    assert (worked(result, "edge_gateway"), worked(result, "verify")) == (["gw-a", "gw-b"], list(SITES))


# A region that is not known would be told in the place of the faults; and a run of some tags leaves out the preflight. Faults of files are
# known before anything is done, so they do not end a rollout.
@pytest.mark.parametrize("arguments", [["-e", "site_max_failed=1"], ["--tags", "one"]], ids=["all", "some tags"])
def test_a_site_with_faulty_files_fails_alone_and_with_these_faults(fleet: Fleet, arguments: list[str]) -> None:
    fleet.tag("twin", "one")
    faults = [
        "../sheets/plant-b.csv, row 2, column E (Phases): 2 is no number of phases; write 1 or 3",
        "../sheets/plant-b.csv, topic: is missing",
    ]
    regions = {name: {"aws_region": "eu-central-1"} for name in SITES}
    sites: dict[str, dict[str, t.Any]] = {**regions, "plant-b": {"site": {"faults": faults}, "site_gateways": []}}
    result = fleet.run(sites, {}, *arguments, variables={"aws_environment": {"AWS_REGION": "{{ aws_region }}"}})
    assert (result.code, worked(result, "twin")) == (2, ["plant-a", "plant-c", "plant-d"])
    assert summary(result)["sites"]["plant-b"]["failures"] == [f"Its files: {fault}" for fault in faults]
    assert summary(result)["sites"]["plant-b"]["state"] == "failed"
    assert {f"plant-b: Its files: {fault}" for fault in faults} <= {*result.result("Show the summary")["msg"].splitlines()}
    if "--tags" not in arguments:
        assert (worked(result, "preflight"), summary(result)["ok"]) == (["plant-a", "plant-c", "plant-d"], 3)


def test_sites_whose_region_is_not_known_are_told_so(fleet: Fleet) -> None:
    result = fleet.run({}, {}, variables={"aws_environment": {"AWS_REGION": "{{ aws_region }}"}})
    assert (result.code, worked(result, "preflight"), summary(result)["failed"]) == (2, [], len(SITES))
    for site in summary(result)["sites"].values():
        (failure,) = site["failures"]
        assert failure.startswith("Read aws_environment: ") and "'aws_region' is undefined" in failure


def test_the_preflight_fails_a_site_with_faulty_files_alone(fleet: Fleet) -> None:
    result = fleet.run({"plant-b": {"site": {"faults": ["a.csv: is no CSV file"]}}}, {}, playbook="preflight")
    assert (result.code, worked(result, "preflight")) == (2, ["plant-a", "plant-c", "plant-d"])
    assert result.message() == "['a.csv: is no CSV file']"


def test_a_site_with_faulty_files_is_not_taken_away_as_its_gateways_are_not_known(fleet: Fleet) -> None:
    faulty = {"plant-b": {"site": {"faults": ["a.csv: is no CSV file"]}}}
    result = fleet.run(faulty, {"gw-c": {"gateway_site": "plant-c"}}, "-e", "destroy_site=plant-b", playbook="destroy")
    assert (result.code, worked(result, "edge_gateway")) == (2, [])
    assert result.message().startswith("destroy_site: the files of plant-b have faults") and "a.csv: is no CSV file" in result.message()


def test_a_rollout_ends_after_so_many_failures(fleet: Fleet) -> None:
    sites = {"plant-a": {"breaks": ["stack"]}, "plant-b": {"breaks": ["stack"]}}
    result = fleet.run(sites, {}, "-e", "site_serial=1", "-e", "site_max_failed=2")
    assert result.code == 2
    assert worked(result, "stack") == ["plant-a", "plant-b"]
    assert summary(result)["sites"]["plant-d"]["failures"] == [
        "Rollout: 3 failed before, and site_max_failed is 2: this site was not begun."
    ]
    assert summary(result)["sites"]["plant-c"]["failures"] == [
        "Rollout: 2 failed before, and site_max_failed is 2: this site was not begun."
    ]


def test_all_is_well_with_a_part_of_the_sites(fleet: Fleet) -> None:
    result = fleet.run({"plant-a": {"breaks": ["stack"]}}, {"gw-b": {"gateway_site": "plant-b"}}, "--limit", "plant-b,plant-c")
    assert (result.code, states(result)) == (0, {"plant-b": "ok", "plant-c": "ok"})
    assert (summary(result)["sites"]["plant-b"]["gateways"], worked(result, "edge_gateway")) == (0, [])


def test_a_failure_is_told_whatever_the_tags(fleet: Fleet) -> None:
    result = fleet.run({"plant-a": {"breaks": ["preflight"]}}, {}, "--tags", "no_such_tag")
    assert (result.code, worked(result, "preflight")) == (0, [])
    fleet.tag("twin", "one")
    tagged = fleet.run({"plant-a": {"breaks": ["twin"]}}, {}, "--tags", "one")
    assert (tagged.code, states(tagged)["plant-a"], states(tagged)["plant-b"]) == (2, "failed", "ok")


def test_a_gateway_that_fails_in_a_run_without_its_site_fails_the_run(fleet: Fleet) -> None:
    gateways: dict[str, dict[str, t.Any]] = {
        "gw-a": {"gateway_site": "plant-a", "breaks": ["edge_gateway"]},
        "gw-b": {"gateway_site": "plant-b"},
    }
    result = fleet.run({}, gateways, "--limit", "gateways")
    assert result.code == 2
    assert {host for host, counts in result.report["stats"].items() if counts["failures"]} == {"gw-a"}
    assert result.message().endswith("Break: The edge_gateway is broken. Mend it.")
