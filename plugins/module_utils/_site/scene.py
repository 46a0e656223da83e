# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A site's 3D scene: its model, a tag on every meter, a camera for every area. Pure.

Source: the scene document of AWS's scene viewer (package scene-composer of awslabs/iot-app-kit, ``models/SceneModels.ts``), and how
version 2.1.7 of Grafana's TwinMaker app uses it. A site's z points up; the viewer's y does.
"""

from __future__ import annotations

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.dashboard_names import camera_name, panel_path
from ansible_collections.energytwin.aws.plugins.module_utils._site.model import Area, Limit, Meter, Panel, Position, Site
from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import as_site, component_name
from ansible_collections.energytwin.aws.plugins.module_utils._site.scene_places import Places, places, to_viewer, view_of
from ansible_collections.energytwin.aws.plugins.module_utils._site.scene_rules import color_rule, icon_rule, reading_rule, speed_rule

Plain = dict[str, t.Any]

POWER = "kW"
# A tag of a meter that is silent is grey: with the viewer's own icon it would look as if all were well.
SILENT: Plain = {"icon": "iottwinmaker.common.icon:Custom", "chosenColor": "#879596"}
# Tags that are as big from far away as from near, in the picture's height.
TAGS: Plain = {"scale": 0.6, "autoRescale": True, "enableOcclusion": False}
COLOR_WITHOUT_RULE = "#2ea597"
# What the viewer's own cameras have, but a plant may be long.
FIELD_OF_VIEW = 53.13
CAMERA: Plain = {"cameraType": "Perspective", "fov": FIELD_OF_VIEW, "near": 0.1, "far": 10_000, "zoom": 1}
UPRIGHT: Position = (0.0, 0.0, 0.0)
# The arrows run over the floor below a meter's tag; the viewer's plane is a square of 1 m.
ARROWS: Plain = {"numOfRepeatInY": 2, "backgroundColorOpacity": 0.2, "defaultBackgroundColor": "#687078"}


def scene(site: Site | c.Mapping[str, t.Any], grafana_url: str = "", motion: bool = False) -> Plain:
    """The scene document of a site.

    The site, its areas and its panels are groups, each meter is a tag of its panel that shows the property with limits (kW, if it has
    limits or there are none), grey where there is no value. grafana_url: where the site's dashboards are, with its scheme; tags lead to
    the meter's panel there. Empty, they lead nowhere. motion: whether arrows below each tag move as its kW do.
    """
    site = as_site(site)
    builder = _Builder(site, grafana_url.rstrip("/"), motion)
    return {
        "specVersion": "1.0",
        "version": "1",
        "unit": "meters",
        "properties": {"environmentPreset": "neutral", "componentSettings": {"Tag": dict(TAGS)}},
        "nodes": builder.nodes,
        "rootNodeIndexes": [0],
        "cameras": [dict(CAMERA)],
        "rules": builder.rules,
    }


def tag_property(meter: Meter) -> str:
    """What the tag of a meter shows."""
    limited = [limit.property for limit in meter.limits]
    return limited[0] if limited and POWER not in limited else POWER


class _Builder:
    """The nodes of a scene, which name each other by their indexes, and its rules by their names."""

    def __init__(self, site: Site, grafana_url: str, motion: bool) -> None:
        self.site = site
        self.grafana_url = grafana_url
        self.motion = motion
        self.places: Places = places(site)
        self.nodes: list[Plain] = []
        self.rules: Plain = {}
        root = self._node(site.name, None, components=_model(site))
        self._camera(root, site.id)
        for area in site.areas:
            self._area(root, area)

    def _node(
        self,
        name: str,
        parent: Plain | None,
        position: Position = (0.0, 0.0, 0.0),
        rotation: Position = UPRIGHT,
        components: c.Sequence[Plain] = (),
    ) -> Plain:
        if parent is not None:
            parent["children"].append(len(self.nodes))
        node: Plain = {
            "name": name,
            "transform": {"position": list(position), "rotation": list(rotation), "scale": [1, 1, 1]},
            "transformConstraint": {},
            "children": [],
            "components": list(components),
            "properties": {},
        }
        self.nodes.append(node)
        return node

    def _area(self, parent: Plain, area: Area) -> None:
        node = self._node(area.name, parent)
        self._camera(node, area.id)
        for panel in area.panels:
            group = self._node(panel.name, node)
            for meter in panel.meters:
                self._meter(group, panel, meter)
        for inner in area.areas:
            self._area(node, inner)

    def _camera(self, parent: Plain, entity_id: str) -> None:
        position, rotation = view_of(self.places.of_entity[entity_id], FIELD_OF_VIEW)
        self._node(camera_name(entity_id), parent, position, rotation, [{"type": "Camera", "cameraIndex": 0}])

    def _meter(self, parent: Plain, panel: Panel, meter: Meter) -> None:
        place = self.places.of_meter[panel.id, meter.id]
        self._node(meter.name, parent, to_viewer(place.tag), components=[self._tag(panel, meter)])
        if self.motion:
            self._node(f"{meter.name} arrows", parent, to_viewer(place.floor), components=[self._arrows(panel, meter)])

    def _tag(self, panel: Panel, meter: Meter) -> Plain:
        shown = tag_property(meter)
        limit = _limit(meter, shown)
        rule = self._rule(panel, meter, "icon", reading_rule(shown) if limit is None else icon_rule(limit))
        tag: Plain = {"type": "Tag", **SILENT, "valueDataBinding": _binding(panel, meter, shown), "ruleBasedMapId": rule}
        if self.grafana_url:
            # The app takes an absolute address only, and would hang parameters of its own before their names.
            path = panel_path(self.site.id, panel.id, component_name(meter.id))
            tag["navLink"] = {"destination": self.grafana_url + path, "params": {}}
        return tag

    def _arrows(self, panel: Panel, meter: Meter) -> Plain:
        binding, limit = _binding(panel, meter, POWER), _limit(meter, POWER)
        bindings: Plain = {
            "speed": {"valueDataBinding": binding, "ruleBasedMapId": self._rule(panel, meter, "speed", speed_rule(POWER, limit))}
        }
        if limit is not None:
            rule = self._rule(panel, meter, "color", color_rule(limit))
            bindings["foregroundColor"] = {"valueDataBinding": binding, "ruleBasedMapId": rule}
        config = {**ARROWS, "defaultForegroundColor": COLOR_WITHOUT_RULE}
        return {"type": "MotionIndicator", "shape": "LinearPlane", "valueDataBindings": bindings, "config": config}

    def _rule(self, panel: Panel, meter: Meter, kind: str, rule: Plain) -> str:
        """A meter has rules of its own: a changed limit then changes nothing else."""
        name = f"{panel.id}/{component_name(meter.id)} {kind}"
        self.rules[name] = rule
        return name


def _model(site: Site) -> list[Plain]:
    if site.model is None:
        return []
    kind = "GLB" if site.model.lower().endswith(".glb") else "GLTF"
    return [{"type": "ModelRef", "uri": site.model, "modelType": kind, "unitOfMeasure": "meters"}]


def _limit(meter: Meter, name: str) -> Limit | None:
    return next((limit for limit in meter.limits if limit.property == name), None)


def _binding(panel: Panel, meter: Meter, name: str) -> Plain:
    return {"dataBindingContext": {"entityId": panel.id, "componentName": component_name(meter.id), "propertyName": name}}
