# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWS's viewer is given for the picture of the scene, and where its tags are looked for. The picture itself takes npm and a browser."""

from __future__ import annotations

import json
import math
import pathlib

import pytest

from tests.tools import draw_scene


def test_every_tag_is_asked_for_and_all_but_the_silent_have_values(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draw_scene, "PLACE", tmp_path)
    made = draw_scene.viewer_input("chromium")
    document = json.loads((tmp_path / "scene.json").read_bytes())
    tags = [component for node in document["nodes"] for component in node["components"] if component["type"] == "Tag"]
    assert len(made["bindings"]) == len(tags) == 14
    assert {*made["bindings"]} - {*made["values"]} == {"light-hall-1/meter-2/kW"}
    assert all(pathlib.Path(path).is_file() for path in made["files"].values())
    assert len(made["clicks"]) == 6, "one for each panel"
    assert all(math.hypot(click["right"], click["up"]) < 1 for click in made["clicks"]), "within the picture"


def test_what_lies_ahead_is_in_the_middle_and_what_is_at_its_right_is_right() -> None:
    ahead = {"position": [1, 2, 10], "rotation": [0, 0, 0]}
    assert draw_scene.on_picture((1, 2, 0), ahead) == (0, 0)
    right, up = draw_scene.on_picture((2, 2, 0), ahead)
    assert right > 0 and up == 0
    turned = {"position": [10, 2, 1], "rotation": [0, math.pi / 2, 0]}
    right, up = draw_scene.on_picture((0, 3, 0), turned)
    assert right > 0 and up > 0, "it looks along -x; -z is at its right"
