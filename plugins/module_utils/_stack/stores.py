# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stores that outlive their stack: finding them, taking them into a new stack, and deleting them."""

from __future__ import annotations

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._aws import poll
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, listed
from ansible_collections.energytwin.aws.plugins.module_utils._stack import api
from ansible_collections.energytwin.aws.plugins.module_utils._stack.template import Parameters, Store, Template, import_body

Answer = dict[str, t.Any]
Clients = c.Callable[[str], t.Any]
"""Service name -> boto3 client."""

CHANGE_SET = "energytwin-import"
# What a stack is in that is there by name only.
NEVER_MADE = ("REVIEW_IN_PROGRESS",)
_SERVICES = {
    "AWS::DynamoDB::Table": "dynamodb",
    "AWS::Timestream::Database": "timestream-write",
    "AWS::Timestream::Table": "timestream-write",
}


def look(clients: Clients, store: Store) -> Answer | None:
    """The store as its service shows it; None if it is not there."""
    reads: dict[str, c.Callable[..., Answer | None]] = {
        "AWS::DynamoDB::Table": api.get_dynamodb_table,
        "AWS::Timestream::Database": api.get_timestream_database,
        "AWS::Timestream::Table": api.get_timestream_table,
    }
    return reads[store.type](clients(_SERVICES[store.type]), *store.identifier.values())


def check_keys(clients: Clients, store: Store, template: Template) -> None:
    """Refuse a table of the store's name that somebody has made for something else."""
    wanted = template["Resources"][store.logical_id]["Properties"].get("KeySchema")
    has = (look(clients, store) or {}).get("KeySchema")
    if wanted is not None and has != wanted:
        keys = " and ".join(f"'{key['AttributeName']}'" for key in has or [])
        raise Refused(
            f"Table '{store.name}' is there and is no store of readings, for its key is {keys}; delete it, or give the stack another name."
        )


def delete(clients: Clients, store: Store, timeout: float) -> None:
    """Delete the store with all that is in it, and wait until it is gone."""
    deletes: dict[str, c.Callable[..., None]] = {
        "AWS::DynamoDB::Table": api.delete_dynamodb_table,
        "AWS::Timestream::Database": api.delete_timestream_database,
        "AWS::Timestream::Table": api.delete_timestream_table,
    }
    state = (look(clients, store) or {}).get("TableStatus")
    if state != "DELETING":
        deletes[store.type](clients(_SERVICES[store.type]), *store.identifier.values())
    _found, gone = poll(lambda: look(clients, store), lambda found: found is None, timeout=timeout)
    if not gone:
        raise Refused(f"{store.type} '{store.name}' is still there after {timeout:.0f} seconds; run again, or raise wait_timeout.")


def take_in(
    clients: Clients,
    stack_name: str,
    template: Template,
    found: c.Sequence[Store],
    parameters: Parameters,
    tags: Parameters,
    timeout: float,
) -> None:
    """Make a stack of these stores, and of nothing else, by a change set of type IMPORT."""
    client = clients("cloudformation")
    if api.get_stack(client, stack_name) is not None:
        # What an earlier run has left of it.
        api.delete_change_set(client, stack_name, CHANGE_SET)
    request = {
        "TemplateBody": import_body(template, {store.logical_id for store in found}),
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        "ResourcesToImport": [
            {"ResourceType": store.type, "LogicalResourceId": store.logical_id, "ResourceIdentifier": store.identifier} for store in found
        ],
    }
    change_set_id = api.create_import(client, stack_name, CHANGE_SET, request)
    made, settled = poll(
        lambda: api.get_change_set(client, stack_name, change_set_id),
        lambda answer: not str(answer["Status"]).endswith(("_PENDING", "_IN_PROGRESS")),
        timeout=timeout,
    )
    if not settled or made["Status"] != "CREATE_COMPLETE":
        why = made.get("StatusReason") or f"its change set is in state {made['Status']}"
        raise Refused(f"{_names(found)} could not be taken into stack '{stack_name}': {why.rstrip('.')}; mend that and run again.")
    api.execute_change_set(client, stack_name, change_set_id)
    stack, _settled = poll(
        lambda: api.get_stack(client, stack_name) or {},
        lambda answer: answer.get("StackStatus") not in NEVER_MADE and not str(answer.get("StackStatus")).endswith("_IN_PROGRESS"),
        timeout=timeout,
    )
    if stack.get("StackStatus") != "IMPORT_COMPLETE":
        raise Refused(
            f"{_names(found)} could not be taken into stack '{stack_name}': {_reason(client, stack_name)}; mend that and run again."
        )


def _names(found: c.Iterable[Store]) -> str:
    return listed(store.name for store in found)


def _reason(client: t.Any, stack_name: str) -> str:
    events = api.stack_events(client, stack_name)
    reasons = [event.get("ResourceStatusReason", "") for event in events if str(event.get("ResourceStatus")).endswith("_FAILED")]
    return (reasons[-1] if reasons else "the import has not come to its end").rstrip(".")
