# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""timestream-write: databases, tables and WriteRecords."""

from __future__ import annotations

import secrets
import typing as t

from local_cloud.cloud import Cloud
from local_cloud.errors import ApiError
from local_cloud.service import Answer, Request
from local_cloud.services.timestream.catalogue import (
    DATABASE,
    MOST_LISTED,
    TABLE,
    Shared,
    after,
    database_arn_tail,
    find_database,
    find_table,
    page,
    table_arn_tail,
    table_key,
    tags_of,
)
from local_cloud.services.timestream.points import Points
from local_cloud.services.timestream.records import Point, Rejected, Window, merge, parse
from local_cloud.store import Record

DEFAULT_RETENTION: t.Final = {"MemoryStoreRetentionPeriodInHours": 6, "MagneticStoreRetentionPeriodInDays": 73000}
DEFAULT_PARTITION_KEY: t.Final = {"CompositePartitionKey": [{"Type": "MEASURE"}]}
SHOWN_OF_DATABASE: t.Final = ("Arn", "DatabaseName", "KmsKeyId", "CreationTime", "LastUpdatedTime")
HIDDEN_OF_TABLE: t.Final = ("Tags", "Id")


class TimestreamWrite(Shared):
    models = ("timestream-write",)

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self._points = Points(cloud.store)

    # Databases

    def create_database(self, request: Request) -> Answer:
        name = request.parameters["DatabaseName"]
        arn = self._authorize_database(request, "CreateDatabase", name)
        _check_name("databaseName", name)
        now = self.cloud.now()
        record = {
            "Arn": arn,
            "DatabaseName": name,
            "KmsKeyId": request.parameters.get("KmsKeyId", self.cloud.arn("kms", "alias/aws/timestream")),
            "CreationTime": now,
            "LastUpdatedTime": now,
            "Tags": tags_of(request.parameters),
        }
        with self.cloud.store.transaction():
            if self.cloud.store.get(DATABASE, name) is not None:
                raise ApiError("ConflictException", f"The database {name} already exists.")
            self.cloud.store.put(DATABASE, name, record)
        return {"Database": self._database(record)}

    def describe_database(self, request: Request) -> Answer:
        name = request.parameters["DatabaseName"]
        self._authorize_database(request, "DescribeDatabase", name)
        return {"Database": self._database(find_database(self.cloud.store, name))}

    def update_database(self, request: Request) -> Answer:
        name = request.parameters["DatabaseName"]
        self._authorize_database(request, "UpdateDatabase", name)
        with self.cloud.store.transaction():
            record = find_database(self.cloud.store, name)
            record.update(KmsKeyId=request.parameters["KmsKeyId"], LastUpdatedTime=self.cloud.now())
            self.cloud.store.put(DATABASE, name, record)
        return {"Database": self._database(record)}

    def list_databases(self, request: Request) -> Answer:
        self.cloud.authorize(request, "timestream:ListDatabases", "*")
        limit = request.parameters.get("MaxResults", MOST_LISTED)
        found = self.cloud.store.list(DATABASE, after=after(request.parameters.get("NextToken")), limit=limit + 1)
        shown, token = page(found, limit)
        return {"Databases": [self._database(record) for record in shown], **({"NextToken": token} if token else {})}

    def delete_database(self, request: Request) -> Answer:
        name = request.parameters["DatabaseName"]
        self._authorize_database(request, "DeleteDatabase", name)
        with self.cloud.store.transaction():
            find_database(self.cloud.store, name)
            if self.cloud.store.list(TABLE, parent=name, limit=1):
                raise ApiError("ValidationException", f"The database {name} has tables; delete its tables first.")
            self.cloud.store.delete(DATABASE, name)
        return {}

    # Tables

    def create_table(self, request: Request) -> Answer:
        parameters = request.parameters
        database, name = parameters["DatabaseName"], parameters["TableName"]
        arn = self._authorize_table(request, "CreateTable")
        _check_name("tableName", name)
        now = self.cloud.now()
        record = {
            "Arn": arn,
            "TableName": name,
            "DatabaseName": database,
            "TableStatus": "ACTIVE",
            "RetentionProperties": parameters.get("RetentionProperties", DEFAULT_RETENTION),
            "MagneticStoreWriteProperties": parameters.get("MagneticStoreWriteProperties", {"EnableMagneticStoreWrites": False}),
            "Schema": parameters.get("Schema", DEFAULT_PARTITION_KEY),
            "CreationTime": now,
            "LastUpdatedTime": now,
            "Tags": tags_of(parameters),
            "Id": secrets.token_hex(8),
        }
        with self.cloud.store.transaction():
            find_database(self.cloud.store, database)
            if self.cloud.store.get(TABLE, table_key(database, name)) is not None:
                raise ApiError("ConflictException", f"The table {name} already exists.")
            self._put_table(record)
            self._points.create(record["Id"])
        return {"Table": _table(record)}

    def describe_table(self, request: Request) -> Answer:
        self._authorize_table(request, "DescribeTable")
        return {"Table": _table(self._find_table(request))}

    def update_table(self, request: Request) -> Answer:
        self._authorize_table(request, "UpdateTable")
        changes: Record = {
            key: request.parameters[key] for key in ("RetentionProperties", "MagneticStoreWriteProperties") if key in request.parameters
        }
        with self.cloud.store.transaction():
            record = self._find_table(request)
            if "Schema" in request.parameters:
                changes["Schema"] = _same_keys(record["Schema"], request.parameters["Schema"])
            record.update(changes, LastUpdatedTime=self.cloud.now())
            self._put_table(record)
        return {"Table": _table(record)}

    def list_tables(self, request: Request) -> Answer:
        database = request.parameters.get("DatabaseName")
        self.cloud.authorize(
            request, "timestream:ListTables", self.cloud.arn("timestream", f"{database_arn_tail(database)}/") if database else "*"
        )
        if database is not None:
            find_database(self.cloud.store, database)
        limit = request.parameters.get("MaxResults", MOST_LISTED)
        start = after(request.parameters.get("NextToken"))
        shown, token = page(self.cloud.store.list(TABLE, parent=database, after=start, limit=limit + 1), limit)
        return {"Tables": [_table(record) for record in shown], **({"NextToken": token} if token else {})}

    def delete_table(self, request: Request) -> Answer:
        self._authorize_table(request, "DeleteTable")
        with self.cloud.store.transaction():
            record = self._find_table(request)
            self.cloud.store.delete(TABLE, table_key(record["DatabaseName"], record["TableName"]))
            self._points.drop(record["Id"])
        return {}

    # Records

    def write_records(self, request: Request) -> Answer:
        self._authorize_table(request, "WriteRecords")
        common = request.parameters.get("CommonAttributes", {})
        table = self._find_table(request)
        magnetic_writes = table["MagneticStoreWriteProperties"]["EnableMagneticStoreWrites"]
        window = Window.of(table["RetentionProperties"], magnetic_writes, int(self.cloud.now() * 1e9))
        required = [key["Name"] for key in table["Schema"]["CompositePartitionKey"] if key.get("EnforcementInRecord") == "REQUIRED"]
        points = [_point(merge(common, record), window, required) for record in request.parameters["Records"]]
        with self.cloud.store.transaction():
            self._find_table(request, table["Id"])
            outcomes = self._points.write(table["Id"], points)
        rejected = [_rejection(index, outcome) for index, outcome in enumerate(outcomes) if outcome is not None]
        if rejected:
            message = "One or more records have been rejected. See RejectedRecords for details."
            raise ApiError("RejectedRecordsException", message, status=419, RejectedRecords=rejected)
        magnetic = sum(1 for point in points if isinstance(point, Point) and point.time < window.memory)
        return {"RecordsIngested": {"Total": len(points), "MemoryStore": len(points) - magnetic, "MagneticStore": magnetic}}

    # Shared steps

    def _authorize_database(self, request: Request, action: str, database: str) -> str:
        arn = self.cloud.arn("timestream", database_arn_tail(database))
        self.cloud.authorize(request, f"timestream:{action}", arn)
        return arn

    def _authorize_table(self, request: Request, action: str) -> str:
        tail = table_arn_tail(request.parameters["DatabaseName"], request.parameters["TableName"])
        arn = self.cloud.arn("timestream", tail)
        self.cloud.authorize(request, f"timestream:{action}", arn)
        return arn

    def _find_table(self, request: Request, table_id: str | None = None) -> Record:
        """The table that a request names; with ``table_id``, not another one that was made under its name since."""
        name = request.parameters["TableName"]
        record = find_table(self.cloud.store, request.parameters["DatabaseName"], name)
        if table_id not in (None, record["Id"]):
            raise ApiError("ResourceNotFoundException", f"The table {name} does not exist.")
        return record

    def _put_table(self, record: Record) -> None:
        self.cloud.store.put(TABLE, table_key(record["DatabaseName"], record["TableName"]), record, parent=record["DatabaseName"])

    def _database(self, record: Record) -> dict[str, t.Any]:
        tables = len(self.cloud.store.list(TABLE, parent=record["DatabaseName"]))
        return {**{key: record[key] for key in SHOWN_OF_DATABASE}, "TableCount": tables}


def _table(record: Record) -> dict[str, t.Any]:
    return {key: value for key, value in record.items() if key not in HIDDEN_OF_TABLE}


def _point(record: dict[str, t.Any], window: Window, required: list[str]) -> Point | Rejected:
    try:
        point = parse(record)
        window.check(point.time)
        for name in required:
            if name not in point.dimensions:
                raise Rejected(f"The record has no dimension {name}, which the table's partition key requires.")
    except Rejected as rejected:
        return rejected
    return point


def _rejection(index: int, rejected: Rejected) -> dict[str, t.Any]:
    version = {} if rejected.existing_version is None else {"ExistingVersion": rejected.existing_version}
    return {"RecordIndex": index, "Reason": rejected.reason, **version}


def _check_name(member: str, name: str) -> None:
    """Lengths of the API reference, which the service model does not hold."""
    if not 3 <= len(name) <= 256:
        raise ApiError("ValidationException", f"The {member} {name!r} must have 3 to 256 characters.")


def _same_keys(current: dict[str, t.Any], wanted: dict[str, t.Any]) -> dict[str, t.Any]:
    """The wanted schema, if it differs from the current one in the enforcement of its keys only."""
    keys = [[(key["Type"], key.get("Name")) for key in schema.get("CompositePartitionKey", ())] for schema in (current, wanted)]
    if keys[0] != keys[1]:
        raise ApiError("ValidationException", "The partition key of a table cannot be changed; only its enforcement can.")
    return wanted
