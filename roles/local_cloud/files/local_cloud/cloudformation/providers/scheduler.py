# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Schedules of EventBridge Scheduler."""

from __future__ import annotations

from local_cloud.cloudformation.providers.api import Api
from local_cloud.cloudformation.providers.schemas import SCHEMAS


def schedule() -> Api:
    """The provider of AWS::Scheduler::Schedule."""
    return Api(
        schema=SCHEMAS["AWS::Scheduler::Schedule"],
        service="scheduler",
        operations={"create": "create_schedule", "read": "get_schedule", "update": "update_schedule", "delete": "delete_schedule"},
        keys={"Name": "Name"},
        attributes_from={"Arn": ("Arn",)},
        named=("Name", 64, "-"),
    )
