# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows of DuckDB as rows of Timestream's Query. Pure.

All values arrive as text: DuckDB's own conversion is exact, while Python's datetime stops at microseconds.
"""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

_SCALARS: t.Final = {
    "VARCHAR": "VARCHAR",
    "BOOLEAN": "BOOLEAN",
    "TINYINT": "INTEGER",
    "SMALLINT": "INTEGER",
    "INTEGER": "INTEGER",
    "UINTEGER": "BIGINT",
    "BIGINT": "BIGINT",
    "UBIGINT": "BIGINT",
    "HUGEINT": "BIGINT",
    "FLOAT": "DOUBLE",
    "DOUBLE": "DOUBLE",
    "DATE": "DATE",
    "TIME": "TIME",
    "INTERVAL": "INTERVAL_DAY_TO_SECOND",
}


@dataclasses.dataclass(frozen=True)
class ColumnType:
    """A result column. scalar: Timestream's type of it, or of its elements if it is an array."""

    name: str
    scalar: str
    is_array: bool = False

    @staticmethod
    def of(name: str, kind: str) -> ColumnType:
        """kind: DuckDB's type."""
        element = kind.upper().removesuffix("[]")
        if element.startswith("TIMESTAMP"):
            scalar = "TIMESTAMP"
        elif element.startswith("DECIMAL"):
            scalar = "DOUBLE"
        else:
            scalar = _SCALARS.get(element.strip('"'), "UNKNOWN" if element.strip('"') == "NULL" else "VARCHAR")
        return ColumnType(name, scalar, kind.endswith("[]"))

    @property
    def cast(self) -> str:
        return "varchar[]" if self.is_array else "varchar"


def column_info(types: list[ColumnType]) -> list[dict[str, t.Any]]:
    return [_info(column) for column in types]


def row(values: tuple[t.Any, ...], types: list[ColumnType]) -> dict[str, t.Any]:
    return {"Data": [_datum(value, column) for value, column in zip(values, types, strict=True)]}


def _info(column: ColumnType) -> dict[str, t.Any]:
    scalar = {"ScalarType": column.scalar}
    return {"Name": column.name, "Type": {"ArrayColumnInfo": {"Type": scalar}} if column.is_array else scalar}


def _datum(value: t.Any, column: ColumnType) -> dict[str, t.Any]:
    if value is None:
        return {"NullValue": True}
    if column.is_array:
        element = dataclasses.replace(column, is_array=False)
        return {"ArrayValue": [_datum(part, element) for part in value]}
    return {"ScalarValue": _text(value, column.scalar)}


def _text(value: str, scalar: str) -> str:
    if scalar in ("TIMESTAMP", "TIME"):  # nine decimals, no zone
        head, _unused, fraction = value.partition("+")[0].partition(".")
        return f"{head}.{fraction:0<9}"
    if scalar == "INTERVAL_DAY_TO_SECOND":
        return _interval(value)
    return value


def _interval(value: str) -> str:
    """DuckDB's "1 day 02:00:00.5" as Timestream's "1 02:00:00.500000000"."""
    days, clock = 0, "00:00:00"
    words = value.split()
    for number, unit in itertools.pairwise(words):
        if unit.startswith("day"):
            days = int(number)
    if words and ":" in words[-1]:
        clock = words[-1]
    head, _unused, fraction = clock.partition(".")
    return f"{days} {head}.{fraction:0<9}"
