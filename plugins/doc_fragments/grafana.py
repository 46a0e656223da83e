# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that modules for Grafana share: of its HTTP API, and of naming a Managed Grafana workspace."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  url:
    description:
      - Where Grafana is, for example the endpoint of a Managed Grafana workspace. Without a scheme it is V(https).
      - Plain V(http) is taken for this machine only, as the token would be readable on the way.
      - It has to be given, here or by the environment variable E(GRAFANA_URL).
    type: str
  token:
    description:
      - Token of a service account, for example of M(energytwin.aws.grafana_workspace_token).
      - It is sent in a header to this one address, and is in no log, diff or result.
      - It has to be given, here or by the environment variable E(GRAFANA_TOKEN).
    type: str
  validate_certs:
    description: Whether the certificate of Grafana must be trusted.
    type: bool
    default: true
  ca_path:
    description: File with the certificate of an authority to trust, where it is none of the system's.
    type: path
  timeout:
    description: Seconds to keep trying while Grafana does not answer or is busy, as it is for a while after it has started or was changed.
    type: int
    default: 60
notes:
  - Objects are found by their uid, so nothing here depends on numbers that newer versions of Grafana no longer know.
  - What was made in Grafana by hand, and is asked for by its uid, is taken over.
  - Calls go out one after another. Run the tasks for one Grafana on one host, not on several at once.
  - With V(group/energytwin.aws.grafana) in C(module_defaults), O(url) and O(token) need to be given only once.
"""

    # How modules of the control plane name a workspace that is there.
    WORKSPACE = r"""
options:
  workspace_id:
    description: The id of the workspace, which AWS gives.
    type: str
  name:
    description: The name of the workspace. If several workspaces have it, the task fails and lists their ids.
    type: str
"""
