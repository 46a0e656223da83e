# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an alarm makes of its data points. Pure. Source: "Alarm evaluation" and "Configuring how CloudWatch alarms treat missing data"."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import datetime
import operator
import typing as t

OK: t.Final = "OK"
ALARM: t.Final = "ALARM"
UNKNOWN: t.Final = "INSUFFICIENT_DATA"
# Comparison -> how it is done, and what the reason of a change says.
COMPARISONS: t.Final[dict[str, tuple[c.Callable[[float, float], bool], str]]] = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
MISSING: t.Final = ("breaching", "notBreaching", "ignore", "missing")


@dataclasses.dataclass(frozen=True)
class Rule:
    """When an alarm goes off: ``enough`` of the periods breach the threshold."""

    comparison: str
    threshold: float
    enough: int
    missing: str = "missing"


@dataclasses.dataclass(frozen=True)
class Verdict:
    state: str
    reason: str


def judge(rule: Rule, values: c.Sequence[float | None], starts: c.Sequence[int]) -> Verdict | None:
    """The state by the values of the periods, the newest first; None: it stays as it is.

    starts: epoch seconds at which the periods begin. A period without data counts as ``rule.missing`` says.
    """
    breaches, words = COMPARISONS[rule.comparison]
    there = [(value, start) for value, start in zip(values, starts, strict=True) if value is not None]
    absent = len(values) - len(there)
    if not there and rule.missing == "missing":
        return Verdict(UNKNOWN, f"Insufficient Data: {absent} datapoint{_s(absent)} {'was' if absent == 1 else 'were'} unknown.")
    if not there and rule.missing == "ignore":
        return None
    breaching = sum(breaches(value, rule.threshold) for value, _unused in there)
    if rule.missing == "breaching":
        breaching += absent
    state = ALARM if breaching >= rule.enough else OK
    if not there:
        treated = "Breaching" if rule.missing == "breaching" else "NonBreaching"
        was = "was" if absent == 1 else "were"
        reason = f"no datapoints were received for {absent} period{_s(absent)} and {absent} missing datapoint{_s(absent)} {was} treated as [{treated}]."
        return Verdict(state, f"Threshold Crossed: {reason}")
    shown = ", ".join(f"{value} ({_moment(start)})" for value, start in there)
    crossed = f"{breaching if state == ALARM else len(values) - breaching} out of the last {len(values)} datapoints [{shown}]"
    verb = ("was" if len(there) == 1 else "were") + ("" if state == ALARM else " not")
    return Verdict(state, f"Threshold Crossed: {crossed} {verb} {words} the threshold ({rule.threshold}).")


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def _moment(seconds: int) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%d/%m/%y %H:%M:%S")
