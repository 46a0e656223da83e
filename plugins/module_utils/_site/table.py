# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The last readings of a site as a table for people (pure)."""

from __future__ import annotations

import collections.abc as c
import datetime
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.properties import MEASURED

NO_READING = "no reading"
TEXT_COLUMNS = 3


def readings_table(meters: c.Sequence[dict[str, t.Any]], read: c.Sequence[dict[str, t.Any]], properties: c.Sequence[str]) -> list[str]:
    """Lines of a table: panel, meter, time of the newest value (UTC), and the newest value of each property.

    meters: as ``projections.meters`` gives them. read: ``components`` of module twinmaker_property_value_info.
    """
    found = {(one["entity_id"], one["component_name"]): one["properties"] for one in read}
    heading = ["Panel", "Meter", "Last reading (UTC)", *map(_heading, properties)]
    rows = [_row(meter, found.get((meter["entity_id"], meter["component_name"]), {}), properties) for meter in meters]
    widths = [max(len(cell) for cell in column) for column in zip(heading, *rows, strict=True)]
    return [_line(heading, widths), "  ".join("-" * width for width in widths), *(_line(row, widths) for row in rows)]


def _row(meter: dict[str, t.Any], values: dict[str, list[dict[str, t.Any]]], properties: c.Sequence[str]) -> list[str]:
    newest = {name: max(values[name], key=lambda value: value["time"]) for name in properties if values.get(name)}
    times = [value["time"] for value in newest.values()]
    cells = [f"{newest[name]['value']:.2f}" if name in newest else "-" for name in properties]
    return [meter["panel_id"], meter["meter_name"], _shown(max(times)) if times else NO_READING, *cells]


def _heading(name: str) -> str:
    """The property, with its unit where the name does not say it."""
    unit = next((measured.unit for measured in MEASURED if measured.name == name), "")
    return name if name.startswith(unit) else f"{name} [{unit}]"


def _shown(time: str) -> str:
    return datetime.datetime.fromisoformat(time.replace("Z", "+00:00")).strftime("%Y-%m-%d %H:%M:%S")


def _line(cells: c.Sequence[str], widths: c.Sequence[int]) -> str:
    aligned = (
        cell.ljust(width) if column < TEXT_COLUMNS else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join(aligned).rstrip()
