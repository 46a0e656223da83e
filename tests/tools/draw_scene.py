# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""draw_scene [RESULT.png]: the example plant's scene in AWS's own viewer, the one that Grafana's TwinMaker app shows scenes with.

The viewer comes from npm (``tests/scene_viewer/package.json``) and draws in Chromium, with the readings of ``result_readings.json``. It fails
if the viewer complains of the scene, does not ask for a binding, or does not find a tag where a click is made.
Needs Node.js 20 with npm, and a Chromium (environment variable CHROMIUM; else ``chromium`` in the path).
"""

from __future__ import annotations

import json
import math
import os
import pathlib
import shutil
import subprocess
import sys
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.dashboard_names import camera_name
from ansible_collections.energytwin.aws.plugins.module_utils._site.model import Position
from ansible_collections.energytwin.aws.plugins.module_utils._site.parse import parse_site
from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import component_name
from ansible_collections.energytwin.aws.plugins.module_utils._site.scene import FIELD_OF_VIEW, scene
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.scenes import as_bytes
from tests.tools.checkout import CHECKOUT, read_yaml

FOLDER = CHECKOUT / "inventories/local/host_vars/example-plant"
READINGS = pathlib.Path(__file__).with_name("result_readings.json")
VIEWER = CHECKOUT / "tests/scene_viewer"
PLACE = CHECKOUT / ".cache/scene_viewer"
RESULT = CHECKOUT / "docs/scene.png"
GRAFANA = "https://grafana.invalid"

WIDTH, HEIGHT = 1000, 560
SECONDS = 900
# Panel, meter and property with another value than it was read with, so that every icon is to be seen; None for a silent meter.
OTHERS: dict[tuple[str, str, str], float | None] = {
    ("mech-rooftop", "5", "kW"): 42.0,
    ("db-office", "2", "kW"): 6.5,
    ("light-hall-1", "2", "kW"): None,
}

Plain = dict[str, t.Any]


def viewer_input(browser: str) -> Plain:
    """What draw.mjs takes: what is asked of AWS, and where tags are to be clicked."""
    site = parse_site(read_yaml(FOLDER.relative_to(CHECKOUT) / "site.yml")["site"], FOLDER.name)
    document = scene(site, GRAFANA)
    (PLACE / "scene.json").write_bytes(as_bytes(document))
    values = {(reading["panel"], reading["meter"], "kW"): reading["kW"] for reading in json.loads(READINGS.read_text())["last"]} | OTHERS
    camera = next(node for node in document["nodes"] if node["name"] == camera_name(site.id))
    tags = [(node, component) for node in document["nodes"] for component in node["components"] if component["type"] == "Tag"]
    bound = [(node, component["valueDataBinding"]["dataBindingContext"]) for node, component in tags]
    # Tags stand close to each other: the click is made on the last of each panel, over which none lies.
    last = {context["entityId"]: (node, context) for node, context in bound}
    clicks = []
    for node, context in last.values():
        right, up = on_picture(node["transform"]["position"], camera["transform"])
        clicks.append({"name": f"{context['entityId']}/{context['componentName']}", "right": right, "up": up})
    return {
        "browser": browser,
        "bucket": "plant",
        "files": {"plant.json": str(PLACE / "scene.json"), str(site.model): str(FOLDER / str(site.model))},
        "values": {f"{panel}/{component_name(meter)}/{name}": value for (panel, meter, name), value in values.items() if value is not None},
        "bindings": ["/".join(context[key] for key in ("entityId", "componentName", "propertyName")) for _node, context in bound],
        "clicks": clicks,
        "settings": {
            "region": "eu-central-1",
            "workspaceId": "plant",
            "sceneId": "plant",
            "camera": camera["name"],
            "seconds": SECONDS,
            "width": WIDTH,
            "height": HEIGHT,
        },
    }


def on_picture(position: Position, camera: Plain) -> tuple[float, float]:
    """Where the viewer draws a place: to the right of the picture's middle and above it, in halves of its height.

    camera: its transform, with angles in three.js's order XYZ.
    """
    (x, y, z), (a, b, c) = [one - other for one, other in zip(position, camera["position"], strict=True)], camera["rotation"]
    # The camera is turned by Rx(a) Ry(b) Rz(c), and what it sees therefore by the same angles back, in the other order.
    y, z = y * math.cos(a) + z * math.sin(a), z * math.cos(a) - y * math.sin(a)
    x, z = x * math.cos(b) - z * math.sin(b), z * math.cos(b) + x * math.sin(b)
    x, y = x * math.cos(c) + y * math.sin(c), y * math.cos(c) - x * math.sin(c)
    far = -z * math.tan(math.radians(FIELD_OF_VIEW) / 2)
    return x / far, y / far


def main(result: str = str(RESULT)) -> None:
    browser = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if browser is None or shutil.which("npm") is None:
        sys.exit("The picture takes Node.js with npm, and Chromium: install them, or name the browser in CHROMIUM.")
    PLACE.mkdir(parents=True, exist_ok=True)
    for path in VIEWER.iterdir():
        shutil.copy(path, PLACE)
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--legacy-peer-deps"], cwd=PLACE, check=True)
    (PLACE / "input.json").write_text(json.dumps(viewer_input(browser), indent=1))
    done = subprocess.run(["node", "draw.mjs", "input.json", str(pathlib.Path(result).resolve())], cwd=PLACE, check=False)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main(*sys.argv[1:])
