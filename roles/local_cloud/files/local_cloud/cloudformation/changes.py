# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an update would change, in the form in which change sets report it.

Source: ResourceChange, ResourceChangeDetail and ResourceTargetDefinition in the CloudFormation API reference.
"""

from __future__ import annotations

import typing as t

from local_cloud.cloudformation import functions, graph
from local_cloud.cloudformation.providers import Table
from local_cloud.cloudformation.providers.base import Schema, canonical
from local_cloud.cloudformation.records import physical_id_of
from local_cloud.cloudformation.scope import PreviewScope, Resources
from local_cloud.store import Record

Change = dict[str, t.Any]

_MEMBERS = (("DeletionPolicy", "deletion_policy"), ("UpdateReplacePolicy", "update_replace_policy"))


def additions(scope: PreviewScope, table: Table) -> list[Change]:
    """The changes of a stack that does not exist yet."""
    return [_addition(scope, name) for name in graph.order(scope.dependencies())]


def compare(scope: PreviewScope, resources: Resources, table: Table, previous: dict[str, str]) -> list[Change]:
    """The resource changes from what is there to what the scope's target asks for, in the order of their execution.

    previous: the parameter values now in force.
    """
    changes = []
    order = graph.order(scope.dependencies())
    changed_parameters = {name for name, value in scope.target.values.items() if previous.get(name) != value}
    for name in order:
        resource = resources.get(name)
        if resource is None or resource.get("instance") is None:
            scope.moved.add(name)
            changes.append(_addition(scope, name))
            continue
        change = _modification(scope, name, resource, table, changed_parameters)
        if change is None:
            continue
        changes.append(change)
        if change["Replacement"] == "False":
            scope.modified.add(name)
        else:
            scope.moved.add(name)
    for name, resource in resources.items():
        if name not in order and resource.get("instance") is not None:
            changes.append(
                {
                    "Action": "Remove",
                    "LogicalResourceId": name,
                    "PhysicalResourceId": physical_id_of(resource),
                    "ResourceType": resource["instance"]["type"],
                    "Scope": [],
                    "Details": [],
                    "PolicyAction": "Delete" if resource["instance"]["deletion_policy"] == "Delete" else "Retain",
                }
            )
    return changes


def outputs_differ(scope: PreviewScope, outputs: list[dict[str, t.Any]]) -> bool:
    """Whether the target's outputs are others than those of the stack."""
    try:
        return canonical(scope.outputs()) != canonical(outputs)
    except functions.Unresolved:
        return True


def _addition(scope: PreviewScope, name: str) -> Change:
    kind = scope.target.template.resources[name]["Type"]
    return {"Action": "Add", "LogicalResourceId": name, "ResourceType": kind, "Scope": [], "Details": []}


def _modification(scope: PreviewScope, name: str, resource: Record, table: Table, changed_parameters: set[str]) -> Change | None:
    instance = resource["instance"]
    declared = scope.target.template.resources[name]
    schema = table[instance["type"]].schema
    raw = functions.prune(declared.get("Properties", {}), scope.conditions)
    details = []
    for key in sorted((raw.keys() | instance["properties"].keys()) - {"Tags"}):
        detail = _property(scope, key, raw, instance, schema, changed_parameters)
        if detail is not None:
            details.append(detail)
    if schema.tags and _tags_differ(scope, raw, instance, schema):
        details.append(_detail("Tags"))
    if canonical(declared.get("Metadata")) != canonical(resource.get("metadata")):
        details.append(_detail("Metadata"))
    for member, key in _MEMBERS:
        if declared.get(member, "Delete") != instance[key]:
            details.append(_detail(member))
    if not details:
        return None
    needs = {(detail["Target"]["RequiresRecreation"], detail["Evaluation"]) for detail in details}
    replacement = "True" if ("Always", "Static") in needs else "Conditional" if ("Always", "Dynamic") in needs else "False"
    change = {
        "Action": "Modify",
        "LogicalResourceId": name,
        "PhysicalResourceId": physical_id_of(resource),
        "ResourceType": instance["type"],
        "Replacement": replacement,
        "Scope": list(dict.fromkeys(detail["Target"]["Attribute"] for detail in details)),
        "Details": details,
    }
    if replacement == "True":
        change["PolicyAction"] = "ReplaceAndDelete" if declared.get("UpdateReplacePolicy", "Delete") == "Delete" else "ReplaceAndRetain"
    return change


def _property(
    scope: PreviewScope, key: str, raw: dict[str, t.Any], instance: Record, schema: Schema, changed_parameters: set[str]
) -> Change | None:
    recreation = "Always" if key in schema.create_only else "Never"
    expression = raw.get(key)
    try:
        value = functions.resolve({key: expression}, scope).get(key) if key in raw else None
    except functions.Unresolved as unknown:
        source = "ResourceAttribute" if "." in str(unknown) else "ResourceReference"
        return _detail("Properties", key, recreation, "Dynamic", source, str(unknown))
    if canonical(value) == canonical(instance["properties"].get(key)):
        return None
    used = sorted({name for kind, name, _unused in functions.references(expression) if kind == "Ref"} & changed_parameters)
    if used:
        return _detail("Properties", key, recreation, "Static", "ParameterReference", used[0])
    return _detail("Properties", key, recreation)


def _tags_differ(scope: PreviewScope, raw: dict[str, t.Any], instance: Record, schema: Schema) -> bool:
    try:
        own = schema.own_tags(functions.resolve({"Tags": raw.get("Tags", {})}, scope))
    except functions.Unresolved:
        return True
    return {**scope.target.tags, **own} != instance["tags"]


def _detail(
    attribute: str,
    name: str | None = None,
    recreation: str = "Never",
    evaluation: str = "Static",
    source: str = "DirectModification",
    cause: str | None = None,
) -> Change:
    target = {"Attribute": attribute, "RequiresRecreation": recreation}
    if name is not None:
        target["Name"] = name
    detail: Change = {"Target": target, "Evaluation": evaluation, "ChangeSource": source}
    if cause is not None:
        detail["CausingEntity"] = cause
    return detail
