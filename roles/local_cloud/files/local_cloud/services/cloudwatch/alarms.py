# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alarms at work: their states, their history, and what they tell SNS. Source: "Alarm actions" and the notification in CloudWatch's guide."""

from __future__ import annotations

import collections.abc as c
import datetime
import functools
import json
import logging
import typing as t
import uuid

import botocore.loaders

from local_cloud.cloud import Cloud
from local_cloud.metrics import MINUTE
from local_cloud.services.cloudwatch import queries
from local_cloud.services.cloudwatch.evaluation import ALARM as ALARMED
from local_cloud.services.cloudwatch.evaluation import OK, UNKNOWN, Rule, Verdict, judge
from local_cloud.services.sns import Sns
from local_cloud.store import Record

ALARM: t.Final = "cloudwatch/alarm"
HISTORY: t.Final = "cloudwatch/history"
PRINCIPAL: t.Final = "cloudwatch.amazonaws.com"
_ACTIONS: t.Final = {OK: "OKActions", ALARMED: "AlarmActions", UNKNOWN: "InsufficientDataActions"}
_OWN: t.Final = ("StateValue", "StateReason", "StateUpdatedTimestamp", "StateTransitionedTimestamp", "Tags")
_LONGEST_SUBJECT: t.Final = 100
_LOG = logging.getLogger(__name__)


class Alarms:
    """The alarms in a cloud's store: ``ALARM`` records, key = name, value = the members of the API's MetricAlarm and ``Tags`` (a dict)."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def put(self, name: str, settings: Record, tags: dict[str, str]) -> None:
        """settings: the API's members without state. Tags are taken when the alarm is new, as on AWS."""
        now = self._cloud.now()
        with self._cloud.store.transaction():
            before = self._cloud.store.get(ALARM, name)
            state = {
                "StateValue": UNKNOWN,
                "StateReason": "Unchecked: Initial alarm creation",
                "StateUpdatedTimestamp": now,
                "StateTransitionedTimestamp": now,
                "Tags": tags,
            }
            kept = state if before is None else {member: before[member] for member in _OWN}
            self._cloud.store.put(ALARM, name, {**settings, **kept, "AlarmConfigurationUpdatedTimestamp": now})

    def delete(self, name: str) -> None:
        """With its history."""
        self._cloud.store.delete(ALARM, name)
        for key, _unused in self._cloud.store.list(HISTORY, parent=name):
            self._cloud.store.delete(HISTORY, key)

    def tag(self, name: str, changes: c.Mapping[str, str | None]) -> None:
        """None as a value takes the tag away."""
        with self._cloud.store.transaction():
            record = self._cloud.store.get(ALARM, name)
            if record is not None:
                tags = {key: value for key, value in {**record["Tags"], **changes}.items() if value is not None}
                self._cloud.store.put(ALARM, name, {**record, "Tags": tags})

    def evaluate(self) -> None:
        """Puts all alarms in the state of their metrics, up to the last complete minute."""
        for name, record in self._cloud.store.list(ALARM):
            verdict = self._judged(record)
            if verdict is not None and verdict.state != record["StateValue"]:
                self.change(name, verdict, record["StateValue"])

    def _judged(self, record: Record) -> Verdict | None:
        question = queries.of_alarm(record)
        seconds, periods = question.seconds, record["EvaluationPeriods"]
        # The windows end with the last complete minute, whatever the length of a period.
        start = int(self._cloud.now() // MINUTE) * MINUTE - seconds * periods
        points = self._cloud.metrics.points(question.selection, start, periods, seconds)
        values = [None if point is None else point.statistic(question.statistic) for point in points]
        starts = [start + number * seconds for number in range(periods)]
        given = {"DatapointsToAlarm": periods, "TreatMissingData": "missing", **record}
        rule = Rule(given["ComparisonOperator"], given["Threshold"], given["DatapointsToAlarm"], given["TreatMissingData"])
        return judge(rule, values[::-1], starts[::-1])

    def change(self, name: str, verdict: Verdict, expected: str | None = None) -> None:
        """Takes the alarm into a state and runs its actions, unless it is there already or no longer in the ``expected`` one."""
        now = self._cloud.now()
        with self._cloud.store.transaction():
            record = self._cloud.store.get(ALARM, name)
            if record is None or record["StateValue"] == verdict.state or expected not in (None, record["StateValue"]):
                return
            before = record["StateValue"]
            after = {**record, "StateValue": verdict.state, "StateReason": verdict.reason}
            after.update({"StateUpdatedTimestamp": now, "StateTransitionedTimestamp": now})
            self._cloud.store.put(ALARM, name, after)
            self._remember(name, "StateUpdate", f"Alarm updated from {before} to {verdict.state}", {"old": before, "new": verdict.state})
        for action in after[_ACTIONS[verdict.state]] if after["ActionsEnabled"] else []:
            failure = self._cloud.service(Sns).publish_for(
                PRINCIPAL, self._arn(name), action, self._subject(after), json.dumps(self._notification(after, before))
            )
            done = f"Successfully executed action {action}" if failure is None else f"Failed to execute action {action}. {failure}"
            if failure is not None:
                _LOG.warning("alarm %s: %s", name, done)
            with self._cloud.store.transaction():
                self._remember(name, "Action", done, {"action": action, "error": failure})

    def history(self, name: str | None) -> list[Record]:
        """The API's AlarmHistoryItems in their order; name: None is of all alarms."""
        return [record for _unused, record in self._cloud.store.list(HISTORY, parent=name)]

    def _remember(self, name: str, kind: str, summary: str, data: Record) -> None:
        now = self._cloud.now()
        item = {"AlarmName": name, "AlarmType": "MetricAlarm", "Timestamp": now, "HistoryItemType": kind, "HistorySummary": summary}
        key = f"{now:017.6f}-{uuid.uuid1().time:020d}"
        self._cloud.store.put(HISTORY, key, {**item, "HistoryData": json.dumps({"version": "1.0", **data})}, parent=name)

    # ---- The notification

    def _subject(self, record: Record) -> str:
        return f'{record["StateValue"]}: "{record["AlarmName"]}" in {_region_name(self._cloud.settings.region)}'[:_LONGEST_SUBJECT]

    def _notification(self, record: Record, before: str) -> Record:
        """The JSON document that CloudWatch publishes."""
        return {
            "AlarmName": record["AlarmName"],
            "AlarmDescription": record.get("AlarmDescription"),
            "AWSAccountId": self._cloud.settings.account,
            "AlarmConfigurationUpdatedTimestamp": _moment(record["AlarmConfigurationUpdatedTimestamp"]),
            "NewStateValue": record["StateValue"],
            "NewStateReason": record["StateReason"],
            "StateChangeTime": _moment(record["StateUpdatedTimestamp"]),
            "Region": _region_name(self._cloud.settings.region),
            "AlarmArn": self._arn(record["AlarmName"]),
            "OldStateValue": before,
            "OKActions": record["OKActions"],
            "AlarmActions": record["AlarmActions"],
            "InsufficientDataActions": record["InsufficientDataActions"],
            "Trigger": _trigger(record),
        }

    def _arn(self, name: str) -> str:
        return self._cloud.arn("cloudwatch", f"alarm:{name}")


def _trigger(record: Record) -> Record:
    shared = {
        "Period": queries.of_alarm(record).seconds,
        "EvaluationPeriods": record["EvaluationPeriods"],
        **({"DatapointsToAlarm": record["DatapointsToAlarm"]} if "DatapointsToAlarm" in record else {}),
        "ComparisonOperator": record["ComparisonOperator"],
        "Threshold": record["Threshold"],
        "TreatMissingData": record.get("TreatMissingData", "missing"),
        "EvaluateLowSampleCountPercentile": "",
    }
    if "Metrics" in record:
        return {**shared, "Metrics": record["Metrics"]}
    metric = {
        "MetricName": record["MetricName"],
        "Namespace": record["Namespace"],
        "StatisticType": "Statistic",
        "Statistic": record["Statistic"].upper(),
        "Unit": record.get("Unit"),
        "Dimensions": [{"value": dimension["Value"], "name": dimension["Name"]} for dimension in record["Dimensions"]],
    }
    return {**metric, **shared}


def _moment(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


@functools.cache
def _region_name(region: str) -> str:
    """As notifications name it, e.g. ``EU (Frankfurt)``."""
    partitions = botocore.loaders.create_loader().load_data("partitions")["partitions"]
    known: dict[str, str] = next((partition["regions"][region] for partition in partitions if region in partition["regions"]), {})
    return str(known.get("description", region)).replace("Europe (", "EU (")
