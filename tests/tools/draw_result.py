# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""draw_result [RESULT.svg]: what a site becomes, for the README: the twin of the example plant, and its dashboards.

Everything follows from what the collection makes: the tree from the twin's entities, the places of panels from the dashboards' JSON, the rooms
from the 3D model, colours from the limits. The readings (``result_readings.json``) came through the twin of the local cloud, from simulated
meters. Grafana draws nicer; nobody had one at hand. The same input gives the same bytes.
"""

from __future__ import annotations

import collections.abc as c
import datetime
import html
import json
import pathlib
import struct
import sys
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.dashboards import dashboards
from ansible_collections.energytwin.aws.plugins.module_utils._site.model import Site
from ansible_collections.energytwin.aws.plugins.module_utils._site.parse import parse_site
from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import meters, twin_entities
from ansible_collections.energytwin.aws.plugins.module_utils._site.properties import unit_of
from ansible_collections.energytwin.aws.plugins.module_utils._site.scene_places import places, to_viewer
from tests.tools.checkout import CHECKOUT, read_yaml
from tests.tools.make_plant import FLOOR, ROOM

FOLDER = CHECKOUT / "inventories/local/host_vars/example-plant"
READINGS = pathlib.Path(__file__).with_name("result_readings.json")
RESULT = CHECKOUT / "docs/result.svg"
SCENE = "plant"

WIDTH = 1200
TREE = 270  # how wide the tree of the twin is
MARGIN = 16
COLUMNS = 24  # of a dashboard
# Pixels of a grid unit from top to bottom: of the dashboard that is drawn, and of those that are only outlined.
UNIT, SMALL_UNIT = 15.0, 6.5
GREEN, ORANGE, RED, BLUE = "#2e7d4f", "#e08a1e", "#c62828", "#2f6fb0"
STYLE = """
text { fill: #1f2d3d; font-family: Helvetica, Arial, sans-serif; font-size: 11px }
.dim { fill: #52667a } .end { text-anchor: middle } .last { text-anchor: end }
.head { font-weight: bold; font-size: 14px } .title { font-weight: bold; font-size: 10.5px } .tiny { font-size: 7px }
.big { font-size: 17px; fill: #2f6fb0 } .panel { fill: #ffffff; stroke: #c4ced8 } .sheet { fill: #f4f7fa; stroke: #9fb3c8 }
.floor { fill: #dfe6ec; stroke: #9fb3c8 } .cabinet { fill: #aab8c4; stroke: #52667a } .rest { fill: #e8edf2 }
.line { fill: none; stroke: #2f6fb0; stroke-width: 1.6 }
"""

Plain = dict[str, t.Any]
Key = tuple[str, str]


class Box(t.NamedTuple):
    x: float
    y: float
    w: float
    h: float


def draw(site: Site, model: bytes, readings: Plain) -> str:
    """The picture. model: the .glb file of the site. readings: ``last``, one of each meter, and ``history`` of one."""
    last = {(reading["panel"], reading["meter"]): reading for reading in readings["last"]}
    shown, *others = dashboards(site, SCENE)
    right = TREE + 2 * MARGIN
    main = Box(right, 46, WIDTH - right - MARGIN, 22 + UNIT * height(shown))
    below = main.y + main.h + 40
    wide = (WIDTH - 4 * MARGIN) / 3
    small = [Box(MARGIN + index * (wide + MARGIN), below, wide, 18 + SMALL_UNIT * height(one)) for index, one in enumerate(others)]
    bottom = max(box.y + box.h for box in small) + 34
    caption = "Drawn by the project from the twin's entities, the dashboards' JSON and readings of simulated meters. Not a screenshot."
    content = [
        text(MARGIN, 30, f"The twin of {site.name}", "head"),
        *tree(site, last, MARGIN, 58),
        text(main.x, 30, "Its dashboards in Grafana", "head"),
        *dashboard(shown, main, UNIT, lambda panel, box: inside(panel, box, site, model, last, readings["history"])),
        *(line for one, box in zip(others, small, strict=True) for line in dashboard(one, box, SMALL_UNIT, lambda _panel, _box: [])),
        text(MARGIN, bottom - 10, caption, "dim"),
    ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom:.0f}">\n<title>{site.name}: its twin and its dashboards</title>'
    return "\n".join([head, f"<style>{STYLE}</style>", rectangle(Box(0, 0, WIDTH, bottom), fill="#ffffff"), *content, "</svg>"]) + "\n"


def height(one: Plain) -> int:
    return max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in one["panels"])


# ---- The tree


def tree(site: Site, last: c.Mapping[Key, Plain], x: float, y: float) -> c.Iterator[str]:
    depth: dict[str | None, int] = {None: -1}
    named = {(meter["entity_id"], meter["component_name"]): meter for meter in meters(site)}
    for entity in twin_entities(site):
        level = depth[entity["entity_id"]] = depth[entity.get("parent_entity_id")] + 1
        yield text(x + 14 * level, y, entity["name"], "title")
        y += 17
        for component in entity["components"]:
            meter = named.get((entity["entity_id"], component))
            if meter:
                power = last[meter["panel_id"], meter["meter_id"]]["kW"]
                yield circle(x + 14 * level + 18, y - 4, colour(meter, power))
                yield text(x + 14 * level + 27, y, meter["meter_name"])
                yield text(x + TREE - 6, y, f"{power:.1f} kW", "last dim")
                y += 17


def colour(meter: Plain, power: float) -> str:
    limit = meter["limits"].get("kW", {})
    steps = [(limit.get("alarm"), RED), (limit.get("warning"), ORANGE)]
    return next((shade for value, shade in steps if value is not None and power >= value), GREEN)


# ---- A dashboard


def dashboard(one: Plain, box: Box, unit: float, content: c.Callable[[Plain, Box], c.Iterable[str]]) -> c.Iterator[str]:
    head = box.h - unit * height(one)
    is_small = unit == SMALL_UNIT
    yield rectangle(box, "sheet")
    yield text(box.x + 6, box.y + head - 6, one["title"], "title")
    for panel in one["panels"]:
        place = panel["gridPos"]
        width = box.w / COLUMNS
        inner = Box(box.x + place["x"] * width + 2, box.y + head + place["y"] * unit + 1, place["w"] * width - 4, place["h"] * unit - 2)
        kind = "tiny" if is_small else "title"
        if panel["type"] == "row":
            yield text(inner.x + 2, inner.y + inner.h - (-0.5 if is_small else 3), panel["title"], kind)
            continue
        yield rectangle(inner, "panel")
        yield text(inner.x + 4, inner.y + (8 if is_small else 13), fitted(panel["title"], inner.w / (4 if is_small else 6)), kind)
        yield from content(panel, Box(inner.x + 6, inner.y + 20, inner.w - 12, inner.h - 26))


def inside(panel: Plain, box: Box, site: Site, model: bytes, last: c.Mapping[Key, Plain], history: Plain) -> c.Iterable[str]:
    """What is in a panel of dashboard Site."""
    selected = last[history["panel"], history["meter"]]
    if panel["type"] == "timeseries":
        return chart(history["values"], history["property"], box)
    if panel["type"] == "stat":
        return numbers([(name, selected[name]) for name in panel["targets"][0]["properties"] if name in selected], box)
    if panel["type"] == "bargauge":
        own = [meter for meter in meters(site) if meter["panel_name"] == panel["title"]]
        return bars([(meter, last[meter["panel_id"], meter["meter_id"]]["kW"]) for meter in own], box)
    return scene(site, model, last, box)


def chart(values: c.Sequence[tuple[str, float]], name: str, box: Box) -> c.Iterator[str]:
    times = [datetime.datetime.fromisoformat(time.replace("Z", "+00:00")) for time, _value in values]
    first, whole = times[0], (times[-1] - times[0]).total_seconds()
    low, high = min(value for _time, value in values), max(value for _time, value in values)
    plot = Box(box.x + 34, box.y + 4, box.w - 40, box.h - 24)
    for share in (0.0, 0.5, 1.0):
        y = plot.y + plot.h * (1 - share)
        yield rectangle(Box(plot.x, y, plot.w, 0.6), "rest")
        yield text(plot.x - 4, y + 4, f"{low + share * (high - low):.1f}", "last dim")
    points = [
        (plot.x + plot.w * (time - first).total_seconds() / whole, plot.y + plot.h * (1 - (value - low) / (high - low)))
        for time, (_time, value) in zip(times, values, strict=True)
    ]
    yield f'<polyline class="line" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>'
    yield text(plot.x, box.y + box.h, f"{first:%H:%M}", "dim")
    yield text(plot.x + plot.w, box.y + box.h, f"{times[-1]:%H:%M} UTC", "last dim")
    yield text(plot.x + plot.w / 2, box.y + box.h, name if name == unit_of(name) else f"{name} [{unit_of(name)}]", "end dim")


def numbers(values: c.Sequence[tuple[str, float]], box: Box) -> c.Iterator[str]:
    step = box.w / len(values)
    for index, (name, value) in enumerate(values):
        middle = box.x + step * (index + 0.5)
        yield text(middle, box.y + box.h / 2 - 4, name, "end dim")
        yield text(middle, box.y + box.h / 2 + 18, f"{value:.1f} {unit_of(name)}", "end big")


def bars(values: c.Sequence[tuple[Plain, float]], box: Box) -> c.Iterator[str]:
    most = max(abs(value) for _meter, value in values) or 1.0
    step = box.h / len(values)
    for index, (meter, value) in enumerate(values):
        y = box.y + step * index
        bar = Box(box.x + 130, y + step / 2 - 6, box.w - 200, 12)
        yield text(box.x, bar.y + 10, meter["meter_name"])
        yield rectangle(bar, "rest")
        yield rectangle(bar._replace(w=bar.w * abs(value) / most), fill=BLUE)
        yield text(box.x + box.w, bar.y + 10, f"{value:.1f} kW", "last")


# ---- The scene


def scene(site: Site, model: bytes, last: c.Mapping[Key, Plain], box: Box) -> c.Iterator[str]:
    """The rooms' floors and the cabinets of the 3D model, seen from the front and above, and the tags of the meters."""
    nodes = [node for node in nodes_of(model) if node["mesh"] != ROOM]
    tags = places(site).of_meter
    flat = [seen(corner) for node in nodes for corner in corners(node)] + [seen(to_viewer(place.tag)) for place in tags.values()]
    left, top = (min(point[axis] for point in flat) for axis in (0, 1))
    right, bottom = (max(point[axis] for point in flat) for axis in (0, 1))
    scale = min(box.w / (right - left), (box.h - 24) / (bottom - top))

    def at(point: c.Sequence[float]) -> tuple[float, float]:
        u, v = seen(point)
        return box.x + (u - left) * scale + (box.w - (right - left) * scale) / 2, box.y + (v - top) * scale + (
            box.h - (bottom - top) * scale
        ) / 2

    for node in sorted(nodes, key=lambda node: (node["translation"][1], node["translation"][2])):
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(corner) for corner in corners(node)))
        yield f'<polygon class="{"floor" if node["mesh"] == FLOOR else "cabinet"}" points="{points}"/>'
    for meter in meters(site):
        x, y = at(to_viewer(tags[meter["panel_id"], meter["meter_id"]].tag))
        yield circle(x, y, colour(meter, last[meter["panel_id"], meter["meter_id"]]["kW"]), 4.5)


def nodes_of(model: bytes) -> list[Plain]:
    """Of a binary glTF file; its description is the first chunk."""
    (size,) = struct.unpack_from("<I", model, 12)
    return list(json.loads(model[20 : 20 + size])["nodes"])


def corners(node: Plain) -> list[tuple[float, float, float]]:
    """Of a floor its upper face, of a cabinet its front."""
    (x, y, z), (w, h, d) = node["translation"], node["scale"]
    if node["mesh"] == FLOOR:
        return [(x + sx * w / 2, y + h / 2, z + sz * d / 2) for sx, sz in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    return [(x + sx * w / 2, y + sy * h / 2, z + d / 2) for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1))]


def seen(point: c.Sequence[float]) -> tuple[float, float]:
    x, y, z = point
    return x - 0.45 * z, 0.5 * z - y


# ---- SVG


def text(x: float, y: float, content: str, kind: str = "") -> str:
    look = f' class="{kind}"' if kind else ""
    return f'<text{look} x="{x:.1f}" y="{y:.1f}">{html.escape(content)}</text>'


def rectangle(box: Box, kind: str = "", fill: str = "") -> str:
    look = f'class="{kind}"' if kind else f'fill="{fill}"'
    return f'<rect {look} x="{box.x:.1f}" y="{box.y:.1f}" width="{box.w:.1f}" height="{box.h:.1f}"/>'


def circle(x: float, y: float, fill: str, radius: float = 4.0) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{fill}"/>'


def fitted(content: str, most: float) -> str:
    return content if len(content) <= most else content[: max(1, int(most) - 1)] + "…"


def example() -> str:
    site = parse_site(read_yaml(FOLDER.relative_to(CHECKOUT) / "site.yml")["site"], FOLDER.name)
    return draw(site, (FOLDER / str(site.model)).read_bytes(), json.loads(READINGS.read_text()))


if __name__ == "__main__":
    pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else RESULT).write_text(example())
