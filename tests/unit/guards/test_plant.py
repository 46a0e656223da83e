# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The 3D model of the example plant is what its site model says."""

from __future__ import annotations

import json
import struct
import typing as t

import pytest
import yaml

from ansible_collections.energytwin.aws.plugins.module_utils._site.model import Site
from ansible_collections.energytwin.aws.plugins.module_utils._site.parse import parse_site
from ansible_collections.energytwin.aws.plugins.module_utils._site.scene_places import every_area, to_viewer
from tests.tools.checkout import CHECKOUT
from tests.tools.make_plant import plant

FOLDER = CHECKOUT / "inventories/local/host_vars/example-plant"


def example() -> Site:
    return parse_site(yaml.safe_load((FOLDER / "site.yml").read_text())["site"], FOLDER.name)


def chunks(content: bytes) -> tuple[dict[str, t.Any], bytes]:
    """(the description, the numbers) of a .glb file."""
    magic, version, length = struct.unpack_from("<4sII", content)
    assert (magic, version, length) == (b"glTF", 2, len(content))
    size, kind = struct.unpack_from("<I4s", content, 12)
    assert kind == b"JSON"
    other_size, other_kind = struct.unpack_from("<I4s", content, 20 + size)
    assert (other_kind, 28 + size + other_size) == (b"BIN\0", len(content))
    return json.loads(content[20 : 20 + size]), content[28 + size :]


def test_the_model_is_the_one_of_the_site() -> None:
    assert (FOLDER / str(example().model)).read_bytes() == plant(example()), "make it again: see tests/tools/make_plant.py"


def test_areas_and_panels_stand_where_the_site_has_them() -> None:
    content, _numbers = chunks(plant(example()))
    places = {node["name"]: tuple(node["translation"]) for node in content["nodes"]}
    areas = [*every_area(example().areas)]
    assert len(areas) == 4
    for area in areas:
        assert {area.id, f"{area.id} floor"} <= places.keys()
        for panel in area.panels:
            assert panel.position is not None
            assert places[panel.id] == to_viewer(panel.position)


@pytest.mark.parametrize(("mesh", "side"), [("cabinet", 1), ("floor", 1), ("room", -1)])
def test_rooms_are_seen_from_inside_and_all_else_from_outside(mesh: str, side: int) -> None:
    """So that no wall takes the click that was meant for a tag behind it."""
    content, numbers = chunks(plant(example()))
    views = [numbers[view["byteOffset"] : view["byteOffset"] + view["byteLength"]] for view in content["bufferViews"]]
    (shown,) = (primitive for one in content["meshes"] if one["name"] == mesh for primitive in one["primitives"])
    points, normals = ([*struct.iter_unpack("<3f", views[shown["attributes"][name]])] for name in ("POSITION", "NORMAL"))
    corners = [corner for (corner,) in struct.iter_unpack("<H", views[shown["indices"]])]
    assert len({*points}) == 8
    assert {*corners} == {*range(len(points))}
    for triangle in zip(*[iter(corners)] * 3, strict=True):
        one, other, third = (points[corner] for corner in triangle)
        across = [b - a for a, b in zip(one, other, strict=True)], [b - a for a, b in zip(one, third, strict=True)]
        facing = cross(*across)
        assert facing == list(normals[triangle[0]]), "counter-clockwise, as it is seen"
        assert sum(a * b for a, b in zip(facing, one, strict=True)) == side / 2, "out of the cube, or into it"


def cross(one: list[float], other: list[float]) -> list[float]:
    return [one[a] * other[b] - one[b] * other[a] for a, b in ((1, 2), (2, 0), (0, 1))]
