# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of totals in DynamoDB: what is kept in it, and how. Moments are Unix milliseconds.

Key ``series`` and ``entry``; the entries of a series are in order. Totals and what is known of meters belong to a time zone, so that
another zone begins anew.

======================  ====================  ==========================================================================================
series                  entry                 attributes
======================  ====================  ==========================================================================================
Hour <zone> <whose>     beginning, ISO 8601   quarters, kWhImport, kWhExport, kWAverage, kWPeak (what is not known is left out)
Day <zone> <whose>      beginning, ISO 8601   the same without quarters
meters <zone>           <panel>#<meter>       until: readings up to this moment are counted; again_from, again_to: to be counted again
summaries <zone>        <entity id>           members: of whose meters the totals were made when they were made last
due <zone>              <ms>#<entity id>      nothing: a day of a summary that is to be made again
late                    <panel>#<meter>#<ms>  arrived: when the topic rule last saw a late reading of the hour (UTC) that begins then
lease                   keeper                holder, expires: who may change totals now
======================  ====================  ==========================================================================================

Whose: ``<panel>#<meter>`` of a meter, an entity's id of several meters together.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import time
import typing as t

from botocore.exceptions import BotoCoreError, ClientError

from energy_reader import times
from energy_reader.errors import ReaderError
from energy_reader.rollups.totals import Total

HOUR, DAY = "Hour", "Day"
LATE = "late"
# Items that one call writes at most.
BATCH = 25
# Seconds between attempts to write what DynamoDB was too busy for.
PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
_LEASE: t.Final = {"series": {"S": "lease"}, "entry": {"S": "keeper"}}
_REFUSED: t.Final = "ConditionalCheckFailedException"

Item = dict[str, dict[str, t.Any]]
# Panel and meter.
Meter = tuple[str, str]


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far the readings of a meter are counted. again: readings from the first to the second moment are to be counted again."""

    until: int
    again: tuple[int, int] | None = None

    def with_again(self, first: int, last: int) -> Progress:
        """So that these readings, too, are counted again."""
        if self.again is not None:
            first, last = min(first, self.again[0]), max(last, self.again[1])
        return Progress(self.until, (first, last))


@dataclasses.dataclass(frozen=True)
class LateHour:
    """A late reading of a meter lies in the hour that begins at start."""

    meter: Meter
    start: int
    arrived: int


class Table:
    """client: a boto3 client ``dynamodb``. zone: name of the time zone. Raises ReaderError where DynamoDB does not answer."""

    def __init__(self, client: t.Any, name: str, zone: str) -> None:
        self._client = client
        self._name = name
        self._zone = zone

    # ---- Totals

    def totals(self, span: str, whose: str, start: int, end: int) -> dict[int, Total]:
        """Those that begin from start to before end, by their beginning."""
        items = self.query(series(span, self._zone, whose), written(start), written(end - 1))
        return {total.start: total for total in map(_total, items)}

    def first(self, span: str, whose: str) -> int | None:
        """The beginning of the earliest total."""
        item = next(self.query(series(span, self._zone, whose), "", "~", limit=1), None)
        return None if item is None else moment_of(item["entry"]["S"])

    def put_totals(self, span: str, whose: str, totals: c.Iterable[Total]) -> None:
        self._write([_item(series(span, self._zone, whose), total, with_quarters=span == HOUR) for total in totals])

    # ---- Progress

    def progress(self) -> dict[Meter, Progress]:
        return {_meter(item["entry"]["S"]): _progress(item) for item in self.query(f"meters {self._zone}")}

    def put_progress(self, meter: Meter, progress: Progress) -> None:
        again = {} if progress.again is None else {"again_from": _number(progress.again[0]), "again_to": _number(progress.again[1])}
        self._write([{**_key(f"meters {self._zone}", whose(meter)), "until": _number(progress.until), **again}])

    # ---- Summaries

    def summaries(self) -> dict[str, list[str]]:
        """Entity id -> whose meters its totals were made of, as far as they were made."""
        return {item["entry"]["S"]: [one["S"] for one in item["members"]["L"]] for item in self.query(f"summaries {self._zone}")}

    def put_summary(self, summary: str, members: c.Sequence[str]) -> None:
        self._write([{**_key(f"summaries {self._zone}", summary), "members": {"L": [{"S": member} for member in members]}}])

    def delete_summary(self, summary: str) -> None:
        self._call("delete_item", TableName=self._name, Key=_key(f"summaries {self._zone}", summary))

    def due(self, limit: int) -> list[tuple[str, int]]:
        """Days of summaries that are to be made again, the last ones first: at most so many of them."""
        found = (item["entry"]["S"].partition("#") for item in self.query(f"due {self._zone}", descending=True, limit=limit))
        return [(summary, int(moment)) for moment, _mark, summary in found]

    def put_due(self, days: c.Iterable[tuple[str, int]]) -> None:
        self._write([self._due(*day) for day in days])

    def delete_due(self, days: c.Iterable[tuple[str, int]]) -> None:
        self._write([], [self._due(*day) for day in days])

    def _due(self, summary: str, moment: int) -> Item:
        return _key(f"due {self._zone}", f"{moment:013}#{summary}")

    # ---- Late readings

    def late_hours(self, before: int, limit: int) -> list[LateHour]:
        """Hours with readings that arrived late, and before a moment: at most so many of them."""
        found = []
        for item in self.query(LATE, limit=limit):
            meter, _mark, start = item["entry"]["S"].rpartition("#")
            late = LateHour(_meter(meter), int(start), int(item["arrived"]["N"]))
            if late.arrived < before:
                found.append(late)
        return found

    def forget_late(self, late: LateHour) -> None:
        """Unless another reading of the hour has arrived meanwhile."""
        self._conditionally(
            "delete_item",
            Key=_key(LATE, f"{whose(late.meter)}#{late.start}"),
            ConditionExpression="#arrived = :arrived",
            ExpressionAttributeNames={"#arrived": "arrived"},
            ExpressionAttributeValues={":arrived": _number(late.arrived)},
        )

    # ---- The lease

    def take_lease(self, holder: str, now: int, expires: int) -> bool:
        return self._conditionally(
            "put_item",
            Item={**_LEASE, "holder": {"S": holder}, "expires": _number(expires)},
            ConditionExpression="attribute_not_exists(#expires) OR #expires < :now",
            ExpressionAttributeNames={"#expires": "expires"},
            ExpressionAttributeValues={":now": _number(now)},
        )

    def give_back_lease(self, holder: str) -> None:
        self._conditionally(
            "delete_item",
            Key=_LEASE,
            ConditionExpression="#holder = :holder",
            ExpressionAttributeNames={"#holder": "holder"},
            ExpressionAttributeValues={":holder": {"S": holder}},
        )

    # ---- Calls

    def query(self, series: str, first: str = "", last: str = "", descending: bool = False, limit: int | None = None) -> c.Iterator[Item]:
        """The items of a series in their order; from the first entry to the last one where these are given, at most so many."""
        condition, names, values = "#series = :series", {"#series": "series"}, {":series": {"S": series}}
        if last:
            condition += " AND #entry BETWEEN :first AND :last"
            names |= {"#entry": "entry"}
            values |= {":first": {"S": first or " "}, ":last": {"S": last}}
        more: dict[str, t.Any] = {} if limit is None else {"Limit": limit}
        given = 0
        while True:
            answer = self._call(
                "query",
                TableName=self._name,
                KeyConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values,
                ScanIndexForward=not descending,
                ConsistentRead=True,
                **more,
            )
            for item in answer["Items"]:
                yield item
                given += 1
            if "LastEvaluatedKey" not in answer or (limit is not None and given >= limit):
                return
            more["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _write(self, items: c.Sequence[Item], keys: c.Sequence[Item] = ()) -> None:
        requests: list[dict[str, t.Any]] = [{"PutRequest": {"Item": item}} for item in items]
        requests += [{"DeleteRequest": {"Key": key}} for key in keys]
        for begin in range(0, len(requests), BATCH):
            left = {self._name: requests[begin : begin + BATCH]}
            for pause in PAUSES:
                left = self._call("batch_write_item", RequestItems=left)["UnprocessedItems"]
                if not left:
                    break
                time.sleep(pause)
            else:
                raise ReaderError(f"DynamoDB did not take all items for table {self._name}, as it is too busy; the next run goes on")

    def _conditionally(self, operation: str, **arguments: t.Any) -> bool:
        try:
            self._call(operation, TableName=self._name, **arguments)
        except ReaderError as error:
            if isinstance(error.__cause__, ClientError) and error.__cause__.response["Error"]["Code"] == _REFUSED:
                return False
            raise
        return True

    def _call(self, operation: str, **arguments: t.Any) -> dict[str, t.Any]:
        try:
            answer = getattr(self._client, operation)(**arguments)
        except ClientError as exception:
            error = exception.response.get("Error", {})
            raise ReaderError(f"DynamoDB did not answer for table {self._name}: {error.get('Code')}: {error.get('Message')}") from exception
        except BotoCoreError as exception:
            raise ReaderError(f"DynamoDB cannot be reached for table {self._name}: {exception}") from exception
        return t.cast("dict[str, t.Any]", answer)


def series(span: str, zone: str, whose: str) -> str:
    """The partition of the totals of a meter or an entity."""
    return f"{span} {zone} {whose}"


def whose(meter: Meter) -> str:
    return "#".join(meter)


def written(moment: int) -> str:
    return times.written(moment * times.MILLISECOND)


def moment_of(text: str) -> int:
    return times.parse(text) // times.MILLISECOND


def _key(series: str, entry: str) -> Item:
    return {"series": {"S": series}, "entry": {"S": entry}}


def _meter(text: str) -> Meter:
    panel, _mark, meter = text.partition("#")
    return panel, meter


def _number(value: float) -> dict[str, str]:
    return {"N": repr(value)}


def _progress(item: Item) -> Progress:
    again = (int(item["again_from"]["N"]), int(item["again_to"]["N"])) if "again_from" in item else None
    return Progress(int(item["until"]["N"]), again)


def _item(series: str, total: Total, with_quarters: bool) -> Item:
    values = {"kWhImport": total.kwh_import, "kWhExport": total.kwh_export, "kWAverage": total.average, "kWPeak": total.peak}
    quarters = [{"NULL": True} if quarter is None else _number(quarter) for quarter in total.quarters]
    return {
        **_key(series, written(total.start)),
        **{name: _number(value) for name, value in values.items() if value is not None},
        **({"quarters": {"L": quarters}} if with_quarters else {}),
    }


def _total(item: Item) -> Total:
    quarters = tuple(float(quarter["N"]) if "N" in quarter else None for quarter in item.get("quarters", {}).get("L", []))
    kwh_import, kwh_export = (float(item[name]["N"]) if name in item else None for name in ("kWhImport", "kWhExport"))
    return Total(moment_of(item["entry"]["S"]), quarters, kwh_import, kwh_export)
