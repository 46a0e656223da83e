# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a client has an acknowledgement for is there after ``kill -9``."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import typing as t

from local_cloud.assembly import build
from local_cloud.cloud import Cloud
from local_cloud.settings import Settings

# A cloud of its own process, which says when it listens.
PROGRAM = """
import pathlib, sys, threading
from local_cloud.assembly import build
from local_cloud.settings import Settings
cloud = build(Settings(home=pathlib.Path(sys.argv[1]), port=int(sys.argv[2]), mqtt_port=int(sys.argv[3])))
cloud.start()
print("listening", flush=True)
threading.Event().wait()
"""
TRUST = {"Effect": "Allow", "Principal": {"Service": "iot.amazonaws.com"}, "Action": "sts:AssumeRole"}


def prepare(cloud: Cloud) -> None:
    """A rule that writes readings to Timestream."""
    iam, write = cloud.client("iam"), cloud.client("timestream-write")
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [TRUST]}))["Role"][
        "Arn"
    ]
    allowed = {"Effect": "Allow", "Action": "timestream:*", "Resource": "*"}
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}))
    write.create_database(DatabaseName="db1")
    write.create_table(DatabaseName="db1", TableName="energy")
    action = {"roleArn": role, "databaseName": "db1", "tableName": "energy", "dimensions": [{"name": "n", "value": "${n}"}]}
    payload = {"sql": "SELECT cast(kW as double) AS kW FROM 'energy/plant'", "actions": [{"timestream": action}]}
    cloud.client("iot").create_topic_rule(ruleName="r", topicRulePayload=payload)


def test_kill_9(cloud: Cloud, settings: Settings, new_device: t.Any, new_client: t.Any, anything: t.Any, eventually: t.Any) -> None:
    device = new_device("gw-1", anything)
    prepare(cloud)
    cloud.stop()
    arguments = [sys.executable, "-c", PROGRAM, str(settings.home), str(settings.port), str(settings.mqtt_port)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, env={"PYTHONPATH": ":".join(sys.path)}) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"listening\n"
        reader = new_client(device, "reader", clean=False).is_in()
        reader.subscribes("energy/plant", qos=1)
        reader.breaks()
        client = new_client(device, "gw-1").is_in()
        numbers = {client.paho.publish("energy/plant", json.dumps({"n": number, "kW": number}), 1).mid: number for number in range(400)}
        eventually(lambda: len(client.acknowledged) >= 100, "the first hundred acknowledgements")
        process.send_signal(signal.SIGKILL)
        client.is_shut_out()
    acknowledged = {str(numbers[mid]) for mid in client.acknowledged}
    again = build(settings)
    try:
        rows = again.client("timestream-query").query(QueryString='SELECT n FROM "db1"."energy"', MaxRows=1000)["Rows"]
        assert acknowledged <= {row["Data"][0]["ScalarValue"] for row in rows}
        again.start()
        back = new_client(device, "reader", clean=False).is_in()
        assert back.connected == [True]
        eventually(lambda: len(back.messages) >= len(acknowledged), "the messages that waited")
        assert acknowledged <= {str(json.loads(message.payload)["n"]) for message in back.messages}
    finally:
        again.stop()
