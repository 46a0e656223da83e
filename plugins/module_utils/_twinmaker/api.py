# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One function for each call of the TwinMaker API that the modules use, under the names of its members.

Source of shapes and errors: botocore's service model ``iottwinmaker`` 2021-11-29. Every function raises ``AwsError``.
botocore has neither paginators nor waiters for this service.
"""

from __future__ import annotations

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._aws import api_call, api_lookup, pages, tag_writer

Answer = dict[str, t.Any]

# The most that the list calls take (shape MaxResults).
PAGE = 200


@api_lookup("read workspace '{workspace_id}'")
def get_workspace(client: t.Any, workspace_id: str) -> Answer:
    return t.cast(Answer, client.get_workspace(workspaceId=workspace_id))


@api_call("create workspace '{workspace_id}'")
def create_workspace(client: t.Any, workspace_id: str, request: Answer) -> Answer:
    return t.cast(Answer, client.create_workspace(workspaceId=workspace_id, **request))


@api_call("update workspace '{workspace_id}'")
def update_workspace(client: t.Any, workspace_id: str, request: Answer) -> Answer:
    return t.cast(Answer, client.update_workspace(workspaceId=workspace_id, **request))


@api_lookup("delete workspace '{workspace_id}'")
def delete_workspace(client: t.Any, workspace_id: str) -> Answer:
    return t.cast(Answer, client.delete_workspace(workspaceId=workspace_id))


@api_call("list the workspaces")
def _workspaces_page(client: t.Any, **request: t.Any) -> Answer:
    return t.cast(Answer, client.list_workspaces(**request))


def list_workspaces(client: t.Any) -> c.Iterator[Answer]:
    """Summaries (without role and bucket)."""
    return pages(_workspaces_page, "workspaceSummaries", client=client, maxResults=PAGE)


@api_lookup("read component type '{type_id}'")
def get_component_type(client: t.Any, workspace_id: str, type_id: str) -> Answer:
    return t.cast(Answer, client.get_component_type(workspaceId=workspace_id, componentTypeId=type_id))


@api_call("create component type '{type_id}'")
def create_component_type(client: t.Any, workspace_id: str, type_id: str, request: Answer) -> Answer:
    return t.cast(Answer, client.create_component_type(workspaceId=workspace_id, componentTypeId=type_id, **request))


@api_call("update component type '{type_id}'")
def update_component_type(client: t.Any, workspace_id: str, type_id: str, request: Answer) -> Answer:
    return t.cast(Answer, client.update_component_type(workspaceId=workspace_id, componentTypeId=type_id, **request))


@api_lookup("delete component type '{type_id}'")
def delete_component_type(client: t.Any, workspace_id: str, type_id: str) -> Answer:
    return t.cast(Answer, client.delete_component_type(workspaceId=workspace_id, componentTypeId=type_id))


@api_lookup("read entity '{entity_id}'")
def get_entity(client: t.Any, workspace_id: str, entity_id: str) -> Answer:
    return t.cast(Answer, client.get_entity(workspaceId=workspace_id, entityId=entity_id))


@api_call("create entity '{entity_id}'")
def create_entity(client: t.Any, workspace_id: str, entity_id: str, request: Answer) -> Answer:
    return t.cast(Answer, client.create_entity(workspaceId=workspace_id, entityId=entity_id, **request))


@api_call("update entity '{entity_id}'")
def update_entity(client: t.Any, workspace_id: str, entity_id: str, request: Answer) -> Answer:
    return t.cast(Answer, client.update_entity(workspaceId=workspace_id, entityId=entity_id, **request))


@api_lookup("delete entity '{entity_id}'")
def delete_entity(client: t.Any, workspace_id: str, entity_id: str) -> Answer:
    return t.cast(Answer, client.delete_entity(workspaceId=workspace_id, entityId=entity_id, isRecursive=False))


@api_call("list the entities of workspace '{workspace_id}'")
def _entities_page(client: t.Any, workspace_id: str, **request: t.Any) -> Answer:
    return t.cast(Answer, client.list_entities(workspaceId=workspace_id, **request))


def list_entities(client: t.Any, workspace_id: str, **filter_by: str) -> c.Iterator[Answer]:
    """Summaries (no components). filter_by: at most one of parentEntityId, componentTypeId, externalId; none lists all."""
    filters = {"filters": [filter_by]} if filter_by else {}
    return pages(_entities_page, "entitySummaries", client=client, workspace_id=workspace_id, maxResults=PAGE, **filters)


@api_call("list the components of entity '{entity_id}'")
def _components_page(client: t.Any, workspace_id: str, entity_id: str, **request: t.Any) -> Answer:
    return t.cast(Answer, client.list_components(workspaceId=workspace_id, entityId=entity_id, **request))


def list_components(client: t.Any, workspace_id: str, entity_id: str) -> c.Iterator[Answer]:
    return pages(_components_page, "componentSummaries", client=client, workspace_id=workspace_id, entity_id=entity_id, maxResults=PAGE)


@api_call("list the properties of component '{component_name}' of entity '{entity_id}'")
def _properties_page(client: t.Any, workspace_id: str, entity_id: str, component_name: str, **request: t.Any) -> Answer:
    return t.cast(Answer, client.list_properties(workspaceId=workspace_id, entityId=entity_id, componentName=component_name, **request))


def list_properties(client: t.Any, workspace_id: str, entity_id: str, component_name: str) -> c.Iterator[Answer]:
    arguments = {"workspace_id": workspace_id, "entity_id": entity_id, "component_name": component_name}
    return pages(_properties_page, "propertySummaries", client=client, maxResults=PAGE, **arguments)


@api_call("list the component types of workspace '{workspace_id}'")
def _component_types_page(client: t.Any, workspace_id: str, **request: t.Any) -> Answer:
    return t.cast(Answer, client.list_component_types(workspaceId=workspace_id, **request))


def list_component_types(client: t.Any, workspace_id: str, **filter_by: t.Any) -> c.Iterator[Answer]:
    """Summaries, those of AWS's own types included. filter_by: at most one of extendsFrom, namespace, isAbstract."""
    filters = {"filters": [filter_by]} if filter_by else {}
    return pages(_component_types_page, "componentTypeSummaries", client=client, workspace_id=workspace_id, maxResults=PAGE, **filters)


@api_call("list the scenes of workspace '{workspace_id}'")
def _scenes_page(client: t.Any, workspace_id: str, **request: t.Any) -> Answer:
    return t.cast(Answer, client.list_scenes(workspaceId=workspace_id, **request))


def list_scenes(client: t.Any, workspace_id: str) -> c.Iterator[Answer]:
    return pages(_scenes_page, "sceneSummaries", client=client, workspace_id=workspace_id, maxResults=PAGE)


@api_lookup("read scene '{scene_id}'")
def get_scene(client: t.Any, workspace_id: str, scene_id: str) -> Answer:
    return t.cast(Answer, client.get_scene(workspaceId=workspace_id, sceneId=scene_id))


@api_call("create scene '{scene_id}'")
def create_scene(client: t.Any, workspace_id: str, scene_id: str, request: Answer) -> Answer:
    return t.cast(Answer, client.create_scene(workspaceId=workspace_id, sceneId=scene_id, **request))


@api_call("update scene '{scene_id}'")
def update_scene(client: t.Any, workspace_id: str, scene_id: str, request: Answer) -> Answer:
    return t.cast(Answer, client.update_scene(workspaceId=workspace_id, sceneId=scene_id, **request))


@api_lookup("delete scene '{scene_id}'")
def delete_scene(client: t.Any, workspace_id: str, scene_id: str) -> Answer:
    return t.cast(Answer, client.delete_scene(workspaceId=workspace_id, sceneId=scene_id))


@api_lookup("read sync job '{sync_source}' of workspace '{workspace_id}'")
def get_sync_job(client: t.Any, workspace_id: str, sync_source: str) -> Answer:
    return t.cast(Answer, client.get_sync_job(workspaceId=workspace_id, syncSource=sync_source))


@api_call("create sync job '{sync_source}' of workspace '{workspace_id}'")
def create_sync_job(client: t.Any, workspace_id: str, sync_source: str, request: Answer) -> Answer:
    return t.cast(Answer, client.create_sync_job(workspaceId=workspace_id, syncSource=sync_source, **request))


@api_lookup("delete sync job '{sync_source}' of workspace '{workspace_id}'")
def delete_sync_job(client: t.Any, workspace_id: str, sync_source: str) -> Answer:
    return t.cast(Answer, client.delete_sync_job(workspaceId=workspace_id, syncSource=sync_source))


@api_call("list the sync jobs of workspace '{workspace_id}'")
def _sync_jobs_page(client: t.Any, workspace_id: str, **request: t.Any) -> Answer:
    return t.cast(Answer, client.list_sync_jobs(workspaceId=workspace_id, **request))


def list_sync_jobs(client: t.Any, workspace_id: str) -> c.Iterator[Answer]:
    return pages(_sync_jobs_page, "syncJobSummaries", client=client, workspace_id=workspace_id, maxResults=PAGE)


@api_call("create metadata transfer job '{job_id}'")
def create_transfer_job(client: t.Any, job_id: str, request: Answer) -> Answer:
    return t.cast(Answer, client.create_metadata_transfer_job(metadataTransferJobId=job_id, **request))


@api_lookup("read metadata transfer job '{job_id}'")
def get_transfer_job(client: t.Any, job_id: str) -> Answer:
    return t.cast(Answer, client.get_metadata_transfer_job(metadataTransferJobId=job_id))


@api_call("list the metadata transfer jobs of workspace '{workspace_id}'")
def _transfer_jobs_page(client: t.Any, workspace_id: str, **request: t.Any) -> Answer:
    return t.cast(Answer, client.list_metadata_transfer_jobs(filters=[{"workspaceId": workspace_id}], **request))


def list_imports(client: t.Any, workspace_id: str) -> c.Iterator[Answer]:
    """Summaries of the jobs that bring files from S3 into the workspace, those that have long ended included."""
    sides = {"sourceType": "s3", "destinationType": "iottwinmaker"}
    return pages(_transfer_jobs_page, "metadataTransferJobSummaries", client=client, workspace_id=workspace_id, maxResults=PAGE, **sides)


@api_call("list the tags of {arn}")
def _tags_page(client: t.Any, arn: str, **request: t.Any) -> Answer:
    return t.cast(Answer, client.list_tags_for_resource(resourceARN=arn, **request))


def list_tags(client: t.Any, arn: str) -> dict[str, str]:
    tags: dict[str, str] = {}
    request: Answer = {"maxResults": PAGE}
    while True:
        answer = _tags_page(client, arn, **request)
        tags.update(answer.get("tags", {}))
        if not answer.get("nextToken"):
            return tags
        request["nextToken"] = answer["nextToken"]


@api_call("tag {arn}")
def tag_resource(client: t.Any, arn: str, tags: dict[str, str]) -> None:
    client.tag_resource(resourceARN=arn, tags=tags)


@api_call("remove tags of {arn}")
def untag_resource(client: t.Any, arn: str, keys: list[str]) -> None:
    client.untag_resource(resourceARN=arn, tagKeys=keys)


write_tags = tag_writer(tag_resource, untag_resource)


@api_call("read the history of {subject}")
def get_property_value_history(client: t.Any, workspace_id: str, subject: str, request: Answer) -> Answer:
    """subject: what is read, in words."""
    return t.cast(Answer, client.get_property_value_history(workspaceId=workspace_id, **request))
