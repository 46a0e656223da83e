# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a message on the local broker says: the reading in it, or what is wrong with it (pure)."""

from __future__ import annotations

import dataclasses
import datetime
import json
import math
from collections.abc import Sequence
from typing import Any, Final

from .clock import EARLIEST_MS
from .models import PROPERTIES
from .outbox import encode
from .sources import METER, PANEL, Source

# A reading must fit into a message of AWS IoT Core with room to spare.
MAX_BYTES: Final = 64 * 1024
# 2100-01-01: a timestamp above is in other units than milliseconds.
_LATEST_MS: Final = 4_102_444_800_000
# What a device with a value for each phase may say phase by phase, and which is then their sum.
_SUMS: Final = ("kW", "kWhImport", "kWhExport")


@dataclasses.dataclass(frozen=True)
class Heard:
    """A message that is a reading. taken: Unix ms if it says when."""

    key: str
    body: str
    taken: int | None


def understand(topic: str, payload: bytes, prefix: str, sources: Sequence[Source] = ()) -> Heard:
    """The reading in a message: as the first source says that fits the topic, else with our own names.

    Raises ValueError with a sentence that says what is wrong with it.
    """
    if len(payload) > MAX_BYTES:
        raise ValueError(f"it has {len(payload)} bytes, more than {MAX_BYTES}")
    try:
        data = json.loads(payload)
    except (ValueError, RecursionError) as error:  # RecursionError: nested more deeply than any reading
        raise ValueError("it is no JSON") from error
    if not isinstance(data, dict):
        raise ValueError("it is no JSON object")
    for source in sources:
        names = source.names(topic)
        if names is not None:
            return _translated(source, names, data)
    levels = topic[len(prefix) + 1 :].split("/")
    panel, meter = levels if len(levels) == 2 else ("", "")
    panel, meter = _name(data.get("panelId", panel), "panelId", panel), _name(data.get("meterId", meter), "meterId", meter)
    values = {name: _number(name, data[name]) for name in PROPERTIES if data.get(name) is not None}
    if not values:
        raise ValueError(f"it has none of {', '.join(PROPERTIES)}")
    return _heard(panel, meter, values, _milliseconds("timestamp", data.get("timestamp")))


def _translated(source: Source, names: dict[str, str], data: dict[str, Any]) -> Heard:
    panel = names.get(PANEL) or _name(source.panel_field.find(data) if source.panel_field else None, "panel")
    meter = names.get(METER) or _name(source.meter_field.find(data) if source.meter_field else None, "meter")
    values = {}
    for name, field in source.fields.items():
        value = field.find(data)
        if isinstance(value, list) and name in _SUMS:
            value = sum(_number(field.path, one) for one in value)
        if value is not None:
            values[name] = float(f"{_number(field.path, value) * field.scale:.12g}")  # 0.1 * 3 is to be 0.3
    if not values:
        raise ValueError(f"it has none of {', '.join(field.path for field in source.fields.values())}")
    taken = None
    if source.time_field is not None:
        taken = _time(source.time_field.path, source.time_field.find(data), source.time_unit)
    return _heard(panel, meter, values, taken)


def _heard(panel: str, meter: str, values: dict[str, float], taken: int | None) -> Heard:
    return Heard(f"{panel}/{meter}", encode({"panelId": panel, "meterId": meter, **values}), taken)


def _time(name: str, value: Any, unit: str) -> int | None:
    if value is None or unit == "ms":
        return _milliseconds(name, value)
    if unit == "s":
        return _milliseconds(name, round(_number(name, value) * 1000), value)
    try:
        when = datetime.datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        raise ValueError(f"its {name} {str(value)[:30]!r} is no time like 2026-11-23T12:00:00+01:00") from None
    if when.tzinfo is None:
        raise ValueError(f"its {name} {str(value)[:30]!r} does not say how far from UTC it is")
    return _milliseconds(name, round(when.timestamp() * 1000), value)


def _milliseconds(name: str, taken: Any, said: Any = None) -> int | None:
    if taken is None:
        return None
    if isinstance(taken, bool) or not isinstance(taken, int) or not EARLIEST_MS <= taken < _LATEST_MS:
        unit = "is no integer of Unix milliseconds" if said is None else "is no time"
        raise ValueError(f"its {name} {str(taken if said is None else said)[:30]!r} {unit} since this program was made")
    return taken


def _name(value: Any, key: str, of_topic: str = "") -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value:
        raise ValueError(f"neither its topic nor its {key} names that")
    if of_topic and value != of_topic:
        raise ValueError(f"its {key} '{value}' is another one than its topic's '{of_topic}'")
    return value


def _number(name: str, value: Any) -> float:
    try:
        number = math.nan if isinstance(value, bool) or not isinstance(value, (int, float)) else float(value)
    except OverflowError:  # an integer beyond every float
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"its {name} is no number")
    return number
