# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Probe and scan: what a person sees who stands before the meters."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from meter_gateway import models, survey
from meter_gateway.modbus import NoConnection
from meter_gateway.settings import BusSettings, MeterSettings, Transport
from meter_simulator import server

MODELS = models.load(models.bundled(), {})
ON_THE_BUS = {3: "eastron_sdm630", 4: "carlo_gavazzi_em340", 7: "janitza_umg96rm", 9: "abb_b23", 11: "schneider_iem3000"}


class Site:
    def __init__(self, running: server.Running, transport: Transport) -> None:
        self.running = running
        self.settings = BusSettings("hall", transport, host="127.0.0.1", port=running.port("hall"), timeout_seconds=0.1, pause_seconds=0.0)

    def scan(self) -> dict[int, survey.Found]:
        return {found.unit: found for found in survey.scan(self.settings, MODELS, range(1, 13))}


@pytest.fixture(params=["tcp", "rtu_over_tcp"])
def site(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> t.Iterator[Site]:
    bus = {
        "id": "hall",
        "transport": request.param,
        "port": 0,
        "meters": [{"unit": unit, "model": model} for unit, model in ON_THE_BUS.items()],
    }
    with server.running({"buses": [bus]}, tmp_path / "faults.json", lambda: 1_780_000_000.0) as running:
        yield Site(running, request.param)


def test_a_probe_shows_each_value_with_its_words(site: Site) -> None:
    lines = survey.probe(site.settings, MeterSettings("hall", "9", 9, "abb_b23"), MODELS)
    assert [line.name for line in lines] == [register.name for register in MODELS["abb_b23"].registers]
    volts = lines[0]
    assert volts.value == pytest.approx((volts.words[0] << 16 | volts.words[1]) / 10)
    table = survey.describe_probe(lines).splitlines()
    assert table[0].split() == ["property", "value", "unit", "register", "type", "words"]
    assert table[1].split() == ["v1", f"{volts.value:g}", "V", "0x5B00", "u32", *(f"{word:04X}" for word in volts.words)]


def test_a_probe_says_why_a_value_is_absent(site: Site) -> None:
    site.running.fault("hall", 9, {"kind": "refuse", "properties": ["kWhExport"]})
    lines = {line.name: line for line in survey.probe(site.settings, MeterSettings("hall", "9", 9, "abb_b23"), MODELS)}
    assert (lines["kWhExport"].value, lines["kWhExport"].words) == (None, ())
    assert "absent: this meter refuses the register" in survey.describe_probe(lines.values())


def test_a_scan_finds_the_unit_ids_and_what_they_are(site: Site) -> None:
    found = site.scan()
    assert set(found) == set(ON_THE_BUS)
    for unit, model in ON_THE_BUS.items():
        assert model in found[unit].models
        assert found[unit].certain == (MODELS[model].identity is not None)
        if found[unit].certain:
            assert found[unit].models == (model,)


def test_a_meter_that_refuses_a_register_is_found_all_the_same(site: Site) -> None:
    site.running.fault("hall", 4, {"kind": "exception", "code": 2})
    assert site.scan()[4] == survey.Found(4, (), False)
    assert survey.describe_found(site.scan()[4]) == "unit   4: answers; no model fits it"


def test_a_damaged_answer_is_told(site: Site) -> None:
    site.running.fault("hall", 4, {"kind": "garbled"})
    found = site.scan()
    assert "do two meters have this unit id?" in survey.describe_found(found[4])
    assert set(found) == set(ON_THE_BUS)


def test_a_silent_meter_is_not_found_and_hides_no_other(site: Site) -> None:
    site.running.fault("hall", 4, {"kind": "timeout"})
    assert set(site.scan()) == set(ON_THE_BUS) - {4}


def test_a_scan_without_connection_ends_at_once(site: Site) -> None:
    settings = BusSettings("hall", "rtu", device="/dev/there-is-none")
    with pytest.raises(NoConnection, match="No such file or directory"):
        list(survey.scan(settings, MODELS))


def test_lines_for_people() -> None:
    assert survey.describe_found(survey.Found(3, ("a", "b"), False)) == "unit   3: may be a or b"
    assert survey.describe_found(survey.Found(12, ("a",), True)) == "unit  12: is a"
