# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life of one site after its birth: what differs is told, it is written down, and it goes and comes back with its readings.

The tests build on each other, in this order: each play costs, and a life is one.
"""

from __future__ import annotations

import json
import pathlib
import time
import typing as t

import yaml

from tests.integration.conftest import SITE, LocalCloud

WORKSPACE = f"{SITE}_workspace"
TABLE = f"{SITE}_energy"
SCENE = {"specVersion": "1.0", "version": "1", "unit": "meters", "nodes": [], "rootNodeIndexes": [], "cameras": [], "rules": {}}
READING = {"meter": {"S": "mech-rooftop#5"}, "time": {"N": "1795400000000"}, "kW": {"N": "12.5"}}


def made_by_hand(cloud: LocalCloud) -> None:
    """What people do in a console."""
    twin, s3 = cloud.client("iottwinmaker"), cloud.client("s3")
    twin.create_component_type(
        workspaceId=WORKSPACE, componentTypeId="com.hand.note", propertyDefinitions={"text": {"dataType": {"type": "STRING"}}}
    )
    note = {"componentTypeId": "com.hand.note", "properties": {"text": {"value": {"stringValue": "{{ by hand }} <b>"}}}}
    twin.create_entity(workspaceId=WORKSPACE, entityId="weather", entityName="Weather", components={"note": note})
    update = {"note": {"updateType": "CREATE", "componentTypeId": "com.hand.note"}}
    twin.update_entity(workspaceId=WORKSPACE, entityId="office", componentUpdates=update)
    bucket = twin.get_workspace(workspaceId=WORKSPACE)["s3Location"].rpartition(":")[2]
    s3.put_object(Bucket=bucket, Key="by-hand.json", Body=json.dumps(SCENE))
    twin.create_scene(workspaceId=WORKSPACE, sceneId="by-hand", contentLocation=f"s3://{bucket}/by-hand.json")


def left(cloud: LocalCloud) -> dict[str, list[str]]:
    """The names of what is in the account."""
    stacks = cloud.client("cloudformation").list_stacks()["StackSummaries"]
    return {
        "stacks": [stack["StackName"] for stack in stacks if stack["StackStatus"] != "DELETE_COMPLETE"],
        "workspaces": [one["workspaceId"] for one in cloud.client("iottwinmaker").list_workspaces()["workspaceSummaries"]],
        "buckets": [bucket["Name"] for bucket in cloud.client("s3").list_buckets()["Buckets"]],
        "tables": cloud.client("dynamodb").list_tables()["TableNames"],
        "grafana": [one["id"] for one in cloud.client("grafana").list_workspaces()["workspaces"]],
        "functions": [one["FunctionName"] for one in cloud.client("lambda").list_functions()["Functions"]],
        "rules": [rule["ruleName"] for rule in cloud.client("iot").list_topic_rules()["rules"]],
    }


def picture(cloud: LocalCloud) -> list[t.Any]:
    """What the twin holds, to the time of its last change."""
    twin = cloud.client("iottwinmaker")
    entities = twin.list_entities(workspaceId=WORKSPACE, maxResults=200)["entitySummaries"]
    return sorted((one["entityId"], one["entityName"], one["updateDateTime"]) for one in entities)


def test_a_plan_tells_everything_that_differs_and_touches_nothing(deployed: LocalCloud, tmp_path: pathlib.Path) -> None:
    refused = deployed.play("plan.yml", "--check")
    assert refused.code != 0
    assert "--check --diff" in refused.message()
    twin = deployed.client("iottwinmaker")
    twin.update_entity(workspaceId=WORKSPACE, entityId="roof", entityName="<script>Roof</script>")
    rule = f"{SITE.replace('-', '_')}_IoTToDynamoDB"
    deployed.client("iot").disable_topic_rule(ruleName=rule)
    before = (left(deployed), picture(deployed))
    told = deployed.play("plan.yml", "--check", "--diff", "-e", json.dumps({"plan_folder": str(tmp_path), "plan_fail_on_drift": True}))
    assert told.code != 0
    assert told.message() == f"{SITE} differs from the inventory in 2 places."
    report = json.loads((tmp_path / f"{SITE}.json").read_text())
    assert (report["complete"], report["drifted"]) == (True, True)
    found = [(one["layer"], one["item"], one["field"], one["is"], one["should_be"]) for one in report["differences"]]
    assert found == [
        ("stack", rule, "enabled", False, True),
        ("twin", "roof", "name", "<script>Roof</script>", "Roof"),
    ]
    changed = twin.get_entity(workspaceId=WORKSPACE, entityId="roof")["updateDateTime"]
    assert report["differences"][1]["since"] == changed.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert {"stack", "twin", "dashboards", "verify"} <= report["layers"].keys()
    page = (tmp_path / f"{SITE}.html").read_text()
    assert "&lt;script&gt;Roof" in page
    assert "<script" not in page
    assert (tmp_path / f"{SITE}.json").stat().st_mode & 0o077 == 0
    assert (left(deployed), picture(deployed)) == before
    twin.update_entity(workspaceId=WORKSPACE, entityId="roof", entityName="Roof")
    deployed.client("iot").enable_topic_rule(ruleName=rule)


def test_an_export_changes_nothing_when_it_is_applied(deployed: LocalCloud, tmp_path: pathlib.Path) -> None:
    made_by_hand(deployed)
    written = deployed.play("export.yml", "-e", f"export_folder={tmp_path}")
    assert written.code == 0, written.message()
    file = tmp_path / "host_vars" / SITE / "site.yml"
    inventory = pathlib.Path(__file__).parents[2] / "inventories/local/host_vars" / SITE
    original = yaml.safe_load((inventory / "site.yml").read_text())["site"]
    text = file.read_text()
    assert "!unsafe '{{ by hand }} <b>'" in text
    exported = yaml.safe_load(text.replace("!unsafe ", ""))
    assert sorted(entity["entity_id"] for entity in exported["twin_extra_entities"]) == ["office", "weather"]
    assert [one["component_type_id"] for one in exported["twin_extra_component_types"]] == ["com.hand.note"]
    assert [scene["scene_id"] for scene in exported["twin_extra_scenes"]] == ["by-hand"]
    assert exported["site"]["people"] == original["people"]
    assert (file.parent / original["model"]).read_bytes() == (inventory / original["model"]).read_bytes()
    hosts = yaml.safe_load((tmp_path / f"{SITE}.yml").read_text())["all"]["children"]
    assert hosts["gateways"]["hosts"] == {name: {"gateway_site": SITE} for name in ("gw-hall", "gw-roof")}
    applied = deployed.play("site.yml", "-e", f"@{file}")
    assert (applied.code, applied.changed_tasks()) == (0, []), applied.message()


def test_a_site_that_is_destroyed_comes_back_with_its_readings(deployed: LocalCloud) -> None:
    deployed.client("dynamodb").put_item(TableName=TABLE, Item=READING)
    before = left(deployed)
    wrong = deployed.play("destroy.yml", "-e", "destroy_site=another-plant")
    assert wrong.code != 0
    assert "destroy_site: 'another-plant' is no site of this run" in wrong.message()

    foretold = deployed.play("destroy.yml", "--check", "-e", f"destroy_site={SITE}")
    assert foretold.code == 0, foretold.message()
    assert {"Delete the scenes", "Delete the entities", "Delete the stack"} <= {
        name.rpartition(" | ")[2] for name in foretold.changed_tasks()
    }
    assert left(deployed) == before

    # It stops in the middle, as if somebody had closed the lid.
    process = deployed.start_play("destroy.yml", "-e", f"destroy_site={SITE}")
    deadline = time.monotonic() + 200
    while process.poll() is None and left(deployed)["workspaces"] and time.monotonic() < deadline:
        time.sleep(0.2)
    assert process.poll() is None, "it was still at work when the workspace was gone"
    process.kill()
    process.communicate()
    again = deployed.play("destroy.yml", "-e", f"destroy_site={SITE}")
    assert again.code == 0, again.message()
    errors = [name for name in before["buckets"] if "errorbucket" in name]
    nothing: dict[str, list[str]] = {key: [] for key in before}
    assert left(deployed) == {**nothing, "buckets": errors, "tables": before["tables"]}
    assert again.result("Keep what stays")["ansible_facts"]["stack_kept"]

    back = deployed.play("site.yml")
    assert back.code == 0, back.message()
    assert left(deployed)["tables"] == before["tables"]
    item = deployed.client("dynamodb").get_item(TableName=TABLE, Key={key: READING[key] for key in ("meter", "time")})["Item"]
    assert item["kW"] == READING["kW"]


def test_readings_can_be_verified_by_themselves(deployed: LocalCloud) -> None:
    result = deployed.play("verify.yml")
    assert (result.code, result.changed_tasks()) == (0, []), result.message()
