# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is published next, by a clock of the test's."""

from __future__ import annotations

import pytest

from meter_gateway.outbox import Entry
from meter_gateway.outgoing import MAX_IN_FLIGHT, MAX_LIVE, Outgoing


def entries(*numbers: int) -> list[Entry]:
    return [Entry(number, 1_800_000_000_000, 0, "{}") for number in numbers]


class Box:
    """An outbox of plain numbers, and the queue before it. Time stands still but for ``wait``."""

    def __init__(self, backlog: range, rate: float = 90.0) -> None:
        self.stored = list(backlog)
        self.now = 100.0
        self.messages = 0
        self.queue = Outgoing(self._fetch, rate)
        self.queue.begin(self.now)

    def _fetch(self, last: int, count: int) -> list[Entry]:
        return entries(*[number for number in self.stored if number > last][:count])

    def live(self, *numbers: int) -> None:
        self.stored += numbers
        self.queue.offer(entries(*numbers))

    def publish(self) -> list[int]:
        """Everything that may go now."""
        sent = []
        while (entry := self.queue.next(self.now)) is not None:
            self.messages += 1
            self.queue.sent(self.messages, entry, self.now)
            sent.append(entry.id)
        return sent

    def confirm_all(self) -> None:
        for message in range(1, self.messages + 1):
            number = self.queue.confirmed(message)
            if number is not None:
                self.stored.remove(number)

    def drain(self, seconds: float) -> list[int]:
        """Publishes and confirms for so long, waking up when the queue asks for it."""
        sent, end = [], self.now + seconds
        while self.now < end:
            sent += self.publish()
            self.confirm_all()
            pause = self.queue.pause(self.now)
            self.now += min(1.0 if pause is None else max(pause, 0.001), end - self.now)
        return sent


def test_the_backlog_fills_the_rate_and_no_more() -> None:
    sent = Box(range(1, 10_000)).drain(20.0)
    assert 20 * 90 <= len(sent) <= 20 * 90 + 10
    assert sent == list(range(1, len(sent) + 1))


@pytest.mark.parametrize("start", [0.0, 0.25, 0.5])
def test_no_second_sees_more_than_aws_allows(start: float) -> None:
    box = Box(range(1, 10_000))
    box.drain(start)
    assert len(box.drain(1.0)) <= 99


def test_live_readings_go_before_the_backlog() -> None:
    box = Box(range(1, 5_000))
    box.drain(1.0)
    box.live(9_001, 9_002)
    box.now += 0.05
    assert box.publish()[:2] == [9_001, 9_002]


def test_everything_is_sent_once_in_the_end() -> None:
    box = Box(range(1, 301))
    sent = box.drain(1.0)
    box.live(1_001, 1_002, 1_003)
    sent += box.drain(5.0)
    assert sorted(sent) == [*range(1, 301), 1_001, 1_002, 1_003]
    assert box.stored == [] and box.queue.pause(box.now) is None


def test_what_is_in_flight_is_bounded() -> None:
    box = Box(range(1, 1_000), rate=10_000)
    sent: list[int] = []
    for _unused in range(20):
        sent += box.publish()
        box.now += 1
    assert len(sent) == MAX_IN_FLIGHT == box.queue.in_flight
    assert box.queue.pause(box.now) is None and box.queue.oldest_in_flight() == 100.0


def test_after_a_lost_connection_everything_that_is_not_confirmed_goes_out_again() -> None:
    box = Box(range(1, 6))
    assert box.publish() == [1, 2, 3, 4, 5]
    assert box.queue.confirmed(2) == 2
    box.stored.remove(2)
    box.queue.end()
    box.live(6)
    box.now += 10
    box.queue.begin(box.now)
    assert box.publish() == [1, 3, 4, 5, 6]


def test_too_many_live_readings_wait_in_the_outbox() -> None:
    box = Box(range(0), rate=10)
    box.live(*range(1, MAX_LIVE + 101))
    sent = box.drain(100.0)
    assert sorted(sent) == list(range(1, MAX_LIVE + 101))


def test_readings_that_got_their_time_late_are_found() -> None:
    box = Box(range(10, 13))
    assert box.drain(1.0) == [10, 11, 12]
    box.stored += [1, 2]
    box.stored.sort()
    assert box.drain(1.0) == []
    box.queue.rescan()
    assert box.drain(1.0) == [1, 2]
