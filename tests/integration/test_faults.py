# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong in real life: one clear message at the right step, and a next run that finishes."""

from __future__ import annotations

import collections.abc as c
import io
import json
import pathlib
import socket
import typing as t
import zipfile

import pytest
import yaml

from tests.integration.conftest import REPOSITORY, SITE, LocalCloud

RULE = "example_plant_IoTToDynamoDB"


def site() -> dict[str, t.Any]:
    return yaml.safe_load((REPOSITORY / "inventories/local/host_vars/example-plant/site.yml").read_text())["site"]


def with_site(changed: dict[str, t.Any], folder: pathlib.Path) -> list[str]:
    path = folder / "site.json"
    path.write_text(json.dumps({"site": changed}))
    return ["-e", f"@{path}"]


def duplicate_meter(data: dict[str, t.Any]) -> None:
    data["areas"][1]["panels"][0]["meters"][2]["id"] = "5"


def unknown_gateway(data: dict[str, t.Any]) -> None:
    data["areas"][0]["panels"][0]["meters"][0]["gateway"] = "gw-cellar"


def illegal_character(data: dict[str, t.Any]) -> None:
    data["areas"][0]["panels"][0]["id"] = "main panel/1"


def duplicate_panel(data: dict[str, t.Any]) -> None:
    data["areas"][2]["panels"][0]["id"] = "mech-rooftop"


def no_areas(data: dict[str, t.Any]) -> None:
    data["areas"] = []


def wildcard_topic(data: dict[str, t.Any]) -> None:
    data["topic"] = "energy/+/plant"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[LocalCloud]:
    """A running cloud in which nothing is made."""
    local = LocalCloud(tmp_path_factory.mktemp("empty") / "cloud")
    local.start()
    yield local
    local.stop()


@pytest.mark.parametrize(
    ("spoil", "path", "value"),
    [
        (duplicate_meter, "areas[1].panels[0].meters[2].id", "'5'"),
        (unknown_gateway, "areas[0].panels[0].meters[0].gateway", "'gw-cellar'"),
        (illegal_character, "areas[0].panels[0].id", "'main panel/1'"),
        (duplicate_panel, "areas[2].panels[0].id", "'mech-rooftop'"),
        (no_areas, "areas", ""),
        (wildcard_topic, "topic", "'energy/+/plant'"),
    ],
)
def test_a_bad_site_is_refused_with_its_path_and_value_before_anything_is_made(
    empty: LocalCloud, tmp_path: pathlib.Path, spoil: t.Callable[[dict[str, t.Any]], None], path: str, value: str
) -> None:
    data = site()
    spoil(data)
    result = empty.play("site.yml", *with_site(data, tmp_path))
    assert result.code != 0
    assert path in result.message()
    assert value in result.message()
    assert "Traceback" not in result.output
    assert empty.client("s3").list_buckets()["Buckets"] == []
    assert empty.client("cloudformation").list_stacks()["StackSummaries"] == []


def test_all_faults_of_a_site_are_told_at_once(empty: LocalCloud, tmp_path: pathlib.Path) -> None:
    data = site()
    for spoil in (duplicate_meter, unknown_gateway, wildcard_topic):
        spoil(data)
    message = empty.play("site.yml", *with_site(data, tmp_path)).message()
    assert all(part in message for part in ("meters[2].id", "gw-cellar", "energy/+/plant"))


def test_a_missing_credential_is_one_sentence(deployed: LocalCloud) -> None:
    environment = {
        "AWS_ENDPOINT_URL": deployed.endpoint,
        "AWS_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "none",
    }
    result = deployed.play("site.yml", "-e", json.dumps({"aws_environment": environment}))
    assert result.code != 0
    assert "credentials" in result.message().lower()
    assert "Traceback" not in result.output


def test_a_cloud_that_is_not_there_is_named(cloud: LocalCloud) -> None:
    result = cloud.play("site.yml", "--limit", "sites")
    assert result.code != 0
    assert cloud.endpoint in result.message()
    assert "Traceback" not in result.output


@pytest.mark.parametrize("which", ["port", "mqtt_port"])
def test_a_port_in_use_is_one_sentence(cloud: LocalCloud, which: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", getattr(cloud, which)))
        taken.listen()
        done = cloud.command("start")
    assert done.returncode != 0
    assert str(getattr(cloud, which)) in done.stderr
    assert "in use" in done.stderr
    assert "Traceback" not in done.stderr


def probe_failure(cloud: LocalCloud) -> tuple[str, str]:
    """(hop, message) of the probe in a run that leaves stack and twin alone."""
    result = cloud.play("tests/integration/verify_only.yml", "-e", "verify_timeout=3")
    assert result.code != 0
    return result.result("read it back through the twin")["hop"], result.message()


def test_a_disabled_rule_is_found_and_mended_by_the_next_run_and_so_is_one_that_is_gone(deployed: LocalCloud) -> None:
    iot = deployed.client("iot")
    good = iot.get_topic_rule(ruleName=RULE)["rule"]
    rules = {rule["ruleName"]: False for rule in iot.list_topic_rules()["rules"]}
    for name in rules:
        iot.disable_topic_rule(ruleName=name)
    hop, message = probe_failure(deployed)
    assert hop == "rule"
    assert f"'{RULE}' is disabled" in message
    iot.delete_topic_rule(ruleName=RULE)
    again = deployed.play("site.yml")
    assert again.code == 0, again.message()
    assert {rule["ruleName"]: rule["ruleDisabled"] for rule in iot.list_topic_rules()["rules"]} == rules
    assert len(rules) > 1
    mended = iot.get_topic_rule(ruleName=RULE)["rule"]
    assert {key: mended[key] for key in ("sql", "actions", "errorAction")} == {key: good[key] for key in ("sql", "actions", "errorAction")}


def test_a_reader_that_throws_is_found_and_mended_by_hand(deployed: LocalCloud) -> None:
    functions = deployed.client("lambda")
    stacks = deployed.client("cloudformation")
    reader = stacks.describe_stack_resource(StackName=SITE, LogicalResourceId="EnergyReadLambda")
    name = reader["StackResourceDetail"]["PhysicalResourceId"]
    good = functions.get_function_configuration(FunctionName=name)["Handler"]
    spoilt = io.BytesIO()
    with zipfile.ZipFile(spoilt, "w") as archive:
        archive.writestr("index.py", "def lambda_handler(event, context):\n    raise RuntimeError('the reader is broken')\n")
    original = code_of(deployed)
    functions.update_function_code(FunctionName=name, ZipFile=spoilt.getvalue())
    functions.update_function_configuration(FunctionName=name, Handler="index.lambda_handler")
    try:
        hop, message = probe_failure(deployed)
    finally:
        functions.update_function_code(FunctionName=name, **original)
        functions.update_function_configuration(FunctionName=name, Handler=good)
    assert hop == "reader"
    assert "the reader is broken" in message
    assert name in message


def test_a_store_that_refuses_is_found_with_its_reason(deployed: LocalCloud) -> None:
    """The rule's role loses the right to write: the readings go to the error bucket, and the probe says why."""
    iam = deployed.client("iam")
    role = next(r["RoleName"] for r in iam.list_roles()["Roles"] if "DynamoDBWriteRole" in r["RoleName"])
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    documents = {name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names}
    for name in names:
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    try:
        hop, message = probe_failure(deployed)
    finally:
        for name in names:
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(documents[name]))
    assert hop == "store"
    assert "PutItem" in message


def test_a_missing_entity_is_found_at_the_twin(deployed: LocalCloud) -> None:
    twin = deployed.client("iottwinmaker")
    twin.delete_entity(workspaceId=f"{SITE}_workspace", entityId="mech-rooftop", isRecursive=True)
    hop, message = probe_failure(deployed)
    assert hop == "twin"
    assert "'mech-rooftop'" in message
    again = deployed.play("site.yml")
    assert again.code == 0, again.message()


def test_a_half_created_stack_is_finished_by_the_next_run(cloud: LocalCloud) -> None:
    """A create that failed and was rolled back leaves ROLLBACK_COMPLETE; once the cause is gone the next run succeeds.

    The cause here: the workspace id is taken, and the preflight was told not to mind.
    """
    cloud.start()
    cloud.client("iottwinmaker").create_workspace(workspaceId=f"{SITE}_workspace")
    first = cloud.play("site.yml", "-e", '{"preflight_ignore": ["name: workspace"]}')
    assert first.code != 0
    assert "EnergyMonitorWorkspace" in first.message()
    assert "Traceback" not in first.output
    cloud.client("iottwinmaker").delete_workspace(workspaceId=f"{SITE}_workspace")
    again = cloud.play("site.yml")
    assert again.code == 0, again.message()


def code_of(cloud: LocalCloud) -> dict[str, str]:
    """Where the reader's code lies."""
    buckets = [b["Name"] for b in cloud.client("s3").list_buckets()["Buckets"] if "-code-" in b["Name"]]
    (entry,) = cloud.client("s3").list_objects_v2(Bucket=buckets[0])["Contents"]
    return {"S3Bucket": buckets[0], "S3Key": entry["Key"]}
