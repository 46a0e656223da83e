# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IoT policies: which document means what, and which versions are kept. Pure.

An IoT policy has five versions at most, one of which is the default and counts.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import json
import re
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, shown

Answer = dict[str, t.Any]

POLICY_NAME = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)
MAX_VERSIONS = 5
MAX_CHARACTERS = 2048  # without white space


@dataclasses.dataclass(frozen=True)
class VersionPlan:
    """What to do with the versions, in this order: delete ``room`` (to make room), make a new default or make ``default`` the default,
    delete ``surplus``."""

    new: bool
    default: str | None
    room: list[str]
    surplus: list[str]


def checked_document(name: str, document: c.Mapping[str, t.Any] | None) -> None:
    """Raises Refused for what AWS would not take."""
    faults = []
    if not POLICY_NAME.fullmatch(name):
        faults.append(f"name: {shown(name)} cannot be used; use letters, digits and +=,.@_-, at most 128 characters.")
    if document is not None:
        statements = _as_list(document.get("Statement"))
        if not statements or not all(isinstance(statement, c.Mapping) for statement in statements):
            faults.append("document: has no Statement; give a policy document with a list of statements.")
        characters = len(re.sub(r"\s", "", json.dumps(document)))
        if characters > MAX_CHARACTERS:
            faults.append(f"document: has {characters} characters without white space; AWS takes at most {MAX_CHARACTERS}, shorten it.")
    if faults:
        raise Refused("\n".join(faults))


def normalised(document: t.Any) -> t.Any:
    """The document in one of the many ways in which it can be written: two documents of the same meaning give the same.

    One text or a list of them, the order of statements, actions, resources and conditions, and how truth is written do not matter.
    """
    if not isinstance(document, c.Mapping) or not document.get("Statement"):
        return document
    statements = [_statement(statement) for statement in _as_list(document["Statement"])]
    rest = {key: value for key, value in document.items() if key != "Statement"}
    return {**rest, "Statement": sorted(statements, key=lambda statement: json.dumps(statement, sort_keys=True))}


def parsed(text: str) -> t.Any:
    """A document as AWS gives it; one that is not JSON (which AWS would not have taken) stays a text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def plan_versions(versions: c.Sequence[Answer], same: str | None, wanted: bool, keep: int) -> VersionPlan:
    """What has to happen to the versions of a policy that is there.

    versions: ListPolicyVersions' items. same: a version that is not the default and has the wanted document already.
    wanted: whether the default has to change. keep: how many versions may stay, the default among them.
    """
    default = next((version["versionId"] for version in versions if version["isDefaultVersion"]), None)
    oldest_first = sorted((version["versionId"] for version in versions), key=int)
    new = wanted and same is None
    # What makes room goes before the new version comes; the old default can go only after it.
    room = [version for version in oldest_first if version != default][: max(0, len(versions) - MAX_VERSIONS + 1)] if new else []
    stays = [] if new else [same if wanted else default]
    left = [version for version in oldest_first if version not in room and version not in stays]
    surplus = left[: max(0, len(left) + 1 - keep)]
    return VersionPlan(new, same if wanted and same else None, room, surplus)


def _statement(statement: t.Any) -> t.Any:
    if not isinstance(statement, c.Mapping):
        return statement
    plain = {key: _texts(value) if key in ("Action", "NotAction", "Resource", "NotResource") else value for key, value in statement.items()}
    if isinstance(statement.get("Condition"), c.Mapping):
        plain["Condition"] = {
            operator: {key: _texts(value) for key, value in tests.items()} if isinstance(tests, c.Mapping) else tests
            for operator, tests in statement["Condition"].items()
        }
    return {key: value for key, value in plain.items() if value not in ("", {})}


def _texts(value: t.Any) -> list[str]:
    return sorted({str(item).lower() if isinstance(item, bool) else str(item) for item in _as_list(value)})


def _as_list(value: t.Any) -> list[t.Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
