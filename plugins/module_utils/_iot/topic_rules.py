# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Topic rules: what is there against what is wanted. Pure.

Names in the module's options are snake_case; actions are in the form of the API and never rewritten.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import re
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, changed_value, covers, shown

Answer = dict[str, t.Any]

# Member of the API's TopicRulePayload -> the module's option. ruleDisabled is the opposite of the option ``enabled``.
OPTIONS = {
    "sql": "sql",
    "description": "description",
    "actions": "actions",
    "awsIotSqlVersion": "sql_version",
    "errorAction": "error_action",
}
RULE_NAME = re.compile(r"[a-zA-Z0-9_]{1,128}")
MAX_ACTIONS = 10


@dataclasses.dataclass(frozen=True)
class RuleChange:
    """payload: the complete payload of Create- or ReplaceTopicRule, None if nothing but ``enabled`` changes.

    switch: True to enable, False to disable without a new payload, None to leave it.
    """

    before: Answer
    after: Answer
    reasons: list[str]
    payload: Answer | None
    switch: bool | None


def wanted_payload(parameters: c.Mapping[str, t.Any]) -> Answer:
    """The module's options as members of the payload, those that were given only. Raises Refused for what AWS would not take."""
    faults = []
    if not RULE_NAME.fullmatch(parameters["name"]):
        faults.append(f"name: {shown(parameters['name'])} cannot be used; use letters, digits and '_', at most 128 characters.")
    actions = parameters["actions"]
    if actions is not None and not 0 < len(actions) <= MAX_ACTIONS:
        faults.append(f"actions: a rule has 1 to {MAX_ACTIONS} actions, not {len(actions)}; correct the list.")
    named = [(f"actions[{index}]", action) for index, action in enumerate(actions or [])]
    named += [("error_action", parameters["error_action"])] if parameters["error_action"] else []
    faults += [
        f"{where}: {shown(action)} has not exactly one kind of action; give one key such as 's3'."
        for where, action in named
        if len(action) != 1
    ]
    if faults:
        raise Refused("\n".join(faults))
    wanted = {member: parameters[option] for member, option in OPTIONS.items() if parameters[option] is not None}
    return wanted if parameters["enabled"] is None else {**wanted, "ruleDisabled": not parameters["enabled"]}


def payload_of(rule: Answer) -> Answer:
    """The payload of a rule that is there, as ReplaceTopicRule would take it."""
    members = {member: rule[member] for member in OPTIONS if rule.get(member) not in (None, "", {})}
    return {**members, "ruleDisabled": bool(rule.get("ruleDisabled"))}


def picture(payload: Answer) -> Answer:
    """A payload in the shape of the module's options; empty for none."""
    shape = {OPTIONS[member]: item for member, item in payload.items() if member in OPTIONS and item not in ("", {})}
    return {**shape, "enabled": not payload.get("ruleDisabled", False)} if payload else {}


def change_rule(name: str, rule: Answer | None, wanted: Answer) -> RuleChange:
    """What turns the rule that is there (None: there is none) into the wanted one. What is not given stays.

    A replacement is always sent whole: the API would drop what is left out.
    """
    if rule is None:
        missing = [OPTIONS[member] for member in ("sql", "actions") if member not in wanted]
        if missing:
            raise Refused(f"There is no topic rule '{name}', and to create it {' and '.join(missing)} must be given.")
        payload = _sendable(wanted)
        return RuleChange({}, picture(payload), ["is not there"], payload, None)
    before = payload_of(rule)
    changed = [member for member, item in wanted.items() if not _same(before.get(member), item)]
    after = {**before, **{member: wanted[member] for member in changed}}
    reasons = [changed_value(OPTIONS[member], before.get(member), wanted[member]) for member in changed if member in OPTIONS]
    if "ruleDisabled" in changed:
        reasons.append("is disabled" if before["ruleDisabled"] else "is enabled, but is not to be")
    only_switch = changed == ["ruleDisabled"]
    return RuleChange(
        picture(before),
        picture(after),
        reasons,
        _sendable(after) if changed and not only_switch else None,
        not wanted["ruleDisabled"] if only_switch else None,
    )


def _same(before: t.Any, wanted: t.Any) -> bool:
    """An empty description or error action is the same as none. AWS adds its defaults to actions, so more keys are no change."""
    if wanted in ("", {}):
        return not before
    return covers(before, wanted)


def _sendable(payload: Answer) -> Answer:
    return {member: item for member, item in payload.items() if item not in ("", {})}
