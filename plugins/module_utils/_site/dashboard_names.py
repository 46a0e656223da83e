# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a site's dashboards are called, and how they are linked. Pure."""

from __future__ import annotations

import hashlib
import re
import urllib.parse

# Grafana's limit for uids.
LONGEST_UID = 40
DIGEST = 8

SITE, PANEL, METERS, GATEWAYS = KINDS = ("site", "panel", "meters", "gateways")
TITLES = {SITE: "Site", PANEL: "Panel", METERS: "Meters", GATEWAYS: "Gateways"}
DATASOURCE = "twin"

# The variables of dashboard Site that a click in the scene sets.
SELECTED_ENTITY = "sel_entity"
SELECTED_COMPONENT = "sel_comp"
# The variable of dashboard Site that says from where the scene is seen: the name of one of its cameras.
VIEW = "view"
# The variables of dashboard Panel: an entity, and a component of it.
CHOSEN_PANEL = "panel"
CHOSEN_METER = "meter"


def uid(site_id: str, kind: str = "") -> str:
    """A uid that Grafana takes: ``<site>-<kind>``, or a short form of it with a digest. Without a kind it is that of the site's folder."""
    full = "-".join(part for part in (site_id, kind) if part)
    legal = re.sub(r"[^a-zA-Z0-9_-]", "-", full)
    if legal == full and len(full) <= LONGEST_UID:
        return full
    digest = hashlib.sha256(full.encode()).hexdigest()[:DIGEST]
    ending = f"-{digest}" + (f"-{kind}" if kind else "")
    return legal[: LONGEST_UID - len(ending)] + ending


def uids(site_id: str) -> dict[str, str]:
    """The uids of the site's folder, its data source and its dashboards: folder, datasource, site, panel, meters, gateways."""
    return {"folder": uid(site_id), "datasource": uid(site_id, DATASOURCE), **{kind: uid(site_id, kind) for kind in KINDS}}


def path(site_id: str, kind: str) -> str:
    """Where a dashboard is, below the address of Grafana."""
    return f"/d/{uid(site_id, kind)}"


def camera_name(entity_id: str) -> str:
    """The name of the scene's camera that shows the site or an area."""
    return f"camera-{entity_id}"


def panel_path(site_id: str, entity_id: str, component_name: str = "") -> str:
    """Where dashboard Panel shows a panel, and a meter of it, below the address of Grafana."""
    chosen = {f"var-{CHOSEN_PANEL}": entity_id, **({f"var-{CHOSEN_METER}": component_name} if component_name else {})}
    return f"{path(site_id, PANEL)}?{urllib.parse.urlencode(chosen)}"
