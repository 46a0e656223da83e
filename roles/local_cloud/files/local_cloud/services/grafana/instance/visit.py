# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all routes of Grafana's HTTP API share: one request with what it may do, its errors, and where things are kept."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import re
import secrets
import typing as t
import urllib.parse

from local_cloud.store import Record

if t.TYPE_CHECKING:
    from local_cloud.services.grafana.room import Room

PLUGIN: t.Final = "grafana-plugin"
DATASOURCE: t.Final = "grafana-datasource"
FOLDER: t.Final = "grafana-folder"
DASHBOARD: t.Final = "grafana-dashboard"
SAVED: t.Final = "grafana-dashboard-version"
ALERT_GROUP: t.Final = "grafana-alert-group"
COUNTER: t.Final = "grafana-counter"
CONTENTS: t.Final = (PLUGIN, DATASOURCE, FOLDER, DASHBOARD, SAVED, ALERT_GROUP, COUNTER)

LONGEST_UID: t.Final = 40
_UID = re.compile(r"[a-zA-Z0-9_-]*")
_RANKS: t.Final = ("VIEWER", "EDITOR", "ADMIN")

Answer = dict[str, t.Any] | list[t.Any]


class Declined(Exception):
    """An error answer of Grafana. members: further members of its body."""

    def __init__(self, http_status: int, message: str, /, **members: t.Any) -> None:
        super().__init__(message)
        self.status = http_status
        self.body = {"message": message, **members}


@dataclasses.dataclass(frozen=True)
class Visit:
    """One request to the Grafana of one workspace.

    role: Grafana role of the service account whose token came with it, account: its name. labels: what stands in the
    places of the route's path. body: the JSON object that was sent; empty if none was.
    """

    room: Room
    workspace: Record
    role: str
    account: str
    query: c.Mapping[str, str]
    body: dict[str, t.Any]
    labels: c.Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def major(self) -> int:
        """Grafana's major version."""
        return int(self.workspace["grafanaVersion"].partition(".")[0])

    def key(self, name: str) -> str:
        return f"{self.workspace['id']}/{name}"

    def get(self, kind: str, name: str) -> Record | None:
        return self.room.cloud.store.get(kind, self.key(name))

    def put(self, kind: str, name: str, record: Record) -> None:
        self.room.cloud.store.put(kind, self.key(name), record)

    def list(self, kind: str, prefix: str = "") -> list[Record]:
        return [record for _unused, record in self.room.cloud.store.list(kind, prefix=self.key(prefix))]

    def delete(self, kind: str, name: str) -> bool:
        return self.room.cloud.store.delete(kind, self.key(name))

    def next_id(self) -> int:
        """Grafana numbers what it holds; within a transaction."""
        number = (self.get(COUNTER, "") or {"last": 0})["last"] + 1
        self.put(COUNTER, "", {"last": number})
        return int(number)

    def url(self, path: str) -> str:
        """A path of this Grafana as its answers show it."""
        return f"{self.room.web}{self.workspace['id']}/{path}"

    def may(self, role: str) -> bool:
        return _RANKS.index(self.role) >= _RANKS.index(role)


@dataclasses.dataclass(frozen=True)
class Route:
    """What answers a method and a path such as ``datasources/uid/{uid}``. needs: the least role; None: no token at all.

    until: the first major version of Grafana that does not have it any more.
    """

    method: str
    path: str
    needs: str | None
    handler: c.Callable[[Visit], Answer]
    until: int | None = None

    def match(self, method: str, parts: list[str]) -> dict[str, str] | None:
        """What stands in the places of the path; None if it is not this route."""
        names = self.path.split("/")
        if method != self.method or len(names) != len(parts):
            return None
        if any(name != part for name, part in zip(names, parts, strict=True) if not name.startswith("{")):
            return None
        return {name[1:-1]: urllib.parse.unquote(part) for name, part in zip(names, parts, strict=True) if name.startswith("{")}


def checked_uid(uid: t.Any) -> str:
    """A uid that was sent, or a new one for none. Raises Declined."""
    if not uid:
        return secrets.token_hex(7)
    if not isinstance(uid, str) or not _UID.fullmatch(uid):
        raise Declined(400, "uid contains illegal characters")
    if len(uid) > LONGEST_UID:
        raise Declined(400, f"uid too long, max {LONGEST_UID} characters")
    return uid


def text(body: c.Mapping[str, t.Any], name: str) -> str:
    """A member of a body that has to be a text; absent is empty. Raises Declined."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise Declined(400, "bad request data")
    return value or ""
