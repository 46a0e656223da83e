# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reads: what AWS says about the account, all at once. Nothing is created.

Source of shapes and errors: botocore's service models. An error is an answer too, so no read raises.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import functools
import typing as t

try:
    from botocore import exceptions as boto
except ImportError:
    pass  # AnsibleAWSModule says so

from ansible_collections.energytwin.aws.plugins.module_utils._aws import AwsError, api_call, api_lookup, explain, in_parallel
from ansible_collections.energytwin.aws.plugins.module_utils._grafana import api as grafana
from ansible_collections.energytwin.aws.plugins.module_utils._iot import api as iot
from ansible_collections.energytwin.aws.plugins.module_utils._preflight.checks import NEW_STACKS_STORE, Needs, Reply
from ansible_collections.energytwin.aws.plugins.module_utils._preflight.judge import NEVER_MADE
from ansible_collections.energytwin.aws.plugins.module_utils._site.stack import DYNAMODB, TIMESTREAM, code_bucket
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import api as twinmaker

Answer = dict[str, t.Any]
Read = c.Callable[[], t.Any]

CONCURRENCY = 8
QUOTAS = {
    "quota_workspaces": ("iottwinmaker", "L-3BCB51AD"),
    "quota_entities": ("iottwinmaker", "L-ADB4D9B9"),
    "quota_grafana": ("grafana", "L-2C2D5119"),
}
LINKED_ROLE = "AWSServiceRoleForAmazonGrafana"
# Who gets which of the stack's roles; the ends of role names that CloudFormation makes of the stack's.
PASSED = {
    "grafana.amazonaws.com": "GrafanaServiceRole",
    "iot.amazonaws.com": "ErrorWriteRole",
    "iottwinmaker.amazonaws.com": "EnergyMonitorWorkspaceRole",
    "lambda.amazonaws.com": "EnergyReadLambdaRole",
}
STORE_CLIENTS = {DYNAMODB: "dynamodb", TIMESTREAM: "timestream-write"}
NO_SUCH_STACK = "does not exist"


def services(needs: Needs) -> dict[str, str]:
    """The clients that ``read`` takes, by service: the region of each."""
    names = ("cloudformation", "grafana", "iam", "iot", "iottwinmaker", "logs", "s3", "service-quotas", "sts")
    stores = [client for storage, client in STORE_CLIENTS.items() if needs.storage in ("", storage)]
    center = {"sso-admin": needs.identity_center_region} if needs.authentication == "AWS_SSO" else {}
    return {**dict.fromkeys((*names, *stores), needs.region), **center}


def read(clients: c.Mapping[str, t.Any], needs: Needs) -> tuple[Needs, dict[str, Reply]]:
    """The needs with their store, and the replies to every question, by name; only ``identity`` if the credentials do not work."""
    first = {"identity": lambda: caller(clients["sts"]), "stack": lambda: stack(clients["cloudformation"], needs.stack_name)}
    replies = _all(first)
    there = (replies["stack"].value or {}).get("storage")
    needs = dataclasses.replace(needs, storage=needs.storage or there or NEW_STACKS_STORE)
    if not replies["identity"].ok:
        return needs, {"identity": replies["identity"]}
    return needs, {**replies, **_all(_reads(clients, needs, replies["identity"].value))}


def _all(calls: c.Mapping[str, Read]) -> dict[str, Reply]:
    return dict(zip(calls, in_parallel(reply, calls.values(), CONCURRENCY), strict=True))


def reply(call: Read) -> Reply:
    try:
        return Reply(True, call())
    except AwsError as error:
        return Reply(False, code=error.code, text=error.sentence())
    except (boto.BotoCoreError, boto.ClientError) as error:
        return Reply(False, text=explain(error))


def _reads(clients: c.Mapping[str, t.Any], needs: Needs, identity: Answer) -> dict[str, Read]:
    names = needs.names
    reads: dict[str, Read] = {
        "workspaces": lambda: [found["workspaceId"] for found in twinmaker.list_workspaces(clients["iottwinmaker"])],
        "grafana_workspaces": lambda: [found.get("name") or found["id"] for found in grafana.list_workspaces(clients["grafana"])],
        "rule": lambda: names["RuleName"] if iot.get_topic_rule(clients["iot"], names["RuleName"]) else None,
        "log_group": lambda: log_group(clients["logs"], f"/energytwin/{needs.stack_name}/reader"),
        "bucket": lambda: bucket(clients["s3"], code_bucket(needs.stack_name, identity["Account"], needs.region)),
        "grafana_role": lambda: linked_role(clients["iam"], LINKED_ROLE),
        "permissions": lambda: refused_actions(clients["iam"], identity, needs.stack_name),
    }
    for name, (service, code) in QUOTAS.items():
        reads[name] = functools.partial(quota, clients["service-quotas"], service, code)
    if needs.storage == TIMESTREAM:
        reads["timestream"] = lambda: databases(clients["timestream-write"])
        reads["database"] = lambda: database(clients["timestream-write"], names["DatabaseName"])
    else:
        reads["table"] = lambda: table(clients["dynamodb"], names["TableName"])
    if needs.authentication == "AWS_SSO":
        reads["identity_center"] = lambda: grafana.list_instances(clients["sso-admin"])
    return reads


@api_call("find out whose credentials these are")
def caller(client: t.Any) -> Answer:
    return t.cast(Answer, client.get_caller_identity())


@api_call("read stack '{name}'")
def _stacks(client: t.Any, name: str) -> list[Answer]:
    return t.cast("list[Answer]", client.describe_stacks(StackName=name)["Stacks"])


def stack(client: t.Any, name: str) -> dict[str, str] | None:
    """The stack's status and its storage; one with a topic and no choice of stores was made with the original template.

    CloudFormation says ValidationError for a stack that is not there, and for a name that is none.
    """
    try:
        found = _stacks(client, name)[0]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
        given = {parameter["ParameterKey"]: parameter.get("ParameterValue", "") for parameter in found.get("Parameters", [])}
        original = "DataTopic" in given and found["StackStatus"] not in NEVER_MADE
        return {
            "status": found["StackStatus"],
            "storage": outputs.get("Storage") or given.get("Storage") or (TIMESTREAM if original else ""),
        }
    except AwsError as error:
        if NO_SUCH_STACK in error.text:
            return None
        raise


@api_call("list the log groups")
def log_group(client: t.Any, name: str) -> str | None:
    groups = client.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return name if name in {group["logGroupName"] for group in groups} else None


@api_lookup("look for bucket '{name}'", missing="404")
def bucket(client: t.Any, name: str) -> str:
    client.head_bucket(Bucket=name)
    return name


@api_lookup("read role '{name}'", missing="NoSuchEntity")
def linked_role(client: t.Any, name: str) -> str:
    return str(client.get_role(RoleName=name)["Role"]["Arn"])


@api_call("list the Timestream databases")
def databases(client: t.Any) -> int:
    """How many of them fit on a page: that Timestream answers is what counts."""
    return len(client.list_databases()["Databases"])


@api_lookup("read Timestream database '{name}'")
def database(client: t.Any, name: str) -> str:
    return str(client.describe_database(DatabaseName=name)["Database"]["DatabaseName"])


@api_lookup("read DynamoDB table '{name}'")
def table(client: t.Any, name: str) -> str:
    return str(client.describe_table(TableName=name)["Table"]["TableName"])


@api_lookup("read quota {code} of {service}", missing="NoSuchResourceException")
def _applied_quota(client: t.Any, service: str, code: str) -> float:
    return float(client.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]["Value"])


@api_lookup("read the default of quota {code} of {service}", missing="NoSuchResourceException")
def _default_quota(client: t.Any, service: str, code: str) -> float:
    return float(client.get_aws_default_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]["Value"])


def quota(client: t.Any, service: str, code: str) -> float | None:
    """The applied value; of some quotas AWS tells only the default."""
    applied = _applied_quota(client, service, code)
    return _default_quota(client, service, code) if applied is None else applied


@api_call("read the role of these credentials")
def _role_arn(client: t.Any, name: str) -> str:
    return str(client.get_role(RoleName=name)["Role"]["Arn"])


@api_call("simulate what these credentials may do")
def _decision(client: t.Any, source: str, action: str, resource: str, context: dict[str, str]) -> str:
    answer = client.simulate_principal_policy(
        PolicySourceArn=source,
        ActionNames=[action],
        ResourceArns=[resource],
        ContextEntries=[{"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"} for key, value in context.items()],
    )
    return str(answer["EvaluationResults"][0]["EvalDecision"])


def refused_actions(client: t.Any, identity: Answer, stack_name: str) -> list[str]:
    """The services that roles may not be passed to, and ``iam:CreateServiceLinkedRole`` if that is refused.

    The root user cannot be simulated; what it may do is everything, as far as the account decides.
    """
    _arn, partition, _service, _region, account, principal = identity["Arn"].split(":", 5)
    if principal == "root":
        return []
    # The session's ARN does not tell the path of its role.
    source = _role_arn(client, principal.split("/")[1]) if principal.startswith("assumed-role/") else identity["Arn"]
    roles = f"arn:{partition}:iam::{account}:role"
    refused = [
        service
        for service, role in PASSED.items()
        if _decision(client, source, "iam:PassRole", f"{roles}/{stack_name}-{role}-PREFLIGHT", {"iam:PassedToService": service})
        != "allowed"
    ]
    linked = f"{roles}/aws-service-role/grafana.amazonaws.com/{LINKED_ROLE}"
    create, named = "iam:CreateServiceLinkedRole", {"iam:AWSServiceName": "grafana.amazonaws.com"}
    return refused if _decision(client, source, create, linked, named) == "allowed" else [*refused, create]
