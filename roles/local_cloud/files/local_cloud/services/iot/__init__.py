# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS IoT Core: the control plane (``Iot``) and the data plane's API (``IotData``)."""

from __future__ import annotations

from local_cloud.services.iot.data import IotData
from local_cloud.services.iot.service import Iot

__all__ = ["Iot", "IotData"]
