# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life of a site in the hands of AWX: every job template and workflow is run as AWX runs it.

The tests build on each other, in this order: each job costs, and a life is one.
"""

from __future__ import annotations

import collections.abc as c
import json
import os
import pathlib
import shutil
import subprocess
import typing as t

import pytest
import yaml

from tests.integration.conftest import REPOSITORY, LocalCloud
from tests.integration.controller import PROGRAMS, Controller, Job, RefusedError
from tests.unit.guards.test_awx_pattern import GIVEN, PATTERN

SITE = "awx-plant"
GATEWAY = "gw-awx"
INVENTORY = "inventories/plants"
MODEL = f"host_vars/{SITE}/plant.glb"
PLANS = GIVEN["awx_plan_bucket"]
KEYS = {"access_key_id": "AKIALOCALCLOUD000000", "secret_access_key": "local-cloud"}
METERS = [
    {"id": "1", "name": "Chiller", "model": "eastron_sdm630", "phases": 3, "gateway": GATEWAY, "address": "1"},
    {"id": "2", "name": "Server room", "model": "eastron_sdm120", "phases": 1, "gateway": GATEWAY, "address": "2"},
]
PLANT = {
    "name": "Plant",
    "topic": f"energy/{SITE}",
    "model": "plant.glb",
    "areas": [{"id": "roof", "name": "Roof", "panels": [{"id": "mech", "name": "Mechanical", "meters": METERS}]}],
}


def inventory(cloud: LocalCloud, folder: pathlib.Path) -> dict[str, t.Any]:
    """One site with one gateway, by the path of each file below the inventory's folder."""
    local = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    hosts = {"sites": {"hosts": {SITE: None}}, "gateways": {"hosts": {GATEWAY: {"gateway_site": SITE}}}}
    return {
        "10-hosts.yml": {"all": {"vars": local, "children": hosts}},
        f"host_vars/{SITE}/site.yml": {"site": PLANT, "dashboards_model_file": str(folder / MODEL)},
        "group_vars/sites/site.yml": {
            "aws_environment": {"AWS_REGION": "eu-central-1"},
            "dashboards_url": "{{ 'http://' ~ stack_outputs.GrafanaEndpoint if (stack_outputs | default({})).GrafanaEndpoint | default('') else '' }}",
            "verify_mqtt_ca_file": str(cloud.ca_file),
        },
        "group_vars/gateways/gateway.yml": {
            "edge_gateway_supervisor": "process",
            "edge_gateway_folder": str(cloud.demo_folder / GATEWAY),
            "edge_gateway_python": "{{ ansible_playbook_python }}",
            "edge_gateway_mqtt_ca_file": str(cloud.ca_file),
            "edge_gateway_interval_seconds": 5,
            "edge_gateway_buses": [{"id": "roof", "transport": "tcp", "host": "127.0.0.1", "port": cloud.modbus_port}],
            "simulated_meters_folder": str(cloud.demo_folder / GATEWAY / "meters"),
        },
    }


def simulate_meters(cloud: LocalCloud, project: pathlib.Path) -> None:
    done = subprocess.run(
        [str(PROGRAMS / "ansible-playbook"), "-i", str(project / INVENTORY), "energytwin.aws.simulated_meters"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[LocalCloud]:
    """An empty account, and meters that a gateway could read."""
    cloud = LocalCloud(tmp_path_factory.mktemp("awx") / "cloud", gateways=True)
    project = cloud.home.with_name("project")
    for path, content in inventory(cloud, project / INVENTORY).items():
        file = project / INVENTORY / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml.safe_dump(content))
    shutil.copy(REPOSITORY / "inventories/local/host_vars/example-plant/plant.glb", project / INVENTORY / MODEL)
    shutil.copytree(PATTERN / "playbooks", project / PATTERN.relative_to(REPOSITORY) / "playbooks")
    try:
        cloud.start()
        simulate_meters(cloud, project)
        yield cloud
    finally:
        cloud.stop()


@pytest.fixture(scope="module")
def awx(plant: LocalCloud) -> Controller:
    where = ("AWS_ENDPOINT_URL", "AWS_DISABLE_HOST_PREFIX_INJECTION", "AWS_EC2_METADATA_DISABLED")
    return Controller(
        folder=plant.home.with_name("jobs"),
        project=plant.home.with_name("project"),
        inventory_path=INVENTORY,
        collections=REPOSITORY / ".build",
        injected={"Energy twin AWS keys": KEYS},
        around={name: plant.environment[name] for name in where},
    )


def told(jobs: dict[str, Job]) -> dict[str, list[str]]:
    """Why jobs failed."""
    return {name: job.failures() or [job.output] for name, job in jobs.items() if job.status != "successful"}


def stacks(cloud: LocalCloud) -> list[str]:
    found = cloud.client("cloudformation").list_stacks()["StackSummaries"]
    return [stack["StackName"] for stack in found if stack["StackStatus"] != "DELETE_COMPLETE"]


def test_a_roll_out_shows_what_would_change_and_does_it_once_somebody_approves(awx: Controller, plant: LocalCloud) -> None:
    def approve(jobs: dict[str, Job]) -> bool:
        assert sum(jobs["change"].changed.values()), "the check tells what would be made"
        return not stacks(plant)

    jobs = awx.play("roll out", approve)
    assert {name: job.status for name, job in jobs.items()} == dict.fromkeys(("ready", "change", "site", "verify"), "successful"), told(
        jobs
    )
    assert stacks(plant) == [SITE]


def test_the_nightly_plan_tells_what_somebody_did_by_hand_and_keeps_its_report(awx: Controller, plant: LocalCloud) -> None:
    s3, twin = plant.client("s3"), plant.client("iottwinmaker")
    s3.create_bucket(Bucket=PLANS, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    twin.update_entity(workspaceId=f"{SITE}_workspace", entityId="roof", entityName="Attic")
    job = awx.launch("plan")
    assert job.failures() == [f"{SITE} differs from the inventory in 1 place."]
    assert job.artifacts["plan_drift"] == {SITE: 1}
    assert job.artifacts["plan_reports"] == {SITE: f"s3://{PLANS}/plans/{SITE}.html"}
    report = json.loads(s3.get_object(Bucket=PLANS, Key=f"plans/{SITE}.json")["Body"].read())
    assert [(one["item"], one["is"], one["should_be"]) for one in report["differences"]] == [("roof", "Attic", "Roof")]
    assert b"Attic" in s3.get_object(Bucket=PLANS, Key=f"plans/{SITE}.html")["Body"].read()
    assert twin.get_entity(workspaceId=f"{SITE}_workspace", entityId="roof")["entityName"] == "Attic", "a plan changes nothing"
    twin.update_entity(workspaceId=f"{SITE}_workspace", entityId="roof", entityName="Roof")


def certificates(cloud: LocalCloud) -> set[str]:
    found = cloud.client("iot").list_certificates()["certificates"]
    return {one["certificateId"] for one in found if one["status"] == "ACTIVE"}


def test_gateways_get_new_certificates_and_are_healthy_with_them(awx: Controller, plant: LocalCloud) -> None:
    before = certificates(plant)
    rotated = awx.launch("rotate", {"rotate_serial": "1"})
    assert rotated.status == "successful", told({"rotate": rotated})
    assert len(certificates(plant)) == len(before)
    assert certificates(plant) != before
    status = awx.launch("fleet status")
    assert status.status == "successful", told({"fleet status": status})
    assert GATEWAY in status.output


def test_a_wrong_answer_is_one_sentence_and_changes_nothing(awx: Controller, plant: LocalCloud) -> None:
    for name, answers, why in (
        ("verify", {"verify_timeout": "soon"}, "expected to be of type integer"),
        ("verify", {"verify_timeout": 5}, "too small"),
        ("destroy", {"destroy_site": SITE, "destroy_readings": "perhaps"}, "expected to be one of"),
        ("destroy", {}, "'destroy_site' value missing"),
        ("plan", {"plan_fail_on_drift": False}, "not allowed on launch"),
    ):
        with pytest.raises(RefusedError, match=why):
            awx.launch(name, answers)
    before = certificates(plant)
    assert awx.launch("rotate", {"rotate_serial": "some"}).failures() == [
        "rotate_serial: 'some' is no number of gateways, so nothing was touched; give one such as 5, or a part of them such as 25%."
    ]
    assert certificates(plant) == before
    (refused,) = awx.launch("destroy", {"destroy_site": "{{ 'awx-plant' }}", "destroy_readings": "true"}).failures()
    assert "is no site of this run, so nothing was touched" in refused
    assert stacks(plant) == [SITE]


def test_a_slice_without_sites_says_so(awx: Controller) -> None:
    """AWX's slices take every n-th host; the templates do not ask for them."""
    with pytest.raises(RefusedError, match="not configured to prompt"):
        awx.launch("site", job_slice_count=2)
    second = awx.launch_slice("site", 2, 2)
    assert second.status == "failed"
    assert any("The inventory has no host in group 'sites', so nothing was done" in failure for failure in second.failures())


def test_a_site_goes_once_somebody_approves(awx: Controller, plant: LocalCloud) -> None:
    answers = {"destroy_site": SITE, "destroy_readings": "true"}

    def approve(jobs: dict[str, Job]) -> bool:
        return sum(jobs["loss"].changed.values()) > 0 and stacks(plant) == [SITE]

    jobs = awx.play("destroy with approval", approve, answers)
    assert {name: job.status for name, job in jobs.items()} == dict.fromkeys(("loss", "destroy"), "successful"), told(jobs)
    assert stacks(plant) == []
    assert plant.client("dynamodb").list_tables()["TableNames"] == []


def test_jobs_write_nowhere_but_into_their_own_folder(awx: Controller, plant: LocalCloud) -> None:
    """The tests before have run one job of every template; Ansible itself writes below .ansible."""
    assert {name for job in awx.jobs for name in os.listdir(job / "home")} <= {".ansible"}
    assert {path.name for job in awx.jobs for path in (job / "project").iterdir()} <= {"inventories", "extensions", "plans"}
