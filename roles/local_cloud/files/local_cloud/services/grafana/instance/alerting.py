# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alert rules by the alerting provisioning API, group by group. They are kept and shown; nothing here evaluates them."""

from __future__ import annotations

import datetime
import typing as t

from local_cloud.services.grafana.instance.visit import ALERT_GROUP, FOLDER, Answer, Declined, Route, Visit, checked_uid, text
from local_cloud.store import Record

_STEP: t.Final = 10
_LONGEST_TITLE: t.Final = 190
_NO_DATA: t.Final = ("NoData", "OK", "Alerting", "KeepLast")
_ERRORS: t.Final = ("OK", "Alerting", "Error", "KeepLast")
_GIVEN: t.Final = ("title", "condition", "data", "noDataState", "execErrState", "for", "labels", "annotations", "isPaused")


def _get(visit: Visit) -> Answer:
    record = visit.get(ALERT_GROUP, _key(visit))
    if record is None:
        raise Declined(404, "rule group not found")
    return record


def _put(visit: Visit) -> Answer:
    """The whole group: rules that are not sent go."""
    folder, group, interval = visit.labels["folder"], visit.labels["group"], visit.body.get("interval")
    if visit.get(FOLDER, folder) is None:
        raise Declined(404, "folder does not exist")
    if not isinstance(interval, int) or interval <= 0 or interval % _STEP:
        raise Declined(400, f"interval ({interval}s) should be non-zero and divided exactly by scheduler interval: {_STEP}s")
    sent = visit.body.get("rules")
    if not isinstance(sent, list) or not all(isinstance(rule, dict) for rule in sent):
        raise Declined(400, "bad request data")
    with visit.room.cloud.store.transaction():
        known = {rule["uid"]: rule for rule in (visit.get(ALERT_GROUP, _key(visit)) or {"rules": []})["rules"]}
        rules = [_rule(visit, rule, known) for rule in sent]
        _check_titles(visit, rules)
        record: Record = {"title": group, "folderUid": folder, "interval": interval, "rules": rules}
        if rules:
            visit.put(ALERT_GROUP, _key(visit), record)
        else:
            visit.delete(ALERT_GROUP, _key(visit))
    return record


def _rule(visit: Visit, sent: dict[str, t.Any], known: dict[str, Record]) -> Record:
    title, condition, data = text(sent, "title"), text(sent, "condition"), sent.get("data")
    if not 0 < len(title) <= _LONGEST_TITLE:
        raise Declined(400, f"invalid alert rule: title is empty or longer than {_LONGEST_TITLE} characters")
    if not isinstance(data, list) or not data or not all(isinstance(query, dict) for query in data):
        raise Declined(400, "invalid alert rule: no queries or expressions are found")
    if condition not in [query.get("refId") for query in data]:
        raise Declined(400, f"invalid alert rule: condition {condition} does not exist, must be one of the refIds of its data")
    if sent.get("noDataState") not in _NO_DATA or sent.get("execErrState") not in _ERRORS:
        raise Declined(400, "invalid alert rule: unknown noDataState or execErrState")
    uid = checked_uid(sent.get("uid"))
    return {
        "id": known[uid]["id"] if uid in known else visit.next_id(),
        "uid": uid,
        "orgID": 1,
        "folderUID": visit.labels["folder"],
        "ruleGroup": visit.labels["group"],
        "for": "0s",
        "isPaused": False,
        **{name: sent[name] for name in _GIVEN if name in sent},
        "data": [
            {"queryType": "", **query, "model": {"intervalMs": 1000, "maxDataPoints": 43200, **(query.get("model") or {})}}
            for query in data
        ],
        "updated": datetime.datetime.fromtimestamp(visit.room.cloud.now(), datetime.timezone.utc).isoformat(),
        "provenance": "api",
        "notification_settings": None,
    }


def _check_titles(visit: Visit, rules: list[Record]) -> None:
    """A title is free once in a folder, a uid once at all."""
    others = [rule for group in visit.list(ALERT_GROUP) if _of(group) != _key(visit) for rule in group["rules"]]
    for rule in rules:
        same = [one for one in [*rules, *others] if one is not rule]
        if any(one["title"] == rule["title"] and one["folderUID"] == rule["folderUID"] for one in same):
            raise Declined(409, "a conflicting alert rule is found: rule title under the same organisation and folder should be unique")
        if any(one["uid"] == rule["uid"] for one in same):
            raise Declined(409, "a conflicting alert rule is found: rule UID under the same organisation should be unique")


def _delete(visit: Visit) -> Answer:
    """A group goes with its last rule. A rule that is not there is as good as deleted."""
    with visit.room.cloud.store.transaction():
        for group in visit.list(ALERT_GROUP):
            rules = [rule for rule in group["rules"] if rule["uid"] != visit.labels["uid"]]
            if not rules:
                visit.delete(ALERT_GROUP, _of(group))
            elif len(rules) < len(group["rules"]):
                visit.put(ALERT_GROUP, _of(group), {**group, "rules": rules})
    return {}


def _key(visit: Visit) -> str:
    return f"{visit.labels['folder']}/{visit.labels['group']}"


def _of(group: Record) -> str:
    return f"{group['folderUid']}/{group['title']}"


_GROUP: t.Final = "v1/provisioning/folder/{folder}/rule-groups/{group}"
ROUTES: t.Final = (
    Route("GET", _GROUP, "VIEWER", _get),
    Route("PUT", _GROUP, "EDITOR", _put),
    Route("DELETE", "v1/provisioning/alert-rules/{uid}", "EDITOR", _delete),
)
