# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The service: which room answers which operation, and what comes before every one of them."""

from __future__ import annotations

import collections.abc as c
import typing as t

from botocore import xform_name

from local_cloud.errors import ApiError
from local_cloud.service import Answer, Operation, Request, Service
from local_cloud.services.twinmaker.access import authorize
from local_cloud.services.twinmaker.component_types import ComponentTypeRoom
from local_cloud.services.twinmaker.connector import Connectors
from local_cloud.services.twinmaker.entities import Entities
from local_cloud.services.twinmaker.errors import invalid
from local_cloud.services.twinmaker.property_values import PropertyValues
from local_cloud.services.twinmaker.records import Records
from local_cloud.services.twinmaker.scenes import Scenes
from local_cloud.services.twinmaker.sync_jobs import SyncJobs
from local_cloud.services.twinmaker.tags import Tags
from local_cloud.services.twinmaker.transfer_jobs import TransferJobs
from local_cloud.services.twinmaker.workspaces import Workspaces

if t.TYPE_CHECKING:
    from local_cloud.cloud import Cloud

# Operations whose model declares no ResourceNotFoundException; what they do not find is an error of the request.
_NOT_FOUND_IS_INVALID = frozenset(
    {
        "CreateComponentType",
        "CreateEntity",
        "CreateScene",
        "CreateSyncJob",
        "ListComponentTypes",
        "ListEntities",
        "ListScenes",
        "ListSyncJobs",
        "ListSyncResources",
    }
)


class TwinMaker(Service):
    """AWS IoT TwinMaker. ExecuteQuery and the pricing plan are not implemented."""

    models = ("iottwinmaker",)

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self._records = Records(cloud)
        workspaces = Workspaces(cloud, self._records)
        types = ComponentTypeRoom(self._records)
        entities = Entities(self._records)
        scenes = Scenes(self._records)
        tags = Tags(self._records)
        sync_jobs = SyncJobs(cloud, self._records)
        jobs = TransferJobs(cloud, self._records, types, entities)
        values = PropertyValues(self._records, Connectors(cloud))
        operations: dict[str, Operation] = {
            "CreateWorkspace": workspaces.create,
            "GetWorkspace": workspaces.get,
            "UpdateWorkspace": workspaces.update,
            "DeleteWorkspace": workspaces.delete,
            "ListWorkspaces": workspaces.list_workspaces,
            "CreateComponentType": types.create,
            "GetComponentType": types.get,
            "UpdateComponentType": types.update,
            "DeleteComponentType": types.delete,
            "ListComponentTypes": types.list_types,
            "CreateEntity": entities.create,
            "GetEntity": entities.get,
            "UpdateEntity": entities.update,
            "DeleteEntity": entities.delete,
            "ListEntities": entities.list_entities,
            "ListComponents": entities.list_components,
            "ListProperties": entities.list_properties,
            "GetPropertyValue": values.get_latest,
            "GetPropertyValueHistory": values.get_history,
            "BatchPutPropertyValues": values.put,
            "CreateScene": scenes.create,
            "GetScene": scenes.get,
            "UpdateScene": scenes.update,
            "DeleteScene": scenes.delete,
            "ListScenes": scenes.list_scenes,
            "TagResource": tags.add,
            "UntagResource": tags.remove,
            "ListTagsForResource": tags.list_tags,
            "CreateSyncJob": sync_jobs.create,
            "GetSyncJob": sync_jobs.get,
            "DeleteSyncJob": sync_jobs.delete,
            "ListSyncJobs": sync_jobs.list_jobs,
            "ListSyncResources": sync_jobs.list_resources,
            "CreateMetadataTransferJob": jobs.create,
            "GetMetadataTransferJob": jobs.get,
            "CancelMetadataTransferJob": jobs.cancel,
            "ListMetadataTransferJobs": jobs.list_jobs,
        }
        for name, operation in operations.items():
            setattr(self, xform_name(name), self._answering(operation))

    def _answering(self, operation: Operation) -> c.Callable[[Request], Answer]:
        def answer(request: Request) -> Answer:
            authorize(self.cloud, self._records, request)
            self._records.sweep()
            try:
                return operation(request)
            except ApiError as error:
                if error.code == "ResourceNotFoundException" and request.operation in _NOT_FOUND_IS_INVALID:
                    raise invalid(error.message) from error
                raise

        return answer
