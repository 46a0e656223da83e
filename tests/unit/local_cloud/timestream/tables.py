# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Timestream table under test, and readings to write to it."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass
class Table:
    """A table that takes readings of the last ten years, and clients for it. now: ms since the epoch when it was made."""

    write_client: t.Any
    query_client: t.Any
    database: str
    name: str
    now: int

    @property
    def sql(self) -> str:
        return f'"{self.database}"."{self.name}"'

    def write(self, *records: dict[str, t.Any], **common: t.Any) -> dict[str, t.Any]:
        arguments = {"CommonAttributes": common} if common else {}
        answer = self.write_client.write_records(DatabaseName=self.database, TableName=self.name, Records=list(records), **arguments)
        return t.cast(dict[str, t.Any], answer["RecordsIngested"])

    def query(self, sql: str, **arguments: t.Any) -> dict[str, t.Any]:
        """sql: with ``{}`` for the table."""
        return t.cast(dict[str, t.Any], self.query_client.query(QueryString=sql.replace("{}", self.sql), **arguments))

    def rows(self, sql: str) -> list[list[t.Any]]:
        """All rows, as text; NULL is None, an array a list."""
        return [[value(datum) for datum in row["Data"]] for row in self.query(sql)["Rows"]]


def value(datum: dict[str, t.Any]) -> t.Any:
    if "ArrayValue" in datum:
        return [value(part) for part in datum["ArrayValue"]]
    return datum.get("ScalarValue")


def reading(time: int, kw: float | str = 1.5, meter: str = "5", panel: str = "mech-rooftop", **members: t.Any) -> dict[str, t.Any]:
    """One measure of a meter; time: ms since the epoch."""
    dimensions = [{"Name": "panelId", "Value": panel}, {"Name": "meterId", "Value": meter}]
    return {"Dimensions": dimensions, "MeasureName": "kW", "MeasureValue": str(kw), "Time": str(time), **members}
