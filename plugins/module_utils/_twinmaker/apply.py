# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carries out a plan for entities: several steps at once, each after those that it waits for.

Nothing is remembered between runs: whatever a run leaves behind, the next one reads and finishes.
"""

from __future__ import annotations

import collections
import collections.abc as c
import concurrent.futures
import dataclasses
import heapq
import re
import threading
import time
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._aws import AwsError
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import api, read, waiters
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.changes import Changes, Options, changes, losses
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.model import Actual, Wanted
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.plan import Plan, Step
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.transformations import create_request

REPORT_SECONDS = 5.0
# TwinMaker can refuse a change for a moment after it has said that the entity is settled.
PAUSE_SECONDS = 0.5
# TwinMaker says so in a ConflictException or in a ValidationException.
CHANGING = re.compile(r"when it is in \w+ state", re.IGNORECASE)
CONFLICT = "ConflictException"
VALIDATION = "ValidationException"
# What is left of a step: waiting until TwinMaker has finished, which it does after it has answered.
Rest = c.Callable[[], None]


@dataclasses.dataclass
class Outcome:
    """What became of the steps of a plan: indexes of those done, and what each failed one said. doubts: what no step explains."""

    done: list[int] = dataclasses.field(default_factory=list)
    failed: dict[int, str] = dataclasses.field(default_factory=dict)
    doubts: list[str] = dataclasses.field(default_factory=list)


class Entities:
    """Brings single entities to their wanted shape. The errors of every method are Refused or AwsError.

    seen: takes each entity that was brought to its wanted shape, GetEntity's answer once it has settled, and a time from before
    that call, by ``now``.
    """

    def __init__(
        self,
        client: t.Any,
        workspace_id: str,
        options: Options,
        wait_timeout: float,
        *,
        seen: c.Callable[[Wanted, read.Answer, int], None] = lambda wanted, answer, asked_at: None,
        now: c.Callable[[], int] = lambda: 0,
    ) -> None:
        self.client = client
        self.workspace_id = workspace_id
        self.options = options
        self.wait_timeout = wait_timeout
        self.seen = seen
        self.now = now

    def carry_out(self, step: Step) -> Rest | None:
        """Returns what is left to do once TwinMaker has had the time to finish, if anything is."""
        if step.action == "delete":
            self.delete(step.entity_id)
        elif step.aside is not None:
            self._update(step.entity_id, {"entityName": step.aside})
        elif step.action == "create":
            return self._begin_create(t.cast(Wanted, step.wanted))
        elif step.actual is not None and step.actual.error:
            self.repair(step.actual, t.cast(Wanted, step.wanted))
        else:
            return self._begin_bring(t.cast(Actual, step.actual), t.cast(Wanted, step.wanted))
        return None

    def create(self, wanted: Wanted) -> None:
        """Creates the entity, or takes over the one that is there by now, and waits until it has settled."""
        self._finish(self._begin_create(wanted))

    def bring(self, actual: Actual, wanted: Wanted) -> None:
        """Updates the entity and waits until it has settled."""
        self._finish(self._begin_bring(actual, wanted))

    @staticmethod
    def _finish(rest: Rest | None) -> None:
        if rest is not None:
            rest()

    def _begin_create(self, wanted: Wanted) -> Rest | None:
        """An entity that is there by now is one whose create was answered to nobody (a connection cut, a run killed), or another run's."""
        try:
            api.create_entity(self.client, self.workspace_id, wanted.entity_id, create_request(wanted))
        except AwsError as error:
            if error.code != CONFLICT:
                raise
            found = self._read(wanted)
            if found is None:
                raise
            return self._begin_bring(found, wanted)
        return lambda: self._settle(wanted)

    def _begin_bring(self, actual: Actual, wanted: Wanted) -> Rest | None:
        """If TwinMaker refuses because something else has changed the entity, reads it and tries again."""
        deadline = time.monotonic() + self.wait_timeout
        while True:
            change = changes(actual, wanted, self.options)
            try:
                return self._send(actual, change, wanted)
            except AwsError as error:
                if error.code not in (CONFLICT, VALIDATION) or time.monotonic() > deadline:
                    raise
                found = self._read(wanted)
                # With nothing new to say, the refusal was meant.
                if found is None or (not CHANGING.search(error.text) and changes(found, wanted, self.options).requests == change.requests):
                    raise
                actual = found
                time.sleep(PAUSE_SECONDS)

    def repair(self, actual: Actual, wanted: Wanted) -> None:
        """Updates an entity in state ERROR; if that does not help, makes it anew, provided that nothing is below it and nothing gets lost.

        It is made anew only if TwinMaker has refused the update, or has ended it in ERROR: other failures say nothing about the entity.
        """
        try:
            self.bring(actual, wanted)
        except (AwsError, Refused) as error:
            meant = error.code in (CONFLICT, VALIDATION) if isinstance(error, AwsError) else not isinstance(error, waiters.TooLong)
            found = self._read(wanted) if meant else None
            if found is None or not found.error:
                raise
            if any(True for _child in api.list_entities(self.client, self.workspace_id, parentEntityId=wanted.entity_id)):
                raise
            found = dataclasses.replace(found, tags=api.list_tags(self.client, found.arn))
            if lost := losses(found, wanted, self.options):
                raise Refused(
                    f"entity '{wanted.entity_id}' is in state ERROR ({found.error}), an update does not help, and making it anew would lose"
                    f" {', '.join(lost)}; list what is to stay, or mend or delete the entity."
                ) from error
            self.delete(wanted.entity_id)
            self.create(wanted)

    def delete(self, entity_id: str) -> None:
        deadline = time.monotonic() + self.wait_timeout
        while True:
            try:
                api.delete_entity(self.client, self.workspace_id, entity_id)
                break
            except AwsError as error:
                if not CHANGING.search(error.text) or time.monotonic() > deadline:
                    raise
                waiters.settled_entity(self.client, self.workspace_id, entity_id, self.wait_timeout)
                time.sleep(PAUSE_SECONDS)
        waiters.deleted_entity(self.client, self.workspace_id, entity_id, self.wait_timeout)

    def _send(self, actual: Actual, change: Changes, wanted: Wanted) -> Rest | None:
        for request in change.requests[:-1]:
            self._update(actual.entity_id, request)
        if not change.requests:
            api.write_tags(self.client, actual.arn, change.tags)
            return None
        api.update_entity(self.client, self.workspace_id, actual.entity_id, change.requests[-1])

        def rest() -> None:
            self._settle(wanted)
            api.write_tags(self.client, actual.arn, change.tags)

        return rest

    def _update(self, entity_id: str, request: dict[str, t.Any]) -> None:
        api.update_entity(self.client, self.workspace_id, entity_id, request)
        waiters.made_entity(self.client, self.workspace_id, entity_id, self.wait_timeout)

    def _settle(self, wanted: Wanted) -> None:
        asked_at = self.now()
        self.seen(wanted, waiters.made_entity(self.client, self.workspace_id, wanted.entity_id, self.wait_timeout), asked_at)

    def _read(self, wanted: Wanted) -> Actual | None:
        return read.read_entity(self.client, self.workspace_id, wanted.entity_id, wanted, self.wait_timeout)


def apply_plan(
    plan: Plan,
    carry_out: c.Callable[[Step], Rest | None],
    *,
    concurrency: int,
    report: c.Callable[[str], None] = lambda line: None,
    clock: c.Callable[[], float] = time.monotonic,
) -> Outcome:
    """Carries out the steps, up to ``concurrency`` at once. After the first failure no further step is begun.

    A step is done when its rest is. Where no other step waits for it, the rest comes after the steps that can be begun, oldest first:
    TwinMaker has finished by then, so that one look is enough.
    A create that TwinMaker refuses while others run is tried once more alone: there is evidence that entities which
    are made at once below one parent can be in each other's way.
    report: takes a line about the progress every few seconds.
    """
    return _Run(plan.steps, carry_out, report, clock).run(concurrency)


@dataclasses.dataclass
class _Run:
    """One run of a plan. ``changed`` guards everything below it, and tells threads that wait."""

    steps: list[Step]
    carry_out: c.Callable[[Step], Rest | None]
    report: c.Callable[[str], None]
    clock: c.Callable[[], float]

    def __post_init__(self) -> None:
        self.changed = threading.Condition()
        self.reported = self.clock()
        self.outcome = Outcome()
        self.waits = [len(step.after) for step in self.steps]
        self.waiting: dict[int, list[int]] = collections.defaultdict(list)
        for index, step in enumerate(self.steps):
            for earlier in step.after:
                self.waiting[earlier].append(index)
        self.ready = [index for index, count in enumerate(self.waits) if count == 0]
        self.rests: collections.deque[tuple[int, Rest]] = collections.deque()
        self.alone: dict[int, str] = {}  # a create that is to be tried once more -> what was said of it
        self.tried_alone: set[int] = set()
        self.running: set[int] = set()
        self.broken = False

    def run(self, concurrency: int) -> Outcome:
        with concurrent.futures.ThreadPoolExecutor(concurrency) as pool:
            try:
                for thread in [pool.submit(self._work) for _number in range(concurrency)]:
                    thread.result()
            except BaseException:
                # Such as the interrupt of a user: without this, the pool would wait for the whole plan.
                self._stop()
                raise
        # Those that did not come to their second try, since another step has failed.
        self.outcome.failed.update(self.alone)
        return self.outcome

    def _work(self) -> None:
        """What each thread does. It takes its work itself: one that hands work out to the others would keep them waiting."""
        try:
            while (job := self._take()) is not None:
                self._do(*job)
        except BaseException:
            self._stop()
            raise

    def _stop(self) -> None:
        """Lets no thread begin anything more."""
        with self.changed:
            self.broken = True
            self.changed.notify_all()

    def _do(self, index: int, work: c.Callable[[], Rest | None]) -> None:
        rest: Rest | None = None
        failure: AwsError | Refused | None = None
        try:
            rest = work()
        except (AwsError, Refused) as error:
            failure = error
        with self.changed:
            self.running.remove(index)
            if failure is None:
                self._note(index, rest)
            else:
                self._note_failure(index, failure)
            if self.clock() - self.reported >= REPORT_SECONDS:
                self.reported = self.clock()
                self.report(f"{len(self.outcome.done)} of {len(self.steps)} steps are done")
            self.changed.notify_all()

    def _take(self) -> tuple[int, c.Callable[[], Rest | None]] | None:
        """The next piece of work, once there is one; None if there will be no more."""
        with self.changed:
            while not self.broken:
                job = self._next()
                if job is not None:
                    self.running.add(job[0])
                    return job
                if not self.running:
                    return None
                self.changed.wait()
        return None

    def _next(self) -> tuple[int, c.Callable[[], Rest | None]] | None:
        if self.alone and not self.outcome.failed:
            if self.running:
                return None
            index, _said = self.alone.popitem()
            self.tried_alone.add(index)
            return index, self._step(index)
        if self.tried_alone & self.running:
            return None
        if self.ready and not self.outcome.failed:
            index = heapq.heappop(self.ready)
            return index, self._step(index)
        return self.rests.popleft() if self.rests else None

    def _step(self, index: int) -> c.Callable[[], Rest | None]:
        at_once = bool(self.waiting.get(index)) or index in self.tried_alone

        def work() -> Rest | None:
            rest = self.carry_out(self.steps[index])
            if rest is None or not at_once:
                return rest
            rest()
            return None

        return work

    def _note(self, index: int, rest: Rest | None) -> None:
        if rest is not None:
            self.rests.append((index, rest))
            return
        self.outcome.done.append(index)
        for later in self.waiting.get(index, ()):
            self.waits[later] -= 1
            if self.waits[later] == 0:
                heapq.heappush(self.ready, later)

    def _note_failure(self, index: int, error: AwsError | Refused) -> None:
        if isinstance(error, Refused):
            self.outcome.failed[index] = error.message
        elif self.steps[index].action == "create" and error.code in (CONFLICT, VALIDATION) and index not in self.tried_alone:
            self.alone[index] = error.sentence()
        else:
            self.outcome.failed[index] = error.sentence()
