# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Amazon Timestream for LiveAnalytics: records in SQLite, queries by DuckDB."""

from __future__ import annotations

from local_cloud.services.timestream.query import TimestreamQuery
from local_cloud.services.timestream.write import TimestreamWrite

__all__ = ["TimestreamQuery", "TimestreamWrite"]
