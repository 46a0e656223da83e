# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where things stand in a scene, and from where one sees them. Pure; metres and radians.

Positions of a site are absolute, x to the right, y to the back, z up. What has none stands at a place that follows from what it is in.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import math

from ansible_collections.energytwin.aws.plugins.module_utils._site.model import Area, Panel, Position, Site

ORIGIN: Position = (0.0, 0.0, 0.0)
# Areas without a position lie one behind the other, panels without one stand in a row in their area, tags side by side over their panel.
AREA_STEP = 6.0
PANEL_STEP = 3.0
TAG_STEP = 0.8
TAG_HEIGHT = 1.2
# Nobody wants to look at a single panel from nearer, and a bit of floor around things is to be seen.
SMALLEST_RADIUS = 3.0
MARGIN = 1.05
# From the front, the right and above: where the eye is, seen from what it looks at, in the viewer's axes.
VIEW: Position = (0.45, 0.55, 0.7)
DIGITS = 3


@dataclasses.dataclass(frozen=True)
class MeterPlace:
    """In the site's axes. floor: below the tag, as high as its panel's position."""

    tag: Position
    floor: Position


@dataclasses.dataclass(frozen=True)
class Places:
    """of_meter: by (panel id, meter id). of_entity: all that stands in the site (by its id) and in each area."""

    of_meter: dict[tuple[str, str], MeterPlace]
    of_entity: dict[str, list[Position]]


def places(site: Site) -> Places:
    standing = panel_places(site)
    of_meter: dict[tuple[str, str], MeterPlace] = {}
    of_entity: dict[str, list[Position]] = {}

    def walk(area: Area) -> list[Position]:
        points = [] if area.position is None else [area.position]
        for panel in area.panels:
            meters = _meters(panel, standing[panel.id])
            of_meter.update(meters)
            points += [standing[panel.id], *(place.tag for place in meters.values())]
        points += [point for inner in area.areas for point in walk(inner)]
        of_entity[area.id] = points
        return points

    of_entity[site.id] = [point for area in site.areas for point in walk(area)]
    return Places(of_meter, of_entity)


def panel_places(site: Site) -> dict[str, Position]:
    """Where the panels of a site stand, by their ids."""
    found: dict[str, Position] = {}
    for place, area in _area_places(site):
        x, y, z = place
        rows = {panel.id: row for row, panel in enumerate(panel for panel in area.panels if panel.position is None)}
        found |= {panel.id: panel.position or (x + rows[panel.id] * PANEL_STEP, y, z) for panel in area.panels}
    return found


def _area_places(site: Site) -> c.Iterator[tuple[Position, Area]]:
    """Every area with the place where it is; those without a position lie one behind the other."""
    behind = 0.0
    for area in every_area(site.areas):
        if area.position is None:
            yield (0.0, behind, 0.0), area
            behind += AREA_STEP
        else:
            yield area.position, area


def every_area(areas: c.Iterable[Area]) -> c.Iterator[Area]:
    """Areas and all that lie in them, outer ones first."""
    for area in areas:
        yield area
        yield from every_area(area.areas)


def to_viewer(position: Position) -> Position:
    """From the site's axes to the viewer's."""
    x, y, z = position
    return _rounded((x, z, -y))


def view_of(points: c.Sequence[Position], fov: float) -> tuple[Position, Position]:
    """(position, rotation) of a camera that sees the points. points: in the site's axes; fov: its angle from bottom to top in degrees."""
    shown = [to_viewer(point) for point in points] or [ORIGIN]
    low, high = (tuple(pick(values) for values in zip(*shown, strict=True)) for pick in (min, max))
    centre = [(one + other) / 2 for one, other in zip(low, high, strict=True)]
    radius = max(math.dist(low, high) / 2, SMALLEST_RADIUS)
    distance = MARGIN * radius / math.sin(math.radians(fov) / 2)
    x, y, z = (part + distance * way for part, way in zip(centre, _unit(VIEW), strict=True))
    return _rounded((x, y, z)), _rotation(_unit(VIEW))


def _meters(panel: Panel, position: Position) -> dict[tuple[str, str], MeterPlace]:
    x, y, z = position
    first = x - TAG_STEP * (len(panel.meters) - 1) / 2
    found = {}
    for number, meter in enumerate(panel.meters):
        tag = meter.position or (first + number * TAG_STEP, y, z + TAG_HEIGHT)
        found[panel.id, meter.id] = MeterPlace(tag, (tag[0], tag[1], min(tag[2], z)))
    return found


def _rotation(way: Position) -> Position:
    """Euler angles in the order XYZ of a camera that looks against this way; a camera without rotation looks along -z."""
    level = math.hypot(way[0], way[2])
    # The camera's axes: z is the way, x is level and at a right angle to it, y is at a right angle to both.
    return _rounded((math.atan2(-way[1], way[2]), math.asin(way[0]), math.atan2(way[0] * way[1] / level, way[2] / level)))


def _unit(way: Position) -> Position:
    length = math.hypot(*way)
    x, y, z = (part / length for part in way)
    return x, y, z


def _rounded(position: Position) -> Position:
    # Adding 0 makes a 0 of what would be -0.
    x, y, z = (round(part, DIGITS) + 0.0 for part in position)
    return x, y, z
