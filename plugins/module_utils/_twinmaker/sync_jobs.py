# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sync jobs: what is there against what is wanted. The API has no update, so another role means another job."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._aws import TagChanges, poll, tag_changes
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, changed_value
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import api
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.transformations import error_of
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.waiters import state_of

Answer = dict[str, t.Any]

CHANGING = ("CREATING", "INITIALIZING", "DELETING")


@dataclasses.dataclass(frozen=True)
class SyncJobChange:
    """made_anew: the job that is there has to be deleted first. tags: changes of the job that stays."""

    before: Answer
    after: Answer
    made_anew: bool
    tags: TagChanges
    reasons: list[str]


def picture(answer: Answer | None, tags: c.Mapping[str, str] | None) -> Answer:
    """A sync job in the shape of the module's options; empty if there is none."""
    if answer is None:
        return {}
    shape: Answer = {"sync_source": answer["syncSource"], "sync_role": answer["syncRole"]}
    return {**shape, "tags": dict(tags)} if tags is not None else shape


def shown_sync_job(answer: Answer | None, tags: c.Mapping[str, str] | None) -> Answer:
    """A sync job as results show it."""
    return {} if answer is None else {**picture(answer, tags), "arn": answer["arn"], "state": state_of(answer)}


def change_sync_job(
    answer: Answer | None, tags: c.Mapping[str, str], source: str, role: str | None, wanted_tags: dict[str, str] | None, purge: bool
) -> SyncJobChange:
    """What turns the job that is there (None: there is none) into the wanted one. Pure.

    role: None keeps the one that is there. A job that is made anew keeps its tags, as far as they are not purged.
    """
    there = answer or {}
    tag_change = tag_changes(tags, wanted_tags, purge)
    reasons = []
    if error := error_of(there.get("status")):
        reasons.append(f"is in state ERROR: {error}")
    if answer and role and role != there["syncRole"]:
        reasons.append(changed_value("sync_role", there["syncRole"], role))
    after = {"syncSource": source, "syncRole": role or there.get("syncRole", "")}
    shows_tags = wanted_tags is not None
    return SyncJobChange(
        picture(answer, tags if shows_tags else None),
        picture(after, tag_change.applied(tags) if shows_tags else None),
        bool(reasons),
        tag_change,
        ["is not there"] if answer is None else reasons + tag_change.reasons(),
    )


def settled_sync_job(client: t.Any, workspace_id: str, source: str, timeout: float, *, appears: bool = False) -> Answer | None:
    """Waits (seconds) until the job is neither made, initialized nor deleted. None: it is gone.

    appears: it was made a moment ago, so that it is waited for if it is not there.
    """
    changing = {*CHANGING, "GONE"} if appears else {*CHANGING}
    found, settled = poll(
        lambda: api.get_sync_job(client, workspace_id, source),
        lambda answer: state_of(answer) not in changing,
        timeout=timeout,
        max_delay=15,
    )
    if not settled:
        raise Refused(
            f"sync job '{source}' is still in state '{state_of(found)}' after {timeout:g} s; look at it in the AWS console, or raise wait_timeout."
        )
    return found
