# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bench harness: what it finds, what it writes."""

from __future__ import annotations

import json
import pathlib

import pytest

from tests.bench import run


@pytest.fixture
def benches(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "bench_alpha.py").write_text(
        "from json import dumps as bench_borrowed\n"
        "def bench_one():\n    return {'one_seconds': 1.0}\n"
        "def bench_two():\n    raise ValueError('broken')\n"
        "def helper():\n    pass\n"
    )
    (tmp_path / "bench_beta.py").write_text("def bench_three():\n    return {'three_count': 3}\n")
    (tmp_path / "other.py").write_text("def bench_four():\n    return {}\n")
    return tmp_path


def test_finds_the_benchmarks_of_all_files(benches: pathlib.Path) -> None:
    assert list(run.discover(benches)) == ["alpha.one", "alpha.two", "beta.three"]


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["bench_alpha.py"], ["alpha.one", "alpha.two"]),
        (["beta"], ["beta.three"]),
        (["bench_one", "three"], ["alpha.one", "beta.three"]),
    ],
)
def test_takes_files_and_functions_by_name(benches: pathlib.Path, names: list[str], found: list[str]) -> None:
    assert list(run.discover(benches, names)) == found


def test_refuses_a_name_that_fits_nothing(benches: pathlib.Path) -> None:
    with pytest.raises(LookupError, match="gamma"):
        run.discover(benches, ["alpha", "gamma"])


def test_a_failure_is_named_and_stops_nothing(benches: pathlib.Path) -> None:
    results, failed = run.measure(run.discover(benches))
    assert results == {"one_seconds": 1.0, "three_count": 3}
    assert failed == ["alpha.two"]


def test_merges_into_what_was_measured_before(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "new" / "results.json"
    run.merge(path, {"b": 1.0, "c": 1.0})
    run.merge(path, {"a": 2.0, "b": 3.0})
    assert json.loads(path.read_text()) == {"a": 2.0, "b": 3.0, "c": 1.0}
    assert list(json.loads(path.read_text())) == ["a", "b", "c"]
