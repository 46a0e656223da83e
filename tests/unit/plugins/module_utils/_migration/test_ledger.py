# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The record of a migration, whatever it is that lies in the bucket."""

from __future__ import annotations

import json

import pytest

from ansible_collections.energytwin.aws.plugins.module_utils._migration.ledger import parsed, rendered

STORES = "one > other"
DAYS = {3: {"readings": 5, "sha256": "a"}, -1: {"readings": 0, "sha256": "b"}}


def test_what_is_written_is_read() -> None:
    assert parsed(rendered(STORES, DAYS), STORES) == DAYS


def test_a_record_of_other_stores_is_none() -> None:
    assert parsed(rendered(STORES, DAYS), "other > one") == {}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"{}",
        json.dumps({"format": 1, "stores": STORES}).encode(),
        json.dumps({"format": 1, "stores": STORES, "days": [1]}).encode(),
        json.dumps({"format": 1, "stores": STORES, "days": {"x": {}}}).encode(),
        json.dumps({"format": 1, "stores": STORES, "days": {"1": {"sha256": "a"}}}).encode(),
        json.dumps({"format": 2, "stores": STORES, "days": {"1": DAYS[3]}}).encode(),
    ],
)
def test_a_spoilt_record_is_none(body: bytes) -> None:
    assert parsed(body, STORES) == {}
