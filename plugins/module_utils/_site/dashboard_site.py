# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Dashboard Site: the scene, the meter that is selected in it, and the power of every panel now. Pure."""

from __future__ import annotations

import collections.abc as c

from ansible_collections.energytwin.aws.plugins.module_utils._site import dashboard_names as names
from ansible_collections.energytwin.aws.plugins.module_utils._site import dashboard_parts as parts
from ansible_collections.energytwin.aws.plugins.module_utils._site.dashboard_parts import PROPERTY_NAME, Line, Plain, Source
from ansible_collections.energytwin.aws.plugins.module_utils._site.dashboard_readings import (
    CURRENTS,
    POWER,
    VOLTAGES,
    by_panel,
    last_values,
)
from ansible_collections.energytwin.aws.plugins.module_utils._site.model import Site
from ansible_collections.energytwin.aws.plugins.module_utils._site.scene_places import every_area

OF_SELECTED = (f"${{{names.SELECTED_ENTITY}}}", f"${{{names.SELECTED_COMPONENT}}}")


def lines(site: Site, known: c.Sequence[Plain], source: Source, scene_id: str, window: str) -> c.Iterator[Line]:
    """The panels. known: the site's meters; scene_id: empty for none; window: how old a value may be, e.g. ``15m``."""
    chart = parts.panel(
        "timeseries",
        "Selected meter: power",
        source,
        [source.history("A", *OF_SELECTED, [POWER])],
        fieldConfig=parts.fields(displayName=PROPERTY_NAME, unit=parts.grafana_unit(POWER)),
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
        links=[parts.link("The meter's panel", names.path(site.id, names.PANEL) + _selected_parameters())],
    )
    if scene_id:
        options = _scene_options(source, scene_id)
        scene = parts.panel(parts.SCENE_VIEWER, site.name, source, [], options=options, timeFrom=window, hideTimeOverride=True)
        yield [(14, 18, scene), (10, 18, chart)]
        yield [(parts.WIDTH, 6, numbers)]
    else:
        yield [(10, 10, numbers), (14, 10, chart)]
    yield [(parts.WIDTH, 1, parts.row("Power now, by panel"))]
    now = [(12, 2 + 2 * max(len(own), 2), _power_now(site, own, source, window)) for own in by_panel(known)]
    yield from ([*pair] for pair in (now[index : index + 2] for index in range(0, len(now), 2)))


def _scene_options(source: Source, scene_id: str) -> Plain:
    """The scene asks for the values of its tags by itself: for all there are in the panel's time, at first and at each refresh.

    So that time is short, and what is too old to be shown leaves its tag grey.
    """
    return {
        "datasource": source.uid,
        "sceneId": scene_id,
        "customSelEntityVarName": names.SELECTED_ENTITY,
        "customSelCompVarName": names.SELECTED_COMPONENT,
        "customInputActiveCamera": names.VIEW,
        "enableAutoQuery": True,
        "queryRefreshInterval": 30,
    }


def _power_now(site: Site, own: c.Sequence[Plain], source: Source, window: str) -> Plain:
    """One electrical panel: each meter's power. They are not added up, since a panel's incomer measures what the others do, too."""
    return parts.panel(
        "bargauge",
        own[0]["panel_name"],
        source,
        last_values([(meter, POWER) for meter in own], source),
        options=parts.bars("lastNotNull"),
        fieldConfig=parts.fields(
            [parts.override(f"L{number}", displayName=meter["meter_name"]) for number, meter in enumerate(own, 1)],
            unit=parts.grafana_unit(POWER),
            decimals=1,
            color=parts.fixed(parts.NEUTRAL),
        ),
        timeFrom=window,
        hideTimeOverride=True,
        links=[parts.link("Panel", names.panel_path(site.id, own[0]["entity_id"], own[0]["component_name"]))],
    )


def variables(site: Site, known: c.Sequence[Plain], scene_id: str) -> list[Plain]:
    """What is selected in the scene, at first the first meter, so that there is something to see; and from where the scene is seen."""
    values = {names.SELECTED_ENTITY: known[0]["entity_id"], names.SELECTED_COMPONENT: known[0]["component_name"]}
    areas = {names.camera_name(area.id): area.name for area in every_area(site.areas)}
    selected = [
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
    return [parts.choice(names.VIEW, "View", {names.camera_name(site.id): site.name, **areas}), *selected] if scene_id else selected


def _selected_parameters() -> str:
    entity, component = OF_SELECTED
    return f"?var-{names.CHOSEN_PANEL}={entity}&var-{names.CHOSEN_METER}={component}"
