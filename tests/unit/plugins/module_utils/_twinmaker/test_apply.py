# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading and applying: answers that have no room for everything, progress, and steps that wait."""

from __future__ import annotations

import concurrent.futures
import threading
import typing as t

import pytest
from botocore.exceptions import ClientError

from ansible_collections.energytwin.aws.plugins.module_utils._aws import AwsError
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.apply import apply_plan
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.plan import Plan, Step
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.read import complete


class BigEntity:
    """An entity with more components and properties than GetEntity shows."""

    def list_components(self, **request: t.Any) -> dict[str, t.Any]:
        return {
            "componentSummaries": [{"componentName": name, "componentTypeId": "t", "status": {"state": "ACTIVE"}} for name in ("a", "b")]
        }

    def list_properties(self, componentName: str, **request: t.Any) -> dict[str, t.Any]:
        start = int(request.get("nextToken", "0"))
        found = [{"propertyName": f"{componentName}{start}", "definition": {}, "value": {"doubleValue": start}}]
        return {"propertySummaries": found, **({"nextToken": str(start + 1)} if start < 2 else {})}


def test_what_an_answer_leaves_out_is_read() -> None:
    shown = {"componentName": "a", "componentTypeId": "t", "properties": {"a0": {}}, "areAllPropertiesReturned": True}
    answer = complete(BigEntity(), "plant", {"entityId": "e", "components": {"a": shown}, "areAllComponentsReturned": False})
    assert answer["components"]["a"]["properties"] == {"a0": {}}
    assert set(answer["components"]["b"]["properties"]) == {"b0", "b1", "b2"}


def test_what_is_complete_is_not_read_again() -> None:
    answer = {"entityId": "e", "components": {"a": {"properties": {}}}, "areAllComponentsReturned": True}
    assert complete(None, "plant", answer) == answer


def plan(*after: tuple[int, ...]) -> Plan:
    return Plan([Step("create", f"e{index}", "why", waits) for index, waits in enumerate(after)], {}, {})


@pytest.mark.parametrize("concurrency", [1, 4])
def test_steps_wait_for_others(concurrency: int) -> None:
    begun: list[str] = []
    lock = threading.Lock()

    def carry_out(step: Step) -> None:
        with lock:
            begun.append(step.entity_id)

    outcome = apply_plan(plan((), (), (0,), (0, 1), (2, 3)), carry_out, concurrency=concurrency)
    assert sorted(outcome.done) == [0, 1, 2, 3, 4] and not outcome.failed
    assert begun.index("e2") > begun.index("e0") and begun.index("e4") == 4 and begun.index("e3") > begun.index("e1")


def test_as_many_steps_run_at_once_as_allowed() -> None:
    meeting = threading.Barrier(4, timeout=20)

    def carry_out(step: Step) -> None:
        meeting.wait()

    outcome = apply_plan(plan(*[()] * 8), carry_out, concurrency=4)
    assert len(outcome.done) == 8


def test_what_is_left_of_a_step_comes_last_unless_another_step_waits_for_it() -> None:
    said: list[str] = []

    def carry_out(step: Step) -> t.Callable[[], None]:
        said.append(f"begin {step.entity_id}")
        return lambda: said.append(f"end {step.entity_id}")

    outcome = apply_plan(plan((), (0,), (0,), ()), carry_out, concurrency=1)
    assert said == ["begin e0", "end e0", "begin e1", "begin e2", "begin e3", "end e1", "end e2", "end e3"]
    assert outcome.done == [0, 1, 2, 3]


def test_what_has_begun_is_finished_after_a_failure() -> None:
    def carry_out(step: Step) -> t.Callable[[], None] | None:
        if step.entity_id == "e2":
            raise Refused("no")
        return lambda: None

    outcome = apply_plan(plan((), (), (), ()), carry_out, concurrency=1)
    assert outcome.done == [0, 1] and outcome.failed == {2: "no"}


def test_a_step_whose_rest_fails_has_failed() -> None:
    def carry_out(step: Step) -> t.Callable[[], None]:
        def rest() -> None:
            if step.entity_id == "e1":
                raise Refused("it is in state ERROR")

        return rest

    outcome = apply_plan(plan((), (), (1,)), carry_out, concurrency=1)
    assert outcome.failed == {1: "it is in state ERROR"} and outcome.done == [0]


def test_nothing_begins_after_a_failure() -> None:
    begun: list[str] = []

    def carry_out(step: Step) -> None:
        begun.append(step.entity_id)
        if step.entity_id == "e1":
            raise Refused("no")

    outcome = apply_plan(plan((), (), (1,), ()), carry_out, concurrency=1)
    assert begun == ["e0", "e1"] and outcome.done == [0] and outcome.failed == {1: "no"}


def test_a_create_that_did_not_come_to_its_second_try_keeps_its_message() -> None:
    meeting = threading.Barrier(2, timeout=20)

    def carry_out(step: Step) -> None:
        meeting.wait()
        if step.entity_id == "e1":
            raise Refused("no")
        answer: t.Any = {"Error": {"Code": "ValidationException", "Message": "the name is taken"}}
        raise AwsError(message="Failed to create e0", exception=ClientError(answer, "CreateEntity"))

    outcome = apply_plan(plan((), (), ()), carry_out, concurrency=2)
    assert outcome.failed[1] == "no" and "the name is taken" in outcome.failed[0] and set(outcome.failed) == {0, 1}


def test_progress_is_reported_every_few_seconds() -> None:
    lines: list[str] = []
    seconds = iter(range(0, 1000, 3))
    apply_plan(
        plan(*[(index - 1,) if index else () for index in range(6)]),
        lambda step: None,
        concurrency=1,
        report=lines.append,
        clock=lambda: next(seconds),
    )
    assert lines and all(line.endswith("of 6 steps are done") for line in lines) and len(lines) < 6


def test_a_fault_of_the_program_ends_the_run_and_is_not_hidden() -> None:
    begun: list[str] = []

    def carry_out(step: Step) -> None:
        begun.append(step.entity_id)
        if step.entity_id == "e0":
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        apply_plan(plan((), (0,), (0,), (0,)), carry_out, concurrency=4)
    assert begun == ["e0"]


def test_an_interrupt_lets_nothing_more_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    interrupted, stopped = threading.Event(), threading.Event()

    class Interrupted(concurrent.futures.Future[t.Any]):
        def result(self, timeout: float | None = None) -> t.Any:
            assert interrupted.wait(20)
            raise KeyboardInterrupt

    class Pool(concurrent.futures.ThreadPoolExecutor):
        def submit(self, *args: t.Any, **kwargs: t.Any) -> concurrent.futures.Future[t.Any]:
            super().submit(*args, **kwargs)
            return Interrupted()

        def __exit__(self, *error: t.Any) -> bool | None:
            stopped.set()
            return super().__exit__(*error)

    def carry_out(step: Step) -> None:
        begun.append(step.entity_id)
        interrupted.set()
        assert stopped.wait(20)

    monkeypatch.setattr(concurrent.futures, "ThreadPoolExecutor", Pool)
    with pytest.raises(KeyboardInterrupt):
        apply_plan(plan((), (), ()), carry_out, concurrency=1)
    assert begun == ["e0"]
