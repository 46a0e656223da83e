# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Comparing, showing and ordering."""

from __future__ import annotations

import gc
import typing as t

import hypothesis.strategies as st
import pytest
from hypothesis import given

from ansible_collections.energytwin.aws.plugins.module_utils._plan import (
    Refused,
    as_diff,
    building,
    covers,
    in_order,
    listed,
    shown,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("actual", "wanted", "expected"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": {"x": 1, "y": 2}}, {"a": {"y": 2}}, True),
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        ([1, 2], [2, 1], False),
        ([1, 2], [1], False),
        ([{"a": 1, "default": 0}], [{"a": 1}], True),
        (None, {}, False),
        ("1", 1, False),
    ],
)
def test_covers(actual: t.Any, wanted: t.Any, expected: bool) -> None:
    assert covers(actual, wanted) is expected


@given(json_values)
def test_everything_covers_itself(value: t.Any) -> None:
    assert covers(value, value)


@given(st.dictionaries(st.text(max_size=3), json_values))
def test_order_is_by_key_and_nothing_is_lost(value: dict[str, t.Any]) -> None:
    ordered = in_order(value)
    assert ordered == value and list(ordered) == sorted(value)
    assert repr(ordered) == repr(in_order(dict(reversed(list(value.items())))))


def test_a_diff_of_nothing_is_empty() -> None:
    assert as_diff(None, {"b": 1, "a": 2}) == {"before": {}, "after": {"a": 2, "b": 1}}


def test_values_are_shown_short() -> None:
    assert shown("it") == "'it'"
    assert shown({"b": 1, "a": None}) == '{"a": null, "b": 1}'
    assert len(shown("x" * 200)) == 60 and shown("x" * 200).endswith("...")


def test_many_names_are_listed_short() -> None:
    assert listed(["a", "b"]) == "'a', 'b'"
    assert listed(str(number) for number in range(7)) == "'0', '1', '2', '3', '4' and 2 more"


def test_garbage_is_looked_for_again_after_building_even_if_it_fails() -> None:
    inner = building(gc.isenabled)

    @building
    def outer() -> tuple[bool, bool, bool]:
        return gc.isenabled(), inner(), gc.isenabled()

    @building
    def failing() -> None:
        raise Refused("no")

    assert gc.isenabled()
    assert outer() == (False, False, False) and gc.isenabled()
    with pytest.raises(Refused, match="no"):
        failing()
    assert gc.isenabled()


def test_who_has_stopped_the_collector_finds_it_so_afterwards() -> None:
    gc.disable()
    try:
        building(lambda: None)()
        assert not gc.isenabled()
    finally:
        gc.enable()
