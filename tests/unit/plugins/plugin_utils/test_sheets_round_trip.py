# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever a site is, its sheets say the same site."""

from __future__ import annotations

import itertools
import pathlib
import tempfile
import typing as t

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.energytwin.aws.plugins.module_utils._site.fields import Problems
from ansible_collections.energytwin.aws.plugins.module_utils._site.model import Site
from ansible_collections.energytwin.aws.plugins.module_utils._site.parse import parse_site
from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import plain
from ansible_collections.energytwin.aws.plugins.module_utils._site.properties import measured_by
from ansible_collections.energytwin.aws.plugins.plugin_utils._sheets.fleet import find_files, read_fleet
from tests.tools import sheets

Plain = dict[str, t.Any]
SITE_ID = "plant-1"
FORMS = ("csv", "csv;", "xlsx", "yaml")

# What a person writes into a cell; a text that begins with = is a formula in Excel.
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12).filter(
    lambda text: text[0] not in "=#"
)
# Excel keeps 15 digits.
NUMBERS = st.integers(-1000, 1000).map(float) | st.floats(-1e6, 1e6, allow_nan=False).map(lambda number: round(number, 6))
POSITIONS = st.none() | st.lists(NUMBERS, min_size=3, max_size=3)
LIMITS = st.fixed_dictionaries(
    {}, optional={"warning": st.floats(-100, 0).map(lambda number: round(number, 6)), "alarm": st.integers(1, 100)}
).filter(bool)
METERS = st.fixed_dictionaries(
    {"phases": st.sampled_from([1, 3]), "name": TEXTS},
    optional={
        "model": TEXTS,
        "gateway": st.sampled_from(["gw-1", "gw-2"]),
        "address": st.booleans(),
        "serial": st.booleans(),
        "incomer": st.just(True),
    },
)
PANELS = st.fixed_dictionaries({"position": POSITIONS, "meters": st.lists(METERS, max_size=3)})
AREAS = st.recursive(
    st.fixed_dictionaries({"position": POSITIONS, "panels": st.lists(PANELS, max_size=2)}),
    lambda inner: st.fixed_dictionaries(
        {"position": POSITIONS, "panels": st.lists(PANELS, max_size=2), "areas": st.lists(inner, max_size=2)}
    ),
    max_leaves=3,
)


def meter(draw: st.DrawFn, drawn: Plain, number: int) -> Plain:
    """The meter with an id, and with an address and a serial number of its own where it has them."""
    own = {key: f"{key[0]}/{number}" for key in ("address", "serial") if drawn.pop(key, False)}
    limited = draw(st.lists(st.sampled_from(measured_by(drawn["phases"])), max_size=2, unique=True))
    # In the order of the columns.
    limits = {name: draw(LIMITS) for name in sorted(limited)}
    return {**drawn, **own, "id": draw(st.from_regex(r"[A-Za-z0-9_-]{1,6}", fullmatch=True)) + f"-{number}", "limits": limits}


def numbered(draw: st.DrawFn, drawn: Plain, numbers: t.Iterator[int]) -> Plain:
    number = next(numbers)
    part: Plain = {"id": f"node-{number}", "name": draw(TEXTS) + f" {number}", "position": drawn["position"]}
    if "meters" in drawn:
        part |= {"fed_from": "sure-panel"} if draw(st.booleans()) else {}
        part["meters"] = [meter(draw, {**one, "name": f"{one['name']} {number}"}, next(numbers)) for one in drawn["meters"]]
        for index, one in enumerate(part["meters"]):
            one["name"] += f".{index}"
    for key in ("areas", "panels"):
        if key in drawn:
            part[key] = [numbered(draw, one, numbers) for one in drawn[key]]
    return part


@st.composite
def sites(draw: st.DrawFn) -> Site:
    numbers = itertools.count()
    areas = [numbered(draw, area, numbers) for area in draw(st.lists(AREAS, max_size=2))]
    sure = {"id": "sure", "name": "Sure", "panels": [{"id": "sure-panel", "name": "P", "meters": [{"id": 1, "name": "M", "phases": 3}]}]}
    users = draw(st.lists(TEXTS, max_size=2, unique=True))
    people = [{"user": user, "role": draw(st.sampled_from(["admin", "editor", "viewer"]))} for user in users]
    said = {"name": draw(TEXTS), "topic": "energy/plant", "people": people, "areas": [*areas, sure]}
    return parse_site(said | draw(st.sampled_from([{}, {"model": "plant.glb", "timezone": "Europe/Berlin"}])), SITE_ID)


def write(folder: pathlib.Path, form: str, site: Plain) -> None:
    tables = sheets.tables(site)
    if form == "yaml":
        (folder / f"{SITE_ID}.yml").write_text(yaml.safe_dump({"site": site}, allow_unicode=True), "utf-8")
    elif form == "xlsx":
        (folder / f"{SITE_ID}.xlsx").write_bytes(sheets.as_xlsx(tables))
    else:
        for name, rows in tables.items():
            content = sheets.as_csv(rows, ";", ",") if form == "csv;" else sheets.as_csv(rows)
            (folder / f"{SITE_ID}.{name}.csv").write_bytes(content)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=15)
@given(site=sites())
def test_a_site_comes_back_from_its_sheets(form: str, site: Site) -> None:
    problems = Problems()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write(folder, form, plain(site))
        files = [(file.name, file) for file in find_files(folder, ["."], problems)]
        hosts = read_fleet(files, {}, [], problems)
    assert problems.sentences == []
    (host,) = hosts
    assert parse_site(host.variables["site"], host.site_id) == site
