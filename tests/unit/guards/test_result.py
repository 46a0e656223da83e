# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The picture of the result in the README shows what the collection makes of the example plant today."""

from __future__ import annotations

import html
import json
import typing as t
from xml.etree import ElementTree

from ansible_collections.energytwin.aws.plugins.module_utils._site.model import Site
from ansible_collections.energytwin.aws.plugins.module_utils._site.parse import parse_site
from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import meters
from tests.tools import draw_result
from tests.tools.checkout import CHECKOUT, read_yaml


def example() -> tuple[Site, bytes, dict[str, t.Any]]:
    folder = draw_result.FOLDER
    site = parse_site(read_yaml(folder.relative_to(CHECKOUT) / "site.yml")["site"], folder.name)
    return site, (folder / str(site.model)).read_bytes(), json.loads(draw_result.READINGS.read_text())


def test_the_picture_is_the_one_of_the_example_plant() -> None:
    assert draw_result.RESULT.read_text() == draw_result.example(), "draw it again: PYTHONPATH=.build python -m tests.tools.draw_result"


def test_it_is_an_svg_that_shows_every_meter_and_says_what_it_is() -> None:
    drawn = draw_result.example()
    texts = {html.unescape(element.text or "") for element in ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")}
    assert {meter["meter_name"] for meter in meters(example()[0])} <= texts
    assert {"Site", "Panel", "Meters", "Gateways"} <= texts
    assert "Not a screenshot." in drawn


def test_a_meter_above_its_limits_stands_out() -> None:
    site, model, readings = example()
    assert draw_result.RED not in draw_result.draw(site, model, readings)
    readings["last"][0]["kW"] = 96.0
    assert draw_result.RED in draw_result.draw(site, model, readings)
