# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stack that was made with the original energy monitoring template: how to know it, and what it holds (pure)."""

from __future__ import annotations

import collections.abc as c
import re

from ansible_collections.energytwin.aws.plugins.module_utils._site.properties import COMPONENT_TYPE_ID

# Logical ids that only a stack of that template, or of ours, has. Whoever edited the template may have taken out others.
MARKS = ("EnergyMonitorWorkspace", "TimestreamDB", "TimestreamTable")
# Outputs that are the physical ids of resources; the table's is "<database>|<table>".
NAMES = {
    "WorkspaceId": "EnergyMonitorWorkspace",
    "BucketName": "TwinMakerS3",
    "DatabaseName": "TimestreamDB",
    "TableName": "TimestreamTable",
    "RuleName": "IoTToTimestream",
    "ReaderFunctionName": "EnergyReadLambda",
}
# Outputs that are ARNs: (logical id, form).
ARNS = {
    "WorkspaceArn": ("EnergyMonitorWorkspace", "arn:{partition}:iottwinmaker:{region}:{account}:workspace/{name}"),
    "ReaderFunctionArn": ("EnergyReadLambda", "arn:{partition}:lambda:{region}:{account}:function:{name}"),
    "GrafanaServiceRoleArn": ("GrafanaServiceRole", "arn:{partition}:iam::{account}:role/{name}"),
    "DashboardRoleArn": ("DashboardRole", "arn:{partition}:iam::{account}:role/{name}"),
}


def is_original(resources: c.Mapping[str, str], parameters: c.Mapping[str, str]) -> bool:
    """Whether a stack (physical ids by logical id, and parameters) was made with the original template, which has no choice of stores."""
    return "Storage" not in parameters and all(mark in resources for mark in MARKS)


def original_outputs(resources: c.Mapping[str, str], stack_id: str) -> dict[str, str]:
    """What the stack's outputs would be, read from its resources; without those that it has no resource for.

    Nor with the Grafana workspace: before the stack is taken over, nothing can be installed there, nor compared.

    resources: physical ids by logical id. stack_id: the stack's ARN.
    """
    _arn, partition, _service, region, account, _resource = stack_id.split(":", 5)
    names = {output: resources[logical_id].rpartition("|")[2] for output, logical_id in NAMES.items() if logical_id in resources}
    arns = {
        output: form.format(partition=partition, region=region, account=account, name=resources[logical_id])
        for output, (logical_id, form) in ARNS.items()
        if logical_id in resources
    }
    return {**names, **arns}


def next_meter_type(current: str, taken: c.Iterable[str]) -> str:
    """The id of the component type that takes the place of ``current``: com.example.energymeter.2, .3, ..., the first that is free."""
    form = re.compile(re.escape(COMPONENT_TYPE_ID) + r"(?:\.(\d+))?")
    numbers = [int(found.group(1) or 1) for name in (current, *taken) if (found := form.fullmatch(name))]
    return f"{COMPONENT_TYPE_ID}.{max(numbers, default=1) + 1}"


def former_meter_types(current: str, there: c.Iterable[str]) -> list[str]:
    """The meters' component types that the stack had before, of those that are there."""
    form = re.compile(re.escape(COMPONENT_TYPE_ID) + r"(?:\.\d+)?")
    return sorted(name for name in there if name != current and form.fullmatch(name))
