# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which actions on which resources a call needs.

Source: service authorization reference, "Actions, resources, and condition keys for AWS IoT TwinMaker".
"""

from __future__ import annotations

import typing as t

from local_cloud import policy
from local_cloud.service import Request
from local_cloud.services.twinmaker.records import Records
from local_cloud.services.twinmaker.sync_jobs import arn_name
from local_cloud.services.twinmaker.workspaces import PRINCIPAL

if t.TYPE_CHECKING:
    from local_cloud.cloud import Cloud

_RESOURCES = (("entityId", "entity"), ("componentTypeId", "component-type"), ("sceneId", "scene"))


def authorize(cloud: Cloud, records: Records, request: Request) -> None:
    """Raises AccessDeniedException if a role session made the call and may not."""
    if request.principal is None:
        return
    parameters = request.parameters
    resources = _resources(cloud, records, request)
    for resource in resources:
        cloud.authorize(request, f"iottwinmaker:{request.operation}", resource, _transfer(parameters))
    if request.operation.startswith("Create") and parameters.get("tags"):
        tagged = records.arn(parameters["workspaceId"]) if request.operation == "CreateWorkspace" else resources[-1]
        cloud.authorize(request, "iottwinmaker:TagResource", tagged)
    role = parameters.get("role") or parameters.get("syncRole")
    if role is not None:
        cloud.authorize(request, "iam:PassRole", role, {"iam:PassedToService": PRINCIPAL})


def _transfer(parameters: dict[str, t.Any]) -> dict[str, policy.Value]:
    """The condition keys of metadata transfer jobs."""
    if "sources" in parameters:
        kinds = (parameters["sources"][0]["type"], parameters["destination"]["type"])
    elif "sourceType" in parameters:
        kinds = (parameters["sourceType"], parameters["destinationType"])
    else:
        return {}
    return {"iottwinmaker:sourceType": kinds[0], "iottwinmaker:destinationType": kinds[1]}


def _resources(cloud: Cloud, records: Records, request: Request) -> list[str]:
    """The ARNs that a call is about, the widest first; ``*`` where the action knows no resource."""
    parameters = request.parameters
    if "resourceARN" in parameters:
        return [parameters["resourceARN"]]
    if request.operation in ("GetMetadataTransferJob", "CancelMetadataTransferJob"):
        return [cloud.arn("iottwinmaker", f"metadata-transfer-job/{parameters['metadataTransferJobId']}")]
    if "workspaceId" not in parameters or request.operation == "CreateWorkspace":
        return ["*"]
    workspace_id = parameters["workspaceId"].rpartition("/")[2]
    found = [records.arn(workspace_id)]
    for member, kind in _RESOURCES:
        if member in parameters:
            found.append(records.arn(workspace_id, kind, parameters[member]))
    if "syncSource" in parameters:
        found.append(records.arn(workspace_id, "sync-job", arn_name(parameters["syncSource"])))
    return found
