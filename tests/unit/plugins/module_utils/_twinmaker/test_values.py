# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plain values from and to the API's form."""

from __future__ import annotations

import typing as t

import hypothesis.strategies as st
import pytest
from hypothesis import given

from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.values import data_value, plain, typed

KINDS = {
    "STRING": st.text(max_size=5),
    "DOUBLE": st.floats(allow_nan=False),
    "INTEGER": st.integers(-(2**31), 2**31),
    "LONG": st.integers(-(2**50), 2**50),
    "BOOLEAN": st.booleans(),
}


@given(st.sampled_from(sorted(KINDS)).flatmap(lambda kind: st.tuples(st.just(kind), KINDS[kind], st.booleans())))
def test_what_goes_in_comes_out(case: tuple[str, t.Any, bool]) -> None:
    kind, value, many = case
    data_type: dict[str, t.Any] = {"type": kind}
    if many:
        value, data_type = [value, value], {"type": "LIST", "nestedType": data_type}
    sent = typed(value, data_type, "p")
    assert plain(sent) == value
    assert data_value(sent, "p") == sent


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (5, "STRING", {"stringValue": "5"}),
        (True, "STRING", {"stringValue": "true"}),
        ("5", "DOUBLE", {"doubleValue": 5.0}),
        ("5", "LONG", {"longValue": 5}),
        ("yes", "BOOLEAN", {"booleanValue": True}),
        ("False", "BOOLEAN", {"booleanValue": False}),
    ],
)
def test_texts_of_templates_take_the_kind_of_the_property(value: t.Any, kind: str, expected: dict[str, t.Any]) -> None:
    assert typed(value, {"type": kind}, "p") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("a", {"stringValue": "a"}), (1, {"integerValue": 1}), (1.5, {"doubleValue": 1.5}), (True, {"booleanValue": True})],
)
def test_without_a_definition_a_value_is_what_it_is(value: t.Any, expected: dict[str, t.Any]) -> None:
    assert typed(value, None, "p") == expected


@pytest.mark.parametrize(
    ("value", "data_type"),
    [
        (True, {"type": "DOUBLE"}),
        ("x", {"type": "DOUBLE"}),
        (1.5, {"type": "INTEGER"}),
        (2, {"type": "BOOLEAN"}),
        ([1], {"type": "DOUBLE"}),
        (1, {"type": "LIST"}),
        ("x", {"type": "MAP"}),
    ],
)
def test_wrong_kinds_are_refused_by_name(value: t.Any, data_type: dict[str, t.Any]) -> None:
    with pytest.raises(Refused, match=r"^here: .* (type|be a|is a list)"):
        typed(value, data_type, "here")


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"stringvalue": "x"},
        {"stringValue": "x", "doubleValue": 1},
        {"listValue": 1},
        {"mapValue": []},
        {"doubleValue": "x"},
        {"listValue": [{}]},
    ],
)
def test_what_is_no_value_is_refused_by_name(value: dict[str, t.Any]) -> None:
    with pytest.raises(Refused, match=r"^here"):
        data_value(value, "here")


def test_relationships_and_expressions_pass() -> None:
    relationship = {"relationshipValue": {"targetEntityId": "a", "targetComponentName": "b"}}
    assert data_value(relationship, "p") == relationship
    assert data_value({"expression": "${Parameters.x}"}, "p") == {"expression": "${Parameters.x}"}
