# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names that follow from a stack's name, and the reasons why a stack failed (pure)."""

from __future__ import annotations

import collections.abc as c
import hashlib
import re
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.fields import shown
from ansible_collections.energytwin.aws.plugins.module_utils._site.properties import COMPONENT_TYPE_ID
from ansible_collections.energytwin.aws.plugins.module_utils._site.validate import text_fault, topic_fault

DYNAMODB, TIMESTREAM = "dynamodb", "timestream"
RULE_SUFFIXES = {DYNAMODB: "_IoTToDynamoDB", TIMESTREAM: "_IoTToTimestream"}
# The rule's name is the shortest of those that are made of the stack's name.
STACK_NAME_LENGTH = 128 - max(map(len, RULE_SUFFIXES.values()))
BUCKET_NAME_LENGTH = 63

_STACK_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9-]*")
_CANCELLED = "cancelled"
# CloudFormation wraps what a service says, and adds numbers that help only AWS.
_WRAPPED = re.compile(r'Resource handler returned message: "(.*)" \(RequestToken: .*\)', re.DOTALL)
_NUMBERS = re.compile(r" \((?:Service: |SDK Attempt Count: )[^()]*\)")

# What to do about a reason that CloudFormation gives, by what it speaks of; the first match counts.
_REMEDIES = (
    (
        r"Timestream.*(AccessDenied|not authorized|only existing)|(AccessDenied|not authorized|only existing).*Timestream",
        "Timestream for LiveAnalytics takes no new customers since 2025-06-20: choose another storage, or another account that has it",
    ),
    (
        r"already exists|AlreadyExists",
        "something of that name is there that does not belong to the stack: delete it, import it into the stack, or name the stack differently",
    ),
    (r"AccessDenied|not authorized|UnauthorizedOperation", "let the identity that deploys do this, then run again"),
    (r"LimitExceeded|QuotaExceeded|limit", "raise the quota in the account or delete what is no longer needed, then run again"),
    (r"Could not assume the role|Could not access S3", "the role is too new for AWS to know it everywhere: run again"),
    (
        r"in use|not empty",
        "remove what it holds or what uses it (the twin's entities: role twin with twin_state=absent; a bucket's objects), then run again",
    ),
)
_RUN_AGAIN = "mend that and run again"


def stack_name_fault(name: str) -> str | None:
    """What is wrong with the name of a stack, as the end of a sentence that begins with it."""
    if not _STACK_NAME.fullmatch(name):
        return "is no name for a CloudFormation stack; begin with a letter and use letters, digits and hyphens only (set stack_name)"
    if len(name) > STACK_NAME_LENGTH:
        return f"has {len(name)} characters; names of resources are made of it, use at most {STACK_NAME_LENGTH} (set stack_name)"
    return None


def stack_faults(stack_name: str, topic: str) -> list[str]:
    """Everything that is wrong with the stack's name and topic, a sentence each."""
    checked = (
        ("stack_name", stack_name, stack_name_fault(stack_name)),
        ("stack_topic", topic, text_fault(topic) or topic_fault(topic)),
    )
    return [f"{option}: {shown(value)} {fault}" for option, value, fault in checked if fault]


def expected_outputs(stack_name: str, topic: str, storage: str = TIMESTREAM) -> dict[str, str]:
    """The outputs of a stack as far as they are known before it exists; the others are empty, and so is what its storage has not."""
    known = {
        "WorkspaceId": f"{stack_name}_workspace",
        "DatabaseName": f"{stack_name}_db" if storage == TIMESTREAM else "",
        "TableName": f"{stack_name}_energy",
        "RuleName": stack_name.replace("-", "_") + RULE_SUFFIXES[storage],
        "RollupsTableName": f"{stack_name}_rollups",
        "ComponentTypeId": COMPONENT_TYPE_ID,
        "DataTopic": topic,
        "Storage": storage,
        "AlsoStore": "none",
    }
    unknown = (
        "WorkspaceArn BucketName ErrorBucketName ReaderFunctionName ReaderFunctionArn RollupFunctionName"
        " GrafanaWorkspaceId GrafanaEndpoint GrafanaServiceRoleArn DashboardRoleArn AlarmTopicArn"
    )
    return {**known, **dict.fromkeys(unknown.split(), "")}


def code_bucket(stack_name: str, account: str, region: str) -> str:
    """``<stack>-code-<account>-<region>``. A long stack name is cut, and told apart by a digest."""
    tail = f"-code-{account}-{region}"
    name = stack_name.lower()
    room = BUCKET_NAME_LENGTH - len(tail)
    if len(name) > room:
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        name = f"{name[: room - len(digest) - 1].rstrip('-')}-{digest}"
    return name + tail


def stack_failures(events: c.Sequence[c.Mapping[str, t.Any]]) -> list[str]:
    """Why the last operation on a stack failed: a sentence per resource with its remedy, in the order in which they failed.

    events: newest first, with resource_status, resource_status_reason, logical_resource_id, resource_type and stack_name.
    """
    last: list[c.Mapping[str, t.Any]] = []
    for event in events:
        last.append(event)
        # The operation began with the stack's own entry.
        begins = event.get("resource_status") in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS")
        if begins and event.get("logical_resource_id") == event.get("stack_name"):
            break
    failed = [event for event in reversed(last) if str(event.get("resource_status", "")).endswith("_FAILED")]
    reasons = [event for event in failed if _CANCELLED not in str(event.get("resource_status_reason", "")).lower()]
    own = [event for event in reasons if event.get("logical_resource_id") != event.get("stack_name")]
    return [_sentence(event) for event in own or reasons]


def _sentence(event: c.Mapping[str, t.Any]) -> str:
    kind = event.get("resource_type", "")
    reason = _plain(str(event.get("resource_status_reason") or "no reason given"))
    remedy = next(
        (remedy for pattern, remedy in _REMEDIES if re.search(pattern, f"{kind}: {reason}", re.IGNORECASE | re.DOTALL)), _RUN_AGAIN
    )
    return f"{event.get('logical_resource_id')} ({kind}): {reason}; {remedy}."


def _plain(reason: str) -> str:
    wrapped = _WRAPPED.search(reason)
    return _NUMBERS.sub("", wrapped.group(1) if wrapped else reason).strip().rstrip(".")
