# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The data plane of AWS IoT Core over HTTP."""

from __future__ import annotations

import typing as t
import uuid

from local_cloud import broker
from local_cloud.broker import topics
from local_cloud.broker.rules.context import Message
from local_cloud.service import Answer, Request
from local_cloud.services.iot.base import Part, invalid, not_found, not_implemented, page

MAX_PAYLOAD: t.Final = 128 * 1024
_MQTT_5: t.Final = ("userProperties", "payloadFormatIndicator", "contentType", "responseTopic", "correlationData", "messageExpiry")


class IotData(Part):
    """Publish and retained messages. Shadows and connections are refused."""

    models = ("iot-data",)

    def publish(self, request: Request) -> Answer:
        """Answers when every rule that the message triggers has run."""
        topic, payload = request.parameters["topic"], request.parameters.get("payload", b"")
        retain = request.parameters.get("retain", False)
        if problem := topics.name_problem(topic):
            raise invalid(f"The topic '{topic}' {problem}")
        if retain and topic.startswith("$"):
            raise invalid(f"The topic '{topic}' is reserved: no message can be retained on it")
        if len(payload) > MAX_PAYLOAD:
            raise invalid(f"The payload has {len(payload)} bytes; {MAX_PAYLOAD} is the maximum")
        if used := [member for member in _MQTT_5 if member in request.parameters]:
            raise not_implemented(f"the MQTT 5 property {used[0]} of iot-data:Publish")
        self.cloud.authorize(request, "iot:Publish", self.arn("topic", topic))
        if retain:
            self.cloud.authorize(request, "iot:RetainPublish", self.arn("topic", topic))
        message = Message(
            topic=topic,
            payload=payload,
            client_id=None,
            principal=request.principal or self.cloud.settings.account,
            received=int(self.cloud.now() * 1000),
            trace_id=str(uuid.uuid4()),
        )
        self.cloud.service(broker.Broker).publish(broker.Publication(message, request.parameters.get("qos", 0), retain))
        return {}

    def get_retained_message(self, request: Request) -> Answer:
        topic = request.parameters["topic"]
        self.cloud.authorize(request, "iot:GetRetainedMessage", self.arn("topic", topic))
        retained = self.cloud.service(broker.Broker).retained.get(topic)
        if retained is None:
            raise not_found("Retained message", topic)
        return {"topic": topic, "payload": retained.payload, "qos": retained.qos, "lastModifiedTime": retained.modified}

    def list_retained_messages(self, request: Request) -> Answer:
        self.cloud.authorize(request, "iot:ListRetainedMessages", "*")
        rows = (
            (item.topic, {"topic": item.topic, "payloadSize": len(item.payload), "qos": item.qos, "lastModifiedTime": item.modified})
            for item in self.cloud.service(broker.Broker).retained.all()
        )
        return page(request, rows, "retainedTopics", default=200)
