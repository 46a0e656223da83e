# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module preflight_info against the local cloud, as its owner and as roles that may do some of it."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import json
import pathlib
import typing as t

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from local_cloud.assembly import build
from local_cloud.cloud import Cloud
from local_cloud.settings import Knobs
from tests.unit.plugins.modules.clouds import free_settings

SITE: dict[str, t.Any] = {"stack_name": "plant", "entities": 12}
READS = [
    *("cloudformation:DescribeStacks", "grafana:ListWorkspaces", "iam:GetRole", "iam:SimulatePrincipalPolicy", "iot:GetTopicRule"),
    *("iot:ListTopicRules", "iottwinmaker:ListWorkspaces", "logs:DescribeLogGroups", "s3:ListBucket", "servicequotas:GetServiceQuota"),
    *("sso:ListInstances", "timestream:Describe*", "timestream:ListDatabases", "dynamodb:DescribeTable"),
]


@dataclasses.dataclass
class Caller:
    """Whose clients the module gets: those of a role, or of the account's owner."""

    role: str | None = None


@pytest.fixture
def caller() -> Caller:
    return Caller()


@pytest.fixture
def cloud(tmp_path: pathlib.Path, run: t.Any, caller: Caller, monkeypatch: pytest.MonkeyPatch) -> c.Iterator[Cloud]:
    made = build(free_settings(tmp_path / "cloud"))
    monkeypatch.setattr(AnsibleAWSModule, "client", lambda self, service, **options: made.client(service, caller.role))
    yield made
    made.stop()


@pytest.fixture
def look(run: t.Any, cloud: Cloud) -> c.Callable[..., dict[str, dict[str, str]]]:
    def checks(**options: t.Any) -> dict[str, dict[str, str]]:
        result = run("preflight_info", **{**SITE, **options})
        assert not result.get("failed"), result
        assert result["changed"] is False
        return {check["what"]: check for check in result["checks"]}

    return checks


def role(cloud: Cloud, *statements: dict[str, t.Any]) -> str:
    """With a path, which the ARN of its sessions does not tell."""
    trust = {"Version": "2012-10-17", "Statement": []}
    iam = cloud.client("iam")
    arn = str(iam.create_role(RoleName="deployer", Path="/people/", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"])
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    iam.put_role_policy(RoleName="deployer", PolicyName="own", PolicyDocument=json.dumps(document))
    return arn


def allow(*actions: str, resource: str = "*", **condition: t.Any) -> dict[str, t.Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **({"Condition": condition} if condition else {})}


def not_good(checks: dict[str, dict[str, str]]) -> dict[str, str]:
    return {name: check["outcome"] for name, check in checks.items() if check["outcome"] != "good"}


def test_without_a_region_nothing_is_asked(run: t.Any, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AnsibleAWSModule, "region", None)
    result = run("preflight_info", **SITE)
    assert (result["failed"], result["msg"]) == (
        True,
        "region: none is given; set AWS_REGION in aws_environment or in the environment.",
    )


@pytest.mark.parametrize("as_option", [True, False])
def test_an_endpoint_without_a_scheme_is_named(run: t.Any, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, as_option: bool) -> None:
    options = {"endpoint_url": "localhost:4566"} if as_option else {}
    if not as_option:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "localhost:4566")
    result = run("preflight_info", **SITE, **options)
    assert result["failed"]
    assert result["msg"].startswith("endpoint_url: 'localhost:4566' is no address of a service; write it with http:// or https://")


@pytest.mark.parametrize("storage", ["dynamodb", "timestream"])
def test_an_empty_account_is_ready_for_either_store(look: t.Any, storage: str) -> None:
    checks = look(storage=storage)
    assert not_good(checks) == {}
    assert ("timestream" in checks) is (storage == "timestream")


def test_a_store_that_an_earlier_stack_has_left_is_in_nobody_s_way(cloud: Cloud, look: t.Any) -> None:
    cloud.client("dynamodb").create_table(
        TableName="plant_energy",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    cloud.client("timestream-write").create_database(DatabaseName="plant_db")
    for storage in ("dynamodb", "timestream"):
        found = look(storage=storage)
        assert not_good(found) == {}
        assert [name for name, check in found.items() if "was kept" in check["found"]]


def test_the_store_of_a_stack_that_is_there_counts(cloud: Cloud, look: t.Any) -> None:
    template = {
        "Resources": {"Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/energytwin/plant/reader"}}},
        "Outputs": {"Storage": {"Value": "dynamodb"}},
    }
    cloudformation = cloud.client("cloudformation")
    cloudformation.create_stack(StackName="plant", TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="plant", WaiterConfig={"Delay": 0.05, "MaxAttempts": 200})
    checks = look()
    assert "timestream" not in checks
    assert checks["names"]["found"] == "the stack is there (CREATE_COMPLETE)"


def test_a_stack_of_the_original_template_has_timestream_and_its_names(cloud: Cloud, look: t.Any) -> None:
    template = {
        "Parameters": {"DataTopic": {"Type": "String"}},
        "Resources": {"TimestreamDB": {"Type": "AWS::Timestream::Database", "Properties": {"DatabaseName": "plant_db"}}},
    }
    cloudformation = cloud.client("cloudformation")
    topic = [{"ParameterKey": "DataTopic", "ParameterValue": "energy/plant"}]
    cloudformation.create_stack(StackName="plant", TemplateBody=json.dumps(template), Parameters=topic)
    cloudformation.get_waiter("stack_create_complete").wait(StackName="plant", WaiterConfig={"Delay": 0.05, "MaxAttempts": 200})
    checks = look()
    assert checks["timestream"]["outcome"] == "good"
    assert checks["names"]["found"] == "the stack is there (CREATE_COMPLETE)"
    assert not_good(checks) == {}


def test_a_role_that_may_look_and_pass_roles_is_ready(cloud: Cloud, caller: Caller, look: t.Any) -> None:
    passed = allow("iam:PassRole", resource="arn:aws:iam::123456789012:role/plant-*")
    caller.role = role(cloud, allow(*READS, "iam:CreateServiceLinkedRole"), passed)
    checks = look()
    assert not_good(checks) == {}
    assert checks["credentials"]["found"].startswith("arn:aws:sts::123456789012:assumed-role/deployer/")


def test_a_role_that_may_pass_roles_to_one_service_only_is_told_the_others(cloud: Cloud, caller: Caller, look: t.Any) -> None:
    only = allow("iam:PassRole", StringEquals={"iam:PassedToService": "lambda.amazonaws.com"})
    caller.role = role(cloud, allow(*READS), only)
    checks = look()
    assert not_good(checks) == {"pass role": "bad", "service-linked role": "bad"}
    assert checks["pass role"]["found"] == "not to grafana.amazonaws.com, iot.amazonaws.com, iottwinmaker.amazonaws.com"


def test_a_linked_role_that_is_there_need_not_be_made(cloud: Cloud, caller: Caller, look: t.Any) -> None:
    cloud.client("iam").create_role(
        RoleName="AWSServiceRoleForAmazonGrafana",
        Path="/aws-service-role/grafana.amazonaws.com/",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}),
    )
    caller.role = role(cloud, allow(*READS, "iam:PassRole"))
    assert not_good(look()) == {}


def test_a_role_that_may_not_look_knows_nothing_and_fails_nothing(cloud: Cloud, caller: Caller, look: t.Any) -> None:
    caller.role = role(cloud, allow("ec2:DescribeRegions"))
    checks = look(storage="timestream")
    assert set(not_good(checks).values()) == {"not known"}
    assert {"names", "pass role", "identity center", "timestream", "quota: twinmaker entities"} <= not_good(checks).keys()
    assert all(check["remedy"] for check in checks.values() if check["outcome"] == "not known")


def test_a_quota_that_is_too_small_is_told(look: t.Any) -> None:
    assert not_good(look(entities=50_001)) == {"quota: twinmaker entities": "bad"}


def test_a_new_account_gets_no_timestream(tmp_path: pathlib.Path, run: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = build(free_settings(tmp_path / "new", Knobs(new_account=1)))
    try:
        monkeypatch.setattr(AnsibleAWSModule, "client", lambda self, service, **options: cloud.client(service))
        checks = {check["what"]: check for check in run("preflight_info", **SITE, storage="timestream")["checks"]}
        assert checks["timestream"]["outcome"] == "bad"
    finally:
        cloud.stop()
