# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resource types on the cloud's own services: made, changed, deleted, and read back by those services' APIs.

Calls that the engine repeats after a crash are made twice throughout.
"""

from __future__ import annotations

import collections.abc as c
import io
import json
import typing as t
import zipfile

import pytest
from botocore.exceptions import ClientError

from local_cloud.cloudformation.providers import providers
from local_cloud.settings import Settings
from tests.unit.local_cloud.cloudformation.fakes import Driver, start_with


@pytest.fixture
def real(settings: Settings) -> c.Iterator[Driver]:
    """The cloud's own services, with each call that may be repeated after a crash made twice."""
    table = providers.__wrapped__()
    for provider in table.values():
        for name in ("configure", "update", "delete"):
            setattr(provider, name, twice(getattr(provider, name)))
    cloud = start_with(settings, table)
    yield Driver(cloud)
    cloud.stop()


def twice(call: c.Callable[..., None]) -> c.Callable[..., None]:
    def doubled(*given: t.Any) -> None:
        call(*given)
        call(*given)

    return doubled


TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
CAPABILITIES = ["CAPABILITY_IAM"]


def document(action: str) -> dict[str, t.Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": [action], "Resource": "*"}]}


def get(name: str, attribute: str) -> dict[str, t.Any]:
    return {"Value": {"Fn::GetAtt": [name, attribute]}}


def ref(name: str) -> dict[str, t.Any]:
    return {"Value": {"Ref": name}}


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_iam(real: Driver) -> None:
    iam = real.cloud.client("iam")

    def template(action: str, duration: int) -> dict[str, t.Any]:
        return {
            "Resources": {
                "Role": {
                    "Type": "AWS::IAM::Role",
                    "Properties": {
                        "AssumeRolePolicyDocument": TRUST,
                        "MaxSessionDuration": duration,
                        "Policies": [{"PolicyName": "inline", "PolicyDocument": document(action)}],
                    },
                },
                "Policy": {
                    "Type": "AWS::IAM::Policy",
                    "Properties": {"PolicyName": f"put-{duration}", "PolicyDocument": document(action), "Roles": [{"Ref": "Role"}]},
                },
                "Managed": {
                    "Type": "AWS::IAM::ManagedPolicy",
                    "Properties": {"PolicyDocument": document(action), "Roles": [{"Ref": "Role"}]},
                },
            },
            "Outputs": {"Role": ref("Role"), "Arn": get("Role", "Arn"), "Managed": ref("Managed")},
        }

    with pytest.raises(ClientError) as refused:
        real.create(template=template("s3:GetObject", 3600))
    assert code_of(refused) == "InsufficientCapabilitiesException"
    assert (
        real.create(template=template("s3:GetObject", 3600), Capabilities=CAPABILITIES, Tags=[{"Key": "site", "Value": "x"}])
        == "CREATE_COMPLETE"
    )
    out = real.outputs()
    role = iam.get_role(RoleName=out["Role"])["Role"]
    assert (role["Arn"], role["AssumeRolePolicyDocument"], role["Tags"]) == (out["Arn"], TRUST, [{"Key": "site", "Value": "x"}])
    assert iam.get_role_policy(RoleName=out["Role"], PolicyName="inline")["PolicyDocument"] == document("s3:GetObject")
    assert [item["PolicyArn"] for item in iam.list_attached_role_policies(RoleName=out["Role"])["AttachedPolicies"]] == [out["Managed"]]

    for number, action in enumerate(
        ["s3:PutObject", "s3:ListBucket", "iot:Publish", "iot:Connect", "iot:Receive", "iot:Subscribe"], start=1
    ):
        assert real.update(template=template(action, 3600 + number), Capabilities=CAPABILITIES) == "UPDATE_COMPLETE"
    assert iam.get_role(RoleName=out["Role"])["Role"]["MaxSessionDuration"] == 3606
    assert iam.list_role_policies(RoleName=out["Role"])["PolicyNames"] == ["inline", "put-3606"]
    assert iam.get_role_policy(RoleName=out["Role"], PolicyName="put-3606")["PolicyDocument"] == document("iot:Subscribe")
    version = iam.get_policy(PolicyArn=out["Managed"])["Policy"]["DefaultVersionId"]
    assert iam.get_policy_version(PolicyArn=out["Managed"], VersionId=version)["PolicyVersion"]["Document"] == document("iot:Subscribe")

    assert real.delete() == "DELETE_COMPLETE"
    assert iam.list_roles()["Roles"] == []
    assert iam.list_policies(Scope="Local")["Policies"] == []


def test_names_of_iam_resources_need_their_own_capability(real: Driver) -> None:
    template = {"Resources": {"R": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "mine", "AssumeRolePolicyDocument": TRUST}}}}
    with pytest.raises(ClientError, match=r"Requires capabilities : \[CAPABILITY_NAMED_IAM\]"):
        real.create(template=template, Capabilities=["CAPABILITY_IAM"])
    assert real.create(template=template, Capabilities=["CAPABILITY_NAMED_IAM"]) == "CREATE_COMPLETE"
    assert real.physical_id("R") == "mine"


def test_bucket(real: Driver) -> None:
    s3 = real.cloud.client("s3")
    properties: dict[str, t.Any] = {
        "BucketEncryption": {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]},
        "CorsConfiguration": {
            "CorsRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["https://x.example"], "MaxAge": "60", "ExposedHeaders": ["ETag"]}]
        },
        "LifecycleConfiguration": {
            "Rules": [
                {
                    "Id": "old",
                    "Status": "Enabled",
                    "Prefix": "errors/",
                    "ExpirationInDays": 30,
                    "NoncurrentVersionExpiration": {"NoncurrentDays": 5},
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                }
            ]
        },
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": "true",
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        },
        "VersioningConfiguration": {"Status": "Enabled"},
        "Tags": [{"Key": "own", "Value": "1"}],
    }
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket", "Resource": "*"}]}

    def template(given: dict[str, t.Any]) -> dict[str, t.Any]:
        policy = {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": {"Ref": "B"}, "PolicyDocument": deny}}
        outputs = {"Name": ref("B"), "Arn": get("B", "Arn"), "Domain": get("B", "DomainName"), "Regional": get("B", "RegionalDomainName")}
        return {"Resources": {"B": {"Type": "AWS::S3::Bucket", "Properties": given}, "P": policy}, "Outputs": outputs}

    assert real.create(template=template(properties), Tags=[{"Key": "site", "Value": "x"}]) == "CREATE_COMPLETE"
    out = real.outputs()
    name = out["Name"]
    assert name.startswith("one-b-")
    assert out == {
        "Name": name,
        "Arn": f"arn:aws:s3:::{name}",
        "Domain": f"{name}.s3.amazonaws.com",
        "Regional": f"{name}.s3.eu-central-1.amazonaws.com",
    }
    rule = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert s3.get_bucket_cors(Bucket=name)["CORSRules"] == [
        {"AllowedMethods": ["GET"], "AllowedOrigins": ["https://x.example"], "MaxAgeSeconds": 60, "ExposeHeaders": ["ETag"]}
    ]
    (lifecycle,) = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert (lifecycle["ID"], lifecycle["Expiration"]["Days"], lifecycle["Filter"]["Prefix"]) == ("old", 30, "errors/")
    assert s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert all(s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"].values())
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    assert {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=name)["TagSet"]} == {"own": "1", "site": "x"}
    assert json.loads(s3.get_bucket_policy(Bucket=name)["Policy"]) == deny

    kept = {"BucketEncryption": properties["BucketEncryption"]}
    assert real.update(template=template(kept)) == "UPDATE_COMPLETE"
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Suspended"
    for call in (s3.get_bucket_cors, s3.get_bucket_lifecycle_configuration, s3.get_public_access_block):
        with pytest.raises(ClientError):
            call(Bucket=name)
    assert {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=name)["TagSet"]} == {"site": "x"}

    s3.put_object(Bucket=name, Key="left", Body=b"x")
    s3.delete_bucket_policy(Bucket=name)
    assert real.delete() == "DELETE_FAILED"
    assert "The bucket you tried to delete is not empty" in real.reason("B", "DELETE_FAILED")


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"NotificationConfiguration": {}}, "The local cloud does not implement the property NotificationConfiguration of AWS::S3::Bucket"),
        (
            {"VersioningConfiguration": {"Stat": "x"}},
            "Model validation failed (#/VersioningConfiguration: extraneous key [Stat] is not permitted)",
        ),
        ({"CorsConfiguration": {}}, "Model validation failed (#/CorsConfiguration: required key [CorsRules] not found)"),
        ({"BucketNam": "x"}, "Encountered unsupported property BucketNam"),
    ],
)
def test_bucket_properties_that_cannot_be(real: Driver, properties: dict[str, t.Any], message: str) -> None:
    assert real.create(template={"Resources": {"B": {"Type": "AWS::S3::Bucket", "Properties": properties}}}) == "ROLLBACK_COMPLETE"
    assert real.reason("B", "CREATE_FAILED") == message
    assert real.cloud.client("s3").list_buckets()["Buckets"] == []


def test_a_bucket_that_is_there_is_not_taken_over(real: Driver) -> None:
    s3 = real.cloud.client("s3")
    s3.create_bucket(Bucket="mine", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    template = {"Resources": {"B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "mine"}}}}
    assert real.create(template=template) == "ROLLBACK_COMPLETE"
    assert real.reason("B", "CREATE_FAILED") == "mine already exists"
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["mine"]


def function(source: str, **more: t.Any) -> dict[str, t.Any]:
    properties = {
        "Handler": "index.handler",
        "Runtime": "python3.12",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Code": {"ZipFile": source},
        **more,
    }
    return {
        "Resources": {
            "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}},
            "F": {"Type": "AWS::Lambda::Function", "Properties": properties},
            "P": {
                "Type": "AWS::Lambda::Permission",
                "Properties": {"FunctionName": {"Ref": "F"}, "Action": "lambda:InvokeFunction", "Principal": "iot.amazonaws.com"},
            },
        },
        "Outputs": {"Name": ref("F"), "Arn": get("F", "Arn"), "Statement": get("P", "Id")},
    }


def test_function(real: Driver) -> None:
    client = real.cloud.client("lambda")

    def ask() -> t.Any:
        return json.loads(client.invoke(FunctionName=real.outputs()["Name"], Payload=b"{}")["Payload"].read())

    first = function("def handler(event, context):\n    return 1\n", ReservedConcurrentExecutions=3, Timeout="5")
    assert real.create(template=first, Capabilities=CAPABILITIES, Tags=[{"Key": "site", "Value": "x"}]) == "CREATE_COMPLETE"
    out = real.outputs()
    about = client.get_function(FunctionName=out["Name"])
    assert (about["Configuration"]["FunctionArn"], about["Configuration"]["Timeout"], about["Tags"]) == (out["Arn"], 5, {"site": "x"})
    assert about["Concurrency"]["ReservedConcurrentExecutions"] == 3
    assert ask() == 1
    (statement,) = json.loads(client.get_policy(FunctionName=out["Name"])["Policy"])["Statement"]
    assert (statement["Sid"], statement["Principal"]) == (out["Statement"], {"Service": "iot.amazonaws.com"})

    second = function(
        "import os\ndef handler(event, context):\n    return os.environ['NAME']\n", Environment={"Variables": {"NAME": "two"}}
    )
    assert real.update(template=second, Capabilities=CAPABILITIES) == "UPDATE_COMPLETE"
    assert ask() == "two"
    about = client.get_function(FunctionName=out["Name"])
    assert about["Configuration"]["Timeout"] == 3
    assert "ReservedConcurrentExecutions" not in about.get("Concurrency", {})
    assert real.delete() == "DELETE_COMPLETE"
    assert client.list_functions()["Functions"] == []


def test_function_with_code_in_s3(real: Driver) -> None:
    s3 = real.cloud.client("s3")
    s3.create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("index.py", "def handler(event, context):\n    return 'from s3'\n")
    s3.put_object(Bucket="code", Key="reader.zip", Body=archive.getvalue())
    template = function("", Code={"S3Bucket": "code", "S3Key": "reader.zip"})
    assert real.create(template=template, Capabilities=CAPABILITIES) == "CREATE_COMPLETE"
    answer = real.cloud.client("lambda").invoke(FunctionName=real.outputs()["Name"], Payload=b"{}")
    assert json.loads(answer["Payload"].read()) == "from s3"


def test_a_runtime_that_is_no_more_is_the_reason_of_the_failure(real: Driver) -> None:
    assert real.create(template=function("x = 1", Runtime="python3.7"), Capabilities=CAPABILITIES) == "ROLLBACK_COMPLETE"
    found = real.reason("F", "CREATE_FAILED")
    assert found.startswith('Resource handler returned message: "')
    assert "python3.7" in found
    assert "(Service: Lambda, Status Code: 400" in found
    assert real.cloud.client("iam").list_roles()["Roles"] == []


def test_stores(real: Driver) -> None:
    def template(hours: int, days: int, ttl: str) -> dict[str, t.Any]:
        return {
            "Resources": {
                "Db": {"Type": "AWS::Timestream::Database", "Properties": {}},
                "Table": {
                    "Type": "AWS::Timestream::Table",
                    "Properties": {
                        "DatabaseName": {"Ref": "Db"},
                        "TableName": "energy",
                        "RetentionProperties": {
                            "MemoryStoreRetentionPeriodInHours": str(hours),
                            "MagneticStoreRetentionPeriodInDays": "10",
                        },
                    },
                },
                "Readings": {
                    "Type": "AWS::DynamoDB::Table",
                    "Properties": {
                        "BillingMode": "PAY_PER_REQUEST",
                        "AttributeDefinitions": [
                            {"AttributeName": "meter", "AttributeType": "S"},
                            {"AttributeName": "at", "AttributeType": "N"},
                        ],
                        "KeySchema": [{"AttributeName": "meter", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
                        "TimeToLiveSpecification": {"AttributeName": ttl, "Enabled": True},
                        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": hours == 1},
                    },
                },
                "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/energy/logs", "RetentionInDays": days}},
            },
            "Outputs": {
                "Table": ref("Table"),
                "TableName": get("Table", "Name"),
                "TableArn": get("Table", "Arn"),
                "Readings": ref("Readings"),
                "ReadingsArn": get("Readings", "Arn"),
                "LogsArn": get("Logs", "Arn"),
            },
        }

    assert real.create(template=template(1, 7, "expires"), Tags=[{"Key": "site", "Value": "x"}]) == "CREATE_COMPLETE"
    out = real.outputs()
    database, table = out["Table"].split("|")
    assert (table, out["TableName"]) == ("energy", "energy")
    assert out["TableArn"] == f"arn:aws:timestream:eu-central-1:123456789012:database/{database}/table/energy"
    assert out["LogsArn"] == "arn:aws:logs:eu-central-1:123456789012:log-group:/energy/logs:*"
    timestream, dynamodb, logs = (real.cloud.client(name) for name in ("timestream-write", "dynamodb", "logs"))
    assert timestream.list_tags_for_resource(ResourceARN=out["TableArn"])["Tags"] == [{"Key": "site", "Value": "x"}]
    assert dynamodb.describe_time_to_live(TableName=out["Readings"])["TimeToLiveDescription"]["AttributeName"] == "expires"
    assert dynamodb.describe_table(TableName=out["Readings"])["Table"]["TableArn"] == out["ReadingsArn"]

    assert real.update(template=template(2, 14, "expires"), Tags=[{"Key": "site", "Value": "y"}]) == "UPDATE_COMPLETE"
    retention = timestream.describe_table(DatabaseName=database, TableName=table)["Table"]["RetentionProperties"]
    assert retention["MemoryStoreRetentionPeriodInHours"] == 2
    assert logs.describe_log_groups(logGroupNamePrefix="/energy")["logGroups"][0]["retentionInDays"] == 14
    assert timestream.list_tags_for_resource(ResourceARN=out["TableArn"])["Tags"] == [{"Key": "site", "Value": "y"}]
    backups = dynamodb.describe_continuous_backups(TableName=out["Readings"])["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "DISABLED"
    assert real.delete() == "DELETE_COMPLETE"
    assert timestream.list_databases()["Databases"] == []
    assert dynamodb.list_tables()["TableNames"] == []
    assert logs.describe_log_groups()["logGroups"] == []


def test_iot(real: Driver) -> None:
    iot = real.cloud.client("iot")

    def policy(resource: str) -> dict[str, t.Any]:
        return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["iot:Connect"], "Resource": [resource]}]}

    def template(place: str, topic: str, disabled: bool) -> dict[str, t.Any]:
        return {
            "Resources": {
                "Role": {
                    "Type": "AWS::IAM::Role",
                    "Properties": {"AssumeRolePolicyDocument": json.loads(json.dumps(TRUST).replace("lambda", "iot"))},
                },
                "Thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": "gw-1", "AttributePayload": {"Attributes": {place: "x"}}}},
                "Policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyDocument": policy(f"arn:aws:iot:*:*:client/{place}")}},
                "Rule": {
                    "Type": "AWS::IoT::TopicRule",
                    "Properties": {
                        "TopicRulePayload": {
                            "Sql": f"SELECT * FROM '{topic}'",
                            "RuleDisabled": disabled,
                            "Actions": [{"Republish": {"RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}, "Topic": "copy", "Qos": "1"}}],
                        }
                    },
                },
            },
            "Outputs": {
                "Thing": ref("Thing"),
                "ThingArn": get("Thing", "Arn"),
                "Policy": ref("Policy"),
                "PolicyArn": get("Policy", "Arn"),
                "Rule": ref("Rule"),
                "RuleArn": get("Rule", "Arn"),
            },
        }

    given = {"Capabilities": CAPABILITIES}
    assert (
        real.create("my-site", template=template("roof", "a/b", True), Tags=[{"Key": "site", "Value": "x"}], **given) == "CREATE_COMPLETE"
    )
    out = real.outputs("my-site")
    assert out["Rule"].startswith("my_site_Rule_")
    assert iot.get_topic_rule(ruleName=out["Rule"])["ruleArn"] == out["RuleArn"]
    assert iot.get_topic_rule(ruleName=out["Rule"])["rule"]["ruleDisabled"] is True
    assert iot.list_tags_for_resource(resourceArn=out["RuleArn"])["tags"] == [{"Key": "site", "Value": "x"}]
    assert iot.describe_thing(thingName="gw-1")["thingArn"] == out["ThingArn"]

    for number in range(6):
        assert real.update("my-site", template=template(f"cellar{number}", "a/c", False), **given) == "UPDATE_COMPLETE"
    assert iot.describe_thing(thingName="gw-1")["attributes"] == {"cellar5": "x"}
    assert json.loads(iot.get_policy(policyName=out["Policy"])["policyDocument"]) == policy("arn:aws:iot:*:*:client/cellar5")
    rule = iot.get_topic_rule(ruleName=out["Rule"])["rule"]
    assert (rule["sql"], rule["ruleDisabled"], rule["actions"][0]["republish"]["qos"]) == ("SELECT * FROM 'a/c'", False, 1)
    assert real.delete("my-site") == "DELETE_COMPLETE"
    assert (iot.list_things()["things"], iot.list_policies()["policies"], iot.list_topic_rules()["rules"]) == ([], [], [])


def workspace() -> dict[str, t.Any]:
    trust = json.loads(json.dumps(TRUST).replace("lambda", "iottwinmaker"))
    return {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {}},
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {"AssumeRolePolicyDocument": trust, "Policies": [{"PolicyName": "s3", "PolicyDocument": document("s3:*")}]},
        },
        "Workspace": {
            "Type": "AWS::IoTTwinMaker::Workspace",
            "Properties": {
                "WorkspaceId": {"Ref": "AWS::StackName"},
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "S3Location": {"Fn::GetAtt": ["Bucket", "Arn"]},
            },
        },
        "Meter": {
            "Type": "AWS::IoTTwinMaker::ComponentType",
            "Properties": {
                "WorkspaceId": {"Ref": "Workspace"},
                "ComponentTypeId": "com.example.meter",
                "PropertyDefinitions": {"meterId": {"DataType": {"Type": "STRING"}, "IsRequiredInEntity": True}},
            },
        },
    }


def entity(name: str, meters: dict[str, str], **more: t.Any) -> dict[str, t.Any]:
    components = {
        component: {"ComponentTypeId": "com.example.meter", "Properties": {"meterId": {"Value": {"StringValue": meter}}}}
        for component, meter in meters.items()
    }
    return {
        "Type": "AWS::IoTTwinMaker::Entity",
        "DependsOn": "Meter",
        "Properties": {"WorkspaceId": {"Ref": "Workspace"}, "EntityName": name, "Components": components, **more},
    }


def test_twinmaker(real: Driver) -> None:
    client = real.cloud.client("iottwinmaker")
    scene = {
        "Type": "AWS::IoTTwinMaker::Scene",
        "Properties": {"WorkspaceId": {"Ref": "Workspace"}, "SceneId": "main", "ContentLocation": {"Fn::Sub": "s3://${Bucket}/scene.json"}},
    }
    outputs = {
        "Panel": ref("Panel"),
        "Scene": ref("Scene"),
        "Meter": ref("Meter"),
        "State": get("Meter", "Status.State"),
        "Arn": get("Panel", "Arn"),
    }
    first = {**workspace(), "Scene": scene, "Area": entity("Area", {}), "Panel": entity("Panel", {"m1": "1", "m2": "2"}, EntityId="panel")}
    given: dict[str, t.Any] = {"Capabilities": CAPABILITIES, "Tags": [{"Key": "site", "Value": "x"}]}
    assert real.create("plant", template={"Resources": first, "Outputs": outputs}, **given) == "CREATE_COMPLETE"
    out = real.outputs("plant")
    assert {key: out[key] for key in ("Panel", "Scene", "Meter", "State")} == {
        "Panel": "plant|panel",
        "Scene": "plant|main",
        "Meter": "plant|com.example.meter",
        "State": "ACTIVE",
    }
    assert client.list_tags_for_resource(resourceARN=out["Arn"])["tags"] == {"site": "x"}

    moved = entity(
        "Panel 1", {"m2": "22", "m3": "3"}, EntityId="panel", ParentEntityId={"Fn::Select": [1, {"Fn::Split": ["|", {"Ref": "Area"}]}]}
    )
    assert real.update("plant", template={"Resources": {**first, "Panel": moved}, "Outputs": outputs}, **given) == "UPDATE_COMPLETE"
    panel = client.get_entity(workspaceId="plant", entityId="panel")
    assert panel["entityName"] == "Panel 1"
    assert panel["parentEntityId"] == real.physical_id("Area", "plant").split("|")[1]
    values = {name: component["properties"]["meterId"]["value"]["stringValue"] for name, component in panel["components"].items()}
    assert values == {"m2": "22", "m3": "3"}
    assert real.delete("plant") == "DELETE_COMPLETE"
    assert client.list_workspaces()["workspaceSummaries"] == []


def test_grafana(real: Driver) -> None:
    client = real.cloud.client("grafana")

    def template(name: str, **more: t.Any) -> dict[str, t.Any]:
        trust = json.loads(json.dumps(TRUST).replace("lambda", "grafana"))
        properties = {
            "Name": name,
            "AccountAccessType": "CURRENT_ACCOUNT",
            "AuthenticationProviders": ["SAML"],
            "PermissionType": "CUSTOMER_MANAGED",
            "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
            **more,
        }
        return {
            "Resources": {
                "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust}},
                "Grafana": {"Type": "AWS::Grafana::Workspace", "Properties": properties},
            },
            "Outputs": {"Ref": ref("Grafana"), **{name: get("Grafana", name) for name in ("Id", "Endpoint", "Status", "GrafanaVersion")}},
        }

    assert real.create(template=template("first"), Capabilities=CAPABILITIES, Tags=[{"Key": "site", "Value": "x"}]) == "CREATE_COMPLETE"
    out = real.outputs()
    about = client.describe_workspace(workspaceId=out["Id"])["workspace"]
    assert (out["Ref"], out["Endpoint"], out["Status"], out["GrafanaVersion"]) == (
        out["Id"],
        about["endpoint"],
        "ACTIVE",
        about["grafanaVersion"],
    )
    assert about["tags"] == {"site": "x"}
    second = template("second", AuthenticationProviders=["AWS_SSO"])
    assert real.update(template=second, Capabilities=CAPABILITIES, Tags=[{"Key": "site", "Value": "y"}]) == "UPDATE_COMPLETE"
    about = client.describe_workspace(workspaceId=out["Id"])["workspace"]
    assert (about["name"], about["authentication"]["providers"], about["tags"]) == ("second", ["AWS_SSO"], {"site": "y"})
    assert real.delete() == "DELETE_COMPLETE"
    assert client.list_workspaces()["workspaces"] == []


def test_the_service_role_of_a_stack_is_used(real: Driver) -> None:
    iam = real.cloud.client("iam")
    trust = json.dumps(TRUST).replace("lambda", "cloudformation")
    role = iam.create_role(RoleName="deployer", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName="deployer", PolicyName="logs", PolicyDocument=json.dumps(document("logs:*")))
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "g"}}
    assert real.create("allowed", template={"Resources": {"G": group}}, RoleARN=role) == "CREATE_COMPLETE"
    table = {"Type": "AWS::Timestream::Database", "Properties": {"DatabaseName": "abc"}}
    assert real.create("denied", template={"Resources": {"D": table}}, RoleARN=role) == "ROLLBACK_COMPLETE"
    assert "HandlerErrorCode: AccessDenied" in real.reason("D", "CREATE_FAILED", "denied")


def test_schedule(real: Driver) -> None:
    trust = {
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": ["lambda.amazonaws.com", "scheduler.amazonaws.com"]}, "Action": "sts:AssumeRole"}
        ]
    }

    def template(expression: str, **more: t.Any) -> dict[str, t.Any]:
        made = function("def handler(event, context):\n    return 1\n")
        made["Resources"]["Role"]["Properties"] = {"AssumeRolePolicyDocument": {"Version": "2012-10-17", **trust}}
        made["Resources"]["S"] = {
            "Type": "AWS::Scheduler::Schedule",
            "Properties": {
                "ScheduleExpression": expression,
                "FlexibleTimeWindow": {"Mode": "OFF"},
                "Target": {"Arn": {"Fn::GetAtt": ["F", "Arn"]}, "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}},
                **more,
            },
        }
        made["Outputs"] = {"Name": ref("S"), "Arn": get("S", "Arn")}
        return made

    scheduler = real.cloud.client("scheduler")
    assert real.create(template=template("rate(1 hour)", Description="x"), Capabilities=CAPABILITIES) == "CREATE_COMPLETE"
    out = real.outputs()
    shown = scheduler.get_schedule(Name=out["Name"])
    assert (shown["Arn"], shown["ScheduleExpression"], shown["Description"]) == (out["Arn"], "rate(1 hour)", "x")
    assert real.update(template=template("rate(15 minutes)", State="DISABLED"), Capabilities=CAPABILITIES) == "UPDATE_COMPLETE"
    shown = scheduler.get_schedule(Name=out["Name"])
    assert (shown["ScheduleExpression"], shown["State"], "Description" in shown) == ("rate(15 minutes)", "DISABLED", False)
    assert real.update(template=function("def handler(event, context):\n    return 1\n"), Capabilities=CAPABILITIES) == "UPDATE_COMPLETE"
    assert scheduler.list_schedules()["Schedules"] == []
