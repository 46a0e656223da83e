# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from local_cloud.cloud import Cloud
from local_cloud.service import Request
from local_cloud.services.timestream import TimestreamQuery
from tests.unit.local_cloud.clients import make_role, refused
from tests.unit.local_cloud.timestream.tables import Table, reading


def test_a_database_is_described_as_it_was_created(cloud: Cloud) -> None:
    write = cloud.client("timestream-write")
    created = write.create_database(DatabaseName="first_db", Tags=[{"Key": "site", "Value": "plant"}])["Database"]
    assert created["Arn"] == "arn:aws:timestream:eu-central-1:123456789012:database/first_db"
    assert write.describe_database(DatabaseName="first_db")["Database"] == created
    assert created["TableCount"] == 0
    assert write.list_tags_for_resource(ResourceARN=created["Arn"])["Tags"] == [{"Key": "site", "Value": "plant"}]


def test_a_table_has_the_documented_defaults(cloud: Cloud, table: Table) -> None:
    write = cloud.client("timestream-write")
    created = write.create_table(DatabaseName=table.database, TableName="plain")["Table"]
    assert created["RetentionProperties"] == {"MemoryStoreRetentionPeriodInHours": 6, "MagneticStoreRetentionPeriodInDays": 73000}
    assert created["MagneticStoreWriteProperties"] == {"EnableMagneticStoreWrites": False}
    assert created["TableStatus"] == "ACTIVE"
    assert write.describe_database(DatabaseName=table.database)["Database"]["TableCount"] == 2


def test_what_exists_is_not_created_again(cloud: Cloud, table: Table) -> None:
    table.write(reading(table.now))
    write = cloud.client("timestream-write")
    with refused("ConflictException", table.database):
        write.create_database(DatabaseName=table.database)
    with refused("ConflictException", "energy"):
        write.create_table(DatabaseName=table.database, TableName="energy")
    assert table.rows("select count(*) from {}") == [["1"]]


@pytest.mark.parametrize("name", ["ab", "x" * 257, "a b"])
def test_illegal_names_are_refused(cloud: Cloud, name: str) -> None:
    with refused("ValidationException", status=400):
        cloud.client("timestream-write").create_database(DatabaseName=name)


def test_what_is_missing_is_named(cloud: Cloud, table: Table) -> None:
    write = cloud.client("timestream-write")
    with refused("ResourceNotFoundException", "nowhere"):
        write.describe_database(DatabaseName="nowhere")
    with refused("ResourceNotFoundException", "The table nothing does not exist."):
        write.describe_table(DatabaseName=table.database, TableName="nothing")
    with refused("ResourceNotFoundException", "The database nowhere does not exist."):
        write.create_table(DatabaseName="nowhere", TableName="energy")


def test_retention_is_updated_and_limited(cloud: Cloud, table: Table) -> None:
    write = cloud.client("timestream-write")
    wanted = {"MemoryStoreRetentionPeriodInHours": 24, "MagneticStoreRetentionPeriodInDays": 7}
    write.update_table(DatabaseName=table.database, TableName="energy", RetentionProperties=wanted)
    described = write.describe_table(DatabaseName=table.database, TableName="energy")["Table"]
    assert described["RetentionProperties"] == wanted
    assert described["MagneticStoreWriteProperties"] == {"EnableMagneticStoreWrites": True}
    too_long = {"MemoryStoreRetentionPeriodInHours": 8767, "MagneticStoreRetentionPeriodInDays": 7}
    with refused("ValidationException"):
        write.update_table(DatabaseName=table.database, TableName="energy", RetentionProperties=too_long)


def test_the_partition_key_stays(cloud: Cloud, table: Table) -> None:
    write = cloud.client("timestream-write")
    key = {"Type": "DIMENSION", "Name": "panelId", "EnforcementInRecord": "REQUIRED"}
    write.create_table(DatabaseName=table.database, TableName="keyed", Schema={"CompositePartitionKey": [key]})
    optional = {"CompositePartitionKey": [{**key, "EnforcementInRecord": "OPTIONAL"}]}
    assert write.update_table(DatabaseName=table.database, TableName="keyed", Schema=optional)["Table"]["Schema"] == optional
    with refused("ValidationException", "partition key"):
        other = {"CompositePartitionKey": [{**key, "Name": "meterId"}]}
        write.update_table(DatabaseName=table.database, TableName="keyed", Schema=other)


def test_a_database_with_tables_stays_until_they_are_deleted(cloud: Cloud, table: Table) -> None:
    write = cloud.client("timestream-write")
    with refused("ValidationException", "has tables"):
        write.delete_database(DatabaseName=table.database)
    write.delete_table(DatabaseName=table.database, TableName="energy")
    write.delete_database(DatabaseName=table.database)
    with refused("ResourceNotFoundException"):
        write.describe_database(DatabaseName=table.database)


def test_lists_come_in_pages(cloud: Cloud, table: Table) -> None:
    write = cloud.client("timestream-write")
    for name in ("a_1", "a_2", "a_3", "a_4"):
        write.create_table(DatabaseName=table.database, TableName=name)
    first = write.list_tables(DatabaseName=table.database, MaxResults=2)
    second = write.list_tables(DatabaseName=table.database, MaxResults=2, NextToken=first["NextToken"])
    third = write.list_tables(DatabaseName=table.database, MaxResults=2, NextToken=second["NextToken"])
    assert [found["TableName"] for page in (first, second, third) for found in page["Tables"]] == ["a_1", "a_2", "a_3", "a_4", "energy"]
    assert "NextToken" not in third
    with refused("ValidationException", "token"):
        write.list_tables(DatabaseName=table.database, NextToken="ä")


def test_tags_change(cloud: Cloud, table: Table) -> None:
    write = cloud.client("timestream-write")
    arn = write.describe_table(DatabaseName=table.database, TableName="energy")["Table"]["Arn"]
    write.tag_resource(ResourceARN=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    write.tag_resource(ResourceARN=arn, Tags=[{"Key": "a", "Value": "3"}])
    write.untag_resource(ResourceARN=arn, TagKeys=["b"])
    assert write.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "3"}]
    with refused("ResourceNotFoundException"):
        write.tag_resource(ResourceARN=f"{arn}x", Tags=[])


def test_clients_are_told_to_stay_where_they_are(cloud: Cloud) -> None:
    request = Request("timestream-query", "DescribeEndpoints", {}, host="localhost:5126")
    endpoint = cloud.service(TimestreamQuery).describe_endpoints(request)["Endpoints"][0]
    assert endpoint["Address"] == "http://localhost:5126"
    assert cloud.client("timestream-write").describe_endpoints()["Endpoints"][0]["Address"] == cloud.settings.endpoint


def test_a_role_may_do_what_its_policy_says_and_no_more(cloud: Cloud, table: Table) -> None:
    arn = cloud.arn("timestream", f"database/{table.database}/table/energy")
    own = {"Effect": "Allow", "Action": ["timestream:WriteRecords"], "Resource": arn}
    endpoints = {"Effect": "Allow", "Action": "timestream:DescribeEndpoints", "Resource": "*"}
    role = make_role(cloud.client("iam"), "writer", "iot", own, endpoints)
    write = cloud.client("timestream-write", role=role)
    write.describe_endpoints()
    write.write_records(DatabaseName=table.database, TableName="energy", Records=[reading(table.now)])
    with refused("AccessDeniedException", "timestream:DescribeTable", status=403):
        write.describe_table(DatabaseName=table.database, TableName="energy")
    cloud.client("timestream-write").create_table(DatabaseName=table.database, TableName="other")
    with refused("AccessDeniedException", "timestream:WriteRecords"):
        write.write_records(DatabaseName=table.database, TableName="other", Records=[reading(table.now)])
    with refused("AccessDeniedException", "timestream:Select"):
        cloud.client("timestream-query", role=role).query(QueryString=f"select * from {table.sql}")
