# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stack of the original template is taken over with all that it holds, and is refused where it would lose something."""

from __future__ import annotations

import itertools
import threading

from tests.integration.conftest import LocalCloud
from tests.integration.original import (
    BOARD,
    STACK,
    TYPE,
    WORKSPACE,
    ByHand,
    deploy_original,
    grafana,
    history,
    physical_ids,
    publish,
    until,
)

THIS_STACK = ("-e", f"stack_name={STACK}")
DATA = ("EnergyMonitorWorkspace", "GrafanaWorkspace", "TimestreamDB", "TimestreamTable", "TwinMakerS3")


class Field(threading.Thread):
    """A device that goes on publishing; each reading has another power, so that none can be lost unseen."""

    def __init__(self, cloud: LocalCloud) -> None:
        super().__init__(daemon=True)
        self.cloud = cloud
        self.sent: list[float] = []
        self.over = threading.Event()

    def run(self) -> None:
        for number in itertools.count(1):
            if self.over.wait(0.2):
                return
            publish(self.cloud, "mech-rooftop", "5", v1=230.5, i1=1.5, kW=float(number))
            self.sent.append(float(number))

    def stop(self) -> list[float]:
        self.over.set()
        self.join(timeout=30)
        assert not self.is_alive()
        return self.sent


def test_an_original_stack_is_taken_over_with_its_data(cloud: LocalCloud) -> None:
    deploy_original(cloud)
    made = ByHand.make(cloud)
    before = physical_ids(cloud)
    publish(cloud, "workshop", "1", v1=229.5, i1=2.5, kW=0.5)
    publish(cloud, "mech-rooftop", "9", v1=229.5, i1=2.5, kW=0.25)
    assert until(lambda: history(cloud, made.unknown_id, "Lathe"), "no reading before") == [0.5]

    # A check shows what would happen, and does nothing.
    checked = cloud.play("site.yml", *THIS_STACK, "--check", "--diff")
    assert checked.code == 0, checked.message()
    table = "\n".join(checked.result("Show what would change")["msg"])
    assert "TimestreamTable" in table
    assert physical_ids(cloud) == before
    assert [line.split()[1] for line in table.splitlines() if line.split()[3:4] == ["yes"]] == ["EnergyMeterComponent"]

    # The run: nothing that holds data is another one afterwards, and the field does not notice.
    field = Field(cloud)
    field.start()
    result = cloud.play("site.yml", *THIS_STACK)
    sent = field.stop()
    assert result.code == 0, result.message()
    after = physical_ids(cloud)
    assert {name: after[name] for name in DATA} == {name: before[name] for name in DATA}
    assert {name: after[name] for name in before if name.endswith("Role") or name == "EnergyReadLambda"} == {
        name: before[name] for name in before if name.endswith("Role") or name == "EnergyReadLambda"
    }
    assert len(sent) > 3
    assert set(sent) <= set(history(cloud, "mech-rooftop", "meter-5"))

    # What was made by hand is there, old readings are read through it, and the meters of the site have every property.
    twin = cloud.client("iottwinmaker")
    assert history(cloud, made.unknown_id, "Lathe") == [0.5]
    assert history(cloud, "mech-rooftop", "OldChiller") == [0.25]
    assert twin.get_entity(workspaceId=WORKSPACE, entityId=made.unknown_id)["entityName"] == "Workshop"
    panel = twin.get_entity(workspaceId=WORKSPACE, entityId="mech-rooftop")
    types = {name: component["componentTypeId"] for name, component in panel["components"].items()}
    meters = {name: kind for name, kind in types.items() if kind.startswith(TYPE)}
    assert meters == {**dict.fromkeys(("meter-5", "meter-6", "meter-7"), f"{TYPE}.2"), "OldChiller": TYPE}
    assert "kWhImport" in panel["components"]["meter-5"]["properties"]
    assert twin.get_scene(workspaceId=WORKSPACE, sceneId="tour")["contentLocation"].endswith("/tour.json")
    assert grafana(cloud, "GET", f"dashboards/uid/{made.dashboard}")["dashboard"]["title"] == BOARD["title"]

    # From here on it is a stack like any other.
    again = cloud.play("site.yml", *THIS_STACK)
    assert (again.code, again.changed_tasks()) == (0, []), again.message()
    foretold = cloud.play("destroy.yml", *THIS_STACK, "--check", "-e", "destroy_site=example-plant")
    assert foretold.code == 0, foretold.message()


def test_what_would_replace_a_store_is_refused_in_check_and_in_run(cloud: LocalCloud) -> None:
    deploy_original(cloud, {"TableName: !Sub ${AWS::StackName}_energy": "TableName: readings"})
    before = physical_ids(cloud)
    for arguments in (("--check", "--diff"), ()):
        refused = cloud.play("site.yml", *THIS_STACK, *arguments)
        assert refused.code != 0
        assert "TimestreamTable (AWS::Timestream::Table 'EnergyMonitor_db|readings') would be replaced" in refused.message()
        assert "TableName" in refused.message()
        assert "allow it with stack_allow_replacement: [TimestreamTable]" in refused.message()
        assert physical_ids(cloud) == before

    # Nor is it deleted, for it would not keep its readings.
    kept = cloud.play("destroy.yml", *THIS_STACK, "-e", "destroy_site=example-plant")
    assert kept.code != 0
    assert f"The stack {STACK} is as the original template made it, which keeps no readings" in kept.message()
    assert physical_ids(cloud) == before

    allowed = cloud.play("tests/integration/stack_only.yml", *THIS_STACK, "-e", '{"stack_allow_replacement": ["TimestreamTable"]}')
    assert allowed.code == 0, allowed.message()
    assert physical_ids(cloud)["TimestreamTable"] == f"{STACK}_db|{STACK}_energy"
    tables = cloud.client("timestream-write").list_tables(DatabaseName=f"{STACK}_db")["Tables"]
    assert {table["TableName"] for table in tables} == {f"{STACK}_energy", "readings"}, "the old one is kept"
