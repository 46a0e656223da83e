# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudWatch's metrics, which every service adds to: what happened in each minute, by namespace, name, dimensions and unit.

Source: "Metrics concepts" in CloudWatch's guide.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import json
import typing as t

from local_cloud.store import Store

MINUTE: t.Final = 60
KEPT: t.Final = 15 * 86_400  # seconds; AWS keeps data of a minute's resolution as long

_SCHEMA: t.Final = """
create table if not exists cloudwatch_points (
  namespace text not null, name text not null, dimensions text not null, moment integer not null, unit text not null,
  samples real not null, total real not null, least real not null, most real not null,
  primary key (namespace, name, dimensions, moment, unit)
) without rowid
"""
_ADD: t.Final = """
insert into cloudwatch_points values (?, ?, ?, ?, ?, ?, ?, ?, ?)
on conflict do update set
  samples = samples + excluded.samples, total = total + excluded.total,
  least = min(least, excluded.least), most = max(most, excluded.most)
"""

Dimensions = c.Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class Datum:
    """Samples of one metric: how many, their sum, the least and the greatest."""

    name: str
    dimensions: Dimensions
    unit: str
    samples: float
    total: float
    least: float
    most: float

    @classmethod
    def value(cls, name: str, value: float, unit: str = "None", **dimensions: str) -> Datum:
        """One sample."""
        return cls(name, dimensions, unit, 1, value, value, value)

    @classmethod
    def count(cls, name: str, number: int, **dimensions: str) -> Datum:
        """So many events, each counted as one."""
        return cls(name, dimensions, "Count", number, number, 1, 1)


@dataclasses.dataclass(frozen=True)
class Selection:
    """Which metrics: with exactly these dimensions, or (``exact`` false) with these among others. unit: None is any."""

    namespace: str
    name: str
    dimensions: Dimensions
    unit: str | None = None
    exact: bool = True


@dataclasses.dataclass(frozen=True)
class Point:
    """What the samples of a period come to."""

    samples: float
    total: float
    least: float
    most: float

    def statistic(self, name: str) -> float:
        """name: SampleCount, Sum, Average, Minimum or Maximum."""
        values = {"SampleCount": self.samples, "Sum": self.total, "Minimum": self.least, "Maximum": self.most}
        return self.total / self.samples if name == "Average" else values[name]


class Metrics:
    """The metrics in the store of a cloud."""

    def __init__(self, store: Store) -> None:
        self._store = store
        with store.transaction() as db:
            db.execute(_SCHEMA)

    def add(self, namespace: str, data: c.Iterable[Datum], moment: float) -> None:
        """moment: epoch seconds of when it happened."""
        minute = int(moment // MINUTE) * MINUTE
        rows = [
            (namespace, datum.name, _key(datum.dimensions), minute, datum.unit, datum.samples, datum.total, datum.least, datum.most)
            for datum in data
        ]
        with self._store.transaction() as db:
            db.executemany(_ADD, rows)

    def points(self, selection: Selection, start: int, periods: int, seconds: int) -> list[Point | None]:
        """One for each of the periods of so many seconds from the start (epoch seconds); None where there are no samples."""
        chosen, arguments = "", [selection.namespace, selection.name, start, start + periods * seconds]
        if selection.exact:
            chosen, arguments = " and dimensions = ?", [*arguments, _key(selection.dimensions)]
        if selection.unit is not None:
            chosen, arguments = f"{chosen} and unit = ?", [*arguments, selection.unit]
        columns = "moment, samples, total, least, most, dimensions"
        where = f"namespace = ? and name = ? and moment >= ? and moment < ?{chosen}"
        with self._store.transaction() as db:
            rows = db.execute(f"select {columns} from cloudwatch_points where {where}", arguments).fetchall()
        points: list[Point | None] = [None] * periods
        for moment, samples, total, least, most, dimensions in rows:
            if not selection.exact and not selection.dimensions.items() <= json.loads(dimensions).items():
                continue
            place = (moment - start) // seconds
            before = points[place] or Point(0, 0, least, most)
            points[place] = Point(before.samples + samples, before.total + total, min(before.least, least), max(before.most, most))
        return points

    def names(self) -> list[tuple[str, str, dict[str, str]]]:
        """(namespace, name, dimensions) of all metrics."""
        with self._store.transaction() as db:
            rows = db.execute("select distinct namespace, name, dimensions from cloudwatch_points order by 1, 2, 3").fetchall()
        return [(namespace, name, json.loads(dimensions)) for namespace, name, dimensions in rows]

    def forget(self, now: float) -> None:
        """Removes what is older than CloudWatch keeps it."""
        with self._store.transaction() as db:
            db.execute("delete from cloudwatch_points where moment < ?", (int(now) - KEPT,))


def _key(dimensions: Dimensions) -> str:
    return json.dumps(dict(dimensions), sort_keys=True)
