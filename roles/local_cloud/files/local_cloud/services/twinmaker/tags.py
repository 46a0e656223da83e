# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tags of workspaces, component types, entities, scenes and sync jobs."""

from __future__ import annotations

import collections.abc as c

from local_cloud.errors import ApiError
from local_cloud.service import Answer, Request
from local_cloud.services.twinmaker import builtin, paging, quotas
from local_cloud.services.twinmaker.errors import missing
from local_cloud.services.twinmaker.records import Records
from local_cloud.services.twinmaker.sync_jobs import SITEWISE, arn_name


class Tags:
    def __init__(self, records: Records) -> None:
        self._records = records

    def add(self, request: Request) -> Answer:
        arn = request.parameters["resourceARN"]
        with self._records.transaction():
            self._require(arn)
            tags = {**self._records.tags(arn), **request.parameters["tags"]}
            if len(tags) > quotas.TAGS:
                raise ApiError("TooManyTagsException", f"A resource has at most {quotas.TAGS} tags, {arn} would have {len(tags)}")
            self._records.put_tags(arn, tags)
        return {}

    def remove(self, request: Request) -> Answer:
        arn = request.parameters["resourceARN"]
        with self._records.transaction():
            self._require(arn)
            gone = set(request.parameters["tagKeys"])
            self._records.put_tags(arn, {key: value for key, value in self._records.tags(arn).items() if key not in gone})
        return {}

    def list_tags(self, request: Request) -> Answer:
        arn = request.parameters["resourceARN"]
        self._require(arn)
        pairs = [(key, (key, value)) for key, value in self._records.tags(arn).items()]
        found, more = paging.page(self._records.tokens, request, lambda after, limit: paging.after(pairs, after, limit))
        return {"tags": dict(found), **more}

    def _require(self, arn: str) -> None:
        """Raises ResourceNotFoundException unless the ARN names a resource of this account that can have tags."""
        _unused, _unused, path = arn.partition(":workspace/")
        workspace_id, _unused, rest = path.partition("/")
        kind, _unused, name = rest.partition("/")
        exists: dict[str, c.Callable[[], bool]] = {
            "": lambda: self._records.has_workspace(workspace_id),
            "component-type": lambda: not builtin.is_reserved(name) and self._records.has_component_type(workspace_id, name),
            "entity": lambda: self._records.find_entity(workspace_id, name) is not None,
            "scene": lambda: self._records.has_scene(workspace_id, name),
            "sync-job": lambda: name == arn_name(SITEWISE) and self._records.has_sync_job(workspace_id, SITEWISE),
        }
        if kind not in exists or arn != self._records.arn(workspace_id, kind, name) or not exists[kind]():
            raise missing("Resource", arn)
