# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The outbox: nothing that is committed is lost, and what is dropped is counted."""

from __future__ import annotations

import collections.abc as c
import json
import os
import pathlib
import sqlite3
import typing as t

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from meter_gateway.outbox import Entry, Limits, Outbox, OutboxFailed, encode, open_or_replace

ROOM = Limits(max_bytes=1 << 30, max_age_seconds=3600)


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "outbox.sqlite3"


def entry(number: int, taken: int | None = 1_800_000_000_000, size: int = 10) -> Entry:
    return Entry(number, taken, number, encode({"n": number, "fill": "x" * size}))


def numbers(outbox: Outbox) -> list[int]:
    return [one.id for one in outbox.after(0, 1_000_000)]


def test_an_entry_comes_back_as_it_was(path: pathlib.Path) -> None:
    outbox = Outbox(path, ROOM, "boot")
    outbox.write([Entry(1, 1_800_000_000_123, 5, encode({"panelId": "p", "kW": -1.5}), "other/topic")])
    (found,) = outbox.after(0, 10)
    assert json.loads(found.payload) == {"panelId": "p", "kW": -1.5, "timestamp": 1_800_000_000_123}
    assert found.topic == "other/topic"


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError):
        encode({"kW": float("nan")})


def test_a_commit_is_on_the_disk_when_it_returns(path: pathlib.Path) -> None:
    """Without these settings SQLite leaves the last commits to the operating system."""
    outbox = Outbox(path, ROOM, "boot")
    assert outbox._writer.execute("PRAGMA synchronous").fetchone() == (2,)
    assert outbox._writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_the_oldest_make_room_and_are_counted(path: pathlib.Path) -> None:
    outbox = Outbox(path, Limits(max_bytes=1 << 17, max_age_seconds=3600, when_full="drop_oldest"), "boot")
    for start in range(1, 1001, 50):
        outbox.write([entry(number, size=500) for number in range(start, start + 50)])
    kept, contents = numbers(outbox), outbox.contents()
    assert kept == list(range(kept[0], 1001)) and kept[0] > 1
    assert contents.bytes <= 1 << 17
    assert contents.dropped == {"full": 1000 - len(kept)} and contents.readings == len(kept)


def test_the_newest_are_refused_if_that_is_wanted(path: pathlib.Path) -> None:
    outbox = Outbox(path, Limits(max_bytes=1 << 17, max_age_seconds=3600, when_full="drop_newest"), "boot")
    kept = [
        one.id for start in range(1, 1001, 50) for one in outbox.write([entry(number, size=500) for number in range(start, start + 50)])
    ]
    assert numbers(outbox) == kept == list(range(1, len(kept) + 1))
    assert outbox.contents().dropped == {"full": 1000 - len(kept)}


def test_old_readings_are_dropped_and_counted_for_good(path: pathlib.Path) -> None:
    outbox = Outbox(path, ROOM, "boot")
    now = 1_800_000_000_000
    outbox.write([entry(number, now - 4_000_000 + number) for number in range(1, 201)])
    outbox.write([entry(201, now)])
    assert outbox.expire(now) == 200
    outbox.close()
    again = Outbox(path, ROOM, "boot")
    assert numbers(again) == [201] and again.contents().dropped == {"too_old": 200}


def test_held_readings_get_their_time(path: pathlib.Path) -> None:
    outbox = Outbox(path, ROOM, "boot")
    outbox.write([Entry(7, None, 42_000, "{}")])
    assert outbox.after(0, 10) == []
    outbox.close()
    again = Outbox(path, ROOM, "boot")  # the program starts anew, the box does not
    assert again.stamp(1_800_000_000_000) == 1
    assert [one.taken for one in again.after(0, 10)] == [1_800_000_042_000]


def test_held_readings_of_an_earlier_boot_cannot_get_a_time(path: pathlib.Path) -> None:
    outbox = Outbox(path, ROOM, "boot 1")
    outbox.write([Entry(1, None, 42_000, "{}"), entry(2)])
    outbox.close()
    again = Outbox(path, ROOM, "boot 2")
    again.write([Entry(3, None, 1_000, "{}")])
    assert again.stamp(1_800_000_000_000) == 1
    assert numbers(again) == [2, 3]
    assert again.contents().dropped == {"clock_never_set": 1}


@pytest.mark.parametrize("damage", ["text", "cut", "middle"])
def test_a_damaged_file_is_moved_aside_and_what_can_be_read_is_saved(path: pathlib.Path, damage: str, caplog: t.Any) -> None:
    outbox = Outbox(path, ROOM, "boot")
    outbox.write([entry(number, size=300) for number in range(1, 2001)])
    outbox.close()
    content = bytearray(path.read_bytes())
    if damage == "text":
        content = bytearray(b"this is no database\n" * 1000)
    elif damage == "cut":
        content = content[: len(content) // 2]
    else:
        content[100_000:200_000] = os.urandom(100_000)
    path.write_bytes(content)
    again = open_or_replace(path, ROOM, "boot", lambda: 17)
    saved = numbers(again)
    assert path.with_name("outbox.sqlite3.damaged-17").read_bytes() == bytes(content)
    assert again.contents().dropped["damaged_files"] == 1
    assert "is damaged" in caplog.text and f"{len(saved)} readings were saved" in caplog.text
    if damage == "middle":
        assert 1 in saved and 2000 in saved
    again.write([entry(5000)])
    assert numbers(again) == [*saved, 5000]


def test_held_readings_of_a_damaged_file_are_counted(path: pathlib.Path) -> None:
    outbox = Outbox(path, ROOM, "boot")
    outbox.write([*(entry(number, size=300) for number in range(1, 2001)), *(entry(number, None) for number in range(2001, 2004))])
    outbox.close()
    content = bytearray(path.read_bytes())
    content[100_000:200_000] = os.urandom(100_000)
    path.write_bytes(content)
    again = open_or_replace(path, ROOM, "boot", lambda: 17)
    assert again.contents().dropped == {"clock_never_set": 3, "damaged_files": 1}


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: pathlib.Path) -> None:
    with pytest.raises(OutboxFailed, match="cannot be written"):
        Outbox(tmp_path / "missing" / "outbox.sqlite3", ROOM, "boot")


def test_two_programs_do_not_share_an_outbox(path: pathlib.Path) -> None:
    first = Outbox(path, ROOM, "boot")
    with pytest.raises(OutboxFailed, match="used by another meter_gateway"):
        Outbox(path, ROOM, "boot")
    first.close()
    Outbox(path, ROOM, "boot").close()


def test_a_commit_that_fails_changes_nothing(path: pathlib.Path) -> None:
    outbox = Outbox(path, ROOM, "boot")
    outbox.write([entry(1)])
    other = sqlite3.connect(path, isolation_level=None)
    pages = other.execute("PRAGMA page_count").fetchone()[0]
    outbox._writer.execute(f"PRAGMA max_page_count={pages}")  # as a full disk: SQLite says "database or disk is full"
    with pytest.raises(OutboxFailed, match="full"):
        outbox.write([entry(number, size=3000) for number in range(2, 12)], confirmed=[1])
    assert outbox.contents().readings == 1 and numbers(outbox) == [1]
    outbox._writer.execute("PRAGMA max_page_count=100000")
    outbox.write([entry(2)], confirmed=[1])
    assert numbers(outbox) == [2]


class Bookkeeping(RuleBasedStateMachine):
    """Any order of writes, confirmations, restarts and stamps against a plain list."""

    folder: t.ClassVar[c.Callable[[], pathlib.Path]]

    @initialize()
    def start(self) -> None:
        self.path = type(self).folder() / "outbox.sqlite3"
        self.boot = 0
        self.next = 1
        self.sure: set[int] = set()
        self.held: dict[int, int] = {}
        self.lost = 0
        self.outbox = Outbox(self.path, ROOM, str(self.boot))

    @rule(count=st.integers(0, 5), known=st.booleans(), data=st.data())
    def write(self, count: int, known: bool, data: st.DataObject) -> None:
        confirmed = data.draw(st.sets(st.sampled_from(sorted(self.sure)))) if self.sure else set()
        new = list(range(self.next, self.next + count))
        self.next += count
        self.outbox.write([entry(number, 1_800_000_000_000 if known else None) for number in new], confirmed)
        self.sure -= confirmed
        if known:
            self.sure |= set(new)
        else:
            self.held |= dict.fromkeys(new, self.boot)

    @rule(reboot=st.booleans())
    def restart(self, reboot: bool) -> None:
        self.outbox.close()
        self.boot += reboot
        self.outbox = Outbox(self.path, ROOM, str(self.boot))

    @precondition(lambda self: self.held)
    @rule()
    def stamp(self) -> None:
        mine = {number for number, boot in self.held.items() if boot == self.boot}
        assert self.outbox.stamp(1) == len(mine)
        self.lost += len(self.held) - len(mine)
        self.sure |= mine
        self.held = {}

    @invariant()
    def agrees(self) -> None:
        assert numbers(self.outbox) == sorted(self.sure)
        contents = self.outbox.contents()
        assert contents.readings == len(self.sure) + len(self.held)
        assert contents.dropped.get("clock_never_set", 0) == self.lost

    def teardown(self) -> None:
        self.outbox.close()


def test_the_books_are_right(tmp_path_factory: pytest.TempPathFactory) -> None:
    Bookkeeping.folder = staticmethod(lambda: tmp_path_factory.mktemp("outbox"))
    run_state_machine_as_test(Bookkeeping)
