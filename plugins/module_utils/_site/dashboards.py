# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What follows from a site for Grafana: its four dashboards Site, Panel, Meters and Gateways, in Grafana's JSON model. Pure.

A limit stands in one place, the panel "Limits" of dashboard Meters, so that a changed limit changes one threshold.
"""

from __future__ import annotations

import collections.abc as c
import itertools
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site import dashboard_names as names
from ansible_collections.energytwin.aws.plugins.module_utils._site import dashboard_parts as parts
from ansible_collections.energytwin.aws.plugins.module_utils._site.dashboard_parts import Plain, Source
from ansible_collections.energytwin.aws.plugins.module_utils._site.model import Site
from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import as_site, meters
from ansible_collections.energytwin.aws.plugins.module_utils._site.properties import DAY, SUMMARY_NAME, unit_of

TAG = "energytwin"
POWER = "kW"
IMPORT, EXPORT = "kWhImport", "kWhExport"
VOLTAGES, CURRENTS, POWERS = ("v1", "v2", "v3"), ("i1", "i2", "i3"), ("kW", "kW1", "kW2", "kW3")
# Where a last reading is looked for, so that its age is known for as long.
LOOK_BACK = "7d"
DAYS = ("Today", "Yesterday", *(f"{number} days ago" for number in range(2, 7)))
HOURLY = 100
PROPERTY_NAME = "${__field.labels.propertyName}"
OF_SELECTED = (f"${{{names.SELECTED_ENTITY}}}", f"${{{names.SELECTED_COMPONENT}}}")
OF_CHOSEN = (f"${{{names.CHOSEN_PANEL}}}", f"${{{names.CHOSEN_METER}}}")
GATEWAY_NOTE = (
    "What is shown here is read from the twin: which of a gateway's meters have sent readings, and when. A gateway that is silent may"
    " still be well and keep its readings until it is online again; playbook `energytwin.aws.fleet_status` asks the gateways themselves."
)

Line = list[tuple[int, int, Plain]]


def dashboards(site: Site | c.Mapping[str, t.Any], scene_id: str = "", stale_minutes: int = 15) -> list[Plain]:
    """The dashboards Site, Panel, Meters and Gateways, in this order.

    scene_id: the scene that dashboard Site shows; empty for none. stale_minutes: how long a meter may be silent.
    """
    site = as_site(site)
    source = Source(names.uid(site.id, names.DATASOURCE))
    window = f"{stale_minutes}m"
    known = meters(site)
    return [
        _dashboard(site, names.SITE, _site_lines(site, known, source, scene_id, window), _selection(known), refresh="1m"),
        _dashboard(site, names.PANEL, _panel_lines(source), _choice(known, source)),
        _dashboard(site, names.METERS, _meters_lines(known, source, window), refresh="5m"),
        _dashboard(site, names.GATEWAYS, _gateways_lines(known, source, window), refresh="5m"),
    ]


def _dashboard(site: Site, kind: str, lines: c.Iterable[Line], variables: c.Sequence[Plain] = (), refresh: str = "") -> Plain:
    tag = names.uid(site.id)
    others = {"type": "dashboards", "title": site.name, "tags": [tag], "asDropdown": False, "includeVars": False, "keepTime": False}
    return {
        "uid": names.uid(site.id, kind),
        "title": names.TITLES[kind],
        "description": f"{names.TITLES[kind]} of {site.name}; made from the site model, changes made here are overwritten",
        "tags": [TAG, tag],
        "schemaVersion": parts.SCHEMA_VERSION,
        "editable": False,
        "refresh": refresh,
        "timezone": "browser",
        "time": {"from": "now-6h", "to": "now"},
        "annotations": {"list": []},
        "links": [{**others, "icon": "external link", "targetBlank": False, "tooltip": "", "url": ""}],
        "templating": {"list": list(variables)},
        "panels": parts.placed(lines),
    }


# ---- Site


def _site_lines(site: Site, known: c.Sequence[Plain], source: Source, scene_id: str, window: str) -> c.Iterator[Line]:
    chart = parts.panel(
        "timeseries",
        "Selected meter: power",
        source,
        [source.history("A", *OF_SELECTED, [POWER])],
        fieldConfig=parts.fields(displayName=PROPERTY_NAME, unit=_grafana_unit(POWER)),
        maxDataPoints=parts.MOST_POINTS,
    )
    numbers = parts.panel(
        "stat",
        "Selected meter: now",
        source,
        [parts.hidden(source.newest("A", *OF_SELECTED, [*VOLTAGES, *CURRENTS, POWER])), parts.last("B", "A")],
        options=parts.stat("lastNotNull", textMode="value_and_name"),
        fieldConfig=parts.fields(displayName=PROPERTY_NAME, color=parts.fixed(parts.NEUTRAL), decimals=1),
        timeFrom=window,
        hideTimeOverride=True,
        links=[_link("The meter's panel", names.path(site.id, names.PANEL) + _selected_parameters())],
    )
    if scene_id:
        scene = {**parts.panel(parts.SCENE_VIEWER, site.name, source, []), "options": _scene_options(source, scene_id)}
        yield [(14, 18, scene), (10, 18, chart)]
        yield [(parts.WIDTH, 6, numbers)]
    else:
        yield [(10, 10, numbers), (14, 10, chart)]
    yield [(parts.WIDTH, 1, parts.row("Power now, by panel"))]
    now = [(12, 2 + 2 * max(len(own), 2), _power_now(site, own, source, window)) for own in _by_panel(known)]
    yield from ([*pair] for pair in (now[index : index + 2] for index in range(0, len(now), 2)))


def _scene_options(source: Source, scene_id: str) -> Plain:
    """The scene asks for the values of its tags by itself, the last ones only; a query of the panel would bring a whole history."""
    return {
        "datasource": source.uid,
        "sceneId": scene_id,
        "customSelEntityVarName": names.SELECTED_ENTITY,
        "customSelCompVarName": names.SELECTED_COMPONENT,
        "enableAutoQuery": True,
        "queryRefreshInterval": 30,
    }


def _power_now(site: Site, own: c.Sequence[Plain], source: Source, window: str) -> Plain:
    """One electrical panel: each meter's power. They are not added up, since a panel's incomer measures what the others do, too."""
    return parts.panel(
        "bargauge",
        own[0]["panel_name"],
        source,
        _last_values([(meter, POWER) for meter in own], source),
        options=parts.bars("lastNotNull"),
        fieldConfig=parts.fields(
            [parts.override(f"L{number}", displayName=meter["meter_name"]) for number, meter in enumerate(own, 1)],
            unit=_grafana_unit(POWER),
            decimals=1,
            color=parts.fixed(parts.NEUTRAL),
        ),
        timeFrom=window,
        hideTimeOverride=True,
        links=[_link("Panel", names.panel_path(site.id, own[0]["entity_id"], own[0]["component_name"]))],
    )


def _selection(known: c.Sequence[Plain]) -> list[Plain]:
    """What is selected in the scene; at first the first meter, so that there is something to see."""
    values = {names.SELECTED_ENTITY: known[0]["entity_id"], names.SELECTED_COMPONENT: known[0]["component_name"]}
    return [
        {
            "type": "textbox",
            "name": name,
            "hide": 2,
            "skipUrlSync": False,
            "query": value,
            "current": {"text": value, "value": value},
            "options": [{"selected": True, "text": value, "value": value}],
        }
        for name, value in values.items()
    ]


def _selected_parameters() -> str:
    entity, component = OF_SELECTED
    return f"?var-{names.CHOSEN_PANEL}={entity}&var-{names.CHOSEN_METER}={component}"


# ---- Panel


def _panel_lines(source: Source) -> c.Iterator[Line]:
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
        fieldConfig=parts.fields(displayName=PROPERTY_NAME, unit=_grafana_unit(properties[0])),
        maxDataPoints=parts.MOST_POINTS,
    )


def _energy_per_hour(source: Source) -> Plain:
    grouped = _grouped({IMPORT: "range", EXPORT: "range"})
    return {
        "id": HOURLY,
        **parts.panel(
            "barchart",
            "Energy per hour",
            source,
            [source.history("A", *OF_CHOSEN, [IMPORT, EXPORT, POWER])],
            transformations=[*_as_table(), _by_hour(), grouped],
            options={"xField": "Time", "orientation": "auto", "showValue": "auto", "stacking": "none", "legend": _legend()},
            fieldConfig=parts.fields(unit=_grafana_unit(IMPORT), decimals=1),
            maxDataPoints=parts.MOST_POINTS,
        ),
    }


def _peak_demand() -> Plain:
    """The highest mean of an hour: Grafana groups by what a time looks like, and no format tells quarters of an hour."""
    return parts.derived(
        "stat",
        "Peak demand (mean of an hour)",
        HOURLY,
        transformations=[*_as_table(), _by_hour(), _grouped({POWER: "mean"})],
        options=parts.stat("max"),
        fieldConfig=parts.fields(unit=_grafana_unit(POWER), decimals=1, color=parts.fixed(parts.NEUTRAL)),
    )


def _peak_power() -> Plain:
    return parts.derived(
        "stat",
        "Peak power",
        HOURLY,
        transformations=_as_table(),
        options=parts.stat("max", f"/^{POWER}$/"),
        fieldConfig=parts.fields(unit=_grafana_unit(POWER), decimals=1, color=parts.fixed(parts.NEUTRAL)),
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
        fieldConfig=parts.fields(displayName=PROPERTY_NAME, unit=_grafana_unit(IMPORT), decimals=1, color=parts.fixed(parts.NEUTRAL)),
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
            unit=_grafana_unit(totals[0]),
            decimals=1,
            custom={"drawStyle": "bars", "fillOpacity": 60, "barAlignment": 1},
        ),
        timeFrom="365d",
        hideTimeOverride=True,
    )


def _choice(known: c.Sequence[Plain], source: Source) -> list[Plain]:
    """A panel by its name, and a meter of it as the twin names them."""
    panels = {meter["entity_id"]: meter["panel_name"] for meter in known}
    first, component = known[0]["entity_id"], known[0]["component_name"]
    options = [{"selected": value == first, "text": text, "value": value} for value, text in panels.items()]
    return [
        {
            "type": "custom",
            "name": names.CHOSEN_PANEL,
            "label": "Panel",
            "hide": 0,
            "multi": False,
            "includeAll": False,
            "skipUrlSync": False,
            "query": ", ".join(f"{_unseparated(text)} : {value}" for value, text in panels.items()),
            "current": {"text": panels[first], "value": first},
            "options": options,
        },
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
            "definition": "",
            "refresh": 1,
            # The component with the panel's totals is no meter.
            "regex": f"/^(?!{SUMMARY_NAME}$)/",
            "sort": 1,
            "current": {"text": component, "value": component},
            "options": [],
        },
    ]


def _unseparated(name: str) -> str:
    """A name as it stands in the list of a custom variable, where commas separate."""
    return name.replace(",", "\\,")


# ---- Meters


def _meters_lines(known: c.Sequence[Plain], source: Source, window: str) -> c.Iterator[Line]:
    for own in _by_panel(known):
        limited = [(meter, name) for meter in own for name in meter["limits"]]
        height = 3 + 2 * max(len(own), len(limited))
        width = 8 if limited else 12
        yield [(parts.WIDTH, 1, parts.row(own[0]["panel_name"]))]
        line = [(width, height, _last_readings(own, source)), (width, height, _silent("Stale meters", own, source, window))]
        yield [*line, (width, height, _limits(limited, source, window))] if limited else line


def _last_readings(own: c.Sequence[Plain], source: Source) -> Plain:
    """Meter, age of its last reading, and its power then. Grafana is made to ask once by an expression, whose result is then left out."""
    labels = {"type": "value", "options": {meter["component_name"]: _named(meter, index) for index, meter in enumerate(own)}}
    return parts.panel(
        "table",
        "Last reading",
        source,
        [*_newest(own, source), parts.last("X", "M1")],
        transformations=[{"id": "filterByRefId", "options": {"include": "/^M\\d+$/"}}, *_as_table(), _order_by_name()],
        fieldConfig=parts.fields(
            [
                _column("Time", displayName="Last reading", unit="dateTimeFromNow"),
                _column("componentName", displayName="Meter", mappings=[labels]),
                _column(POWER, unit=_grafana_unit(POWER), decimals=1),
            ]
        ),
        timeFrom=LOOK_BACK,
        hideTimeOverride=True,
    )


def _silent(title: str, own: c.Sequence[Plain], source: Source, window: str) -> Plain:
    return parts.panel(
        "stat",
        f"{title} (silent for {window})",
        source,
        [*(parts.hidden(target) for target in _newest(own, source)), *(parts.silence(f"S{n}", f"M{n}") for n in range(1, len(own) + 1))],
        options=parts.stat("lastNotNull", textMode="value_and_name", colorMode="background", orientation="horizontal"),
        fieldConfig=parts.fields(
            [parts.override(f"S{number}", displayName=_in_panel(own, meter)) for number, meter in enumerate(own, 1)],
            mappings=[_mapping({"0": ("reports", parts.GOOD), "1": ("stale", parts.ALARM)})],
        ),
        timeFrom=window,
        hideTimeOverride=True,
    )


def _limits(limited: c.Sequence[tuple[Plain, str]], source: Source, window: str) -> Plain:
    return parts.panel(
        "bargauge",
        "Limits",
        source,
        _last_values(limited, source),
        options=parts.bars("lastNotNull"),
        fieldConfig=parts.fields(
            [
                parts.override(
                    f"L{number}",
                    displayName=f"{meter['meter_name']}: {name}",
                    unit=_grafana_unit(name),
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


# ---- Gateways


def _gateways_lines(known: c.Sequence[Plain], source: Source, window: str) -> c.Iterator[Line]:
    yield [(parts.WIDTH, 3, parts.text("", GATEWAY_NOTE))]
    for gateway in dict.fromkeys(meter["gateway"] for meter in known if meter["gateway"]):
        own = [meter for meter in known if meter["gateway"] == gateway]
        height = max(6, 1 + len(own))
        yield [(parts.WIDTH, 1, parts.row(gateway))]
        yield [
            (6, height, _newest_of_all(own, source)),
            (6, height, _reporting(own, source, window)),
            (12, height, _silent("Its meters", own, source, window)),
        ]


def _newest_of_all(own: c.Sequence[Plain], source: Source) -> Plain:
    return parts.panel(
        "stat",
        "Last reading",
        source,
        [*_newest(own, source), parts.last("X", "M1")],
        transformations=[{"id": "filterByRefId", "options": {"include": "/^M\\d+$/"}}, *_as_table()],
        options=parts.stat("max", "/^Time$/"),
        fieldConfig=parts.fields(unit="dateTimeFromNow", color=parts.fixed(parts.NEUTRAL)),
        timeFrom=LOOK_BACK,
        hideTimeOverride=True,
    )


def _reporting(own: c.Sequence[Plain], source: Source, window: str) -> Plain:
    """How many of a gateway's meters report: all of them, less those that are silent."""
    numbers = range(1, len(own) + 1)
    return parts.panel(
        "stat",
        f"Meters that report ({window})",
        source,
        [
            *(parts.hidden(target) for target in _newest(own, source)),
            *(parts.hidden(parts.silence(f"S{n}", f"M{n}")) for n in numbers),
            parts.arithmetic("R", f"{len(own)} - ({' + '.join(f'$S{n}' for n in numbers)})"),
        ],
        options=parts.stat("lastNotNull", colorMode="background"),
        fieldConfig=parts.fields(
            unit=f"suffix: of {len(own)}",
            thresholds=parts.thresholds((parts.WARNING, 1 if len(own) > 1 else None), (parts.GOOD, len(own)), base=parts.ALARM),
            color={"mode": "thresholds"},
        ),
        timeFrom=window,
        hideTimeOverride=True,
    )


# ---- What several of them have


def _by_panel(known: c.Sequence[Plain]) -> list[list[Plain]]:
    return [list(own) for _id, own in itertools.groupby(known, key=lambda meter: meter["entity_id"])]


def _newest(own: c.Sequence[Plain], source: Source) -> list[Plain]:
    """The last power of each meter: every meter measures it."""
    return [source.newest(f"M{n}", meter["entity_id"], meter["component_name"], [POWER]) for n, meter in enumerate(own, 1)]


def _last_values(wanted: c.Sequence[tuple[Plain, str]], source: Source) -> list[Plain]:
    """The last value of each property, as the results L1, L2, ..."""
    asked = [source.newest(f"M{n}", meter["entity_id"], meter["component_name"], [name]) for n, (meter, name) in enumerate(wanted, 1)]
    return [*(parts.hidden(target) for target in asked), *(parts.last(f"L{n}", f"M{n}") for n in range(1, len(wanted) + 1))]


def _as_table() -> list[Plain]:
    """One table of all histories, with the component's name as a column."""
    return [{"id": "labelsToFields", "options": {"mode": "columns", "keepLabels": ["componentName"]}}, {"id": "merge", "options": {}}]


def _by_hour() -> Plain:
    return {"id": "formatTime", "options": {"timeField": "Time", "outputFormat": "YYYY-MM-DD HH:00", "useTimezone": True}}


def _grouped(calculations: c.Mapping[str, str]) -> Plain:
    """One row for each text in column Time. calculations: Grafana's name of one for each column."""
    columns = {name: {"operation": "aggregate", "aggregations": [one]} for name, one in calculations.items()}
    return {"id": "groupBy", "options": {"fields": {"Time": {"operation": "groupby", "aggregations": []}, **columns}}}


def _order_by_name() -> Plain:
    return {"id": "organize", "options": {"indexByName": {"componentName": 0, "Time": 1, POWER: 2}}}


def _column(name: str, **properties: t.Any) -> Plain:
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": key, "value": value} for key, value in properties.items()],
    }


def _named(meter: Plain, index: int) -> Plain:
    return {"text": meter["meter_name"], "index": index}


def _in_panel(own: c.Sequence[Plain], meter: Plain) -> str:
    """A meter's name, with that of its panel where meters of several panels are shown together."""
    several = len({one["entity_id"] for one in own}) > 1
    return f"{meter['panel_name']}: {meter['meter_name']}" if several else str(meter["meter_name"])


def _mapping(texts: c.Mapping[str, tuple[str, str]]) -> Plain:
    options = {value: {"text": text, "color": color, "index": index} for index, (value, (text, color)) in enumerate(texts.items())}
    return {"type": "value", "options": options}


def _grafana_unit(name: str) -> str:
    return parts.GRAFANA_UNITS[unit_of(name)]


def _link(title: str, url: str) -> Plain:
    return {"title": title, "url": url, "targetBlank": False}


def _legend() -> Plain:
    return {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
