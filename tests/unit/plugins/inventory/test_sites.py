# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory that ansible makes of sheets."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml
from ansible.constants import config
from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import fragment_loader
from ansible.utils.display import Display
from ansible.utils.plugin_docs import get_docstring

from ansible_collections.energytwin.aws.plugins.inventory import sites
from ansible_collections.energytwin.aws.plugins.module_utils._site.parse import SiteError, parse_site
from tests.tools import fleet_inventory

ROWS = "Area,Panel,Meter,Name,Phases,Gateway\n"
NORTH = f"Region,eu-central-1\nRing,canary\n{ROWS}Roof,mdb,5,Chiller,3,gw-1\n"
SOUTH = f"Region,us-east-1\n{ROWS}Hall,mdb,1,{{{{ 1 + 1 }}}},1,gw-2\nHall,mdb,2,Lamp,1,\n"
SOURCE: dict[str, t.Any] = {
    "plugin": "energytwin.aws.sites",
    "sites": ["../sheets"],
    "defaults": {"name": "Plant {site}", "topic": "energy/{site}"},
    "compose": {"stack_name": "'twin-' ~ inventory_hostname"},
    "groups": {"small": "site is defined and site_gateways | length < 2"},
    "keyed_groups": [
        {"key": "aws_region", "prefix": "region"},
        {"key": "rollout_ring", "prefix": "ring"},
        {"key": "gateway_site | default(inventory_hostname)", "prefix": "site"},
    ],
}


@pytest.fixture
def source(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "sheets").mkdir()
    (tmp_path / "inventory").mkdir()
    (tmp_path / "sheets/north.csv").write_text(NORTH)
    (tmp_path / "sheets/south.csv").write_text(SOUTH)
    return write(tmp_path / "inventory/10-sites.yml")


def write(path: pathlib.Path, **options: t.Any) -> pathlib.Path:
    path.write_text(yaml.safe_dump(SOURCE | options))
    return path


def made() -> t.Any:
    """The plugin as Ansible's loader makes it, without the search for its collection."""
    documented = get_docstring(sites.__file__, fragment_loader, plugin_type="inventory")[0]
    config.initialize_plugin_configuration_definitions("inventory", sites.InventoryModule.NAME, documented["options"])
    plugin: t.Any = sites.InventoryModule()
    plugin._load_name = plugin.ansible_name = plugin.NAME
    plugin._redirected_names = [plugin.NAME]
    return plugin


def load(source: pathlib.Path) -> InventoryData:
    inventory = InventoryData()
    plugin = made()
    assert plugin.verify_file(str(source))
    plugin.parse(inventory, DataLoader(), str(source))
    if plugin.get_option("cache"):
        plugin.update_cache_if_changed()
    return inventory


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What Ansible warns of."""
    told: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda _display, text, formatted=False: told.append(text))
    return told


def members(inventory: InventoryData, group: str) -> list[str]:
    return sorted(host.name for host in inventory.groups[group].get_hosts())


def test_sites_and_gateways_are_hosts_in_their_groups(source: pathlib.Path) -> None:
    inventory = load(source)
    assert (members(inventory, "sites"), members(inventory, "gateways")) == (["north", "south"], ["gw-1", "gw-2"])
    north = inventory.hosts["north"].vars
    assert parse_site(north["site"], "north", north["site_gateways"]).name == "Plant north"
    assert (north["aws_region"], north["rollout_ring"], north["site_gateways"]) == ("eu-central-1", "canary", ["gw-1"])
    assert inventory.hosts["gw-2"].vars["gateway_site"] == "south"


def test_groups_are_made_of_what_the_sheets_say(source: pathlib.Path) -> None:
    inventory = load(source)
    assert (
        members(inventory, "site_north")
        == members(inventory, "ring_canary")
        == members(inventory, "region_eu_central_1")
        == ["gw-1", "north"]
    )
    assert members(inventory, "region_us_east_1") == ["gw-2", "south"]
    assert members(inventory, "small") == ["north", "south"]
    assert inventory.hosts["north"].vars["stack_name"] == "twin-north"


def test_the_example_fleet_is_in_groups_by_region_ring_model_and_site(tmp_path: pathlib.Path) -> None:
    inventory = load(fleet_inventory.write_source(tmp_path, sites=6, gateways=3, meters=6) / "10-sites.yml")
    every = {f"plant-{number:03}": [f"gw-{number:03}-{index:02}" for index in (1, 2, 3)] for number in range(1, 7)}

    def with_gateways(*numbers: int) -> list[str]:
        return sorted(name for number in numbers for name in (f"plant-{number:03}", *every[f"plant-{number:03}"]))

    assert members(inventory, "sites") == sorted(every)
    assert members(inventory, "region_eu_central_1") == with_gateways(3, 6)
    assert (members(inventory, "ring_canary"), members(inventory, "ring_general")) == (with_gateways(1, 2), with_gateways(3, 4, 5, 6))
    assert members(inventory, "gateway_model_moxa_uc_2100") == [gateways[1] for gateways in every.values()]
    assert members(inventory, "site_plant_005") == with_gateways(5)


def test_what_a_sheet_says_is_no_template(source: pathlib.Path) -> None:
    (meter, _lamp) = load(source).hosts["south"].vars["site"]["areas"][0]["panels"][0]["meters"]
    assert meter["name"] == "{{ 1 + 1 }}"
    assert not getattr(meter["name"], "_tags", None)


def test_all_faults_are_told_in_the_order_of_files_and_rows(source: pathlib.Path) -> None:
    sheets = source.parents[1] / "sheets"
    rows = "".join(f"Roof,mdb,{number},M{number},2,\n" for number in range(1, 12))
    (sheets / "west.csv").write_text(ROWS + rows)
    (sheets / "east.csv").write_text(ROWS)
    write(source, faulty_sites="refuse")
    with pytest.raises(AnsibleParserError) as caught:
        load(source)
    lines = str(caught.value).splitlines()
    assert lines[:3] == [
        "The sheets have 12 faults:",
        "- ../sheets/east.csv, areas: is missing; a site has at least one area with a panel and a meter",
        "- ../sheets/west.csv, row 2, column E (Phases): 2 is no number of phases; write 1 or 3",
    ]
    assert lines[-1].startswith("- ../sheets/west.csv, row 12, ")


def test_many_faults_are_counted(source: pathlib.Path) -> None:
    rows = "".join(f"Roof,mdb-{number},1,M,2,\n" for number in range(sites.TOLD + 5))
    (source.parents[1] / "sheets/west.csv").write_text(ROWS + rows)
    write(source, faulty_sites="refuse")
    with pytest.raises(AnsibleParserError, match=r"- and 5 more$"):
        load(source)


def test_a_faulty_site_is_kept_with_its_faults_and_the_others_as_they_are(source: pathlib.Path, warnings: list[str]) -> None:
    whole = load(source)
    assert warnings == []
    (source.parents[1] / "sheets/north.csv").write_text(NORTH.replace(",3,gw-1", ",2,gw-1"))
    write(source, strict=True, compose={"title": "site.name if site is defined else ''"}, keyed_groups=SOURCE["keyed_groups"][::2])
    inventory = load(source)
    fault = "../sheets/north.csv, row 4, column E (Phases): 2 is no number of phases; write 1 or 3"
    own = {name: value for name, value in inventory.hosts["north"].vars.items() if not name.startswith("inventory_")}
    assert own == {
        "site": {"faults": [fault]},
        "site_gateways": [],
        "aws_region": "eu-central-1",
        "rollout_ring": "canary",
    }
    assert (members(inventory, "sites"), members(inventory, "gateways")) == (["north", "south"], ["gw-2"])
    assert (members(inventory, "site_north"), members(inventory, "site_south")) == (["north"], ["gw-2", "south"])
    assert inventory.hosts["south"].vars["site"] == whole.hosts["south"].vars["site"]
    assert inventory.hosts["south"].vars["title"] == "Plant south"
    (warning,) = warnings
    assert warning.startswith(
        "These sites will fail, and their gateways be left alone, because of their sheets: north. The sheets have 1 fault:"
    )
    assert fault in warning


def test_whatever_is_done_with_a_faulty_site_fails_with_its_faults(source: pathlib.Path) -> None:
    (source.parents[1] / "sheets/north.csv").write_text(NORTH.replace(",3,gw-1", ",2,gw-1"))
    kept = load(source).hosts["north"].vars["site"]
    with pytest.raises(SiteError) as caught:
        parse_site(kept, "north", [])
    assert list(caught.value.problems) == kept["faults"]


@pytest.mark.parametrize("options", [{"sites": ["../nowhere"]}, {"defaults": {"topik": "x"}}], ids=["no files", "an unknown default"])
def test_what_is_wrong_with_the_source_itself_makes_no_inventory(source: pathlib.Path, options: dict[str, t.Any]) -> None:
    write(source, **options)
    with pytest.raises(AnsibleParserError, match="The sheets have 1 fault"):
        load(source)


def test_faults_are_told_and_refused_from_the_cache_too(source: pathlib.Path, monkeypatch: pytest.MonkeyPatch, warnings: list[str]) -> None:
    cached = {"cache": True, "cache_plugin": "jsonfile", "cache_connection": str(source.parents[1] / "cache")}
    (source.parents[1] / "sheets/north.csv").write_text(NORTH.replace(",3,gw-1", ",2,gw-1"))
    write(source, **cached)
    first = load(source)
    monkeypatch.setattr(sites, "read_fleet", None)
    assert load(source).hosts["north"].vars == first.hosts["north"].vars
    assert len(warnings) == 2 and warnings[0] == warnings[1]
    write(source, **cached, faulty_sites="refuse")
    with pytest.raises(AnsibleParserError, match="column E"):
        load(source)


def test_a_cache_is_of_the_files_as_they_are(source: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(source, cache=True, cache_plugin="jsonfile", cache_connection=str(source.parents[1] / "cache"))
    first = load(source)
    monkeypatch.setattr(sites, "read_fleet", None)
    again = load(source)
    assert again.hosts["north"].vars == first.hosts["north"].vars
    assert members(again, "ring_canary") == ["gw-1", "north"]
    monkeypatch.undo()
    (source.parents[1] / "sheets/north.csv").write_text(NORTH.replace("canary", "general"))
    assert load(source).hosts["north"].vars["rollout_ring"] == "general"


@pytest.mark.parametrize("number", range(3))
def test_the_examples_of_the_documentation_are_sources(source: pathlib.Path, number: int) -> None:
    example = list(yaml.safe_load_all(sites.EXAMPLES))[number]
    (source.parents[1] / "from_the_field").symlink_to("sheets")
    (source.parents[1] / "own").mkdir()
    (source.parents[1] / "own/own.yml").write_text(
        "site: {areas: [{id: hall, name: Hall, panels: [{id: own-mdb, name: M, meters: [{id: 1, name: M, phases: 1}]}]}]}"
    )
    example["sites"] = [pattern.replace("*.xlsx", "*.csv") for pattern in example["sites"]]
    example["defaults"] = SOURCE["defaults"] | example.get("defaults", {})
    source.write_text(yaml.safe_dump(example))
    assert {"north", "south"} <= set(members(load(source), "sites"))


def test_other_files_are_not_for_this_plugin(tmp_path: pathlib.Path) -> None:
    (tmp_path / "hosts.ini").write_text("[sites]\n")
    plugin = made()
    assert not plugin.verify_file(str(tmp_path / "hosts.ini"))
    with pytest.raises(AnsibleParserError, match="Incorrect plugin name"):
        plugin.parse(InventoryData(), DataLoader(), str(write(tmp_path / "a.yml", plugin="other")))
