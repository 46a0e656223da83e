# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The writing thread: commits, time, and a disk that takes nothing."""

from __future__ import annotations

import ctypes
import dataclasses
import pathlib
import types
import typing as t

import pytest

from meter_gateway import recorder as room
from meter_gateway.clock import EARLIEST_MS, Clock, synchronized
from meter_gateway.outbox import Contents, Damaged, Entry, Limits, Outbox, OutboxFailed
from meter_gateway.recorder import Recorder

LIMITS = Limits(max_bytes=1 << 30, max_age_seconds=1e9)
NOW = EARLIEST_MS + 1_000_000_000
DAY = 86_400_000


@dataclasses.dataclass
class Hands:
    """The clocks of a box, turned by hand."""

    wall: int = NOW
    since_boot: int = 5_000_000
    sync: bool | None = True
    sync_comes: bool = True

    def clock(self, unsynchronized: t.Any = "auto") -> Clock:
        return Clock(unsynchronized, lambda: self.wall, lambda: self.since_boot, lambda: self.sync, lambda: self.sync_comes)

    def pass_time(self, milliseconds: int) -> None:
        self.wall += milliseconds
        self.since_boot += milliseconds


class Bench:
    """A recorder; what it delivers. broken: what the next writes raise."""

    def __init__(self, path: pathlib.Path, hands: Hands, limits: Limits = LIMITS) -> None:
        self.path = path
        self.limits = limits
        self.broken: Exception | None = None
        self.broken_for_good = False
        self.contents_broken: Exception | None = None
        self.delivered: list[Entry] = []
        self.rescans = 0
        self.opened = 0
        self.recorder = Recorder(self._open, hands.clock(), self.delivered.extend, self._rescan)

    def _rescan(self) -> None:
        self.rescans += 1

    def _open(self) -> Outbox:
        bench = self

        class Breakable(Outbox):
            def write(self, entries: t.Any, confirmed: t.Any = (), no_disk: int = 0) -> list[Entry]:
                if bench.broken:
                    raise bench.broken
                return super().write(entries, confirmed, no_disk)

            def contents(self) -> Contents:
                if bench.contents_broken:
                    raise bench.contents_broken
                return super().contents()

        self.opened += 1
        if isinstance(self.broken, Damaged) and not self.broken_for_good:
            self.broken = None
        return Breakable(self.path, self.limits, "boot")

    @property
    def doubt(self) -> str | None:
        return self.recorder.doubt

    @property
    def disk_error(self) -> str | None:
        return self.recorder.disk_error

    def waiting(self) -> list[tuple[str, int | None]]:
        return [(entry.body, entry.taken) for entry in self.recorder.after(0, 100)]


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def bench(tmp_path: pathlib.Path, hands: Hands) -> Bench:
    return Bench(tmp_path / "outbox.sqlite3", hands)


def test_a_reading_is_committed_before_it_is_delivered(bench: Bench) -> None:
    bench.recorder.put(4_999_000, '{"n":1}')
    assert bench.delivered == [] and bench.waiting() == []
    assert bench.recorder.commit()
    assert [entry.taken for entry in bench.delivered] == [NOW - 1_000]
    assert bench.waiting() == [('{"n":1}', NOW - 1_000)]


def test_confirmed_readings_leave_with_the_next_commit_and_are_not_given_out_before(bench: Bench) -> None:
    bench.recorder.put(1, '{"n":1}')
    bench.recorder.commit()
    bench.recorder.confirm([bench.delivered[0].id])
    assert bench.waiting() == [] and bench.recorder.contents.readings == 1
    bench.recorder.commit()
    assert bench.recorder.contents.readings == 0


def test_confirmed_readings_do_not_hide_those_behind_them(bench: Bench) -> None:
    for number in range(7):
        bench.recorder.put(number, f'{{"n":{number}}}')
    bench.recorder.commit()
    bench.recorder.confirm([entry.id for entry in bench.delivered[:6]])
    assert [entry.body for entry in bench.recorder.after(0, 2)] == ['{"n":6}']
    bench.recorder.confirm([bench.delivered[6].id])
    assert bench.recorder.after(0, 2) == []


def test_the_local_broker_hears_of_a_reading_when_it_is_on_the_disk(bench: Bench) -> None:
    told: list[str] = []
    bench.broken = OutboxFailed("The disk is full.")
    bench.recorder.put(1, '{"n":1}', None, None, lambda: told.append("committed"))
    bench.recorder.commit()
    assert told == []
    bench.broken = None
    bench.recorder.commit()
    assert told == ["committed"]


@pytest.mark.parametrize(
    ("wall", "sync", "sync_comes", "unsynchronized", "believed"),
    [
        (0, True, True, "trust", False),
        (EARLIEST_MS - 1, True, True, "trust", False),
        (NOW, True, True, "hold", True),
        (NOW, False, True, "auto", False),
        (NOW, False, False, "auto", True),
        (NOW, None, True, "auto", True),
        (NOW, False, False, "hold", False),
        (NOW, None, True, "hold", False),
        (NOW, None, False, "hold", False),
        (NOW, False, True, "trust", True),
    ],
)
def test_which_clock_is_believed(wall: int, sync: bool | None, sync_comes: bool, unsynchronized: t.Any, believed: bool) -> None:
    doubt = Hands(wall, 5_000, sync, sync_comes).clock(unsynchronized).doubt()
    assert (doubt is None) is believed


@pytest.mark.parametrize("unsynchronized", ["auto", "hold"])
def test_a_clock_that_was_synchronised_once_is_believed_from_then_on(unsynchronized: t.Any) -> None:
    hands = Hands(sync=False)
    clock = hands.clock(unsynchronized)
    assert clock.doubt()
    hands.sync = True
    hands.pass_time(10_000)
    assert clock.doubt() is None
    hands.sync = False  # hours without NTP
    assert clock.doubt() is None
    hands.wall = 0
    assert clock.doubt()


def test_it_is_not_asked_in_each_round_whether_the_clock_is_synchronised() -> None:
    hands = Hands()
    asked: list[int] = []

    def ask() -> bool | None:
        asked.append(hands.since_boot)
        return None

    clock = Clock("hold", lambda: hands.wall, lambda: hands.since_boot, ask)
    for _round in range(41):
        assert clock.doubt()
        hands.pass_time(500)
    assert asked == [5_000_000, 5_010_000, 5_020_000]


@pytest.mark.parametrize(
    ("answer", "flag", "found"),
    [
        ("echo yes", None, True),
        ("echo no", None, False),
        ("echo Failed to connect to bus >&2; exit 1", None, None),
        ("sleep 60", None, None),
        ("echo", None, None),
        ("echo no", True, True),  # systemd-timesyncd's own file
        ("echo yes", False, False),
    ],
)
def test_a_program_that_may_not_ask_the_kernel_asks_systemd(
    answer: str, flag: bool | None, found: bool | None, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: types.SimpleNamespace())  # adjtimex(2) is out of reach
    monkeypatch.setattr("meter_gateway.clock.TIMEDATECTL", ("/bin/sh", "-c", f"exec 2>&1; {answer}"))
    monkeypatch.setattr("meter_gateway.clock.TIMEDATECTL_SECONDS", 0.5)
    monkeypatch.setattr("meter_gateway.clock.TIMESYNC", tmp_path / "timesync")
    if flag is not None:
        (tmp_path / "timesync").mkdir()
    if flag:
        (tmp_path / "timesync" / "synchronized").touch()
    assert synchronized() is found


def test_a_box_without_systemd_cannot_tell(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: types.SimpleNamespace())
    monkeypatch.setattr("meter_gateway.clock.TIMEDATECTL", (str(tmp_path / "timedatectl"),))
    monkeypatch.setattr("meter_gateway.clock.TIMESYNC", tmp_path / "timesync")
    assert synchronized() is None


def test_readings_before_the_clock_is_set_get_the_right_time_later(bench: Bench, hands: Hands, caplog: t.Any) -> None:
    hands.wall, hands.since_boot = 12_000, 10_000  # 1970, ten seconds after boot
    bench.recorder.put(9_000, '{"n":1}')
    bench.recorder.commit()
    assert bench.delivered == [] and bench.doubt
    hands.pass_time(50_000)
    hands.wall = NOW  # NTP
    bench.recorder.put(60_000, '{"n":2}')
    bench.recorder.commit()
    assert bench.rescans == 1 and not bench.doubt
    assert bench.waiting() == [('{"n":1}', NOW - 51_000), ('{"n":2}', NOW)]
    assert caplog.text.count("The clock is not set") == 1


def test_a_clock_that_falls_back_to_1970_stamps_nothing(bench: Bench, hands: Hands) -> None:
    bench.recorder.put(hands.since_boot, '{"n":1}')
    bench.recorder.commit()
    hands.wall = 0
    bench.recorder.put(hands.since_boot, '{"n":2}')
    bench.recorder.commit()
    assert [body for body, _taken in bench.waiting()] == ['{"n":1}']
    hands.wall = NOW
    bench.recorder.commit()
    assert bench.waiting()[1] == ('{"n":2}', NOW)


def test_a_step_of_the_clock_is_told_and_followed(bench: Bench, hands: Hands, caplog: t.Any) -> None:
    bench.recorder.commit()
    hands.wall += 3_600_000
    bench.recorder.put(hands.since_boot, '{"n":1}')
    bench.recorder.commit()
    assert "stepped by +3600 s" in caplog.text
    assert bench.waiting() == [('{"n":1}', NOW + 3_600_000)]


def test_a_clock_that_is_stepped_back_a_day_loses_nothing(bench: Bench, hands: Hands, caplog: t.Any) -> None:
    bench.recorder.put(hands.since_boot, '{"n":1}')
    bench.recorder.commit()
    hands.wall -= DAY
    bench.recorder.put(hands.since_boot, '{"n":2}')
    bench.recorder.commit()
    bench.recorder.expire()
    assert bench.waiting() == [('{"n":1}', NOW), ('{"n":2}', NOW - DAY)]
    assert "stepped by -86400 s" in caplog.text


def test_a_clock_that_is_stepped_ahead_by_mistake_drops_nothing(tmp_path: pathlib.Path, hands: Hands) -> None:
    bench = Bench(tmp_path / "outbox.sqlite3", hands, Limits(max_bytes=1 << 30, max_age_seconds=90 * DAY / 1000))
    bench.recorder.put(hands.since_boot, '{"n":1}')
    bench.recorder.commit()
    hands.wall += 3_650 * DAY
    bench.recorder.commit()
    bench.recorder.expire()
    assert len(bench.waiting()) == 1
    hands.wall -= 3_650 * DAY  # somebody has seen it
    hands.pass_time(DAY)
    bench.recorder.commit()
    bench.recorder.expire()
    assert len(bench.waiting()) == 1
    hands.pass_time(90 * DAY)
    bench.recorder.expire()
    assert bench.waiting() == []
    assert bench.recorder.commit()
    assert bench.recorder.contents.dropped == {"too_old": 1}


def test_with_a_full_disk_readings_go_out_from_memory_and_to_the_disk_later(bench: Bench, caplog: t.Any) -> None:
    bench.broken = OutboxFailed("The outbox cannot be written: database or disk is full. Free disk space.")
    for number in range(3):
        bench.recorder.put(number, f'{{"n":{number}}}')
        assert not bench.recorder.commit()
    assert len(bench.delivered) == 3 and len(bench.waiting()) == 3
    assert bench.disk_error is not None and bench.disk_error.startswith("The outbox cannot be written")
    assert caplog.text.count("disk is full") == 1
    bench.recorder.confirm([bench.delivered[0].id])
    bench.broken = None
    assert bench.recorder.commit()
    assert not bench.disk_error and bench.recorder.contents.readings == 2
    assert len(bench.delivered) == 3, "what went out from memory is not live again"
    assert [body for body, _taken in bench.waiting()] == ['{"n":1}', '{"n":2}']


def test_memory_is_bounded_and_what_it_loses_is_counted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MEMORY_READINGS", 10)
    bench.broken = OutboxFailed("full")
    for number in range(25):
        bench.recorder.put(number, f'{{"n":{number}}}')
    bench.recorder.commit()
    assert len(bench.waiting()) == 10
    bench.broken = None
    bench.recorder.commit()
    assert bench.recorder.contents.dropped == {"no_disk": 15}
    assert [body for body, _taken in bench.waiting()] == [f'{{"n":{number}}}' for number in range(15, 25)]


def test_held_readings_get_their_time_in_memory_too(bench: Bench, hands: Hands) -> None:
    hands.wall = 0
    bench.broken = OutboxFailed("full")
    bench.recorder.put(hands.since_boot - 1_000, '{"n":1}')
    bench.recorder.commit()
    assert bench.waiting() == []
    hands.wall = NOW
    bench.recorder.commit()
    assert bench.waiting() == [('{"n":1}', NOW - 1_000)]


def test_after_damage_the_service_goes_on_with_a_new_file(bench: Bench) -> None:
    bench.recorder.put(1, '{"n":1}')
    bench.broken = Damaged("It is damaged.")
    assert bench.recorder.commit()
    assert bench.opened == 2 and bench.rescans == 1
    assert [body for body, _taken in bench.waiting()] == ['{"n":1}']
    assert not bench.disk_error


@pytest.mark.parametrize("error", [OutboxFailed("The disk fails."), Damaged("It is damaged.")])
def test_what_is_written_is_not_written_again_when_the_count_fails(bench: Bench, error: Exception) -> None:
    bench.contents_broken = error
    bench.recorder.put(1, '{"n":1}')
    assert bench.recorder.commit()
    bench.contents_broken = None
    bench.recorder.put(2, '{"n":2}')
    assert bench.recorder.commit() and bench.opened == 1
    assert [body for body, _taken in bench.waiting()] == ['{"n":1}', '{"n":2}']
    assert bench.recorder.contents.readings == 2


def test_an_outbox_that_stays_damaged_is_replaced_once_a_round(bench: Bench) -> None:
    bench.broken, bench.broken_for_good = Damaged("It is damaged."), True
    bench.recorder.put(1, '{"n":1}')
    assert not bench.recorder.commit()
    assert bench.opened == 2 and bench.disk_error
    assert [body for body, _taken in bench.waiting()] == ['{"n":1}']
    bench.broken = None
    assert bench.recorder.commit()
    assert bench.recorder.contents.readings == 1
