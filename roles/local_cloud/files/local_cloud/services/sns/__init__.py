# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SNS: topics, their subscribers and what is published to them."""

from __future__ import annotations

from local_cloud.services.sns.service import Sns

__all__ = ["Sns"]
