# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plugins: a small catalogue, what is installed, installing and removing."""

from __future__ import annotations

import typing as t

from local_cloud.services.grafana.instance.visit import PLUGIN, Answer, Declined, Route, Visit
from local_cloud.store import Record

_TWINMAKER: t.Final = "grafana-iot-twinmaker-"


class Entry(t.NamedTuple):
    """A plugin of the catalogue. versions: oldest first; each with the least Grafana that it runs on. brings: plugins within it."""

    kind: str
    versions: dict[str, tuple[int, int]]
    brings: dict[str, str]


# What Amazon Managed Grafana's catalogue offers is not documented; the versions and what they need are the plugins' own.
CATALOGUE: t.Final = {
    f"{_TWINMAKER}app": Entry(
        "app",
        {
            "1.18.3": (10, 4),
            "2.0.2": (10, 4),
            **{f"2.1.{number}": (10, 4) for number in range(8)},
        },
        {
            f"{_TWINMAKER}datasource": "datasource",
            f"{_TWINMAKER}alarm-configuration-panel": "panel",
            f"{_TWINMAKER}queryeditor-panel": "panel",
            f"{_TWINMAKER}sceneviewer-panel": "panel",
            f"{_TWINMAKER}videoplayer-panel": "panel",
        },
    ),
    "grafana-timestream-datasource": Entry("datasource", {"2.9.0": (9, 2), "2.10.0": (10, 4)}, {}),
}
CORE: t.Final = {
    "cloudwatch": "datasource",
    "grafana-testdata-datasource": "datasource",
    "prometheus": "datasource",
    "stat": "panel",
    "table": "panel",
    "timeseries": "panel",
}


def is_installed(visit: Visit, plugin_id: str) -> bool:
    return _find(visit, plugin_id) is not None


def _find(visit: Visit, plugin_id: str) -> Record | None:
    """A plugin that is there: a core one, an installed one, or one that an installed one has brought."""
    if plugin_id in CORE:
        return {"id": plugin_id, "type": CORE[plugin_id], "version": "", "core": True}
    for record in visit.list(PLUGIN):
        if record["id"] == plugin_id:
            return {**record, "core": False}
        kind = CATALOGUE[record["id"]].brings.get(plugin_id)
        if kind is not None:
            return {"id": plugin_id, "type": kind, "version": record["version"], "core": False}
    return None


def _settings(visit: Visit) -> Answer:
    found = _find(visit, visit.labels["id"])
    if found is None:
        raise Declined(404, "Plugin not found, no installed plugin with that id")
    return _shown(found)


def _list(visit: Visit) -> Answer:
    installed = [name for record in visit.list(PLUGIN) for name in (record["id"], *CATALOGUE[record["id"]].brings)]
    return [_shown(found) for name in (*CORE, *installed) if (found := _find(visit, name)) is not None]


def _shown(found: Record) -> dict[str, t.Any]:
    return {
        "id": found["id"],
        "name": found["id"],
        "type": found["type"],
        "enabled": True,
        "pinned": False,
        "jsonData": {},
        "info": {"version": found["version"]},
        "signature": "internal" if found["core"] else "valid",
    }


def _install(visit: Visit) -> Answer:
    plugin_id, version = _changeable(visit), visit.body.get("version")
    entry = CATALOGUE.get(plugin_id)
    if entry is None:
        raise Declined(404, "Plugin not found")
    if version is None:
        version = list(entry.versions)[-1]
    if version not in entry.versions:
        raise Declined(404, "Plugin version not found")
    if tuple(int(part) for part in visit.workspace["grafanaVersion"].split(".")) < entry.versions[version]:
        raise Declined(409, "Plugin version not supported")
    with visit.room.cloud.store.transaction():
        if (visit.get(PLUGIN, plugin_id) or {}).get("version") == version:
            raise Declined(409, "Plugin already installed")
        visit.put(PLUGIN, plugin_id, {"id": plugin_id, "type": entry.kind, "version": version})
    return {}


def _uninstall(visit: Visit) -> Answer:
    if not visit.delete(PLUGIN, _changeable(visit)):
        raise Declined(404, "Plugin not installed")
    return {}


def _changeable(visit: Visit) -> str:
    """Without plugin administration Grafana does not even have these routes."""
    if not visit.workspace["configuration"]["plugins"]["pluginAdminEnabled"]:
        raise Declined(404, "Not found")
    if visit.labels["id"] in CORE:
        raise Declined(403, "Cannot install or change a Core plugin")
    return visit.labels["id"]


ROUTES: t.Final = (
    Route("GET", "plugins", "VIEWER", _list),
    Route("GET", "plugins/{id}/settings", "VIEWER", _settings),
    Route("POST", "plugins/{id}/install", "ADMIN", _install),
    Route("POST", "plugins/{id}/uninstall", "ADMIN", _uninstall),
)
