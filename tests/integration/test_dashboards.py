# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A site's Grafana and its scene, run by run: what changes, who may see it, what it shows, and what is refused."""

from __future__ import annotations

import collections.abc as c
import copy
import datetime
import json
import pathlib
import re
import time
import typing as t

import pytest
import yaml

from tests.integration.conftest import REPOSITORY, SITE, LocalCloud, PlayResult
from tests.integration.grafana_queries import Reader, Window, visible_dashboards

Plain = dict[str, t.Any]

PLAYBOOK = "tests/integration/dashboards_only.yml"
KEEP_SCENE, KEEP_DASHBOARDS = "Keep the scene and its 3D model", "Keep the dashboards"
SITE_FILE = REPOSITORY / "inventories/local/host_vars" / SITE / "site.yml"
POWER = {"v1": 230.0, "v2": 231.0, "v3": 229.0, "i1": 10.0, "i2": 11.0, "i3": 9.0, "kW": 6.9, "kW1": 2.3, "kW2": 2.5, "kW3": 2.1}
DAYS = 7


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[LocalCloud]:
    """A running local cloud with the example site and its dashboards; the tests of this module leave it as they find it."""
    local = LocalCloud(tmp_path_factory.mktemp("plant") / "cloud")
    try:
        result = local.play(PLAYBOOK, "-e", "from_nothing=true")
        assert result.code == 0, result.message()
        yield local
    finally:
        local.stop()


def site() -> Plain:
    content: Plain = yaml.safe_load(SITE_FILE.read_text())["site"]
    return content


def meters(of: Plain) -> c.Iterator[tuple[str, Plain]]:
    """(panel id, meter) of a site or an area."""
    for panel in of.get("panels", []):
        yield from ((panel["id"], meter) for meter in panel["meters"])
    for area in of.get("areas", []):
        yield from meters(area)


def play(plant: LocalCloud, variables: Plain, *arguments: str) -> PlayResult:
    return plant.play(PLAYBOOK, *arguments, "-e", json.dumps(variables))


def differing(before: t.Any, after: t.Any, path: str = "") -> list[str]:
    """The paths of all that is not the same."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [one for key in {**before, **after} for one in differing(before.get(key), after.get(key), f"{path}.{key}")]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [one for index, pair in enumerate(zip(before, after, strict=True)) for one in differing(*pair, f"{path}[{index}]")]
    return [] if before == after else [path]


def test_a_second_run_and_a_check_change_nothing(plant: LocalCloud) -> None:
    for arguments in ([], ["--check", "--diff"]):
        again = plant.play(PLAYBOOK, *arguments)
        assert (again.code, again.changed_tasks()) == (0, []), again.message()


def test_a_changed_limit_is_one_rule_and_one_threshold(plant: LocalCloud) -> None:
    changed = site()
    (limited,) = (meter for panel, meter in meters(changed) if (panel, str(meter["id"])) == ("mech-rooftop", "5"))
    limited["limits"]["kW"]["alarm"] = 50
    result = play(plant, {"site": changed}, "--check", "--diff")
    assert result.code == 0, result.message()
    assert [name.partition(" | ")[2] for name in result.changed_tasks()] == [KEEP_SCENE, KEEP_DASHBOARDS]
    scene = result.result(KEEP_SCENE)["diff"]
    rule = ".rules.mech-rooftop/meter-5 icon.statements[0].expression"
    assert differing(scene["before"]["document"], scene["after"]["document"]) == [rule]
    boards = [one for one in result.result(KEEP_DASHBOARDS)["results"] if one["changed"]]
    assert [board["item"]["title"] for board in boards] == ["Meters"]
    (path,) = differing(boards[0]["diff"]["before"], boards[0]["diff"]["after"])
    assert re.search(r"properties\[\d+\]\.value\.steps\[\d+\]\.value$", path), path
    again = plant.play(PLAYBOOK, "--check")
    assert again.changed_tasks() == [], "a check changes nothing"


def test_a_check_that_would_install_the_app_does_not_ask_the_data_source(plant: LocalCloud) -> None:
    result = play(plant, {"dashboards_plugin_version": "2.1.6"}, "--check")
    assert (result.code, [name.partition(" | ")[2] for name in result.changed_tasks()]) == (0, ["Keep the TwinMaker app"]), result.message()
    assert "health" not in result.result("Keep the data source, and prove that it works")


def people(plant: LocalCloud) -> dict[str, str]:
    """Who has which role in Grafana, by user name."""
    (workspace,) = plant.client("grafana").list_workspaces()["workspaces"]
    store = plant.client("sso-admin").list_instances()["Instances"][0]["IdentityStoreId"]
    names = {user["UserId"]: user["UserName"] for user in plant.client("identitystore").list_users(IdentityStoreId=store)["Users"]}
    there = plant.client("grafana").list_permissions(workspaceId=workspace["id"])["permissions"]
    return {names[one["user"]["id"]]: one["role"] for one in there}


def test_who_leaves_the_site_model_loses_the_role(plant: LocalCloud) -> None:
    assert people(plant) == {"plant.manager": "ADMIN", "energy.officer": "VIEWER"}
    changed = {**site(), "people": [{"user": "plant.manager", "role": "editor"}, {"user": "shift.lead", "role": "viewer"}]}
    result = play(plant, {"site": changed})
    assert result.code == 0, result.message()
    assert people(plant) == {"plant.manager": "EDITOR", "shift.lead": "VIEWER"}
    assert plant.play(PLAYBOOK).code == 0
    assert people(plant) == {"plant.manager": "ADMIN", "energy.officer": "VIEWER"}


def test_only_a_site_model_that_speaks_of_people_takes_roles_away(plant: LocalCloud) -> None:
    before = people(plant)
    assert before
    silent = {name: value for name, value in site().items() if name != "people"}
    result = play(plant, {"site": silent})
    assert (result.code, people(plant)) == (0, before), result.message()
    result = play(plant, {"site": {**silent, "people": []}})
    assert (result.code, people(plant)) == (0, {}), result.message()
    assert plant.play(PLAYBOOK).code == 0
    assert people(plant) == before


def test_alert_rules_come_and_go_with_their_switch(plant: LocalCloud) -> None:
    for alerts in (True, False):
        result = play(plant, {"dashboards_alerts": alerts})
        assert (result.code, result.changed) == (0, 1), result.message()
        assert bool(result.result("Keep the alert rules")["group"]) is alerts


def test_what_is_in_grafana_goes_as_a_check_foretold_and_comes_back(plant: LocalCloud) -> None:
    def diffs(result: PlayResult) -> list[t.Any]:
        return [(name, found["diff"]) for name, _host, found in result.tasks() if found.get("changed")]

    gone = {"dashboards_state": "absent"}
    foretold = play(plant, gone, "--check", "--diff")
    result = play(plant, gone, "--diff")
    assert (foretold.code, result.code) == (0, 0), foretold.message() + result.message()
    assert len(diffs(result)) == 3, result.changed_tasks()
    assert diffs(foretold) == diffs(result)
    assert visible_dashboards(plant) == []
    again = play(plant, gone)
    assert (again.code, again.changed_tasks()) == (0, []), again.message()
    back = plant.play(PLAYBOOK)
    assert back.code == 0, back.message()
    assert sorted(board["title"] for board in visible_dashboards(plant)) == ["Gateways", "Meters", "Panel", "Site"]


def publish(plant: LocalCloud, now: datetime.datetime) -> None:
    """Readings of every meter: one of now, and two of each of the six days before."""
    device = plant.client("iot-data")
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    times = [now, *(midnight - datetime.timedelta(days=back, hours=hours) for back in range(DAYS - 1) for hours in (1, 12))]
    for panel, meter in meters(site()):
        for moment in times:
            counters = {"kWhImport": 1000.0 + moment.timestamp() / 3600, "kWhExport": 5.0}
            reading = {"panelId": panel, "meterId": str(meter["id"]), "timestamp": int(moment.timestamp() * 1000), **POWER, **counters}
            device.publish(topic=site()["topic"], payload=json.dumps(reading).encode(), qos=1)


def count_totals(plant: LocalCloud) -> None:
    """What the stack does by itself every quarter of an hour."""
    stack = plant.client("cloudformation").describe_stacks(StackName=SITE)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    answer = plant.client("lambda").invoke(FunctionName=outputs["RollupFunctionName"], Payload=b"{}")
    assert "FunctionError" not in answer, answer["Payload"].read()


def test_every_query_of_every_dashboard_brings_data(plant: LocalCloud) -> None:
    now = datetime.datetime.now(datetime.timezone.utc)
    publish(plant, now)
    with Reader(plant, now) as reader:
        every = [(panel, str(meter["id"])) for panel, meter in meters(site())]
        deadline = time.monotonic() + 120
        while not all(reader.history(panel, f"meter-{meter}", ["kW"], Window.last(now, 900)) for panel, meter in every):
            assert time.monotonic() < deadline, "the readings have not arrived"
            time.sleep(0.1)
        boards = visible_dashboards(plant)
        assert sorted(board["title"] for board in boards) == ["Gateways", "Meters", "Panel", "Site"]
        asked = [query for board in boards for query in reader.queries(board)]
        assert {query.board for query in asked} == {"Gateways", "Meters", "Panel", "Site"}
        # The stack's schedule may be counting just now; a call then leaves the work to that one.
        while empty := [query.where for query in asked if not reader.answer(query)]:
            assert time.monotonic() < deadline, empty
            count_totals(plant)
        assert reader.tags_without_values() == []


def test_the_scene_is_there_with_its_model_and_grafana_may_load_both(plant: LocalCloud) -> None:
    twin, s3 = plant.client("iottwinmaker"), plant.client("s3")
    location = twin.get_scene(workspaceId=f"{SITE}_workspace", sceneId="plant")["contentLocation"]
    bucket, key = location.removeprefix("s3://").split("/", 1)
    document = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    components = [component for node in document["nodes"] for component in node["components"]]
    (model,) = (component for component in components if component["type"] == "ModelRef")
    assert s3.get_object(Bucket=bucket, Key=model["uri"])["Body"].read() == (SITE_FILE.parent / "plant.glb").read_bytes()
    assert len([component for component in components if component["type"] == "Tag"]) == 14
    (workspace,) = plant.client("grafana").list_workspaces()["workspaces"]
    (rule,) = s3.get_bucket_cors(Bucket=bucket)["CORSRules"]
    assert rule["AllowedOrigins"] == [f"https://{workspace['endpoint']}"]
    assert {"GET", "HEAD"} <= set(rule["AllowedMethods"])


def test_no_token_is_shown_or_left(plant: LocalCloud, tmp_path: pathlib.Path) -> None:
    log = tmp_path / "ansible.log"
    environment = {"ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default", "ANSIBLE_LOG_PATH": str(log)}
    process = plant.start_play(PLAYBOOK, "-vvv", "--diff", environment=environment)
    output, errors = process.communicate(timeout=900)
    assert process.returncode == 0, output
    shown = output + errors + log.read_text()
    assert "Make the token" in shown and "TwinMaker datasource successfully configured" in shown, "the token was made and used"
    assert "glsa_" not in shown
    (workspace,) = plant.client("grafana").list_workspaces()["workspaces"]
    assert plant.client("grafana").list_workspace_service_accounts(workspaceId=workspace["id"])["serviceAccounts"] == []


def scene_of(entity_id: str) -> Plain:
    binding = {"dataBindingContext": {"entityId": entity_id, "componentName": "meter-5", "propertyName": "kW"}}
    tag = {"name": "Tag", "transform": {}, "components": [{"type": "Tag", "valueDataBinding": binding}]}
    return {"specVersion": "1.0", "nodes": [tag], "rootNodeIndexes": [0]}


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"site": {**site(), "people": [{"user": "no.body", "role": "viewer"}]}}, "no.body"),
        ({"site": {**site(), "model": "nowhere.glb"}}, "nowhere.glb' is not there; put the file there, or take model out of the site."),
        (
            {"dashboards_model_megabytes": 0},
            "plant.glb' has 0 MB, more than dashboards_model_megabytes (0); make it simpler, or raise that.",
        ),
        ({"dashboards_scene_document": scene_of("mech-roof")}, "the site has no entity 'mech-roof'; it has"),
        ({"dashboards_scene_document": {**scene_of("mech-rooftop"), "rootNodeIndexes": [1]}}, "there is no node 1"),
        ({"dashboards_workspace_id": "g-0123456789"}, "there is no Grafana workspace 'g-0123456789'"),
    ],
)
def test_what_cannot_be_is_one_message_and_nothing_is_left(plant: LocalCloud, variables: Plain, message: str) -> None:
    result = play(plant, variables)
    assert result.code != 0
    assert result.changed_tasks() == []
    assert message in result.message(), result.message()
    (workspace,) = plant.client("grafana").list_workspaces()["workspaces"]
    assert plant.client("grafana").list_workspace_service_accounts(workspaceId=workspace["id"])["serviceAccounts"] == []


def test_a_workspace_without_plugin_administration_is_one_message(plant: LocalCloud) -> None:
    grafana = plant.client("grafana")
    (workspace,) = grafana.list_workspaces()["workspaces"]
    was = json.loads(grafana.describe_workspace_configuration(workspaceId=workspace["id"])["configuration"])
    off = copy.deepcopy(was)
    off["plugins"]["pluginAdminEnabled"] = False
    grafana.update_workspace_configuration(workspaceId=workspace["id"], configuration=json.dumps(off))
    try:
        result = play(plant, {"dashboards_plugin_version": "2.1.6"})
        assert result.code != 0
        assert "Plugin administration is off in this workspace" in result.message(), result.message()
    finally:
        grafana.update_workspace_configuration(workspaceId=workspace["id"], configuration=json.dumps(was))
