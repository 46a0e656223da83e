# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life of one site after its birth: what differs is told, and what is there is written down."""

from __future__ import annotations

import json
import pathlib
import typing as t

import yaml

from tests.integration.conftest import SITE, LocalCloud

WORKSPACE = f"{SITE}_workspace"
SCENE = {"specVersion": "1.0", "version": "1", "unit": "meters", "nodes": [], "rootNodeIndexes": [], "cameras": [], "rules": {}}


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
