# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Dashboards: saved in versions, read as the version of Grafana shows them, found by folder."""

from __future__ import annotations

import copy
import re
import typing as t

from local_cloud.services.grafana.instance.visit import DASHBOARD, FOLDER, SAVED, Answer, Declined, Route, Visit, checked_uid, text
from local_cloud.store import Record

_REWRITES: t.Final = 13
_NEWEST_SCHEMA: t.Final = 42
_KEPT_VERSIONS: t.Final = 20
_GONE_MEMBERS: t.Final = ("style", "iteration", "__requires")
_ANNOTATION: t.Final[dict[str, t.Any]] = {
    "builtIn": 1,
    "datasource": {"type": "grafana", "uid": "-- Grafana --"},
    "enable": True,
    "hide": True,
    "iconColor": "rgba(0, 211, 255, 1)",
    "name": "Annotations & Alerts",
    "type": "dashboard",
}


def _save(visit: Visit) -> Answer:
    body = visit.body.get("dashboard")
    if not isinstance(body, dict):
        raise Declined(400, "bad request data")
    title, folder = text(body, "title").strip(), text(visit.body, "folderUid")
    if not title:
        raise Declined(400, "Dashboard title cannot be empty")
    if folder and visit.get(FOLDER, folder) is None:
        raise Declined(400, "folder not found")
    with visit.room.cloud.store.transaction():
        uid, current = checked_uid(body.get("uid")), None
        current = visit.get(DASHBOARD, uid)
        overwrite = bool(visit.body.get("overwrite"))
        if current is not None and not overwrite and body.get("version") != current["version"]:
            raise Declined(412, "The dashboard has been changed by someone else", status="version-mismatch")
        namesake = next(
            (
                other
                for other in visit.list(DASHBOARD)
                if other["uid"] != uid and other["folderUid"] == folder and other["body"]["title"].lower() == title.lower()
            ),
            None,
        )
        if namesake is not None:
            if current is not None or not overwrite:
                raise Declined(412, "A dashboard with the same name in the folder already exists", status="name-exists")
            current, uid = namesake, namesake["uid"]
        number = current["id"] if current else visit.next_id()
        version = current["version"] + 1 if current else 1
        kept = {name: value for name, value in body.items() if name not in ("id", "uid", "version")}
        record: Record = {"id": number, "uid": uid, "version": version, "folderUid": folder, "body": {**kept, "title": title}}
        visit.put(DASHBOARD, uid, record)
        saved = {
            "id": version,
            "version": version,
            "created": visit.room.cloud.now(),
            "createdBy": visit.account,
            "message": text(visit.body, "message"),
        }
        visit.put(SAVED, _saved_key(uid, version), saved)
        visit.delete(SAVED, _saved_key(uid, version - _KEPT_VERSIONS))
    slug = _slug(title)
    url = visit.url(f"d/{uid}/{slug}")
    return {"id": number, "uid": uid, "url": url, "status": "success", "version": version, "slug": slug, "folderUid": folder}


def _get(visit: Visit) -> Answer:
    record = _find(visit)
    body = {**record["body"], "id": record["id"], "uid": record["uid"], "version": record["version"]}
    folder = visit.get(FOLDER, record["folderUid"]) if record["folderUid"] else None
    slug = _slug(body["title"])
    meta = {
        "type": "db",
        "slug": slug,
        "url": visit.url(f"d/{record['uid']}/{slug}"),
        "version": record["version"],
        "folderUid": record["folderUid"],
        "folderTitle": folder["title"] if folder else "General",
        "provisioned": False,
        "canSave": visit.may("EDITOR"),
    }
    return {"dashboard": rewritten(body) if visit.major >= _REWRITES else body, "meta": meta}


def rewritten(body: dict[str, t.Any]) -> dict[str, t.Any]:
    """A dashboard as Grafana 13 shows it: brought to its newest schema, with what it fills in and without what it no longer knows."""
    shown = {name: copy.deepcopy(value) for name, value in body.items() if name not in _GONE_MEMBERS}
    annotations = shown.setdefault("annotations", {}).setdefault("list", [])
    if not any(isinstance(entry, dict) and entry.get("builtIn") for entry in annotations):
        annotations.insert(0, copy.deepcopy(_ANNOTATION))
    shown["schemaVersion"] = _NEWEST_SCHEMA
    if shown.get("refresh") is False:
        shown["refresh"] = ""
    for name, default in {"fiscalYearStartMonth": 0, "graphTooltip": 0, "links": [], "preload": False, "timepicker": {}}.items():
        shown.setdefault(name, default)
    for panel in shown.get("panels", []):
        if isinstance(panel, dict):
            _fill_in(panel)
    return shown


def _fill_in(panel: dict[str, t.Any]) -> None:
    panel.setdefault("pluginVersion", "13.1.0")
    panel.setdefault("options", {})
    defaults = panel.setdefault("fieldConfig", {"defaults": {}, "overrides": []}).setdefault("defaults", {})
    defaults.setdefault("mappings", [])
    steps = defaults.setdefault("thresholds", {"mode": "absolute", "steps": [{"color": "green", "value": None}]}).get("steps") or []
    for step in steps[:1]:
        # The lowest step has no value of its own any more: it was null, and is 0 now.
        step["value"] = step.get("value") or 0
    if panel.get("transparent") is False:
        del panel["transparent"]
    sources = [target["datasource"] for target in panel.get("targets", []) if isinstance(target, dict) and "datasource" in target]
    if sources:
        panel.setdefault("datasource", copy.deepcopy(sources[0]))


def _versions(visit: Visit) -> Answer:
    """Newest first, in the form that has been given since Grafana 11.3."""
    record = _find(visit)
    found = visit.list(SAVED, f"{record['uid']}/")[::-1]
    limit = visit.query.get("limit", "0")
    shown = found[: int(limit)] if limit.isdigit() and int(limit) else found
    return shown if visit.major < 12 else {"continueToken": "", "versions": shown}


def _delete(visit: Visit) -> Answer:
    with visit.room.cloud.store.transaction():
        record = _find(visit)
        visit.delete(DASHBOARD, record["uid"])
        for saved in visit.list(SAVED, f"{record['uid']}/"):
            visit.delete(SAVED, _saved_key(record["uid"], saved["version"]))
    title = record["body"]["title"]
    return {"id": record["id"], "uid": record["uid"], "message": f"Dashboard {title} deleted", "title": title}


def _search(visit: Visit) -> Answer:
    """What stands in a folder, or everywhere; the one filter is ``folderUIDs`` with a single uid."""
    folder = visit.query.get("folderUIDs")
    shown = [
        {"id": record["id"], "uid": record["uid"], "title": record["title"], "type": "dash-folder", "folderUid": record["parentUid"]}
        for record in visit.list(FOLDER)
    ]
    shown += [
        {"id": record["id"], "uid": record["uid"], "title": record["body"]["title"], "type": "dash-db", "folderUid": record["folderUid"]}
        for record in visit.list(DASHBOARD)
    ]
    return [entry for entry in shown if folder is None or entry["folderUid"] == folder]


def _find(visit: Visit) -> Record:
    record = visit.get(DASHBOARD, visit.labels["uid"])
    if record is None:
        raise Declined(404, "Dashboard not found", status="not-found")
    return record


def _saved_key(uid: str, version: int) -> str:
    return f"{uid}/{version:010d}"


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


ROUTES: t.Final = (
    Route("POST", "dashboards/db", "EDITOR", _save),
    Route("GET", "dashboards/uid/{uid}", "VIEWER", _get),
    Route("DELETE", "dashboards/uid/{uid}", "EDITOR", _delete),
    Route("GET", "dashboards/uid/{uid}/versions", "EDITOR", _versions),
    Route("GET", "search", "VIEWER", _search),
)
