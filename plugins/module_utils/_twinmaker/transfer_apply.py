# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carries out a plan whose new entities come by metadata transfer jobs, and everything else through the API."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._aws import AwsError, in_parallel
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import api, read, transfer_file, waiters
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.apply import Entities, Outcome, apply_plan
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.changes import changes
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.model import Wanted
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.plan import Plan, Step
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.transfer import Ended, Imports
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.transformations import actual_from_answer

Report = c.Callable[[str], None]


@dataclasses.dataclass(frozen=True)
class Split:
    """Which steps go into files. unfit: why a new entity cannot, by id; it is created through the API."""

    by_file: frozenset[int]
    unfit: dict[str, str]


def split(steps: c.Sequence[Step]) -> Split:
    """Only what is not there goes into files: a job would replace an entity with all that the list does not give."""
    by_file, unfit = set(), {}
    for index, step in enumerate(steps):
        if step.action == "create":
            why = transfer_file.unfit(t.cast(Wanted, step.wanted))
            if why is None:
                by_file.add(index)
            else:
                unfit[step.entity_id] = why
    return Split(frozenset(by_file), unfit)


def apply_by_import(
    plan: Plan, by_file: c.Container[int], entities: Entities, imports: Imports, *, most_entities: int, concurrency: int, report: Report
) -> Outcome:
    """As ``apply_plan``. After a job or a round of steps that did not go well, nothing further is begun.

    most_entities: in one job.
    """
    outcome = Outcome()
    for one in transfer_file.rounds(plan.steps, by_file):
        if one.by_file:
            for file in transfer_file.files(plan.steps, one.indexes, most_entities):
                _bring(plan.steps, file, entities, imports, concurrency, outcome)
                if outcome.failed:
                    return outcome
        else:
            steps = transfer_file.part_of(plan.steps, one.indexes)
            found = apply_plan(dataclasses.replace(plan, steps=steps), entities.carry_out, concurrency=concurrency, report=report)
            outcome.done += [one.indexes[index] for index in found.done]
            outcome.failed.update({one.indexes[index]: message for index, message in found.failed.items()})
        if outcome.failed:
            return outcome
        report(f"{len(outcome.done)} of {len(plan.steps)} steps are done")
    return outcome


def _bring(
    steps: c.Sequence[Step], file: transfer_file.File, entities: Entities, imports: Imports, concurrency: int, outcome: Outcome
) -> None:
    """Runs one job, and looks at each of its entities: neither a job's counts nor its report name those that are done."""
    try:
        ended = imports.bring(file.body)
    except (AwsError, Refused) as error:
        message = error.sentence() if isinstance(error, AwsError) else error.message
        outcome.failed.update(dict.fromkeys(file.indexes, message))
        return
    said = transfer_file.reasons(ended.text, [steps[index].entity_id for index in file.indexes])
    faults = in_parallel(lambda index: _fault(t.cast(Wanted, steps[index].wanted), entities, ended, said), file.indexes, concurrency)
    for index, fault in zip(file.indexes, faults, strict=True):
        if fault is None:
            outcome.done.append(index)
        else:
            outcome.failed[index] = fault
    if not ended.went_well and not any(faults):
        outcome.doubts.append(f"{ended.sentence().rstrip('.')}, but every entity is there as it is wanted.")


def _fault(wanted: Wanted, entities: Entities, ended: Ended, said: c.Mapping[str, str]) -> str | None:
    """What is wrong with an entity that a job has brought, or None if it is as it is wanted."""
    try:
        asked_at = entities.now()
        # After a job that went well the entity is there, even if it is not visible yet.
        wait_for = waiters.made_entity if ended.went_well else waiters.settled_entity
        answer = wait_for(entities.client, entities.workspace_id, wanted.entity_id, entities.wait_timeout)
        if answer is None:
            why = said.get(wanted.entity_id, "the job's report gives no reason" if ended.state == "COMPLETED" else "")
            return f"entity '{wanted.entity_id}' was not created: {ended.sentence()}{f'; {why}' if why else ''}."
        if errors := waiters.entity_errors(answer):
            return f"entity '{wanted.entity_id}' is in state ERROR: {'; '.join(errors)}; mend the cause and run again."
        tags = api.list_tags(entities.client, answer["arn"]) if wanted.tags is not None else None
        found = actual_from_answer(read.complete(entities.client, entities.workspace_id, answer), wanted, tags)
        if change := changes(found, wanted, entities.options):
            reasons = "; ".join(change.reasons)
            return f"entity '{wanted.entity_id}' is not as wanted after {_job(ended)}: {reasons}; run again, which updates it."
    except AwsError as error:
        return error.sentence()
    except Refused as error:
        return error.message
    entities.seen(wanted, answer, asked_at)
    return None


def _job(ended: Ended) -> str:
    return f"metadata transfer job '{ended.job_id}'" if ended.went_well else ended.sentence()
