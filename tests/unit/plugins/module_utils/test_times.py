# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times as people write them, and as AWS takes them."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused
from ansible_collections.energytwin.aws.plugins.module_utils._times import iso, iso_of, moment

NOW = datetime.datetime(2026, 11, 23, 10, 0, tzinfo=datetime.timezone.utc)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", "2026-11-23T10:00:00.000Z"),
        ("-90s", "2026-11-23T09:58:30.000Z"),
        ("-1.5h", "2026-11-23T08:30:00.000Z"),
        (" -2w ", "2026-11-09T10:00:00.000Z"),
        ("2026-11-23T10:00:00.250Z", "2026-11-23T10:00:00.250Z"),
        ("2026-11-23 11:00+0100", "2026-11-23T10:00:00.000Z"),
        ("2026-11-23T10:00:00.000999999+00:00", "2026-11-23T10:00:00.001Z"),
    ],
)
def test_a_time_may_be_written_in_many_ways(text: str, expected: str) -> None:
    assert iso(moment(text, NOW, "start_time")) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "-1y", "2026-11-23T10:00:00", "2026-13-01T00:00Z", "-99999999999w"])
def test_what_is_no_time_is_refused_with_what_would_be_one(text: str) -> None:
    with pytest.raises(Refused, match=r"^start_time: '.*' is no point in time; use 'now', '-1h' .*\.$"):
        moment(text, NOW, "start_time")


@given(st.integers(0, 4_102_444_800_000))
def test_milliseconds_come_back_exactly(milliseconds: int) -> None:
    back = moment(iso_of(milliseconds), NOW, "time")
    assert back - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc) == datetime.timedelta(milliseconds=milliseconds)
