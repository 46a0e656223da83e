# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: twin_scene
short_description: The 3D scene of a site's twin
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Turns a checked site into the scene document that M(energytwin.aws.twinmaker_scene) takes.
  - It shows the site's model, a tag on each meter, and has a camera for the site and for each area (C(camera-ID)).
  - The icon of a tag follows the limits of its meter. A meter has one tag, which shows C(kW) unless the meter has limits for
    other properties only.
  - Positions are absolute, in metres, C(z) upwards; what has none is put at a place that follows from what it is in.
positional: _input
options:
  _input:
    description: The site, as the filter P(energytwin.aws.site_model#filter) gives it.
    type: dict
    required: true
  grafana_url:
    description: Where the site's dashboards are, with its scheme. A click on a tag leads to the meter there. Empty, it leads nowhere.
    type: str
    default: ''
  motion:
    description: Whether there are arrows below each tag that move as its C(kW) do (MotionIndicator).
    type: bool
    default: false
seealso:
  - plugin: energytwin.aws.site_model
    plugin_type: filter
  - plugin: energytwin.aws.scene_faults
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Keep the scene
  energytwin.aws.twinmaker_scene:
    workspace_id: example-plant_workspace
    scene_id: plant
    content: "{{ site | energytwin.aws.site_model(site_id=inventory_hostname) | energytwin.aws.twin_scene }}"
    resources:
      - src: files/plant.glb
"""

RETURN = r"""
_value:
  description: The scene document.
  type: dict
"""

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.scene import scene


class FilterModule:
    def filters(self) -> dict[str, c.Callable[..., t.Any]]:
        return {"twin_scene": scene}
