# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one thread that writes to the outbox: it commits readings, gives them their time, and takes out what was confirmed."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from .clock import STEP_MS, Clock
from .outbox import Contents, Damaged, Entry, Outbox, OutboxFailed

# Readings that come within this time share a commit, and so the pages that it writes.
GROUP_SECONDS: Final = 0.5
# Confirmations wait for the next readings to share their commit, but not longer than this, and not more than so many.
CONFIRM_SECONDS: Final = 10.0
CONFIRM_COUNT: Final = 500
HOUSEKEEPING_SECONDS: Final = 60.0
DISK_RETRY_SECONDS: Final = 5.0
# After the clock was stepped ahead, nothing is dropped for its age for so long: the step may be the mistake.
STEP_TRIAL_SECONDS: Final = 86_400.0
# Kept in memory while the disk takes nothing: some 3 MB.
MEMORY_READINGS: Final = 5_000

_LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class _New:
    since_boot: int
    body: str
    topic: str | None
    taken: int | None
    committed: Callable[[], None] | None


class Recorder:
    """Takes readings from any thread; committed ones go to ``deliver``, oldest first.

    reopen: the outbox, opened anew after damage (see ``open_or_replace``). rescan: called when readings that were held can go out.
    """

    def __init__(
        self,
        reopen: Callable[[], Outbox],
        clock: Clock,
        deliver: Callable[[Sequence[Entry]], None],
        rescan: Callable[[], None],
    ) -> None:
        self._reopen = reopen
        self._outbox = reopen()
        self._clock = clock
        self._deliver = deliver
        self._rescan = rescan
        self._lock = threading.Lock()
        self._work = threading.Event()
        self._new: list[_New] = []
        self._confirmed: set[int] = set()
        self._to_tell: list[Callable[[], None]] = []
        # Readings that the disk has not taken yet; they are published from here.
        self._in_memory: collections.deque[Entry] = collections.deque()
        self._lost_in_memory = 0
        self._last_id = self._outbox.last_id
        self._offset: int | None = None
        self._expire_from = 0.0
        self.doubt: str | None = None
        self.disk_error: str | None = None
        self.contents: Contents = self._outbox.contents()

    # ---- from any thread

    def put(
        self, since_boot: int, body: str, topic: str | None = None, taken: int | None = None, committed: Callable[[], None] | None = None
    ) -> None:
        """Hand a reading in. since_boot: ms, when it was taken; taken: Unix ms if it brings its time; body: see ``outbox.encode``.

        committed: called once the reading is on the disk.
        """
        with self._lock:
            self._new.append(_New(since_boot, body, topic, taken, committed))
        self._work.set()

    def confirm(self, ids: Iterable[int]) -> None:
        """The broker has these: they may leave the outbox."""
        with self._lock:
            self._confirmed.update(ids)
            many = len(self._confirmed) >= CONFIRM_COUNT
        if many:
            self._work.set()

    def after(self, last: int, count: int) -> list[Entry]:
        """The next entries to publish with an id above ``last``, oldest first. For one thread only."""
        while True:
            try:
                entries = self._outbox.after(last, count)
            except (Damaged, OutboxFailed):
                entries = []  # the writing thread meets the same and reports it
            with self._lock:
                if len(entries) < count:
                    entries += [entry for entry in self._in_memory if entry.id > last and entry.taken is not None][: count - len(entries)]
                fresh = [entry for entry in entries if entry.id not in self._confirmed]
            # Nothing at all would mean that nothing is left: what is confirmed and not yet deleted is passed over.
            if fresh or not entries:
                return fresh
            last = entries[-1].id

    # ---- the thread

    def run(self, stop: threading.Event, alive: Callable[[], None]) -> None:
        """Until ``stop`` is set; then what has come in is committed. alive: called in each round."""
        pause = 0.0
        confirm_at = self._seconds() + CONFIRM_SECONDS
        clean_at = 0.0
        while not stop.wait(pause):
            alive()
            pause = GROUP_SECONDS
            if not self._work.wait(1.0) and self._seconds() < min(confirm_at, clean_at):
                self._watch_clock()
                continue
            self._work.clear()
            if not self.commit():
                pause = DISK_RETRY_SECONDS
            confirm_at = self._seconds() + CONFIRM_SECONDS
            if self._seconds() >= clean_at:
                self.expire()
                clean_at = self._seconds() + HOUSEKEEPING_SECONDS
        self.commit()
        self._outbox.close()

    def _seconds(self) -> float:
        return self._clock.since_boot() / 1000

    def commit(self, *, after_damage: bool = False) -> bool:
        """One round: everything that has come in, and out. False if the disk did not take it; then nothing is forgotten.

        after_damage: the outbox has just been replaced, and is not replaced again in this round.
        """
        self._watch_clock()
        offset = self._offset
        with self._lock:
            new, self._new = self._new, []
            confirmed = frozenset(self._confirmed)
        entries = [self._entry(reading, offset) for reading in new]
        self._to_tell += [reading.committed for reading in new if reading.committed]
        if confirmed:
            self._in_memory = collections.deque(entry for entry in self._in_memory if entry.id not in confirmed)
        waiting = list(self._in_memory)
        try:
            kept = (
                self._outbox.write([*waiting, *entries], confirmed, self._lost_in_memory)
                if waiting or entries or confirmed or self._lost_in_memory
                else []
            )
        except Damaged as error:
            if not after_damage:
                return self._replace(entries)
            self._keep_in_memory(entries, str(error))  # the new file too: once more in a while
            self._hand_over(entries)
            return False
        except OutboxFailed as error:
            self._keep_in_memory(entries, str(error))
            self._hand_over(entries)
            return False
        self._lost_in_memory = 0
        with self._lock:
            self._confirmed -= confirmed
            self._in_memory.clear()
        # What was written is written, whatever becomes of this: the status shows the figures of before then.
        with contextlib.suppress(Damaged, OutboxFailed):
            self.contents = self._outbox.contents()
        if self.disk_error:
            _LOG.warning("The outbox can be written again; %d readings went from memory to the disk.", len(waiting))
            self.disk_error = None
        tell, self._to_tell = self._to_tell, []
        for committed in tell:
            committed()
        already = {entry.id for entry in waiting}
        self._hand_over([entry for entry in kept if entry.id not in already])
        return True

    def _entry(self, reading: _New, offset: int | None) -> Entry:
        self._last_id += 1
        taken = reading.taken
        if taken is None and offset is not None:
            taken = reading.since_boot + offset
        return Entry(self._last_id, taken, reading.since_boot, reading.body, reading.topic)

    def _hand_over(self, entries: Sequence[Entry]) -> None:
        ready = [entry for entry in entries if entry.taken is not None]
        if ready:
            self._deliver(ready)

    def _keep_in_memory(self, entries: Sequence[Entry], error: str) -> None:
        with self._lock:
            self._in_memory.extend(entries)
            while len(self._in_memory) > MEMORY_READINGS:
                self._in_memory.popleft()
                self._lost_in_memory += 1
        if not self.disk_error:
            _LOG.error("%s Until then up to %d readings are kept in memory; a power cut would lose them.", error, MEMORY_READINGS)
        self.disk_error = error

    def _replace(self, entries: Sequence[Entry]) -> bool:
        """After damage: a new file, and the same entries once more by the next round."""
        self._keep_in_memory(entries, f"The outbox {self._outbox.path} is damaged.")
        self._outbox.close()
        try:
            self._outbox = self._reopen()
        except (Damaged, OutboxFailed) as error:
            self.disk_error = str(error)
            return False
        self._last_id = max(self._last_id, self._outbox.last_id)
        written = self.commit(after_damage=True)
        self._rescan()
        return written

    def expire(self) -> None:
        """Drop what has waited for too long."""
        if self._offset is None or self._seconds() < self._expire_from:
            return
        try:
            dropped = self._outbox.expire(self._clock.wall())
        except (Damaged, OutboxFailed):
            return  # the next commit meets the same and reports it
        if dropped:
            _LOG.warning("%d readings were dropped: they waited longer than outbox.max_age_seconds.", dropped)

    def _watch_clock(self) -> None:
        """Sees whether the clock can be believed by now, and stamps what was held."""
        doubt = self._clock.doubt()
        if doubt:
            if doubt != self.doubt:
                _LOG.warning("%s", doubt)
            self.doubt, self._offset = doubt, None
            return
        offset = self._clock.offset()
        if self._offset is not None and abs(offset - self._offset) >= STEP_MS:
            _LOG.warning("The clock was stepped by %+.0f s; readings from now on follow it.", (offset - self._offset) / 1000)
            if offset > self._offset:
                self._expire_from = self._seconds() + STEP_TRIAL_SECONDS
        became_sure = self._offset is None
        self._offset = offset
        if became_sure:
            self._stamp(offset)

    def _stamp(self, offset: int) -> None:
        try:
            stamped = self._outbox.stamp(offset)
        except (Damaged, OutboxFailed):
            self._offset = None  # once more in the next round
            return
        with self._lock:
            held = [entry for entry in self._in_memory if entry.taken is None]
            self._in_memory = collections.deque(
                entry if entry.taken is not None else dataclasses.replace(entry, taken=entry.since_boot + offset)
                for entry in self._in_memory
            )
        if stamped or held or self.doubt:
            _LOG.info("The clock can be believed now: %d readings that were held got their time.", stamped + len(held))
        self.doubt = None
        if stamped or held:
            self._rescan()
