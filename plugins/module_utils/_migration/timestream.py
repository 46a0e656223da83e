# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Readings in Timestream for LiveAnalytics, as the topic rule writes them: a record for each value, named after its property.

Records with several values (multi-measure) are read as well, and so are whole numbers that an older rule stored as integers.
"""

from __future__ import annotations

import collections.abc as c
import itertools
import typing as t

try:
    from botocore import exceptions as boto
except ImportError:
    pass  # AnsibleAWSModule has already said so

from ansible_collections.energytwin.aws.plugins.module_utils._aws import api_call, api_lookup
from ansible_collections.energytwin.aws.plugins.module_utils._migration.readings import DAY, Gap, Meter, Reading, Values, number

RECORDS_AT_ONCE = 100
NUMBERS = ("DOUBLE", "BIGINT")
SINGLE = ("measure_value::double", "measure_value::bigint")
OWN = frozenset(("time", "measure_name", "panelId", "meterId", *SINGLE))
# Timestream's quota for names and values of a record's dimensions together.
DIMENSION_BYTES = 2048

Cells = list[str | None]
Record = dict[str, t.Any]


@api_lookup("find the Timestream table {database}.{table}")
def describe(client: t.Any, database: str, table: str) -> dict[str, t.Any] | None:
    return t.cast("dict[str, t.Any]", client.describe_table(DatabaseName=database, TableName=table)["Table"])


@api_call("read readings from Timestream")
def query(client: t.Any, statement: str, **more: str) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", client.query(QueryString=statement, **more))


@api_call("write readings to the Timestream table {database}.{table}")
def write(client: t.Any, database: str, table: str, common: Record, records: list[Record]) -> list[dict[str, t.Any]]:
    """What was refused: RecordIndex, Reason, and ExistingVersion where another value is there."""
    try:
        client.write_records(DatabaseName=database, TableName=table, CommonAttributes=common, Records=records)
    except boto.ClientError as error:
        if error.response.get("Error", {}).get("Code") != "RejectedRecordsException":
            raise
        return t.cast("list[dict[str, t.Any]]", error.response.get("RejectedRecords", []))
    return []


def literal(text: str) -> str:
    """A text as SQL takes it: the quote is the only character with a meaning in it."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def records_of(reading: Reading, names: c.Iterable[str]) -> list[Record]:
    """As the topic rule writes them. repr() is the shortest text that is read as the same double."""
    return [{"MeasureName": name, "MeasureValue": repr(reading.values[name]), "Time": str(reading.time)} for name in names]


def common_attributes(meter: Meter) -> Record:
    dimensions = [{"Name": name, "Value": value} for name, value in zip(("panelId", "meterId"), meter, strict=True)]
    return {"Dimensions": dimensions, "MeasureValueType": "DOUBLE", "TimeUnit": "MILLISECONDS"}


def grouped(rows: c.Iterable[Cells], columns: c.Sequence[str]) -> c.Iterator[Reading]:
    """Readings from rows of time, measure name, value, and the multi-measure columns, ordered by time.

    Of two values in the same millisecond the later one counts: the twin's time is no finer.
    """
    for time, same in itertools.groupby(rows, key=lambda row: int(row[0] or 0)):
        values: Values = {}
        for _time, name, value, *several in same:
            for measured, text in ((name or "", value), *zip(columns, several, strict=True)):
                found = None if text is None else number(text)
                if found is not None:
                    values[measured] = found
        if values:
            yield Reading(time, values)


def fault(meter: Meter) -> str | None:
    """Why a table cannot hold a meter's readings."""
    if not all(meter):
        return "has no panel or no meter, and a dimension of Timestream cannot be empty"
    if len("".join(("panelId", "meterId", *meter)).encode()) > DIMENSION_BYTES:
        return f"has longer names of panel and meter than the {DIMENSION_BYTES} bytes that Timestream takes"
    return None


class Timestream:
    """writer, reader: boto3 clients ``timestream-write`` and ``timestream-query``."""

    def __init__(self, writer: t.Any, reader: t.Any, database: str, table: str, identity: str) -> None:
        self.name = f"the Timestream table {database}.{table}"
        self.identity = identity
        self._writer = writer
        self._reader = reader
        self._database = database
        self._table = table
        self._source = f"{identifier(database)}.{identifier(table)}"
        self._numbers: dict[str, str] = {}
        self._days: dict[Meter, list[int]] | None = None

    def meters(self) -> list[Meter]:
        return sorted(self._listing())

    def days(self, meter: Meter, known: c.Container[int]) -> c.Iterator[int]:
        return iter(self._listing().get(meter, []))

    def readings(self, meter: Meter, start: int, end: int) -> c.Iterator[Reading]:
        columns = self._columns()
        if not columns:
            return iter(())
        several = [name for name in columns if name not in SINGLE]
        single = [name if name == SINGLE[0] else f"CAST({name} AS double)" for name in SINGLE if name in columns]
        value = f"coalesce({', '.join(single)})" if len(single) > 1 else "".join(single) or "CAST(NULL AS double)"
        selected = ["to_milliseconds(time)", "measure_name", value, *map(identifier, several)]
        statement = (
            f"SELECT {', '.join(selected)} FROM {self._source}"
            f" WHERE panelId = {literal(meter[0])} AND meterId = {literal(meter[1])}"
            f" AND time >= from_milliseconds({start}) AND time < from_milliseconds({end}) ORDER BY time ASC"
        )
        return grouped(self._rows(statement), several)

    def fault(self, meter: Meter, reading: Reading) -> str | None:
        return fault(meter)

    def write(self, meter: Meter, gaps: c.Sequence[Gap], settled: bool) -> list[str]:
        """A value that is there stands in a version; another value takes its place with a higher one."""
        common, reasons = common_attributes(meter), []
        records = [
            record
            for reading, there in gaps
            for record in records_of(
                reading, [name for name, value in reading.values.items() if there is None or there.values.get(name) != value]
            )
        ]
        for begin in range(0, len(records), RECORDS_AT_ONCE):
            some = records[begin : begin + RECORDS_AT_ONCE]
            refused = self._write(common, some)
            newer = [
                {**some[entry["RecordIndex"]], "Version": entry["ExistingVersion"] + 1} for entry in refused if "ExistingVersion" in entry
            ]
            reasons += [entry["Reason"] for entry in refused if "ExistingVersion" not in entry]
            if newer:
                reasons += [entry["Reason"] for entry in self._write(common, newer)]
        return reasons

    def _write(self, common: Record, records: list[Record]) -> list[dict[str, t.Any]]:
        return write(self._writer, self._database, self._table, common, records)

    def _listing(self) -> dict[Meter, list[int]]:
        """The days of each meter, asked for once."""
        if self._days is None:
            self._days = {}
            if self._columns():
                statement = (
                    f"SELECT DISTINCT panelId, meterId, to_milliseconds(bin(time, 1d)) AS day FROM {self._source}"
                    " WHERE panelId IS NOT NULL AND meterId IS NOT NULL ORDER BY day ASC"
                )
                for panel, meter, day in self._rows(statement):
                    self._days.setdefault((panel or "", meter or ""), []).append(int(day or 0) // DAY)
        return self._days

    def _columns(self) -> dict[str, str]:
        """The columns with numbers. A column comes into being with the first value of its type; an empty table has none."""
        if not self._numbers:
            # Asks for the table's columns only: no row lies in the future.
            page = query(self._reader, f"SELECT * FROM {self._source} WHERE time > now() + 1d LIMIT 1")
            kinds = {column["Name"]: column["Type"].get("ScalarType", "") for column in page["ColumnInfo"]}
            if OWN - set(SINGLE) <= kinds.keys():
                self._numbers = {name: kind for name, kind in kinds.items() if kind in NUMBERS}
        return self._numbers

    def _rows(self, statement: str) -> c.Iterator[Cells]:
        more: dict[str, str] = {}
        while True:
            page = query(self._reader, statement, **more)
            for row in page["Rows"]:
                yield [cell.get("ScalarValue") for cell in row["Data"]]
            if not page.get("NextToken"):
                return
            more = {"NextToken": page["NextToken"]}
