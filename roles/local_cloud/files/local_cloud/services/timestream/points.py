# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The points of Timestream's tables in SQLite: the store of record.

A table's points lie in an SQLite table of its own, ``timestream_points_<id>``, one row per series and time, and one
SQLite column ``c<number>`` per measure column. A row's ``id`` only grows: a row that a higher version replaces gets a
new one, so that "all rows above id n" is what a mirror has to read.
"""

from __future__ import annotations

import dataclasses
import json
import sqlite3

from local_cloud.services.timestream.records import Point, Rejected, Value
from local_cloud.store import Store

MOST_COLUMNS = 1024 + 128
MOST_CACHED_SERIES = 100_000

_SCHEMA = (
    """create table if not exists timestream_columns (
      table_id text not null, number integer not null, name text not null collate nocase, kind text not null, type text not null,
      primary key (table_id, number), unique (table_id, name)
    ) without rowid""",
    """create table if not exists timestream_series (
      id integer primary key autoincrement, table_id text not null, measure_name text not null, kind text not null,
      dimensions text not null, unique (table_id, measure_name, dimensions)
    )""",
)


@dataclasses.dataclass(frozen=True)
class Column:
    """A column that writes have made. kind: DIMENSION or MEASURE; type: DOUBLE, VARCHAR, ..."""

    number: int
    name: str
    kind: str
    type: str

    @property
    def field(self) -> str:
        return f"c{self.number}"


def points_table(table_id: str) -> str:
    return f"timestream_points_{table_id}"


def read_columns(db: sqlite3.Connection, table_id: str) -> list[Column]:
    rows = db.execute("select number, name, kind, type from timestream_columns where table_id = ? order by number", (table_id,))
    return [Column(*row) for row in rows]


class Points:
    """Writes points. What it caches is read again after any error, as a transaction may have been rolled back."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._columns: dict[str, dict[str, Column]] = {}
        self._series: dict[tuple[str, str, str], tuple[int, str]] = {}
        with store.transaction() as db:
            for statement in _SCHEMA:
                db.execute(statement)

    def create(self, table_id: str) -> None:
        with self._store.transaction() as db:
            db.execute(
                f"create table {points_table(table_id)} (id integer primary key autoincrement, series integer not null,"
                " time integer not null, version integer not null, unique (series, time))"
            )

    def drop(self, table_id: str) -> None:
        with self._store.transaction() as db:
            self._forget()
            db.execute(f"drop table {points_table(table_id)}")
            db.execute("delete from timestream_series where table_id = ?", (table_id,))
            db.execute("delete from timestream_columns where table_id = ?", (table_id,))

    def write(self, table_id: str, points: list[Point | Rejected]) -> list[Rejected | None]:
        """Stores what it can, in one transaction, in order. Returns for each point why it was rejected, or None."""
        try:
            with self._store.transaction() as db:
                return [point if isinstance(point, Rejected) else self._write(db, table_id, point) for point in points]
        except BaseException:
            self._forget()
            raise

    def _write(self, db: sqlite3.Connection, table_id: str, point: Point) -> Rejected | None:
        try:
            values = {self._column(db, table_id, name, "MEASURE", type_).field: value for name, (type_, value) in point.values.items()}
            series = self._series_of(db, table_id, point)
            self._put(db, points_table(table_id), series, point, values)
        except Rejected as rejected:
            return rejected
        return None

    def _put(self, db: sqlite3.Connection, table: str, series: int, point: Point, values: dict[str, Value]) -> None:
        row = (series, point.time, point.version, *values.values())
        into = f"into {table} (series, time, version, {', '.join(values)}) values ({', '.join('?' * len(row))})"
        if db.execute(f"insert {into} on conflict do nothing", row).rowcount:
            return
        cursor = db.execute(f"select * from {table} where series = ? and time = ?", (series, point.time))
        existing = dict(zip((column[0] for column in cursor.description), cursor.fetchone(), strict=True))
        version = existing["version"]
        same = values == {name: value for name, value in existing.items() if name[0] == "c" and value is not None}
        if point.version < version:
            raise Rejected(
                f"The record version {point.version} is lower than the existing version {version}. "
                "A higher version is required to update the measure value.",
                version,
            )
        if point.version == version and not same:
            raise Rejected(
                "A record already exists with the same time, dimensions, measure name, and record version. A higher record version "
                "must be specified in order to update the measure value. Specifying record version is supported by the latest SDKs.",
                version,
            )
        if point.version > version:
            db.execute(f"insert or replace {into}", row)

    def _column(self, db: sqlite3.Connection, table_id: str, name: str, kind: str, type_: str) -> Column:
        known = self._columns.get(table_id)
        if known is None:
            known = self._columns[table_id] = {column.name.lower(): column for column in read_columns(db, table_id)}
        column = known.get(name.lower())
        if column is None:
            if len(known) >= MOST_COLUMNS:
                raise Rejected(f"The table has {MOST_COLUMNS} columns already; {name} cannot be added.")
            column = Column(len(known) + 1, name, kind, type_)
            db.execute("insert into timestream_columns values (?, ?, ?, ?, ?)", (table_id, column.number, name, kind, type_))
            if kind == "MEASURE":
                db.execute(f"alter table {points_table(table_id)} add column {column.field}")
            known[name.lower()] = column
        if (column.name, column.kind, column.type) != (name, kind, type_):
            raise Rejected(
                f"The {kind.lower()} {name} of type {type_} does not fit the {column.kind.lower()} {column.name} of type {column.type}."
            )
        return column

    def _series_of(self, db: sqlite3.Connection, table_id: str, point: Point) -> int:
        dimensions = json.dumps(point.dimensions, sort_keys=True)
        key = (table_id, point.measure_name, dimensions)
        found = self._series.get(key) or self._find_series(db, key)
        if found is None:
            of_measure = "select kind from timestream_series where table_id = ? and measure_name = ? limit 1"
            known = db.execute(of_measure, key[:2]).fetchone()
            self._check_kind(point, known[0] if known else point.kind)
            for name in point.dimensions:
                self._column(db, table_id, name, "DIMENSION", "VARCHAR")
            insert = "insert into timestream_series (table_id, measure_name, dimensions, kind) values (?, ?, ?, ?)"
            number = db.execute(insert, (*key, point.kind)).lastrowid
            assert number is not None
            found = (number, point.kind)
        self._check_kind(point, found[1])
        if len(self._series) >= MOST_CACHED_SERIES:
            self._series.clear()
        self._series[key] = found
        return found[0]

    @staticmethod
    def _find_series(db: sqlite3.Connection, key: tuple[str, str, str]) -> tuple[int, str] | None:
        sql = "select id, kind from timestream_series where table_id = ? and measure_name = ? and dimensions = ?"
        found: tuple[int, str] | None = db.execute(sql, key).fetchone()
        return found

    @staticmethod
    def _check_kind(point: Point, kind: str) -> None:
        if point.kind != kind:
            raise Rejected(f"The measure {point.measure_name} has the data type {kind}; the record has {point.kind}.")

    def _forget(self) -> None:
        self._columns.clear()
        self._series.clear()
