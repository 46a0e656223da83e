# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Amazon Managed Grafana: its control plane, and the Grafana behind each workspace."""

from __future__ import annotations

from local_cloud.services.grafana.accounts import ServiceAccounts
from local_cloud.services.grafana.instance import Instances
from local_cloud.services.grafana.permissions import Permissions
from local_cloud.services.grafana.workspaces import Workspaces


class Grafana(Workspaces, Permissions, ServiceAccounts, Instances):
    models = ("grafana",)


__all__ = ["Grafana"]
