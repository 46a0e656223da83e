# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roles, sessions, and what the front lets through, by boto3 clients in the process."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import boto3
import pytest
from botocore.exceptions import ClientError

from local_cloud.assembly import KINDS, build
from local_cloud.cloud import Cloud
from local_cloud.errors import ApiError
from local_cloud.front.core import scope_of
from local_cloud.front.moto import MODELS
from local_cloud.protocol import models
from local_cloud.protocol.http import HttpRequest, HttpResponse
from local_cloud.service import Request
from local_cloud.settings import Settings

ACCOUNT = "123456789012"


def trust(**principal: str) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def allow(*actions: str, resource: str = "*", effect: str = "Allow") -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": list(actions), "Resource": resource}]})


def role(cloud: Cloud, name: str = "reader", trusted: str | None = None, **policies: str) -> str:
    iam = cloud.client("iam")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted or trust(Service="lambda.amazonaws.com"))["Role"]["Arn"]
    for policy, document in policies.items():
        iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=document)
    return str(arn)


def bucket(cloud: Cloud, name: str = "models") -> None:
    cloud.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})


def code_of(failure: pytest.ExceptionInfo[ClientError]) -> str:
    return str(failure.value.response["Error"]["Code"])


def test_a_roles_policies_come_from_iam_and_follow_its_changes(cloud: Cloud) -> None:
    arn = role(cloud, inline=allow("s3:GetObject", resource="arn:aws:s3:::models/*"))
    assert cloud.allowed(arn, "s3:GetObject", "arn:aws:s3:::models/a")
    assert not cloud.allowed(arn, "s3:GetObject", "arn:aws:s3:::other/a")
    iam = cloud.client("iam")
    attached = iam.create_policy(PolicyName="p", PolicyDocument=allow("s3:PutObject"))["Policy"]["Arn"]
    assert not cloud.allowed(arn, "s3:PutObject", "arn:aws:s3:::models/a")
    iam.attach_role_policy(RoleName="reader", PolicyArn=attached)
    assert cloud.allowed(arn, "s3:PutObject", "arn:aws:s3:::models/a")
    iam.create_policy_version(PolicyArn=attached, PolicyDocument=allow("s3:ListBucket"), SetAsDefault=True)
    assert not cloud.allowed(arn, "s3:PutObject", "arn:aws:s3:::models/a")
    iam.delete_role_policy(RoleName="reader", PolicyName="inline")
    assert not cloud.allowed(arn, "s3:GetObject", "arn:aws:s3:::models/a")


def test_trust_needs_the_role_and_its_trust_policy(cloud: Cloud) -> None:
    arn = role(cloud)
    assert cloud.role_trusts(arn, "lambda.amazonaws.com")
    assert not cloud.role_trusts(arn, "iot.amazonaws.com")
    assert not cloud.role_trusts(arn + "x", "lambda.amazonaws.com")
    assert not cloud.role_trusts(arn.replace(ACCOUNT, "999999999999"), "lambda.amazonaws.com")


def test_a_trust_policys_source_conditions(cloud: Cloud) -> None:
    condition = {"StringEquals": {"aws:SourceAccount": ACCOUNT}, "ArnLike": {"aws:SourceArn": "arn:aws:iot:*:*:rule/r"}}
    statement = {"Effect": "Allow", "Principal": {"Service": "iot.amazonaws.com"}, "Action": "sts:AssumeRole", "Condition": condition}
    arn = role(cloud, trusted=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    assert cloud.role_trusts(arn, "iot.amazonaws.com", {"aws:SourceArn": f"arn:aws:iot:eu-central-1:{ACCOUNT}:rule/r"})
    assert not cloud.role_trusts(arn, "iot.amazonaws.com", {"aws:SourceArn": f"arn:aws:iot:eu-central-1:{ACCOUNT}:rule/s"})
    assert not cloud.role_trusts(arn, "iot.amazonaws.com")


def test_a_session_may_do_what_its_role_may_and_no_more(cloud: Cloud) -> None:
    bucket(cloud)
    session = cloud.client("s3", role(cloud, inline=allow("s3:PutObject", resource="arn:aws:s3:::models/in/*")))
    session.put_object(Bucket="models", Key="in/a", Body=b"x")
    for refused in (
        lambda: session.put_object(Bucket="models", Key="out/a", Body=b"x"),
        lambda: session.get_object(Bucket="models", Key="in/a"),
        lambda: session.list_objects_v2(Bucket="models"),
        lambda: session.copy_object(Bucket="models", Key="in/b", CopySource="models/in/a"),
    ):
        with pytest.raises(ClientError) as failure:
            refused()
        assert code_of(failure) == "AccessDenied"
    assert [entry["Key"] for entry in cloud.client("s3").list_objects_v2(Bucket="models")["Contents"]] == ["in/a"]


@pytest.mark.parametrize(
    ("service", "operation"), [("logs", "describe_log_groups"), ("iottwinmaker", "list_workspaces"), ("iam", "list_roles")]
)
def test_a_session_without_leave_for_an_action_is_refused_before_its_parameters_count(cloud: Cloud, service: str, operation: str) -> None:
    with pytest.raises(ClientError) as failure:
        getattr(cloud.client(service, role(cloud)), operation)()
    assert code_of(failure).startswith("AccessDenied")
    assert f"assumed-role/reader/local-cloud is not authorized to perform: {service}:" in str(failure.value)


def test_a_table_is_checked_by_its_arn(cloud: Cloud) -> None:
    table = {
        "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
    }
    for name in ("mine", "other"):
        cloud.client("dynamodb").create_table(TableName=name, BillingMode="PAY_PER_REQUEST", **table)
    arn = role(cloud, inline=allow("dynamodb:PutItem", resource=f"arn:aws:dynamodb:eu-central-1:{ACCOUNT}:table/mine"))
    session = cloud.client("dynamodb", arn)
    session.put_item(TableName="mine", Item={"a": {"S": "x"}})
    with pytest.raises(ClientError) as failure:
        session.put_item(TableName="other", Item={"a": {"S": "x"}})
    assert code_of(failure) == "AccessDeniedException"


def test_authorize_lets_the_account_do_all_and_holds_a_session_to_its_role(cloud: Cloud) -> None:
    arn = role(
        cloud,
        inline=allow("timestream:WriteRecords", resource="arn:aws:timestream:eu:1:db/*"),
        denied=allow("timestream:*", resource="arn:aws:timestream:eu:1:db/x", effect="Deny"),
    )
    by_account = Request("timestream-write", "WriteRecords", {})
    by_role = dataclasses.replace(by_account, principal=cloud.issue_session(arn).principal)
    cloud.authorize(by_account, "timestream:WriteRecords", "arn:other")
    cloud.authorize(by_role, "timestream:WriteRecords", "arn:aws:timestream:eu:1:db/y")
    for resource, why in (("arn:aws:timestream:eu:1:other", "no identity-based policy"), ("arn:aws:timestream:eu:1:db/x", "explicit deny")):
        with pytest.raises(ApiError, match=why) as failure:
            cloud.authorize(by_role, "timestream:WriteRecords", resource)
        assert (failure.value.code, failure.value.status) == ("AccessDeniedException", 403)


def test_a_deleted_role_may_nothing_more(cloud: Cloud) -> None:
    arn = role(cloud, inline=allow("logs:*"))
    session = cloud.client("logs", arn)
    session.describe_log_groups()
    cloud.client("iam").delete_role_policy(RoleName="reader", PolicyName="inline")
    cloud.client("iam").delete_role(RoleName="reader")
    with pytest.raises(ClientError) as failure:
        session.describe_log_groups()
    assert code_of(failure) == "AccessDeniedException"


def test_a_service_keeps_its_session_of_a_role_over_a_restart(cloud: Cloud, settings: Settings) -> None:
    arn = role(cloud)
    first = cloud.issue_session(arn)
    assert cloud.issue_session(arn) == first
    assert first.access_key.startswith("ASIA")
    cloud.stop()
    again = build(settings)
    assert again.issue_session(arn) == first
    again.stop()
    cloud.__dict__.update(build(settings).__dict__)


# ---- STS


def assume(cloud: Cloud, arn: str, **options: t.Any) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="jane", **options))


def as_session(cloud: Cloud, service: str, credentials: dict[str, t.Any]) -> t.Any:
    """A client of the cloud with keys of its own."""
    client = boto3.client(
        service,
        region_name="eu-central-1",
        endpoint_url=cloud.settings.endpoint,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
    client.meta.events.register("before-send", cloud.clients.send)
    return client


def test_assuming_a_role_yields_a_session_that_is_enforced(cloud: Cloud) -> None:
    arn = role(cloud, trusted=trust(AWS=f"arn:aws:iam::{ACCOUNT}:root"), inline=allow("logs:DescribeLogGroups"))
    answer = assume(cloud, arn)
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/jane"
    identity = as_session(cloud, "sts", answer["Credentials"]).get_caller_identity()
    assert identity["Arn"] == answer["AssumedRoleUser"]["Arn"]
    assert identity["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]
    logs = as_session(cloud, "logs", answer["Credentials"])
    assert logs.describe_log_groups()["logGroups"] == []
    with pytest.raises(ClientError) as failure:
        logs.create_log_group(logGroupName="g")
    assert code_of(failure) == "AccessDeniedException"


def test_a_role_that_does_not_trust_the_caller_or_is_not_there_is_not_assumed(cloud: Cloud) -> None:
    for arn in (role(cloud), f"arn:aws:iam::{ACCOUNT}:role/nobody"):
        with pytest.raises(ClientError, match="is not authorized to perform: sts:AssumeRole on resource") as failure:
            assume(cloud, arn)
        assert code_of(failure) == "AccessDenied"


def test_a_session_ends(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = assume(cloud, role(cloud, trusted=trust(AWS=ACCOUNT), inline=allow("logs:*")), DurationSeconds=900)
    logs = as_session(cloud, "logs", answer["Credentials"])
    logs.describe_log_groups()
    late = cloud.now() + 901
    monkeypatch.setattr(cloud, "now", lambda: late)
    with pytest.raises(ClientError) as failure:
        logs.describe_log_groups()
    assert code_of(failure) == "ExpiredTokenException"


@pytest.mark.parametrize("part", ["AccessKeyId", "SessionToken"])
def test_made_up_session_keys_are_refused(cloud: Cloud, part: str) -> None:
    credentials = assume(cloud, role(cloud, trusted=trust(AWS=ACCOUNT), inline=allow("*")))["Credentials"]
    with pytest.raises(ClientError) as failure:
        as_session(cloud, "logs", {**credentials, part: "ASIAMADEUP0000000000"}).describe_log_groups()
    assert code_of(failure) == "UnrecognizedClientException"


def test_options_of_assume_role_that_are_not_implemented_are_refused(cloud: Cloud) -> None:
    with pytest.raises(ClientError, match="member Policy of sts:AssumeRole") as failure:
        assume(cloud, role(cloud, trusted=trust(AWS=ACCOUNT)), Policy=allow("*"))
    assert failure.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


# ---- the front


def call(cloud: Cloud, method: str = "GET", path: str = "/", body: bytes = b"", **headers: str) -> HttpResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return cloud.front.handle(HttpRequest(method, path, "", {"host": "127.0.0.1", **named}, body))


def signed(scope: str, region: str = "eu-central-1") -> str:
    return f"AWS4-HMAC-SHA256 Credential=AKIAX/20260101/{region}/{scope}/aws4_request, SignedHeaders=host, Signature=0"


def test_an_unsigned_request_is_refused_as_aws_does(cloud: Cloud) -> None:
    response = call(cloud)
    assert (response.status, json.loads(response.body)) == (
        403,
        {"__type": "MissingAuthenticationToken", "message": "Missing Authentication Token"},
    )


def test_an_unknown_service_answers_501_and_its_name(cloud: Cloud) -> None:
    response = call(cloud, authorization=signed("kinesis"))
    assert response.status == 501
    assert "kinesis" in json.loads(response.body)["message"]


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("iottwinmaker", "execute_query", {"workspaceId": "w", "queryStatement": "SELECT x FROM EntityGraph"}),
        ("timestream-query", "list_scheduled_queries", {}),
        ("sts", "get_session_token", {}),
        ("iam", "list_service_specific_credentials", {}),
    ],
)
def test_an_operation_that_is_not_implemented_answers_501_and_its_name(
    cloud: Cloud, service: str, operation: str, parameters: dict[str, t.Any]
) -> None:
    with pytest.raises(ClientError) as failure:
        getattr(cloud.client(service), operation)(**parameters)
    assert failure.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert f"{service}:" in str(failure.value)


def test_another_region_is_refused(cloud: Cloud) -> None:
    response = call(cloud, "POST", "/workspaces-list", authorization=signed("iottwinmaker", "us-east-1"))
    assert response.status == 403
    assert "eu-central-1, not us-east-1" in json.loads(response.body)["message"]
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    assert call(cloud, "POST", "/", body, authorization=signed("sts", "us-east-1")).status == 200


def test_every_service_is_reached_by_the_name_that_its_clients_sign_with() -> None:
    for name in {name for kind in KINDS for name in kind.models} | set(MODELS):
        assert scope_of(name) == models.service_model(name).signing_name


def test_the_two_timestream_services_share_a_scope(cloud: Cloud) -> None:
    for target in ("WriteRecords", "Query"):
        response = call(cloud, "POST", "/", b"{}", authorization=signed("timestream"), x_amz_target=f"Timestream_20181101.{target}")
        assert response.status == 400
        assert b"ValidationException" in response.body


def test_a_presigned_address_needs_no_header(cloud: Cloud) -> None:
    bucket(cloud)
    cloud.client("s3").put_object(Bucket="models", Key="a b", Body=b"x")
    url = cloud.client("s3").generate_presigned_url("get_object", Params={"Bucket": "models", "Key": "a b"})
    path, _, query = url.removeprefix(cloud.settings.endpoint).partition("?")
    response = cloud.front.handle(HttpRequest("GET", path, query, {"host": "127.0.0.1"}))
    assert (response.status, response.body) == (200, b"x")


def test_a_failure_of_a_service_is_a_500_without_a_traceback(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: t.Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(cloud.moto, "perform", broken)
    with pytest.raises(ClientError) as failure:
        cloud.client("iam").list_roles()
    assert failure.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert "secret detail" not in str(failure.value)
    assert "secret detail" in capsys.readouterr().err
