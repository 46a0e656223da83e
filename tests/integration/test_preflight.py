# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Before anything is made: what keeps a site from being deployed is told, all of it at once."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from tests.integration.conftest import SITE, LocalCloud, PlayResult, free_ports

LOST = "gw-lost"


@pytest.fixture
def running(cloud: LocalCloud) -> LocalCloud:
    cloud.gateways = True
    cloud.start()
    return cloud


def checks(result: PlayResult) -> dict[str, dict[str, t.Any]]:
    """What the module found, by its name."""
    return {check["what"]: check for check in result.result("Look at the account")["checks"]}


def table(result: PlayResult) -> str:
    return str(result.result("Show what was found")["msg"])


def failures(result: PlayResult) -> str:
    return " ".join(map(str, result.result("Stop if something is not ready")["msg"]))


def stacks(cloud: LocalCloud) -> list[t.Any]:
    return list(cloud.client("cloudformation").list_stacks()["StackSummaries"])


def test_an_empty_account_is_ready_and_stays_empty(running: LocalCloud) -> None:
    result = running.play("preflight.yml")
    assert (result.code, result.changed) == (0, 0), result.message()
    assert "BAD" not in table(result)
    assert "gateway gw-roof: clock" in table(result)
    assert stacks(running) == []


def test_a_site_needs_no_settings_of_ansible(running: LocalCloud, tmp_path: pathlib.Path) -> None:
    panel = {"id": "mdb", "name": "Main distribution", "meters": [{"id": "1", "name": "Incomer", "phases": 3}]}
    site = {"name": "Plant", "topic": "energy/plant", "areas": [{"id": "hall", "name": "Hall", "panels": [panel]}]}
    variables = {"site": site, **json.loads(keys(running))}
    variables["aws_environment"] |= {name: running.environment[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    running.inventory = tmp_path / "plant.json"
    running.inventory.write_text(json.dumps({"all": {"children": {"sites": {"hosts": {"plant": variables}}}}}))
    result = running.play("preflight.yml")
    assert (result.code, result.changed) == (0, 0), result.output


def test_an_inventory_without_sites_is_no_success(running: LocalCloud, tmp_path: pathlib.Path) -> None:
    running.inventory = tmp_path / "plants.json"
    running.inventory.write_text(json.dumps({"all": {"children": {"plants": {"hosts": {"plant": {}}}}}}))
    result = running.play("site.yml")
    assert result.code != 0
    assert "The inventory has no host in group 'sites', so nothing was done" in result.message()
    assert "(its groups are plants)" in result.message()


def test_a_rotation_needs_no_number_and_looks_whose_a_gateway_is(running: LocalCloud, tmp_path: pathlib.Path) -> None:
    running.inventory = tmp_path / "gateways.json"
    gateway = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    running.inventory.write_text(json.dumps({"all": {"children": {"gateways": {"hosts": {"gw-1": gateway}}}}}))
    result = running.play("rotate.yml")
    assert result.code != 0
    assert "gateway_site: '' is no site of this inventory; give gateway gw-1 the name of a host of group sites" in result.message()


@pytest.mark.parametrize(("variable", "value"), [("site_serial", "lots"), ("site_max_failed", "few")])
def test_a_number_of_sites_that_is_none_is_refused(running: LocalCloud, variable: str, value: str) -> None:
    result = running.play("site.yml", "-e", f"{variable}={value}")
    assert result.code != 0
    assert f"{variable}: '{value}' is no number of sites, so nothing was touched" in result.message()
    assert stacks(running) == []


def test_a_site_that_is_not_ready_is_told_everything_at_once_and_nothing_is_made(running: LocalCloud, tmp_path: pathlib.Path) -> None:
    running.client("logs").create_log_group(logGroupName=f"/energytwin/{SITE}/reader")
    wanted = {"accountAccessType": "CURRENT_ACCOUNT", "permissionType": "SERVICE_MANAGED", "authenticationProviders": ["SAML"]}
    for number in range(5):
        running.client("grafana").create_workspace(workspaceName=f"other-{number}", **wanted)
    lost = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": free_ports(1)[0], "gateway_site": SITE}
    inventory = tmp_path / "lost.json"
    inventory.write_text(json.dumps({"all": {"children": {"gateways": {"hosts": {LOST: lost}}}}}))
    variables = {
        "preflight_account": "210987654321",
        "stack_storage": "timestream",
        "stack_topic": "energy/+/plant",
        "dashboard_alerts": True,
        "twin_concurrency": "many",
        "preflight_clock_tolerance": "often",
        "edge_gateway_clock": "guess",
        "dashboards_stale_minutes": "{{ a_fact_of_later }}",
        "edge_gateway_python": "/nonexistent/python3",
    }
    result = running.play("site.yml", "-i", str(inventory), "-e", json.dumps(variables))
    assert result.code != 0
    told = failures(result)
    for expected in (
        "account: 123456789012 (needed: 210987654321)",
        "quota: grafana workspaces: 5 (needed: 6 or more)",
        f"name: log group: '/energytwin/{SITE}/reader' is taken",
        "'energy/+/plant' holds a wildcard",
        "variable twin_concurrency: 'many' (needed: a whole number); write for example 8",
        "variable preflight_clock_tolerance: 'often' (needed: a number)",
        "variable edge_gateway_clock: 'guess' (needed: one of auto, hold, trust)",
        "gateway gw-roof: python: none (needed: 3.10 or newer)",
        f"gateway {LOST}: ",
    ):
        assert expected in told
    assert "did you mean dashboards_alerts?" in table(result)
    assert "dashboard_alerts" not in told, "it may be a variable of the user's own"
    assert "dashboards_stale_minutes" not in told, "it cannot be told yet"
    assert stacks(running) == []


def test_a_new_account_is_told_that_timestream_is_closed(running: LocalCloud) -> None:
    running.command("set", "new_account=1")
    result = running.play("preflight.yml", "-e", "stack_storage=timestream")
    assert result.code != 0
    assert checks(result)["timestream"]["found"] == "closed to this account"
    assert "choose another stack_storage" in failures(result)


def keys(cloud: LocalCloud, **values: str) -> str:
    names = ("AWS_ENDPOINT_URL", "AWS_DISABLE_HOST_PREFIX_INJECTION", "AWS_EC2_METADATA_DISABLED", "AWS_REGION")
    return json.dumps({"aws_environment": {**{name: cloud.environment[name] for name in names}, **values}})


def test_what_may_not_be_read_is_not_known_and_no_failure(running: LocalCloud) -> None:
    trust = [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}]
    role = running.client("iam").create_role(
        RoleName="nobody", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust})
    )["Role"]["Arn"]
    session = running.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    environment = keys(
        running,
        AWS_ACCESS_KEY_ID=session["AccessKeyId"],
        AWS_SECRET_ACCESS_KEY=session["SecretAccessKey"],
        AWS_SESSION_TOKEN=session["SessionToken"],
    )
    result = running.play("preflight.yml", "-e", environment)
    assert result.code == 0, failures(result)
    found = checks(result)
    assert found["identity center"]["outcome"] == "not known"
    assert found["identity center"]["remedy"] == "allow sso:ListInstances to find out"
    assert found["quota: twinmaker entities"]["remedy"] == "allow servicequotas:GetServiceQuota to find out"
    assert found["credentials"]["outcome"] == "good"


def test_keys_that_aws_does_not_know_are_one_failure(running: LocalCloud) -> None:
    environment = keys(running, AWS_ACCESS_KEY_ID="ASIAUNKNOWN", AWS_SECRET_ACCESS_KEY="x", AWS_SESSION_TOKEN="x")
    result = running.play("preflight.yml", "-e", environment)
    assert result.code != 0
    assert [check["what"] for check in checks(result).values() if check["outcome"] == "bad"] == ["credentials"]
