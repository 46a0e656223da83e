# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is told of alarms: what is no address, and what an address becomes."""

from __future__ import annotations

import pytest

from ansible_collections.energytwin.aws.plugins.module_utils._site.alarms import alarm_faults, alarm_subscriptions


@pytest.mark.parametrize("email", ["a@example.com", "jane.doe+alarms@mail.example-plant.com", "ops_1@sub.example.org"])
def test_an_address(email: str) -> None:
    assert alarm_faults([email]) == []


@pytest.mark.parametrize(
    "email", ["", "nobody", "a@b", "a b@example.com", "a@example.com, b@example.com", "<a@example.com>", "@example.com", 5, None]
)
def test_no_address(email: object) -> None:
    (fault,) = alarm_faults([email])
    assert fault.startswith("stack_alarm_emails[0]: ")
    assert fault.endswith("is no e-mail address; write it as name@example.com.")


def test_an_address_is_named_once() -> None:
    (fault,) = alarm_faults(["a@example.com", "A@example.com"])
    assert fault == "stack_alarm_emails[1]: 'A@example.com' is in the list already; name each address once."


@pytest.mark.parametrize(("minutes", "right"), [(0, True), (1, True), (1440, True), ("15", True), (-1, False), (1441, False)])
def test_the_minutes(minutes: object, right: bool) -> None:
    assert (alarm_faults([], minutes) == []) is right


def test_no_address_moves_another() -> None:
    three = alarm_subscriptions(["a@example.com", "b@example.com", "c@example.com"])
    assert {name: three[name] for name in alarm_subscriptions(["c@example.com", "b@example.com"])} == alarm_subscriptions(
        ["b@example.com", "c@example.com"]
    )
    assert len(three) == 3 and all(name.isalnum() for name in three)
    assert {one["Properties"]["Endpoint"] for one in three.values()} == {"a@example.com", "b@example.com", "c@example.com"}
