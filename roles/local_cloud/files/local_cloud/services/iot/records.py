# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The records of IoT Core in the store, and how they are read. What the broker asks about a certificate is answered here.

Kinds, keys and values:

- ``CERTIFICATE``: certificate id -> ``{"pem", "status", "created", "modified", "notBefore", "notAfter", "version"}``
- ``THING``: name -> ``{"id", "attributes", "type"?, "version"}``; ``THING_TYPE``: name -> ``{"id", "properties", "created", "deprecated"?}``
- ``POLICY``: name -> ``{"versions": {id: {"document", "created"}}, "default", "next", "created", "modified", "generation"}``
- ``ATTACHED_POLICY``: policy + target ARN, parent = target ARN -> ``{"policy", "target"}``
- ``THING_PRINCIPAL``: thing + certificate ARN, parent = certificate ARN -> ``{"thing", "principal", "exclusive"}``
- ``engine.RULES``: rule name -> ``{"payload": TopicRulePayload, "created"}``; ``TAGS``: ARN -> ``{key: value}``
"""

from __future__ import annotations

import json
import typing as t

from local_cloud.broker.rules.engine import RULES
from local_cloud.store import Record, Store

CERTIFICATE: t.Final = "iot/certificate"
THING: t.Final = "iot/thing"
THING_TYPE: t.Final = "iot/thing-type"
POLICY: t.Final = "iot/policy"
ATTACHED_POLICY: t.Final = "iot/attached-policy"
THING_PRINCIPAL: t.Final = "iot/thing-principal"
RULE: t.Final = RULES
TAGS: t.Final = "iot/tags"

_SEPARATOR: t.Final = "\n"  # in no name and no ARN


def pair(left: str, right: str) -> str:
    """The key of a record that ties two things together."""
    return left + _SEPARATOR + right


def tied(left: str) -> str:
    """The prefix of the keys that tie ``left`` to anything."""
    return left + _SEPARATOR


def policies_of(store: Store, target: str) -> list[str]:
    """The names of the policies that are attached to an ARN."""
    return [record["policy"] for _unused, record in store.list(ATTACHED_POLICY, parent=target)]


def documents_of(store: Store, target: str) -> list[dict[str, t.Any]]:
    """The documents, as JSON, of the default versions of the policies that are attached to an ARN."""
    policies = (store.get(POLICY, name) for name in policies_of(store, target))
    return [json.loads(policy["versions"][policy["default"]]["document"]) for policy in policies if policy is not None]


def attached_thing(store: Store, client_id: str, certificate_arn: str) -> tuple[Record | None, bool]:
    """The thing whose name is the client id, if the registry has it, and whether the certificate is attached to it."""
    thing = store.get(THING, client_id)
    return thing, thing is not None and store.get(THING_PRINCIPAL, pair(client_id, certificate_arn)) is not None


def exclusive_thing(store: Store, certificate_arn: str) -> str | None:
    """The thing that the certificate belongs to exclusively, whatever its client id is."""
    attached = (record for _unused, record in store.list(THING_PRINCIPAL, parent=certificate_arn))
    return next((record["thing"] for record in attached if record["exclusive"]), None)
