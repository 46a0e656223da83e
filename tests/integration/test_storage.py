# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The example site with its readings in each of the stores, and what the choice of a store means to the next run."""

from __future__ import annotations

import json

from tests.integration.conftest import SITE, LocalCloud

IN_TIMESTREAM = ("-e", "stack_storage=timestream")


def test_a_new_sites_readings_are_in_dynamodb(deployed: LocalCloud) -> None:
    table = f"{SITE}_energy"
    dynamodb = deployed.client("dynamodb")
    readings = [item for page in dynamodb.get_paginator("scan").paginate(TableName=table) for item in page["Items"]]
    assert {"probe", "expires", "time", "panelId", "meterId"} <= {name for item in readings for name in item}
    assert dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"
    backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert deployed.client("timestream-write").list_databases()["Databases"] == []

    policy = deployed.client("cloudformation").get_stack_policy(StackName=SITE)["StackPolicyBody"]
    assert "LogicalResourceId/ReadingsTable" in policy


def test_the_last_readings_are_a_table(deployed: LocalCloud) -> None:
    reading = {"panelId": "mech-rooftop", "meterId": "5", "v1": 231.5, "kW": 12.25}
    deployed.client("iot-data").publish(topic="energy/example-plant", qos=1, payload=json.dumps(reading))
    shown = deployed.play("readings.yml")
    assert (shown.code, shown.changed) == (0, 0), shown.output
    (line,) = [line for line in shown.result("Print the table")["msg"].splitlines() if "Chiller 1" in line]
    assert line.split()[-4:] == ["231.50", "-", "12.25", "-"]

    nowhere = deployed.play("readings.yml", "-e", "stack_name=nowhere")
    assert nowhere.code != 0
    assert nowhere.message() == "There is no stack nowhere with readings; run energytwin.aws.site first."


def test_a_site_lives_with_its_readings_in_timestream(cloud: LocalCloud) -> None:
    first = cloud.play("site.yml", *IN_TIMESTREAM)
    assert first.code == 0, first.output
    rows = cloud.client("timestream-query").query(QueryString=f'SELECT count(*) FROM "{SITE}_db"."{SITE}_energy"')["Rows"]
    assert int(rows[0]["Data"][0]["ScalarValue"]) >= 14
    assert f"{SITE}_energy" not in cloud.client("dynamodb").list_tables()["TableNames"]

    # The stack keeps its store, said or not.
    second = cloud.play("site.yml")
    assert second.code == 0, second.output
    assert "Deploy the template" not in " ".join(second.changed_tasks())
    refused = cloud.play("site.yml", "-e", "stack_storage=dynamodb")
    assert refused.code != 0
    assert f"The stack {SITE} stores its readings in timestream, not in dynamodb" in refused.message()

    # What a migration has let go stays in the way of the way back.
    cloud.client("dynamodb").create_table(
        TableName=f"{SITE}_energy",
        KeySchema=[{"AttributeName": "meter", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "meter", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    back = cloud.play("migrate_storage.yml", "-e", "migrate_to=dynamodb")
    assert back.code != 0
    assert f"{SITE}_energy is there, but no part of the stack {SITE}, which let it go" in back.message()
    assert back.changed_tasks() == []
