# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Data sources: what is there against what is wanted. Secrets go out and never come back, so they are known by name only."""

from __future__ import annotations

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._grafana.http import Client, GrafanaError
from ansible_collections.energytwin.aws.plugins.module_utils._grafana.task import Change, no_change
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, changed_value, covers
from ansible_collections.energytwin.aws.plugins.module_utils._wait import poll

Answer = dict[str, t.Any]

# Member of the API -> the module's option.
OPTIONS = {
    "name": "name",
    "type": "type",
    "access": "access",
    "isDefault": "is_default",
    "url": "datasource_url",
    "user": "user",
    "database": "database",
    "basicAuth": "basic_auth",
    "basicAuthUser": "basic_auth_user",
    "withCredentials": "with_credentials",
    "jsonData": "json_data",
}
NEW = {"access": "proxy", "isDefault": False}
HIDDEN = "(hidden)"


def read(client: Client, uid: str) -> Answer | None:
    return t.cast("Answer | None", client.find("datasources", "uid", uid))


def shown(there: Answer | None) -> Answer:
    """A data source in the shape of the module's options; empty for none."""
    if there is None:
        return {}
    members = {option: there[member] for member, option in OPTIONS.items() if there.get(member) not in (None, "", {})}
    secrets = {name: HIDDEN for name, known in sorted((there.get("secureJsonFields") or {}).items()) if known}
    return {"uid": there["uid"], **members, **({"secure_json_data": secrets} if secrets else {})}


def wanted_members(options: c.Mapping[str, t.Any]) -> Answer:
    return {member: options[option] for member, option in OPTIONS.items() if options[option] is not None}


def plan(client: Client, uid: str, wanted: Answer, secrets: c.Mapping[str, str], update_secrets: bool, there: Answer | None) -> Change:
    """wanted: members of the API; what is not given stays. In jsonData, null takes a key away."""
    if there is None:
        return _creation(client, uid, wanted, secrets)
    if wanted.get("type", there["type"]) != there["type"]:
        raise Refused(
            f"Data source '{uid}' is of type '{there['type']}', and that never changes; delete it first (state absent), or use another uid."
        )
    data = _merged(there.get("jsonData") or {}, wanted.get("jsonData") or {})
    full = {**{member: there.get(member) for member in OPTIONS}, **wanted, "jsonData": data}
    changed = [member for member in wanted if not _same(there.get(member), full[member])]
    known = there.get("secureJsonFields") or {}
    sent = dict(secrets) if update_secrets else {name: value for name, value in secrets.items() if not known.get(name)}
    if not changed and not sent:
        return no_change(shown(there))
    if there.get("readOnly"):
        raise Refused(f"Data source '{uid}' is provisioned by a file of Grafana's and cannot be changed from outside; use another uid.")
    reasons = [
        reason
        for member in changed
        for reason in (_data_reasons(there.get(member) or {}, data) if member == "jsonData" else [_reason(member, there, full)])
    ]
    reasons += [f"secret '{name}' is set" for name in sorted(sent)]
    after = shown({**there, **full, "secureJsonFields": {**known, **dict.fromkeys(sent, True)}})
    if update_secrets and sent:
        after["secure_json_data"].update(dict.fromkeys(sent, "(hidden, set anew)"))
    body = {**full, "uid": uid, "version": there.get("version"), **({"secureJsonData": sent} if sent else {})}
    return Change(shown(there), after, reasons, lambda: _send(client, "PUT", ("datasources", "uid", uid), body))


def _creation(client: Client, uid: str, wanted: Answer, secrets: c.Mapping[str, str]) -> Change:
    missing = [OPTIONS[member] for member in ("name", "type") if member not in wanted]
    if missing:
        raise Refused(f"There is no data source '{uid}', and to create it {' and '.join(missing)} must be given.")
    body: Answer = {**NEW, **wanted, "uid": uid, "jsonData": _merged({}, wanted.get("jsonData") or {})}
    after = shown({**body, "secureJsonFields": dict.fromkeys(secrets, True)})
    if secrets:
        body["secureJsonData"] = dict(secrets)
    return Change({}, after, ["is not there"], lambda: _send(client, "POST", ("datasources",), body))


def deletion(client: Client, there: Answer | None) -> Change:
    if there is None:
        return no_change()
    return Change(shown(there), {}, ["is not wanted"], lambda: client.write("DELETE", "datasources", "uid", there["uid"]))


def health(client: Client, uid: str, timeout: float) -> Answer:
    """``status`` (OK or ERROR) and ``message``, the plugin's own words. An ERROR is asked again for some time (seconds): roles need to spread."""
    found, _healthy = poll(lambda: _ask(client, uid), lambda answer: answer["status"] == "OK", timeout=timeout)
    return found


def _ask(client: Client, uid: str) -> Answer:
    try:
        answer = client.read("datasources", "uid", uid, "health")
    except GrafanaError as error:
        # Grafana answers an unhealthy data source with an error status, and the same body.
        if error.status in (0, 401, 403) or (error.status != 404 and "status" not in error.body):
            raise
        answer = error.body
    return {"status": "OK" if answer.get("status") == "OK" else "ERROR", "message": str(answer.get("message", ""))}


def _send(client: Client, method: str, path: tuple[str, ...], body: Answer) -> None:
    try:
        client.write(method, *path, body=body)
    except GrafanaError as error:
        if error.status == 409 and "name" in error.said:
            raise Refused(
                f"Another data source than '{body['uid']}' has the name '{body['name']}' already ({error.said}); choose another name, or use its uid."
            ) from None
        raise


def _merged(current: Answer, wanted: Answer) -> Answer:
    return {key: value for key, value in {**current, **wanted}.items() if value is not None}


def _same(there: t.Any, wanted: t.Any) -> bool:
    if there in (None, "", False, {}) and wanted in (None, "", False, {}):
        return True
    return covers(there, wanted) and covers(wanted, there)


def _reason(member: str, there: Answer, full: Answer) -> str:
    return changed_value(OPTIONS[member], there.get(member), full[member])


def _data_reasons(before: Answer, after: Answer) -> list[str]:
    return [
        changed_value(f"json_data.{key}", before.get(key), after.get(key))
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    ]
