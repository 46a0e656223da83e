# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Folders, which may be nested; a deleted folder takes its dashboards and folders with it."""

from __future__ import annotations

import typing as t

from local_cloud.services.grafana.instance.visit import (
    ALERT_GROUP,
    DASHBOARD,
    FOLDER,
    SAVED,
    Answer,
    Declined,
    Route,
    Visit,
    checked_uid,
    text,
)
from local_cloud.store import Record


def _create(visit: Visit) -> Answer:
    title = _title(visit)
    with visit.room.cloud.store.transaction():
        uid = checked_uid(visit.body.get("uid"))
        if visit.get(FOLDER, uid) is not None:
            raise Declined(409, "A folder with that uid already exists")
        parent = _parent(visit)
        _check_free(visit, parent, title, uid)
        record = {"id": visit.next_id(), "uid": uid, "title": title, "parentUid": parent, "version": 1}
        visit.put(FOLDER, uid, record)
    return _shown(visit, record)


def _update(visit: Visit) -> Answer:
    title = _title(visit)
    with visit.room.cloud.store.transaction():
        current = _find(visit)
        if not visit.body.get("overwrite") and visit.body.get("version") != current["version"]:
            raise Declined(412, "the folder has been changed by someone else", status="version-mismatch")
        _check_free(visit, current["parentUid"], title, current["uid"])
        record = {**current, "title": title, "version": current["version"] + 1}
        visit.put(FOLDER, record["uid"], record)
    return _shown(visit, record)


def _move(visit: Visit) -> Answer:
    with visit.room.cloud.store.transaction():
        current = _find(visit)
        parent = _parent(visit)
        above = parent
        while above:
            if above == current["uid"]:
                raise Declined(400, "folder cannot be parent of itself")
            above = (visit.get(FOLDER, above) or {"parentUid": ""})["parentUid"]
        _check_free(visit, parent, current["title"], current["uid"])
        record = {**current, "parentUid": parent, "version": current["version"] + 1}
        visit.put(FOLDER, record["uid"], record)
    return _shown(visit, record)


def _get(visit: Visit) -> Answer:
    return _shown(visit, _find(visit))


def _list(visit: Visit) -> Answer:
    wanted = visit.query.get("parentUid", "")
    found = [record for record in visit.list(FOLDER) if record["parentUid"] == wanted]
    return [{name: record[name] for name in ("id", "uid", "title")} for record in found]


def _delete(visit: Visit) -> Answer:
    with visit.room.cloud.store.transaction():
        record = _find(visit)
        _drop(visit, record)
    return {"id": record["id"], "message": f"Folder {record['title']} deleted", "title": record["title"]}


def _drop(visit: Visit, record: Record) -> None:
    for inner in visit.list(FOLDER):
        if inner["parentUid"] == record["uid"]:
            _drop(visit, inner)
    for dashboard in visit.list(DASHBOARD):
        if dashboard["folderUid"] == record["uid"]:
            visit.delete(DASHBOARD, dashboard["uid"])
            for saved in visit.list(SAVED, f"{dashboard['uid']}/"):
                visit.delete(SAVED, f"{dashboard['uid']}/{saved['version']:010d}")
    groups = visit.list(ALERT_GROUP, f"{record['uid']}/")
    if groups and visit.query.get("forceDeleteRules") != "true":
        raise Declined(400, "folder cannot be deleted: folder contains alert rules")
    for group in groups:
        visit.delete(ALERT_GROUP, f"{record['uid']}/{group['title']}")
    visit.delete(FOLDER, record["uid"])


def _find(visit: Visit) -> Record:
    record = visit.get(FOLDER, visit.labels["uid"])
    if record is None:
        raise Declined(404, "folder not found", status="not-found")
    return record


def _title(visit: Visit) -> str:
    title = text(visit.body, "title").strip()
    if not title:
        raise Declined(400, "folder title cannot be empty")
    return title


def _parent(visit: Visit) -> str:
    """The folder in which it is to be; empty for the top."""
    parent = text(visit.body, "parentUid")
    if parent and visit.get(FOLDER, parent) is None:
        raise Declined(404, "folder not found", status="not-found")
    return parent


def _check_free(visit: Visit, parent: str, title: str, uid: str) -> None:
    if any(
        other["title"].lower() == title.lower() and other["parentUid"] == parent and other["uid"] != uid for other in visit.list(FOLDER)
    ):
        raise Declined(409, "A folder with the same name already exists in the current location")


def _shown(visit: Visit, record: Record) -> Answer:
    shown = {name: record[name] for name in ("id", "uid", "title", "version")}
    parent = {"parentUid": record["parentUid"]} if record["parentUid"] else {}
    return {**shown, **parent, "url": visit.url(f"dashboards/f/{record['uid']}"), "canSave": visit.may("EDITOR")}


ROUTES: t.Final = (
    Route("GET", "folders", "VIEWER", _list),
    Route("POST", "folders", "EDITOR", _create),
    Route("GET", "folders/{uid}", "VIEWER", _get),
    Route("PUT", "folders/{uid}", "EDITOR", _update),
    Route("DELETE", "folders/{uid}", "EDITOR", _delete),
    Route("POST", "folders/{uid}/move", "EDITOR", _move),
)
