# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Topic names and topic filters as AWS IoT Core takes them.

Source: "MQTT topics", "Reserved topics", "Basic Ingest" and "AWS IoT Core message broker limits" in AWS's documentation.
"""

from __future__ import annotations

import typing as t

MAX_BYTES: t.Final = 256
MAX_SLASHES: t.Final = 7
BASIC_INGEST: t.Final = "$aws/rules/"


def name_problem(topic: str) -> str | None:
    """Why nobody can publish to this topic, as the rest of a sentence, or None. The Basic Ingest prefix does not count."""
    rule = basic_ingest_rule(topic)
    if topic.startswith("$") and not rule:
        return "is reserved: only $aws/rules/<rule>/ can be published to among the topics that begin with $"
    rest = without_basic_ingest(topic)
    if "+" in rest or "#" in rest:
        return "contains a wildcard, + or #"
    return "is empty" if not topic else _limits_problem(rest)


def filter_problem(topic_filter: str) -> str | None:
    """Why this is no topic filter, as the rest of a sentence, or None."""
    if not topic_filter:
        return "is empty"
    levels = topic_filter.split("/")
    if any("+" in level and level != "+" for level in levels):
        return "has a + that is not alone in its level"
    if any("#" in level and level != "#" for level in levels) or "#" in levels[:-1]:
        return "has a # that is not alone in the last level"
    return _limits_problem(topic_filter)


def _limits_problem(topic: str) -> str | None:
    if "\0" in topic:
        return "contains a null character"
    if len(topic.encode()) > MAX_BYTES:
        return f"is longer than {MAX_BYTES} bytes"
    if topic.count("/") > MAX_SLASHES:
        return f"has more than {MAX_SLASHES} slashes"
    return None


def matches(topic_filter: str, topic: str) -> bool:
    """Whether a topic name matches a filter. As on AWS, ``a/#`` does not match ``a`` itself, and wildcards match no $ topic."""
    if topic_filter == topic:
        return True
    if topic.startswith("$") and not topic_filter.startswith("$"):
        return False
    wanted, levels = topic_filter.split("/"), topic.split("/")
    if wanted[-1] == "#":
        wanted.pop()
        if len(levels) <= len(wanted):
            return False
        levels = levels[: len(wanted)]
    return len(wanted) == len(levels) and all(want in ("+", level) for want, level in zip(wanted, levels, strict=True))


def has_wildcard(topic_filter: str) -> bool:
    return "+" in topic_filter or "#" in topic_filter


def basic_ingest_rule(topic: str) -> str | None:
    """The rule that a Basic Ingest topic names, or None for any other topic."""
    return topic[len(BASIC_INGEST) :].split("/")[0] or None if topic.startswith(BASIC_INGEST) else None


def without_basic_ingest(topic: str) -> str:
    """The topic as ``topic()`` and the limits see it: without ``$aws/rules/<rule>/``."""
    if not topic.startswith(BASIC_INGEST):
        return topic
    return topic[len(BASIC_INGEST) :].partition("/")[2]
