# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rooms of the modules for Amazon Managed Grafana. Private to this collection: it may change in any release.

api, workspaces, authentication, directory, permissions and tokens are about AWS's control plane; http, task, plugins,
datasources, folders and dashboards about the HTTP API of the Grafana in a workspace, and need none of AWS's packages.
"""
