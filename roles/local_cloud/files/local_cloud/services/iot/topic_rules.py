# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Topic rules: their SQL and actions are checked when they are created, and the rules engine runs them from the store."""

from __future__ import annotations

import typing as t
import urllib.parse

from local_cloud.broker import topics
from local_cloud.broker.rules import parser
from local_cloud.broker.rules.engine import COUNTERS
from local_cloud.broker.rules.rule import compile_rule
from local_cloud.errors import ApiError
from local_cloud.service import Answer, Parameters, Request
from local_cloud.services.iot import records
from local_cloud.services.iot.base import Part, invalid, page
from local_cloud.store import Record

MAX_ACTIONS: t.Final = 10


class TopicRules(Part):
    def create_topic_rule(self, request: Request) -> Answer:
        name, payload = self._checked(request)
        arn = self.arn("rule", name)
        with self.cloud.store.transaction():
            if self.cloud.store.get(records.RULE, name) is not None:
                message = f"Rule with name '{name}' already exists"
                raise ApiError("ResourceAlreadyExistsException", message, resourceId=name, resourceArn=arn)
            self.cloud.store.put(records.RULE, name, {"payload": payload, "created": self.milliseconds})
            if request.parameters.get("tags"):
                tags = urllib.parse.parse_qsl(request.parameters["tags"], keep_blank_values=True)
                self.cloud.store.put(records.TAGS, arn, dict(tags))
        return {}

    def replace_topic_rule(self, request: Request) -> Answer:
        name, payload = self._checked(request)
        with self.cloud.store.transaction():
            rule = self._rule(name)
            self.cloud.store.put(records.RULE, name, {**rule, "payload": payload})
        return {}

    def get_topic_rule(self, request: Request) -> Answer:
        name = request.parameters["ruleName"]
        self.authorize(request, "rule", name)
        rule = self._rule(name)
        defaults = {"ruleDisabled": False, "awsIotSqlVersion": parser.VERSION_1}
        shown = {**defaults, **rule["payload"], "ruleName": name, "createdAt": rule["created"]}
        return {"ruleArn": self.arn("rule", name), "rule": shown}

    def list_topic_rules(self, request: Request) -> Answer:
        """topic: rules whose filter matches that topic, or is it."""
        topic, disabled = request.parameters.get("topic"), request.parameters.get("ruleDisabled")
        rows = []
        for name, rule in self.cloud.store.list(records.RULE):
            pattern = parser.parse(rule["payload"]["sql"], rule["payload"].get("awsIotSqlVersion", parser.VERSION_1)).topic_filter
            off = rule["payload"].get("ruleDisabled", False)
            if disabled not in (None, off) or (topic is not None and (pattern is None or not topics.matches(pattern, topic))):
                continue
            shown = {"ruleArn": self.arn("rule", name), "ruleName": name, "createdAt": rule["created"], "ruleDisabled": off}
            rows.append((name, shown if pattern is None else {**shown, "topicPattern": pattern}))
        return page(request, rows, "rules", default=100)

    def enable_topic_rule(self, request: Request) -> Answer:
        return self._switch(request, disabled=False)

    def disable_topic_rule(self, request: Request) -> Answer:
        return self._switch(request, disabled=True)

    def delete_topic_rule(self, request: Request) -> Answer:
        name = request.parameters["ruleName"]
        self.authorize(request, "rule", name)
        with self.cloud.store.transaction():
            self._rule(name)
            self.cloud.store.delete(records.RULE, name)
            self.cloud.store.delete(COUNTERS, name)
            self.cloud.store.delete(records.TAGS, self.arn("rule", name))
        return {}

    def _switch(self, request: Request, *, disabled: bool) -> Answer:
        name = request.parameters["ruleName"]
        self.authorize(request, "rule", name)
        with self.cloud.store.transaction():
            rule = self._rule(name)
            rule["payload"]["ruleDisabled"] = disabled
            self.cloud.store.put(records.RULE, name, rule)
        return {}

    def _rule(self, name: str) -> Record:
        """AWS answers for a rule that does not exist as if access to it were denied."""
        rule = self.cloud.store.get(records.RULE, name)
        if rule is None:
            raise ApiError("UnauthorizedException", f"Access to topic rule '{name}' was denied")
        return rule

    def _checked(self, request: Request) -> tuple[str, Parameters]:
        name, payload = request.parameters["ruleName"], request.parameters["topicRulePayload"]
        self.authorize(request, "rule", name)
        version = payload.get("awsIotSqlVersion", parser.VERSION_1)
        if version not in parser.VERSIONS:
            raise invalid(f"The SQL version '{version}' is not known here; use one of {', '.join(parser.VERSIONS)}")
        if len(payload["actions"]) > MAX_ACTIONS:
            raise invalid(f"A rule has {MAX_ACTIONS} actions at most, and this one has {len(payload['actions'])}")
        try:
            compile_rule(name, payload)
        except parser.SqlError as error:
            raise ApiError("SqlParseException", str(error)) from None
        except ValueError as error:
            raise invalid(str(error)) from None
        return name, payload
