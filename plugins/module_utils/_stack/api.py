# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One decorated function per call of CloudFormation, DynamoDB, Timestream and S3."""

from __future__ import annotations

import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._aws import AwsError, api_call, api_lookup

Answer = dict[str, t.Any]


def get_stack(client: t.Any, stack_name: str) -> Answer | None:
    """DescribeStacks of one stack; None if there is none."""
    try:
        return _describe_stack(client, stack_name)
    except AwsError as error:
        # The code is ValidationError, as for everything else that is wrong.
        if "does not exist" in error.text:
            return None
        raise


@api_call("look at stack '{stack_name}'")
def _describe_stack(client: t.Any, stack_name: str) -> Answer:
    return t.cast(Answer, client.describe_stacks(StackName=stack_name)["Stacks"][0])


@api_call("read the events of stack '{stack_name}'")
def stack_events(client: t.Any, stack_name: str) -> list[Answer]:
    """The latest events, newest first."""
    return t.cast("list[Answer]", client.describe_stack_events(StackName=stack_name)["StackEvents"])


@api_call("make a change set for stack '{stack_name}'")
def create_import(client: t.Any, stack_name: str, name: str, request: Answer) -> str:
    """CreateChangeSet of type IMPORT. Gives its id."""
    made = client.create_change_set(StackName=stack_name, ChangeSetName=name, ChangeSetType="IMPORT", **request)
    return str(made["Id"])


@api_call("look at the change set of stack '{stack_name}'")
def get_change_set(client: t.Any, stack_name: str, change_set_id: str) -> Answer:
    return t.cast(Answer, client.describe_change_set(StackName=stack_name, ChangeSetName=change_set_id))


@api_call("delete an old change set of stack '{stack_name}'")
def delete_change_set(client: t.Any, stack_name: str, name: str) -> None:
    client.delete_change_set(StackName=stack_name, ChangeSetName=name)


@api_call("execute the change set of stack '{stack_name}'")
def execute_change_set(client: t.Any, stack_name: str, change_set_id: str) -> None:
    client.execute_change_set(StackName=stack_name, ChangeSetName=change_set_id)


@api_lookup("look at table '{name}'")
def get_dynamodb_table(client: t.Any, name: str) -> Answer | None:
    return t.cast(Answer, client.describe_table(TableName=name)["Table"])


@api_call("delete table '{name}'")
def delete_dynamodb_table(client: t.Any, name: str) -> None:
    client.delete_table(TableName=name)


def get_timestream_database(client: t.Any, name: str) -> Answer | None:
    return _of_timestream(_describe_database, client, name)


def get_timestream_table(client: t.Any, database: str, name: str) -> Answer | None:
    return _of_timestream(_describe_table, client, database, name)


def _of_timestream(lookup: t.Callable[..., Answer | None], *arguments: t.Any) -> Answer | None:
    """As ``lookup``; an account that Timestream is closed for has nothing there."""
    try:
        return lookup(*arguments)
    except AwsError as error:
        if "Only existing Timestream" in error.text:
            return None
        raise


@api_lookup("look at Timestream database '{name}'")
def _describe_database(client: t.Any, name: str) -> Answer | None:
    return t.cast(Answer, client.describe_database(DatabaseName=name)["Database"])


@api_lookup("look at Timestream table '{database}.{name}'")
def _describe_table(client: t.Any, database: str, name: str) -> Answer | None:
    return t.cast(Answer, client.describe_table(DatabaseName=database, TableName=name)["Table"])


@api_call("delete Timestream database '{name}'")
def delete_timestream_database(client: t.Any, name: str) -> None:
    client.delete_database(DatabaseName=name)


@api_call("delete Timestream table '{database}.{name}'")
def delete_timestream_table(client: t.Any, database: str, name: str) -> None:
    client.delete_table(DatabaseName=database, TableName=name)


@api_lookup("list the versions in bucket '{bucket}'", "NoSuchBucket")
def first_versions(client: t.Any, bucket: str) -> list[Answer] | None:
    """The first versions and delete markers of objects, 1,000 at most, as DeleteObjects takes them; None if there is no such bucket.

    What was stored before the bucket had versions has the version ``null``.
    """
    answer = client.list_object_versions(Bucket=bucket)
    found = [*answer.get("Versions", []), *answer.get("DeleteMarkers", [])]
    return [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]


@api_lookup("delete versions in bucket '{bucket}'", "NoSuchBucket")
def delete_versions(client: t.Any, bucket: str, versions: list[Answer]) -> list[Answer]:
    """Gives what AWS refused to delete: Key, VersionId, Code and Message each."""
    answer = client.delete_objects(Bucket=bucket, Delete={"Objects": versions, "Quiet": True})
    return t.cast("list[Answer]", answer.get("Errors", []))


@api_lookup("delete bucket '{bucket}'", "NoSuchBucket")
def delete_bucket(client: t.Any, bucket: str) -> None:
    """A bucket that is not there is none."""
    client.delete_bucket(Bucket=bucket)
