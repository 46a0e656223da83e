# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Workspaces: what is there against what is wanted, and what stands in the way of a delete."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._aws import AwsError, TagChanges, poll, tag_changes
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, changed_value, listed
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import api

Answer = dict[str, t.Any]

# Member of the API -> the module's option.
OPTIONS = {"description": "description", "s3Location": "s3_location", "role": "role"}
# What calls with a role say as long as IAM has not spread a new role or its policy.
NOT_SPREAD_YET = ("Could not assume the role provided", "Could not access S3 with the role provided")
COUNTED = 1000


@dataclasses.dataclass(frozen=True)
class WorkspaceChange:
    """request: members of Create- or UpdateWorkspace that differ."""

    before: Answer
    after: Answer
    request: Answer
    tags: TagChanges
    reasons: list[str]


def required_workspace(client: t.Any, workspace_id: str) -> Answer:
    """The workspace in which something is to be made. Raises Refused if there is none."""
    answer = api.get_workspace(client, workspace_id)
    if answer is None:
        raise Refused(f"There is no workspace '{workspace_id}' in this account and region; create it first (module twinmaker_workspace).")
    return answer


def bucket_of(workspace: Answer) -> str:
    """The name of a workspace's bucket. Raises Refused if it has none."""
    bucket = str(workspace.get("s3Location") or "").rpartition(":")[2]
    if not bucket:
        raise Refused(
            f"Workspace '{workspace['workspaceId']}' has no bucket; give it one (s3_location and role of module twinmaker_workspace)."
        )
    return bucket


def picture(answer: Answer | None, tags: c.Mapping[str, str] | None) -> Answer:
    """A workspace in the shape of the module's options; empty if there is none."""
    if answer is None:
        return {}
    shape: Answer = {option: answer[member] for member, option in OPTIONS.items() if answer.get(member)}
    return {**shape, "tags": dict(tags)} if tags is not None else shape


def shown_workspace(answer: Answer | None, tags: c.Mapping[str, str] | None) -> Answer:
    """A workspace as results show it."""
    return {} if answer is None else {"workspace_id": answer["workspaceId"], "arn": answer["arn"], **picture(answer, tags)}


def change_workspace(
    answer: Answer | None, tags: c.Mapping[str, str], wanted: Answer, wanted_tags: dict[str, str] | None, purge: bool
) -> WorkspaceChange:
    """What turns the workspace that is there (None: there is none) into the wanted one. Pure.

    wanted: members of the API, those that were given only.
    """
    there = answer or {}
    request = {member: value for member, value in wanted.items() if value != (there.get(member) or "")}
    tag_change = tag_changes(tags, wanted_tags, purge)
    reasons = [changed_value(OPTIONS[member], there.get(member) or "", value) for member, value in request.items()] + tag_change.reasons()
    known_tags = None if wanted_tags is None else tags
    after = picture({**there, **wanted}, None if known_tags is None else tag_change.applied(known_tags))
    return WorkspaceChange(picture(answer, known_tags), after, request, tag_change, ["is not there"] if answer is None else reasons)


def create_workspace(client: t.Any, workspace_id: str, request: Answer, timeout: float) -> bool:
    """Creates a workspace and waits until it can be read. TwinMaker tries the role and the bucket at once, so a new role is waited for (seconds).

    Returns False if it is there by now: another run was faster, or AWS's first answer got lost.
    """

    made = True
    try:
        once_role_has_spread(lambda: api.create_workspace(client, workspace_id, request), timeout)
    except AwsError as error:
        if error.code != "ConflictException":
            raise
        made = False
    poll(lambda: api.get_workspace(client, workspace_id), lambda answer: answer is not None, timeout=timeout)
    return made


def once_role_has_spread(create: c.Callable[[], Answer], timeout: float) -> Answer:
    """Makes a call that takes a role, again and again for some time (seconds) if TwinMaker cannot use a role that was made a moment ago."""

    def attempt() -> Answer | AwsError:
        try:
            return create()
        except AwsError as error:
            return error

    found, _done = poll(attempt, lambda result: not (isinstance(result, AwsError) and is_not_spread_yet(result)), timeout=timeout, delay=1)
    if isinstance(found, AwsError):
        raise found
    return found


def is_not_spread_yet(error: AwsError) -> bool:
    return any(text in error.text for text in NOT_SPREAD_YET)


def contents(client: t.Any, workspace_id: str, arn: str) -> dict[str, list[str]]:
    """What a workspace holds, by kind; kinds that it has none of are left out. AWS's own component types are no contents.

    arn: of the workspace. At most COUNTED items of a kind are named.
    """
    found = {
        "entities": (item["entityId"] for item in api.list_entities(client, workspace_id)),
        "component types": (
            item["componentTypeId"] for item in api.list_component_types(client, workspace_id) if item["arn"].startswith(f"{arn}/")
        ),
        "scenes": (item["sceneId"] for item in api.list_scenes(client, workspace_id)),
        "sync jobs": (item["syncSource"] for item in api.list_sync_jobs(client, workspace_id)),
    }
    named = {kind: [name for name, _count in zip(names, range(COUNTED), strict=False)] for kind, names in found.items()}
    return {kind: names for kind, names in named.items() if names}


def check_is_empty(client: t.Any, workspace_id: str, arn: str) -> None:
    held = contents(client, workspace_id, arn)
    if held:
        parts = "; ".join(f"{len(names)}{'+' * (len(names) == COUNTED)} {kind} ({listed(names)})" for kind, names in held.items())
        raise Refused(f"Workspace '{workspace_id}' is not empty, it has {parts}; delete these first.", contents=held)
