# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: site_export
short_description: Make an inventory entry of a workspace
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Turns what is in a workspace into the variables of a site, so that roles P(energytwin.aws.stack#role) and P(energytwin.aws.twin#role)
    change nothing with them.
  - Entities that are areas, panels and meters become the site model. Everything else becomes data for role P(energytwin.aws.twin#role).
positional: _input
options:
  _input:
    description:
      - The workspace with its C(component_types), C(entities) and C(scenes), as M(energytwin.aws.twinmaker_workspace_info) or the lookup
        P(energytwin.aws.tmdt_snapshot#lookup) gives it.
    type: dict
    required: true
  site_id:
    description: Id of the site, which is the name of its inventory host.
    type: str
    required: true
  noted:
    description: The site model that was applied last, for what entities do not say. Empty if it is not known.
    type: dict
    default: {}
  topic:
    description: The MQTT topic, if it is known.
    type: str
    default: ""
  meter_type:
    description: The id of the meters' component type.
    type: str
    default: com.example.energymeter
  known_types:
    description: Ids of component types that the stack makes.
    type: list
    elements: str
    default: []
  known_scenes:
    description: Ids of scenes that follow from the site model.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Read a workspace
  energytwin.aws.twinmaker_workspace_info:
    workspace_id: example-plant_workspace
    gather: [component_types, entities, scenes]
  register: found

- name: Show the variables that describe it
  ansible.builtin.debug:
    msg: "{{ (found.workspaces[0] | energytwin.aws.site_export('example-plant')).variables }}"
"""

RETURN = r"""
_value:
  description:
    - V(variables) are those of the site's host. V(text) are the same as a YAML file.
    - V(unsaid) says what could not be expressed, or had to be guessed, and why, one sentence each.
    - V(gateways) are the gateways that meters name.
  type: dict
"""

import collections.abc as c
import typing as t

import yaml

from ansible_collections.energytwin.aws.plugins.module_utils._site.export import export_site
from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import meters
from ansible_collections.energytwin.aws.plugins.module_utils._site.properties import COMPONENT_TYPE_ID
from ansible_collections.energytwin.aws.plugins.module_utils._site.scene_export import follows, has_motion, limits_of

Plain = dict[str, t.Any]

SCENE_KEYS = ("scene_id", "content", "content_location", "description", "capabilities", "metadata", "tags")


class _Dumper(yaml.SafeDumper):
    """Writes what a template would be as a text that is none."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    template = "{{" in value or "{%" in value or "{#" in value
    return dumper.represent_scalar("!unsafe" if template else "tag:yaml.org,2002:str", value, style="'" if template else None)


_Dumper.add_representer(str, _text)


def _plain(value: t.Any) -> t.Any:
    """Without the types of Ansible's own that carry tags."""
    if isinstance(value, c.Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, str) else value


def site_export(
    workspace: Plain,
    site_id: str,
    noted: Plain | None = None,
    topic: str = "",
    meter_type: str = COMPONENT_TYPE_ID,
    known_types: c.Sequence[str] = (),
    known_scenes: c.Sequence[str] = (),
) -> Plain:
    found = _plain(workspace)
    own_scenes = [scene for scene in found.get("scenes") or [] if scene["scene_id"] in known_scenes]
    limits = {key: limit for scene in own_scenes for key, limit in limits_of(scene.get("content") or {}).items()}
    export = export_site(
        found.get("entities") or [], site_id, noted=_plain(noted) or None, topic=topic, meter_type=meter_type, limits=limits
    )
    unsaid = [*export.unsaid]
    types = [one for one in found.get("component_types") or [] if one["component_type_id"] not in known_types]
    for one in types:
        for name, function in (one.get("functions") or {}).items():
            arn = ((function.get("implementedBy") or {}).get("lambda") or {}).get("arn")
            if arn:
                unsaid.append(
                    f"Component type '{one['component_type_id']}', {name}: function {arn} is not part of the export; it has to be there."
                )
    scenes: list[Plain] = []
    of_dashboards: Plain = {}
    for scene in found.get("scenes") or []:
        of_role = scene in own_scenes and export.site is not None
        if export.site is not None and of_role and "content" in scene and follows(scene["content"], {**export.site, "id": site_id}):
            of_dashboards = {"dashboards_scene_motion": True} if has_motion(scene["content"]) else {}
            continue
        if of_role and noted and not scene.get("content"):
            continue
        if "content" not in scene:
            unsaid.append(f"Scene '{scene['scene_id']}' has no document that could be written; bring it with module twinmaker_scene.")
            continue
        if scene.get("resources"):
            keys = ", ".join(resource["key"] for resource in scene["resources"])
            unsaid.append(
                f"Scene '{scene['scene_id']}' shows files that are not part of the export ({keys}); put them into the workspace's bucket."
            )
        # Role dashboards keeps a scene of this name.
        if of_role:
            of_dashboards = {"dashboards_scene_document": scene["content"]}
            unsaid.append(
                f"Scene '{scene['scene_id']}' is not what role dashboards makes of this site, so it is kept as it is (dashboards_scene_document);"
                " leave that out, and the role makes it anew."
            )
        else:
            scenes.append({key: scene[key] for key in SCENE_KEYS if scene.get(key)})
    for job in found.get("sync_jobs") or []:
        unsaid.append(f"The sync job of {job['sync_source']} is nothing that a role keeps; keep it with module twinmaker_sync_job.")
    extras = {
        "twin_extra_component_types": types,
        "twin_extra_entities": export.extra,
        "twin_extra_scenes": scenes,
        **of_dashboards,
    }
    variables = {**({"site": export.site} if export.site else {}), **{name: items for name, items in extras.items() if items}}
    named = {meter["gateway"] for meter in meters({**export.site, "id": site_id})} if export.site else set()
    gateways = sorted(name for name in named if name)
    if gateways:
        unsaid.append(f"How gateways {', '.join(gateways)} are reached, and their buses, is not in AWS; write it to their host_vars.")
    text = yaml.dump(variables, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=140)
    return {"variables": variables, "text": text, "unsaid": unsaid, "gateways": gateways}


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"site_export": site_export}
