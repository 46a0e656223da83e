# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudWatch alarms, and the SNS topics that they tell."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from botocore.exceptions import ClientError

from local_cloud.cloudformation.providers.api import Api, Record, Tagging
from local_cloud.cloudformation.providers.base import Clients, Identity, Properties, Provider, ResourceError, Tags, gone_ok, is_gone
from local_cloud.cloudformation.providers.schemas import SCHEMAS


@dataclasses.dataclass
class Alarm(Api):
    """An alarm: one call makes it and changes it."""

    def read(self, clients: Clients, physical_id: str) -> Record:
        found = clients("cloudwatch").describe_alarms(AlarmNames=[physical_id])["MetricAlarms"]
        return t.cast(Record, found[0]) if found else {}

    def exists(self, clients: Clients, physical_id: str) -> bool:
        return bool(self.read(clients, physical_id))

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        gone_ok(clients("cloudwatch").delete_alarms, AlarmNames=[physical_id])


@dataclasses.dataclass
class Topic(Api):
    """A topic; its ARN is its id, and its attributes are a map of texts."""

    def plan(self, identity: Identity, properties: Properties) -> str:
        return f"arn:aws:sns:{identity.region}:{identity.account}:{properties.get('TopicName') or self.generated(identity)}"

    def arguments(self, operation: t.Literal["create", "update"], properties: Properties) -> dict[str, t.Any]:
        return {}

    def create(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties, tags: Tags) -> str:
        given = self.tagging.create(tags) if self.tagging else {}
        attributes = {"DisplayName": str(properties["DisplayName"])} if "DisplayName" in properties else {}
        clients("sns").create_topic(Name=physical_id.rpartition(":")[2], Attributes=attributes, **given)
        return physical_id

    def update(
        self, clients: Clients, identity: Identity, physical_id: str, old: Properties, new: Properties, old_tags: Tags, tags: Tags
    ) -> None:
        name = str(new.get("DisplayName", ""))
        if str(old.get("DisplayName", "")) != name:
            clients("sns").set_topic_attributes(TopicArn=physical_id, AttributeName="DisplayName", AttributeValue=name)
        super().update(clients, identity, physical_id, old, new, old_tags, tags)

    def attributes(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties) -> dict[str, t.Any]:
        return {"TopicArn": physical_id, "TopicName": physical_id.rpartition(":")[2]}


class TopicPolicy(Provider):
    """The policy of one topic, whose ARN is its id; without it the topic has its first policy again."""

    schema = SCHEMAS["AWS::SNS::TopicPolicy"]

    def check(self, logical_id: str, properties: Properties) -> None:
        super().check(logical_id, properties)
        if len(properties["Topics"]) != 1:
            raise ResourceError("The local cloud does not implement AWS::SNS::TopicPolicy for more than one topic")

    def plan(self, identity: Identity, properties: Properties) -> str:
        return str(properties["Topics"][0])

    def create(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties, tags: Tags) -> str:
        self._put(clients, physical_id, properties)
        return physical_id

    def update(
        self, clients: Clients, identity: Identity, physical_id: str, old: Properties, new: Properties, old_tags: Tags, tags: Tags
    ) -> None:
        self._put(clients, physical_id, new)

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        gone_ok(clients("sns").set_topic_attributes, TopicArn=physical_id, AttributeName="Policy", AttributeValue="")

    def exists(self, clients: Clients, physical_id: str) -> bool:
        found = gone_ok(clients("sns").get_topic_attributes, TopicArn=physical_id)
        return found is not None and json.loads(found["Attributes"]["Policy"]).get("Id") != "__default_policy_ID"

    def replaces(self, old: Properties, new: Properties) -> list[str]:
        return ["Topics"] if old["Topics"] != new["Topics"] else []

    @staticmethod
    def _put(clients: Clients, topic: str, properties: Properties) -> None:
        document = properties["PolicyDocument"]
        text = document if isinstance(document, str) else json.dumps(document)
        clients("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=text)


class Subscription(Provider):
    """A subscription; SNS chooses its ARN, and asking again for the same one gives it again."""

    schema = SCHEMAS["AWS::SNS::Subscription"]

    def plan(self, identity: Identity, properties: Properties) -> str:
        return ""

    def create(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties, tags: Tags) -> str:
        endpoint = {"Endpoint": str(properties["Endpoint"])} if "Endpoint" in properties else {}
        answer = clients("sns").subscribe(
            TopicArn=properties["TopicArn"], Protocol=properties["Protocol"], ReturnSubscriptionArn=True, **endpoint
        )
        return str(answer["SubscriptionArn"])

    def update(
        self, clients: Clients, identity: Identity, physical_id: str, old: Properties, new: Properties, old_tags: Tags, tags: Tags
    ) -> None:
        """Nothing that is supported changes in place."""

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        gone_ok(clients("sns").unsubscribe, SubscriptionArn=physical_id)

    def exists(self, clients: Clients, physical_id: str) -> bool:
        try:
            clients("sns").get_subscription_attributes(SubscriptionArn=physical_id)
        except ClientError as error:
            if not is_gone(error):
                raise
            return False
        return True

    def attributes(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties) -> dict[str, t.Any]:
        return {"Arn": physical_id}


def alarm() -> Alarm:
    """The provider of AWS::CloudWatch::Alarm."""
    return Alarm(
        schema=SCHEMAS["AWS::CloudWatch::Alarm"],
        service="cloudwatch",
        operations={"create": "put_metric_alarm", "read": "describe_alarms", "update": "put_metric_alarm", "delete": "delete_alarms"},
        keys={"AlarmName": "AlarmName"},
        attributes_from={"Arn": ("AlarmArn",)},
        arn=("AlarmArn",),
        named=("AlarmName", 255, "-"),
        tagging=Tagging("ResourceARN", "Tags", "TagKeys", "list"),
    )


def topic() -> Topic:
    """The provider of AWS::SNS::Topic."""
    return Topic(
        schema=SCHEMAS["AWS::SNS::Topic"],
        service="sns",
        operations={"create": "create_topic", "read": "get_topic_attributes", "delete": "delete_topic"},
        keys={"TopicArn": "TopicArn"},
        wrap=("Attributes",),
        arn=("TopicArn",),
        named=("TopicName", 256, "-"),
        tagging=Tagging("ResourceArn", "Tags", "TagKeys", "list"),
    )
