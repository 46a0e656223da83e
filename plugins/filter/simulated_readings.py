# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: simulated_readings
short_description: What the meters of a site might have measured
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Makes readings for demonstrations and trainings out of a validated site, one per meter and minute.
  - The same minute always gives the same reading.
positional: _input
options:
  _input:
    description: The site, as the filter P(energytwin.aws.site_model#filter) gives it.
    type: dict
    required: true
  minutes:
    description: How many minutes up to now.
    type: int
    default: 1
"""

EXAMPLES = r"""
- name: Publish a quarter of an hour
  energytwin.aws.reading_publish:
    topic: energy/example-plant
    readings: "{{ site | energytwin.aws.site_model(site_id=inventory_hostname) | energytwin.aws.simulated_readings(minutes=15) }}"
"""

RETURN = r"""
_value:
  description: Readings as they are published, oldest first.
  type: list
  elements: dict
"""

import collections.abc as c
import time
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import meters
from ansible_collections.energytwin.aws.plugins.module_utils._site.simulation import simulated_readings


def _simulated_readings(site: dict[str, t.Any], minutes: int = 1) -> list[dict[str, t.Any]]:
    return simulated_readings(meters(site), now_ms=int(time.time() * 1000), minutes=minutes)


class FilterModule:
    def filters(self) -> dict[str, c.Callable[..., t.Any]]:
        return {"simulated_readings": _simulated_readings}
