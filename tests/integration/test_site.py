# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One site from nothing to a living twin, as a newcomer meets it."""

from __future__ import annotations

import json
import pathlib
import time
import typing as t

import pytest

from tests.integration.conftest import SITE, LocalCloud, PlayResult

WORKSPACE = f"{SITE}_workspace"


class SecondRun(t.NamedTuple):
    """before, after: the names of all that was there."""

    before: dict[str, list[str]]
    result: PlayResult
    after: dict[str, list[str]]


def everything_there(cloud: LocalCloud) -> dict[str, list[str]]:
    """The names of all that a site leaves in an account."""
    return {
        "stacks": [
            s["StackName"] for s in cloud.client("cloudformation").list_stacks()["StackSummaries"] if s["StackStatus"] != "DELETE_COMPLETE"
        ],
        "buckets": [b["Name"] for b in cloud.client("s3").list_buckets()["Buckets"]],
        "roles": [r["RoleName"] for r in cloud.client("iam").list_roles()["Roles"]],
        "workspaces": [w["workspaceId"] for w in cloud.client("iottwinmaker").list_workspaces()["workspaceSummaries"]],
        "functions": [f["FunctionName"] for f in cloud.client("lambda").list_functions()["Functions"]],
        "rules": [r["ruleName"] for r in cloud.client("iot").list_topic_rules()["rules"]],
        "things": [x["thingName"] for x in cloud.client("iot").list_things()["things"]],
        "certificates": [x["certificateId"] for x in cloud.client("iot").list_certificates()["certificates"]],
        "policies": [p["policyName"] for p in cloud.client("iot").list_policies()["policies"]],
        "grafana": [w["name"] for w in cloud.client("grafana").list_workspaces()["workspaces"]],
    }


def test_check_mode_on_an_empty_cloud_passes_and_changes_nothing(cloud: LocalCloud) -> None:
    cloud.gateways = True
    cloud.start()
    before = everything_there(cloud)
    result = cloud.play("site.yml", "--check", "--diff")
    assert result.code == 0, result.message()
    assert result.changed > 0, "an empty cloud needs changes"
    assert everything_there(cloud) == before
    assert not any(before.values())
    assert not cloud.demo_folder.exists()


@pytest.fixture(scope="module")
def second_run(deployed: LocalCloud) -> SecondRun:
    """Playbook site once more, for the tests that look at what it did."""
    before = everything_there(deployed)
    return SecondRun(before, deployed.play("site.yml"), everything_there(deployed))


def test_a_second_run_and_a_check_change_nothing(deployed: LocalCloud, second_run: SecondRun) -> None:
    assert (second_run.result.code, second_run.result.changed_tasks()) == (0, [])
    assert second_run.after == second_run.before
    before = everything_there(deployed)
    checked = deployed.play("site.yml", "--check", "--diff")
    assert (checked.code, checked.changed_tasks()) == (0, [])
    assert everything_there(deployed) == before


def test_the_twin_has_the_areas_panels_and_meters_of_the_site(deployed: LocalCloud) -> None:
    twin = deployed.client("iottwinmaker")
    entities = {e["entityId"]: e for e in twin.list_entities(workspaceId=WORKSPACE, maxResults=200)["entitySummaries"]}
    assert entities.keys() == {
        *("example-plant", "hall-1", "compressors", "roof", "office"),
        *("mdb-hall-1", "light-hall-1", "air-1", "mech-rooftop", "pv-rooftop", "db-office"),
    }
    assert entities["compressors"]["parentEntityId"] == "hall-1"
    panel = twin.get_entity(workspaceId=WORKSPACE, entityId="mech-rooftop")
    # Its meters, and what they give together.
    assert panel["components"].keys() == {"meter-5", "meter-6", "meter-7", "energy"}
    properties = panel["components"]["meter-5"]["properties"]
    assert properties["panelId"]["value"] == {"stringValue": "mech-rooftop"}
    assert properties["meterId"]["value"] == {"stringValue": "5"}
    assert properties["kW"]["definition"]["isTimeSeries"] is True


def test_verify_leaves_no_device_behind(deployed: LocalCloud) -> None:
    there = everything_there(deployed)
    assert (there["things"], there["certificates"], there["policies"]) == ([], [], [])


def test_verify_read_one_marked_reading_per_meter_through_the_twin(deployed: LocalCloud, second_run: SecondRun) -> None:
    probe = second_run.result.result("read it back through the twin")
    assert len(probe["readings"]) == 14
    reading = probe["readings"][0]
    answer = deployed.client("iottwinmaker").get_property_value_history(
        workspaceId=WORKSPACE,
        entityId=reading["entity_id"],
        componentName=reading["component_name"],
        selectedProperties=["probe"],
        startTime=iso(reading["timestamp"] - 1000),
        endTime=iso(reading["timestamp"] + 1000),
    )
    values = [value for found in answer["propertyValues"] for value in found["values"]]
    assert [float(value["value"]["doubleValue"]) for value in values] == [reading["value"]]


def test_a_new_meter_is_one_list_entry(deployed: LocalCloud, tmp_path: pathlib.Path) -> None:
    site = site_of(deployed)
    site["areas"][1]["panels"][0]["meters"].append({"id": "8", "name": "Heat pump", "phases": 3, "gateway": "gw-roof"})
    extra = tmp_path / "site.json"
    extra.write_text(json.dumps({"site": site}))
    result = deployed.play("site.yml", "--diff", "-e", f"@{extra}")
    assert result.code == 0, result.message()
    plan = result.result("Keep the entities")["plan"]
    assert [(step["action"], step["entity_id"]) for step in plan] == [("update", "mech-rooftop")]
    panel = deployed.client("iottwinmaker").get_entity(workspaceId=WORKSPACE, entityId="mech-rooftop")
    assert "meter-8" in panel["components"]
    back = deployed.play("site.yml")
    assert back.code == 0, back.message()


def iso(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:03d}Z"


def site_of(cloud: LocalCloud) -> dict[str, t.Any]:
    import yaml

    path = pathlib.Path(__file__).parents[2] / "inventories/local/host_vars/example-plant/site.yml"
    return yaml.safe_load(path.read_text())["site"]
