# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SQL of the questions that the store is asked (pure).

Every text from outside passes ``literal`` or ``identifier``, every number ``number``, every time ``instant``.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses

from energy_reader import times
from energy_reader.paging import Place
from energy_reader.request import IDENTIFIERS, METER_ID, PANEL_ID, Request

DOUBLE = "measure_value::double"
BIGINT = "measure_value::bigint"


@dataclasses.dataclass(frozen=True)
class Table:
    """The table, and which of the columns that may hold a number it has: a column comes into being with the first value of its type."""

    database: str
    name: str
    columns: frozenset[str]

    @property
    def has_readings(self) -> bool:
        return {*IDENTIFIERS, "time", "measure_name"} <= self.columns and bool({DOUBLE, BIGINT} & self.columns)

    @property
    def value(self) -> str:
        """The measured number: some rules wrote whole numbers as integers."""
        whole = f"CAST({BIGINT} AS double)"
        if BIGINT not in self.columns:
            return DOUBLE
        return f"coalesce({DOUBLE}, {whole})" if DOUBLE in self.columns else whole


def literal(text: str) -> str:
    """A text as SQL takes it: the quote is the only character with a meaning in it."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def number(value: float) -> str:
    return f"CAST({literal(repr(float(value)))} AS double)"


def instant(moment: int) -> str:
    return f"from_iso8601_timestamp({literal(times.written(moment))})"


def columns(database: str, table: str) -> str:
    """Asks for the table's columns only: no row lies in the future."""
    return f"SELECT * FROM {_source(database, table)} WHERE time > now() LIMIT 1"


def readings(request: Request, table: Table, start: int, end: int, after: Place | None = None) -> str:
    """A page of the readings from start to end that come after the place, and one more, to see whether there is another page.

    Columns time, then panelId and meterId unless one meter is asked for, then the selected properties; a row per reading. The place has to
    lie within start and end.
    """
    values = {
        name: _value_of(name, table) for name in (*request.properties, *(condition.property for condition in request.measured_filters))
    }
    selected = ", ".join(f"{values[name]} AS p{index}" for index, name in enumerate(request.properties))
    having = [
        f"{values[condition.property]} {condition.operator} {number(float(condition.value))}" for condition in request.measured_filters
    ]
    if having:
        having.append("(" + " OR ".join(f"{values[name]} IS NOT NULL" for name in request.properties) + ")")
    direction = "DESC" if request.descending else "ASC"
    key = ["time"] if request.meter else ["time", PANEL_ID, METER_ID]
    return (
        f"SELECT {', '.join(key)}, {selected} FROM {_source(table.database, table.name)}"
        f" WHERE {' AND '.join(_where(request, values, start, end) + _from_place(request, after))}"
        f" GROUP BY {', '.join(key)}"
        + (f" HAVING {' AND '.join(having)}" if having else "")
        + f" ORDER BY {', '.join(f'{column} {direction}' for column in key)} LIMIT {request.page_size + 1}"
    )


def meters(table: Table, since: int) -> str:
    """Columns panelId and meterId of every meter with a reading since the moment."""
    return (
        f"SELECT {PANEL_ID}, {METER_ID} FROM {_source(table.database, table.name)} WHERE time >= {instant(since)}"
        f" GROUP BY {PANEL_ID}, {METER_ID}"
    )


def around(request: Request, table: Table, interval: int, first: int, last: int) -> str:
    """What is needed to interpolate at every whole interval from first to last, however many readings there are.

    Columns measure_name, panelId, meterId, and time and value of the first and of the last reading of each interval, and of all
    that lies before and after.
    """
    slot = (
        f"CASE WHEN time < {instant(first)} THEN {instant(0)} WHEN time > {instant(last)} THEN {instant(last + interval)}"
        f" ELSE bin(time, {interval // times.SECOND}s) END"
    )
    return (
        f"SELECT measure_name, {PANEL_ID}, {METER_ID}, min(time) AS t0, min_by(reading, time) AS v0, max(time) AS t1, max_by(reading, time) AS v1"
        f" FROM (SELECT time, measure_name, {PANEL_ID}, {METER_ID}, {table.value} AS reading, {slot} AS slot"
        f" FROM {_source(table.database, table.name)} WHERE {' AND '.join(_where(request, request.properties, request.start, request.end))})"
        f" GROUP BY measure_name, {PANEL_ID}, {METER_ID}, slot"
    )


def outermost(request: Request, table: Table, interval: int, start: int, end: int) -> str:
    """The values of each whole interval from start to end that stand out.

    Columns measure_name, panelId, meterId, then time and value of the first, the last, the lowest and the highest one.
    """
    return (
        f"SELECT measure_name, {PANEL_ID}, {METER_ID}, min(time) AS t0, min_by(reading, time) AS v0, max(time) AS t1, max_by(reading, time) AS v1,"
        " min_by(time, reading) AS t2, min(reading) AS v2, max_by(time, reading) AS t3, max(reading) AS v3"
        f" FROM (SELECT time, measure_name, {PANEL_ID}, {METER_ID}, {table.value} AS reading, bin(time, {interval // times.SECOND}s) AS slot"
        f" FROM {_source(table.database, table.name)} WHERE {' AND '.join(_where(request, request.properties, start, end))})"
        f" GROUP BY measure_name, {PANEL_ID}, {METER_ID}, slot"
    )


def _source(database: str, table: str) -> str:
    return f"{identifier(database)}.{identifier(table)}"


def _value_of(name: str, table: Table) -> str:
    return f"max(CASE WHEN measure_name = {literal(name)} THEN {table.value} END)"


def _where(request: Request, names: c.Iterable[str], start: int, end: int) -> list[str]:
    conditions = [
        f"time >= {instant(start)}",
        f"time <= {instant(end)}",
        f"measure_name IN ({', '.join(literal(name) for name in names)})",
    ]
    if request.meter:
        conditions += [f"{PANEL_ID} = {literal(request.meter.panel_id)}", f"{METER_ID} = {literal(request.meter.meter_id)}"]
    named = [condition for condition in request.filters if condition.property in IDENTIFIERS]
    return conditions + [f"{condition.property} {condition.operator} {literal(str(condition.value))}" for condition in named]


def _from_place(request: Request, after: Place | None) -> list[str]:
    if after is None:
        return []
    beyond = "<" if request.descending else ">"
    moment, panel, meter = instant(after.time), literal(after.panel_id), literal(after.meter_id)
    if request.meter:
        return [f"time {beyond} {moment}"]
    return [f"(time {beyond} {moment} OR {PANEL_ID} {beyond} {panel} OR ({PANEL_ID} = {panel} AND {METER_ID} {beyond} {meter}))"]
