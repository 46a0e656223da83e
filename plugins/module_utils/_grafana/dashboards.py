# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Dashboards: what is there against what is wanted.

Grafana fills in what a dashboard leaves out, and newer versions show it rewritten, so its body tells little about whether
it is still ours. What was saved last does: each save carries a digest of its source in its message.
"""

from __future__ import annotations

import collections.abc as c
import hashlib
import json
import re
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._grafana.http import Client, GrafanaError
from ansible_collections.energytwin.aws.plugins.module_utils._grafana.task import Change, check_uid, no_change
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, changed_value, covers, shown

Answer = dict[str, t.Any]

# What Grafana itself keeps count of.
COUNTED = ("id", "version", "iteration")
MARK = re.compile(r"\(source ([0-9a-f]{16})\)$")
MOST_REASONS = 20
_MISSING = object()


def prepared(dashboard: Answer, uid: str | None) -> Answer:
    """A dashboard that can be saved. Raises Refused, with all faults at once."""
    body = {key: value for key, value in dashboard.items() if key not in COUNTED}
    faults = []
    # YAML makes a number of a uid of digits.
    own = "" if body.get("uid") is None else str(body["uid"])
    if uid and own and own != uid:
        faults.append(f"uid: '{uid}' is not the dashboard's own uid '{own}'; give one of them.")
    body["uid"] = uid or own
    if not body["uid"]:
        faults.append("uid: the dashboard has none; give it one, or the option uid, so that a second run finds it.")
    if not isinstance(body.get("title"), str) or not body["title"].strip():
        faults.append("dashboard.title: there is none; give the dashboard a title.")
    if "__inputs" in body or "${DS_" in json.dumps(body):
        faults.append("dashboard: it was exported for sharing (__inputs, ${DS_...}); put uids of data sources in these places.")
    if faults:
        raise Refused("\n".join(faults))
    check_uid("uid", body["uid"])
    return body


def digest(body: Answer) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]


def marked(message: str, body: Answer) -> str:
    """The message of a save with the digest of what is saved."""
    return f"{message.strip()} (source {digest(body)})".strip()


def mark_in(message: str) -> str | None:
    found = MARK.search(message)
    return found[1] if found else None


def read(client: Client, uid: str) -> Answer | None:
    """``dashboard`` and ``meta`` as Grafana shows them, and ``saved``: the last entry of its history."""
    there = client.find("dashboards", "uid", uid)
    if there is None:
        return None
    history = client.find("dashboards", "uid", uid, "versions", limit="1") or []
    entries = history.get("versions", []) if isinstance(history, dict) else history
    return {**there, "saved": entries[0] if entries else {}}


def about(there: Answer | None) -> Answer:
    """A dashboard as results show it; its content is too much for them."""
    if there is None:
        return {}
    body, meta = there["dashboard"], there["meta"]
    return {
        "uid": body["uid"],
        "title": body["title"],
        "version": body.get("version", 0),
        "folder_uid": meta.get("folderUid") or "",
        "path": meta.get("url", ""),
        "updated": meta.get("updated", ""),
        "updated_by": meta.get("updatedBy", ""),
    }


def plan(client: Client, body: Answer, folder_uid: str | None, message: str, there: Answer | None) -> Change:
    """body: from ``prepared``. folder_uid: empty for the top, None for where it is."""
    if there is None:
        folder = folder_uid or ""
        return Change({}, _picture(body, folder), ["is not there"], lambda: _save(client, body, folder, message, 0))
    if there["meta"].get("provisioned"):
        raise Refused(
            f"Dashboard '{body['uid']}' is provisioned by a file of Grafana's and cannot be changed from outside; use another uid."
        )
    actual = {key: value for key, value in there["dashboard"].items() if key not in COUNTED}
    present = there["meta"].get("folderUid") or ""
    folder = present if folder_uid is None else folder_uid
    before, reasons = _content(body, actual, there["saved"])
    if folder != present:
        reasons.append(changed_value("folder_uid", present, folder))
    version = int(there["dashboard"].get("version") or 0)
    return Change(_picture(before, present), _picture(body, folder), reasons, lambda: _save(client, body, folder, message, version))


def deletion(client: Client, there: Answer | None) -> Change:
    if there is None:
        return no_change()
    uid = there["dashboard"]["uid"]
    return Change(about(there), {}, ["is not wanted"], lambda: client.write("DELETE", "dashboards", "uid", uid))


def _content(body: Answer, actual: Answer, saved: Answer) -> tuple[Answer, list[str]]:
    """The part of what is there that compares with the source, and why it has to be saved again."""
    mark = mark_in(str(saved.get("message") or ""))
    if mark == digest(body) or (mark is None and covers(actual, body)):
        return body, []
    found = [*differences(actual, body)]
    if not found:
        # Something was taken away from the source.
        return actual, ["its source is not the one that was saved last"]
    by = f" by {saved['createdBy']}" if saved.get("createdBy") else ""
    foreign = [f"was saved{by} in Grafana, and not from here"] if mark is None else []
    more = [f"and {len(found) - MOST_REASONS} more"] if len(found) > MOST_REASONS else []
    return projected(actual, body), foreign + found[:MOST_REASONS] + more


def _picture(body: Answer, folder: str) -> Answer:
    return {"dashboard": body, "folder_uid": folder}


def differences(actual: t.Any, wanted: t.Any, path: str = "") -> c.Iterator[str]:
    """Sentences about what is wanted and is otherwise, with its path, e.g. ``panels[2].title``."""
    if isinstance(wanted, dict) and isinstance(actual, dict):
        for key, value in wanted.items():
            yield from differences(actual.get(key, _MISSING), value, f"{path}.{key}" if path else str(key))
    elif isinstance(wanted, list) and isinstance(actual, list):
        for index, value in enumerate(wanted):
            yield from differences(actual[index] if index < len(actual) else _MISSING, value, f"{path}[{index}]")
        for index in range(len(wanted), len(actual)):
            yield f"{path}[{index}] goes"
    elif actual is _MISSING:
        yield f"{path} becomes {shown(wanted)}"
    elif not covers(actual, wanted):
        yield changed_value(path, actual, wanted)


def projected(actual: t.Any, wanted: t.Any) -> t.Any:
    """What is there, without what Grafana has filled in: mappings have no more keys than the wanted ones."""
    if isinstance(actual, dict) and isinstance(wanted, dict):
        return {key: projected(actual[key], value) for key, value in wanted.items() if key in actual}
    if isinstance(actual, list) and isinstance(wanted, list):
        return [projected(one, other) for one, other in zip(actual, wanted, strict=False)] + actual[len(wanted) :]
    return actual


def _save(client: Client, body: Answer, folder: str, message: str, version: int) -> None:
    """The folder is always sent, since Grafana moves a dashboard to the top where it is left out. The version makes Grafana refuse
    the save if somebody else was faster; overwrite would also replace another dashboard of the same title."""
    sent = {
        "dashboard": {**body, "version": version},
        "folderUid": folder,
        "message": marked(message, body),
        "overwrite": False,
    }
    try:
        client.write("POST", "dashboards", "db", body=sent)
    except GrafanaError as error:
        if error.body.get("status") == "name-exists":
            raise Refused(
                f"Another dashboard than '{body['uid']}' in folder '{folder}' has the title '{body['title']}'; choose another title,"
                " or delete the other dashboard."
            ) from None
        if error.status in (400, 404) and "folder" in error.said.lower():
            raise Refused(
                f"There is no folder '{folder}' for dashboard '{body['uid']}'; create it first (module grafana_folder)."
            ) from None
        raise
