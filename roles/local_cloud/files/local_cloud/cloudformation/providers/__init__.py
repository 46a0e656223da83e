# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resource types that the local cloud has, each with its provider."""

from __future__ import annotations

import functools

from local_cloud.cloudformation.providers import alarms, grafana, iam, iot, lambda_, s3, scheduler, stores, twinmaker
from local_cloud.cloudformation.providers.base import Provider

Table = dict[str, Provider]


@functools.cache
def providers() -> Table:
    """Resource type -> provider."""
    made: list[Provider] = [
        alarms.Subscription(),
        alarms.TopicPolicy(),
        alarms.alarm(),
        alarms.topic(),
        grafana.workspace(),
        iam.InlinePolicy(),
        iam.ManagedPolicy(),
        iam.Role(),
        iot.policy(),
        iot.thing(),
        iot.topic_rule(),
        lambda_.Permission(),
        lambda_.function(),
        s3.Bucket(),
        s3.BucketPolicy(),
        scheduler.schedule(),
        stores.dynamodb_table(),
        stores.log_group(),
        stores.timestream_database(),
        stores.timestream_table(),
        twinmaker.component_type(),
        twinmaker.entity(),
        twinmaker.scene(),
        twinmaker.workspace(),
    ]
    return {provider.schema.type: provider for provider in made}
