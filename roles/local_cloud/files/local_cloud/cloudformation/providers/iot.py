# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IoT rules, things and policies."""

from __future__ import annotations

import dataclasses
import json
import typing as t
import urllib.parse

from botocore.exceptions import ClientError

from local_cloud.cloudformation.providers.api import Api, Tagging
from local_cloud.cloudformation.providers.base import Clients, Identity, Properties, Tags, canonical, gone_ok
from local_cloud.cloudformation.providers.schemas import SCHEMAS

_TAGGING = Tagging("resourceArn", "tags", "tagKeys", "list")


@dataclasses.dataclass
class TopicRule(Api):
    def create(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties, tags: Tags) -> str:
        given = {"tags": urllib.parse.urlencode(tags)} if tags else {}
        arguments = {**self.arguments("create", properties), "ruleName": physical_id}
        clients("iot").create_topic_rule(**arguments, **given)
        return physical_id

    def exists(self, clients: Clients, physical_id: str) -> bool:
        try:
            return super().exists(clients, physical_id)
        except ClientError as error:
            # IoT's answer for a rule that there is not
            if error.response["Error"]["Code"] != "UnauthorizedException":
                raise
            return False

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        if self.exists(clients, physical_id):
            super().delete(clients, physical_id, properties)


@dataclasses.dataclass
class Thing(Api):
    def update(
        self, clients: Clients, identity: Identity, physical_id: str, old: Properties, new: Properties, old_tags: Tags, tags: Tags
    ) -> None:
        if canonical(old) != canonical(new):
            attributes = self.arguments("update", new).get("attributePayload", {}).get("attributes", {})
            clients("iot").update_thing(thingName=physical_id, attributePayload={"attributes": attributes, "merge": False})


@dataclasses.dataclass
class Policy(Api):
    """A policy's document changes by a new default version; five versions are the most that there can be."""

    def update(
        self, clients: Clients, identity: Identity, physical_id: str, old: Properties, new: Properties, old_tags: Tags, tags: Tags
    ) -> None:
        iot = clients("iot")
        if canonical(old.get("PolicyDocument")) != canonical(new["PolicyDocument"]):
            self._delete_versions(iot, physical_id)
            document = new["PolicyDocument"] if isinstance(new["PolicyDocument"], str) else json.dumps(new["PolicyDocument"])
            iot.create_policy_version(policyName=physical_id, policyDocument=document, setAsDefault=True)
        if old_tags != tags:
            _TAGGING.update(iot, self.read(clients, physical_id)["policyArn"], old_tags, tags)

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        self._delete_versions(clients("iot"), physical_id)
        super().delete(clients, physical_id, properties)

    @staticmethod
    def _delete_versions(iot: t.Any, name: str) -> None:
        for version in (gone_ok(iot.list_policy_versions, policyName=name) or {}).get("policyVersions", []):
            if not version["isDefaultVersion"]:
                gone_ok(iot.delete_policy_version, policyName=name, policyVersionId=version["versionId"])


def topic_rule() -> TopicRule:
    """The provider of AWS::IoT::TopicRule. Rule names know no hyphen."""
    return TopicRule(
        schema=SCHEMAS["AWS::IoT::TopicRule"],
        service="iot",
        operations={"create": "create_topic_rule", "read": "get_topic_rule", "update": "replace_topic_rule", "delete": "delete_topic_rule"},
        keys={"ruleName": "RuleName"},
        attributes_from={"Arn": ("ruleArn",)},
        arn=("ruleArn",),
        named=("RuleName", 128, "_"),
        tagging=_TAGGING,
    )


def thing() -> Thing:
    """The provider of AWS::IoT::Thing."""
    return Thing(
        schema=SCHEMAS["AWS::IoT::Thing"],
        service="iot",
        operations={"create": "create_thing", "read": "describe_thing", "update": "update_thing", "delete": "delete_thing"},
        keys={"thingName": "ThingName"},
        attributes_from={"Arn": ("thingArn",), "Id": ("thingId",)},
        named=("ThingName", 128, "-"),
    )


def policy() -> Policy:
    """The provider of AWS::IoT::Policy."""
    return Policy(
        schema=SCHEMAS["AWS::IoT::Policy"],
        service="iot",
        operations={"create": "create_policy", "read": "get_policy", "delete": "delete_policy"},
        keys={"policyName": "PolicyName"},
        attributes_from={"Arn": ("policyArn",), "Id": ("policyName",)},
        arn=("policyArn",),
        named=("PolicyName", 128, "-"),
        tagging=_TAGGING,
    )
