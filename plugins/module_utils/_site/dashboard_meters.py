# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Dashboard Meters: last readings, silent meters and limits. Pure."""

from __future__ import annotations

import collections.abc as c

from ansible_collections.energytwin.aws.plugins.module_utils._site import dashboard_parts as parts
from ansible_collections.energytwin.aws.plugins.module_utils._site.dashboard_parts import Line, Plain, Source
from ansible_collections.energytwin.aws.plugins.module_utils._site.dashboard_readings import (
    LOOK_BACK,
    POWER,
    by_panel,
    last_values,
    newest,
    silent,
)


def lines(known: c.Sequence[Plain], source: Source, window: str) -> c.Iterator[Line]:
    """The panels, a block for each electrical panel. known: the site's meters; window: how long a meter may be silent, e.g. ``15m``."""
    for own in by_panel(known):
        limited = [(meter, name) for meter in own for name in meter["limits"]]
        height = 3 + 2 * max(len(own), len(limited))
        width = 8 if limited else 12
        yield [(parts.WIDTH, 1, parts.row(own[0]["panel_name"]))]
        line = [(width, height, _last_readings(own, source)), (width, height, silent("Stale meters", own, source, window))]
        yield [*line, (width, height, _limits(limited, source, window))] if limited else line


def _last_readings(own: c.Sequence[Plain], source: Source) -> Plain:
    """Meter, age of its last reading, and its power then. Grafana is made to ask once by an expression, whose result is then left out."""
    labels = {"type": "value", "options": {meter["component_name"]: _named(meter, index) for index, meter in enumerate(own)}}
    return parts.panel(
        "table",
        "Last reading",
        source,
        [*newest(own, source), parts.last("X", "M1")],
        transformations=[{"id": "filterByRefId", "options": {"include": "/^M\\d+$/"}}, *parts.as_table(), _order_by_name()],
        fieldConfig=parts.fields(
            [
                parts.column("Time", displayName="Last reading", unit="dateTimeFromNow"),
                parts.column("componentName", displayName="Meter", mappings=[labels]),
                parts.column(POWER, unit=parts.grafana_unit(POWER), decimals=1),
            ]
        ),
        timeFrom=LOOK_BACK,
        hideTimeOverride=True,
    )


def _limits(limited: c.Sequence[tuple[Plain, str]], source: Source, window: str) -> Plain:
    return parts.panel(
        "bargauge",
        "Limits",
        source,
        last_values(limited, source),
        options=parts.bars("lastNotNull"),
        fieldConfig=parts.fields(
            [
                parts.override(
                    f"L{number}",
                    displayName=f"{meter['meter_name']}: {name}",
                    unit=parts.grafana_unit(name),
                    thresholds=_thresholds(meter["limits"][name]),
                )
                for number, (meter, name) in enumerate(limited, 1)
            ],
            decimals=1,
            color={"mode": "thresholds"},
        ),
        timeFrom=window,
        hideTimeOverride=True,
    )


def _thresholds(limit: Plain) -> Plain:
    return parts.thresholds((parts.WARNING, limit.get("warning")), (parts.ALARM, limit.get("alarm")))


def _order_by_name() -> Plain:
    return {"id": "organize", "options": {"indexByName": {"componentName": 0, "Time": 1, POWER: 2}}}


def _named(meter: Plain, index: int) -> Plain:
    return {"text": meter["meter_name"], "index": index}
