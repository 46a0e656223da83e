# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: site_summaries
short_description: Whose meters the totals of a site, its areas and its panels are made of
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Lists the meters that are added up for each entity of a checked site.
  - No meter counts twice. Of a panel with incomers (V(incomer=true) of a meter) only these count. A panel that is fed from another one
    (V(fed_from) of a panel) does not count where that one does.
positional: _input
options:
  _input:
    description: The site, as the filter P(energytwin.aws.site_model#filter) gives it.
    type: dict
    required: true
seealso:
  - plugin: energytwin.aws.twin_entities
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show what the totals of the site are made of
  ansible.builtin.debug:
    msg: "{{ (site | energytwin.aws.site_model(site_id=inventory_hostname) | energytwin.aws.site_summaries)[inventory_hostname] }}"
"""

RETURN = r"""
_value:
  description: Of each entity id, the panel id and the meter id of every meter that counts.
  type: dict
  sample: {hall-1: [[mdb-hall-1, "1"]], mdb-hall-1: [[mdb-hall-1, "1"]]}
"""

import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import summaries


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"site_summaries": summaries}
