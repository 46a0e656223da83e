# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Data sources: by uid, by name and, before Grafana 13, by number. Secrets go in and never come out."""

from __future__ import annotations

import typing as t

from local_cloud.services.grafana.instance import twinmaker
from local_cloud.services.grafana.instance.plugins import is_installed
from local_cloud.services.grafana.instance.visit import DATASOURCE, Answer, Declined, Route, Visit, checked_uid, text
from local_cloud.store import Record

_WITHOUT_NUMBERS: t.Final = 13
_DEFAULTS: t.Final[dict[str, t.Any]] = {
    "access": "proxy",
    "url": "",
    "user": "",
    "database": "",
    "basicAuth": False,
    "basicAuthUser": "",
    "withCredentials": False,
    "isDefault": False,
    "jsonData": {},
}


def _create(visit: Visit) -> Answer:
    name, kind = text(visit.body, "name"), text(visit.body, "type")
    if not name or not kind or not text(visit.body, "access"):
        raise Declined(400, "bad request data")
    with visit.room.cloud.store.transaction():
        existing = visit.list(DATASOURCE)
        uid = checked_uid(visit.body.get("uid"))
        if any(name == other["name"] for other in existing):
            raise Declined(409, "data source with the same name already exists")
        if any(uid == other["uid"] for other in existing):
            raise Declined(409, "data source with the same uid already exists")
        record = {**_members(visit), "id": visit.next_id(), "uid": uid, "orgId": 1, "version": 1, "readOnly": False}
        record["secrets"] = sorted(_secrets(visit))
        _save(visit, record)
    return {"datasource": _shown(record), "id": record["id"], "message": "Datasource added", "name": name}


def _update(visit: Visit) -> Answer:
    with visit.room.cloud.store.transaction():
        current = _find(visit)
        name = text(visit.body, "name")
        if any(name == other["name"] and other["uid"] != current["uid"] for other in visit.list(DATASOURCE)):
            raise Declined(409, "data source with the same name already exists")
        version = visit.body.get("version") or current["version"]
        if version != current["version"]:
            raise Declined(409, "Datasource has already been updated by someone else. Please reload and try again")
        record = {**current, **_members(visit), "version": current["version"] + 1}
        # Secrets that are not sent stay.
        record["secrets"] = sorted({*current["secrets"], *_secrets(visit)})
        _save(visit, record)
    return {"datasource": _shown(record), "id": record["id"], "message": "Datasource updated", "name": record["name"]}


def _members(visit: Visit) -> dict[str, t.Any]:
    data = visit.body.get("jsonData")
    if data is not None and not isinstance(data, dict):
        raise Declined(400, "bad request data")
    given = {name: visit.body[name] for name in _DEFAULTS if visit.body.get(name) is not None}
    return {**_DEFAULTS, **given, "name": text(visit.body, "name"), "type": text(visit.body, "type")}


def _secrets(visit: Visit) -> list[str]:
    """The names of the secrets that were sent; nothing here needs their values, so they are not kept."""
    sent = visit.body.get("secureJsonData") or {}
    if not isinstance(sent, dict):
        raise Declined(400, "bad request data")
    return list(sent)


def _save(visit: Visit, record: Record) -> None:
    """There is one default data source at most."""
    if record["isDefault"]:
        for other in visit.list(DATASOURCE):
            if other["isDefault"] and other["uid"] != record["uid"]:
                visit.put(DATASOURCE, other["uid"], {**other, "isDefault": False})
    visit.put(DATASOURCE, record["uid"], record)


def _find(visit: Visit) -> Record:
    """The data source that the path names in one of three ways."""
    for record in visit.list(DATASOURCE):
        if {str(record[name]) for name in ("uid", "name", "id") if name in visit.labels} == {*visit.labels.values()}:
            return record
    raise Declined(404, "Data source not found")


def _shown(record: Record) -> dict[str, t.Any]:
    public = {name: value for name, value in record.items() if name != "secrets"}
    return {**public, "typeLogoUrl": "", "secureJsonFields": dict.fromkeys(record["secrets"], True)}


def _get(visit: Visit) -> Answer:
    return _shown(_find(visit))


def _list(visit: Visit) -> Answer:
    return [_shown(record) for record in visit.list(DATASOURCE)]


def _delete(visit: Visit) -> Answer:
    record = _find(visit)
    visit.delete(DATASOURCE, record["uid"])
    return {"id": record["id"], "message": "Data source deleted"}


def _health(visit: Visit) -> Answer:
    record = _find(visit)
    if not is_installed(visit, record["type"]):
        raise Declined(404, "Plugin not found")
    if record["type"] != twinmaker.TYPE:
        raise Declined(501, f"The local cloud does not implement the health check of data sources of type {record['type']}.")
    healthy, message = twinmaker.health(visit.room.cloud, visit.workspace, record["jsonData"])
    if not healthy:
        raise Declined(400, message, status="ERROR")
    return {"status": "OK", "message": message}


ROUTES: t.Final = (
    Route("GET", "datasources", "ADMIN", _list),
    Route("POST", "datasources", "ADMIN", _create),
    Route("GET", "datasources/uid/{uid}", "ADMIN", _get),
    Route("PUT", "datasources/uid/{uid}", "ADMIN", _update),
    Route("DELETE", "datasources/uid/{uid}", "ADMIN", _delete),
    Route("GET", "datasources/uid/{uid}/health", "VIEWER", _health),
    Route("GET", "datasources/name/{name}", "ADMIN", _get),
    Route("GET", "datasources/{id}", "ADMIN", _get, until=_WITHOUT_NUMBERS),
    Route("PUT", "datasources/{id}", "ADMIN", _update, until=_WITHOUT_NUMBERS),
    Route("DELETE", "datasources/{id}", "ADMIN", _delete, until=_WITHOUT_NUMBERS),
)
