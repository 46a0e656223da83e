# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked of the metrics: a statistic, or a Metrics Insights query. Pure.

Source: "Query components and syntax in CloudWatch Metrics Insights". Of it: SELECT FUNCTION(metric) FROM "namespace" or SCHEMA("namespace",
dimension, ...) WHERE dimension = 'value' AND ...; all else, and metric math, is refused with 501.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import re
import typing as t

from local_cloud.errors import ApiError
from local_cloud.metrics import Selection

STATISTICS: t.Final = ("SampleCount", "Sum", "Average", "Minimum", "Maximum")
_FUNCTIONS: t.Final = {"AVG": "Average", "COUNT": "SampleCount", "MAX": "Maximum", "MIN": "Minimum", "SUM": "Sum"}
_NAME: t.Final = r'(?:"[^"]+"|[A-Za-z_][A-Za-z0-9_]*)'
_CONDITION: t.Final = rf"({_NAME})\s*=\s*'([^']*)'"
_QUERY: t.Final = re.compile(
    rf"\s*SELECT\s+(\w+)\s*\(\s*({_NAME})\s*\)\s+FROM\s+(?:({_NAME})|SCHEMA\s*\(\s*({_NAME})((?:\s*,\s*{_NAME})*)\s*\))"
    rf"(?:\s+WHERE\s+({_CONDITION}(?:\s+AND\s+{_CONDITION})*))?\s*",
    re.IGNORECASE,
)


@dataclasses.dataclass(frozen=True)
class Question:
    """seconds: length of a period."""

    selection: Selection
    statistic: str
    seconds: int


def of_statistic(given: c.Mapping[str, t.Any]) -> Question:
    """Of the members that PutMetricAlarm has for one metric."""
    return Question(_selection(given, given.get("Unit")), _known(given["Statistic"]), _period(given["Period"]))


def of_alarm(alarm: c.Mapping[str, t.Any]) -> Question:
    """Of the members of PutMetricAlarm: one metric, or one query."""
    if "Metrics" not in alarm:
        return of_statistic(alarm)
    if len(alarm["Metrics"]) != 1:
        raise not_implemented("alarms on more than one metric data query")
    return of_query(alarm["Metrics"][0])


def of_query(query: c.Mapping[str, t.Any]) -> Question:
    """Of a MetricDataQuery. Raises ApiError 501 for an expression that is none of Metrics Insights as it is here."""
    if "AccountId" in query:
        raise not_implemented("the member AccountId of a metric data query")
    if "MetricStat" in query:
        stat = query["MetricStat"]
        return Question(_selection(stat["Metric"], stat.get("Unit")), _known(stat["Stat"]), _period(stat["Period"]))
    if "Expression" not in query:
        raise ApiError("ValidationError", f"The metric data query {query['Id']} has neither MetricStat nor Expression.")
    if "Period" not in query:
        raise ApiError("ValidationError", f"Period must be specified for the query {query['Id']}.")
    return Question(*_insights(query["Expression"]), _period(query["Period"]))


def _insights(expression: str) -> tuple[Selection, str]:
    match = _QUERY.fullmatch(expression)
    function = _FUNCTIONS.get(match[1].upper()) if match else None
    if match is None or function is None:
        raise not_implemented(f"the expression {expression!r}; it has SELECT FUNCTION(metric) FROM \"namespace\" WHERE dimension = 'value'")
    dimensions = {_plain(name): value for name, value in re.findall(_CONDITION, match[6] or "")}
    if match[5]:
        among = {_plain(name.strip()) for name in match[5].split(",") if name.strip()}
        if among != dimensions.keys():
            raise not_implemented("a SCHEMA with dimensions that WHERE does not name")
    name = _plain(match[3] or match[4])
    return Selection(name, _plain(match[2]), dimensions, exact=bool(match[4])), function


def _plain(name: str) -> str:
    return name.strip('"')


def _selection(given: c.Mapping[str, t.Any], unit: str | None) -> Selection:
    dimensions = {dimension["Name"]: dimension["Value"] for dimension in given.get("Dimensions", [])}
    if "Namespace" not in given or "MetricName" not in given:
        raise ApiError("ValidationError", "A metric needs a Namespace and a MetricName.")
    return Selection(given["Namespace"], given["MetricName"], dimensions, unit)


def _known(statistic: str) -> str:
    if statistic not in STATISTICS:
        raise not_implemented(f"the statistic {statistic}; it has {', '.join(STATISTICS)}")
    return statistic


def _period(seconds: int) -> int:
    if seconds in (10, 20, 30):
        raise not_implemented("periods of less than a minute")
    if seconds < 60 or seconds % 60:
        raise ApiError("ValidationError", f"The period {seconds} is not a multiple of 60 seconds.")
    return seconds


def not_implemented(what: str) -> ApiError:
    return ApiError("NotImplemented", f"The local cloud does not implement {what}.", status=501)
