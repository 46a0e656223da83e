# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A record of WriteRecords -> a point to store: merging, units, types and limits. Pure.

Rules: the API reference of WriteRecords and the quotas page of the Timestream developer guide.
"""

from __future__ import annotations

import dataclasses
import datetime
import math
import re
import typing as t

from local_cloud.errors import ApiError

Value = float | int | str | bool

NANOSECONDS: t.Final = {"SECONDS": 10**9, "MILLISECONDS": 10**6, "MICROSECONDS": 10**3, "NANOSECONDS": 1}
FUTURE: t.Final = 15 * 60 * 10**9
MOST_DIMENSIONS: t.Final = 128
MOST_DIMENSION_NAME_BYTES: t.Final = 60
MOST_NAME_BYTES: t.Final = 256
MOST_DIMENSIONS_BYTES: t.Final = 2048
MOST_MEASURE_VALUES: t.Final = 256
MOST_VARCHAR_BYTES: t.Final = 2048
RESERVED_NAMES: t.Final = frozenset({"time", "measure_name", "measure_value", "ts_non_existent_col"})


class Rejected(Exception):
    """Why one record was not stored, while others of its request may be.

    existing_version: the version of the record that is there already, when that is the reason.
    """

    def __init__(self, reason: str, existing_version: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.existing_version = existing_version


@dataclasses.dataclass(frozen=True)
class Point:
    """One row. time: nanoseconds since the epoch. values: column name -> (type, value), as in ``measure_value::double``."""

    dimensions: dict[str, str]
    measure_name: str
    kind: str
    time: int
    version: int
    values: dict[str, tuple[str, Value]]


@dataclasses.dataclass(frozen=True)
class Window:
    """The times (ns) that a table takes now: [oldest, newest); before ``memory`` they go to the magnetic store."""

    oldest: int
    memory: int
    newest: int
    magnetic_writes: bool

    @staticmethod
    def of(retention: dict[str, int], magnetic_writes: bool, now: int) -> Window:
        """retention: RetentionProperties of the table; now: ns since the epoch."""
        memory = now - retention["MemoryStoreRetentionPeriodInHours"] * 3600 * 10**9
        magnetic = now - retention["MagneticStoreRetentionPeriodInDays"] * 86400 * 10**9
        return Window(min(memory, magnetic) if magnetic_writes else memory, memory, now + FUTURE, magnetic_writes)

    def check(self, time: int) -> None:
        """Raises Rejected."""
        if not self.oldest <= time < self.newest:
            where = "data ingestion window" if self.magnetic_writes else "memory store"
            span = f"[{_iso(self.oldest)}, {_iso(self.newest)})"
            raise Rejected(f"The record timestamp is outside the time range {span} of the {where}.")


def merge(common: dict[str, t.Any], record: dict[str, t.Any]) -> dict[str, t.Any]:
    """CommonAttributes and a record as one record; dimensions add up, anything else of the record wins."""
    return {**common, **record, "Dimensions": [*common.get("Dimensions", ()), *record.get("Dimensions", ())]}


def parse(record: dict[str, t.Any]) -> Point:
    """A merged record as a point. Raises ApiError (the request is refused) or Rejected (the record is)."""
    kind = record.get("MeasureValueType", "DOUBLE")
    time = _time(record)
    version = record.get("Version", 1)
    if version < 1:
        raise _invalid("Record version must be 1 or greater.")
    if "MeasureName" not in record:
        raise _invalid("Measure name is required for a record.")
    if _bytes(record["MeasureName"]) > MOST_NAME_BYTES:
        raise Rejected(f"The measure name is longer than {MOST_NAME_BYTES} bytes.")
    return Point(_dimensions(record["Dimensions"]), record["MeasureName"], kind, time, version, _values(record, kind))


def _time(record: dict[str, t.Any]) -> int:
    text = record.get("Time", "")
    if not re.fullmatch(r"[0-9]{1,19}", text):
        raise _invalid("Invalid time for record.")
    time = int(text) * NANOSECONDS[record.get("TimeUnit", "MILLISECONDS")]
    if time >= 2**63:
        raise _invalid("Invalid time for record.")
    return time


def _dimensions(dimensions: list[dict[str, str]]) -> dict[str, str]:
    if not dimensions:
        raise _invalid("At least one dimension is required for a record.")
    merged = {dimension["Name"]: dimension["Value"] for dimension in dimensions}
    if len(merged) < len(dimensions):
        raise _invalid("Dimension names of a record must be unique.")
    if len(merged) > MOST_DIMENSIONS:
        raise Rejected(f"A record can have {MOST_DIMENSIONS} dimensions at most.")
    for name, value in merged.items():
        if value == "":
            raise _invalid("Dimension value can not be empty.")
        if _bytes(name) > MOST_DIMENSION_NAME_BYTES:
            raise Rejected(f"The dimension name {name} is longer than {MOST_DIMENSION_NAME_BYTES} bytes.")
        if name.lower() in RESERVED_NAMES:
            raise _invalid(f"The dimension name {name} is reserved.")
    if sum(_bytes(name) + _bytes(value) for name, value in merged.items()) > MOST_DIMENSIONS_BYTES:
        raise Rejected(f"The dimension names and values together are larger than {MOST_DIMENSIONS_BYTES} bytes.")
    return merged


def _values(record: dict[str, t.Any], kind: str) -> dict[str, tuple[str, Value]]:
    unit = NANOSECONDS[record.get("TimeUnit", "MILLISECONDS")]
    if kind != "MULTI":
        if "MeasureValues" in record:
            raise _invalid("MeasureValues is only allowed for the measure value type MULTI.")
        if "MeasureValue" not in record:
            raise _invalid("Measure value is required for a record.")
        return {f"measure_value::{kind.lower()}": (kind, _value(kind, record["MeasureValue"], unit))}
    if "MeasureValue" in record or not record.get("MeasureValues"):
        raise _invalid("A record of the measure value type MULTI must have MeasureValues, and no MeasureValue.")
    values: dict[str, tuple[str, Value]] = {}
    for value in record["MeasureValues"]:
        name, type_ = value["Name"], value["Type"]
        if type_ == "MULTI":
            raise _invalid("A measure value of a multi-measure record cannot be of type MULTI.")
        if name in values:
            raise _invalid("Measure value names of a record must be unique.")
        if name.lower() in RESERVED_NAMES:
            raise _invalid(f"The measure value name {name} is reserved.")
        if _bytes(name) > MOST_NAME_BYTES:
            raise Rejected(f"The measure value name {name} is longer than {MOST_NAME_BYTES} bytes.")
        values[name] = (type_, _value(type_, value["Value"], unit))
    if len(values) > MOST_MEASURE_VALUES:
        raise Rejected(f"A record can have {MOST_MEASURE_VALUES} measure values at most.")
    return values


def _value(type_: str, text: str, unit: int) -> Value:
    """unit: ns of one unit of the record's time, in which TIMESTAMP values are given too."""
    if type_ == "VARCHAR":
        if _bytes(text) > MOST_VARCHAR_BYTES:
            raise Rejected(f"The measure value is larger than {MOST_VARCHAR_BYTES} bytes.")
        return text
    if type_ == "BOOLEAN" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if type_ == "DOUBLE" and re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text, re.ASCII) and math.isfinite(float(text)):
        return float(text)
    if type_ in ("BIGINT", "TIMESTAMP") and re.fullmatch(r"[+-]?\d{1,19}", text, re.ASCII):
        number = int(text) * (unit if type_ == "TIMESTAMP" else 1)
        if -(2**63) <= number < 2**63:
            return number
    raise Rejected(f"The measure value {text!r} is not a valid {type_}.")


def _bytes(text: str) -> int:
    return len(text.encode())


def _iso(time: int) -> str:
    instant = datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=time // 10**6)
    return instant.isoformat(timespec="milliseconds") + "Z"


def _invalid(message: str) -> ApiError:
    return ApiError("ValidationException", message)
