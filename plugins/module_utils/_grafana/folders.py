# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Folders: what is there against what is wanted."""

from __future__ import annotations

import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._grafana.http import NOT_FOUND, Client, GrafanaError
from ansible_collections.energytwin.aws.plugins.module_utils._grafana.task import Change, no_change
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, changed_value, listed

Answer = dict[str, t.Any]


def read(client: Client, uid: str) -> Answer | None:
    return t.cast("Answer | None", client.find("folders", uid))


def shown(there: Answer | None) -> Answer:
    """A folder in the shape of the module's options; empty for none."""
    return {} if there is None else {"uid": there["uid"], "title": there["title"], "parent_uid": there.get("parentUid") or ""}


def plan(client: Client, uid: str, title: str | None, parent_uid: str | None, there: Answer | None) -> Change:
    """parent_uid: empty for the top, None for where it is."""
    if there is None:
        if not title:
            raise Refused(f"There is no folder '{uid}', and to create it title must be given.")
        body = {"uid": uid, "title": title, **({"parentUid": parent_uid} if parent_uid else {})}
        return Change({}, shown(body), ["is not there"], lambda: _send(client, ("POST", "folders"), body, title, parent_uid))
    before = shown(there)
    after = {**before, **({"title": title} if title else {}), **({"parent_uid": parent_uid} if parent_uid is not None else {})}
    differing = [key for key in after if after[key] != before[key]]

    def apply() -> None:
        if "parent_uid" in differing:
            _send(client, ("POST", "folders", uid, "move"), {"parentUid": after["parent_uid"]}, before["title"], parent_uid)
        if "title" in differing:
            # The version makes Grafana refuse it if somebody else was faster; a move has counted it up.
            version = (read(client, uid) or there)["version"]
            _send(client, ("PUT", "folders", uid), {"title": after["title"], "version": version}, after["title"], parent_uid)

    return Change(before, after, [changed_value(key, before[key], after[key]) for key in differing], apply)


def deletion(client: Client, uid: str, force: bool, there: Answer | None) -> Change:
    """Grafana deletes what is in a folder with it; that has to be asked for."""
    if there is None:
        return no_change()
    held = [str(entry.get("title", entry.get("uid"))) for entry in client.read("search", folderUIDs=uid)]
    if held and not force:
        raise Refused(f"Folder '{uid}' is not empty, it has {listed(held)}; delete these first, or all of it with force.", contents=held)
    return Change(shown(there), {}, ["is not wanted"], lambda: client.write("DELETE", "folders", uid))


def _send(client: Client, call: tuple[str, ...], body: Answer, title: str, parent_uid: str | None) -> None:
    try:
        client.write(*call, body=body)
    except GrafanaError as error:
        if error.status == NOT_FOUND and parent_uid:
            raise Refused(f"There is no folder '{parent_uid}' to put this one in; create it first.") from None
        if error.status in (409, 412) and "name" in error.said:
            raise Refused(f"There is another folder with the title '{title}' beside it ({error.said}); choose another title.") from None
        raise
