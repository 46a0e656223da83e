# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Topic names, topic filters and Basic Ingest topics."""

from __future__ import annotations

import pytest

from local_cloud.broker import topics


@pytest.mark.parametrize(
    ("topic_filter", "topic", "expected"),
    [
        ("sensor/#", "sensor/", True),
        ("sensor/#", "sensor/temperature/room1", True),
        ("sensor/#", "sensor", False),
        ("sensor/#", "Sensor/a", False),
        ("sensor/+/room1", "sensor/temperature/room1", True),
        ("sensor/+/room1", "sensor/temperature/room2", False),
        ("+", "a", True),
        ("+", "a/b", False),
        ("+/+", "/", True),
        ("#", "a/b/c", True),
        ("#", "$aws/rules/r", False),
        ("+/rules/r", "$aws/rules/r", False),
        ("a/b", "a/b", True),
        ("a/b", "a/b/c", False),
    ],
)
def test_matches(topic_filter: str, topic: str, expected: bool) -> None:
    assert topics.matches(topic_filter, topic) is expected


@pytest.mark.parametrize(
    ("topic", "problem"),
    [
        ("energy/plant", None),
        ("a/b/c/d/e/f/g/h", None),
        ("a/b/c/d/e/f/g/h/i", "more than 7 slashes"),
        ("é" * 128, None),
        ("é" * 129, "longer than 256 bytes"),
        ("a/+", "wildcard"),
        ("", "is empty"),
        ("$aws/things/x", "reserved"),
        ("$SYS/x", "reserved"),
        ("$aws/rules/", "reserved"),
        ("$aws/rules/Ingest", None),
        ("$aws/rules/Ingest/a/b/c/d/e/f/g/h", None),
        ("$aws/rules/Ingest/a/b/c/d/e/f/g/h/i", "more than 7 slashes"),
        ("$aws/rules/Ingest/" + "x" * 256, None),
        ("$aws/rules/Ingest/" + "x" * 257, "longer than 256 bytes"),
    ],
)
def test_names(topic: str, problem: str | None) -> None:
    found = topics.name_problem(topic)
    assert found is None if problem is None else problem in str(found)


@pytest.mark.parametrize(
    ("topic_filter", "valid"),
    [("a/+/b/#", True), ("#", True), ("+", True), ("a+", False), ("a/#/b", False), ("a#", False), ("", False), ("a/" * 8, False)],
)
def test_filters(topic_filter: str, valid: bool) -> None:
    assert (topics.filter_problem(topic_filter) is None) is valid


def test_basic_ingest() -> None:
    assert topics.basic_ingest_rule("$aws/rules/Ingest/energy/plant") == "Ingest"
    assert topics.without_basic_ingest("$aws/rules/Ingest/energy/plant") == "energy/plant"
    assert topics.basic_ingest_rule("energy/plant") is None
    assert topics.without_basic_ingest("energy/plant") == "energy/plant"
