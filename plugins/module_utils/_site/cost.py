# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a site costs in a month, for each store (pure).

How AWS meters: the pricing pages of IoT Core, DynamoDB, Timestream, Lambda, CloudWatch, IoT TwinMaker and Managed Grafana. Free tiers are
left out.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import math
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.model import Site
from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import as_site, meters, summaries, twin_entities
from ansible_collections.energytwin.aws.plugins.module_utils._site.properties import METER_ID, PANEL_ID
from ansible_collections.energytwin.aws.plugins.module_utils._site.stack import DYNAMODB, TIMESTREAM

STORES = (DYNAMODB, TIMESTREAM)
HOURS = 730  # of a month, as AWS counts
SECONDS = HOURS * 3600
MESSAGE_BYTES = 5 * 1024  # that IoT Core counts as one message, and as one rule triggered and one action
# Topic rules of a stack that look at each message: the store's, that on late readings, and that on refused ones. AWS counts one action of a
# rule at least. With basic ingest a message comes to the store's alone.
RULES = 3
UNIT_BYTES = 1024  # of a DynamoDB write unit, and of what Timestream rounds a write up to
READ_UNIT_BYTES = 4096  # of an eventually consistent DynamoDB read, which is half a unit
GB = 1e9
MB = 1e6
NUMBER = 8  # bytes of a number or a time, about
JSON_NUMBER = 12  # characters of a number, with its comma
ITEM_OVERHEAD = 100  # bytes that DynamoDB adds to each item that it stores
# The reader: its memory, and how long a call of it takes, about.
LAMBDA_GB = 0.25
LAMBDA_SECONDS = 0.2
ALARMS = 9  # of a stack, see role stack; the one on silence is among them
# The function that keeps the totals of hours and days runs every quarter of an hour. It begins each meter's count at the hour's beginning,
# and once a day counts a week again (its ``keeper.py``); what a run reads and writes was counted on the local cloud.
RUNS = HOURS * 4
RUN_READS, RUN_WRITES = 6, 2  # its lease and its lists
METER_READS, METER_WRITES = 2.8, 3.3
METER_LOOKS = 3  # into the store, however few readings have come
SUMMARY_READS, SUMMARY_WRITES = 1.4, 3.3  # of an entity with totals
MEMBER_WRITES = 1  # for each meter that those are made of
# Timestream bills its queries by compute units, so many at least and so long at least.
QUERY_UNITS = 4
QUERY_SECONDS = 30
LOG_BYTES = 400  # that Lambda itself logs of a call, about
COUNTED_AGAIN = 10  # how often a reading is read for totals until it is done with, about
TOTAL_BYTES = 200  # of an hour or a day as an item, about
KEEPER_SECONDS = 0.3  # for a meter in a run, about
KEEPER_SECONDS_OF_READING = 0.0003  # for a reading that is counted, about
EDITORS = ("admin", "editor")


@dataclasses.dataclass(frozen=True)
class Usage:
    """How the site is used. interval_seconds: between two readings of a meter; basic_ingest: whether messages go to the rule directly.

    months_kept: how old the oldest reading is; memory_hours: how long Timestream keeps one in memory. dashboard_hours: how long somebody
    looks at the dashboards in a month, which ask for every meter once in refresh_seconds. model_mb: the size of the site's 3D model, which is
    loaded once an hour by who looks.
    """

    gateways: int
    interval_seconds: float
    basic_ingest: bool
    months_kept: float
    memory_hours: float
    dashboard_hours: float
    refresh_seconds: float
    model_mb: float

    @classmethod
    def of(cls, values: c.Mapping[str, t.Any]) -> Usage:
        """From what a play gives. Raises ValueError in one sentence for a number that cannot be."""
        numbers = {field.name: values[field.name] for field in dataclasses.fields(cls) if field.name != "basic_ingest"}
        least = {"interval_seconds": 0.1, "refresh_seconds": 1}
        for name, value in numbers.items():
            try:
                numbers[name] = float(value)
            except (TypeError, ValueError):
                numbers[name] = math.nan
            if not (math.isfinite(numbers[name]) and numbers[name] >= least.get(name, 0)):
                raise ValueError(f"estimate_{name}: {value!r} cannot be; write a number that is {least.get(name, 0)} or more")
        flag = str(values["basic_ingest"]).lower() in ("true", "yes", "1")
        return cls(**{**numbers, "gateways": int(numbers["gateways"]), "basic_ingest": flag})


@dataclasses.dataclass(frozen=True)
class Amount:
    """How much of something that has a price (its key) is used in a month, with which stores."""

    what: str
    price: str
    quantity: float
    stores: tuple[str, ...] = STORES


@dataclasses.dataclass(frozen=True)
class Line:
    """usd: for each store; None where the store does not have it, or where there is no price."""

    what: str
    quantity: float
    unit: str
    usd: dict[str, float | None]


def amounts(site: Site | c.Mapping[str, t.Any], usage: Usage) -> list[Amount]:
    """Everything that is metered, in a month."""
    site = as_site(site)
    every = meters(site)
    readings = SECONDS / usage.interval_seconds  # of one meter
    calls = len(every) * usage.dashboard_hours * 3600 / usage.refresh_seconds
    item_bytes = sum(_item_bytes(meter) for meter in every)
    record_bytes = sum(_record_bytes(meter) for meter in every)
    messages = readings * sum(math.ceil(_message_bytes(meter) / MESSAGE_BYTES) for meter in every)
    triggered = messages * (1 if usage.basic_ingest else RULES)
    roles = [person.role for person in site.people]
    return [
        Amount("Connections of gateways", "iot_connection", usage.gateways * HOURS * 60),
        Amount("Messages", "iot_messages", 0 if usage.basic_ingest else messages),
        Amount("Rules triggered", "iot_rules", triggered),
        Amount("Actions of rules", "iot_actions", triggered),
        Amount("Writes", "dynamodb_writes", readings * sum(_units(_item_bytes(meter)) for meter in every), (DYNAMODB,)),
        Amount("Storage", "dynamodb_storage", readings * usage.months_kept * (item_bytes + ITEM_OVERHEAD * len(every)) / GB, (DYNAMODB,)),
        Amount("Backup", "dynamodb_backup", readings * usage.months_kept * item_bytes / GB, (DYNAMODB,)),
        Amount("Reads", "dynamodb_reads", calls * _read_units(every, usage), (DYNAMODB,)),
        Amount("Writes", "timestream_writes", readings * sum(_units(_record_bytes(meter)) for meter in every), (TIMESTREAM,)),
        Amount("Memory store", "timestream_memory", _in_memory(readings, record_bytes, usage) * HOURS, (TIMESTREAM,)),
        Amount("Magnetic store", "timestream_magnetic", readings * usage.months_kept * record_bytes / GB, (TIMESTREAM,)),
        Amount("Queries of dashboards", "timestream_queries", usage.dashboard_hours * _busy(usage) * QUERY_UNITS, (TIMESTREAM,)),
        Amount("Calls of the reader", "lambda_requests", calls),
        Amount("Compute of the reader", "lambda_compute", calls * LAMBDA_GB * LAMBDA_SECONDS),
        Amount("Logs", "logs", (calls + RUNS) * LOG_BYTES / GB),
        Amount("Entities of the twin", "twinmaker_entities", len(twin_entities(site))),
        Amount("Reads through the twin", "twinmaker_calls", calls),
        Amount("Downloads of the 3D model", "data_transfer", usage.dashboard_hours * usage.model_mb * MB / GB if site.model else 0),
        Amount("Grafana editors", "grafana_editors", max(1, sum(role in EDITORS for role in roles))),  # a workspace has at least one
        Amount("Grafana viewers", "grafana_viewers", sum(role not in EDITORS for role in roles)),
        *_of_totals(site, every, usage),
        Amount("Alarms", "alarms", ALARMS),
    ]


def _of_totals(site: Site, every: c.Sequence[c.Mapping[str, t.Any]], usage: Usage) -> list[Amount]:
    """The totals of hours and days, in their own table with either store."""
    made = summaries(site).values()
    members = sum(map(len, made))
    reads = RUN_READS + METER_READS * len(every) + SUMMARY_READS * len(made)
    writes = RUN_WRITES + METER_WRITES * len(every) + SUMMARY_WRITES * len(made) + MEMBER_WRITES * members
    items = (len(every) + len(made)) * HOURS * 25 / 24  # those of the hours, and one of each day
    counted = SECONDS / usage.interval_seconds * COUNTED_AGAIN
    looks = counted * sum(map(_item_bytes, every)) / READ_UNIT_BYTES / 2 + RUNS * METER_LOOKS * len(every)
    seconds = RUNS * len(every) * KEEPER_SECONDS + counted * len(every) * KEEPER_SECONDS_OF_READING
    return [
        Amount("Totals: readings that are counted", "dynamodb_reads", looks, (DYNAMODB,)),
        Amount("Totals: queries", "timestream_queries", RUNS * QUERY_UNITS * QUERY_SECONDS / 3600, (TIMESTREAM,)),
        Amount("Totals: reads", "dynamodb_reads", RUNS * reads),
        Amount("Totals: writes", "dynamodb_writes", RUNS * writes),
        Amount("Totals: storage", "dynamodb_storage", items * usage.months_kept * (TOTAL_BYTES + ITEM_OVERHEAD) / GB),
        Amount("Totals: runs", "lambda_requests", RUNS),
        Amount("Totals: compute", "lambda_compute", seconds * LAMBDA_GB),
    ]


def bill(site: Site | c.Mapping[str, t.Any], usage: Usage, prices: c.Mapping[str, c.Mapping[str, t.Any]]) -> list[Line]:
    """A line for each amount. prices: by key, each with usd, per and unit. An amount without a price has none."""
    return [_line(amount, prices.get(amount.price)) for amount in amounts(site, usage)]


def totals(lines: c.Iterable[Line]) -> dict[str, float]:
    """US dollars a month, by store."""
    every = list(lines)
    return {store: sum(line.usd[store] or 0.0 for line in every) for store in STORES}


def _line(amount: Amount, price: c.Mapping[str, t.Any] | None) -> Line:
    cost = None if price is None else amount.quantity / price["per"] * price["usd"]
    unit = "no price" if price is None else str(price["unit"])
    return Line(amount.what, amount.quantity, unit, {store: cost if store in amount.stores else None for store in STORES})


def _units(size: int) -> int:
    return max(1, math.ceil(size / UNIT_BYTES))


def _names(meter: c.Mapping[str, t.Any]) -> int:
    return sum(len(text.encode()) for text in (PANEL_ID, meter["panel_id"], METER_ID, meter["meter_id"]))


def _message_bytes(meter: c.Mapping[str, t.Any]) -> int:
    """JSON with its braces, quotes, colons and commas."""
    return 2 + _names(meter) + 12 + len("timestamp") + 3 + 14 + sum(len(name) + 3 + JSON_NUMBER for name in meter["properties"])


def _item_bytes(meter: c.Mapping[str, t.Any]) -> int:
    """A reading as one item: names and values of its attributes."""
    return _names(meter) + len("timestamp") + NUMBER + sum(len(name) + NUMBER for name in meter["properties"])


def _record_bytes(meter: c.Mapping[str, t.Any]) -> int:
    """A reading as records of one measure each, as the topic rule writes them: time, dimensions, name and value."""
    return sum(NUMBER + _names(meter) + len(name) + NUMBER for name in meter["properties"])


def _read_units(every: c.Sequence[c.Mapping[str, t.Any]], usage: Usage) -> float:
    """Of one refresh of one meter: what has come since the last one, at least a page of it, eventually consistent."""
    if not every:
        return 0.0
    size = sum(_item_bytes(meter) for meter in every) / len(every) * max(1.0, usage.refresh_seconds / usage.interval_seconds)
    return math.ceil(size / READ_UNIT_BYTES) / 2


def _busy(usage: Usage) -> float:
    """For which part of the time that somebody looks, a query is billed."""
    return min(1.0, QUERY_SECONDS / usage.refresh_seconds)


def _in_memory(readings: float, record_bytes: int, usage: Usage) -> float:
    """GB that are in the memory store at any time."""
    return readings / HOURS * usage.memory_hours * record_bytes / GB
