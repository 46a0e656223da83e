# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules engine: which rules a message triggers, their actions, their error actions, and counters of it all."""

from __future__ import annotations

import collections
import collections.abc as c
import logging
import threading
import typing as t

from local_cloud.broker import topics
from local_cloud.broker.rules import actions, evaluate
from local_cloud.broker.rules.actions import Failure, Job
from local_cloud.broker.rules.context import Context, Message
from local_cloud.broker.rules.rule import ACTIONS, Action, Rule, compile_rule, fingerprint
from local_cloud.metrics import Datum

if t.TYPE_CHECKING:
    from local_cloud.cloud import Cloud

RULES: t.Final = "iot/rule"
COUNTERS: t.Final = "iot/rule-counters"
# (metric, rule, type of the action or None) -> how often
Metrics: t.TypeAlias = "collections.Counter[tuple[str, str, str | None]]"
_LOG = logging.getLogger(__name__)


class Engine:
    """Runs the topic rules that stand in the store. Safe to use from many threads.

    ``RULES`` records: key = rule name, value = ``{"payload": TopicRulePayload, ...}`` as the control plane writes them.
    ``COUNTERS`` records: key = rule name, value = ``{"matched", "succeeded", "failed", "lost", "lastError"?}``: messages that the
    rule was triggered for and that passed its WHERE; actions that succeeded and failed; error actions that failed or were missing.
    """

    def __init__(self, cloud: Cloud, publish: actions.Publish) -> None:
        self._cloud = cloud
        self._publish = publish
        self._compiled: dict[str, tuple[str, Rule]] = {}
        self._lock = threading.Lock()

    def process(self, messages: c.Sequence[Message]) -> None:
        """Runs all rules on the messages. When it returns, every action has succeeded, or its error action has been run."""
        counters: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
        errors: dict[str, str] = {}
        metrics: Metrics = collections.Counter()
        rules = self._rules()
        known = {rule.name for rule in rules}
        for name in (topics.basic_ingest_rule(message.topic) for message in messages):
            if name is not None and name not in known:
                _LOG.warning("RuleNotFound: a message was published for the rule %s, which does not exist or is disabled", name)
                metrics["RuleNotFound", name, None] += 1
        for rule in rules:
            triggering = [message for message in messages if _triggers(rule, message)]
            if triggering:
                metrics["TopicMatch", rule.name, None] += len(triggering)
                self._run(rule, triggering, counters[rule.name], errors, metrics)
        self._count(counters, errors, metrics)

    def _rules(self) -> list[Rule]:
        """The enabled rules. A parsed rule is kept while its payload stays the same."""
        rules = []
        for name, record in self._cloud.store.list(RULES):
            payload = record["payload"]
            if payload.get("ruleDisabled"):
                continue
            mark = fingerprint(payload)
            with self._lock:
                known = self._compiled.get(name)
                if known is None or known[0] != mark:
                    known = self._compiled[name] = (mark, compile_rule(name, payload))
            rules.append(known[1])
        return rules

    def _run(
        self, rule: Rule, messages: c.Sequence[Message], counter: collections.Counter[str], errors: dict[str, str], metrics: Metrics
    ) -> None:
        jobs, failures = self._evaluated(rule, messages, metrics)
        counter["matched"] += len(jobs)
        for action in rule.actions:
            passed = [index for index, job in enumerate(jobs) if job.result is not _NO_RESULT]
            outcomes = self._perform(action, [jobs[index] for index in passed])
            for index, failure in zip(passed, outcomes, strict=True):
                counter["succeeded" if failure is None else "failed"] += 1
                metrics["Success" if failure is None else "Failure", rule.name, ACTIONS[action.kind]] += 1
                if failure is not None:
                    failures[index].append((ACTIONS[action.kind], failure))
        failed = [index for index in range(len(jobs)) if failures[index]]
        if not failed:
            return
        errors[rule.name] = failures[failed[-1]][-1][1].reason
        _LOG.warning("rule %s: %s", rule.name, errors[rule.name])
        documents = [Job(rule, jobs[index].context, actions.error_document(jobs[index], failures[index])) for index in failed]
        reasons = ["The rule has no error action"] * len(failed)
        if rule.error_action is not None:
            reasons = [failure.reason if failure else "" for failure in self._perform(rule.error_action, documents)]
            for reason in reasons:
                metrics["ErrorActionFailure" if reason else "ErrorActionSuccess", rule.name, ACTIONS[rule.error_action.kind]] += 1
        lost = [reason for reason in reasons if reason]
        if lost:
            counter["lost"] += len(lost)
            errors[rule.name] += f" - error action: {lost[-1]}"
            _LOG.error("rule %s: error action: %s", rule.name, lost[-1])

    def _evaluated(self, rule: Rule, messages: c.Sequence[Message], metrics: Metrics) -> tuple[list[Job], list[list[tuple[str, Failure]]]]:
        """The messages that pass WHERE. One that cannot be evaluated is a job without a result, and a failure."""
        jobs: list[Job] = []
        failures: list[list[tuple[str, Failure]]] = []
        for message in messages:
            context = Context(message, rule.version_2, self._cloud.settings.account)
            if not context.is_json:
                metrics["ParseError", rule.name, None] += 1
            try:
                passed, result = evaluate.run(rule.statement, context)
            except (ValueError, ArithmeticError, RecursionError) as error:
                jobs.append(Job(rule, context, _NO_RESULT))
                failures.append([("RuleEvaluation", Failure(rule.name, f"The rule's SQL failed: {error}"))])
                continue
            if passed:
                jobs.append(Job(rule, context, result))
                failures.append([])
        return jobs, failures

    def _perform(self, action: Action, jobs: c.Sequence[Job]) -> list[Failure | None]:
        if not jobs:
            return []
        try:
            return actions.perform(self._cloud, self._publish, action, jobs)
        except Exception as error:  # a fault of ours must not lose messages: it goes to the error action like any other
            _LOG.exception("rule %s: %s", jobs[0].rule.name, action.kind)
            return [Failure("", f"{type(error).__name__}: {error}") for _unused in jobs]

    def _count(self, counters: c.Mapping[str, c.Mapping[str, int]], errors: c.Mapping[str, str], metrics: Metrics) -> None:
        data = [
            Datum.count(name, number, RuleName=rule, **({} if action is None else {"ActionType": action}))
            for (name, rule, action), number in metrics.items()
        ]
        with self._cloud.store.transaction():
            self._cloud.metrics.add("AWS/IoT", data, self._cloud.now())
            for name, counter in counters.items():
                record = self._cloud.store.get(COUNTERS, name) or {"matched": 0, "succeeded": 0, "failed": 0, "lost": 0}
                for key, number in counter.items():
                    record[key] += number
                if name in errors:
                    record["lastError"] = errors[name]
                self._cloud.store.put(COUNTERS, name, record)


_NO_RESULT: t.Final = object()


def _triggers(rule: Rule, message: Message) -> bool:
    named = topics.basic_ingest_rule(message.topic)
    if named is not None:
        return named == rule.name
    return rule.statement.topic_filter is not None and topics.matches(rule.statement.topic_filter, message.topic)
