# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control plane of AWS IoT Core."""

from __future__ import annotations

import typing as t

from local_cloud.service import Answer, Request
from local_cloud.services.iot.base import invalid, not_implemented
from local_cloud.services.iot.certificates import Certificates
from local_cloud.services.iot.tagging import Tagging
from local_cloud.services.iot.topic_rules import TopicRules

AWS_MQTT_PORT: t.Final = 8883


class Iot(Certificates, TopicRules, Tagging):
    """Things, policies, certificates, topic rules, tags and the endpoint. Search, jobs, shadows and thing groups are refused."""

    models = ("iot",)

    def describe_endpoint(self, request: Request) -> Answer:
        kind = request.parameters.get("endpointType", "iot:Data")
        if kind in ("iot:CredentialProvider", "iot:Jobs"):
            raise not_implemented(f"the endpoint {kind}")
        if kind not in ("iot:Data", "iot:Data-ATS"):
            raise invalid(f"Endpoint type {kind} is not supported")
        port = self.cloud.settings.mqtt_port
        # AWS answers a host name, and clients use port 8883 on it; another port of ours has to be said.
        return {"endpointAddress": "127.0.0.1" if port == AWS_MQTT_PORT else f"127.0.0.1:{port}"}
