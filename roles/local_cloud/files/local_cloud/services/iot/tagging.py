# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tags of policies, thing types and topic rules."""

from __future__ import annotations

import typing as t

from local_cloud.errors import ApiError
from local_cloud.service import Answer, Request
from local_cloud.services.iot import records
from local_cloud.services.iot.base import Part, invalid, not_found, page

MAX_TAGS: t.Final = 50
_KINDS: t.Final = {"policy": records.POLICY, "thingtype": records.THING_TYPE, "rule": records.RULE}


class Tagging(Part):
    def tag_resource(self, request: Request) -> Answer:
        arn = self._resource(request)
        with self.cloud.store.transaction():
            tags = {**self._tags(arn), **{tag["Key"]: tag.get("Value", "") for tag in request.parameters["tags"]}}
            if len(tags) > MAX_TAGS:
                raise ApiError("LimitExceededException", f"A resource has {MAX_TAGS} tags at most; {arn} would have {len(tags)}")
            self.cloud.store.put(records.TAGS, arn, tags)
        return {}

    def untag_resource(self, request: Request) -> Answer:
        arn = self._resource(request)
        with self.cloud.store.transaction():
            tags = self._tags(arn)
            self.cloud.store.put(records.TAGS, arn, {key: tags[key] for key in tags.keys() - set(request.parameters["tagKeys"])})
        return {}

    def list_tags_for_resource(self, request: Request) -> Answer:
        tags = self._tags(self._resource(request))
        return page(request, ((key, {"Key": key, "Value": value}) for key, value in tags.items()), "tags", default=MAX_TAGS)

    def _tags(self, arn: str) -> dict[str, str]:
        return self.cloud.store.get(records.TAGS, arn) or {}

    def _resource(self, request: Request) -> str:
        arn: str = request.parameters["resourceArn"]
        kind, _unused, name = arn.removeprefix(self.cloud.arn("iot", "")).partition("/")
        if kind not in _KINDS:
            raise invalid(f"The resource {arn} cannot have tags here; policies, thing types and rules of this account can")
        self.authorize(request, kind, name)
        if self.cloud.store.get(_KINDS[kind], name) is None:
            raise not_found("Resource", arn)
        return arn
