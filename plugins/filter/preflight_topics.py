# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: preflight_topics
short_description: Which sites publish their readings to the topic of another site
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Finds the sites of an inventory that have one MQTT topic and one C(aws_environment). Each of their topic rules would store the readings of
    all of them.
positional: _input
options:
  _input:
    description: The variables of the hosts of all sites.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Show them
  ansible.builtin.debug:
    msg: "{{ groups['sites'] | map('extract', hostvars) | energytwin.aws.preflight_topics }}"
"""

RETURN = r"""
_value:
  description:
    - By the name of each site whose topic another one has, what is wrong, in the shape of
      RV(energytwin.aws.preflight_info#module:checks).
  type: dict
"""

import collections.abc as c
import contextlib
import typing as t

from ansible.errors import AnsibleError

from ansible_collections.energytwin.aws.plugins.module_utils._preflight.checks import Plain
from ansible_collections.energytwin.aws.plugins.module_utils._preflight.places import Place, Variables, place_of
from ansible_collections.energytwin.aws.plugins.module_utils._preflight.variables import topic_check


def preflight_topics(sites: c.Iterable[Variables]) -> dict[str, list[Plain]]:
    by_place: dict[tuple[str, Place], list[str]] = {}
    for site in sites:
        with contextlib.suppress(AnsibleError):
            if topic := _topic(site):
                by_place.setdefault((topic, place_of(site)), []).append(str(site["inventory_hostname"]))
    shared = {place: names for place, names in by_place.items() if len(names) > 1}
    return {name: [topic_check(topic, name, names).plain()] for (topic, _place), names in shared.items() for name in names}


def _topic(site: Variables) -> str | None:
    """The topic of a site, if it has one: what is wrong with it is told elsewhere."""
    model = site.get("site")
    topic = site.get("stack_topic") or (model.get("topic") if isinstance(model, c.Mapping) else None)
    return str(topic) if isinstance(topic, str) else None


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"preflight_topics": preflight_topics}
