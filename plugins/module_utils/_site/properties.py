# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one table of what a meter measures.

The component type, the topic rule and the reader know the same names; tests hold them to this table.
"""

from __future__ import annotations

import dataclasses

COMPONENT_TYPE_ID = "com.example.energymeter"
PANEL_ID = "panelId"
METER_ID = "meterId"
IDENTIFIERS = (PANEL_ID, METER_ID)
# Written only to prove that readings arrive; no meter measures it.
PROBE = "probe"


@dataclasses.dataclass(frozen=True)
class Property:
    """One measured figure of a reading.

    unit: V, A, kW, kWh, Hz, or empty for a ratio. phases: how many phases a meter must have at least to measure it.
    """

    name: str
    unit: str
    phases: int
    description: str


MEASURED = (
    Property("v1", "V", 1, "Voltage of phase 1"),
    Property("v2", "V", 3, "Voltage of phase 2"),
    Property("v3", "V", 3, "Voltage of phase 3"),
    Property("i1", "A", 1, "Current of phase 1"),
    Property("i2", "A", 3, "Current of phase 2"),
    Property("i3", "A", 3, "Current of phase 3"),
    Property("kW", "kW", 1, "Active power, import positive"),
    Property("kW1", "kW", 1, "Active power of phase 1, import positive"),
    Property("kW2", "kW", 3, "Active power of phase 2, import positive"),
    Property("kW3", "kW", 3, "Active power of phase 3, import positive"),
    Property("pf", "", 1, "Power factor"),
    Property("hz", "Hz", 1, "Frequency"),
    Property("kWhImport", "kWh", 1, "Energy counter, import"),
    Property("kWhExport", "kWh", 1, "Energy counter, export"),
)

# Every property that has a history in the store of readings.
SERIES = (*(measured.name for measured in MEASURED), PROBE)

# What is kept of each hour and of each day of the site, of a meter and of several meters together. A value's time is the beginning of
# its hour or day; that of the running one grows.
HOUR, DAY = "Hour", "Day"
TOTALS = tuple(
    Property(figure.name + span, figure.unit, 1, f"{figure.description} {text}")
    for span, text in ((HOUR, "in the hour"), (DAY, "in the day"))
    for figure in (
        Property("kWhImport", "kWh", 1, "Energy imported"),
        Property("kWhExport", "kWh", 1, "Energy exported"),
        Property("kWAverage", "kW", 1, "Mean active power"),
        Property("kWPeak", "kW", 1, "Highest mean of 15 minutes (demand)"),
    )
)
# The component of a panel, an area or a site that holds the totals of its meters.
SUMMARY_TYPE_ID = "com.example.energysummary"
SUMMARY_ID = "summaryId"
SUMMARY_NAME = "energy"


def measured_by(phases: int) -> tuple[str, ...]:
    """Names of the properties that a meter of so many phases can measure."""
    return tuple(measured.name for measured in MEASURED if measured.phases <= phases)


def unit_of(name: str) -> str:
    """The unit of a property; empty for a ratio, and for what is neither measured nor a total."""
    return next((known.unit for known in (*MEASURED, *TOTALS) if known.name == name), "")
