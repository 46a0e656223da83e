# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A topic rule, parsed: its statement and its actions with their substitution templates."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import json
import typing as t

from local_cloud.broker.rules import evaluate, parser, syntax
from local_cloud.broker.rules.context import Context

Template = tuple[t.Union[str, "syntax.Expression"], ...]

# Actions that this rules engine runs, and the name that an error message gives each.
ACTIONS: t.Final[dict[str, str]] = {
    "cloudwatchLogs": "CloudwatchLogsAction",
    "dynamoDB": "DynamoAction",
    "dynamoDBv2": "DynamoDBv2Action",
    "lambda": "LambdaAction",
    "republish": "RepublishAction",
    "s3": "S3Action",
    "timestream": "TimestreamAction",
}
# Members that AWS documents as taking no substitution template.
_PLAIN: t.Final = frozenset({"roleArn", "cannedAcl", "qos", "name", "unit", "batchMode", "functionArn"})


@dataclasses.dataclass(frozen=True)
class Action:
    """kind: a key of ``ACTIONS``. members: the action of the API, with each string that may have templates parsed."""

    kind: str
    members: dict[str, t.Any]

    @property
    def role(self) -> str | None:
        return self.members.get("roleArn")

    def rendered(self, context: Context) -> dict[str, t.Any]:
        """The action's members with the templates filled in from the message."""
        return t.cast("dict[str, t.Any]", _rendered(self.members, context))


@dataclasses.dataclass(frozen=True)
class Rule:
    name: str
    statement: syntax.Statement
    actions: tuple[Action, ...]
    error_action: Action | None

    @property
    def version_2(self) -> bool:
        return self.statement.version == parser.VERSION_2


def compile_rule(name: str, payload: c.Mapping[str, t.Any]) -> Rule:
    """A rule from the API's TopicRulePayload. Raises SqlError for its SQL, ValueError for an action."""
    version = payload.get("awsIotSqlVersion") or parser.VERSION_1
    statement = parser.parse(payload["sql"], version)
    error_action = payload.get("errorAction")
    return Rule(
        name=name,
        statement=statement,
        actions=tuple(_action(action, version) for action in payload["actions"]),
        error_action=None if error_action is None else _action(error_action, version),
    )


def _action(action: c.Mapping[str, t.Any], version: str) -> Action:
    if len(action) != 1:
        raise ValueError(f"each action has exactly one kind, but one here has {len(action)}: {', '.join(sorted(action)) or 'none'}")
    kind, members = next(iter(action.items()))
    if kind not in ACTIONS:
        raise ValueError(f"the action '{kind}' is not implemented in the local cloud; it runs {', '.join(ACTIONS)}")
    parsed = _parsed(dict(members), version)
    _check(kind, members)
    return Action(kind, parsed)


def _check(kind: str, members: c.Mapping[str, t.Any]) -> None:
    if kind == "timestream":
        names = [dimension["name"] for dimension in members["dimensions"]]
        for name in names:
            if name in ("measure_name", "measure_value", "time") or name.startswith(("ts_", "measure_value")) or ":" in name:
                raise ValueError(f"'{name}' cannot be the name of a Timestream dimension: it is reserved")
        unit = members.get("timestamp", {}).get("unit", "MILLISECONDS")
        if unit not in ("SECONDS", "MILLISECONDS", "MICROSECONDS", "NANOSECONDS"):
            raise ValueError(f"the unit '{unit}' of the Timestream timestamp must be SECONDS, MILLISECONDS, MICROSECONDS or NANOSECONDS")
    if kind == "republish" and members.get("headers"):
        raise ValueError("headers of a republish action (MQTT 5) are not implemented in the local cloud")


def _parsed(value: t.Any, version: str, member: str = "") -> t.Any:
    if isinstance(value, dict):
        return {key: _parsed(item, version, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_parsed(item, version, member) for item in value]
    if isinstance(value, str) and member not in _PLAIN:
        return parser.parse_template(value, version)
    return value


def _rendered(value: t.Any, context: Context) -> t.Any:
    if isinstance(value, tuple):
        return evaluate.render(value, context)
    if isinstance(value, dict):
        return {key: _rendered(item, context) for key, item in value.items()}
    return [_rendered(item, context) for item in value] if isinstance(value, list) else value


def fingerprint(payload: c.Mapping[str, t.Any]) -> str:
    """The same for the same payload, so that a parsed rule can be kept."""
    return json.dumps(payload, sort_keys=True)
