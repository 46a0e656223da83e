# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Puts the rooms together into one cloud."""

from __future__ import annotations

from local_cloud.access import Access
from local_cloud.broker import Broker
from local_cloud.client import Clients
from local_cloud.cloud import Cloud
from local_cloud.cloudformation import CloudFormation
from local_cloud.front.core import Front
from local_cloud.front.moto import Moto
from local_cloud.service import Service
from local_cloud.services.cloudwatch import CloudWatch
from local_cloud.services.grafana import Grafana
from local_cloud.services.iam import Iam
from local_cloud.services.iot import Iot, IotData
from local_cloud.services.lambda_ import Lambda
from local_cloud.services.scheduler import Scheduler
from local_cloud.services.service_quotas import ServiceQuotas
from local_cloud.services.sns import Sns
from local_cloud.services.sts import Sts
from local_cloud.services.timestream import TimestreamQuery, TimestreamWrite
from local_cloud.services.twinmaker import TwinMaker
from local_cloud.settings import Settings

# In the order in which they start; they stop in the other one, the broker's clients and the stacks at work first.
KINDS: tuple[type[Service], ...] = (
    *(
        Sts,
        Iam,
        ServiceQuotas,
        Sns,
        CloudWatch,
        TimestreamWrite,
        TimestreamQuery,
        Lambda,
        Scheduler,
        Grafana,
        TwinMaker,
        Iot,
        IotData,
        Broker,
        CloudFormation,
    ),
)


def build(settings: Settings) -> Cloud:
    """A cloud with all its services, not yet listening. ``cloud.start()`` begins its background work, ``cloud.stop()`` ends it."""
    cloud = Cloud(settings)
    cloud.moto = Moto(cloud)
    cloud.access = Access(cloud)
    cloud.front = Front(cloud)
    cloud.clients = Clients(cloud, cloud.front.handle)
    for kind in KINDS:
        service = kind(cloud)
        cloud.add(service)
        cloud.front.add(service)
    return cloud
