# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts that dashboards are made of: queries of the TwinMaker data source, panels, their places. Pure.

Source: Grafana's dashboard JSON (schema version 39) and version 2.1.7 of Grafana's TwinMaker app.

Two ways of asking for a history, since the app goes on from page to page (200 values each) while a dashboard is open:
- a chart asks by itself and gets every page. Grafana keeps as many values of them as the panel's ``maxDataPoints``.
- where only the first or the last value counts, one expression among the targets makes Grafana ask on its own, and once: there
  ``maxResults`` is taken literally.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.properties import unit_of

Plain = dict[str, t.Any]
# What stands side by side: (width, height, panel), from left to right.
Line = list[tuple[int, int, Plain]]

DATASOURCE_TYPE = "grafana-iot-twinmaker-datasource"
SCENE_VIEWER = "grafana-iot-twinmaker-sceneviewer-panel"
# The sources that are Grafana's own: expressions over other targets, and the result of another panel.
EXPRESSION: Plain = {"type": "__expr__", "uid": "__expr__"}
OTHER_PANEL: Plain = {"type": "datasource", "uid": "-- Dashboard --"}

SCHEMA_VERSION = 39
WIDTH = 24
# Two days of readings, one every ten seconds, with room to spare.
MOST_POINTS = 20_000

GRAFANA_UNITS = {"V": "volt", "A": "amp", "kW": "kwatt", "kWh": "kwatth", "Hz": "hertz", "": "none"}
# A value is called what its property is called.
PROPERTY_NAME = "${__field.labels.propertyName}"
NEUTRAL, GOOD, WARNING, ALARM = "blue", "green", "orange", "red"


@dataclasses.dataclass(frozen=True)
class Source:
    """The TwinMaker data source that a dashboard reads."""

    uid: str

    @property
    def reference(self) -> Plain:
        return {"type": DATASOURCE_TYPE, "uid": self.uid}

    def history(self, ref_id: str, entity_id: str, component_name: str, properties: c.Sequence[str], **more: t.Any) -> Plain:
        """The history of a component in the panel's time. more: further members of the query."""
        return {
            "refId": ref_id,
            "datasource": self.reference,
            "queryType": "EntityHistory",
            "entityId": entity_id,
            "componentName": component_name,
            "properties": list(properties),
            "order": "ASCENDING",
            **more,
        }

    def newest(self, ref_id: str, entity_id: str, component_name: str, properties: c.Sequence[str]) -> Plain:
        """The last value only. For panels with an expression among their targets."""
        return self.history(ref_id, entity_id, component_name, properties, order="DESCENDING", maxResults=1)

    def oldest(self, ref_id: str, entity_id: str, component_name: str, properties: c.Sequence[str]) -> Plain:
        """The first value only. For panels with an expression among their targets."""
        return self.history(ref_id, entity_id, component_name, properties, maxResults=1)

    def entity(self, ref_id: str, entity_id: str) -> Plain:
        """The components of an entity, a row each: component, componentTypeId, description, ..."""
        return {"refId": ref_id, "datasource": self.reference, "queryType": "GetEntity", "entityId": entity_id}


def hidden(target: Plain) -> Plain:
    """A target that only expressions see."""
    return {**target, "hide": True}


def last(ref_id: str, of: str) -> Plain:
    """An expression: the last value of a target, as a number."""
    return {"refId": ref_id, "datasource": EXPRESSION, "type": "reduce", "expression": of, "reducer": "last"}


def arithmetic(ref_id: str, expression: str) -> Plain:
    """An expression over others, e.g. ``$B - $A``."""
    return {"refId": ref_id, "datasource": EXPRESSION, "type": "math", "expression": expression}


def silence(ref_id: str, of: str) -> Plain:
    """An expression: 1 if a target has no value in the panel's time, else 0."""
    condition = {
        "type": "query",
        "query": {"params": [of]},
        "reducer": {"type": "last", "params": []},
        "evaluator": {"type": "no_value", "params": []},
        "operator": {"type": "and"},
    }
    return {"refId": ref_id, "datasource": EXPRESSION, "type": "classic_conditions", "conditions": [condition]}


def panel(kind: str, title: str, source: Source, targets: c.Sequence[Plain], **more: t.Any) -> Plain:
    """A panel that reads the twin. more: further members, options and fieldConfig among them."""
    return {"type": kind, "title": title, "datasource": source.reference, "targets": list(targets), **more}


def derived(kind: str, title: str, of: int, **more: t.Any) -> Plain:
    """A panel that shows the result of another one, which has the id ``of``, without asking again."""
    return {"type": kind, "title": title, "datasource": OTHER_PANEL, "targets": [_result_of(of)], **more}


def text(title: str, content: str) -> Plain:
    return {"type": "text", "title": title, "options": {"mode": "markdown", "content": content}}


def row(title: str) -> Plain:
    return {"type": "row", "title": title, "collapsed": False, "panels": []}


def stat(calculation: str, fields: str = "", **more: t.Any) -> Plain:
    """Options of a stat panel. calculation: Grafana's name of it; fields: which ones, as a regular expression; empty for numbers."""
    reduced = {"calcs": [calculation], "fields": fields, "values": False}
    return {"reduceOptions": reduced, "textMode": "auto", "graphMode": "none", "colorMode": "value", "wideLayout": True, **more}


def bars(calculation: str) -> Plain:
    """Options of a bar gauge."""
    reduced = {"calcs": [calculation], "fields": "", "values": False}
    return {"reduceOptions": reduced, "orientation": "horizontal", "displayMode": "lcd", "showUnfilled": True, "valueMode": "color"}


def fields(overrides: c.Sequence[Plain] = (), **defaults: t.Any) -> Plain:
    """A panel's fieldConfig."""
    return {"defaults": defaults, "overrides": list(overrides)}


def override(ref_id: str, **properties: t.Any) -> Plain:
    """What holds for the fields of one target."""
    return {
        "matcher": {"id": "byFrameRefID", "options": ref_id},
        "properties": [{"id": name, "value": value} for name, value in properties.items()],
    }


def thresholds(*steps: tuple[str, float | None], base: str = GOOD) -> Plain:
    """Colours from a value on. steps: (colour, value), rising; None for a step that is not wanted."""
    above = [{"color": color, "value": value} for color, value in steps if value is not None]
    return {"mode": "absolute", "steps": [{"color": base, "value": None}, *above]}


def fixed(color: str) -> Plain:
    return {"mode": "fixed", "fixedColor": color}


def placed(blocks: c.Iterable[Line]) -> list[Plain]:
    """Panels with ids and places. blocks: their widths are WIDTH in sum at most."""
    panels: list[Plain] = []
    top = 0
    for line in blocks:
        left = 0
        for width, height, one in line:
            panels.append({"id": len(panels) + 1, **one, "gridPos": {"x": left, "y": top, "w": width, "h": height}})
            left += width
        top += max((height for _width, height, _one in line), default=0)
    return panels


def as_table() -> list[Plain]:
    """One table of all histories, with the component's name as a column."""
    return [{"id": "labelsToFields", "options": {"mode": "columns", "keepLabels": ["componentName"]}}, {"id": "merge", "options": {}}]


def by_hour() -> Plain:
    return {"id": "formatTime", "options": {"timeField": "Time", "outputFormat": "YYYY-MM-DD HH:00", "useTimezone": True}}


def grouped(calculations: c.Mapping[str, str]) -> Plain:
    """One row for each text in column Time. calculations: Grafana's name of one for each column."""
    columns = {name: {"operation": "aggregate", "aggregations": [one]} for name, one in calculations.items()}
    return {"id": "groupBy", "options": {"fields": {"Time": {"operation": "groupby", "aggregations": []}, **columns}}}


def column(name: str, **properties: t.Any) -> Plain:
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": key, "value": value} for key, value in properties.items()],
    }


def mapping(texts: c.Mapping[str, tuple[str, str]]) -> Plain:
    options = {value: {"text": text, "color": color, "index": index} for index, (value, (text, color)) in enumerate(texts.items())}
    return {"type": "value", "options": options}


def grafana_unit(name: str) -> str:
    return GRAFANA_UNITS[unit_of(name)]


def link(title: str, url: str) -> Plain:
    return {"title": title, "url": url, "targetBlank": False}


def choice(name: str, label: str, texts: c.Mapping[str, str]) -> Plain:
    """A variable with fixed values, of which the first is chosen. texts: what is shown for each value."""
    first = next(iter(texts))
    return {
        "type": "custom",
        "name": name,
        "label": label,
        "hide": 0,
        "multi": False,
        "includeAll": False,
        "skipUrlSync": False,
        "query": ", ".join(f"{_unseparated(text)} : {value}" for value, text in texts.items()),
        "current": {"text": texts[first], "value": first},
        "options": [{"selected": value == first, "text": text, "value": value} for value, text in texts.items()],
    }


def _unseparated(name: str) -> str:
    """A name as it stands in the list of a custom variable, where commas separate."""
    return name.replace(",", "\\,")


def legend() -> Plain:
    return {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}


def _result_of(panel_id: int) -> Plain:
    return {"refId": "A", "datasource": OTHER_PANEL, "panelId": panel_id, "withTransforms": False}
