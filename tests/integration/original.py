# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An original stack on a local cloud, and what people made by hand around it."""

from __future__ import annotations

import dataclasses
import datetime
import http.client
import json
import pathlib
import time
import typing as t

import pytest

from local_cloud.assembly import build
from local_cloud.cloud import Cloud
from local_cloud.settings import Settings
from tests.integration.conftest import LocalCloud

STACK = "EnergyMonitor"
TOPIC = "energy/example-plant"
WORKSPACE = f"{STACK}_workspace"
TYPE = "com.example.energymeter"
TEMPLATE = pathlib.Path(__file__).parent / "original_stack.yml"
# When AWS still made functions with the original's runtime.
THEN = datetime.datetime(2023, 6, 1, tzinfo=datetime.timezone.utc).timestamp()
DEADLINE = 60.0
PEOPLE = ("plant.manager", "energy.officer", "shift.lead")
BOARD = {"uid": "by-hand", "title": "Chillers", "panels": [], "schemaVersion": 36}


def until(condition: t.Callable[[], t.Any], what: str) -> t.Any:
    """What the condition gives as soon as it gives something."""
    deadline = time.monotonic() + DEADLINE
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
    return found


def deploy_original(local: LocalCloud, edits: dict[str, str] | None = None) -> None:
    """Deploys the stack in 2023, and starts the cloud in the present.

    edits: texts of the template to be replaced.
    """
    text = TEMPLATE.read_text()
    for old, new in (edits or {}).items():
        assert old in text
        text = text.replace(old, new)
    # Its first start makes the folder a local cloud's home.
    local.start()
    local.stop_cloud()
    with pytest.MonkeyPatch.context() as patch:
        begin = time.time()
        patch.setattr(Cloud, "now", lambda _cloud: THEN + time.time() - begin)
        cloud = build(Settings(home=local.home, port=local.port, mqtt_port=local.mqtt_port))
        try:
            stacks = cloud.client("cloudformation")
            stacks.create_stack(
                StackName=STACK,
                TemplateBody=text,
                Parameters=[{"ParameterKey": "DataTopic", "ParameterValue": TOPIC}],
                Capabilities=["CAPABILITY_IAM"],
            )
            until(lambda: not status(stacks).endswith("_IN_PROGRESS"), "the stack did not settle")
            events = stacks.describe_stack_events(StackName=STACK)["StackEvents"]
            reasons = [event.get("ResourceStatusReason") for event in events if event["ResourceStatus"].endswith("FAILED")]
            assert (status(stacks), reasons) == ("CREATE_COMPLETE", [])
        finally:
            cloud.stop()
    local.start()


def status(stacks: t.Any) -> str:
    return str(stacks.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"])


def physical_ids(local: LocalCloud) -> dict[str, str]:
    """By logical id."""
    pages = local.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=STACK)
    return {found["LogicalResourceId"]: found["PhysicalResourceId"] for page in pages for found in page["StackResourceSummaries"]}


def meter(panel: str, number: str) -> dict[str, t.Any]:
    values = {"panelId": panel, "meterId": number}
    return {"componentTypeId": TYPE, "properties": {name: {"value": {"stringValue": value}} for name, value in values.items()}}


@dataclasses.dataclass
class ByHand:
    """What is made by hand in the console's steps. unknown_id: an entity that no site model names."""

    unknown_id: str
    dashboard: str

    @classmethod
    def make(cls, local: LocalCloud) -> ByHand:
        local.client("iot").enable_topic_rule(ruleName=f"{STACK}_IoTToTimestream")
        twin = local.client("iottwinmaker")
        twin.create_entity(workspaceId=WORKSPACE, entityId="roof", entityName="The roof")
        twin.create_entity(
            workspaceId=WORKSPACE,
            entityId="mech-rooftop",
            entityName="mech-rooftop",
            parentEntityId="roof",
            components={"meter-5": meter("mech-rooftop", "5"), "OldChiller": meter("mech-rooftop", "9")},
        )
        made = twin.create_entity(
            workspaceId=WORKSPACE, entityName="Workshop", description="Not in the site model", components={"Lathe": meter("workshop", "1")}
        )
        bucket = physical_ids(local)["TwinMakerS3"]
        document = {"specVersion": "1.0", "version": "1", "unit": "meters", "nodes": [], "rootNodeIndexes": [], "cameras": [], "rules": {}}
        local.client("s3").put_object(Bucket=bucket, Key="tour.json", Body=json.dumps(document))
        twin.create_scene(workspaceId=WORKSPACE, sceneId="tour", contentLocation=f"s3://{bucket}/tour.json")
        local.client("grafana").update_workspace_authentication(
            workspaceId=physical_ids(local)["GrafanaWorkspace"], authenticationProviders=["AWS_SSO"]
        )
        (center,) = local.client("sso-admin").list_instances()["Instances"]
        for name in PEOPLE:
            local.client("identitystore").create_user(
                IdentityStoreId=center["IdentityStoreId"],
                UserName=name,
                DisplayName=name,
                Name={"GivenName": name.partition(".")[0], "FamilyName": name.partition(".")[2]},
            )
        grafana(local, "POST", "dashboards/db", {"dashboard": BOARD, "overwrite": False})
        return cls(unknown_id=made["entityId"], dashboard=str(BOARD["uid"]))


def grafana(local: LocalCloud, method: str, address: str, body: dict[str, t.Any] | None = None) -> t.Any:
    """The answer of Grafana's API, asked as an admin."""
    control = local.client("grafana")
    (workspace,) = control.list_workspaces()["workspaces"]
    place, _slash, path = workspace["endpoint"].partition("/")
    account = control.create_workspace_service_account(workspaceId=workspace["id"], name="by-hand", grafanaRole="ADMIN")["id"]
    try:
        token = control.create_workspace_service_account_token(
            workspaceId=workspace["id"], serviceAccountId=account, name="by-hand", secondsToLive=600
        )["serviceAccountToken"]["key"]
        connection = http.client.HTTPConnection(place, timeout=30)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        connection.request(method, f"/{path}/api/{address}", body=json.dumps(body) if body else None, headers=headers)
        response = connection.getresponse()
        answer = json.loads(response.read())
        connection.close()
        assert response.status == 200, answer
        return answer
    finally:
        control.delete_workspace_service_account(workspaceId=workspace["id"], serviceAccountId=account)


def publish(local: LocalCloud, panel: str, number: str, **values: float) -> None:
    """A reading in the original's form."""
    local.client("iot-data").publish(topic=TOPIC, qos=1, payload=json.dumps({"panelId": panel, "meterId": number, **values}))


def history(local: LocalCloud, entity: str, component: str, name: str = "kW") -> list[float]:
    """The values of the last hour, through the twin."""
    now = datetime.datetime.now(datetime.timezone.utc)
    times = [(now + datetime.timedelta(minutes=minutes)).isoformat(timespec="milliseconds").replace("+00:00", "Z") for minutes in (-60, 5)]
    found: list[float] = []
    more: dict[str, str] = {}
    while True:
        answer = local.client("iottwinmaker").get_property_value_history(
            workspaceId=WORKSPACE,
            entityId=entity,
            componentName=component,
            selectedProperties=[name],
            startTime=times[0],
            endTime=times[1],
            **more,
        )
        found += [float(value["value"]["doubleValue"]) for series in answer["propertyValues"] for value in series["values"]]
        if not answer.get("nextToken"):
            return found
        more = {"nextToken": answer["nextToken"]}
