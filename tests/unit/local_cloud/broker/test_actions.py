# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What rules do with messages: each action against the real service, error actions, counters. Messages come by iot-data Publish."""

from __future__ import annotations

import base64
import io
import json
import typing as t
import zipfile

import pytest

from local_cloud.broker import Broker, Publication
from local_cloud.broker.rules.context import Message
from local_cloud.broker.rules.engine import COUNTERS
from local_cloud.cloud import Cloud

ACCOUNT = "123456789012"
HANDLER = """
import json, os
def handler(event, context):
    with open(os.environ["PROOF"], "w") as file:
        json.dump(event, file)
"""


@pytest.fixture
def role(cloud: Cloud) -> t.Any:
    """``role(*actions)``: ARN of a role for the rules engine that may do these on anything."""

    def make(*actions: str, service: str = "iot.amazonaws.com", name: str = "rule") -> str:
        iam = cloud.client("iam")
        trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        document = {"Version": "2012-10-17", "Statement": [trust]}
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document))["Role"]["Arn"]
        if actions:
            policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}
            iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
        return str(arn)

    return make


@pytest.fixture
def make_rule(cloud: Cloud) -> t.Any:
    def make(sql: str, *actions: dict[str, t.Any], name: str = "r", version: str = "2015-10-08", **more: t.Any) -> None:
        payload = {"sql": sql, "actions": list(actions), "awsIotSqlVersion": version, **more}
        cloud.client("iot").create_topic_rule(ruleName=name, topicRulePayload=payload)

    return make


@pytest.fixture
def publish(cloud: Cloud) -> t.Any:
    def send(topic: str, payload: t.Any) -> None:
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        cloud.client("iot-data").publish(topic=topic, qos=1, payload=data)

    return send


@pytest.fixture
def table(cloud: Cloud) -> t.Any:
    """``table()`` gives the rows (meter, measure, value, milliseconds) of an energy table in Timestream."""
    client = cloud.client("timestream-write")
    client.create_database(DatabaseName="plant_db")
    client.create_table(
        DatabaseName="plant_db",
        TableName="plant_energy",
        RetentionProperties={"MemoryStoreRetentionPeriodInHours": 1, "MagneticStoreRetentionPeriodInDays": 3650},
        MagneticStoreWriteProperties={"EnableMagneticStoreWrites": True},
    )

    def rows() -> list[tuple[str, ...]]:
        # A table that nothing was written to has no columns of its own yet, so none is named here.
        found = cloud.client("timestream-query").query(QueryString='SELECT *, to_milliseconds(time) AS ms FROM "plant_db"."plant_energy"')
        names = [column["Name"] for column in found["ColumnInfo"]]
        cells = [dict(zip(names, (cell.get("ScalarValue", "null") for cell in row["Data"]), strict=True)) for row in found["Rows"]]
        return sorted((row["meterId"], row["measure_name"], row["measure_value::double"], row["ms"]) for row in cells)

    return rows


@pytest.fixture
def counters(cloud: Cloud) -> t.Any:
    def read(name: str = "r") -> dict[str, t.Any]:
        return cloud.store.get(COUNTERS, name) or {}

    return read


SELECT = "SELECT cast(v1 as double) as v1, cast(kW as double) as kW FROM 'energy/plant'"


def timestream(role_arn: str) -> dict[str, t.Any]:
    return {
        "timestream": {
            "roleArn": role_arn,
            "databaseName": "plant_db",
            "tableName": "plant_energy",
            "dimensions": [{"name": "panelId", "value": "${panelId}"}, {"name": "meterId", "value": "${meterId}"}],
            "timestamp": {"value": "${nanvl(timestamp, timestamp())}", "unit": "MILLISECONDS"},
        }
    }


def bucket(cloud: Cloud, name: str = "lost-readings") -> t.Any:
    """Creates the bucket; gives a function that reads its only object as JSON."""
    client = cloud.client("s3")
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": cloud.settings.region})

    def read() -> tuple[str, t.Any]:
        (entry,) = client.list_objects_v2(Bucket=name)["Contents"]
        return entry["Key"], json.loads(client.get_object(Bucket=name, Key=entry["Key"])["Body"].read())

    return read


def s3(role_arn: str, name: str = "lost-readings") -> dict[str, t.Any]:
    return {"s3": {"roleArn": role_arn, "bucketName": name, "key": "${topic()}/${newuuid()}.json"}}


# ---- Timestream


def test_readings_in_timestream(cloud: Cloud, role: t.Any, make_rule: t.Any, publish: t.Any, table: t.Any, counters: t.Any) -> None:
    make_rule(SELECT, timestream(role("timestream:WriteRecords", "timestream:DescribeEndpoints")))
    moment = int(cloud.now() * 1000) - 60_000
    publish("energy/plant", {"panelId": "roof", "meterId": 5, "timestamp": moment, "v1": 246.55, "kW": 0})
    publish("$aws/rules/r/energy/plant", {"panelId": "roof", "meterId": "7", "timestamp": moment + 1, "v1": 1})
    publish("energy/office", {"panelId": "roof", "meterId": 9, "timestamp": moment, "v1": 1, "kW": 2})
    assert table() == [("5", "kW", "0.0", str(moment)), ("5", "v1", "246.55", str(moment)), ("7", "v1", "1.0", str(moment + 1))]
    assert counters() == {"matched": 2, "succeeded": 2, "failed": 0, "lost": 0}


def test_a_reading_without_a_time_is_stamped_on_arrival(cloud: Cloud, role: t.Any, make_rule: t.Any, publish: t.Any, table: t.Any) -> None:
    make_rule(SELECT, timestream(role("timestream:*")))
    before = int(cloud.now() * 1000)
    publish("energy/plant", {"panelId": "roof", "meterId": 5, "v1": 246.55})
    ((_, _, value, moment),) = table()
    assert value == "246.55"
    assert before <= int(moment) <= int(cloud.now() * 1000)


def test_one_bad_reading_in_a_batch_fails_alone(cloud: Cloud, role: t.Any, make_rule: t.Any, table: t.Any, counters: t.Any) -> None:
    """Readings that arrive together are written together; what is wrong with one is no harm to the others."""
    write = role("timestream:*", "s3:PutObject")
    bucket(cloud)
    make_rule(SELECT, timestream(write), errorAction=s3(write))
    now = int(cloud.now() * 1000)
    readings = [{"panelId": "roof", "meterId": number, "timestamp": now - number, "v1": 1.5, "kW": 2} for number in range(1, 61)]
    readings[30]["panelId"] = ""  # Timestream takes no empty dimension
    readings[40]["timestamp"] = "soon"
    readings.append(readings[0])  # a repeat is harmless
    messages = [
        Message("energy/plant", json.dumps(reading).encode(), "gw-1", "c", now, f"trace-{reading['meterId']}") for reading in readings
    ]
    cloud.service(Broker).publish(*(Publication(message, 1) for message in messages))
    assert {row[0] for row in table()} == {str(number) for number in range(1, 61)} - {"31", "41"}
    assert len(table()) == 2 * 58
    assert (counters()["matched"], counters()["failed"], counters()["lost"]) == (61, 2, 0)
    assert len(cloud.client("s3").list_objects_v2(Bucket="lost-readings")["Contents"]) == 2


# ---- Errors


def test_the_error_action_gets_the_message_and_the_reason(
    cloud: Cloud, role: t.Any, make_rule: t.Any, publish: t.Any, counters: t.Any
) -> None:
    write = role("timestream:*", "s3:PutObject")
    lost = bucket(cloud)
    make_rule(SELECT, timestream(write), errorAction=s3(write))  # the table does not exist
    payload = {"panelId": "roof", "meterId": 5, "v1": 1}
    publish("energy/plant", payload)
    key, document = lost()
    assert key.startswith("energy/plant/")
    assert json.loads(base64.b64decode(document.pop("base64OriginalPayload"))) == payload
    (failure,) = document.pop("failures")
    assert document.pop("cloudwatchTraceId")
    assert document == {"ruleName": "r", "topic": "energy/plant", "clientId": "N/A"}
    assert (failure["failedAction"], failure["failedResource"]) == ("TimestreamAction", "plant_energy")
    assert "ResourceNotFoundException" in failure["errorMessage"]
    assert counters() == {"matched": 1, "succeeded": 0, "failed": 1, "lost": 0, "lastError": failure["errorMessage"]}


@pytest.mark.parametrize(
    ("actions", "service", "complaint"),
    [
        ((), "iot.amazonaws.com", "is not authorized to perform"),
        (("timestream:WriteRecords",), "iot.amazonaws.com", "timestream:DescribeEndpoints"),
        (("timestream:*",), "lambda.amazonaws.com", "does not let iot.amazonaws.com assume it"),
    ],
)
def test_a_role_that_may_not(
    role: t.Any, make_rule: t.Any, publish: t.Any, table: t.Any, counters: t.Any, actions: tuple[str, ...], service: str, complaint: str
) -> None:
    make_rule(SELECT, timestream(role(*actions, service=service)))
    publish("energy/plant", {"panelId": "roof", "meterId": 5, "v1": 1})
    assert table() == []
    assert complaint in counters()["lastError"]
    assert counters()["lost"] == 1


@pytest.mark.parametrize(("rule", "written"), [("r", True), ("other", False)])
def test_a_role_that_trusts_one_rule(
    cloud: Cloud, role: t.Any, make_rule: t.Any, publish: t.Any, table: t.Any, rule: str, written: bool
) -> None:
    arn = role("timestream:*")
    condition = {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnEquals": {"aws:SourceArn": f"arn:aws:iot:eu-central-1:{ACCOUNT}:rule/{rule}"},
    }
    trust = {"Effect": "Allow", "Principal": {"Service": "iot.amazonaws.com"}, "Action": "sts:AssumeRole", "Condition": condition}
    cloud.client("iam").update_assume_role_policy(
        RoleName="rule", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    make_rule(SELECT, timestream(arn))
    publish("energy/plant", {"panelId": "roof", "meterId": 5, "v1": 1})
    assert bool(table()) is written


def test_two_failed_actions_make_one_document(cloud: Cloud, role: t.Any, make_rule: t.Any, publish: t.Any) -> None:
    write = role("s3:PutObject", "dynamodb:PutItem")
    lost = bucket(cloud)
    make_rule(
        "SELECT * FROM 'a'",
        s3(write, "nowhere"),
        {"dynamoDBv2": {"roleArn": write, "putItem": {"tableName": "none"}}},
        errorAction=s3(write),
    )
    publish("a", {"x": 1})
    names = [(failure["failedAction"], failure["failedResource"]) for failure in lost()[1]["failures"]]
    assert names == [("S3Action", "nowhere"), ("DynamoDBv2Action", "none")]


def test_sql_that_fails_on_a_message(cloud: Cloud, role: t.Any, make_rule: t.Any, publish: t.Any) -> None:
    write = role("s3:PutObject")
    lost = bucket(cloud)
    make_rule("SELECT parse_time(pattern, 1) AS t FROM 'a'", s3(write), version="2016-03-23", errorAction=s3(write))
    publish("a", {"pattern": "wwww"})
    (failure,) = lost()[1]["failures"]
    assert "'wwww'" in failure["errorMessage"]


def test_disabled_rules_and_unknown_rules_do_nothing(
    cloud: Cloud, role: t.Any, make_rule: t.Any, publish: t.Any, table: t.Any, counters: t.Any
) -> None:
    make_rule(SELECT, timestream(role("timestream:*")), ruleDisabled=True)
    reading = {"panelId": "roof", "meterId": 5, "v1": 1}
    publish("energy/plant", reading)
    publish("$aws/rules/r/energy/plant", reading)
    publish("$aws/rules/other/energy/plant", reading)
    assert (table(), counters()) == ([], {})
    cloud.client("iot").enable_topic_rule(ruleName="r")
    publish("energy/plant", reading)
    assert len(table()) == 1


# ---- The other actions


def test_s3(cloud: Cloud, role: t.Any, make_rule: t.Any, publish: t.Any) -> None:
    read = bucket(cloud, "archive")
    make_rule("SELECT *, topic(2) AS site FROM 'energy/+'", s3(role("s3:PutObject"), "archive"))
    publish("energy/plant", {"kW": 1.50})
    key, document = read()
    assert key.startswith("energy/plant/")
    assert document == {"kW": 1.5, "site": "plant"}


def test_dynamodb_v2(cloud: Cloud, role: t.Any, make_rule: t.Any, publish: t.Any) -> None:
    dynamodb = cloud.client("dynamodb")
    dynamodb.create_table(
        TableName="readings",
        KeySchema=[{"AttributeName": "meter", "KeyType": "HASH"}, {"AttributeName": "timestamp", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": "meter", "AttributeType": "S"}, {"AttributeName": "timestamp", "AttributeType": "N"}],
        BillingMode="PAY_PER_REQUEST",
    )
    sql = "SELECT *, concat(panelId, '#', meterId) AS meter FROM 'energy/plant'"
    make_rule(sql, {"dynamoDBv2": {"roleArn": role("dynamodb:PutItem"), "putItem": {"tableName": "readings"}}}, version="2016-03-23")
    publish(
        "energy/plant", {"panelId": "roof", "meterId": 5, "timestamp": 1795400000000, "v1": 246.55, "ok": True, "tags": [None, {"a": 1}]}
    )
    (item,) = dynamodb.scan(TableName="readings")["Items"]
    assert item == {
        "meter": {"S": "roof#5"},
        "timestamp": {"N": "1795400000000"},
        "panelId": {"S": "roof"},
        "meterId": {"N": "5"},
        "v1": {"N": "246.55"},
        "ok": {"BOOL": True},
        "tags": {"L": [{"NULL": True}, {"M": {"a": {"N": "1"}}}]},
    }


def test_dynamodb(cloud: Cloud, role: t.Any, make_rule: t.Any, publish: t.Any) -> None:
    dynamodb = cloud.client("dynamodb")
    dynamodb.create_table(
        TableName="last",
        KeySchema=[{"AttributeName": "topic", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": "topic", "AttributeType": "S"}, {"AttributeName": "at", "AttributeType": "N"}],
        BillingMode="PAY_PER_REQUEST",
    )
    action = {
        "roleArn": role("dynamodb:PutItem", "dynamodb:DeleteItem"),
        "tableName": "last",
        "hashKeyField": "topic",
        "hashKeyValue": "${topic()}",
        "rangeKeyField": "at",
        "rangeKeyValue": "${at}",
        "rangeKeyType": "NUMBER",
        "operation": "${operation}",
    }
    make_rule("SELECT kW FROM 'energy/plant'", {"dynamoDB": action})
    publish("energy/plant", {"kW": 1.5, "at": 7, "operation": "INSERT"})
    (item,) = dynamodb.scan(TableName="last")["Items"]
    assert item == {"topic": {"S": "energy/plant"}, "at": {"N": "7"}, "payload": {"M": {"kW": {"N": "1.5"}}}}
    publish("energy/plant", {"at": 7, "operation": "DELETE"})
    assert dynamodb.scan(TableName="last")["Items"] == []


def test_cloudwatch_logs(cloud: Cloud, role: t.Any, make_rule: t.Any, publish: t.Any) -> None:
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="readings")
    make_rule("SELECT kW FROM 'a'", {"cloudwatchLogs": {"roleArn": role("logs:*"), "logGroupName": "readings"}})
    publish("a", {"kW": 1})
    publish("a", {"kW": 2})
    (stream,) = logs.describe_log_streams(logGroupName="readings")["logStreams"]
    events = logs.get_log_events(logGroupName="readings", logStreamName=stream["logStreamName"])["events"]
    assert [json.loads(event["message"]) for event in events] == [{"kW": 1}, {"kW": 2}]


def test_republish(cloud: Cloud, role: t.Any, make_rule: t.Any, publish: t.Any, counters: t.Any) -> None:
    read = bucket(cloud, "archive")
    write = role("iot:Publish", "s3:PutObject")
    make_rule("SELECT kW FROM 'energy/+'", {"republish": {"roleArn": write, "topic": "hot/${topic(2)}", "qos": 1}}, name="hot")
    make_rule("SELECT kW, topic() AS topic FROM 'hot/#'", s3(write, "archive"), name="archive")
    make_rule("SELECT * FROM 'ring'", {"republish": {"roleArn": write, "topic": "ring"}}, name="ring")
    publish("energy/plant", {"kW": 1, "v1": 2})
    assert read()[1] == {"kW": 1, "topic": "hot/plant"}
    publish("ring", {})
    assert "in a circle" in counters("ring")["lastError"]


def test_lambda(cloud: Cloud, role: t.Any, make_rule: t.Any, publish: t.Any, counters: t.Any, tmp_path: t.Any, eventually: t.Any) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("index.py", HANDLER)
    proof = tmp_path / "proof.json"
    client = cloud.client("lambda")
    arn = client.create_function(
        FunctionName="f",
        Role=role(service="lambda.amazonaws.com"),
        Runtime="python3.13",
        Handler="index.handler",
        Code={"ZipFile": archive.getvalue()},
        Environment={"Variables": {"PROOF": str(proof)}},
    )["FunctionArn"]
    make_rule("SELECT kW FROM 'a'", {"lambda": {"functionArn": arn}})
    publish("a", {"kW": 1})
    assert "does not let iot.amazonaws.com invoke it for the rule r" in counters()["lastError"]
    rule_arn = f"arn:aws:iot:eu-central-1:{ACCOUNT}:rule/r"
    client.add_permission(
        FunctionName="f", StatementId="s", Action="lambda:InvokeFunction", Principal="iot.amazonaws.com", SourceArn=rule_arn
    )
    publish("a", {"kW": 2})
    eventually(lambda: proof.exists() and proof.read_text(), "the call of the function")
    assert json.loads(proof.read_text()) == {"kW": 2}
