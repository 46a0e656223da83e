# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The message broker: MQTT 3.1.1 over mutual TLS, and the way of every message through the rules engine to its subscribers."""

from __future__ import annotations

from local_cloud.broker.service import Broker, Publication

__all__ = ["Broker", "Publication"]
