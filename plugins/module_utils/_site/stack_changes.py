# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a change set would do to a stack, and what of it would lose data (pure).

A change: ResourceChange as DescribeChangeSet gives it. Source: ResourceChange, ResourceChangeDetail and
ResourceTargetDefinition in the CloudFormation API reference.
"""

from __future__ import annotations

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.text_table import text_table

Change = c.Mapping[str, t.Any]

# What is gone or left behind empty-handed if another one takes its place.
HOLDS_DATA = frozenset(
    (
        "AWS::DynamoDB::Table",
        "AWS::Grafana::Workspace",
        "AWS::IoTTwinMaker::Entity",
        "AWS::IoTTwinMaker::Scene",
        "AWS::IoTTwinMaker::Workspace",
        "AWS::S3::Bucket",
        "AWS::Timestream::Database",
        "AWS::Timestream::Table",
    )
)
# What IoT TwinMaker does not let change once a component uses the type (user guide, time-series connectors).
DEFINING = frozenset(("CompositeComponentTypes", "ExtendsFrom", "Functions", "PropertyDefinitions", "PropertyGroups"))
COMPONENT_TYPE = "AWS::IoTTwinMaker::ComponentType"
HEADING = ("Action", "Resource", "Type", "Replacement", "Why")
REPLACEMENT = {"True": "yes", "Conditional": "perhaps"}


def stack_change_table(changes: c.Sequence[Change]) -> list[str]:
    """The lines of a table of what would change; none if nothing would."""
    if not changes:
        return []
    replaced = _replaced(changes)
    return text_table(HEADING, (_row(change, replaced) for change in changes), long_last=True)


def stack_losses(changes: c.Sequence[Change], allowed: c.Collection[str] = ()) -> list[str]:
    """A sentence for each resource that holds data and would be replaced or removed, but for the logical ids in ``allowed``."""
    replaced = _replaced(changes)
    sentences = (_loss(change, replaced) for change in changes if change["LogicalResourceId"] not in allowed)
    return [sentence for sentence in sentences if sentence]


def redefined_types(changes: c.Sequence[Change]) -> list[str]:
    """The logical ids of component types whose definition would change in place.

    A function's ARN that is only known later does not count: it stays as long as the function is not replaced.
    """
    replaced = _replaced(changes)
    return [
        change["LogicalResourceId"]
        for change in changes
        if change["ResourceType"] == COMPONENT_TYPE
        and change["Action"] == "Modify"
        and _replacement(change, replaced) == "no"
        and any(_target(detail).get("Name") in DEFINING and not _stays(detail, replaced) for detail in change.get("Details", []))
    ]


def _replaced(changes: c.Sequence[Change]) -> set[str]:
    """The logical ids whose physical resource may be another one afterwards."""
    found: set[str] = set()
    while True:
        more = {
            change["LogicalResourceId"]
            for change in changes
            if change["Action"] != "Modify" or (change.get("Replacement") in REPLACEMENT and _replacement(change, found) != "no")
        }
        if more <= found:
            return found
        found |= more


def _replacement(change: Change, replaced: c.Collection[str]) -> str:
    """yes, perhaps or no.

    CloudFormation says Conditional of a resource whose name refers to one that changes, too; a Ref, which is a name, stays as it is
    if that one is changed in place.
    """
    said = REPLACEMENT.get(change.get("Replacement", ""), "no")
    if said != "perhaps":
        return said
    return "perhaps" if _causes(change, replaced) else "no"


def _causes(change: Change, replaced: c.Collection[str]) -> list[str]:
    """The properties for whose sake the resource is or may be replaced."""
    details = [detail for detail in change.get("Details", []) if _target(detail).get("RequiresRecreation", "Never") != "Never"]
    return _names([detail for detail in details if not _stays(detail, replaced)])


def _stays(detail: Change, replaced: c.Collection[str]) -> bool:
    """Whether a value that is resolved later stays the same, since what it refers to stays.

    An ARN holds the name; any other attribute may change with its resource.
    """
    entity = str(detail.get("CausingEntity", ""))
    source = detail.get("ChangeSource")
    name = source == "ResourceReference" or (source == "ResourceAttribute" and entity.endswith(".Arn"))
    return detail.get("Evaluation") == "Dynamic" and name and entity.partition(".")[0] not in replaced


def _names(details: c.Sequence[Change]) -> list[str]:
    """The properties (or attributes, such as DeletionPolicy) that the details are about, each once."""
    return list(dict.fromkeys(str(_target(detail).get("Name") or _target(detail).get("Attribute")) for detail in details))


def _target(detail: Change) -> Change:
    return t.cast(Change, detail.get("Target", {}))


def _row(change: Change, replaced: c.Collection[str]) -> tuple[str, ...]:
    replacement = _replacement(change, replaced) if change["Action"] == "Modify" else ""
    return (change["Action"], change["LogicalResourceId"], change["ResourceType"], replacement, _why(change, replaced))


def _why(change: Change, replaced: c.Collection[str]) -> str:
    if change["Action"] == "Add":
        return "is not there"
    if change["Action"] == "Remove":
        kept = change.get("PolicyAction") == "Retain"
        return "is not in the template" + ("; stays in the account" if kept else "")
    details = change.get("Details", [])
    return ", ".join(_names([detail for detail in details if not _stays(detail, replaced)]) or _names(details))


def _loss(change: Change, replaced: c.Collection[str]) -> str | None:
    if change["ResourceType"] not in HOLDS_DATA:
        return None
    logical_id = change["LogicalResourceId"]
    who = f"{logical_id} ({change['ResourceType']} '{change.get('PhysicalResourceId', '')}')"
    allow = f"allow it with stack_allow_replacement: [{logical_id}]"
    if change["Action"] == "Remove":
        return f"{who} would leave the stack, since the template no longer has it; keep what needs it in the stack, or {allow}."
    replacement = _replacement(change, replaced) if change["Action"] == "Modify" else "no"
    if replacement == "no":
        return None
    causes = _causes(change, replaced)
    verb = "would" if replacement == "yes" else "might"
    return (
        f"{who} {verb} be replaced by an empty one, since its {' and '.join(causes) or 'definition'} {'change' if len(causes) > 1 else 'changes'};"
        f" give {' and '.join(causes) or 'it'} the value that the stack has, or {allow} (the old one is kept outside of the stack)."
    )
