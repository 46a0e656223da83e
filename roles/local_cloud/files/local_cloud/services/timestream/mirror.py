# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""DuckDB, in memory, as the query engine: a copy of the points in SQLite that is topped up before each query."""

from __future__ import annotations

import contextlib
import json
import pathlib
import sqlite3
import threading
import typing as t

import duckdb

from local_cloud.services.timestream.dialect import View
from local_cloud.services.timestream.points import Column, points_table, read_columns

DUCKDB_TYPES: t.Final = {"DOUBLE": "DOUBLE", "BIGINT": "BIGINT", "VARCHAR": "VARCHAR", "BOOLEAN": "BOOLEAN", "TIMESTAMP": "TIMESTAMP_NS"}
BATCH: t.Final = 100_000
MEMORY: t.Final = "1GB"

# A list of values crosses from SQLite to DuckDB as one text, which is several times faster than value by value.
# SQLite's own conversion of a REAL to text is not exact; 17 digits are.
_TO_TEXT: t.Final = {
    "DOUBLE": "'[' || group_concat(iif({0} is null, 'NULL', format('%!.17g', {0}))) || ']'",
    "VARCHAR": "json_group_array({0})",
}
_ANY_TO_TEXT: t.Final = "'[' || group_concat(ifnull({0}, 'NULL')) || ']'"
_FROM_TEXT: t.Final = {
    "DOUBLE": "unnest(?::double[])",
    "BIGINT": "unnest(?::bigint[])",
    "VARCHAR": "unnest(cast(?::json as varchar[]))",
    "BOOLEAN": "unnest(?::bigint[])::boolean",
    "TIMESTAMP": "make_timestamp_ns(unnest(?::bigint[]))",
}


class _Copy:
    """How far one table has been copied."""

    def __init__(self) -> None:
        self.columns: list[Column] = []
        self.series = 0
        self.points = 0
        self.retention = 0


class Mirror:
    """Views of Timestream tables in DuckDB. Nothing in it is worth keeping: it is filled anew when the cloud starts.

    A table is two DuckDB tables, points and series; the view over them has the columns that a query sees.
    """

    def __init__(self, database: pathlib.Path, spill: pathlib.Path) -> None:
        """database: the store's SQLite file. spill: a folder for what does not fit into memory."""
        self._path = database
        self._lock = threading.Lock()
        self._copies: dict[str, _Copy] = {}
        self._duckdb = duckdb.connect(config={"temp_directory": str(spill), "memory_limit": MEMORY})
        for setting in (
            "TimeZone = 'UTC'",
            "integer_division = true",
            "autoinstall_known_extensions = false",
            "autoload_known_extensions = false",
            "enable_external_access = false",
            "lock_configuration = true",
        ):
            self._duckdb.execute(f"set global {setting}")  # not for this connection only, but for those of the queries

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own, for one query."""
        return self._duckdb.cursor()

    def view(self, table_id: str, retention_days: int) -> View:
        """The view of a table, after everything that has been committed so far was copied."""
        with self._lock, contextlib.closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, isolation_level=None)) as db:
            db.execute("begin")
            copy = self._copies.get(table_id)
            if copy is None:
                copy = self._copies[table_id] = self._make(table_id)
            self._copy_columns(db, table_id, copy, retention_days)
            self._copy_series(db, table_id, copy)
            while self._copy_points(db, table_id, copy):
                pass
            texts = frozenset({"measure_name", *(column.name.lower() for column in copy.columns if column.type == "VARCHAR")})
        return View(_view(table_id), texts)

    def forget(self, keep: set[str]) -> None:
        """Drops the copies of all tables but those with these ids."""
        with self._lock:
            for table_id in self._copies.keys() - keep:
                del self._copies[table_id]
                for kind, name in (("view", _view(table_id)), ("table", _points(table_id)), ("table", _series(table_id))):
                    self._duckdb.execute(f"drop {kind} if exists {name}")

    def close(self) -> None:
        self._duckdb.close()

    def _make(self, table_id: str) -> _Copy:
        self._duckdb.execute(f"create table {_points(table_id)} (series integer, time timestamp_ns)")
        self._duckdb.execute(f"create table {_series(table_id)} (series integer, measure_name varchar)")
        return _Copy()

    def _copy_columns(self, db: sqlite3.Connection, table_id: str, copy: _Copy, retention_days: int) -> None:
        columns = read_columns(db, table_id)
        for column in columns[len(copy.columns) :]:
            table = _series(table_id) if column.kind == "DIMENSION" else _points(table_id)
            self._duckdb.execute(f"alter table {table} add column {column.field} {DUCKDB_TYPES[column.type]}")
        if (columns, retention_days) == (copy.columns, copy.retention) and columns:
            return
        dimensions = [f"s.{column.field} as {_quoted(column.name)}" for column in columns if column.kind == "DIMENSION"]
        measures = [f"p.{column.field} as {_quoted(column.name)}" for column in columns if column.kind == "MEASURE"]
        shown = ", ".join([*dimensions, "s.measure_name", "p.time", *measures])
        oldest = f"make_timestamp_ns(epoch_ns(get_current_timestamp()) - {retention_days * 86400 * 10**9})"
        self._duckdb.execute(
            f"create or replace view {_view(table_id)} as select {shown} from {_points(table_id)} p"
            f" join {_series(table_id)} s on p.series = s.series where p.time >= {oldest}"
        )
        copy.columns, copy.retention = columns, retention_days

    def _copy_series(self, db: sqlite3.Connection, table_id: str, copy: _Copy) -> None:
        sql = "select id, measure_name, dimensions from timestream_series where table_id = ? and id > ? order by id"
        fields = {column.name: column.field for column in copy.columns if column.kind == "DIMENSION"}
        for number, measure_name, text in db.execute(sql, (table_id, copy.series)).fetchall():
            values = {fields[name]: value for name, value in json.loads(text).items()}
            names = ", ".join(["series", "measure_name", *values])
            marks = ", ".join("?" * (len(values) + 2))
            self._duckdb.execute(f"insert into {_series(table_id)} ({names}) values ({marks})", [number, measure_name, *values.values()])
            copy.series = number

    def _copy_points(self, db: sqlite3.Connection, table_id: str, copy: _Copy) -> bool:
        """Copies one batch. Returns whether there was one."""
        measures = [column for column in copy.columns if column.kind == "MEASURE"]
        texts = [_ANY_TO_TEXT.format("series"), _ANY_TO_TEXT.format("time")]
        texts += [_TO_TEXT.get(column.type, _ANY_TO_TEXT).format(column.field) for column in measures]
        batch = f"select * from {points_table(table_id)} where id > ? order by id limit {BATCH}"
        found = db.execute(f"select count(*), max(id), max(version), {', '.join(texts)} from ({batch})", (copy.points,)).fetchone()
        count, last, version, *lists = found
        if not count:
            return False
        names = ", ".join(["series", "time", *(column.field for column in measures)])
        values = ", ".join(["unnest(?::integer[])", _FROM_TEXT["TIMESTAMP"], *(_FROM_TEXT[column.type] for column in measures)])
        self._duckdb.execute("begin")
        try:
            if version > 1:  # a row that replaces another one has a higher version than that one
                same = f"select {_FROM_TEXT['BIGINT']} as series, {_FROM_TEXT['TIMESTAMP']} as time"
                where = f"{_points(table_id)}.series = n.series and {_points(table_id)}.time = n.time"
                self._duckdb.execute(f"delete from {_points(table_id)} using ({same}) n where {where}", lists[:2])
            self._duckdb.execute(f"insert into {_points(table_id)} ({names}) select {values}", lists)
            self._duckdb.execute("commit")
        except BaseException:
            self._duckdb.execute("rollback")
            raise
        copy.points = last
        return bool(count == BATCH)


def _points(table_id: str) -> str:
    return f"points_{table_id}"


def _series(table_id: str) -> str:
    return f"series_{table_id}"


def _view(table_id: str) -> str:
    return f"view_{table_id}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
