# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import datetime
import hashlib
import io
import json
import typing as t
import zipfile

import pytest

from local_cloud.cloud import Cloud
from local_cloud.errors import ApiError
from local_cloud.services.lambda_ import Lambda, runtimes
from tests.unit.local_cloud.clients import make_role, refused
from tests.unit.local_cloud.lambda_.functions import Function, Make, zipped

ECHO = "def handler(event, context):\n    return event\n"


def test_a_function_is_described_as_it_was_created(cloud: Cloud, make: Make, role: str) -> None:
    code = zipped(ECHO)
    function = make(
        ECHO, Code={"ZipFile": code}, Description="reads", Timeout=7, MemorySize=256, Environment={"Variables": {"TABLE": "energy"}}
    )
    found = function.client.get_function(FunctionName=function.name)["Configuration"]
    assert found["FunctionArn"] == f"arn:aws:lambda:eu-central-1:123456789012:function:{function.name}"
    expected = {"Runtime": "python3.13", "Role": role, "Handler": "index.handler", "Description": "reads", "Timeout": 7, "MemorySize": 256}
    assert {key: found[key] for key in expected} == expected
    assert found["Environment"] == {"Variables": {"TABLE": "energy"}}
    assert (found["CodeSize"], found["CodeSha256"]) == (len(code), base64.b64encode(hashlib.sha256(code).digest()).decode())
    assert (found["State"], found["LastUpdateStatus"], found["Version"], found["PackageType"]) == ("Active", "Successful", "$LATEST", "Zip")
    assert found["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{function.name}"}
    by_arn = function.client.get_function_configuration(FunctionName=function.arn, Qualifier="$LATEST")
    assert {key: value for key, value in by_arn.items() if key != "ResponseMetadata"} == found


def test_names_and_defaults(make: Make) -> None:
    function = make(ECHO)
    for reference in (function.name, function.arn, f"123456789012:function:{function.name}", f"{function.arn}:$LATEST"):
        found = function.client.get_function_configuration(FunctionName=reference)
        assert (found["Timeout"], found["MemorySize"], found["Architectures"]) == (3, 128, ["x86_64"])
        assert "Environment" not in found
    with refused("ResourceNotFoundException", f"Function not found: {function.arn}:7"):
        function.client.get_function_configuration(FunctionName=function.name, Qualifier="7")
    with refused("ResourceNotFoundException", "region"):
        function.client.get_function_configuration(FunctionName=function.arn.replace("eu-central-1", "us-east-1"))


def test_functions_are_listed_in_pages(make: Make) -> None:
    made = {make(ECHO).name for _ in range(3)}
    client = make(ECHO).client
    listed = [
        found["FunctionName"]
        for page in client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2})
        for found in page["Functions"]
    ]
    assert made <= set(listed)
    assert listed == sorted(set(listed))


def test_a_function_is_deleted(make: Make) -> None:
    function = make(ECHO)
    assert function.invoke(1).payload == 1
    function.client.delete_function(FunctionName=function.name)
    for operation in (function.client.get_function, function.client.delete_function, function.client.invoke):
        with refused("ResourceNotFoundException", f"Function not found: {function.arn}", status=404):
            operation(FunctionName=function.name)


def test_the_same_name_twice(make: Make, role: str) -> None:
    function = make(ECHO)
    with refused("ResourceConflictException", f"Function already exist: {function.name}", status=409):
        function.client.create_function(
            FunctionName=function.name, Runtime="python3.13", Role=role, Handler="index.handler", Code={"ZipFile": zipped(ECHO)}
        )


# Runtimes


def test_runtimes_that_aws_no_longer_creates(make: Make) -> None:
    with refused("InvalidParameterValueException", "The runtime parameter of python3.7 is no longer supported", status=400):
        make(ECHO, Runtime="python3.7")
    with refused("InvalidParameterValueException", "The runtime parameter of nodejs14.x is no longer supported"):
        make(ECHO, Runtime="nodejs14.x")
    with refused("NotImplemented", "Python functions only, not the runtime nodejs22.x", status=501):
        make(ECHO, Runtime="nodejs22.x")


@pytest.mark.parametrize(
    ("runtime", "day", "current", "allowed"),
    [
        ("python3.9", "2027-01-31", None, True),
        ("python3.9", "2027-02-01", None, False),
        ("python3.9", "2027-02-01", "python3.9", True),
        ("python3.9", "2027-03-03", "python3.9", False),
        ("python3.13", "2026-11-23", "python3.9", True),
        ("python3.7", "2026-11-23", "python3.7", True),
        ("python3.7", "2026-11-23", "python3.8", False),
    ],
)
def test_runtimes_end_by_date(runtime: str, day: str, current: str | None, allowed: bool) -> None:
    now = datetime.datetime.fromisoformat(f"{day}T12:00:00+00:00").timestamp()
    if allowed:
        runtimes.check(runtime, now, current=current)
    else:
        with pytest.raises(ApiError, match="no longer supported"):
            runtimes.check(runtime, now, current=current)


# Roles and code


def test_the_role_must_be_one_of_lambdas(cloud: Cloud, make: Make) -> None:
    other = make_role(cloud.client("iam"), "for-iot", "iot")
    for role in (other, "arn:aws:iam::123456789012:role/nobody"):
        with refused("InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."):
            make(ECHO, Role=role)
    function = make(ECHO)
    with refused("InvalidParameterValueException", "cannot be assumed"):
        function.client.update_function_configuration(FunctionName=function.name, Role=other)


def test_code_from_s3(cloud: Cloud, make: Make) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket="code", Key="reader.zip", Body=zipped(ECHO))
    function = make(ECHO, Code={"S3Bucket": "code", "S3Key": "reader.zip"})
    assert function.invoke({"a": 1}).payload == {"a": 1}
    with refused("InvalidParameterValueException", "S3 Error Code: NoSuchKey"):
        function.client.update_function_code(FunctionName=function.name, S3Bucket="code", S3Key="nothing.zip")


@pytest.mark.parametrize(
    ("code", "message"),
    [(b"no zip", "Could not unzip uploaded file"), (zipped(ECHO)[:-30], "Could not unzip uploaded file"), (None, "non-empty")],
)
def test_code_that_is_no_package(make: Make, code: bytes | None, message: str) -> None:
    if code is None:
        empty = io.BytesIO()
        zipfile.ZipFile(empty, "w").close()
        code = empty.getvalue()
    with refused("InvalidParameterValueException", message):
        make(ECHO, Code={"ZipFile": code})


def test_a_package_cannot_write_outside_its_folder(cloud: Cloud, make: Make) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("../../escaped.txt", "x")
        archive.writestr("index.py", ECHO)
    assert make(ECHO, Code={"ZipFile": file.getvalue()}).invoke(1).payload == 1
    escaped = [path for path in cloud.settings.home.parent.rglob("escaped.txt") if cloud.settings.home / "lambda" not in path.parents]
    assert escaped == []


@pytest.mark.parametrize(
    "members",
    [
        {"Layers": ["arn:aws:lambda:eu-central-1:123456789012:layer:x:1"]},
        {"VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}},
        {"Publish": True},
        {"DeadLetterConfig": {"TargetArn": "arn:aws:sqs:eu-central-1:123456789012:q"}},
        {"SnapStart": {"ApplyOn": "PublishedVersions"}},
        {"LoggingConfig": {"LogFormat": "JSON"}},
    ],
)
def test_what_nothing_here_acts_on_is_not_taken_silently(make: Make, members: dict[str, t.Any]) -> None:
    with refused("NotImplemented", status=501):
        make(ECHO, **members)


def test_members_that_say_nothing_are_taken(make: Make) -> None:
    members: dict[str, t.Any] = {
        "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
        "Layers": [],
        "SnapStart": {"ApplyOn": "None"},
        "Publish": False,
    }
    assert make(ECHO, **members).invoke(1).payload == 1


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"Timeout": 901}, "less than or equal to 900"),
        ({"MemorySize": 10241}, "less than or equal to 10240"),
        ({"Environment": {"Variables": {"AWS_REGION": "x", "OK": "y"}}}, "Reserved keys used in this request: AWS_REGION"),
        ({"Environment": {"Variables": {"BIG": "x" * 4097}}}, "4KB"),
    ],
)
def test_limits_of_a_configuration(make: Make, members: dict[str, t.Any], message: str) -> None:
    with refused("InvalidParameterValueException", message):
        make(ECHO, **members)


# Updates


def test_new_code_and_configuration_run_at_once(make: Make) -> None:
    source = "import os\ndef handler(event, context):\n    return [{}, os.environ.get('NAME'), context.memory_limit_in_mb]\n"
    function = make(source.format(1), Environment={"Variables": {"NAME": "a"}})
    assert function.invoke().payload == [1, "a", "128"]
    function.client.update_function_code(FunctionName=function.name, ZipFile=zipped(source.format(2)))
    assert function.invoke().payload == [2, "a", "128"]
    function.client.update_function_configuration(FunctionName=function.name, Environment={"Variables": {"NAME": "b"}}, MemorySize=256)
    assert function.invoke().payload == [2, "b", "256"]
    function.client.update_function_code(FunctionName=function.name, ZipFile=zipped(source.format(3)), DryRun=True)
    assert function.invoke().payload == [2, "b", "256"]


def test_an_update_of_what_somebody_else_has_changed(make: Make) -> None:
    function = make(ECHO)
    revision = function.client.get_function_configuration(FunctionName=function.name)["RevisionId"]
    function.client.update_function_configuration(FunctionName=function.name, Timeout=5, RevisionId=revision)
    with refused("PreconditionFailedException", "RevisionId", status=412):
        function.client.update_function_configuration(FunctionName=function.name, Timeout=6, RevisionId=revision)


# Tags, concurrency, permissions


def test_tags(make: Make) -> None:
    function = make(ECHO, Tags={"a": "1"})
    function.client.tag_resource(Resource=function.arn, Tags={"b": "2"})
    function.client.untag_resource(Resource=function.arn, TagKeys=["a"])
    assert function.client.list_tags(Resource=function.arn)["Tags"] == {"b": "2"}
    assert function.client.get_function(FunctionName=function.name)["Tags"] == {"b": "2"}


def test_reserved_concurrency(make: Make) -> None:
    function = make(ECHO)
    client = function.client
    assert "ReservedConcurrentExecutions" not in client.get_function_concurrency(FunctionName=function.name)
    client.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=3)
    assert client.get_function(FunctionName=function.name)["Concurrency"] == {"ReservedConcurrentExecutions": 3}
    with refused("InvalidParameterValueException", "below its minimum value of [100]"):
        client.put_function_concurrency(FunctionName=make(ECHO).name, ReservedConcurrentExecutions=898)
    client.delete_function_concurrency(FunctionName=function.name)
    assert "Concurrency" not in client.get_function(FunctionName=function.name)
    client.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=0)
    with refused("TooManyRequestsException", "Rate Exceeded", status=429) as response:
        client.invoke(FunctionName=function.name)
    assert response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"


def test_who_may_invoke_by_the_functions_policy(cloud: Cloud, make: Make) -> None:
    function = make(ECHO)
    rule = "arn:aws:iot:eu-central-1:123456789012:rule/readings"
    service = cloud.service(Lambda)
    with refused("ResourceNotFoundException"):
        function.client.get_policy(FunctionName=function.name)
    assert not service.permits(function.arn, "iot.amazonaws.com", rule)
    grant = {"StatementId": "rule", "Action": "lambda:InvokeFunction", "Principal": "iot.amazonaws.com", "SourceArn": rule}
    statement = json.loads(function.client.add_permission(FunctionName=function.name, **grant)["Statement"])
    assert statement["Resource"] == function.arn
    assert statement["Condition"] == {"ArnLike": {"AWS:SourceArn": rule}}
    assert service.permits(function.arn, "iot.amazonaws.com", rule)
    assert not service.permits(function.arn, "iot.amazonaws.com", f"{rule}2")
    assert not service.permits(function.arn, "s3.amazonaws.com", rule)
    with refused("ResourceConflictException", "already exists"):
        function.client.add_permission(FunctionName=function.name, **grant)
    assert json.loads(function.client.get_policy(FunctionName=function.name)["Policy"])["Statement"] == [statement]
    function.client.remove_permission(FunctionName=function.name, StatementId="rule")
    with refused("ResourceNotFoundException"):
        function.client.remove_permission(FunctionName=function.name, StatementId="rule")


def test_a_role_may_invoke_what_its_policy_says(cloud: Cloud, make: Make) -> None:
    allowed, other = make(ECHO), make(ECHO)
    statement = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": allowed.arn}
    client = cloud.client("lambda", role=make_role(cloud.client("iam"), "caller", "iottwinmaker", statement))
    assert Function(client, allowed.name, allowed.arn).invoke(1).payload == 1
    with refused("AccessDeniedException", "lambda:InvokeFunction", status=403):
        client.invoke(FunctionName=other.name)
    with refused("AccessDeniedException"):
        client.get_function(FunctionName=allowed.name)
