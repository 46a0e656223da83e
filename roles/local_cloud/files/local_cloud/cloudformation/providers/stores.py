# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Timestream databases and tables, DynamoDB tables, log groups."""

from __future__ import annotations

import dataclasses
import typing as t

from botocore.exceptions import ClientError

from local_cloud.cloudformation.providers.api import Api, Record, State, Tagging, coerce, input_shape
from local_cloud.cloudformation.providers.base import Clients, Identity, Properties, ResourceError, Tags, canonical
from local_cloud.cloudformation.providers.schemas import SCHEMAS

_TIMESTREAM_TAGGING = Tagging("ResourceARN", "Tags", "TagKeys", "list")


def timestream_database() -> Api:
    """The provider of AWS::Timestream::Database."""
    return Api(
        schema=SCHEMAS["AWS::Timestream::Database"],
        service="timestream-write",
        operations={"create": "create_database", "read": "describe_database", "update": "update_database", "delete": "delete_database"},
        keys={"DatabaseName": "DatabaseName"},
        wrap=("Database",),
        attributes_from={"Arn": ("Arn",)},
        arn=("Arn",),
        named=("DatabaseName", 256, "-"),
        tagging=_TIMESTREAM_TAGGING,
    )


def timestream_table() -> Api:
    """The provider of AWS::Timestream::Table; Ref gives database|table."""
    return Api(
        schema=SCHEMAS["AWS::Timestream::Table"],
        service="timestream-write",
        operations={"create": "create_table", "read": "describe_table", "update": "update_table", "delete": "delete_table"},
        keys={"DatabaseName": "DatabaseName", "TableName": "TableName"},
        wrap=("Table",),
        attributes_from={"Arn": ("Arn",), "Name": ("TableName",)},
        arn=("Arn",),
        named=("TableName", 256, "-"),
        tagging=_TIMESTREAM_TAGGING,
        state=State(("TableStatus",), (), ("DELETING", "RESTORING")),
    )


_TABLE_OWN_CALLS = ("PointInTimeRecoverySpecification", "TimeToLiveSpecification")


@dataclasses.dataclass
class DynamoTable(Api):
    """A DynamoDB table; time to live and point-in-time recovery have calls of their own."""

    def arguments(self, operation: t.Literal["create", "update"], properties: Properties) -> dict[str, t.Any]:
        plain = {key: value for key, value in properties.items() if key not in _TABLE_OWN_CALLS}
        if "StreamSpecification" in plain:
            plain["StreamSpecification"] = {**plain["StreamSpecification"], "StreamEnabled": True}
        if "SSESpecification" in plain:
            names = {"SSEEnabled": "Enabled", "KMSMasterKeyId": "KMSMasterKeyId", "SSEType": "SSEType"}
            plain["SSESpecification"] = {names.get(key, key): value for key, value in plain["SSESpecification"].items()}
        return super().arguments(operation, plain)

    def configure(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties, tags: Tags) -> None:
        self._own_calls(clients("dynamodb"), physical_id, {}, properties)

    def update(
        self, clients: Clients, identity: Identity, physical_id: str, old: Properties, new: Properties, old_tags: Tags, tags: Tags
    ) -> None:
        if canonical(old.get("GlobalSecondaryIndexes")) != canonical(new.get("GlobalSecondaryIndexes")):
            raise ResourceError("The local cloud does not implement changing GlobalSecondaryIndexes of AWS::DynamoDB::Table")
        super().update(clients, identity, physical_id, old, new, old_tags, tags)
        self._own_calls(clients("dynamodb"), physical_id, old, new)

    @staticmethod
    def _own_calls(dynamodb: t.Any, table: str, old: Properties, new: Properties) -> None:
        recovery = _own(old, new, "PointInTimeRecoverySpecification", "UpdateContinuousBackups", "PointInTimeRecoveryEnabled")
        if recovery is not None:
            dynamodb.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=recovery)
        expiry = _own(old, new, "TimeToLiveSpecification", "UpdateTimeToLive", "Enabled")
        if expiry is not None:
            # DynamoDB refuses to switch on what is on
            about = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
            there = about["TimeToLiveStatus"].startswith("ENABL"), about.get("AttributeName", expiry["AttributeName"])
            if there != (expiry["Enabled"], expiry["AttributeName"]):
                dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=expiry)


def _own(old: Properties, new: Properties, name: str, operation: str, switch: str) -> t.Any:
    """The argument of the call that carries a property over; None if it has not changed. What is left out is switched off."""
    before, after = old.get(name), new.get(name)
    if canonical(before) == canonical(after):
        return None
    wanted = after if after is not None else {**(before or {}), switch: False}
    return coerce(wanted, input_shape("dynamodb", operation).members[name], f"#/{name}")


def dynamodb_table() -> DynamoTable:
    """The provider of AWS::DynamoDB::Table."""
    return DynamoTable(
        schema=SCHEMAS["AWS::DynamoDB::Table"],
        service="dynamodb",
        operations={"create": "create_table", "read": "describe_table", "update": "update_table", "delete": "delete_table"},
        keys={"TableName": "TableName"},
        wrap=("Table",),
        attributes_from={"Arn": ("TableArn",), "StreamArn": ("LatestStreamArn",)},
        arn=("TableArn",),
        named=("TableName", 255, "-"),
        tagging=Tagging("ResourceArn", "Tags", "TagKeys", "list"),
        state=State(("TableStatus",), ("INACCESSIBLE_ENCRYPTION_CREDENTIALS",), ("CREATING", "UPDATING", "DELETING")),
    )


@dataclasses.dataclass
class LogGroup(Api):
    """A log group; how long it keeps events is set by a call of its own."""

    def arguments(self, operation: t.Literal["create", "update"], properties: Properties) -> dict[str, t.Any]:
        return super().arguments(operation, {key: value for key, value in properties.items() if key != "RetentionInDays"})

    def configure(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties, tags: Tags) -> None:
        self._retention(clients, physical_id, {}, properties)

    def update(
        self, clients: Clients, identity: Identity, physical_id: str, old: Properties, new: Properties, old_tags: Tags, tags: Tags
    ) -> None:
        for name in ("KmsKeyId", "LogGroupClass"):
            if old.get(name) != new.get(name):
                raise ResourceError(f"The local cloud does not implement changing {name} of AWS::Logs::LogGroup")
        self._retention(clients, physical_id, old, new)
        super().update(clients, identity, physical_id, old, new, old_tags, tags)

    def read(self, clients: Clients, physical_id: str) -> Record:
        pages = clients("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix=physical_id)
        for page in pages:
            for group in page["logGroups"]:
                if group["logGroupName"] == physical_id:
                    return {**group, "tagArn": group["arn"].removesuffix(":*")}
        error = {"Error": {"Code": "ResourceNotFoundException", "Message": "The specified log group does not exist."}}
        raise ClientError(t.cast("t.Any", error), "DescribeLogGroups")

    @staticmethod
    def _retention(clients: Clients, name: str, old: Properties, new: Properties) -> None:
        before, after = old.get("RetentionInDays"), new.get("RetentionInDays")
        if canonical(before) == canonical(after):
            return
        if after is None:
            clients("logs").delete_retention_policy(logGroupName=name)
        else:
            clients("logs").put_retention_policy(logGroupName=name, retentionInDays=int(after))


def log_group() -> LogGroup:
    """The provider of AWS::Logs::LogGroup."""
    return LogGroup(
        schema=SCHEMAS["AWS::Logs::LogGroup"],
        service="logs",
        operations={"create": "create_log_group", "read": "describe_log_groups", "delete": "delete_log_group"},
        keys={"logGroupName": "LogGroupName"},
        attributes_from={"Arn": ("arn",)},
        arn=("tagArn",),
        named=("LogGroupName", 512, "-"),
        tagging=Tagging("resourceArn", "tags", "tagKeys", "map"),
    )
