# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Grafana behind a workspace, over its HTTP API."""

from __future__ import annotations

import collections.abc as c
import json
import typing as t

import pytest

from local_cloud.cloud import Cloud
from local_cloud.protocol.http import HttpRequest

TWINMAKER = "grafana-iot-twinmaker-app"
DATASOURCE = "grafana-iot-twinmaker-datasource"
ADMINISTERED = '{"plugins":{"pluginAdminEnabled":true}}'


class Site:
    """A client of one workspace's Grafana with a token of its own."""

    def __init__(self, cloud: Cloud, workspace: str, role: str = "ADMIN", seconds: int = 600) -> None:
        grafana = cloud.client("grafana")
        self._cloud = cloud
        self._endpoint = grafana.describe_workspace(workspaceId=workspace)["workspace"]["endpoint"]
        self.account = grafana.create_workspace_service_account(workspaceId=workspace, name=f"{role} {seconds}", grafanaRole=role)["id"]
        made = grafana.create_workspace_service_account_token(
            workspaceId=workspace, serviceAccountId=self.account, name="test", secondsToLive=seconds
        )
        self.key = made["serviceAccountToken"]["key"]

    def __call__(self, method: str, path: str, body: t.Any = None, key: str | None = None) -> tuple[int, t.Any]:
        host, _unused, own_path = self._endpoint.partition("/")
        path, _unused, query = path.partition("?")
        headers = {"host": host, "authorization": f"Bearer {self.key if key is None else key}"}
        data = b"" if body is None else json.dumps(body).encode()
        response = self._cloud.front.handle(HttpRequest(method, f"/{own_path}/api/{path}", query, headers, data))
        return response.status, json.loads(response.body)


@pytest.fixture
def site(cloud: Cloud, create: c.Callable[..., str]) -> Site:
    return Site(cloud, create(configuration=ADMINISTERED))


def test_a_token_is_asked_for_and_ends(cloud: Cloud, create: c.Callable[..., str], slow: t.Any) -> None:
    workspace = create()
    slow.now += 61
    site = Site(cloud, workspace, seconds=60)
    assert site("GET", "org")[0] == 200
    assert site("GET", "org", key="glsa_unknown")[1]["message"] == "Invalid API key"
    assert site("GET", "health", key="")[0] == 200
    slow.now += 61
    assert site("GET", "org") == (401, {"message": "Expired API key", "messageId": "api-key.expired", "statusCode": 401})


def test_a_token_dies_with_its_account_and_opens_one_workspace_only(cloud: Cloud, create: c.Callable[..., str]) -> None:
    first, other = create(), create(workspaceName="other")
    site = Site(cloud, first)
    assert Site(cloud, other)("GET", "org", key=site.key)[0] == 401
    cloud.client("grafana").delete_workspace_service_account(workspaceId=first, serviceAccountId=site.account)
    assert site("GET", "org")[0] == 401


def test_roles_bound_what_a_token_can_do(cloud: Cloud, create: c.Callable[..., str]) -> None:
    workspace = create()
    viewer, editor = Site(cloud, workspace, "VIEWER"), Site(cloud, workspace, "EDITOR")
    assert viewer("POST", "folders", {"title": "Site"})[0] == 403
    assert editor("POST", "folders", {"title": "Site"})[0] == 200
    assert editor("GET", "datasources")[0] == 403


def test_nothing_answers_while_the_workspace_is_made_or_upgraded(
    cloud: Cloud, grafana: t.Any, create: c.Callable[..., str], slow: t.Any
) -> None:
    workspace = create()
    endpoint = grafana.describe_workspace(workspaceId=workspace)["workspace"]["endpoint"].partition("/")[2]
    health = HttpRequest("GET", f"/{endpoint}/api/health", "", {})
    assert cloud.front.handle(health).status == 503
    slow.now += 61
    assert json.loads(cloud.front.handle(health).body)["version"] == "10.4.0"
    grafana.update_workspace_configuration(workspaceId=workspace, configuration="{}", grafanaVersion="12.4")
    assert cloud.front.handle(health).status == 503
    slow.now += 61
    assert json.loads(cloud.front.handle(health).body)["version"] == "12.4.0"
    grafana.delete_workspace(workspaceId=workspace)
    slow.now += 61
    assert cloud.front.handle(health).status == 404


def test_what_is_not_there_is_refused(site: Site) -> None:
    assert site("GET", "teams/search")[0] == 501
    assert site("PATCH", "org")[0] == 501


def test_plugins_are_installed_replaced_and_removed(site: Site) -> None:
    assert site("GET", f"plugins/{TWINMAKER}/settings")[0] == 404
    assert site("POST", f"plugins/{TWINMAKER}/install", {"version": "2.1.6"})[0] == 200
    assert site("POST", f"plugins/{TWINMAKER}/install", {"version": "2.1.6"}) == (409, {"message": "Plugin already installed"})
    assert site("POST", f"plugins/{TWINMAKER}/install", {"version": "2.1.7"})[0] == 200
    assert site("GET", f"plugins/{TWINMAKER}/settings")[1]["info"]["version"] == "2.1.7"
    assert site("GET", f"plugins/{DATASOURCE}/settings")[1]["type"] == "datasource"
    assert {TWINMAKER, DATASOURCE, "timeseries"} <= {plugin["id"] for plugin in site("GET", "plugins")[1]}
    assert site("POST", f"plugins/{TWINMAKER}/install", {"version": "9.9.9"}) == (404, {"message": "Plugin version not found"})
    assert site("POST", "plugins/nobodys-app/install", {}) == (404, {"message": "Plugin not found"})
    assert site("POST", "plugins/timeseries/install", {})[0] == 403
    assert site("POST", f"plugins/{TWINMAKER}/uninstall")[0] == 200
    assert site("POST", f"plugins/{TWINMAKER}/uninstall")[0] == 404


def test_without_plugin_administration_there_is_no_install(cloud: Cloud, create: c.Callable[..., str]) -> None:
    site = Site(cloud, create())
    assert site("GET", "frontend/settings")[1]["pluginAdminEnabled"] is False
    assert site("POST", f"plugins/{TWINMAKER}/install", {"version": "2.1.7"}) == (404, {"message": "Not found"})


def test_a_plugin_needs_its_grafana(cloud: Cloud, create: c.Callable[..., str]) -> None:
    site = Site(cloud, create(grafanaVersion="9.4", configuration=ADMINISTERED))
    assert site("POST", f"plugins/{TWINMAKER}/install", {"version": "2.1.7"}) == (409, {"message": "Plugin version not supported"})


def datasource(**members: t.Any) -> dict[str, t.Any]:
    return {"uid": "tm", "name": "Twin", "type": DATASOURCE, "access": "proxy", "jsonData": {"workspaceId": "plant"}, **members}


def test_data_sources_keep_their_secrets(site: Site) -> None:
    assert site("POST", "datasources", datasource(secureJsonData={"secretKey": "hush"}))[0] == 200
    found = site("GET", "datasources/uid/tm")[1]
    assert found["secureJsonFields"] == {"secretKey": True}
    assert "hush" not in json.dumps(found)
    status, changed = site("PUT", "datasources/uid/tm", datasource(name="Twin two", version=found["version"]))
    assert (status, changed["datasource"]["version"]) == (200, 2)
    assert site("GET", "datasources/uid/tm")[1]["secureJsonFields"] == {"secretKey": True}
    assert site("PUT", "datasources/uid/tm", datasource(version=1))[0] == 409
    assert site("POST", "datasources", datasource(uid="other", name="Twin two"))[0] == 409
    assert site("POST", "datasources", datasource(uid="x" * 41, name="long"))[0] == 400
    assert site("GET", "datasources/name/Twin two")[1]["uid"] == "tm"
    assert site("DELETE", "datasources/uid/tm")[0] == 200
    assert site("GET", "datasources/uid/tm")[0] == 404


def test_one_data_source_is_the_default(site: Site) -> None:
    site("POST", "datasources", datasource(isDefault=True))
    site("POST", "datasources", datasource(uid="tm2", name="Twin 2", isDefault=True))
    assert [(found["uid"], found["isDefault"]) for found in site("GET", "datasources")[1]] == [("tm", False), ("tm2", True)]


@pytest.mark.parametrize(("version", "status"), [("10.4", 200), ("12.4", 200), ("13.1", 404)])
def test_numbers_of_data_sources_end_with_grafana_13(cloud: Cloud, create: c.Callable[..., str], version: str, status: int) -> None:
    site = Site(cloud, create(grafanaVersion=version))
    number = site("POST", "datasources", datasource())[1]["id"]
    assert site("GET", f"datasources/{number}")[0] == status
    assert site("GET", "datasources/uid/tm")[0] == 200


def test_the_health_check_goes_through_the_roles(cloud: Cloud, create: c.Callable[..., str], role: str) -> None:
    iam = cloud.client("iam")
    site = Site(cloud, create(configuration=ADMINISTERED))
    dashboard_role = "arn:aws:iam::123456789012:role/twin-dashboard"
    settings: dict[str, t.Any] = {"defaultRegion": "eu-central-1", "authType": "ec2_iam_role"}

    def health(**more: t.Any) -> tuple[int, str]:
        settings.update(more)
        if site("PUT", "datasources/uid/tm", datasource(jsonData=settings))[0] == 404:
            site("POST", "datasources", datasource(jsonData=settings))
        status, body = site("GET", "datasources/uid/tm/health")
        assert status == 404 or (status, body["status"]) in ((200, "OK"), (400, "ERROR"))
        return status, body["message"]

    def policy(name: str, *statements: dict[str, t.Any]) -> None:
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        iam.put_role_policy(RoleName=name, PolicyName="twin", PolicyDocument=document)

    assert health() == (404, "Plugin not found")
    assert site("POST", f"plugins/{TWINMAKER}/install", {"version": "2.1.7"})[0] == 200
    assert health() == (400, "Missing WorkspaceID configuration")
    assert health(workspaceId="health-plant") == (400, "Assume Role ARN is required")
    refused = health(assumeRoleArn=dashboard_role)[1]
    assert "operation error STS: AssumeRole" in refused and "is not authorized to perform: sts:AssumeRole" in refused
    trust = {"Effect": "Allow", "Principal": {"AWS": role}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName="twin-dashboard", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
    assert "sts:AssumeRole" in health()[1]  # the dashboard role trusts it, but the workspace role may not yet
    policy("dashboards", {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": dashboard_role})
    assert "iottwinmaker:GetWorkspace" in health()[1]
    policy("twin-dashboard", {"Effect": "Allow", "Action": "iottwinmaker:Get*", "Resource": "*"})
    assert "ResourceNotFoundException" in health()[1]
    cloud.client("iottwinmaker").create_workspace(workspaceId="health-plant")
    assert health() == (200, "TwinMaker datasource successfully configured (health-plant)")


def test_folders_move_and_take_their_contents_with_them(site: Site) -> None:
    assert site("POST", "folders", {"uid": "plant", "title": "Plant"})[1]["version"] == 1
    assert site("POST", "folders", {"uid": "plant", "title": "Other"})[0] == 409
    assert site("POST", "folders", {"uid": "hall", "title": "Hall", "parentUid": "plant"})[1]["parentUid"] == "plant"
    assert site("POST", "folders", {"uid": "lost", "title": "Lost", "parentUid": "nowhere"})[0] == 404
    assert site("POST", "folders", {"title": ""})[0] == 400
    assert site("PUT", "folders/plant", {"title": "Works", "version": 7})[0] == 412
    assert site("PUT", "folders/plant", {"title": "Works", "version": 1})[1]["title"] == "Works"
    assert site("POST", "folders/plant/move", {"parentUid": "hall"})[0] == 400
    assert [folder["uid"] for folder in site("GET", "folders?parentUid=plant")[1]] == ["hall"]
    site("POST", "dashboards/db", {"dashboard": {"uid": "panel", "title": "Panel"}, "folderUid": "hall"})
    assert [found["uid"] for found in site("GET", "search?folderUIDs=hall")[1]] == ["panel"]
    assert site("DELETE", "folders/plant")[0] == 200
    assert site("GET", "folders/hall")[0] == site("GET", "dashboards/uid/panel")[0] == 404


def test_dashboards_are_saved_in_versions(site: Site) -> None:
    site("POST", "folders", {"uid": "plant", "title": "Plant"})

    def save(body: dict[str, t.Any], **members: t.Any) -> tuple[int, t.Any]:
        return site("POST", "dashboards/db", {"dashboard": body, "folderUid": "plant", **members})

    panel = {"uid": "panel", "title": "Panel"}
    assert save(panel, message="first")[1]["version"] == 1
    assert save(panel)[1]["status"] == "version-mismatch"
    assert save({**panel, "version": 1}, message="second")[1]["version"] == 2
    assert save({"uid": "other", "title": "panel"})[1]["status"] == "name-exists"
    assert save(panel, folderUid="nowhere") == (400, {"message": "folder not found"})
    assert save({"uid": "x" * 41, "title": "long"})[0] == save({"uid": "a/b", "title": "bad"})[0] == save({"uid": "c"})[0] == 400
    assert [found["message"] for found in site("GET", "dashboards/uid/panel/versions?limit=1")[1]] == ["second"]
    assert site("GET", "dashboards/uid/panel")[1]["meta"]["folderUid"] == "plant"
    # Leaving the folder out moves the dashboard, without a word.
    site("POST", "dashboards/db", {"dashboard": panel, "overwrite": True})
    assert site("GET", "dashboards/uid/panel")[1]["meta"]["folderUid"] == ""
    assert site("DELETE", "dashboards/uid/panel")[0] == 200
    assert site("GET", "dashboards/uid/panel/versions")[0] == 404


def test_overwrite_replaces_a_dashboard_of_the_same_title(site: Site) -> None:
    site("POST", "dashboards/db", {"dashboard": {"uid": "mine", "title": "Panel"}})
    replaced = site("POST", "dashboards/db", {"dashboard": {"uid": "yours", "title": "Panel"}, "overwrite": True})[1]
    assert (replaced["uid"], replaced["version"]) == ("mine", 2)


@pytest.mark.parametrize(("version", "rewritten"), [("12.4", False), ("13.1", True)])
def test_grafana_13_shows_dashboards_rewritten(cloud: Cloud, create: c.Callable[..., str], version: str, rewritten: bool) -> None:
    site = Site(cloud, create(grafanaVersion=version))
    panel = {
        "id": 1,
        "type": "stat",
        "transparent": False,
        "fieldConfig": {"defaults": {"thresholds": {"mode": "absolute", "steps": [{"color": "green", "value": None}]}}},
    }
    body = {"uid": "d", "title": "D", "schemaVersion": 39, "refresh": False, "style": "dark", "panels": [panel]}
    site("POST", "dashboards/db", {"dashboard": body})
    found = site("GET", "dashboards/uid/d")[1]["dashboard"]
    own = {name: value for name, value in found.items() if name not in ("id", "version")}
    assert (own != body) is rewritten
    if rewritten:
        assert found["schemaVersion"] == 42 and "style" not in found
        assert found["panels"][0]["fieldConfig"]["defaults"]["thresholds"]["steps"] == [{"color": "green", "value": 0}]
        assert found["annotations"]["list"][0]["builtIn"] == 1
    # Reading is no saving.
    assert found["version"] == 1
    assert isinstance(site("GET", "dashboards/uid/d/versions")[1], dict)
