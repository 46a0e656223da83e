# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Groups of alert rules: what is there against what is wanted, by Grafana's alerting provisioning API."""

from __future__ import annotations

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._grafana.dashboards import MOST_REASONS, differences, projected
from ansible_collections.energytwin.aws.plugins.module_utils._grafana.http import NOT_FOUND, Client, GrafanaError
from ansible_collections.energytwin.aws.plugins.module_utils._grafana.task import Change, check_uid, no_change
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, shown

Answer = dict[str, t.Any]

# Managed Grafana has this one organization.
ORGANIZATION = 1
# Grafana evaluates groups in steps of so many seconds.
STEP = 10
NEEDED = ("uid", "title", "condition", "data")


def checked(interval: int, rules: c.Sequence[Answer]) -> Answer:
    """The group as it is wanted: interval and rules. Raises Refused, with all faults at once."""
    faults = []
    # YAML makes a number of a uid of digits.
    rules = [{**rule, **{member: str(rule[member]) for member in ("uid", "title") if rule.get(member) is not None}} for rule in rules]
    if interval <= 0 or interval % STEP:
        faults.append(f"interval_seconds: {interval} cannot be used; give a multiple of {STEP}.")
    for member in ("uid", "title"):
        values = [rule.get(member) for rule in rules]
        twice = dict.fromkeys(value for value in values if value and values.count(value) > 1)
        faults += [f"rules: {member} {shown(value)} is that of several rules; give each its own." for value in twice]
    for index, rule in enumerate(rules):
        faults += [f"rules[{index}].{member}: there is none; give it." for member in NEEDED if not rule.get(member)]
        known = [query.get("refId") for query in rule.get("data") or [] if isinstance(query, dict)]
        if rule.get("condition") and rule["condition"] not in known:
            faults.append(
                f"rules[{index}].condition: {shown(rule['condition'])} is no refId of its data; use one of {', '.join(map(str, known))}."
            )
    if faults:
        raise Refused("\n".join(faults))
    for index, rule in enumerate(rules):
        check_uid(f"rules[{index}].uid", rule["uid"])
    return {"interval": interval, "rules": rules}


def read(client: Client, folder_uid: str, name: str) -> Answer | None:
    """None for a group that is not there, and where Grafana has no such API."""
    there = client.find("v1", "provisioning", "folder", folder_uid, "rule-groups", name)
    return there if there and there.get("rules") else None


def about(there: Answer | None) -> Answer:
    """A group as results show it: its rules by uid and title."""
    if there is None:
        return {}
    rules = [{"uid": rule["uid"], "title": rule["title"]} for rule in there["rules"]]
    return {"folder_uid": there["folderUid"], "name": there["title"], "interval_seconds": there["interval"], "rules": rules}


def plan(client: Client, folder_uid: str, name: str, wanted: Answer, there: Answer | None) -> Change:
    """wanted: from ``checked``."""

    def apply() -> None:
        _put(client, folder_uid, name, wanted)

    if there is None:
        return Change({}, wanted, ["is not there"], apply)
    actual = {"interval": there["interval"], "rules": there["rules"]}
    found = [*differences(actual, wanted)]
    if not found:
        return no_change(wanted)
    more = [f"and {len(found) - MOST_REASONS} more"] if len(found) > MOST_REASONS else []
    return Change(projected(actual, wanted), wanted, found[:MOST_REASONS] + more, apply)


def deletion(client: Client, there: Answer | None) -> Change:
    """A group goes with its last rule."""
    if there is None:
        return no_change()

    def apply() -> None:
        for rule in there["rules"]:
            client.write("DELETE", "v1", "provisioning", "alert-rules", rule["uid"])

    return Change(about(there), {}, ["is not wanted"], apply)


def _put(client: Client, folder_uid: str, name: str, wanted: Answer) -> None:
    places = {"orgID": ORGANIZATION, "folderUID": folder_uid, "ruleGroup": name}
    body = {
        "title": name,
        "folderUid": folder_uid,
        "interval": wanted["interval"],
        "rules": [{**rule, **places} for rule in wanted["rules"]],
    }
    try:
        client.write("PUT", "v1", "provisioning", "folder", folder_uid, "rule-groups", name, body=body)
    except GrafanaError as error:
        if error.status == NOT_FOUND:
            raise Refused(
                f"Grafana takes no alert rules for folder '{folder_uid}' ({error.said}); create the folder first, and see whether this workspace"
                " has the alerting provisioning API at all."
            ) from None
        raise
