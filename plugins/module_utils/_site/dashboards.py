# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What follows from a site for Grafana: its four dashboards Site, Panel, Meters and Gateways, in Grafana's JSON model. Pure.

A limit stands in one place, the panel "Limits" of dashboard Meters, so that a changed limit changes one threshold.
"""

from __future__ import annotations

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site import (
    dashboard_gateways,
    dashboard_meters,
    dashboard_panel,
    dashboard_site,
)
from ansible_collections.energytwin.aws.plugins.module_utils._site import dashboard_names as names
from ansible_collections.energytwin.aws.plugins.module_utils._site import dashboard_parts as parts
from ansible_collections.energytwin.aws.plugins.module_utils._site.dashboard_parts import Line, Plain, Source
from ansible_collections.energytwin.aws.plugins.module_utils._site.model import Site
from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import as_site, meters

TAG = "energytwin"


def dashboards(site: Site | c.Mapping[str, t.Any], scene_id: str = "", stale_minutes: int = 15) -> list[Plain]:
    """The dashboards Site, Panel, Meters and Gateways, in this order.

    scene_id: the scene that dashboard Site shows; empty for none. stale_minutes: how long a meter may be silent.
    """
    site = as_site(site)
    source = Source(names.uid(site.id, names.DATASOURCE))
    window = f"{stale_minutes}m"
    known = meters(site)
    return [
        _dashboard(
            site,
            names.SITE,
            dashboard_site.lines(site, known, source, scene_id, window),
            dashboard_site.variables(site, known, scene_id),
            refresh="1m",
        ),
        _dashboard(site, names.PANEL, dashboard_panel.lines(source), dashboard_panel.variables(known, source)),
        _dashboard(site, names.METERS, dashboard_meters.lines(known, source, window), refresh="5m"),
        _dashboard(site, names.GATEWAYS, dashboard_gateways.lines(known, source, window), refresh="5m"),
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
