# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""make_plant SITE.yml PLANT.glb: a plain 3D model of a site, for those that have none: a room for each area, a cabinet for each panel.

The same site gives the same bytes. The nodes are named by the ids of areas and panels. Format: glTF 2.0, binary (Khronos
specification, chapters 3 and 4): one cube that all nodes show at their own sizes and places, once in each colour. Rooms show it from
inside: their walls are seen only from where nothing lies behind them. The viewer gives a click to the first face that it hits, clear or
not, and so a tag behind a wall could not be clicked.
"""

from __future__ import annotations

import collections.abc as c
import json
import pathlib
import struct
import sys
import typing as t

import yaml

from ansible_collections.energytwin.aws.plugins.module_utils._site.model import Area, Position, Site
from ansible_collections.energytwin.aws.plugins.module_utils._site.parse import parse_site
from ansible_collections.energytwin.aws.plugins.module_utils._site.scene_places import every_area, panel_places, to_viewer

Plain = dict[str, t.Any]
Size = tuple[float, float, float]

CABINET: Size = (0.8, 0.4, 1.9)
FLOOR_HEIGHT = 0.2
ROOM_HEIGHT = 3.0
# Metres between the outermost panels of a room and its walls.
AISLE = 3.0

# Name, colour with opacity, and how dull it is.
MATERIALS = (
    ("floor", (0.55, 0.57, 0.6, 1.0), 0.95),
    ("room", (0.75, 0.85, 0.9, 0.18), 0.4),
    ("cabinet", (0.85, 0.86, 0.84, 1.0), 0.5),
)
FLOOR, ROOM, CABINETS = range(len(MATERIALS))

FLOAT, UNSIGNED_SHORT = 5126, 5123
VERTICES, INDEXES = 34962, 34963


def plant(site: Site) -> bytes:
    """The model of a site, as a .glb file holds it."""
    nodes = [*_rooms(site), *_cabinets(site)]
    body, content = _cube()
    content |= {
        "asset": {"version": "2.0", "generator": "energytwin.aws make_plant"},
        "scene": 0,
        "scenes": [{"name": site.name, "nodes": list(range(len(nodes)))}],
        "nodes": nodes,
        "materials": [_material(*material) for material in MATERIALS],
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    chunks = _chunk(b"JSON", text, b" ") + _chunk(b"BIN\0", body, b"\0")
    return b"glTF" + struct.pack("<II", 2, 12 + len(chunks)) + chunks


def _rooms(site: Site) -> c.Iterator[Plain]:
    standing = panel_places(site)
    for area in every_area(site.areas):
        points = [*_own_points(area), *(standing[panel.id] for panel in area.panels)]
        if not points:
            continue
        low = min(point[2] for point in points) if area.position is None else area.position[2]
        left, right = (pick(point[0] for point in points) for pick in (min, max))
        front, back = (pick(point[1] for point in points) for pick in (min, max))
        centre = ((left + right) / 2, (front + back) / 2)
        width, depth = right - left + 2 * AISLE, back - front + 2 * AISLE
        yield _box(f"{area.id} floor", FLOOR, (*centre, low - FLOOR_HEIGHT / 2), (width, depth, FLOOR_HEIGHT))
        yield _box(area.id, ROOM, (*centre, low + ROOM_HEIGHT / 2), (width, depth, ROOM_HEIGHT))


def _own_points(area: Area) -> list[Position]:
    return [] if area.position is None else [area.position]


def _cabinets(site: Site) -> c.Iterator[Plain]:
    for panel_id, place in panel_places(site).items():
        yield _box(panel_id, CABINETS, place, CABINET)


def _box(name: str, material: int, centre: Position, size: Size) -> Plain:
    """centre and size in the site's axes: width, depth, height."""
    width, depth, height = size
    return {"name": name, "mesh": material, "translation": list(to_viewer(centre)), "scale": [width, height, depth]}


def _cube() -> tuple[bytes, Plain]:
    """A cube of 1 m around the origin, seen from outside and from inside: (its points, their normals and its triangles; what describes them)."""
    points: list[Position] = []
    normals: list[Position] = []
    triangles: list[int] = []
    for axis in range(3):
        for side in (-1, 1):
            first = len(points)
            for one, other in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
                corner = [0.0, 0.0, 0.0]
                # Turned the other way round on the other side, so that every face is seen from outside.
                corner[axis], corner[(axis + 1) % 3], corner[(axis + 2) % 3] = side / 2, one * side / 2, other / 2
                normal = [0.0, 0.0, 0.0]
                normal[axis] = float(side)
                points.append((corner[0], corner[1], corner[2]))
                normals.append((normal[0], normal[1], normal[2]))
            triangles += [first + corner for corner in (0, 1, 2, 0, 2, 3)]
    parts = (
        b"".join(struct.pack("<3f", *point) for point in points),
        b"".join(struct.pack("<3f", *normal) for normal in normals),
        struct.pack(f"<{len(triangles)}H", *triangles),
        b"".join(struct.pack("<3f", *(-part for part in normal)) for normal in normals),
        struct.pack(f"<{len(triangles)}H", *reversed(triangles)),
    )
    offsets = [sum(len(part) for part in parts[:index]) for index in range(len(parts))]
    targets = (VERTICES, VERTICES, INDEXES, VERTICES, INDEXES)
    outside = {"attributes": {"POSITION": 0, "NORMAL": 1}, "indices": 2}
    inside = {"attributes": {"POSITION": 0, "NORMAL": 3}, "indices": 4}
    return b"".join(parts), {
        "buffers": [{"byteLength": sum(len(part) for part in parts)}],
        "bufferViews": [
            {"buffer": 0, "byteOffset": offset, "byteLength": len(part), "target": target}
            for part, offset, target in zip(parts, offsets, targets, strict=True)
        ],
        "accessors": [
            {"bufferView": 0, "componentType": FLOAT, "count": len(points), "type": "VEC3", "min": [-0.5] * 3, "max": [0.5] * 3},
            {"bufferView": 1, "componentType": FLOAT, "count": len(normals), "type": "VEC3"},
            {"bufferView": 2, "componentType": UNSIGNED_SHORT, "count": len(triangles), "type": "SCALAR"},
            {"bufferView": 3, "componentType": FLOAT, "count": len(points), "type": "VEC3"},
            {"bufferView": 4, "componentType": UNSIGNED_SHORT, "count": len(triangles), "type": "SCALAR"},
        ],
        "meshes": [
            {"name": name, "primitives": [{**(inside if index == ROOM else outside), "material": index}]}
            for index, (name, _color, _dull) in enumerate(MATERIALS)
        ],
    }


def _material(name: str, color: tuple[float, ...], dull: float) -> Plain:
    clear = {"alphaMode": "BLEND"} if color[3] < 1 else {}
    return {"name": name, "pbrMetallicRoughness": {"baseColorFactor": list(color), "metallicFactor": 0, "roughnessFactor": dull}, **clear}


def _chunk(kind: bytes, content: bytes, filling: bytes) -> bytes:
    """Chunks end at a multiple of four bytes."""
    content += filling * (-len(content) % 4)
    return struct.pack("<I", len(content)) + kind + content


def main(source: str, target: str) -> None:
    path = pathlib.Path(source)
    site = parse_site(yaml.safe_load(path.read_text())["site"], path.parent.name)
    pathlib.Path(target).write_bytes(plant(site))


if __name__ == "__main__":
    main(*sys.argv[1:])
