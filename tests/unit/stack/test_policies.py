# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every statement of the stack's policies is needed: without it, what it is for no longer works on the deployed stack."""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import itertools
import json
import typing as t

from botocore.exceptions import ClientError

from tests.unit.stack.deployed import STACK, Deployed, iso, until

Key = tuple[str, str]
Works = c.Callable[[Deployed, str], bool]

# Statements without which everything works on the local cloud, and why they are there.
EXPLAINED: dict[Key, str] = {
    ("RollupFunctionRole", "timestream:DescribeEndpoints"): "as of the reader",
    ("EnergyReadLambdaRole", "timestream:DescribeEndpoints"): "AWS's clients look for their endpoint first, unless they are given one",
}


@dataclasses.dataclass(frozen=True)
class Statement:
    """The statement of an inline policy; it is named by its role's logical id and its first action."""

    key: Key
    role: str
    policy: str
    document: dict[str, t.Any]
    index: int

    @contextlib.contextmanager
    def taken_away(self, deployed: Deployed) -> c.Iterator[None]:
        rest = [statement for number, statement in enumerate(self.document["Statement"]) if number != self.index]
        iam = deployed.client("iam")
        if rest:
            iam.put_role_policy(RoleName=self.role, PolicyName=self.policy, PolicyDocument=json.dumps({**self.document, "Statement": rest}))
        else:
            iam.delete_role_policy(RoleName=self.role, PolicyName=self.policy)
        try:
            yield
        finally:
            iam.put_role_policy(RoleName=self.role, PolicyName=self.policy, PolicyDocument=json.dumps(self.document))


def statements(deployed: Deployed) -> c.Iterator[Statement]:
    """Of every role that the stack has made, as IAM has them."""
    iam, stack = deployed.client("iam"), deployed.client("cloudformation").describe_stack_resources(StackName=STACK)
    for resource in stack["StackResources"]:
        if resource["ResourceType"] != "AWS::IAM::Role":
            continue
        role = resource["PhysicalResourceId"]
        for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
            for index, statement in enumerate(document["Statement"]):
                actions = statement["Action"]
                first = actions if isinstance(actions, str) else actions[0]
                yield Statement((resource["LogicalResourceId"], first), role, policy, document, index)


# ---- What each statement is for; the text is the ARN of its role.

_NUMBERS = itertools.count(1)


def _stores(deployed: Deployed, _role: str) -> bool:
    """A reading is stored; if not, it is in the error bucket."""
    moment, errors = deployed.now - 1000 * next(_NUMBERS), len(deployed.errors())
    deployed.publish(panelId="mdb", meterId="5", timestamp=moment, hz=50.0)
    stored = iso(moment)
    found = until(lambda: [t for t, _v in deployed.history("hz").get("hz", []) if t == stored] or len(deployed.errors()) > errors)
    return found is not True


def _keeps_errors(deployed: Deployed, _role: str) -> bool:
    def lost() -> int:
        counters = deployed.cloud.store.get("iot/rule-counters", deployed.outputs["RuleName"]) or {"lost": 0}
        return int(counters["lost"])

    errors, before = len(deployed.errors()), lost()
    deployed.publish(meterId="5", timestamp=deployed.now, kW=1)
    until(lambda: len(deployed.errors()) > errors or lost() > before)
    return lost() == before


def _keeps_refusals(deployed: Deployed, _role: str) -> bool:
    """A faulty reading is kept with its fault; what could not be kept is counted as lost."""
    rule = deployed.outputs["RuleName"].rpartition("_")[0] + "_RefusedReadings"

    def counted() -> dict[str, int]:
        return deployed.cloud.store.get("iot/rule-counters", rule) or {"succeeded": 0, "lost": 0}

    before = counted()
    deployed.publish(panelId="mdb", meterId="5", timestamp=deployed.now - 1000 * next(_NUMBERS), kW="a lot", hz=50.0)
    until(lambda: counted() != before and counted()["succeeded"] + counted()["lost"] > before["succeeded"] + before["lost"])
    return counted()["lost"] == before["lost"]


def _reads(deployed: Deployed, _role: str) -> bool:
    return _goes(lambda: deployed.history("kW"))


def _reads_totals(deployed: Deployed, _role: str) -> bool:
    return _goes(lambda: deployed.history("kWPeakDay"))


def _counts(deployed: Deployed, _role: str) -> bool:
    """A run of the function that keeps the totals."""
    answer = deployed.client("lambda").invoke(FunctionName=deployed.outputs["RollupFunctionName"], Payload=b"{}")
    return "FunctionError" not in answer


def _notes_late(deployed: Deployed, _role: str) -> bool:
    """A reading that comes late is noted; if not, the rule says so in the error bucket."""
    moment, errors = deployed.now - 7_200_000 - 3_600_000 * next(_NUMBERS), len(deployed.errors())
    entry = {"series": {"S": "late"}, "entry": {"S": f"mdb#5#{moment // 3_600_000 * 3_600_000}"}}
    deployed.publish(panelId="mdb", meterId="5", timestamp=moment, kW=1.0)
    dynamodb, table = deployed.client("dynamodb"), deployed.outputs["RollupsTableName"]
    return until(lambda: dynamodb.get_item(TableName=table, Key=entry).get("Item") or len(deployed.errors()) > errors) is not True


def _imports(deployed: Deployed, _role: str) -> bool:
    """A metadata transfer job with the workspace's role makes an entity."""
    name, bucket = f"policy-{next(_NUMBERS)}", deployed.outputs["BucketName"]
    key = f"energytwin/imports/{deployed.outputs['WorkspaceId']}/{name}.json"
    content = json.dumps({"entities": [{"entityId": name, "entityName": name}]})
    deployed.client("s3").put_object(Bucket=bucket, Key=key, Body=content)
    twinmaker = deployed.client("iottwinmaker")

    def run() -> None:
        job = twinmaker.create_metadata_transfer_job(
            sources=[{"type": "s3", "s3Configuration": {"location": f"arn:aws:s3:::{bucket}/{key}"}}],
            destination={"type": "iottwinmaker", "iotTwinMakerConfiguration": {"workspace": deployed.outputs["WorkspaceArn"]}},
        )["metadataTransferJobId"]
        twinmaker.get_metadata_transfer_job(metadataTransferJobId=job)
        twinmaker.get_entity(workspaceId=deployed.outputs["WorkspaceId"], entityId=name)

    return _goes(run)


def _may(service: str, operation: str, **arguments: str) -> Works:
    """The role itself may call it. An argument ``<Output>`` stands for an output of the stack."""

    def works(deployed: Deployed, role: str) -> bool:
        values = {name: deployed.outputs[text[1:-1]] if text.startswith("<") else text for name, text in arguments.items()}
        return _goes(lambda: getattr(deployed.client(service, role), operation)(**values))

    return works


def _goes(call: c.Callable[[], t.Any]) -> bool:
    try:
        call()
    except ClientError:
        return False
    return True


NEEDED: dict[Key, Works] = {
    ("TimestreamWriteRole", "timestream:WriteRecords"): _stores,
    ("TimestreamWriteRole", "timestream:DescribeEndpoints"): _stores,
    ("DynamoDBWriteRole", "dynamodb:PutItem"): _stores,
    ("ErrorWriteRole", "s3:PutObject"): _keeps_errors,
    ("RefusedReadingsRole", "s3:PutObject"): _keeps_refusals,
    ("EnergyReadLambdaRole", "timestream:Select"): _reads,
    ("EnergyReadLambdaRole", "dynamodb:Scan"): _reads,
    ("EnergyReadLambdaRole", "dynamodb:Query"): _reads_totals,
    ("EnergyReadLambdaRole", "logs:CreateLogStream"): _may(
        "logs", "create_log_stream", logGroupName=f"/energytwin/{STACK}/reader", logStreamName="policy"
    ),
    ("LateReadingsRole", "dynamodb:PutItem"): _notes_late,
    ("RollupFunctionRole", "timestream:Select"): _counts,
    ("RollupFunctionRole", "dynamodb:Scan"): _counts,
    ("RollupFunctionRole", "dynamodb:BatchWriteItem"): _counts,
    ("RollupFunctionRole", "s3:GetObject"): _may("s3", "get_object", Bucket="<BucketName>", Key="energytwin/summaries.json"),
    ("RollupFunctionRole", "logs:CreateLogStream"): _may(
        "logs", "create_log_stream", logGroupName=f"/energytwin/{STACK}/rollup", logStreamName="policy"
    ),
    ("RollupScheduleRole", "lambda:InvokeFunction"): _may("lambda", "invoke", FunctionName="<RollupFunctionName>"),
    ("EnergyMonitorWorkspaceRole", "s3:GetBucket*"): _may("s3", "get_bucket_location", Bucket="<BucketName>"),
    ("EnergyMonitorWorkspaceRole", "s3:AbortMultipartUpload"): _imports,
    ("EnergyMonitorWorkspaceRole", "s3:DeleteObject"): _may("s3", "delete_object", Bucket="<BucketName>", Key="DO_NOT_DELETE_WORKSPACE_x"),
    ("EnergyMonitorWorkspaceRole", "iottwinmaker:CreateEntity"): _may("iottwinmaker", "get_workspace", workspaceId="<WorkspaceId>"),
    ("EnergyMonitorWorkspaceRole", "lambda:InvokeFunction"): _reads,
    ("GrafanaServiceRole", "sts:AssumeRole"): _may("sts", "assume_role", RoleArn="<DashboardRoleArn>", RoleSessionName="policy"),
    ("DashboardRole", "s3:GetObject"): _may("s3", "get_object", Bucket="<BucketName>", Key="policy"),
    ("DashboardRole", "iottwinmaker:Get*"): _may("iottwinmaker", "get_workspace", workspaceId="<WorkspaceId>"),
    ("DashboardRole", "iottwinmaker:ListWorkspaces"): _may("iottwinmaker", "list_workspaces"),
}


def test_every_statement_is_needed(deployed: Deployed) -> None:
    deployed.client("s3").put_object(Bucket=deployed.outputs["BucketName"], Key="policy", Body=b"a model")
    deployed.client("s3").put_object(Bucket=deployed.outputs["BucketName"], Key="energytwin/summaries.json", Body=b'{"summaries": {}}')
    deployed.publish(panelId="mdb", meterId="5", timestamp=deployed.now, kW=1.0)
    until(lambda: deployed.history("kW"))
    found = list(statements(deployed))
    assert {statement.key for statement in found} <= NEEDED.keys() | EXPLAINED.keys()
    assert len({statement.key for statement in found}) == len(found)
    for statement in found:
        role = deployed.client("iam").get_role(RoleName=statement.role)["Role"]["Arn"]
        works = NEEDED.get(statement.key)
        if works is None:
            continue
        assert works(deployed, role), f"{statement.key} does not do what it is for"
        with statement.taken_away(deployed):
            assert not works(deployed, role), f"{statement.key} is not needed"
