# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules for the HTTP API against the Grafana of a local cloud."""

from __future__ import annotations

import copy
import json
import pathlib
import typing as t
import urllib.request

import pytest

from ansible_collections.energytwin.aws.plugins.module_utils._grafana import http
from local_cloud.cloud import Cloud

APP = "grafana-iot-twinmaker-app"
TYPE = "grafana-iot-twinmaker-datasource"


def ask(site: t.Any, path: str) -> t.Any:
    request = urllib.request.Request(f"{site.url}/api/{path}", headers={"Authorization": f"Bearer {site.token}"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def tell(site: t.Any, path: str, body: dict[str, t.Any]) -> None:
    headers = {"Authorization": f"Bearer {site.token}", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"{site.url}/api/{path}", json.dumps(body).encode(), headers)):
        pass


# ---- tokens, addresses, weather


def test_an_expired_token_and_a_wrong_one(cloud: Cloud, site: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = {"uid": "plant", "title": "Plant"}
    assert "does not accept the token (Invalid API key)" in site.run("grafana_folder", **folder, token="glsa_wrong")["msg"]
    later = cloud.now() + 601
    monkeypatch.setattr(cloud, "now", lambda: later)
    failed = site.run("grafana_folder", **folder)
    assert "does not accept the token (Expired API key)" in failed["msg"] and "grafana_workspace_token" in failed["msg"]
    assert failed["error"] == {"status": 401, "message": "Expired API key"}


def test_a_viewers_token_may_not_write(make_workspace: t.Any, open_site: t.Any) -> None:
    failed = open_site(make_workspace(), role="VIEWER").run("grafana_folder", uid="plant", title="Plant")
    assert "may not POST /api/folders" in failed["msg"] and "role admin" in failed["msg"]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://grafana.example.com", "use https"),
        ("ftp://grafana.example.com", "is no address of a Grafana"),
        ("https://ada:secret@grafana.example.com", "holds a user or a password"),
        ("", "nothing is given"),
    ],
)
def test_addresses_that_are_refused(run: t.Any, url: str, words: str) -> None:
    failed = run("grafana_folder", url=url, token="glsa_x", uid="plant", title="Plant")
    assert words in failed["msg"] and "secret" not in failed["msg"]


@pytest.mark.parametrize("token", ["glsa_hush\n", " glsa_hush", "glsa_\thush", "glsa_hush\u00e9"])
def test_tokens_that_are_refused_are_not_shown(run: t.Any, token: str) -> None:
    failed = run("grafana_folder", url="http://127.0.0.1:1", token=token, timeout=0, uid="plant", title="Plant")
    assert failed["msg"].startswith("token: it holds a blank, a line break") and "exception" not in failed
    assert "glsa_" not in json.dumps({**failed, "invocation": {}}) and "hush" not in json.dumps({**failed, "invocation": {}})


def test_nothing_given_to_reach_it_with(run: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRAFANA_URL", raising=False)
    monkeypatch.delenv("GRAFANA_TOKEN", raising=False)
    assert run("grafana_folder", uid="x", title="X", token="glsa_x")["msg"].startswith(
        "url: nothing is given; give it here, in module_defaults"
    )
    monkeypatch.setenv("GRAFANA_URL", "https://grafana.example.com")
    assert run("grafana_folder", uid="x", title="X")["msg"].startswith("token: nothing is given;")


def test_an_endpoint_without_a_scheme_is_https() -> None:
    assert http.checked_url("g-0123456789.grafana-workspace.eu-central-1.amazonaws.com/") == (
        "https://g-0123456789.grafana-workspace.eu-central-1.amazonaws.com"
    )


def test_nobody_there(run: t.Any) -> None:
    failed = run("grafana_folder", url="http://127.0.0.1:1", token="glsa_x", timeout=0, uid="plant", title="Plant")
    assert "Grafana does not answer" in failed["msg"]


def test_a_grafana_that_is_starting_is_waited_for(cloud: Cloud, site: t.Any, settle: t.Any) -> None:
    settle(0.5)
    cloud.client("grafana").update_workspace_configuration(workspaceId=site.workspace, configuration="{}", grafanaVersion="13.1")
    assert site.run("grafana_folder", uid="plant", title="Plant")["changed"]


def test_faults_on_the_way_are_overcome(cloud: Cloud, site: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call is cut off or fails once, before or after it was done."""
    sent: dict[str, int] = {}
    real = http.open_url

    def faulty(url: str, **arguments: t.Any) -> t.Any:
        key = f"{arguments['method']} {url}"
        sent[key] = sent.get(key, 0) + 1
        if arguments["method"] != "GET" and sent[key] == 1:
            real(url, **arguments)
            raise ConnectionResetError("cut after it was done")
        if arguments["method"] == "GET" and sent[key] == 1:
            raise ConnectionResetError("cut before it was done")
        return real(url, **arguments)

    monkeypatch.setattr(http, "open_url", faulty)
    assert site.run("grafana_folder", uid="plant", title="Plant")["changed"]
    assert site.run("grafana_dashboard", dashboard={"uid": "power", "title": "Power"})["dashboard"]["version"] == 1
    assert site.run("grafana_plugin", plugin_id=APP, version="2.1.7")["plugin"]["version"] == "2.1.7"
    assert site.run("grafana_datasource", uid="tm", name="Twin", type=TYPE)["datasource"]["name"] == "Twin"
    assert site.run("grafana_datasource", uid="tm", state="absent")["changed"]


# ---- plugins


def test_the_life_of_a_plugin(site: t.Any) -> None:
    assert site.three_times("grafana_plugin", plugin_id=APP, version="2.1.6")["reasons"] == ["is not there"]
    replaced = site.three_times("grafana_plugin", plugin_id=APP, version="2.1.7")
    assert replaced["reasons"] == ["version changes from '2.1.6' to '2.1.7'"]
    assert replaced["plugin"] == {"plugin_id": APP, "version": "2.1.7", "type": "app"}
    assert ask(site, f"plugins/{TYPE}/settings")["type"] == "datasource"
    site.three_times("grafana_plugin", plugin_id=APP, state="absent")


@pytest.mark.parametrize("check", [True, False])
def test_plugin_administration_is_off(make_workspace: t.Any, open_site: t.Any, check: bool) -> None:
    site = open_site(make_workspace(configuration="{}"))
    failed = site.run("grafana_plugin", check=check, plugin_id=APP, version="2.1.7")
    assert failed["failed"] and "Plugin administration is off" in failed["msg"] and "pluginAdminEnabled: true" in failed["msg"]


def test_plugins_that_cannot_be_had(make_workspace: t.Any, open_site: t.Any, site: t.Any) -> None:
    assert "does not offer" in site.run("grafana_plugin", plugin_id=APP, version="9.9.9")["msg"]
    assert "does not offer" in site.run("grafana_plugin", plugin_id="nobodys-app", version="1.0.0")["msg"]
    assert "part of Grafana" in site.run("grafana_plugin", plugin_id="timeseries", version="1.0.0")["msg"]
    assert "version" in site.run("grafana_plugin", plugin_id=APP)["msg"]
    old = open_site(make_workspace(grafanaVersion="9.4", workspaceName="old"))
    assert "fits this version of Grafana" in old.run("grafana_plugin", plugin_id=APP, version="2.1.7")["msg"]


# ---- data sources


def twin(**differences: t.Any) -> dict[str, t.Any]:
    data = {"authType": "ec2_iam_role", "defaultRegion": "eu-central-1", "workspaceId": "plant"}
    return {"uid": "tm", "name": "Twin", "type": TYPE, "json_data": data, **differences}


@pytest.mark.parametrize("version", ["10.4", "12.4", "13.1"])
def test_the_life_of_a_data_source(make_workspace: t.Any, open_site: t.Any, version: str) -> None:
    site = open_site(make_workspace(grafanaVersion=version))
    made = site.three_times("grafana_datasource", **twin())
    assert (made["datasource"]["access"], made["datasource"]["json_data"]["workspaceId"]) == ("proxy", "plant")
    # What is not given stays; null takes a key away.
    changed = site.three_times("grafana_datasource", uid="tm", is_default=True, json_data={"workspaceId": "other", "authType": None})
    assert changed["datasource"]["json_data"] == {"defaultRegion": "eu-central-1", "workspaceId": "other"}
    assert "json_data.workspaceId changes from 'plant' to 'other'" in changed["reasons"]
    assert ask(site, "datasources/uid/tm")["name"] == "Twin"
    site.three_times("grafana_datasource", uid="tm", state="absent")


def test_secrets_go_in_and_are_seen_nowhere(site: t.Any) -> None:
    keys = {"accessKey": "AKIAHUSHHUSH", "secretKey": "hush-hush"}
    made = site.three_times("grafana_datasource", **twin(secure_json_data=keys))
    assert made["diff"]["after"]["secure_json_data"] == {"accessKey": "(hidden)", "secretKey": "(hidden)"}
    assert not site.run("grafana_datasource", **twin(secure_json_data={**keys, "secretKey": "other-hush"}))["changed"]
    renewed = site.run("grafana_datasource", **twin(secure_json_data={**keys, "secretKey": "other-hush"}, update_secrets=True))
    assert renewed["changed"] and "secret 'secretKey' is set" in renewed["reasons"]
    for result in (made, renewed):
        assert "hush" not in json.dumps({key: value for key, value in result.items() if key != "invocation"}).lower()
    # Another change does not lose them.
    site.three_times("grafana_datasource", uid="tm", name="Twin 2")
    assert ask(site, "datasources/uid/tm")["secureJsonFields"] == {"accessKey": True, "secretKey": True}


def test_data_sources_that_are_refused(site: t.Any) -> None:
    assert "name and type must be given" in site.run("grafana_datasource", uid="tm")["msg"]
    assert "'a/b' cannot be used" in site.run("grafana_datasource", **twin(uid="a/b"))["msg"]
    assert "at most 40 characters" in site.run("grafana_datasource", **twin(uid="x" * 41))["msg"]
    site.run("grafana_datasource", **twin())
    assert "that never changes" in site.run("grafana_datasource", **twin(type="prometheus"))["msg"]
    assert "has the name 'Twin' already" in site.run("grafana_datasource", **twin(uid="tm2"))["msg"]


def test_the_health_of_the_twins_data_source(cloud: Cloud, site: t.Any, role: str) -> None:
    iam = cloud.client("iam")
    dashboard_role = "arn:aws:iam::123456789012:role/dashboards"
    healthy = twin(
        json_data={"defaultRegion": "eu-central-1", "workspaceId": "plant", "assumeRoleArn": dashboard_role}, health=True, health_timeout=0
    )
    assert site.run("grafana_datasource", **healthy, check=True)["changed"]  # not asked: it is not there yet
    assert "does not work: Plugin not found" in site.run("grafana_datasource", **healthy)["msg"]
    site.run("grafana_plugin", plugin_id=APP, version="2.1.7")
    failed = site.run("grafana_datasource", **healthy)
    assert "sts:AssumeRole" in failed["msg"] and failed["health"]["status"] == "ERROR"

    def document(*statements: dict[str, t.Any]) -> str:
        return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})

    trust = {"Effect": "Allow", "Principal": {"AWS": role}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName="dashboards", AssumeRolePolicyDocument=document(trust))
    may_assume = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": dashboard_role}
    may_read = {"Effect": "Allow", "Action": "iottwinmaker:Get*", "Resource": "*"}
    iam.put_role_policy(RoleName="grafana", PolicyName="assume", PolicyDocument=document(may_assume))
    iam.put_role_policy(RoleName="dashboards", PolicyName="read", PolicyDocument=document(may_read))
    cloud.client("iottwinmaker").create_workspace(workspaceId="plant", description="The plant")
    done = site.run("grafana_datasource", **healthy)
    assert not done["changed"]
    assert done["health"] == {"status": "OK", "message": "TwinMaker datasource successfully configured (The plant)"}


# ---- folders


def test_the_life_of_a_folder(site: t.Any) -> None:
    site.three_times("grafana_folder", uid="plant", title="Plant")
    site.three_times("grafana_folder", uid="hall", title="Hall", parent_uid="plant")
    moved = site.three_times("grafana_folder", uid="hall", title="Hall 1", parent_uid="")
    assert moved["folder"] == {"uid": "hall", "title": "Hall 1", "parent_uid": ""}
    site.three_times("grafana_folder", uid="hall", parent_uid="plant")
    assert site.run("grafana_folder", uid="hall", title="Hall 1")["folder"]["parent_uid"] == "plant"  # not moved by accident
    refused = site.run("grafana_folder", uid="plant", state="absent")
    assert "is not empty, it has 'Hall 1'" in refused["msg"] and refused["contents"] == ["Hall 1"]
    site.three_times("grafana_folder", uid="plant", state="absent", force=True)
    assert not site.run("grafana_folder", uid="hall", state="absent")["changed"]


def test_folders_that_are_refused(site: t.Any) -> None:
    assert "title must be given" in site.run("grafana_folder", uid="plant")["msg"]
    assert "There is no folder 'nowhere'" in site.run("grafana_folder", uid="plant", title="Plant", parent_uid="nowhere")["msg"]
    site.run("grafana_folder", uid="plant", title="Plant")
    assert "another folder with the title 'Plant'" in site.run("grafana_folder", uid="works", title="Plant")["msg"]


# ---- dashboards


def power(limit: float = 40, **members: t.Any) -> dict[str, t.Any]:
    query = {"queryType": "EntityHistory", "entityId": "mdb", "componentName": "meter-1", "properties": ["kW"]}
    steps = [{"color": "green", "value": None}, {"color": "red", "value": limit}]
    panel = {
        "id": 1,
        "type": "timeseries",
        "title": "Power",
        "transparent": False,
        "gridPos": {"h": 8, "w": 24, "x": 0, "y": 0},
        "fieldConfig": {"defaults": {"unit": "kwatt", "thresholds": {"mode": "absolute", "steps": steps}}, "overrides": []},
        "targets": [{"refId": "A", "datasource": {"type": TYPE, "uid": "tm"}, **query}],
    }
    return {"uid": "power", "title": "Power", "schemaVersion": 39, "refresh": False, "style": "dark", "panels": [panel], **members}


@pytest.mark.parametrize("version", ["10.4", "12.4", "13.1"])
def test_the_life_of_a_dashboard(make_workspace: t.Any, open_site: t.Any, tmp_path: pathlib.Path, version: str) -> None:
    site = open_site(make_workspace(grafanaVersion=version))
    site.run("grafana_folder", uid="plant", title="Plant")
    made = site.three_times("grafana_dashboard", dashboard=power(), folder_uid="plant")
    assert made["dashboard"]["folder_uid"] == "plant" and made["dashboard"]["version"] == 1
    changed = site.three_times("grafana_dashboard", dashboard=power(limit=45))
    assert [reason for reason in changed["reasons"] if "steps[1]" in reason] == [
        "panels[0].fieldConfig.defaults.thresholds.steps[1].value changes from 40 to 45"
    ]
    assert changed["dashboard"]["folder_uid"] == "plant"  # not moved by accident
    file = tmp_path / "power.json"
    file.write_text(json.dumps(power(limit=45)))
    assert not site.run("grafana_dashboard", path=str(file))["changed"]
    moved = site.three_times("grafana_dashboard", path=str(file), folder_uid="")
    assert moved["reasons"] == ["folder_uid changes from 'plant' to ''"]
    site.three_times("grafana_dashboard", uid="power", state="absent")


def test_a_changed_limit_is_all_that_the_diff_shows(site: t.Any) -> None:
    site.run("grafana_dashboard", dashboard=power())
    foretold = site.run("grafana_dashboard", check=True, dashboard=power(limit=45))
    assert foretold["reasons"] == ["panels[0].fieldConfig.defaults.thresholds.steps[1].value changes from 40 to 45"]
    before, after = foretold["diff"]["before"], foretold["diff"]["after"]
    before["dashboard"]["panels"][0]["fieldConfig"]["defaults"]["thresholds"]["steps"][1]["value"] = 45
    assert before == after


@pytest.mark.parametrize("version", ["12.4", "13.1"])
def test_an_upgrade_and_what_grafana_fills_in_are_no_change(cloud: Cloud, make_workspace: t.Any, open_site: t.Any, version: str) -> None:
    site = open_site(make_workspace(grafanaVersion="10.4"))
    site.run("grafana_dashboard", dashboard=power())
    cloud.client("grafana").update_workspace_configuration(workspaceId=site.workspace, configuration="{}", grafanaVersion=version)
    again = site.run("grafana_dashboard", dashboard=power(), commit_message="Another message")
    assert not again["changed"] and again["dashboard"]["version"] == 1


@pytest.mark.parametrize("version", ["12.4", "13.1"])
def test_what_somebody_saved_in_grafana_is_overwritten(make_workspace: t.Any, open_site: t.Any, version: str) -> None:
    site = open_site(make_workspace(grafanaVersion=version))
    site.run("grafana_dashboard", dashboard=power())
    by_hand = ask(site, "dashboards/uid/power")["dashboard"]
    by_hand["panels"][0]["title"] = "Mine"
    tell(site, "dashboards/db", {"dashboard": by_hand, "message": "by hand"})
    mended = site.three_times("grafana_dashboard", dashboard=power())
    assert "panels[0].title changes from 'Mine' to 'Power'" in mended["reasons"]
    assert "was saved by ADMIN 600 in Grafana, and not from here" in mended["reasons"]


def test_a_dashboard_is_checked_against_the_twin_before_anything_is_done(site: t.Any) -> None:
    entities = [{"entity_id": "mdb", "components": {"meter-2": {}}}]
    twin = {"entities": entities, "properties": ["kW"], "scenes": [], "datasources": ["tm"]}
    for check in (True, False):
        refused = site.run("grafana_dashboard", check=check, dashboard=power(), twin=twin)
        assert refused["faults"] == [
            "panels[0].targets[0].componentName: entity 'mdb' has no component 'meter-1'; correct it, or add the meter."
        ]
        assert refused["msg"] == f"Dashboard 'power', {refused['faults'][0]}"
    twin["entities"] = [{"entity_id": "mdb", "components": {"meter-1": {}}}]
    site.three_times("grafana_dashboard", dashboard=power(), twin=twin)


def test_a_query_that_cannot_work_is_refused_without_a_twin_and_can_be_forced(site: t.Any) -> None:
    wrong = power()
    del wrong["panels"][0]["targets"][0]["properties"]
    assert "targets[0].properties: EntityHistory needs it" in site.run("grafana_dashboard", dashboard=wrong)["msg"]
    assert site.run("grafana_dashboard", dashboard=wrong, lint=False)["changed"]


def test_a_dashboard_that_stands_is_taken_over(site: t.Any) -> None:
    tell(site, "dashboards/db", {"dashboard": {**power(), "links": []}})
    assert not site.run("grafana_dashboard", dashboard=power())["changed"]


def test_what_is_taken_out_of_the_source_goes(site: t.Any) -> None:
    site.run("grafana_dashboard", dashboard=power(tags=["old"]))
    site.three_times("grafana_dashboard", dashboard=power())
    assert "tags" not in ask(site, "dashboards/uid/power")["dashboard"]


def test_dashboards_that_are_refused(site: t.Any, tmp_path: pathlib.Path) -> None:
    site.run("grafana_dashboard", dashboard=power())

    def refused(**options: t.Any) -> str:
        return str(site.run("grafana_dashboard", **options)["msg"])

    assert "has the title 'Power'" in refused(dashboard=power(uid="other"))
    assert "There is no folder 'nowhere'" in refused(dashboard=power(title="New", uid="new"), folder_uid="nowhere")
    assert "exported for sharing" in refused(dashboard=power(__inputs=[]))
    faults = refused(dashboard={"panels": []})
    assert "uid: the dashboard has none" in faults and "dashboard.title" in faults
    assert "is not the dashboard's own uid 'power'" in refused(dashboard=power(), uid="other")
    assert "cannot be read" in refused(path=str(tmp_path / "nothing.json"))
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    assert "is no JSON" in refused(path=str(broken))
    broken.write_text("[]")
    assert "holds no dashboard" in refused(path=str(broken))
    assert "path" in refused()


def test_a_source_is_not_changed_by_its_use(site: t.Any) -> None:
    source = power(id=7, version=3)
    kept = copy.deepcopy(source)
    site.three_times("grafana_dashboard", dashboard=source)
    assert source == kept


@pytest.mark.parametrize("option", [None, "5"])
def test_a_dashboards_uid_of_digits_is_a_text(site: t.Any, option: str | None) -> None:
    made = site.three_times("grafana_dashboard", uid=option, dashboard={"uid": 5, "title": "Power", "panels": []})
    assert made["dashboard"]["uid"] == "5"


def test_a_dashboards_uid_that_is_no_text_is_refused(site: t.Any) -> None:
    assert "uid: '[5]' cannot be used" in site.run("grafana_dashboard", dashboard={"uid": [5], "title": "Power", "panels": []})["msg"]
