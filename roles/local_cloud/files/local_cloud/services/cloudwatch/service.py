# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""cloudwatch: metrics, alarms on them, and the notifications that alarms send.

Source: CloudWatch's API reference, and "Alarm evaluation" in its guide. Percentiles, metric math, anomaly detection, composite alarms, log
alarms and actions other than SNS topics are refused with 501.
"""

from __future__ import annotations

import math
import typing as t

from local_cloud.cloud import Cloud
from local_cloud.errors import ApiError
from local_cloud.metrics import MINUTE, Datum
from local_cloud.service import Answer, Request, Service
from local_cloud.services.cloudwatch import evaluation, queries
from local_cloud.services.cloudwatch.alarms import ALARM, Alarms
from local_cloud.services.cloudwatch.queries import Question, not_implemented
from local_cloud.store import Record

MOST_DATA: t.Final = 1000
MOST_POINTS: t.Final = 1440
_OLDEST, _LATEST = 14 * 86_400, 2 * 3600  # seconds around now in which a data point is taken
_PAGE: t.Final = 100
_METRIC_PAGE: t.Final = 500
_DAY: t.Final = 86_400
_ALARM_MEMBERS: t.Final = frozenset(
    {
        "ActionsEnabled",
        "AlarmActions",
        "AlarmDescription",
        "AlarmName",
        "ComparisonOperator",
        "DatapointsToAlarm",
        "Dimensions",
        "EvaluationPeriods",
        "InsufficientDataActions",
        "MetricName",
        "Metrics",
        "Namespace",
        "OKActions",
        "Period",
        "Statistic",
        "Tags",
        "Threshold",
        "TreatMissingData",
        "Unit",
    }
)


class CloudWatch(Service):
    models = ("cloudwatch",)

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self._alarms = Alarms(cloud)

    def run_due(self) -> float:
        """Evaluates all alarms; gives the time at which to do so again: when the next minute is complete."""
        self._alarms.evaluate()
        now = self.cloud.now()
        self.cloud.metrics.forget(now)
        return (now // MINUTE + 1) * MINUTE

    # ---- Alarms

    def put_metric_alarm(self, request: Request) -> Answer:
        """An alarm of that name is replaced and keeps its state."""
        given = request.parameters
        self._authorized(request, given["AlarmName"])
        self._alarms.put(given["AlarmName"], self._checked(request), {tag["Key"]: tag["Value"] for tag in given.get("Tags", [])})
        return {}

    def describe_alarms(self, request: Request) -> Answer:
        given = request.parameters
        for member in ("ChildrenOfAlarmName", "ParentsOfAlarmName"):
            if member in given:
                raise not_implemented(f"the member {member} of cloudwatch:DescribeAlarms")
        if "AlarmNames" in given and "AlarmNamePrefix" in given:
            raise ApiError("ValidationError", "AlarmNames and AlarmNamePrefix cannot be specified together.")
        self.cloud.authorize(request, "cloudwatch:DescribeAlarms", self._arn("*"))
        self._alarms.evaluate()
        shown = [
            self._shown(name, record)
            for name, record in self.cloud.store.list(ALARM, prefix=given.get("AlarmNamePrefix", ""))
            if name in given.get("AlarmNames", [name]) and record["StateValue"] == given.get("StateValue", record["StateValue"])
        ]
        prefix = given.get("ActionPrefix", "")
        shown = [alarm for alarm in shown if not prefix or any(a.startswith(prefix) for a in _actions(alarm))]
        if "MetricAlarm" not in given.get("AlarmTypes", ["MetricAlarm"]):
            shown = []
        rows, token = _page(request, shown, given.get("MaxRecords", _PAGE))
        return {"MetricAlarms": rows, "CompositeAlarms": [], **token}

    def delete_alarms(self, request: Request) -> Answer:
        """All of them or none."""
        names = request.parameters["AlarmNames"]
        for name in names:
            self._authorized(request, name)
        with self.cloud.store.transaction():
            missing = [name for name in names if self.cloud.store.get(ALARM, name) is None]
            if missing:
                raise ApiError("ResourceNotFound", f"Alarms not found: {', '.join(missing)}")
            for name in names:
                self._alarms.delete(name)
        return {}

    def set_alarm_state(self, request: Request) -> Answer:
        """For tests of what an alarm does; its next evaluation puts it right."""
        given = request.parameters
        self._authorized(request, given["AlarmName"])
        self._find(given["AlarmName"])
        self._alarms.change(given["AlarmName"], evaluation.Verdict(given["StateValue"], given["StateReason"]))
        return {}

    def enable_alarm_actions(self, request: Request) -> Answer:
        return self._switch(request, on=True)

    def disable_alarm_actions(self, request: Request) -> Answer:
        return self._switch(request, on=False)

    def _switch(self, request: Request, *, on: bool) -> Answer:
        for name in request.parameters["AlarmNames"]:
            self._authorized(request, name)
            with self.cloud.store.transaction():
                self.cloud.store.put(ALARM, name, {**self._find(name), "ActionsEnabled": on})
        return {}

    def describe_alarm_history(self, request: Request) -> Answer:
        given = request.parameters
        if "AlarmContributorId" in given:
            raise not_implemented("the member AlarmContributorId of cloudwatch:DescribeAlarmHistory")
        self.cloud.authorize(request, "cloudwatch:DescribeAlarmHistory", self._arn(given.get("AlarmName", "*")))
        self._alarms.evaluate()
        rows = [
            record
            for record in self._alarms.history(given.get("AlarmName"))
            if given.get("StartDate", -math.inf) <= record["Timestamp"] <= given.get("EndDate", math.inf)
            and record["HistoryItemType"] == given.get("HistoryItemType", record["HistoryItemType"])
        ]
        if given.get("ScanBy") != "TimestampAscending":
            rows.reverse()
        rows, token = _page(request, rows, given.get("MaxRecords", _PAGE))
        return {"AlarmHistoryItems": rows, **token}

    def _shown(self, name: str, record: Record) -> dict[str, t.Any]:
        return {"AlarmArn": self._arn(name), **{key: value for key, value in record.items() if key != "Tags"}}

    def _checked(self, request: Request) -> Record:
        """The alarm that the request describes."""
        given = request.parameters
        unknown = sorted(given.keys() - _ALARM_MEMBERS)
        if unknown:
            raise not_implemented(f"the member {unknown[0]} of cloudwatch:PutMetricAlarm")
        if ("MetricName" in given) == bool(given.get("Metrics")):
            raise ApiError("ValidationError", "Exactly one of MetricName and Metrics must be specified.")
        for member in ("ComparisonOperator", "EvaluationPeriods", "Threshold", *(() if "Metrics" in given else ("Period", "Statistic"))):
            if member not in given:
                raise ApiError("ValidationError", f"{member} must be specified.")
        if given["ComparisonOperator"] not in evaluation.COMPARISONS:
            raise not_implemented(f"the comparison {given['ComparisonOperator']}")
        if given.get("TreatMissingData", "missing") not in evaluation.MISSING:
            raise ApiError("ValidationError", f"TreatMissingData must be one of {', '.join(evaluation.MISSING)}.")
        if given.get("DatapointsToAlarm", 1) > given["EvaluationPeriods"]:
            raise ApiError("ValidationError", "DatapointsToAlarm must be less than or equal to EvaluationPeriods.")
        seconds = queries.of_alarm(given).seconds
        most = 7 * _DAY if seconds >= 3600 else _DAY
        if seconds * given["EvaluationPeriods"] > most:
            raise ApiError(
                "ValidationError", f"Metrics cannot be checked across more than {most // _DAY} day(s) (EvaluationPeriods * Period)."
            )
        for action in _actions(given):
            if not action.startswith("arn:aws:sns:"):
                raise not_implemented(f"the alarm action {action}; it has SNS topics")
        empty = {"ActionsEnabled": True, "OKActions": [], "AlarmActions": [], "InsufficientDataActions": []}
        dimensions: dict[str, list[t.Any]] = {} if "Metrics" in given else {"Dimensions": []}
        return {
            **empty,
            **dimensions,
            **{key: value for key, value in given.items() if key != "Tags"},
            "Threshold": float(given["Threshold"]),
        }

    # ---- Metrics

    def put_metric_data(self, request: Request) -> Answer:
        given = request.parameters
        for member in ("EntityMetricData", "StrictEntityValidation"):
            if member in given:
                raise not_implemented(f"the member {member} of cloudwatch:PutMetricData")
        namespace, data = given["Namespace"], given.get("MetricData", [])
        self.cloud.authorize(request, "cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": namespace})
        if namespace.startswith("AWS/"):
            raise ApiError("InvalidParameterValue", "The value AWS/ for parameter Namespace is invalid.")
        if not 1 <= len(data) <= MOST_DATA:
            raise ApiError("InvalidParameterValue", f"MetricData must have 1 to {MOST_DATA} members.")
        now = self.cloud.now()
        rows = [(datum, moment) for entry in data for datum, moment in self._data(entry, now)]
        with self.cloud.store.transaction():
            for datum, moment in rows:
                self.cloud.metrics.add(namespace, [datum], moment)
        return {}

    @staticmethod
    def _data(entry: dict[str, t.Any], now: float) -> list[tuple[Datum, float]]:
        if entry.get("StorageResolution", MINUTE) != MINUTE:
            raise not_implemented("metrics of high resolution")
        moment = entry.get("Timestamp", now)
        if not now - _OLDEST <= moment <= now + _LATEST:
            raise ApiError("InvalidParameterValue", "The parameter Timestamp must be within two weeks before and two hours after now.")
        dimensions = {dimension["Name"]: dimension["Value"] for dimension in entry.get("Dimensions", [])}
        name, unit = entry["MetricName"], entry.get("Unit", "None")
        if sum(member in entry for member in ("Value", "Values", "StatisticValues")) != 1:
            raise ApiError("InvalidParameterCombination", "Exactly one of Value, Values and StatisticValues must be given.")
        if "StatisticValues" in entry:
            given = entry["StatisticValues"]
            least, most = given["Minimum"], given["Maximum"]
            samples = [Datum(name, dimensions, unit, given["SampleCount"], given["Sum"], least, most)]
        else:
            values = entry.get("Values", [entry.get("Value")])
            counts = entry.get("Counts", [1.0] * len(values))
            if len(values) != len(counts):
                raise ApiError("InvalidParameterValue", "Values and Counts must be of the same length.")
            samples = [Datum(name, dimensions, unit, n, value * n, value, value) for value, n in zip(values, counts, strict=True)]
        if not all(math.isfinite(number) for datum in samples for number in (datum.samples, datum.total, datum.least, datum.most)):
            raise ApiError("InvalidParameterValue", "The value of a metric must be a finite number.")
        return [(datum, moment) for datum in samples]

    def get_metric_statistics(self, request: Request) -> Answer:
        given = request.parameters
        self.cloud.authorize(request, "cloudwatch:GetMetricStatistics", "*")
        if "ExtendedStatistics" in given:
            raise not_implemented("the member ExtendedStatistics of cloudwatch:GetMetricStatistics")
        if not given.get("Statistics"):
            raise ApiError("MissingParameter", "At least one of the parameters Statistics and ExtendedStatistics must be specified.")
        question = queries.of_statistic({**given, "Statistic": given["Statistics"][0]})
        datapoints = []
        for start, point in self._points(question, given["StartTime"], given["EndTime"]):
            statistics = {name: point.statistic(name) for name in given["Statistics"]}
            datapoints.append({"Timestamp": start, "Unit": given.get("Unit", "Count"), **statistics})
        return {"Label": given["MetricName"], "Datapoints": datapoints}

    def get_metric_data(self, request: Request) -> Answer:
        given = request.parameters
        self.cloud.authorize(request, "cloudwatch:GetMetricData", "*")
        for member in ("LabelOptions", "NextToken", "MaxDatapoints"):
            if member in given:
                raise not_implemented(f"the member {member} of cloudwatch:GetMetricData")
        results = []
        for query in given["MetricDataQueries"]:
            question = queries.of_query(query)
            if not query.get("ReturnData", True):
                continue
            found = list(self._points(question, given["StartTime"], given["EndTime"]))
            if given.get("ScanBy") != "TimestampAscending":
                found.reverse()
            results.append(
                {
                    "Id": query["Id"],
                    "Label": query.get("Label", question.selection.name),
                    "Timestamps": [start for start, _unused in found],
                    "Values": [point.statistic(question.statistic) for _unused, point in found],
                    "StatusCode": "Complete",
                }
            )
        return {"MetricDataResults": results, "Messages": []}

    def _points(self, question: Question, start: float, end: float) -> t.Iterator[tuple[int, t.Any]]:
        """(epoch seconds, Point) of the periods that have samples."""
        if start >= end:
            raise ApiError("InvalidParameterValue", "The parameter StartTime must be less than the parameter EndTime.")
        first = int(start // question.seconds) * question.seconds
        periods = math.ceil((end - first) / question.seconds)
        if periods > MOST_POINTS:
            raise ApiError(
                "InvalidParameterCombination", f"You have requested up to {periods} datapoints, which exceeds the limit of {MOST_POINTS}."
            )
        for number, point in enumerate(self.cloud.metrics.points(question.selection, first, periods, question.seconds)):
            if point is not None:
                yield first + number * question.seconds, point

    def list_metrics(self, request: Request) -> Answer:
        given = request.parameters
        self.cloud.authorize(request, "cloudwatch:ListMetrics", "*")
        for member in ("RecentlyActive", "IncludeLinkedAccounts", "OwningAccount"):
            if member in given:
                raise not_implemented(f"the member {member} of cloudwatch:ListMetrics")
        wanted = [(dimension["Name"], dimension.get("Value")) for dimension in given.get("Dimensions", [])]
        shown = [
            {
                "Namespace": namespace,
                "MetricName": name,
                "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
            }
            for namespace, name, dimensions in self.cloud.metrics.names()
            if namespace == given.get("Namespace", namespace)
            and name == given.get("MetricName", name)
            and all(key in dimensions and value in (None, dimensions[key]) for key, value in wanted)
        ]
        rows, token = _page(request, shown, _METRIC_PAGE)
        return {"Metrics": rows, **token}

    # ---- Tags

    def tag_resource(self, request: Request) -> Answer:
        name = self._tagged(request)
        self._alarms.tag(name, {tag["Key"]: tag["Value"] for tag in request.parameters["Tags"]})
        return {}

    def untag_resource(self, request: Request) -> Answer:
        self._alarms.tag(self._tagged(request), dict.fromkeys(request.parameters["TagKeys"]))
        return {}

    def list_tags_for_resource(self, request: Request) -> Answer:
        tags = self._find(self._tagged(request))["Tags"]
        return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]}

    def _tagged(self, request: Request) -> str:
        arn = request.parameters["ResourceARN"]
        name = str(arn).removeprefix(self._arn(""))
        self._authorized(request, name)
        if self.cloud.store.get(ALARM, name) is None:
            raise ApiError("ResourceNotFoundException", f"The resource {arn} does not exist.", ResourceType="alarm", ResourceId=name)
        return name

    # ---- What they share

    def _find(self, name: str) -> Record:
        record = self.cloud.store.get(ALARM, name)
        if record is None:
            raise ApiError("ResourceNotFound", f"There is no alarm {name}.")
        return record

    def _authorized(self, request: Request, name: str) -> None:
        self.cloud.authorize(request, f"cloudwatch:{request.operation}", self._arn(name))

    def _arn(self, name: str) -> str:
        return self.cloud.arn("cloudwatch", f"alarm:{name}")


def _actions(alarm: t.Mapping[str, t.Any]) -> list[str]:
    return [action for member in ("OKActions", "AlarmActions", "InsufficientDataActions") for action in alarm.get(member, [])]


def _page(request: Request, rows: list[t.Any], size: int) -> tuple[list[t.Any], dict[str, str]]:
    """The token is the number of the rows that were shown."""
    token = request.parameters.get("NextToken", "0")
    if not token.isdigit():
        raise ApiError("InvalidNextToken", "The next token is not valid.")
    end = int(token) + size
    return rows[int(token) : end], {"NextToken": str(end)} if end < len(rows) else {}
