# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Meter models: what comes with the program, what a site adds, and what is said about mistakes."""

from __future__ import annotations

import copy
import importlib
import json
import pathlib
import re
import sys
import typing as t
import zipfile

import pytest
import yaml

from meter_gateway import models
from meter_gateway.models import ModelFaults, load
from tests.tools.checkout import CHECKOUT

FOLDER = CHECKOUT / "roles/edge_gateway/files/meter_models"
PAGE = CHECKOUT / "docs/adding_a_meter_model.md"

GOOD: dict[str, t.Any] = {
    "title": "Acme E1",
    "source": ["Acme, E1 manual, page 7"],
    "registers": "input",
    "max_registers": 20,
    "properties": {"v1": {"address": 0, "type": "u16", "unit": "V", "scale": 0.1}, "kW": {"address": "0x10", "type": "s32", "unit": "W"}},
}
SETTING = {"registers": "holding", "address": 1, "type": "u16", "remedy": "Set it."}


def faults(change: t.Callable[[dict[str, t.Any]], object]) -> list[str]:
    """What is said about the good model with a change."""
    data = copy.deepcopy(GOOD)
    change(data)
    with pytest.raises(ModelFaults) as caught:
        load({}, {"acme_e1": data})
    return caught.value.sentences


def test_the_models_that_are_promised_are_there() -> None:
    assert set(load(models.bundled(), {})) == {
        "abb_b23",
        "abb_b24",
        "carlo_gavazzi_em330",
        "carlo_gavazzi_em340",
        "eastron_sdm120",
        "eastron_sdm230",
        "eastron_sdm630",
        "eastron_sdm72d_m_v2",
        "janitza_b_series",
        "janitza_umg96rm",
        "schneider_iem3000",
        "schneider_pm5000",
    }


def test_every_model_names_sources_and_measures_power_and_energy() -> None:
    for name, model in load(models.bundled(), {}).items():
        assert len(model.source) >= 2, f"{name}: a map that only one source has is not to be trusted"
        assert {"v1", "i1", "kW", "kWhImport"} <= {one.name for one in model.registers}, name


def test_json_carries_a_model_as_well_as_yaml_does() -> None:
    data = models.from_folder(FOLDER)
    assert load(json.loads(json.dumps(data)), {}) == load(data, {})


def test_in_a_zipapp_the_models_are_json(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "gateway.pyz"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in (FOLDER.parent / "meter_gateway").glob("*.py"):
            packed.write(path, f"packed_gateway/{path.name}")
        packed.writestr("packed_gateway/models.json", json.dumps({"acme_e1": GOOD}))
    monkeypatch.syspath_prepend(str(archive))
    unpacked = importlib.import_module("packed_gateway.models")

    try:
        assert unpacked.bundled() == {"acme_e1": GOOD}
    finally:
        for name in [name for name in sys.modules if name.startswith("packed_gateway")]:
            del sys.modules[name]


def test_a_site_adds_models_and_replaces_bundled_ones() -> None:
    found = load(models.bundled(), {"acme_e1": GOOD, "abb_b23": GOOD})
    assert found["acme_e1"].registers[0].factor == pytest.approx(0.1)
    assert found["acme_e1"].registers[1].address == 16
    assert found["acme_e1"].registers[1].factor == 0.001
    assert found["abb_b23"].title == "Acme E1"


def test_all_faults_of_all_models_are_said_at_once() -> None:
    bad = {**GOOD, "registers": "coils", "max_registers": 500}
    with pytest.raises(ModelFaults) as caught:
        load({}, {"one": bad, "two": None, "three": GOOD})
    assert "Meter model one: registers is 'coils': it takes one of input, holding." in caught.value.sentences
    assert "Meter model one: max_registers is 500: it takes a whole number from 1 to 125." in caught.value.sentences
    assert "Meter model two: is None: give a mapping." in caught.value.sentences
    assert not [sentence for sentence in caught.value.sentences if "three" in sentence]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda data: data.pop("title"), "Meter model acme_e1: title is missing: give a text."),
        (lambda data: data.update(word_ordr="big"), "Meter model acme_e1: unknown key 'word_ordr': did you mean 'word_order'."),
        (lambda data: data.update(properties={}), "Meter model acme_e1: has no properties: give at least one under `properties`."),
        (
            lambda data: data["properties"].update(kwhImport={"address": 1, "type": "u16", "unit": "kWh"}),
            "Meter model acme_e1: properties: unknown property 'kwhImport': did you mean 'kWhImport'.",
        ),
        (
            lambda data: data["properties"]["v1"].update(address=65536),
            "Meter model acme_e1, properties.v1: address is 65536: it takes a whole number from 0 to 65535.",
        ),
        (
            lambda data: data["properties"]["v1"].update(address=65535, type="u32"),
            "Meter model acme_e1, properties.v1: address 65535 with type u32 goes beyond register 65535: correct one of them.",
        ),
        (
            lambda data: data.update(ranges=[[0, 16]]),
            "Meter model acme_e1, properties.kW: address 0x0010 (type s32) is outside the meter's map (0x0000 to 0x0010): "
            "correct it or `ranges`.",
        ),
        (
            lambda data: data["properties"]["v1"].update(type="f16"),
            "Meter model acme_e1, properties.v1: type is 'f16': it takes one of u16, s16, u32, s32, u64, s64, f32, f64.",
        ),
        (
            lambda data: data["properties"]["v1"].update(unit="kWh"),
            "Meter model acme_e1, properties.v1: unit is 'kWh': it takes one of V, kV, mV.",
        ),
        (
            lambda data: data["properties"]["v1"].update(scale=0),
            "Meter model acme_e1, properties.v1: scale is 0: give the factor between the stored number and the unit.",
        ),
        (
            lambda data: data["properties"]["v1"].update(scale="0.1"),
            "Meter model acme_e1, properties.v1: scale is '0.1': give a number.",
        ),
        (
            lambda data: data["properties"]["v1"].update(limits=[5, 1]),
            "Meter model acme_e1, properties.v1: limits is [5, 1]: give the lowest and the highest, as in [0, 100].",
        ),
        (
            lambda data: data.update(max_registers=1),
            "Meter model acme_e1, properties.kW: type s32 takes more words than max_registers = 1: correct one of them.",
        ),
        (
            lambda data: data.update(absent={"u23": [255]}),
            "Meter model acme_e1: absent: unknown type 'u23': did you mean 'u32'.",
        ),
        (lambda data: data.update(absent={"u16": 65535}), "Meter model acme_e1, absent: u16 is 65535: give a list."),
        (
            lambda data: data.update(settings=[{**SETTING, "refuse": ["x"]}]),
            "Meter model acme_e1, settings[0]: refuse is ['x']: give a list of numbers.",
        ),
        (
            lambda data: data["properties"]["v1"].update(scale=float("inf")),
            "Meter model acme_e1, properties.v1: scale is inf: give a number.",
        ),
        (
            lambda data: data["properties"]["v1"].update(limits=[0, float("inf")]),
            "Meter model acme_e1, properties.v1: limits is [0, inf]: give the lowest and the highest, as in [0, 100].",
        ),
        (
            lambda data: data["properties"]["v1"].update(address=float("inf")),
            "Meter model acme_e1, properties.v1: address is inf: it takes a whole number from 0 to 65535.",
        ),
        (
            lambda data: data.update(identity={"registers": "holding", "address": 1}),
            "Meter model acme_e1, identity: takes either `numbers` or `texts`.",
        ),
    ],
)
def test_a_mistake_is_one_sentence_with_model_place_value_and_remedy(change: t.Callable[[dict[str, t.Any]], object], sentence: str) -> None:
    assert faults(change) == [sentence]


def test_the_worked_example_of_the_page_is_a_model() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    custom = [yaml.safe_load(block)["edge_gateway_models"] for block in blocks if "edge_gateway_models" in block]
    assert len(custom) == 1
    assert load(models.bundled(), custom[0])


def test_the_page_lists_every_key_and_unit_of_a_model() -> None:
    page = PAGE.read_text(encoding="utf-8")
    keys = {key for data in models.bundled().values() for key in data}
    keys |= {key for data in models.bundled().values() for one in data["properties"].values() for key in one}
    units = {unit for units in models.UNITS.values() for unit in units}
    assert not [key for key in sorted(keys | units) if f"`{key}`" not in page]
