# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Dashboard Panel: what a meter of an electrical panel measures, its energy and demand, and the panel's year. Pure."""

from __future__ import annotations

import collections.abc as c

from ansible_collections.energytwin.aws.plugins.module_utils._site import dashboard_names as names
from ansible_collections.energytwin.aws.plugins.module_utils._site import dashboard_parts as parts
from ansible_collections.energytwin.aws.plugins.module_utils._site.dashboard_parts import PROPERTY_NAME, Line, Plain, Source
from ansible_collections.energytwin.aws.plugins.module_utils._site.dashboard_readings import CURRENTS, POWER, POWERS, VOLTAGES
from ansible_collections.energytwin.aws.plugins.module_utils._site.properties import DAY, SUMMARY_NAME

IMPORT, EXPORT = "kWhImport", "kWhExport"
DAYS = ("Today", "Yesterday", *(f"{number} days ago" for number in range(2, 7)))
# The id of the panel whose result others show, too.
HOURLY = 100
OF_CHOSEN = (f"${{{names.CHOSEN_PANEL}}}", f"${{{names.CHOSEN_METER}}}")


def lines(source: Source) -> c.Iterator[Line]:
    """The panels; the variables say which electrical panel and which meter they show."""
    yield [(parts.WIDTH, 6, _components(source))]
    yield [
        (8, 9, _chart("Voltage", VOLTAGES, source)),
        (8, 9, _chart("Current", CURRENTS, source)),
        (8, 9, _chart("Power", POWERS, source)),
    ]
    yield [(parts.WIDTH, 1, parts.row("Energy and demand per hour"))]
    yield [(16, 9, _energy_per_hour(source)), (4, 9, _peak_demand()), (4, 9, _peak_power())]
    yield [(parts.WIDTH, 1, parts.row("Energy per day"))]
    yield [(3, 5, _energy_of_day(day, back, source)) for back, day in enumerate(DAYS)]
    yield [(parts.WIDTH, 1, parts.row("The whole panel, a year by days"))]
    yield [
        (12, 9, _year("Energy per day", [IMPORT + DAY, EXPORT + DAY], source)),
        (12, 9, _year("Demand (15 minutes) and mean power per day", ["kWPeak" + DAY, "kWAverage" + DAY], source)),
    ]


def _components(source: Source) -> Plain:
    shown = ("component", "description")
    only = {"id": "filterFieldsByName", "options": {"include": {"names": list(shown)}}}
    renamed = {"id": "organize", "options": {"renameByName": {"component": "Meter", "description": "What it measures"}}}
    return parts.panel("table", "Meters of the panel", source, [source.entity("A", OF_CHOSEN[0])], transformations=[only, renamed])


def _chart(title: str, properties: c.Sequence[str], source: Source) -> Plain:
    return parts.panel(
        "timeseries",
        title,
        source,
        [source.history("A", *OF_CHOSEN, properties)],
        fieldConfig=parts.fields(displayName=PROPERTY_NAME, unit=parts.grafana_unit(properties[0])),
        maxDataPoints=parts.MOST_POINTS,
    )


def _energy_per_hour(source: Source) -> Plain:
    grouped = parts.grouped({IMPORT: "range", EXPORT: "range"})
    return {
        "id": HOURLY,
        **parts.panel(
            "barchart",
            "Energy per hour",
            source,
            [source.history("A", *OF_CHOSEN, [IMPORT, EXPORT, POWER])],
            transformations=[*parts.as_table(), parts.by_hour(), grouped],
            options={"xField": "Time", "orientation": "auto", "showValue": "auto", "stacking": "none", "legend": parts.legend()},
            fieldConfig=parts.fields(unit=parts.grafana_unit(IMPORT), decimals=1),
            maxDataPoints=parts.MOST_POINTS,
        ),
    }


def _peak_demand() -> Plain:
    """The highest mean of an hour: Grafana groups by what a time looks like, and no format tells quarters of an hour."""
    return parts.derived(
        "stat",
        "Peak demand (mean of an hour)",
        HOURLY,
        transformations=[*parts.as_table(), parts.by_hour(), parts.grouped({POWER: "mean"})],
        options=parts.stat("max"),
        fieldConfig=parts.fields(unit=parts.grafana_unit(POWER), decimals=1, color=parts.fixed(parts.NEUTRAL)),
    )


def _peak_power() -> Plain:
    return parts.derived(
        "stat",
        "Peak power",
        HOURLY,
        transformations=parts.as_table(),
        options=parts.stat("max", f"/^{POWER}$/"),
        fieldConfig=parts.fields(unit=parts.grafana_unit(POWER), decimals=1, color=parts.fixed(parts.NEUTRAL)),
    )


def _energy_of_day(day: str, back: int, source: Source) -> Plain:
    """The counter at the end of a day less that at its beginning: two values are read for it, whatever the meter's pace."""
    counters = [IMPORT, EXPORT]
    shift = {"timeShift": f"{back}d/d"} if back else {}
    return parts.panel(
        "stat",
        day,
        source,
        [
            parts.hidden(source.oldest("A", *OF_CHOSEN, counters)),
            parts.hidden(source.newest("B", *OF_CHOSEN, counters)),
            parts.hidden(parts.last("C", "A")),
            parts.hidden(parts.last("D", "B")),
            parts.arithmetic("E", "$D - $C"),
        ],
        options=parts.stat("lastNotNull", textMode="value_and_name"),
        fieldConfig=parts.fields(displayName=PROPERTY_NAME, unit=parts.grafana_unit(IMPORT), decimals=1, color=parts.fixed(parts.NEUTRAL)),
        timeFrom="now/d",
        **shift,
        hideTimeOverride=True,
    )


def _year(title: str, totals: c.Sequence[str], source: Source) -> Plain:
    """A value for each day, as the totals are kept: a year is 365 of them, however often meters are read."""
    return parts.panel(
        "timeseries",
        title,
        source,
        [source.history("A", OF_CHOSEN[0], SUMMARY_NAME, totals)],
        fieldConfig=parts.fields(
            displayName=PROPERTY_NAME,
            unit=parts.grafana_unit(totals[0]),
            decimals=1,
            custom={"drawStyle": "bars", "fillOpacity": 60, "barAlignment": 1},
        ),
        timeFrom="365d",
        hideTimeOverride=True,
    )


def variables(known: c.Sequence[Plain], source: Source) -> list[Plain]:
    """A panel by its name, and a meter of it as the twin names them."""
    panels = {meter["entity_id"]: meter["panel_name"] for meter in known}
    component = known[0]["component_name"]
    return [
        parts.choice(names.CHOSEN_PANEL, "Panel", panels),
        {
            "type": "query",
            "name": names.CHOSEN_METER,
            "label": "Meter",
            "hide": 0,
            "multi": False,
            "includeAll": False,
            "skipUrlSync": False,
            "datasource": source.reference,
            "query": {"refId": "meters", "queryType": "ListComponentNames", "entityId": OF_CHOSEN[0]},
            "refresh": 1,
            # The component with the panel's totals is no meter.
            "regex": f"/^(?!{SUMMARY_NAME}$)/",
            "sort": 1,
            "current": {"text": component, "value": component},
            "options": [],
        },
    ]
