# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Puts the rooms together into one cloud."""

from __future__ import annotations

import importlib

from local_cloud.access import Access
from local_cloud.client import Clients
from local_cloud.cloud import Cloud
from local_cloud.front.core import Front
from local_cloud.front.moto import Moto
from local_cloud.services.sts import Sts
from local_cloud.settings import Settings

_ROOMS = (
    ("local_cloud.services.timestream", "TimestreamWrite"),
    ("local_cloud.services.timestream", "TimestreamQuery"),
    ("local_cloud.services.lambda_", "Lambda"),
    ("local_cloud.services.grafana", "Grafana"),
    ("local_cloud.services.twinmaker", "TwinMaker"),
    ("local_cloud.services.iot", "Iot"),
    ("local_cloud.services.iot", "IotData"),
    ("local_cloud.broker", "Broker"),
    ("local_cloud.cloudformation", "CloudFormation"),
)


def build(settings: Settings) -> Cloud:
    """A cloud with all its services, not yet listening. ``cloud.start()`` begins its background work, ``cloud.stop()`` ends it."""
    cloud = Cloud(settings)
    cloud.moto = Moto(cloud)
    cloud.access = Access(cloud)
    cloud.front = Front(cloud)
    cloud.clients = Clients(cloud, cloud.front.handle)
    kinds = [Sts]
    for module, name in _ROOMS:  # a room that is not written yet is left out
        try:
            kinds.append(getattr(importlib.import_module(module), name))
        except (ModuleNotFoundError, AttributeError):
            continue
    for kind in kinds:
        service = kind(cloud)
        cloud.add(service)
        cloud.front.add(service)
    return cloud
