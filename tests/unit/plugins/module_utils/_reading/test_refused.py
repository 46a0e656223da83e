# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the error bucket says, grouped for people."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest

from ansible_collections.energytwin.aws.plugins.module_utils._reading.refused import Refusal, groups, refusal, table
from ansible_collections.energytwin.aws.plugins.module_utils._times import iso_of

START = 1_795_400_000_000


def found(payload: bytes, reason: str, time: int = START, **members: t.Any) -> Refusal:
    document = {"reason": reason, "clientId": "gw-roof", "base64OriginalPayload": base64.b64encode(payload).decode(), **members}
    read = refusal(f"refused/{time}-0a.json", json.dumps(document).encode())
    assert read is not None
    return read


def failed(payload: bytes, message: str, time: int = START) -> Refusal:
    document = {
        "ruleName": "r",
        "clientId": "gw-roof",
        "base64OriginalPayload": base64.b64encode(payload).decode(),
        "failures": [{"failedAction": "DynamoDBv2Action", "failedResource": "energy", "errorMessage": message}],
    }
    read = refusal(f"readings/{time}-0b.json", json.dumps(document).encode())
    assert read is not None
    return read


def reading(**values: t.Any) -> bytes:
    return json.dumps({"panelId": "mdb", "meterId": 5, **values}).encode()


def test_readings_of_one_sender_with_one_fault_are_one_line() -> None:
    refusals = [found(reading(kW=f"x{number}"), "no number: kW", START + number * 1000) for number in range(3)]
    refusals.append(found(reading(hz="x"), "no number: hz", START))
    first, second = groups(refusals)
    assert (first.panel_id, first.meter_id, first.client_id, first.reason, first.count) == ("mdb", "5", "gw-roof", "no number: kW", 3)
    assert (first.first, first.last, json.loads(first.example)["kW"]) == (START, START + 2000, "x2")
    assert (second.reason, second.count) == ("no number: hz", 1)


def test_a_message_in_both_folders_counts_once_with_the_plain_reason() -> None:
    both = [failed(reading(kW="x"), "Type mismatch for key time"), found(reading(kW="x"), "no number: kW")]
    assert [(group.reason, group.count) for group in groups(both)] == [("no number: kW", 1)]
    assert [(group.reason, group.count) for group in groups(both[:1])] == [("Type mismatch for key time", 1)]


def test_the_same_message_twice_counts_twice() -> None:
    assert [group.count for group in groups([found(b"x", "r"), found(b"x", "r", START + 1)])] == [2]


@pytest.mark.parametrize("payload", [b"\xff\xfe", b"[]", b"7", b"{}", b'{"panelId": "", "meterId": null}', b'{"a":' * 100_000])
def test_a_message_that_names_nobody_is_shown_too(payload: bytes) -> None:
    (group,) = groups([found(payload, "no JSON object with panelId and meterId", clientId=None)])
    assert (group.panel_id, group.meter_id, group.client_id, group.count) == ("-", "-", "-", 1)
    assert len(group.example) <= 300


@pytest.mark.parametrize(
    ("key", "body"),
    [
        ("refused/notes.txt", b"{}"),
        (f"refused/{START}-a.json", b"no json"),
        (f"refused/{START}-a.json", b"[]"),
        (f"refused/{START}-a.json", b'{"reason": "r", "base64OriginalPayload": "?"}'),
        (f"readings/{START}-a.json", b'{"base64OriginalPayload": "eA=="}'),
        ("readings/a.json", b'{"reason": "r", "base64OriginalPayload": "eA=="}'),
    ],
)
def test_what_somebody_else_has_put_there_is_passed_over(key: str, body: bytes) -> None:
    assert refusal(key, body) is None


def test_the_table_shows_letters_only() -> None:
    lines = table(groups([found(json.dumps({"panelId": "a\x1b[31m", "meterId": "b\nc"}).encode(), "r\x07")]))
    assert lines[0].split() == ["Panel", "Meter", "From", "Readings", "Last", "(UTC)", "What", "is", "wrong"]
    assert len(lines) == 3 and all(line.isprintable() for line in lines)
    assert lines[2].startswith("a?[31m  b?c")
    assert lines[2].endswith(f"{iso_of(START)[:10]} {iso_of(START)[11:19]}  r?")


def test_nothing_refused_is_a_table_without_lines() -> None:
    assert len(table(groups([]))) == 2
