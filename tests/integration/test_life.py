# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life of one site after its birth: what differs is told, it is written down, and it goes and comes back with its readings.

The tests build on each other, in this order: each play costs, and a life is one.
"""

from __future__ import annotations

import collections.abc as c
import json
import pathlib
import signal
import typing as t

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.integration.conftest import SITE, LocalCloud

WORKSPACE = f"{SITE}_workspace"
TABLE = f"{SITE}_energy"
SCENE = {"specVersion": "1.0", "version": "1", "unit": "meters", "nodes": [], "rootNodeIndexes": [], "cameras": [], "rules": {}}
# Somebody closes the lid after each of them in turn.
BOUNDARIES = ("Delete the entities", "Delete the workspace", "Delete the stack")
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
    iot, timestream = cloud.client("iot"), cloud.client("timestream-write")
    found: dict[str, tuple[c.Iterable[dict[str, t.Any]], str]] = {
        "stacks": ([stack for stack in stacks if stack["StackStatus"] != "DELETE_COMPLETE"], "StackName"),
        "workspaces": (cloud.client("iottwinmaker").list_workspaces()["workspaceSummaries"], "workspaceId"),
        "buckets": (cloud.client("s3").list_buckets()["Buckets"], "Name"),
        "databases": (timestream.list_databases()["Databases"], "DatabaseName"),
        "grafana": (cloud.client("grafana").list_workspaces()["workspaces"], "id"),
        "functions": (cloud.client("lambda").list_functions()["Functions"], "FunctionName"),
        "schedules": (cloud.client("scheduler").list_schedules()["Schedules"], "Name"),
        "alarms": (cloud.client("cloudwatch").describe_alarms()["MetricAlarms"], "AlarmName"),
        "topics": (cloud.client("sns").list_topics()["Topics"], "TopicArn"),
        "logs": (cloud.client("logs").describe_log_groups()["logGroups"], "logGroupName"),
        "roles": (cloud.client("iam").list_roles()["Roles"], "RoleName"),
        "rules": (iot.list_topic_rules()["rules"], "ruleName"),
        "things": (iot.list_things()["things"], "thingName"),
        "certificates": (iot.list_certificates()["certificates"], "certificateId"),
        "policies": (iot.list_policies()["policies"], "policyName"),
    }
    names = {kind: [str(one[key]) for one in items] for kind, (items, key) in found.items()}
    return {**names, "tables": cloud.client("dynamodb").list_tables()["TableNames"]}


def outputs(cloud: LocalCloud) -> dict[str, str]:
    stack = cloud.client("cloudformation").describe_stacks(StackName=SITE)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def stop_destroying_after(cloud: LocalCloud, task: str) -> None:
    """Kills it with all its processes, as if somebody had closed the lid."""
    environment = {
        "ANSIBLE_CALLBACK_PLUGINS": str(pathlib.Path(__file__).parent / "callbacks"),
        "ANSIBLE_CALLBACKS_ENABLED": "stop_after",
        "STOP_AFTER": task,
    }
    process = cloud.start_play("destroy.yml", "-e", f"destroy_site={SITE}", environment=environment, own_group=True)
    output, errors = process.communicate(timeout=900)
    assert process.returncode == -signal.SIGKILL, output + errors


def a_gateway(cloud: LocalCloud, name: str) -> None:
    """What AWS knows of a gateway."""
    iot = cloud.client("iot")
    policy = f"meter-gateway-{name}"
    iot.create_thing(thingName=name)
    statement = {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}
    iot.create_policy(policyName=policy, policyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    certificate = iot.create_keys_and_certificate(setAsActive=True)["certificateArn"]
    iot.attach_policy(policyName=policy, target=certificate)
    iot.attach_thing_principal(thingName=name, principal=certificate)


def a_certificate_of_a_run_that_was_stopped(cloud: LocalCloud, name: str) -> None:
    """Signed, and attached to nothing."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    text = request.public_bytes(serialization.Encoding.PEM).decode()
    cloud.client("iot").create_certificate_from_csr(certificateSigningRequest=text, setAsActive=True)


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
    rule = f"{SITE.replace('-', '_')}_RefusedReadings"
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

    for boundary in BOUNDARIES:
        stop_destroying_after(deployed, boundary)
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


def test_a_site_that_goes_with_its_readings_leaves_nothing_but_the_box_that_cannot_be_reached(
    deployed: LocalCloud, tmp_path: pathlib.Path
) -> None:
    # The end before this one has left its error bucket, which nothing but its name ties to this site.
    left_before = [
        bucket for bucket in left(deployed)["buckets"] if "errorbucket" in bucket and bucket != outputs(deployed)["ErrorBucketName"]
    ]
    for gateway in ("gw-hall", "gw-roof"):
        a_gateway(deployed, gateway)
    a_certificate_of_a_run_that_was_stopped(deployed, "gw-hall")
    unreachable = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1, "edge_gateway_supervisor": "systemd"}
    inventory = tmp_path / "gone.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": {"gw-roof": unreachable}}}))
    everything = ("-e", f"destroy_site={SITE}", "-e", "destroy_readings=true")
    gone = deployed.play("destroy.yml", "-i", str(inventory), "--limit", "all", *everything)
    assert gone.code == 0, gone.message()
    assert {kind: names for kind, names in left(deployed).items() if names} == {"buckets": left_before}
    assert gone.result("Say which boxes are left over")["msg"].startswith("gw-roof: AWS has forgotten it")

    # A Grafana of somebody else's, which is gone, and a run that leaves the gateways out.
    foreign = ("-e", "dashboards_workspace_id=g-0123456789", "-e", "dashboards_url=grafana.example")
    again = deployed.play("destroy.yml", *everything, *foreign)
    assert (again.code, again.changed_tasks()) == (0, []), again.message()
    assert again.result("Say that the workspace is gone")["msg"].startswith("The Grafana workspace g-0123456789 is not there")
    assert again.result("Say which gateways stay")["msg"].startswith("gw-hall, gw-roof: no part of this run")
    assert again.result("Say what an earlier stack has left")["msg"].startswith(
        f"{left_before[0]}: by its name, an earlier stack {SITE} has left it"
    )
    deployed.client("s3").delete_bucket(Bucket=left_before[0])
    again = deployed.play("destroy.yml", "-i", str(inventory), "--limit", "all", *everything)
    assert again.result("Say that nothing is left")["msg"] == f"Nothing of {SITE} is left in this account and region."
