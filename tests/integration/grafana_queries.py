# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The queries of dashboards, asked of the twin as Grafana's TwinMaker app would ask them: with the dashboards' role, in the panels' times."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import datetime
import http.client
import json
import re
import typing as t

import boto3
from botocore.config import Config

from tests.integration.conftest import SITE, LocalCloud

Plain = dict[str, t.Any]

WORKSPACE = f"{SITE}_workspace"
DATASOURCE_TYPE = "grafana-iot-twinmaker-datasource"
UNITS = {"m": "minutes", "h": "hours", "d": "days"}
NAME = "replay"


def visible_dashboards(cloud: LocalCloud) -> list[Plain]:
    """All dashboards that Grafana has."""
    control = cloud.client("grafana")
    (workspace,) = control.list_workspaces()["workspaces"]
    place, _slash, path = workspace["endpoint"].partition("/")
    account = control.create_workspace_service_account(workspaceId=workspace["id"], name=NAME, grafanaRole="VIEWER")["id"]
    try:
        token = control.create_workspace_service_account_token(
            workspaceId=workspace["id"], serviceAccountId=account, name=NAME, secondsToLive=600
        )["serviceAccountToken"]["key"]

        def get(address: str) -> t.Any:
            connection = http.client.HTTPConnection(place, timeout=30)
            try:
                connection.request("GET", f"/{path}/api/{address}", headers={"Authorization": f"Bearer {token}"})
                response = connection.getresponse()
                assert response.status == 200, address
                return json.loads(response.read())
            finally:
                connection.close()

        uids = [found["uid"] for found in get("search") if found["type"] == "dash-db"]
        return [get(f"dashboards/uid/{uid}")["dashboard"] for uid in uids]
    finally:
        control.delete_workspace_service_account(workspaceId=workspace["id"], serviceAccountId=account)


class Window(t.NamedTuple):
    """The time that a panel shows."""

    start: datetime.datetime
    end: datetime.datetime

    @classmethod
    def last(cls, now: datetime.datetime, seconds: float) -> Window:
        return cls(now - datetime.timedelta(seconds=seconds), now + datetime.timedelta(seconds=1))

    @classmethod
    def of(cls, panel: Plain, board: Plain, now: datetime.datetime) -> Window:
        """With the panel's ``timeFrom`` (15m, now/d) and ``timeShift`` (2d/d), else the time of the dashboard."""
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        since = panel.get("timeFrom") or board["time"]["from"].removeprefix("now-")
        if shift := re.fullmatch(r"(\d+)d/d", panel.get("timeShift", "")):
            start = midnight - datetime.timedelta(days=int(shift[1]))
            return cls(start, start + datetime.timedelta(days=1))
        if since == "now/d":
            return cls(midnight, now + datetime.timedelta(seconds=1))
        return cls.last(now, datetime.timedelta(**{UNITS[since[-1]]: int(since[:-1])}).total_seconds())


@dataclasses.dataclass(frozen=True)
class Query:
    """where: board and panel, for messages. target: as the panel has it, with its variables filled in."""

    board: str
    where: str
    target: Plain
    window: Window


class Reader:
    """Asks the twin with the role of the dashboards. Only Grafana may take that role; the account may too as long as this is open."""

    def __init__(self, cloud: LocalCloud, now: datetime.datetime) -> None:
        self.cloud = cloud
        self.now = now
        outputs = cloud.client("cloudformation").describe_stacks(StackName=SITE)["Stacks"][0]["Outputs"]
        self.role = next(output["OutputValue"] for output in outputs if output["OutputKey"] == "DashboardRoleArn")
        self.role_name = self.role.rpartition("/")[2]
        self.trust = cloud.client("iam").get_role(RoleName=self.role_name)["Role"]["AssumeRolePolicyDocument"]

    def __enter__(self) -> Reader:
        account = self.role.split(":")[4]
        own = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
        self._let({**self.trust, "Statement": [*self.trust["Statement"], own]})
        keys = self.cloud.client("sts").assume_role(RoleArn=self.role, RoleSessionName=NAME)["Credentials"]
        self.twin = self._client("iottwinmaker", keys)
        self.s3 = self._client("s3", keys)
        return self

    def __exit__(self, *_unused: object) -> None:
        self._let(self.trust)

    def _let(self, trust: Plain) -> None:
        self.cloud.client("iam").update_assume_role_policy(RoleName=self.role_name, PolicyDocument=json.dumps(trust))

    def _client(self, service: str, keys: Plain) -> t.Any:
        return boto3.client(
            service,
            endpoint_url=self.cloud.endpoint,
            region_name="eu-central-1",
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            config=Config(inject_host_prefix=False, retries={"mode": "standard", "max_attempts": 3}),
        )

    def queries(self, board: Plain) -> c.Iterator[Query]:
        """All queries of a dashboard's panels and variables."""
        variables = board["templating"]["list"]
        values = {variable["name"]: variable["current"]["value"] for variable in variables}
        for variable in variables:
            if variable["type"] == "query":
                where = f"{board['title']}: variable {variable['name']}"
                yield Query(board["title"], where, _filled(variable["query"], values), Window.of({}, board, self.now))
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                if target["datasource"]["type"] == DATASOURCE_TYPE:
                    where = f"{board['title']}: {panel['title']} {target['refId']}"
                    yield Query(board["title"], where, _filled(target, values), Window.of(panel, board, self.now))

    def answer(self, query: Query) -> list[t.Any]:
        target = query.target
        if target["queryType"] in ("GetEntity", "ListComponentNames"):
            return list(self.twin.get_entity(workspaceId=WORKSPACE, entityId=target["entityId"])["components"])
        assert target["queryType"] == "EntityHistory", "a query that is not asked here yet"
        return self.history(target["entityId"], target["componentName"], target["properties"], query.window, target["order"])

    def history(self, entity: str, component: str, properties: list[str], window: Window, order: str = "ASCENDING") -> list[t.Any]:
        """Values of the first page that has any."""
        request = {
            "workspaceId": WORKSPACE,
            "entityId": entity,
            "componentName": component,
            "selectedProperties": properties,
            "startTime": window.start.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "endTime": window.end.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "orderByTime": order,
        }
        while True:
            page = self.twin.get_property_value_history(**request)
            values = [value for found in page["propertyValues"] for value in found["values"]]
            if values or not page.get("nextToken"):
                return values
            request["nextToken"] = page["nextToken"]

    def tags_without_values(self) -> list[str]:
        """What the scene asks by itself: the last value of what each of its tags is bound to."""
        location = self.twin.get_scene(workspaceId=WORKSPACE, sceneId="plant")["contentLocation"]
        bucket, key = location.removeprefix("s3://").split("/", 1)
        document = json.loads(self.s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        tags = {node["name"]: one for node in document["nodes"] for one in node["components"] if one["type"] == "Tag"}
        bound = {name: tag["valueDataBinding"]["dataBindingContext"] for name, tag in tags.items()}
        assert bound
        window = Window.last(self.now, 3600)
        return [
            name
            for name, one in bound.items()
            if not self.history(one["entityId"], one["componentName"], [one["propertyName"]], window, "DESCENDING")
        ]


def _filled(value: t.Any, values: c.Mapping[str, str]) -> t.Any:
    """With the variables' values in the place of their names."""
    if isinstance(value, dict):
        return {key: _filled(inner, values) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, values) for inner in value]
    return re.sub(r"\$\{(\w+)\}", lambda name: values[name[1]], value) if isinstance(value, str) else value
