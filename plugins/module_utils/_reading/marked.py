# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Marked readings: what is published, where each must show up, and what it means when it does not (pure)."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import enum
import json
import re
import typing as t

PROPERTY = "probe"


class Hop(enum.Enum):
    """The stations of a reading, in its order."""

    BROKER = "broker"
    RULE = "rule"
    STORE = "store"
    READER = "reader"
    TWIN = "twin"


@dataclasses.dataclass(frozen=True)
class MarkedReading:
    """One reading of the property ``probe``, told from all others by its time and value.

    timestamp: Unix milliseconds.
    """

    panel_id: str
    meter_id: str
    entity_id: str
    component_name: str
    timestamp: int
    value: float

    @property
    def name(self) -> str:
        return f"meter '{self.meter_id}' of panel '{self.panel_id}'"

    def payload(self) -> str:
        return json.dumps({"panelId": self.panel_id, "meterId": self.meter_id, "timestamp": self.timestamp, PROPERTY: self.value})


@dataclasses.dataclass(frozen=True)
class Failure:
    """Where a reading stopped, why as far as that is known, and what to look at."""

    reading: MarkedReading
    hop: Hop
    cause: str
    remedy: str

    def sentence(self) -> str:
        return f"the reading of {self.reading.name} stopped at the {self.hop.value}: {self.cause}; {self.remedy}"


def mark(meters: c.Sequence[dict[str, t.Any]], now_ms: int, value: float) -> list[MarkedReading]:
    """One reading per meter, all of one time; ``value`` tells this run from another one in the same millisecond."""
    return [
        MarkedReading(
            panel_id=meter["panel_id"],
            meter_id=meter["meter_id"],
            entity_id=meter["entity_id"],
            component_name=meter["component_name"],
            timestamp=now_ms,
            value=value,
        )
        for meter in meters
    ]


def topic_matches(topic_filter: str, topic: str) -> bool:
    """Whether an MQTT topic filter (with + and #) takes in a topic."""
    wanted, levels = topic_filter.split("/"), topic.split("/")
    for position, level in enumerate(wanted):
        if level == "#":
            return True
        if position >= len(levels) or level not in ("+", levels[position]):
            return False
    return len(wanted) == len(levels)


def rule_fault(rule: dict[str, t.Any] | None, rule_name: str, topic: str) -> tuple[str, str] | None:
    """(cause, remedy) when a topic rule cannot take readings from the topic; None when it looks able to.

    rule: ``rule`` of GetTopicRule's answer, None when there is none.
    """
    if rule is None:
        return f"there is no topic rule '{rule_name}'", "run role stack, which makes it"
    if rule.get("ruleDisabled"):
        return f"the topic rule '{rule_name}' is disabled", "enable it (module iot_topic_rule, or role stack does it)"
    source = re.search(r"\bFROM\s+'([^']*)'", rule.get("sql", ""), re.IGNORECASE)
    if source and not topic_matches(source.group(1), topic):
        return (
            f"the topic rule '{rule_name}' listens to '{source.group(1)}', the reading was published to '{topic}'",
            "let the stack's DataTopic and the site's topic be the same",
        )
    return None


def error_of(reading: MarkedReading, documents: c.Iterable[dict[str, t.Any]], decode: c.Callable[[str], bytes]) -> str | None:
    """What the rule's error action says of this reading; None when it does not mention it.

    documents: the objects that the error action wrote (``failures``, ``base64OriginalPayload``).
    """
    for document in documents:
        try:
            original = json.loads(decode(document.get("base64OriginalPayload", "")))
        except ValueError:
            continue
        if original == json.loads(reading.payload()):
            return (
                "; ".join(failure.get("errorMessage", "no reason given") for failure in document.get("failures", [])) or "no reason given"
            )
    return None
