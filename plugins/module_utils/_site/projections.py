# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What follows from a site: plain data for everything that is made of it (pure, order-stable, JSON-serialisable)."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.model import Area, Limit, Meter, Panel, Position, Site
from ansible_collections.energytwin.aws.plugins.module_utils._site.parse import parse_site
from ansible_collections.energytwin.aws.plugins.module_utils._site.properties import (
    COMPONENT_TYPE_ID,
    METER_ID,
    PANEL_ID,
    SUMMARY_ID,
    SUMMARY_NAME,
    SUMMARY_TYPE_ID,
    measured_by,
)

Plain = dict[str, t.Any]


def as_site(value: Site | c.Mapping[str, t.Any]) -> Site:
    """A site as it is, or from the plain form that ``plain`` gives."""
    return value if isinstance(value, Site) else parse_site(value)


def plain(site: Site) -> Plain:
    """The site as plain data with every default filled in; ``parse_site`` takes it back."""
    return _present(
        {
            "id": site.id,
            "name": site.name,
            "topic": site.topic,
            "model": site.model,
            "timezone": None if site.timezone == Site.timezone else site.timezone,
            "people": [{"user": person.user, "role": person.role} for person in site.people],
            "areas": [_plain_area(area) for area in site.areas],
        }
    )


def twin_entities(site: Site | c.Mapping[str, t.Any], meter_type: str = COMPONENT_TYPE_ID) -> list[Plain]:
    """The entities of the twin, parents before children: the site, its areas and its panels; each meter is a component of its panel.

    Each of them has a component with the totals of its meters (``summaries``). meter_type: the id of the meters' component type.
    An entity: entity_id, name, parent_entity_id (not for the site itself), components {name: as in the API's CreateEntity}.
    """
    site = as_site(site)
    return [_entity(site.id, site.name, None), *(entity for area in site.areas for entity in _area_entities(area, site.id, meter_type))]


def meters(site: Site | c.Mapping[str, t.Any]) -> list[Plain]:
    """Every meter once, in the order of the site, with all that names it.

    panel_id, panel_name, meter_id, meter_name, entity_id, component_name, area_ids (outermost first), phases, properties that it
    can measure, model, gateway, address, serial, limits {property: {warning, alarm}}, position [x, y, z]; what is not known is None.
    """
    return [_meter(path, panel, meter) for path, panel in _panels(as_site(site).areas, ()) for meter in panel.meters]


def twin_components(site: Site | c.Mapping[str, t.Any]) -> list[Plain]:
    """Where the twin keeps each meter's history: entity_id and component_name, in the order of ``meters``."""
    return [{"entity_id": meter["entity_id"], "component_name": meter["component_name"]} for meter in meters(site)]


def summaries(site: Site | c.Mapping[str, t.Any]) -> dict[str, list[list[str]]]:
    """Whose meters the totals of the site, of each area and of each panel are made of: entity id -> [panel id, meter id] of each.

    None is counted twice: of a panel with incomers only these count, and of panels that feed each other only the first.
    """
    site = as_site(site)
    whole = Area(id=site.id, name=site.name, areas=site.areas)
    panels = [panel for _path, panel in _panels(site.areas, ())]
    return {
        **{area.id: _counted([panel for _path, panel in _panels([area], ())]) for area in (whole, *_every_area(site.areas))},
        **{panel.id: _counted([panel]) for panel in panels},
    }


def component_name(meter_id: str) -> str:
    return f"meter-{meter_id}"


def _area_entities(area: Area, parent: str, meter_type: str) -> c.Iterator[Plain]:
    yield _entity(area.id, area.name, parent)
    for panel in area.panels:
        components = {component_name(meter.id): _component(panel, meter, meter_type) for meter in panel.meters}
        yield _entity(panel.id, panel.name, area.id, components)
    for inner in area.areas:
        yield from _area_entities(inner, area.id, meter_type)


def _entity(entity_id: str, name: str, parent: str | None, components: Plain | None = None) -> Plain:
    entity: Plain = {"entity_id": entity_id, "name": name}
    if parent is not None:
        entity["parent_entity_id"] = parent
    summary = {"componentTypeId": SUMMARY_TYPE_ID, "properties": {SUMMARY_ID: {"value": {"stringValue": entity_id}}}}
    return {**entity, "components": {SUMMARY_NAME: summary, **(components or {})}}


def _every_area(areas: c.Sequence[Area]) -> c.Iterator[Area]:
    for area in areas:
        yield area
        yield from _every_area(area.areas)


def _counted(panels: c.Sequence[Panel]) -> list[list[str]]:
    feeds = {panel.id: panel.fed_from for panel in panels}
    counted = []
    for panel in panels:
        if panel.fed_from in feeds:
            continue
        incomers = [meter for meter in panel.meters if meter.incomer]
        counted += [[panel.id, meter.id] for meter in incomers or panel.meters]
    return counted


def _component(panel: Panel, meter: Meter, meter_type: str) -> Plain:
    identifiers = {PANEL_ID: panel.id, METER_ID: meter.id}
    return {
        "componentTypeId": meter_type,
        "description": meter.name,
        "properties": {name: {"value": {"stringValue": value}} for name, value in identifiers.items()},
    }


def _panels(areas: c.Sequence[Area], above: tuple[str, ...]) -> c.Iterator[tuple[tuple[str, ...], Panel]]:
    for area in areas:
        path = (*above, area.id)
        for panel in area.panels:
            yield path, panel
        yield from _panels(area.areas, path)


def _meter(area_ids: tuple[str, ...], panel: Panel, meter: Meter) -> Plain:
    return {
        "panel_id": panel.id,
        "panel_name": panel.name,
        "meter_id": meter.id,
        "meter_name": meter.name,
        "entity_id": panel.id,
        "component_name": component_name(meter.id),
        "area_ids": list(area_ids),
        "phases": meter.phases,
        "properties": list(measured_by(meter.phases)),
        "model": meter.model,
        "gateway": meter.gateway,
        "address": meter.address,
        "serial": meter.serial,
        "limits": _plain_limits(meter.limits),
        "position": _plain_position(meter.position),
    }


def _plain_area(area: Area) -> Plain:
    return _present(
        {
            "id": area.id,
            "name": area.name,
            "position": _plain_position(area.position),
            "panels": [_plain_panel(panel) for panel in area.panels],
            "areas": [_plain_area(inner) for inner in area.areas],
        }
    )


def _plain_panel(panel: Panel) -> Plain:
    return _present(
        {
            "id": panel.id,
            "name": panel.name,
            "fed_from": panel.fed_from,
            "position": _plain_position(panel.position),
            "meters": [_plain_meter(meter) for meter in panel.meters],
        }
    )


def _plain_meter(meter: Meter) -> Plain:
    plain_values = {"incomer": meter.incomer or None, "limits": _plain_limits(meter.limits), "position": _plain_position(meter.position)}
    return _present({**{field.name: getattr(meter, field.name) for field in dataclasses.fields(meter)}, **plain_values})


def _plain_limits(limits: c.Sequence[Limit]) -> Plain:
    return {limit.property: _present({"warning": limit.warning, "alarm": limit.alarm}) for limit in limits}


def _plain_position(position: Position | None) -> list[float] | None:
    return None if position is None else list(position)


def _present(values: Plain) -> Plain:
    return {key: value for key, value in values.items() if value is not None}
