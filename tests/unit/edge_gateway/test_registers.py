# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Registers: each one of each model against bytes that its maker's table gives; types, word orders and requests against what must hold."""

from __future__ import annotations

import collections.abc as c
import itertools
import math
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meter_gateway import models
from meter_gateway.registers import (
    TYPES,
    Register,
    Request,
    WordOrder,
    alternate,
    decode,
    encode,
    from_four_quadrants,
    group,
    to_number,
    to_words,
    words_of,
)
from tests.unit.edge_gateway.golden import FUNCTIONS, GOLDEN

MODELS = models.load(models.bundled(), {})
ROWS = [
    pytest.param(model, function, name, *row, id=f"{model}-{name}")
    for model, (function, rows) in GOLDEN.items()
    for name, row in rows.items()
]


def words_in(text: str) -> list[int]:
    return [int(word, 16) for word in text.split()]


def register(type_name: str = "u16", address: int = 0, **more: t.Any) -> Register:
    return Register("v1", address, type_name, 1.0, (-math.inf, math.inf), **more)


@pytest.mark.parametrize(("model", "function", "name", "address", "content", "value"), ROWS)
def test_golden_bytes(model: str, function: str, name: str, address: int, content: str, value: float) -> None:
    found = next(one for one in MODELS[model].registers if one.name == name)
    assert (MODELS[model].kind, found.address) == (FUNCTIONS[function], address)
    assert found.count == len(words_in(content))
    assert decode(found, words_in(content)).value == pytest.approx(value, rel=1e-7)


def test_every_register_of_every_model_has_golden_bytes() -> None:
    assert {name: {one.name for one in model.registers} for name, model in MODELS.items()} == {
        name: set(rows) for name, (_function, rows) in GOLDEN.items()
    }


@pytest.mark.parametrize(
    ("type_name", "order", "content", "number"),
    [
        ("u16", "big", "FFFE", 65534),
        ("s16", "big", "FFFE", -2),
        ("u32", "big", "0001 0002", 65538),
        ("u32", "little", "0002 0001", 65538),
        ("s32", "big", "FFFF FFFD", -3),
        ("s32", "little", "FFFD FFFF", -3),
        ("u64", "big", "0000 0000 0001 0000", 65536),
        ("s64", "big", "FFFF FFFF FFFF FF9C", -100),
        ("s64", "little", "FF9C FFFF FFFF FFFF", -100),
        ("f32", "big", "C2F7 0000", -123.5),
        ("f32", "little", "0000 C2F7", -123.5),
        ("f64", "big", "405E DD2F 1A9F BE77", 123.456),
        ("f64", "little", "BE77 1A9F DD2F 405E", 123.456),
    ],
)
def test_types_and_word_orders(type_name: str, order: WordOrder, content: str, number: float) -> None:
    assert to_number(type_name, words_in(content), order) == number
    assert to_words(type_name, number, order) == words_in(content)


@given(type_name=st.sampled_from([name for name in TYPES if name[0] != "f"]), order=st.sampled_from(["big", "little"]), data=st.data())
def test_whole_numbers_survive_the_round_trip(type_name: str, order: WordOrder, data: st.DataObject) -> None:
    bits = 16 * words_of(type_name)
    low, high = (0, 2**bits - 1) if type_name[0] == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    number = data.draw(st.integers(low, high))
    assert to_number(type_name, to_words(type_name, number, order), order) == number


@given(number=st.floats(allow_nan=False), order=st.sampled_from(["big", "little"]))
def test_floats_survive_the_round_trip(number: float, order: WordOrder) -> None:
    assert to_number("f64", to_words("f64", number, order), order) == number


@given(data=st.data())
def test_what_a_meter_encodes_is_decoded_within_its_resolution(data: st.DataObject) -> None:
    model = MODELS[data.draw(st.sampled_from(sorted(MODELS)))]
    one = data.draw(st.sampled_from(model.registers))
    low, high = one.limits
    value = data.draw(st.floats(max(low, -1000.0), min(high, 1000.0)).filter(lambda number: number == 0 or abs(number) > 1e-3))
    if one.type[0] == "u":
        value = abs(value)
    found = decode(one, encode(one, value)).value
    assert found == pytest.approx(value, rel=1e-6, abs=one.factor if one.type[0] != "f" else 1e-9)


def test_a_number_too_large_for_its_type_is_kept_within_it() -> None:
    assert to_words("s16", 1e9) == [0x7FFF]
    assert to_words("u32", -5) == [0, 0]


@pytest.mark.parametrize(("number", "factor"), [(0.9, 0.9), (-0.9, -0.9), (1.1, 0.9), (-1.1, -0.9), (1.0, 1.0), (0.0, 0.0)])
def test_four_quadrants(number: float, factor: float) -> None:
    assert from_four_quadrants(number) == pytest.approx(factor)


@pytest.mark.parametrize(
    ("one", "content"),
    [
        (register("f32"), "7FC0 0000"),
        (register("f32"), "FFFF FFFF"),
        (register("f32"), "7F80 0000"),
        (register("u32", absent=frozenset({0xFFFFFFFF})), "FFFF FFFF"),
        (register("s16", absent=frozenset({0x7FFF})), "7FFF"),
        (register("s64", absent=frozenset({-(2**63)})), "8000 0000 0000 0000"),
    ],
)
def test_what_is_not_available_is_absent_and_not_doubtful(one: Register, content: str) -> None:
    found = decode(one, words_in(content))
    assert (found.value, found.reason, found.doubtful) == (None, "not available", False)


def test_a_sentinel_that_no_one_told_of_is_caught_by_the_limits() -> None:
    # 0x7FFFFFFF tenths of a volt
    found = decode(Register("v1", 0, "s32", 0.1, (0, 1000)), words_in("7FFF FFFF"))
    assert found.value is None
    assert found.doubtful
    assert "outside 0 to 1000" in found.reason


def test_a_float_with_swapped_words_is_no_number_next_to_zero() -> None:
    volts = Register("v1", 0, "f32", 1.0, (0, 1000))
    assert decode(volts, words_in("4366 199A")).value == 230.1
    for swapped in ("199A 4366", "3333 4365", "0000 4366"):
        assert decode(volts, words_in(swapped)).doubtful


def test_a_scale_keeps_its_decimals() -> None:
    assert decode(Register("hz", 0, "u16", 0.01, (40, 70)), [5002]).value == 50.02


def test_a_zero_has_no_sign() -> None:
    assert str(decode(register("f32"), words_in("8000 0000")).value) == "0.0"


def spans(requests: c.Iterable[Request]) -> list[tuple[int, int]]:
    return [(one.address, one.count) for one in requests]


def test_neighbours_share_a_request_up_to_the_gap_limit() -> None:
    found = [register("u16", address) for address in (0, 1, 4, 20)]
    assert spans(group(found, 125, 2)) == [(0, 5), (20, 1)]
    assert spans(group(found, 125, 1)) == [(0, 2), (4, 1), (20, 1)]
    assert spans(group(found, 125, 0)) == [(0, 2), (4, 1), (20, 1)]
    assert spans(group(found, 4, 20)) == [(0, 2), (4, 1), (20, 1)]


def test_a_gap_between_two_ranges_is_not_read() -> None:
    found = [register("u16", 0), register("u16", 4)]
    assert spans(group(found, 125, 10, ranges=[(0, 9)])) == [(0, 5)]
    assert spans(group(found, 125, 10, ranges=[(0, 1), (3, 9)])) == [(0, 1), (4, 1)]


def test_pairs_start_and_end_on_even_addresses() -> None:
    assert spans(group([register("u16", 3), register("u32", 5)], 80, 8, align=2)) == [(2, 6)]


@given(
    places=st.lists(st.tuples(st.integers(0, 400), st.sampled_from(sorted(TYPES))), min_size=1, max_size=20),
    most=st.integers(8, 125),
    gap=st.integers(0, 30),
    align=st.sampled_from([1, 2]),
)
def test_requests_hold_every_register_and_keep_the_limits(places: list[tuple[int, str]], most: int, gap: int, align: int) -> None:
    found = [register(type_name, address) for address, type_name in places]
    requests = group(found, most, gap, align)
    assert sorted(one.address for request in requests for one in request.registers) == sorted(one.address for one in found)
    for request in requests:
        assert request.count <= most
        assert request.address % align == request.count % align == 0
        for one in request.registers:
            assert request.address <= one.address
            assert one.end <= request.address + request.count
    assert len(requests) <= len(found)


@pytest.mark.parametrize("model", sorted(MODELS))
def test_a_late_answer_is_told_by_its_length_in_every_model(model: str) -> None:
    one = MODELS[model]
    lengths = [request.count for request in alternate(group(one.registers, one.max_registers, one.max_gap, one.align, one.ranges))]
    assert len(lengths) == 1 or all(first != second for first, second in zip(lengths, lengths[1:] + lengths[:1], strict=True))


@given(lengths=st.lists(st.integers(1, 4), max_size=12))
def test_requests_change_their_order_only(lengths: list[int]) -> None:
    requests = [Request(10 * place, length, ()) for place, length in enumerate(lengths)]
    ordered = alternate(requests)
    assert sorted(ordered, key=lambda request: request.address) == requests
    if lengths and max(map(lengths.count, lengths)) <= (len(lengths) + 1) // 2:
        assert all(first.count != second.count for first, second in itertools.pairwise(ordered))
