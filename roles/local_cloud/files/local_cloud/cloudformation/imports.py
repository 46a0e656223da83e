# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What CloudFormation asks of an import: of the template, of the resources, and of how they are identified (no call changes anything).

Source: "Import AWS resources into a CloudFormation stack" in the user guide.
"""

from __future__ import annotations

import collections.abc as c

from local_cloud.cloudformation.changes import Change
from local_cloud.cloudformation.errors import invalid, not_implemented
from local_cloud.cloudformation.providers import Table
from local_cloud.cloudformation.providers.base import Clients, ResourceError
from local_cloud.cloudformation.records import GONE, Records
from local_cloud.cloudformation.scope import PreviewScope, Resources
from local_cloud.service import Parameters
from local_cloud.store import Record

Identified = dict[str, str]
"""Logical id -> physical id of what is to be imported."""


def check(given: Parameters, scope: PreviewScope, standing: Resources, outputs: c.Set[str], table: Table) -> Identified:
    """What the request identifies. Refuses a template that is not that of the stack with these resources and no more.

    standing, outputs: the resources and the names of the outputs that the stack has.
    """
    wanted = {entry["LogicalResourceId"]: entry for entry in given.get("ResourcesToImport", [])}
    if not wanted:
        raise invalid("ResourcesToImport is required for change sets of type IMPORT")
    declared = scope.target.template.resources
    there = {name for name, resource in standing.items() if resource.get("instance")}
    unknown = sorted(wanted.keys() - declared.keys())
    if unknown:
        raise invalid(f"Resources [{', '.join(unknown)}] to import are not in the template")
    known = sorted(wanted.keys() & there)
    if known:
        raise invalid(f"Resources [{', '.join(known)}] are in the stack already")
    in_force = {name for name in declared if scope.conditions.get(declared[name].get("Condition", ""), True)}
    if in_force != there | wanted.keys():
        other = sorted(in_force ^ (there | wanted.keys()))
        raise invalid(f"As part of the import operation, you cannot modify or add or remove resources [{', '.join(other)}]")
    if scope.target.template.outputs.keys() - outputs:
        raise invalid("As part of the import operation, you cannot modify or add [Outputs]")
    return {name: _physical_id(name, entry, declared[name], table) for name, entry in wanted.items()}


def _physical_id(name: str, entry: Parameters, declared: Record, table: Table) -> str:
    kind = declared["Type"]
    if entry["ResourceType"] != kind:
        raise invalid(f"Resource {name} to import is of type {entry['ResourceType']}, in the template of type {kind}")
    if "DeletionPolicy" not in declared:
        raise invalid(f"The following resources to import [{name}] must have DeletionPolicy attribute specified in the template.")
    try:
        physical_id = table[kind].imported(entry["ResourceIdentifier"])
    except ResourceError:
        raise not_implemented(f"importing {kind}") from None
    if physical_id is None:
        raise invalid(f"Resource identifiers {sorted(entry['ResourceIdentifier'])} do not identify {kind} {name}")
    return physical_id


def refusal(identified: Identified, scope: PreviewScope, records: Records, table: Table, clients: Clients) -> str | None:
    """Why the change set fails: what is to be imported is not there, or belongs to a stack."""
    owners = _owners(records)
    for name, physical_id in identified.items():
        kind = scope.target.template.resources[name]["Type"]
        if (kind, physical_id) in owners:
            return f"{kind} {physical_id} already exists in stack {owners[kind, physical_id]}"
        if not table[kind].exists(clients, physical_id):
            return f"{kind} with identifier {physical_id} does not exist"
    return None


def _owners(records: Records) -> dict[tuple[str, str], str]:
    return {
        (resource["instance"]["type"], resource["instance"]["physical_id"]): stack["id"]
        for stack in records.stacks()
        if stack["status"] != GONE
        for resource in records.resources(stack["id"]).values()
        if resource.get("instance")
    }


def changes(identified: Identified, order: c.Iterable[str], scope: PreviewScope) -> list[Change]:
    """The change set's changes, in the order of their execution."""
    return [
        {
            "Action": "Import",
            "LogicalResourceId": name,
            "PhysicalResourceId": identified[name],
            "ResourceType": scope.target.template.resources[name]["Type"],
            "Scope": [],
            "Details": [],
        }
        for name in order
        if name in identified
    ]
