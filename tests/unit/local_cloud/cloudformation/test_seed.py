# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The original accelerator's stack on the cloud's own services, from creation to deletion."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest

from local_cloud.assembly import build
from local_cloud.cloud import Cloud
from local_cloud.settings import Knobs, Settings
from tests.unit.local_cloud.cloudformation.fakes import Driver

GIVEN: dict[str, t.Any] = {"Capabilities": ["CAPABILITY_IAM"], "Parameters": {"DataTopic": "energy/uplink"}}


def remains(cloud: Cloud) -> dict[str, list[t.Any]]:
    """What there is of each kind that the stack makes."""
    client = cloud.client
    return {
        "roles": client("iam").list_roles()["Roles"],
        "buckets": client("s3").list_buckets()["Buckets"],
        "functions": client("lambda").list_functions()["Functions"],
        "rules": client("iot").list_topic_rules()["rules"],
        "databases": client("timestream-write").list_databases()["Databases"],
        "workspaces": client("iottwinmaker").list_workspaces()["workspaceSummaries"],
        "grafana": client("grafana").list_workspaces()["workspaces"],
    }


def test_it_is_made_changed_rolled_back_and_deleted(real: Driver, seed: str) -> None:
    assert real.create("energymon", template=seed, **GIVEN) == "CREATE_COMPLETE"
    cloud = real.cloud
    out = real.outputs("energymon")
    assert out == {
        "WorkspaceArn": "arn:aws:iottwinmaker:eu-central-1:123456789012:workspace/energymon_workspace",
        "BucketName": real.physical_id("TwinMakerS3", "energymon"),
        "GrafanaEndpoint": cloud.client("grafana").list_workspaces()["workspaces"][0]["endpoint"],
        "Table": "energymon_db|energymon_energy",
    }
    assert len(cloud.client("iam").list_roles()["Roles"]) == 5
    rule = cloud.client("iot").get_topic_rule(ruleName="energymon_IoTToTimestream")["rule"]
    assert rule["ruleDisabled"] is True
    assert rule["sql"].endswith("FROM 'energy/uplink'")
    assert rule["actions"][0]["timestream"]["tableName"] == "energymon_energy"

    def ask() -> t.Any:
        name = real.physical_id("EnergyReadLambda", "energymon")
        return json.loads(cloud.client("lambda").invoke(FunctionName=name, Payload=b'{"a": 1}')["Payload"].read())

    assert ask() == {"database": "energymon_db", "echo": {"a": 1}}
    component = cloud.client("iottwinmaker").get_component_type(
        workspaceId="energymon_workspace", componentTypeId="com.example.energymeter"
    )
    assert set(component["propertyDefinitions"]) == {"v1", "i1", "kW", "panelId", "meterId"}

    changed = seed.replace('MemoryStoreRetentionPeriodInHours: "1"', "MemoryStoreRetentionPeriodInHours: 2").replace(
        '"echo": event', '"echo": 2'
    )
    assert real.update("energymon", template=changed, **GIVEN) == "UPDATE_COMPLETE"
    assert ask() == {"database": "energymon_db", "echo": 2}

    # a new table, whose old one must stay when the function's runtime is refused afterwards
    broken = changed.replace("}_energy", "}_meters").replace("python3.12", "python3.7")
    assert real.update("energymon", template=broken, **GIVEN) == "UPDATE_ROLLBACK_COMPLETE"
    tables = cloud.client("timestream-write").list_tables(DatabaseName="energymon_db")["Tables"]
    assert [table["TableName"] for table in tables] == ["energymon_energy"]
    assert real.outputs("energymon") == out
    assert ask() == {"database": "energymon_db", "echo": 2}

    assert real.delete("energymon") == "DELETE_COMPLETE"
    assert {kind: found for kind, found in remains(cloud).items() if found} == {}


def test_a_failure_in_the_middle_leaves_nothing(real: Driver, seed: str) -> None:
    assert real.create("energymon", template=seed.replace("python3.12", "python3.7"), **GIVEN) == "ROLLBACK_COMPLETE"
    assert {kind: found for kind, found in remains(real.cloud).items() if found} == {}
    assert real.delete("energymon") == "DELETE_COMPLETE"


@pytest.fixture
def slow(settings: Settings) -> t.Iterator[Driver]:
    """A cloud whose asynchronous resources take their time."""
    cloud = build(dataclasses.replace(settings, knobs=Knobs(settle=0.3)))
    cloud.start()
    yield Driver(cloud)
    cloud.stop()


def test_it_waits_until_resources_have_settled(slow: Driver, seed: str) -> None:
    assert slow.create("energymon", template=seed, **GIVEN) == "CREATE_COMPLETE"
    client = slow.cloud.client
    component = client("iottwinmaker").get_component_type(workspaceId="energymon_workspace", componentTypeId="com.example.energymeter")
    assert component["status"]["state"] == "ACTIVE"
    assert client("grafana").list_workspaces()["workspaces"][0]["status"] == "ACTIVE"
    changed = (
        seed.replace("Name: !Ref AWS::StackName", "Name: other").replace('"echo": event', '"echo": 2').replace("[SAML]", "[SAML, AWS_SSO]")
    )
    assert slow.update("energymon", template=changed.replace("kW: {DataType", "kVA: {DataType"), **GIVEN) == "UPDATE_COMPLETE"
    assert slow.delete("energymon") == "DELETE_COMPLETE"
    assert {kind: found for kind, found in remains(slow.cloud).items() if found} == {}
