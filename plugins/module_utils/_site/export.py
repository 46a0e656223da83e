# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way back: from the entities of a twin to the site model, as far as it can say them, and what is left over (pure)."""

from __future__ import annotations

import collections.abc as c
import dataclasses

from ansible_collections.energytwin.aws.plugins.module_utils._site.parse import SiteError, parse_site
from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import Plain, component_name, plain, twin_entities
from ansible_collections.energytwin.aws.plugins.module_utils._site.properties import COMPONENT_TYPE_ID, METER_ID, PANEL_ID
from ansible_collections.energytwin.aws.plugins.module_utils._site.validate import limit_property_fault

ROOT = "$ROOT"
PHASES = 3
_ENTITY_TEXTS = ("name", "description", "parent_entity_id", "tags")


@dataclasses.dataclass(frozen=True)
class Export:
    """site: plain data for the variable ``site``; None if the entities hold none. extra: entities that it does not say, or parts of such
    that it does. unsaid: what could not be expressed, or had to be guessed, one sentence each."""

    site: Plain | None
    extra: list[Plain]
    unsaid: list[str]


def export_site(
    entities: c.Sequence[Plain],
    site_id: str,
    *,
    noted: Plain | None = None,
    topic: str = "",
    meter_type: str = COMPONENT_TYPE_ID,
    limits: c.Mapping[tuple[str, str], Plain] | None = None,
) -> Export:
    """entities: in the shape of the option ``entities`` of module twinmaker_entities.

    noted: the site model that was applied last, if it is known; what entities do not say (phases, limits, gateways, places) is taken from it.
    limits: {property: {warning, alarm}} by entity id and component name, where scenes say them; for meters that are not noted.
    """
    found = {entity["entity_id"]: entity for entity in entities}
    unsaid: list[str] = []
    if noted and _is_projected(noted, site_id, found, meter_type):
        site: Plain | None = plain(parse_site(noted, site_id))
    else:
        site = _Reverse(found, meter_type, _details(noted), limits or {}, unsaid).site(site_id, (noted or {}).get("topic") or topic)
        site = None if site is None else _checked(site, noted or {}, site_id, unsaid)
    said = {} if site is None else {entity["entity_id"]: entity for entity in twin_entities({**site, "id": site_id}, meter_type)}
    extra = [rest for entity in entities if (rest := _rest(entity, said.get(entity["entity_id"])))]
    return Export(None if site is None else _variable(site), extra, unsaid)


def _variable(site: Plain) -> Plain:
    """As the variable of the host. That nobody is known must not take everybody's role away, as a site that names nobody does."""
    return {key: value for key, value in site.items() if key != "id" and (key != "people" or value)}


def merged(entities: c.Sequence[Plain], extra: c.Iterable[Plain]) -> list[Plain]:
    """The entities, with more of them or more about them: an extra of an id that is there already adds to it."""
    by_id = {entity["entity_id"]: entity for entity in entities}
    for more in extra:
        own = by_id.get(more["entity_id"], {})
        by_id[more["entity_id"]] = {**own, **more, "components": {**own.get("components", {}), **(more.get("components") or {})}}
    return list(by_id.values())


def _is_projected(noted: Plain, site_id: str, found: c.Mapping[str, Plain], meter_type: str) -> bool:
    try:
        expected = twin_entities(parse_site(noted, site_id), meter_type)
    except SiteError:
        return False
    return all(entity["entity_id"] in found and _covers(found[entity["entity_id"]], entity) for entity in expected)


def _covers(found: Plain, expected: Plain) -> bool:
    same = found["name"] == expected["name"] and _parent(found) == _parent(expected)
    return same and all(_same(found.get("components", {}).get(name), wanted) for name, wanted in expected["components"].items())


def _same(component: Plain | None, wanted: Plain) -> bool:
    keys = ("componentTypeId", "description", "properties")
    return component is not None and all((component.get(key) or None) == (wanted.get(key) or None) for key in keys)


def _parent(entity: Plain) -> str:
    return entity.get("parent_entity_id") or ROOT


def _rest(entity: Plain, said: Plain | None) -> Plain | None:
    """What the site does not say of an entity; None if it says all."""
    if said is None:
        return {key: value for key, value in entity.items() if value not in ("", {}, None) or key == "entity_id"}
    components = {
        name: component
        for name, component in (entity.get("components") or {}).items()
        if name not in said["components"] or not _same(component, said["components"][name])
    }
    texts = {
        key: entity[key] for key in _ENTITY_TEXTS if entity.get(key) and entity[key] != said.get(key) and not _is_root(key, entity, said)
    }
    if not components and not texts:
        return None
    return {"entity_id": entity["entity_id"], "name": entity["name"], **texts, **({"components": components} if components else {})}


def _is_root(key: str, entity: Plain, said: Plain) -> bool:
    return key == "parent_entity_id" and _parent(entity) == _parent(said)


@dataclasses.dataclass(frozen=True)
class _Details:
    """What a site model says beyond its entities, by id."""

    places: dict[str, Plain]
    meters: dict[tuple[str, str], Plain]


def _details(noted: Plain | None) -> _Details:
    details = _Details({}, {})

    def walk(areas: c.Iterable[Plain]) -> None:
        for area in areas:
            details.places[str(area.get("id"))] = area
            for panel in area.get("panels") or []:
                details.places[str(panel.get("id"))] = panel
                for meter in panel.get("meters") or []:
                    details.meters[str(panel.get("id")), str(meter.get("id"))] = meter
            walk(area.get("areas") or [])

    walk((noted or {}).get("areas") or [])
    return details


class _Reverse:
    """Reads areas, panels and meters out of a tree of entities."""

    def __init__(
        self,
        found: c.Mapping[str, Plain],
        meter_type: str,
        details: _Details,
        limits: c.Mapping[tuple[str, str], Plain],
        unsaid: list[str],
    ) -> None:
        self._found = found
        self._type = meter_type
        self._details = details
        self._limits = limits
        self._unsaid = unsaid
        self._children: dict[str, list[str]] = {}
        self._guessed: list[str] = []
        for entity_id, entity in found.items():
            self._children.setdefault(_parent(entity), []).append(entity_id)

    def site(self, site_id: str, topic: str) -> Plain | None:
        root = self._found.get(site_id)
        if root is None:
            with_meters = [child for child in self._children.get(ROOT, []) if self._holds_panel(child)]
            hint = f"; if '{with_meters[0]}' is the site, give the inventory host that name" if with_meters else ""
            self._unsaid.append(f"There is no entity '{site_id}' that could be the site, so all entities are written as they are{hint}.")
            return None
        areas = self._areas(site_id)
        if not topic:
            topic = f"energy/{site_id}"
            self._unsaid.append(f"topic: AWS does not say it, '{topic}' is a guess; correct it.")
        if self._guessed:
            first = ", ".join(self._guessed[:5]) + (f" and {len(self._guessed) - 5} more" if len(self._guessed) > 5 else "")
            self._unsaid.append(
                f"phases: entities do not say them, {PHASES} is a guess for meters {first}; correct them, and add gateways, places, limits that are"
                " missing, and which meters measure what others measure too (incomer, fed_from), without which totals count it twice."
            )
        return {"name": root["name"], "topic": topic, "areas": areas}

    def _areas(self, parent: str) -> list[Plain]:
        return [self._area(child) for child in self._children.get(parent, []) if not self._is_panel(child) and self._holds_panel(child)]

    def _area(self, area_id: str) -> Plain:
        panels = [self._panel(child) for child in self._children.get(area_id, []) if self._is_panel(child)]
        place = {"id": area_id, "name": self._found[area_id]["name"], **self._of_place(area_id, ("position",))}
        return {**place, "panels": panels, "areas": self._areas(area_id)}

    def _panel(self, panel_id: str) -> Plain:
        entity = self._found[panel_id]
        meters = [
            self._meter(panel_id, name, component) for name, component in entity["components"].items() if self._is_meter(entity, name)
        ]
        return {"id": panel_id, "name": entity["name"], **self._of_place(panel_id, ("position", "fed_from")), "meters": meters}

    def _meter(self, panel_id: str, name: str, component: Plain) -> Plain:
        meter_id = _text(component, METER_ID)
        noted = self._details.meters.get((panel_id, meter_id))
        if noted is None:
            self._guessed.append(f"{panel_id}/{meter_id}")
            limits = self._limits.get((panel_id, name), {})
            noted = {"phases": PHASES, "limits": {key: limit for key, limit in limits.items() if not limit_property_fault(key, PHASES)}}
        return {**noted, "id": meter_id, "name": component.get("description") or name}

    def _of_place(self, entity_id: str, keys: c.Iterable[str]) -> Plain:
        place = self._details.places.get(entity_id, {})
        return {key: place[key] for key in keys if place.get(key) is not None}

    def _is_meter(self, entity: Plain, name: str) -> bool:
        component = entity["components"][name]
        own = component.get("componentTypeId") == self._type and _text(component, PANEL_ID) == entity["entity_id"]
        return own and name == component_name(_text(component, METER_ID))

    def _is_panel(self, entity_id: str) -> bool:
        entity = self._found[entity_id]
        return any(self._is_meter(entity, name) for name in entity.get("components") or {})

    def _holds_panel(self, entity_id: str) -> bool:
        """Whether panels stand below, on a way of entities that can be areas."""
        return any(
            self._is_panel(child) or self._holds_panel(child)
            for child in self._children.get(entity_id, [])
            if not self._is_panel(entity_id)
        )


def _text(component: Plain, name: str) -> str:
    value = (component.get("properties") or {}).get(name, {}).get("value") or {}
    return str(value.get("stringValue", "")) if isinstance(value, c.Mapping) else ""


def _checked(site: Plain, noted: Plain, site_id: str, unsaid: list[str]) -> Plain | None:
    """The site as the model takes it; None, with the reasons, if it does not."""
    more = {key: noted[key] for key in ("people", "model", "timezone") if noted.get(key)}
    try:
        return plain(parse_site({**site, **more}, site_id))
    except SiteError as fault:
        unsaid.extend(f"The entities are no site, so all are written as they are: {problem}." for problem in fault.problems)
        return None
