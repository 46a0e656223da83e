# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Timestream as the store of readings: asks one question at a time and gives its rows as they come."""

from __future__ import annotations

import collections.abc as c
import time
import typing as t

from botocore.exceptions import BotoCoreError, ClientError

from energy_reader import statement
from energy_reader.errors import ReaderError

Cells = list["str | None"]
# Seconds after which the table is looked at again: a column comes into being with the first value of its type.
COLUMNS_KEPT = 300.0


class Store:
    """One table. client: a boto3 client ``timestream-query``. clock: seconds that only grow."""

    def __init__(self, client: t.Any, database: str, table: str, clock: c.Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._database = database
        self._name = table
        self._table: statement.Table | None = None
        self._seen = 0.0

    def table(self) -> statement.Table:
        """The table with its columns. An empty table is looked at each time, a filled one now and then."""
        if self._table is None or not self._table.has_readings or self._clock() - self._seen > COLUMNS_KEPT:
            self._table = statement.Table(self._database, self._name, self._columns())
            self._seen = self._clock()
        return self._table

    def rows(self, sql: str) -> c.Iterator[Cells]:
        """The rows of a query, page after page; a cell without a value is None."""
        for page in self._pages(sql):
            for row in page["Rows"]:
                yield [cell.get("ScalarValue") for cell in row["Data"]]

    def _columns(self) -> frozenset[str]:
        page = next(self._pages(statement.columns(self._database, self._name)))
        return frozenset(column["Name"] for column in page["ColumnInfo"])

    def _pages(self, sql: str) -> c.Iterator[dict[str, t.Any]]:
        more: dict[str, str] = {}
        while True:
            try:
                page = self._client.query(QueryString=sql, **more)
            except ClientError as exception:
                error = exception.response.get("Error", {})
                raise ReaderError(
                    f"Timestream did not answer for table {self._database}.{self._name}: {error.get('Code')}: {error.get('Message')}"
                ) from exception
            except BotoCoreError as exception:
                raise ReaderError(f"Timestream cannot be reached for table {self._database}.{self._name}: {exception}") from exception
            yield page
            if not page.get("NextToken"):
                return
            more = {"NextToken": page["NextToken"]}
