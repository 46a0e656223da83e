# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS Lambda: functions in Python, run by processes of this machine."""

from __future__ import annotations

from local_cloud.services.lambda_.invoke import Outcome
from local_cloud.services.lambda_.service import Lambda

__all__ = ["Lambda", "Outcome"]
