# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudFormation: templates, a resumable engine, and providers over the services' own APIs."""

from __future__ import annotations

from local_cloud.cloudformation.reads import CloudFormation

__all__ = ["CloudFormation"]
