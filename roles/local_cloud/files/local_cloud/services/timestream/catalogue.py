# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The databases and tables of Timestream, and what both of its APIs share."""

from __future__ import annotations

import base64
import typing as t

from local_cloud.errors import ApiError
from local_cloud.service import Answer, Parameters, Request, Service
from local_cloud.store import Record, Store

DATABASE = "timestream-database"
TABLE = "timestream-table"
MOST_TAGS = 200
MOST_LISTED = 20


def database_arn_tail(database: str) -> str:
    return f"database/{database}"


def table_arn_tail(database: str, table: str) -> str:
    return f"database/{database}/table/{table}"


def table_key(database: str, table: str) -> str:
    return f"{database}/{table}"


def find_database(store: Store, name: str) -> Record:
    """Raises ResourceNotFoundException."""
    record = store.get(DATABASE, name)
    if record is None:
        raise ApiError("ResourceNotFoundException", f"The database {name} does not exist.")
    return record


def find_table(store: Store, database: str, name: str) -> Record:
    """Raises ResourceNotFoundException, for the database first."""
    record = store.get(TABLE, table_key(database, name))
    if record is None:
        find_database(store, database)
        raise ApiError("ResourceNotFoundException", f"The table {name} does not exist.")
    return record


def page(found: list[tuple[str, Record]], limit: int) -> tuple[list[Record], str | None]:
    """Of ``limit + 1`` or fewer records in key order: those to show, and the token of the next page."""
    if len(found) <= limit:
        return [record for _unused, record in found], None
    return [record for _unused, record in found[:limit]], base64.urlsafe_b64encode(found[limit - 1][0].encode()).decode()


def after(token: str | None) -> str:
    """The key that a token of ``page`` stands for."""
    try:
        return base64.urlsafe_b64decode(token or "").decode()
    except ValueError:  # not base64, or not text
        raise ApiError("ValidationException", "The pagination token is invalid.") from None


class Shared(Service):
    """The operations that timestream-write and timestream-query both have."""

    def admit(self, request: Request) -> None:
        """Timestream for LiveAnalytics takes no new customers since 2025-06-20."""
        if self.cloud.settings.knobs.new_account:
            raise ApiError("AccessDeniedException", "Only existing Timestream for LiveAnalytics customers can access the service.")

    def describe_endpoints(self, request: Request) -> Answer:
        """One address: the one that the client has already reached.

        It starts with its scheme, as clients put https before an address without one.
        """
        self.cloud.authorize(request, "timestream:DescribeEndpoints", "*")
        address = f"http://{request.host}" if request.host else self.cloud.settings.endpoint
        return {"Endpoints": [{"Address": address, "CachePeriodInMinutes": 1440}]}

    def tag_resource(self, request: Request) -> Answer:
        self._authorize_tags(request)
        with self.cloud.store.transaction():
            kind, key, record = self._tagged(request)
            tags = {**record["Tags"], **{tag["Key"]: tag["Value"] for tag in request.parameters["Tags"]}}
            if len(tags) > MOST_TAGS:
                raise ApiError("ServiceQuotaExceededException", f"A resource can have {MOST_TAGS} tags at most.")
            self._put(kind, key, {**record, "Tags": tags})
        return {}

    def untag_resource(self, request: Request) -> Answer:
        self._authorize_tags(request)
        with self.cloud.store.transaction():
            kind, key, record = self._tagged(request)
            left = {name: value for name, value in record["Tags"].items() if name not in request.parameters["TagKeys"]}
            self._put(kind, key, {**record, "Tags": left})
        return {}

    def list_tags_for_resource(self, request: Request) -> Answer:
        self._authorize_tags(request)
        _unused, _unused, record = self._tagged(request)
        return {"Tags": [{"Key": name, "Value": value} for name, value in record["Tags"].items()]}

    def _authorize_tags(self, request: Request) -> None:
        self.cloud.authorize(request, f"timestream:{request.operation}", request.parameters["ResourceARN"])

    def _tagged(self, request: Request) -> tuple[str, str, Record]:
        """(kind, key, record) of the database or table that a request's ResourceARN names."""
        arn: str = request.parameters["ResourceARN"]
        parts = arn.removeprefix(self.cloud.arn("timestream", "")).split("/")
        match parts:
            case ["database", database]:
                return DATABASE, database, find_database(self.cloud.store, database)
            case ["database", database, "table", table]:
                return TABLE, table_key(database, table), find_table(self.cloud.store, database, table)
        raise ApiError("ResourceNotFoundException", f"The resource {arn} does not exist.")

    def _put(self, kind: str, key: str, record: Record) -> None:
        self.cloud.store.put(kind, key, record, parent=key.partition("/")[0] if kind == TABLE else "")


def tags_of(parameters: Parameters) -> dict[str, t.Any]:
    return {tag["Key"]: tag["Value"] for tag in parameters.get("Tags", ())}
