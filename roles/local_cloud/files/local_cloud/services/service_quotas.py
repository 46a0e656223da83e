# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Service Quotas, read-only: the quotas that the other services of this cloud keep.

Source of names and codes: AWS's lists of default quotas for ``iottwinmaker`` and ``grafana``.
"""

from __future__ import annotations

import typing as t

from local_cloud.errors import ApiError
from local_cloud.service import Answer, Request, Service
from local_cloud.services.grafana.workspaces import MOST_WORKSPACES
from local_cloud.services.twinmaker import quotas

_SERVICES: t.Final = {"grafana": "Amazon Managed Grafana", "iottwinmaker": "AWS IoT TwinMaker"}
_QUOTAS: t.Final[dict[tuple[str, str], tuple[str, int]]] = {
    ("grafana", "L-2C2D5119"): ("Number of workspaces", MOST_WORKSPACES),
    ("iottwinmaker", "L-3BCB51AD"): ("Number of workspaces", quotas.WORKSPACES),
    ("iottwinmaker", "L-ADB4D9B9"): ("Number of entities in a workspace", quotas.ENTITIES),
    ("iottwinmaker", "L-E97A4C92"): ("Number of component types in a workspace", quotas.COMPONENT_TYPES),
    ("iottwinmaker", "L-FE672086"): ("Number of components in an entity", quotas.COMPONENTS_PER_ENTITY),
    ("iottwinmaker", "L-8E0F7923"): ("Number of scenes in a workspace", quotas.SCENES),
}


class ServiceQuotas(Service):
    models = ("service-quotas",)

    def get_service_quota(self, request: Request) -> Answer:
        if "ContextId" in request.parameters:
            sentence = "The local cloud does not implement the member ContextId of service-quotas:GetServiceQuota."
            raise ApiError("NotImplemented", sentence, status=501)
        return {"Quota": self._quota(request)}

    def get_aws_default_service_quota(self, request: Request) -> Answer:
        return {"Quota": self._quota(request)}

    def _quota(self, request: Request) -> dict[str, t.Any]:
        service, code = request.parameters["ServiceCode"], request.parameters["QuotaCode"]
        arn = self.cloud.arn("servicequotas", f"{service}/{code}")
        self.cloud.authorize(request, f"servicequotas:{request.operation}", arn)
        if (service, code) not in _QUOTAS:
            raise ApiError("NoSuchResourceException", "The request failed because the specified service quota does not exist.")
        name, value = _QUOTAS[service, code]
        return {
            "ServiceCode": service,
            "ServiceName": _SERVICES[service],
            "QuotaArn": arn,
            "QuotaCode": code,
            "QuotaName": name,
            "Value": float(value),
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }
