# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenes: records of where a scene's content is; the service neither reads nor checks that content."""

from __future__ import annotations

from local_cloud.service import Answer, Request
from local_cloud.services.twinmaker import paging, quotas
from local_cloud.services.twinmaker.errors import conflict, over_quota
from local_cloud.services.twinmaker.records import Records

_SUMMARY = ("sceneId", "contentLocation", "arn", "creationDateTime", "updateDateTime", "description")


class Scenes:
    def __init__(self, records: Records) -> None:
        self._records = records

    def create(self, request: Request) -> Answer:
        parameters = request.parameters
        workspace_id, scene_id = parameters["workspaceId"], parameters["sceneId"]
        now = self._records.now
        arn = self._records.arn(workspace_id, "scene", scene_id)
        with self._records.transaction():
            self._records.usable_workspace(workspace_id)
            if self._records.has_scene(workspace_id, scene_id):
                raise conflict(f"Scene {scene_id} already exists")
            if len(self._records.scenes(workspace_id)("", -1)) >= quotas.SCENES:
                raise over_quota(f"Workspace {workspace_id} holds {quotas.SCENES} scenes, the most it can")
            content = {name: value for name, value in parameters.items() if name != "tags"}
            self._records.put_scene({**content, "arn": arn, "creationDateTime": now, "updateDateTime": now})
            self._records.put_tags(arn, parameters.get("tags", {}))
        return {"arn": arn, "creationDateTime": now}

    def get(self, request: Request) -> Answer:
        record = self._records.scene(request.parameters["workspaceId"], request.parameters["sceneId"])
        return {"description": "", **record}

    def update(self, request: Request) -> Answer:
        parameters = request.parameters
        now = self._records.now
        with self._records.transaction():
            record = self._records.scene(parameters["workspaceId"], parameters["sceneId"])
            self._records.put_scene({**record, **parameters, "updateDateTime": now})
        return {"updateDateTime": now}

    def delete(self, request: Request) -> Answer:
        with self._records.transaction():
            self._records.delete_scene(self._records.scene(request.parameters["workspaceId"], request.parameters["sceneId"]))
        return {}

    def list_scenes(self, request: Request) -> Answer:
        workspace_id = request.parameters["workspaceId"]
        self._records.workspace(workspace_id)
        found, more = paging.page(self._records.tokens, request, self._records.scenes(workspace_id))
        return {"sceneSummaries": [{name: one[name] for name in _SUMMARY if name in one} for one in found], **more}
