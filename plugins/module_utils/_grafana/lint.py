# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with a dashboard before Grafana, its TwinMaker app or somebody in front of an empty panel finds out. Pure.

Source of the rules: Grafana's dashboard JSON, and ``query.go`` and ``client.go`` of the TwinMaker app 2.1.7. Grafana stores nearly anything;
a wrong query shows as an error in its panel only.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import re
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._plan import shown

Plain = c.Mapping[str, t.Any]

DATASOURCE_TYPE = "grafana-iot-twinmaker-datasource"
SCENE_VIEWER = "grafana-iot-twinmaker-sceneviewer-panel"
APP_PANELS = {
    SCENE_VIEWER,
    "grafana-iot-twinmaker-videoplayer-panel",
    "grafana-iot-twinmaker-alarm-configuration-panel",
    "grafana-iot-twinmaker-queryeditor-panel",
}
APP = "grafana-iot-twinmaker-"
# Members that a query must have, by its type.
HISTORY = ("entityId", "componentName", "properties")
QUERY_TYPES: dict[str, tuple[str, ...]] = {
    "ListWorkspace": (),
    "ListScenes": (),
    "ListEntities": (),
    "GetEntity": ("entityId",),
    "GetPropertyValue": HISTORY,
    "ComponentHistory": ("componentTypeId", "properties"),
    "EntityHistory": HISTORY,
    "GetAlarms": (),
}
VARIABLE_QUERY_TYPES = ("ListComponentNames", "ListComponentTypes", "ListEntities")
SCENE_QUERY_TYPES = ("EntityHistory", "ComponentHistory", "GetAlarms")
ORDERS = ("ASCENDING", "DESCENDING")
FILTER_VALUES: dict[str, tuple[type, ...]] = {
    "stringValue": (str,),
    "doubleValue": (int, float),
    "integerValue": (int,),
    "longValue": (int,),
    "booleanValue": (bool,),
}
SELECTIONS = ("customSelEntityVarName", "customSelCompVarName", "customSelPropertyVarName")
SHORTEST_INTERVAL = 5
WIDTH = 24
MEMBERS = ("x", "y", "w", "h")
LONGEST_UID = 40
VARIABLE = re.compile(r"\$\{?(\w+)|\[\[(\w+)")


@dataclasses.dataclass(frozen=True)
class Twin:
    """What dashboards may name; None where it is not known and not checked.

    components: of each entity. properties: of any component. scenes: ids of scenes. datasources: uids in this Grafana.
    """

    components: dict[str, frozenset[str]] | None = None
    properties: frozenset[str] | None = None
    scenes: frozenset[str] | None = None
    datasources: frozenset[str] | None = None


def twin_of(options: Plain) -> Twin:
    """What the option ``twin`` of module grafana_dashboard tells: entities as for module twinmaker_entities, properties, scenes, datasources."""

    def known(name: str) -> frozenset[str] | None:
        return None if options.get(name) is None else frozenset(str(one) for one in options[name])

    entities = options.get("entities")
    components = None if entities is None else {str(one.get("entity_id")): frozenset(one.get("components") or ()) for one in entities}
    return Twin(components, known("properties"), known("scenes"), known("datasources"))


def faults(dashboard: Plain, twin: Twin | None = None) -> list[str]:
    """One sentence for each fault, which begins with the path of what is wrong."""
    return [*_Linter(dashboard, twin or Twin()).faults()]


def panels(dashboard: Plain) -> c.Iterator[tuple[str, Plain]]:
    """Every panel with its path, those in closed rows too."""
    for index, panel in _mappings(dashboard.get("panels")):
        yield f"panels[{index}]", panel
        for inner, nested in _mappings(panel.get("panels")):
            yield f"panels[{index}].panels[{inner}]", nested


def targets(panel: Plain, datasources: c.Collection[str] = ()) -> c.Iterator[tuple[int, Plain]]:
    """The targets of a panel that ask the TwinMaker data source, with their places.

    datasources: uids of such data sources. Grafana needs no type beside a uid; what has neither is known by its type of query.
    """
    for index, target in _mappings(panel.get("targets")):
        source = source_of(target, panel)
        kind = source.get("type")
        if kind == DATASOURCE_TYPE or (not kind and (str(source.get("uid")) in datasources or str(target.get("queryType")) in QUERY_TYPES)):
            yield index, target


def source_of(target: Plain, panel: Plain) -> Plain:
    """The data source of a target: without one of its own that of its panel. Old dashboards have the uid alone."""
    source = target.get("datasource") or panel.get("datasource")
    return {"uid": source} if isinstance(source, str) else _mapping(source)


class _Linter:
    def __init__(self, dashboard: Plain, twin: Twin) -> None:
        self._dashboard = dashboard
        self._twin = twin
        variables = _mapping(dashboard.get("templating")).get("list")
        self._variables = [variable for _index, variable in _mappings(variables)]
        self._names = {str(variable.get("name")) for variable in self._variables}

    def faults(self) -> c.Iterator[str]:
        yield from self._head()
        for index, variable in enumerate(self._variables):
            yield from self._variable(f"templating.list[{index}]", variable)
        yield from self._places()
        for path, panel in panels(self._dashboard):
            yield from self._panel(path, panel)

    def _head(self) -> c.Iterator[str]:
        uid = self._dashboard.get("uid")
        if isinstance(uid, str) and not re.fullmatch(rf"[a-zA-Z0-9_-]{{1,{LONGEST_UID}}}", uid):
            yield f"uid: {shown(uid)} cannot be used; use letters, digits, '-' and '_', at most {LONGEST_UID} characters."
        listed = self._dashboard.get("panels")
        if listed is not None and not isinstance(listed, list):
            yield f"panels: {shown(listed)} is no list; give a list of panels."

    def _variable(self, path: str, variable: Plain) -> c.Iterator[str]:
        source, query = _mapping(variable.get("datasource")), variable.get("query")
        if variable.get("type") != "query" or source.get("type") != DATASOURCE_TYPE:
            return
        yield from self._source(f"{path}.datasource", source)
        kind = _mapping(query).get("queryType")
        if str(kind) not in VARIABLE_QUERY_TYPES:
            yield f"{path}.query.queryType: {shown(kind)} gives no values; use one of {', '.join(VARIABLE_QUERY_TYPES)}."
        yield from self._known_variables(f"{path}.query.entityId", _mapping(query).get("entityId"))

    def _places(self) -> c.Iterator[str]:
        """Ids and places in the grid."""
        ids: dict[t.Any, str] = {}
        taken: list[tuple[str, Plain]] = []
        for path, panel in panels(self._dashboard):
            own = panel.get("id")
            if _is_whole(own):
                if own in ids:
                    yield f"{path}.id: {shown(own)} is that of {ids[own]} already; give each panel its own."
                ids.setdefault(own, path)
            place = panel.get("gridPos")
            if place is None:
                continue
            if not isinstance(place, c.Mapping) or not all(_is_whole(place.get(member)) for member in MEMBERS):
                yield f"{path}.gridPos: {shown(place)} is no place; give whole numbers x, y, w and h, none below 0."
                continue
            if place["x"] + place["w"] > WIDTH:
                yield f"{path}.gridPos: x {place['x']} and w {place['w']} go beyond the {WIDTH} columns; make the panel narrower."
            if ".panels[" not in path:
                taken.append((path, place))
        yield from (f"{path}.gridPos: it lies over {other}; move one of them." for path, other in _overlaps(taken))

    def _panel(self, path: str, panel: Plain) -> c.Iterator[str]:
        kind = str(panel.get("type", ""))
        options = _mapping(panel.get("options"))
        if kind.startswith(APP):
            if kind not in APP_PANELS:
                yield f"{path}.type: {shown(kind)} is no panel of the TwinMaker app; use one of {', '.join(sorted(APP_PANELS))}."
            if options.get("datasource"):
                yield from self._source(f"{path}.options.datasource", {"uid": options["datasource"]})
        if kind == SCENE_VIEWER:
            yield from self._scene(path, panel, options)
        for index, target in targets(panel, self._twin.datasources or ()):
            where = f"{path}.targets[{index}]"
            yield from self._source(f"{where}.datasource", source_of(target, panel))
            yield from self._target(where, target)

    def _scene(self, path: str, panel: Plain, options: Plain) -> c.Iterator[str]:
        scene = options.get("sceneId")
        if not scene:
            yield f"{path}.options.sceneId: there is none, so the panel stays empty; name a scene."
        elif self._twin.scenes is not None and str(scene) not in self._twin.scenes and not _variables_in(scene):
            yield f"{path}.options.sceneId: the twin has no scene {shown(scene)}; create it, or correct the id."
        for option in SELECTIONS:
            name = str(options.get(option) or "").strip("${}")
            if name and name not in self._names:
                yield f"{path}.options.{option}: the dashboard has no variable {shown(name)}; add it to templating."
        for index, target in targets(panel, self._twin.datasources or ()):
            if str(target.get("queryType")) not in SCENE_QUERY_TYPES:
                yield f"{path}.targets[{index}].queryType: the scene reads no {target.get('queryType')}; use {', '.join(SCENE_QUERY_TYPES)}."
            elif target.get("queryType") != "GetAlarms" and target.get("order") != "DESCENDING":
                yield f"{path}.targets[{index}].order: the scene takes the first value for the newest; use DESCENDING."

    def _source(self, path: str, source: Plain) -> c.Iterator[str]:
        uid = source.get("uid")
        if self._twin.datasources is None or uid is None or _variables_in(uid):
            return
        if str(uid) not in self._twin.datasources:
            known = ", ".join(sorted(self._twin.datasources))
            yield f"{path}: there is no data source {shown(uid)}; use one of {known}."

    def _target(self, path: str, target: Plain) -> c.Iterator[str]:
        kind = target.get("queryType")
        if str(kind) not in QUERY_TYPES:
            yield f"{path}.queryType: {shown(kind)} is none of the TwinMaker app; use one of {', '.join(QUERY_TYPES)}."
            return
        for member in QUERY_TYPES[str(kind)]:
            if not target.get(member):
                yield f"{path}.{member}: {kind} needs it; give it."
        if target.get("order") is not None and target["order"] not in ORDERS:
            yield f"{path}.order: {shown(target['order'])} is no order; use ASCENDING or DESCENDING."
        properties = target.get("properties")
        if properties and not isinstance(properties, list):
            yield f"{path}.properties: {shown(properties)} is no list; give a list of names."
        interval = target.get("intervalStreaming")
        if interval is not None and not (isinstance(interval, str) and interval.isdecimal() and int(interval) >= SHORTEST_INTERVAL):
            yield f"{path}.intervalStreaming: {shown(interval)} is none; write the seconds as a text, '{SHORTEST_INTERVAL}' or more."
        for index, condition in enumerate(_list(target.get("filter"))):
            yield from _filter_faults(f"{path}.filter[{index}]", condition)
        for member in ("entityId", "componentName", "componentTypeId"):
            yield from self._known_variables(f"{path}.{member}", target.get(member))
        yield from self._names_of_twin(path, target)

    def _names_of_twin(self, path: str, target: Plain) -> c.Iterator[str]:
        """Whether the twin has what the target asks for. What a variable stands for is not known here."""
        entity, component = (str(target.get(member) or "") for member in ("entityId", "componentName"))
        components = self._twin.components
        if components is not None and entity and not _variables_in(entity):
            if entity not in components:
                yield f"{path}.entityId: the twin has no entity {shown(entity)}; correct it, or add it to the site."
            elif component and not _variables_in(component) and component not in components[entity]:
                yield f"{path}.componentName: entity {shown(entity)} has no component {shown(component)}; correct it, or add the meter."
        for name in _list(target.get("properties")):
            if self._twin.properties is not None and str(name) not in self._twin.properties and not _variables_in(name):
                yield f"{path}.properties: {shown(name)} is no property of the twin; use one of {', '.join(sorted(self._twin.properties))}."

    def _known_variables(self, path: str, value: t.Any) -> c.Iterator[str]:
        for name in _variables_in(value):
            if name not in self._names and not name.startswith("__"):
                yield f"{path}: the dashboard has no variable {shown(name)}; add it to templating."


def _filter_faults(path: str, condition: t.Any) -> c.Iterator[str]:
    """The app leaves a filter without name or value out, without a word."""
    name, value = _mapping(condition).get("name"), _mapping(condition).get("value")
    if not name:
        yield f"{path}.name: there is none, so the filter would be left out; name a property."
    if not isinstance(value, c.Mapping) or len(value) != 1:
        yield f"{path}.value: {shown(value)} is no value; write one of {', '.join(FILTER_VALUES)}, e.g. {{stringValue: ACTIVE}}."
        return
    ((kind, held),) = value.items()
    if str(kind) not in FILTER_VALUES:
        yield f"{path}.value: {shown(kind)} is no kind of value; use one of {', '.join(FILTER_VALUES)}."
    elif not isinstance(held, FILTER_VALUES[kind]) or (isinstance(held, bool) and kind != "booleanValue"):
        yield f"{path}.value.{kind}: {shown(held)} is of another type; correct the value or its kind."


def _overlaps(places: c.Sequence[tuple[str, Plain]]) -> c.Iterator[tuple[str, str]]:
    """Pairs of paths, from the top down: each panel is compared with those only that reach down to it."""
    above: list[tuple[str, Plain]] = []
    for path, place in sorted(places, key=lambda one: one[1]["y"]):
        above = [(other, seen) for other, seen in above if seen["y"] + seen["h"] > place["y"]]
        yield from ((path, other) for other, seen in above if not _are_beside(place, seen))
        above.append((path, place))


def _are_beside(one: Plain, other: Plain) -> bool:
    return bool(one["x"] >= other["x"] + other["w"] or other["x"] >= one["x"] + one["w"])


def _variables_in(value: t.Any) -> list[str]:
    return [first or second for first, second in VARIABLE.findall(value)] if isinstance(value, str) else []


def _is_whole(value: t.Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _mapping(value: t.Any) -> Plain:
    return value if isinstance(value, c.Mapping) else {}


def _mappings(value: t.Any) -> c.Iterator[tuple[int, Plain]]:
    """The mappings in a list, with their places."""
    return ((index, one) for index, one in enumerate(_list(value)) if isinstance(one, c.Mapping))


def _list(value: t.Any) -> list[t.Any]:
    return value if isinstance(value, list) else []
