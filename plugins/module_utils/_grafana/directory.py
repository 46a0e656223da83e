# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People in IAM Identity Center: ids by names."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._grafana import api
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused

Answer = dict[str, t.Any]

USER = "SSO_USER"
GROUP = "SSO_GROUP"
WORDS = {USER: "user", GROUP: "group"}


@dataclasses.dataclass(frozen=True)
class Person:
    """A user (by userName) or group (by displayName) of Identity Center. kind: SSO_USER or SSO_GROUP."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{WORDS[self.kind]} '{self.name}'"


def identity_store(sso_admin: t.Any, region: str) -> str:
    """The id of the identity store. Raises Refused if there is none."""
    instances = api.list_instances(sso_admin)
    if not instances:
        raise Refused(f"There is no IAM Identity Center in region '{region}': enable it, or name its own region as identity_center_region.")
    return str(instances[0]["IdentityStoreId"])


def identify(store: t.Any, store_id: str, people: c.Iterable[Person]) -> dict[Person, str]:
    """The id of every user and group. Raises Refused with one line for each that is not known, or is the other of the two.

    store: client of identitystore.
    """
    found: dict[Person, str] = {}
    faults = []
    for person in people:
        own_id = _id(store, store_id, person)
        if own_id is not None:
            found[person] = own_id
            continue
        other = Person(GROUP if person.kind == USER else USER, person.name)
        if _id(store, store_id, other) is not None:
            word = WORDS[other.kind]
            faults.append(f"permissions: '{person.name}' is a {word} and no {WORDS[person.kind]}; write '{word}: {person.name}'.")
        else:
            hint = "its userName" if person.kind == USER else "its displayName"
            faults.append(f"permissions: Identity Center has no {person}; add it there, or correct the name ({hint}).")
    if faults:
        raise Refused("\n".join(faults))
    return found


def _id(store: t.Any, store_id: str, person: Person) -> str | None:
    if person.kind == USER:
        answer = api.get_user_id(store, store_id, person.name)
        return None if answer is None else str(answer["UserId"])
    answer = api.get_group_id(store, store_id, person.name)
    return None if answer is None else str(answer["GroupId"])
