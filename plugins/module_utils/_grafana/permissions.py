# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may use a workspace: what is there against what is wanted, and the instructions in between. Pure, but for ``apply``.

Source: botocore's service model ``grafana`` 2020-08-18, operations ListPermissions and UpdatePermissions.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._grafana import api
from ansible_collections.energytwin.aws.plugins.module_utils._grafana.directory import GROUP, USER, WORDS, Person
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused

Answer = dict[str, t.Any]
Who = tuple[str, str]
"""Kind (SSO_USER or SSO_GROUP) and id."""

BATCH = 20
SIGN_IN = (
    "AWS is known to show a role here without letting its people in. Let one of those added sign in once; if that fails, assign them to the"
    " workspace in the console of Managed Grafana."
)


@dataclasses.dataclass(frozen=True)
class PermissionsChange:
    """revoked, added: in the order in which they are sent, the revoked ones first."""

    before: list[Answer]
    after: list[Answer]
    revoked: list[tuple[Who, str]]
    added: list[tuple[Who, str]]
    reasons: list[str]


def parse(entries: c.Sequence[Answer]) -> dict[Person, str]:
    """The option ``permissions`` as roles (ADMIN, EDITOR, VIEWER) of people. Raises Refused, with all faults at once."""
    faults = []
    roles: dict[Person, str] = {}
    for index, entry in enumerate(entries):
        kind, name = (USER, entry["user"]) if entry.get("user") else (GROUP, entry.get("group"))
        if not name:
            faults.append(f"permissions[{index}]: it names nobody; give user or group.")
            continue
        person, role = Person(kind, name), entry["role"].upper()
        if roles.get(person, role) != role:
            faults.append(f"permissions[{index}]: {person} has two roles, {roles[person].lower()} and {role.lower()}; give one.")
        roles[person] = role
    if faults:
        raise Refused("\n".join(faults))
    return roles


def change_permissions(
    present: c.Sequence[Answer], wanted: c.Mapping[Person, str], ids: c.Mapping[Person, str], purge: bool
) -> PermissionsChange:
    """What turns ListPermissions' entries into the wanted roles. ids: of everyone in ``wanted``; purge: whether all others lose theirs."""
    seen: dict[Who, Person] = {}
    for person in wanted:
        other = seen.setdefault((person.kind, ids[person]), person)
        if other != person:
            raise Refused(f"permissions: {other} and {person} are one and the same in Identity Center; name them once.")
    names = {(person.kind, own_id): person.name for person, own_id in ids.items()}
    before = {(entry["user"]["type"], entry["user"]["id"]): entry["role"] for entry in present}
    desired = {(person.kind, ids[person]): role for person, role in wanted.items()}
    after = {**({} if purge else before), **desired}
    revoked = [(who, role) for who, role in before.items() if after.get(who) != role]
    added = [(who, role) for who, role in after.items() if before.get(who) != role]
    reasons = [_reason(who, before.get(who), after.get(who), names) for who in {**before, **after} if before.get(who) != after.get(who)]
    return PermissionsChange(shown(before, names), shown(after, names), revoked, added, reasons)


def shown(roles: c.Mapping[Who, str], names: c.Mapping[Who, str]) -> list[Answer]:
    """Roles as results show them, by name where it is known."""
    entries = [
        {"type": WORDS[kind], "id": own_id, **({"name": names[kind, own_id]} if (kind, own_id) in names else {}), "role": role.lower()}
        for (kind, own_id), role in roles.items()
    ]
    return sorted(entries, key=lambda entry: (entry["type"], entry.get("name", ""), entry["id"]))


def apply(client: t.Any, workspace_id: str, change: PermissionsChange) -> None:
    """A changed role is revoked before the new one is added. Raises Refused if AWS could not do all of it."""
    failed: list[Answer] = []
    for action, changes in (("REVOKE", change.revoked), ("ADD", change.added)):
        instructions = [{"action": action, "role": role, "users": [{"id": own_id, "type": kind}]} for (kind, own_id), role in changes]
        for start in range(0, len(instructions), BATCH):
            failed += api.update_permissions(client, workspace_id, instructions[start : start + BATCH])
    if failed:
        raise Refused(
            f"AWS could not do {len(failed)} of {len(change.revoked) + len(change.added)} changes of permissions: "
            f"{'; '.join(_words(error) for error in failed)}. Mend the cause and run again.",
            failures=[_words(error) for error in failed],
        )


def _words(error: Answer) -> str:
    cause = error.get("causedBy") or {}
    users = ", ".join(f"{WORDS.get(user['type'], user['type'])} {user['id']}" for user in cause.get("users", []))
    return (
        f"{cause.get('action', '')} {cause.get('role', '')} for {users}: {str(error.get('message', '')).rstrip('.')} ({error.get('code')})"
    )


def _reason(who: Who, before: str | None, after: str | None, names: c.Mapping[Who, str]) -> str:
    person = f"{WORDS[who[0]]} '{names.get(who, who[1])}'"
    if before is None:
        return f"{person} becomes {str(after).lower()}"
    if after is None:
        return f"{person} is {before.lower()}, and not to be"
    return f"{person} changes from {before.lower()} to {after.lower()}"
