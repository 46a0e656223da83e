# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a stack of the original template is known, and what it is found to hold."""

from __future__ import annotations

from ansible_collections.energytwin.aws.plugins.filter.meter_types import meter_types
from ansible_collections.energytwin.aws.plugins.filter.stack_takeover import stack_takeover

STACK_ID = "arn:aws-cn:cloudformation:cn-north-1:123456789012:stack/EnergyMonitor/1234"
RESOURCES = {
    "EnergyMonitorWorkspace": "EnergyMonitor_workspace",
    "TimestreamDB": "EnergyMonitor_db",
    "TimestreamTable": "EnergyMonitor_db|readings",
    "TwinMakerS3": "energymonitor-twinmakers3-abc",
    "DashboardRole": "EnergyMonitor-DashboardRole-ABC",
    "GrafanaWorkspace": "g-1234567890",
}
BASE = "com.example.energymeter"


def test_names_are_read_from_the_resources() -> None:
    assert stack_takeover(RESOURCES, {}, STACK_ID) == {
        "WorkspaceId": "EnergyMonitor_workspace",
        "BucketName": "energymonitor-twinmakers3-abc",
        "DatabaseName": "EnergyMonitor_db",
        "TableName": "readings",
        "WorkspaceArn": "arn:aws-cn:iottwinmaker:cn-north-1:123456789012:workspace/EnergyMonitor_workspace",
        "DashboardRoleArn": "arn:aws-cn:iam::123456789012:role/EnergyMonitor-DashboardRole-ABC",
    }


def test_a_stack_of_ours_is_not_taken_over() -> None:
    assert stack_takeover(RESOURCES, {"Storage": "timestream"}, STACK_ID) == {}


def test_a_stack_without_one_of_the_marks_is_somebody_elses() -> None:
    for mark in ("EnergyMonitorWorkspace", "TimestreamDB", "TimestreamTable"):
        assert stack_takeover({name: value for name, value in RESOURCES.items() if name != mark}, {}, STACK_ID) == {}
    assert stack_takeover({}, {}, STACK_ID) == {}


def test_the_next_component_type_is_one_that_is_free() -> None:
    assert meter_types([], BASE)["next"] == f"{BASE}.2"
    assert meter_types([BASE, "com.example.other"], BASE)["next"] == f"{BASE}.2"
    assert meter_types([BASE, f"{BASE}.9", f"{BASE}.2", f"{BASE}.old"], f"{BASE}.2")["next"] == f"{BASE}.10"
    assert meter_types([BASE], f"{BASE}.4")["next"] == f"{BASE}.5"


def test_former_component_types_are_those_of_the_meters_alone() -> None:
    there = [BASE, f"{BASE}.2", f"{BASE}.3", f"{BASE}.old", "com.example.energymeterx", "com.example.other"]
    assert meter_types(there, f"{BASE}.3")["former"] == [BASE, f"{BASE}.2"]
    assert meter_types(there, BASE)["former"] == [f"{BASE}.2", f"{BASE}.3"]
