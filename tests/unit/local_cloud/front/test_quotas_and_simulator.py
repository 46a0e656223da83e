# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody asks before anything is made: quotas, permissions, and whether a service takes the account."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest
from botocore.exceptions import ClientError

from local_cloud.assembly import build
from local_cloud.cloud import Cloud
from local_cloud.settings import Knobs, Settings

PASS = "arn:aws:iam::123456789012:role/plant-*"


def role(cloud: Cloud, *statements: dict[str, t.Any]) -> str:
    iam = cloud.client("iam")
    trust = {"Version": "2012-10-17", "Statement": []}
    arn = str(iam.create_role(RoleName="deployer", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"])
    for number, statement in enumerate(statements):
        document = {"Version": "2012-10-17", "Statement": [statement]}
        iam.put_role_policy(RoleName="deployer", PolicyName=f"own-{number}", PolicyDocument=json.dumps(document))
    return arn


def code(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return str(caught.value.response["Error"]["Code"])


@pytest.mark.parametrize("operation", ["get_service_quota", "get_aws_default_service_quota"])
def test_tells_a_quota(cloud: Cloud, operation: str) -> None:
    quota = getattr(cloud.client("service-quotas"), operation)(ServiceCode="iottwinmaker", QuotaCode="L-ADB4D9B9")["Quota"]
    assert (quota["Value"], quota["QuotaArn"]) == (
        50_000,
        "arn:aws:servicequotas:eu-central-1:123456789012:iottwinmaker/L-ADB4D9B9",
    )


def test_the_quota_that_it_tells_is_the_one_that_grafana_keeps(cloud: Cloud) -> None:
    quota = cloud.client("service-quotas").get_service_quota(ServiceCode="grafana", QuotaCode="L-2C2D5119")["Quota"]["Value"]
    grafana = cloud.client("grafana")
    wanted = {"accountAccessType": "CURRENT_ACCOUNT", "permissionType": "SERVICE_MANAGED", "authenticationProviders": ["SAML"]}
    for _unused in range(int(quota)):
        grafana.create_workspace(**wanted)
    with pytest.raises(ClientError) as caught:
        grafana.create_workspace(**wanted)
    assert code(caught) == "ServiceQuotaExceededException"


def test_a_quota_that_it_does_not_know_is_told(cloud: Cloud) -> None:
    with pytest.raises(ClientError) as caught:
        cloud.client("service-quotas").get_service_quota(ServiceCode="ec2", QuotaCode="L-12345678")
    assert code(caught) == "NoSuchResourceException"


def test_a_role_needs_leave_to_read_quotas(cloud: Cloud) -> None:
    arn = role(cloud, {"Effect": "Allow", "Action": "servicequotas:GetServiceQuota", "Resource": "arn:aws:servicequotas:*:*:grafana/*"})
    quotas = cloud.client("service-quotas", arn)
    assert quotas.get_service_quota(ServiceCode="grafana", QuotaCode="L-2C2D5119")["Quota"]["Value"] == 5
    with pytest.raises(ClientError) as caught:
        quotas.get_service_quota(ServiceCode="iottwinmaker", QuotaCode="L-ADB4D9B9")
    assert code(caught) == "AccessDeniedException"


def test_simulates_the_policies_of_a_role(cloud: Cloud) -> None:
    passed = {"StringEquals": {"iam:PassedToService": "grafana.amazonaws.com"}}
    arn = role(
        cloud,
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": PASS, "Condition": passed},
        {"Effect": "Deny", "Action": "iam:DeleteRole", "Resource": "*"},
    )

    def decide(service: str, resource: str) -> list[tuple[str, str]]:
        answer = cloud.client("iam").simulate_principal_policy(
            PolicySourceArn=arn,
            ActionNames=["iam:PassRole", "iam:DeleteRole"],
            ResourceArns=[resource],
            ContextEntries=[{"ContextKeyName": "iam:PassedToService", "ContextKeyValues": [service], "ContextKeyType": "string"}],
        )
        return [(result["EvalActionName"], result["EvalDecision"]) for result in answer["EvaluationResults"]]

    own = PASS.replace("*", "role")
    assert decide("grafana.amazonaws.com", own) == [("iam:PassRole", "allowed"), ("iam:DeleteRole", "explicitDeny")]
    assert decide("lambda.amazonaws.com", own) == [("iam:PassRole", "implicitDeny"), ("iam:DeleteRole", "explicitDeny")]
    assert decide("grafana.amazonaws.com", own.replace("plant", "other"))[0] == ("iam:PassRole", "implicitDeny")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"PolicySourceArn": "arn:aws:iam::123456789012:role/nobody"}, "NoSuchEntity"),
        ({"PolicySourceArn": "arn:aws:iam::123456789012:user/jane"}, "NotImplemented"),
        ({"PolicySourceArn": "arn:aws:iam::123456789012:role/deployer", "PolicyInputList": ["{}"]}, "NotImplemented"),
    ],
)
def test_refuses_to_simulate(cloud: Cloud, arguments: dict[str, t.Any], expected: str) -> None:
    role(cloud)
    with pytest.raises(ClientError) as caught:
        cloud.client("iam").simulate_principal_policy(ActionNames=["s3:GetObject"], **arguments)
    assert code(caught) == expected


def test_the_rest_of_iam_is_as_it_was(cloud: Cloud) -> None:
    arn = role(cloud)
    assert cloud.client("iam").get_role(RoleName="deployer")["Role"]["Arn"] == arn
    with pytest.raises(ClientError) as caught:
        cloud.client("iam").get_organizations_access_report(JobId="x" * 36)
    assert code(caught) == "NotImplemented"


def test_a_new_account_is_refused_by_timestream_and_by_nothing_else(settings: Settings) -> None:
    cloud = build(dataclasses.replace(settings, knobs=Knobs(new_account=1)))
    try:
        for service, operation in (("timestream-write", "list_databases"), ("timestream-query", "describe_endpoints")):
            with pytest.raises(ClientError) as caught:
                getattr(cloud.client(service), operation)()
            assert code(caught) == "AccessDeniedException"
        assert cloud.client("grafana").list_workspaces()["workspaces"] == []
    finally:
        cloud.stop()
