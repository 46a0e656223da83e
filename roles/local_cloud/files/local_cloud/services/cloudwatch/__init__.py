# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudWatch: metrics and the alarms on them."""

from __future__ import annotations

from local_cloud.services.cloudwatch.service import CloudWatch

__all__ = ["CloudWatch"]
