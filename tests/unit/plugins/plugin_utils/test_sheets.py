# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sheets as they arrive from the field: what is taken, and what is told of the rest."""

from __future__ import annotations

import datetime
import io
import pathlib
import typing as t
import zipfile
from unittest import mock

import openpyxl
import pytest

from ansible_collections.energytwin.aws.plugins.module_utils._site.fields import Problems
from ansible_collections.energytwin.aws.plugins.module_utils._site.parse import METER_KEYS, PANEL_KEYS, SITE_KEYS
from ansible_collections.energytwin.aws.plugins.plugin_utils._sheets.columns import METERS, PANELS, SHEETS, SITE, limit_of
from ansible_collections.energytwin.aws.plugins.plugin_utils._sheets.fleet import SiteHosts, find_files, read_fleet
from ansible_collections.energytwin.aws.plugins.plugin_utils._sheets.tables import letter

Plain = dict[str, t.Any]
DEFAULTS = {"name": "{site}", "topic": "energy/{site}"}
HEADING = "Area,Panel,Meter,Name,Phases"
GOOD = f"{HEADING}\nRoof,MDB,5,Chiller,3\n"


class Folder:
    """A folder of sheets, and what is read from it."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self.problems: list[str] = []

    def write(self, name: str, content: str | bytes) -> None:
        (self.path / name).write_bytes(content.encode() if isinstance(content, str) else content)

    def hosts(self, *ignore: str, **defaults: str) -> list[SiteHosts]:
        problems = Problems()
        files = [(file.name, file) for file in find_files(self.path, ["."], problems)]
        found = read_fleet(files, {**DEFAULTS, **defaults}, list(ignore), problems)
        self.problems = [*problems.sentences, *(fault for host in found for fault in host.faults)]
        return found

    def site(self, *ignore: str) -> Plain:
        (host,) = self.hosts(*ignore)
        assert self.problems == []
        return host.variables["site"]

    def faults(self, content: str | bytes, name: str = "plant.csv", *ignore: str) -> list[str]:
        self.write(name, content)
        self.hosts(*ignore)
        return self.problems


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> Folder:
    return Folder(tmp_path)


def meters(site: Plain) -> list[Plain]:
    return [meter for area in site["areas"] for panel in area["panels"] for meter in panel["meters"]]


def workbook(*sheets: tuple[str, list[list[t.Any]]]) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    return book


def saved(book: openpyxl.Workbook) -> bytes:
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def rows_of(text: str) -> list[list[t.Any]]:
    return [[cell or None for cell in line.split(",")] for line in text.splitlines()]


def test_every_key_of_the_site_model_has_a_column() -> None:
    assert set(SITE_KEYS) - {"areas", "people"} <= SHEETS[SITE].columns.keys()
    assert set(PANEL_KEYS) - {"id", "meters", "position"} <= SHEETS[PANELS].columns.keys()
    assert set(METER_KEYS) - {"limits", "position"} <= SHEETS[METERS].columns.keys()


def test_a_list_from_the_field_with_its_habits(folder: Folder) -> None:
    folder.write(
        "plant-north.csv",
        "Meter list; rev. 3\n"
        "Site name:;Werk Nörd\n"
        "Region;eu-central-1\n"
        ";;;\n"
        "Location;Distribution board;Meter-No.;Description;Type;Phases (1/3);Gateway;Unit ID;Warning [kW];Alarm kW;V1 alarm;X (m);y;z;Remarks\n"
        "Hall 1 > Compressors;MDB 1;007;Comp 1;eastron_sdm630;3~;gw-1;5;22,5;26;;1,5;2;-3;by the door\n"
        "\n"
        'Hall 1;"MDB 2, lights";7;Comp 2;;1-phase;;;;;250;;;;\n'.replace("Phases (1/3)", "Phases").replace(
            "Meter list; rev. 3", "Meter list"
        ),
    )
    (host,) = folder.hosts()
    assert folder.problems == []
    assert (host.site_id, host.variables["aws_region"], host.variables["site_gateways"]) == ("plant-north", "eu-central-1", ["gw-1"])
    assert host.gateways == {"gw-1": {"gateway_site": "plant-north", "aws_region": "eu-central-1"}}
    site = host.variables["site"]
    assert (site["name"], site["topic"]) == ("Werk Nörd", "energy/plant-north")
    (hall,) = site["areas"]
    assert (hall["id"], hall["name"], hall["panels"][0]["id"], hall["areas"][0]["id"]) == (
        "hall-1",
        "Hall 1",
        "mdb-2-lights",
        "Compressors",
    )
    assert hall["areas"][0]["panels"][0]["meters"] == [
        {
            "id": "007",
            "name": "Comp 1",
            "model": "eastron_sdm630",
            "phases": 3,
            "gateway": "gw-1",
            "address": "5",
            "position": [1.5, 2.0, -3.0],
            "limits": {"kW": {"warning": 22.5, "alarm": 26.0}},
        }
    ]
    assert (hall["panels"][0]["meters"][0]["phases"], hall["panels"][0]["meters"][0]["limits"]) == (1, {"v1": {"alarm": 250.0}})


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_any_delimiter_and_the_encodings_of_spreadsheets(folder: Folder, delimiter: str, encoding: str) -> None:
    folder.write("plant.csv", GOOD.replace("Chiller", "Kühler").replace(",", delimiter).encode(encoding))
    assert meters(folder.site())[0]["name"] == "Kühler"


def test_excel_may_name_the_delimiter(folder: Folder) -> None:
    assert folder.faults("sep=;\n" + GOOD.replace(",", ";").replace("5;", "5 5;")) == [
        "plant.csv, row 3, column C (Meter): '5 5' is no legal meter id; use letters, digits, - and _"
    ]


def test_a_workbook_with_merged_cells_and_numbers(folder: Folder) -> None:
    rows = [*rows_of(HEADING + ",kW warning"), ["Roof", "MDB", 5, "Chiller 1", 3, 22.5], [None, None, 6.0, "Chiller 2", 3.0, None]]
    book = workbook(("Tabelle1", rows), ("Empty", []))
    book["Tabelle1"].merge_cells("A2:A3")
    book["Tabelle1"].merge_cells("B2:B3")
    folder.write("plant.xlsx", saved(book))
    assert [(meter["id"], meter["phases"], meter["limits"]) for meter in meters(folder.site())] == [
        ("5", 3, {"kW": {"warning": 22.5}}),
        ("6", 3, {}),
    ]


def test_a_workbook_with_all_of_its_sheets(folder: Folder) -> None:
    folder.write(
        "file.xlsx",
        saved(
            workbook(
                ("Site", [["id", "plant"], ["name", "Plant"], ["ring", 1]]),
                ("Areas", rows_of("Area,Name\nhall,Hall\nhall/office,Office")),
                ("Panels", rows_of("Panel,Name,Area,X,Y,Z\nmdb,Main,hall,1,2,3\nsub,Sub,hall/office,,,")),
                ("Meters", rows_of("Panel,Meter,Name,Phases,Gateway,Bus,Unit\nmdb,1,M1,3,gw-1,rs485,5\nsub,1,M2,1,,,")),
                ("Gateways", rows_of("Gateway,Model,IP address\ngw-1,revpi,192.0.2.7\ngw-2,revpi,")),
                ("Buses", rows_of("Gateway,Bus,Transport,Device,Baudrate\ngw-1,rs485,rtu,/dev/ttyUSB0,19200")),
                ("People", rows_of("User,Role\njane.doe,admin")),
                ("Notes", rows_of("Call first")),
            )
        ),
    )
    (host,) = folder.hosts("notes")
    assert folder.problems == []
    site = host.variables["site"]
    assert (host.site_id, host.variables["rollout_ring"], host.variables["site_gateways"]) == ("plant", "1", ["gw-1", "gw-2"])
    assert [meter.get("address") for meter in site["areas"][0]["panels"][0]["meters"]] == ["rs485/5"]
    assert (site["areas"][0]["areas"][0]["panels"][0]["meters"][0]["name"], site["people"][0]["user"]) == ("M2", "jane.doe")
    assert host.gateways["gw-1"] == {
        "gateway_site": "plant",
        "gateway_model": "revpi",
        "ansible_host": "192.0.2.7",
        "rollout_ring": "1",
        "edge_gateway_buses": [{"id": "rs485", "transport": "rtu", "device": "/dev/ttyUSB0", "baudrate": 19200}],
    }


def test_what_is_ticked_off_in_the_place_of_a_text_is_one(folder: Folder) -> None:
    site: list[list[t.Any]] = [["id", True], ["name", "Plant"], ["ring", True]]
    folder.write("plant.xlsx", saved(workbook(("Site", site), ("Meters", rows_of(GOOD)))))
    (host,) = folder.hosts()
    assert (host.site_id, host.variables["rollout_ring"], host.faults) == ("True", "True", [])


def test_csv_files_beside_each_other_are_sheets_of_one_site(folder: Folder) -> None:
    folder.write("plant.csv", "Panel,Meter,Name,Phases\nmdb,1,M1,3\n")
    folder.write("plant.panels.csv", "Panel,Name,Area\nmdb,Main,roof\n")
    folder.write("plant.north.csv", GOOD)
    hosts = folder.hosts()
    assert folder.problems == []
    assert sorted(host.site_id for host in hosts) == ["plant", "plant.north"]
    assert folder.faults("Panel,Meter,Name,Phases\nmdb,1,M1,3\n", "plant.meters.csv") == [
        "plant.meters.csv: holds the meters of the site, as plant.csv does; remove one of the two"
    ]


def test_all_faults_of_a_list_are_told_with_row_and_column(folder: Folder) -> None:
    folder.write(
        "plant.csv",
        "Topik;energy/x\n"
        "Area;Panel;Meter;Name;Phases;Gatewy;Unit;kW warning;kW alarm;X;Y;Z;Serial\n"
        "Hall 1;MDB;5;Chiller 1;2;gw;5;22,5;20;1;;3;A1\n"
        "Hall 1;MDB;5;Chiller 2;;gw;300;1.000,5;;;;;A1\n"
        ";MDB 9;1;Lamp;1;;;;;;;;\n"
        "HALL 1;MDB 2;1;Lamp;1;;;;;;;;;stray\n",
    )
    folder.hosts()
    assert folder.problems == [
        "plant.csv, row 1: 'Topik' is nothing that is known of a site; did you mean 'topic'? (Or name it in 'ignore'.)",
        "plant.csv, row 2, column F (Gatewy): is no column of sheet 'meters'; did you mean 'gateway'? (Or name it in 'ignore'.)",
        "plant.csv, row 6, column N: 'stray' stands below no heading; name the column, or remove it",
        "plant.csv, row 5, column A (Area): is missing; name the area that the panel stands in, such as Hall 1/Compressors",
        "plant.csv, row 6, column A (Area): 'HALL 1' gives the id 'hall-1', which is that of 'Hall 1' at plant.csv, row 3 already; write both alike",
        "plant.csv, row 3, column E (Phases): 2 is no number of phases; write 1 or 3",
        "plant.csv, row 3, column H (kW warning): 22.5 is not below the alarm 20.0; a warning comes before the alarm",
        "plant.csv, row 3, column J (X): [1.0, None, 3.0] is no position; write three numbers in metres, [x, y, z]",
        "plant.csv, row 4, column E (Phases): is missing; write 1 or 3",
        "plant.csv, row 4, column H (kW warning): '1.000,5' is no number; write it without quotes and unit",
        "plant.csv, row 4, column C (Meter): '5' is used twice in panel 'MDB'; give each meter of a panel its own id",
        "plant.csv, row 4, column M (Serial): 'A1' is the serial number at plant.csv, row 3, column M (Serial) too; a meter stands in one panel only,"
        " remove one of the two entries or mend it",
    ]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (
            "",
            "plant.csv: holds no heading of sheet 'meters'; name the columns in its first row (area, panel, panel name, meter, name, model,",
        ),
        (
            GOOD.replace("Phases", "Phases,phase"),
            "plant.csv, row 1, column F (phase): means the same as column E (Phases); remove one of the two",
        ),
        (
            GOOD + '"open',
            "plant.csv: is no CSV file (unexpected end of data); look for a quotation mark that is not closed, and save it again",
        ),
        ("Region,eu\nregion,us\n" + GOOD, "plant.csv, row 2: 'region' stands already at plant.csv, row 1 (Region); remove one of the two"),
        (GOOD.replace("MDB", ""), "plant.csv, row 2, column B (Panel): is missing; name the panel that the meter stands in"),
        (
            f"{HEADING},Panel name\nRoof,MDB,1,A,3,Main\nRoof,MDB,2,B,3,Other\n",
            "plant.csv, row 3, column F (Panel name): 'Other' names the panel that 'Main' names at plant.csv, row 2, column F (Panel name); write",
        ),
        (
            f"{HEADING},A warning\nRoof,MDB,1,A,3,5\n",
            "plant.csv, row 2, column F (A warning): is no measured property; use one of v1, v2, v3,",
        ),
        (
            f"{HEADING},Address,Unit\nRoof,MDB,1,A,3,5,6\n",
            "plant.csv, row 2, column F (Address): stands beside a bus or a unit; write the address,",
        ),
        (f"{HEADING},Gateway\nRoof,MDB,1,A,3,my gw\n", "plant.csv: 'my gw' is no name of a gateway; use letters, digits, - _ and ."),
    ],
)
def test_a_fault_of_a_csv_file(folder: Folder, content: str, fault: str) -> None:
    assert any(found.startswith(fault) for found in folder.faults(content)), folder.problems


@pytest.mark.parametrize(
    ("sheets", "fault"),
    [
        (
            [("Meters", [*rows_of(HEADING), ["Roof", "MDB", datetime.datetime(2026, 2, 1), "A", 3]])],
            "plant.xlsx, sheet Meters, row 2, column C (Meter): '2026-02-01 00:00:00' is a date or a time, perhaps made by Excel of something like",
        ),
        (
            [("Meters", [*rows_of(HEADING), ["Roof", "MDB", 1, "#REF!", 3]])],
            "plant.xlsx, sheet Meters, row 2, column D (Name): '#REF!' is an error of the sheet's formula; mend the formula, or write the value",
        ),
        (
            [("Meters", rows_of(GOOD)), ("Prices", [["a", "b"]])],
            "plant.xlsx, sheet Prices: is no sheet of a site; call it one of site, areas, panels, meters, gateways, buses, people, or name it in",
        ),
        (
            [("Meters", rows_of(GOOD)), ("Meter list", rows_of(GOOD))],
            "plant.xlsx, sheet Meter list: means the same as that of plant.xlsx, sheet Meters; remove one of the two, or name it in 'ignore'",
        ),
        (
            [("Meters", rows_of(HEADING + ",Gateway\nRoof,MDB,1,A,3,gw-2")), ("Gateways", rows_of("Gateway,Host\ngw-1,192.0.2.1"))],
            "plant.xlsx, sheet Meters, row 2, column F (Gateway): 'gw-2' is no gateway of this site (known: gw-1); mend the name, or add the host",
        ),
        (
            [("Meters", rows_of(GOOD)), ("Buses", rows_of("Gateway,Bus\ngw-1,rs485"))],
            "plant.xlsx, sheet Buses, row 2: 'gw-1' is no gateway of this site (known: none); list it in sheet 'gateways'",
        ),
        (
            [("Meters", rows_of(GOOD)), ("Areas", rows_of("Area,Name\nRoof,Roof\nRoof,Twice"))],
            "plant.xlsx, sheet Areas, row 3: area 'Roof' stands already at plant.xlsx, sheet Areas, row 2; remove one",
        ),
    ],
)
def test_a_fault_of_a_workbook(folder: Folder, sheets: list[tuple[str, list[list[t.Any]]]], fault: str) -> None:
    assert any(found.startswith(fault) for found in folder.faults(saved(workbook(*sheets)), "plant.xlsx")), folder.problems


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("site:\n  - a: b: c\n", "plant.yml, row 2: is no YAML (mapping values are not allowed in this context); mend it"),
        ("regoin: eu\nsite: {}", "plant.yml, row 1 (regoin): is no key of a file of a site; did you mean 'region'?"),
        (
            "site:\n  areas:\n    - id: hall\n      panels: 5\n",
            "plant.yml, row 4 (site.areas[0].panels): 5 is no list; write one entry per line,",
        ),
        ("gateways: {gw-1: {hst: a}}\nsite: {}", "plant.yml, row 1 (gateways.gw-1.hst): is no key of a gateway; did you mean 'host'?"),
        ("region: [eu]\nsite: {}", "plant.yml, row 1 (region): ['eu'] is no text or whole number; put it in quotes if it means"),
        ("site: {name: 2026-13-45}\n", "plant.yml: is no YAML (month must be in 1..12); mend it"),
        ("site: &a {areas: [*a]}\n", "plant.yml: is no YAML (a part of it holds itself); mend it"),
        (b"site: {name: \xff}", "plant.yml: is no YAML (it is not UTF-8); mend it"),
        ("- 1\n", "plant.yml: [1] is no file of a site; write a mapping with the keys site, gateways, region, ring"),
    ],
)
def test_a_fault_of_a_yaml_file(folder: Folder, content: str | bytes, fault: str) -> None:
    assert any(found.startswith(fault) for found in folder.faults(content, "plant.yml")), folder.problems


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml", None])
def test_a_file_that_is_no_workbook(folder: Folder, part: str | None) -> None:
    content = b"PK nonsense" if part is None else broken(saved(workbook(("Meters", rows_of(GOOD)))), part)
    assert folder.faults(content, "plant.xlsx")[0].startswith("plant.xlsx: is no Excel workbook that can be read (")


def broken(content: bytes, part: str) -> bytes:
    """A workbook with half of one of its parts."""
    whole, written = zipfile.ZipFile(io.BytesIO(content)), io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name in whole.namelist():
            data = whole.read(name)
            archive.writestr(name, data[: len(data) // 2] if name == part else data)
    return written.getvalue()


def test_what_to_do_without_openpyxl(folder: Folder) -> None:
    with mock.patch.dict("sys.modules", {"openpyxl": None}):
        found = folder.faults(saved(workbook(("Meters", rows_of(GOOD)))), "plant.xlsx")
    assert found == [
        "plant.xlsx: needs the Python package openpyxl; install it beside ansible-core (pip install openpyxl), or save the sheets as CSV"
    ]


def test_a_site_is_of_one_file_only(folder: Folder) -> None:
    folder.write("plant-a.csv", GOOD)
    folder.write("plant-b.csv", GOOD)
    folder.write("again.csv", f"Site id,plant-a\n{GOOD}")
    assert [(host.site_id, host.faults) for host in folder.hosts()] == [
        ("plant-a", ["plant-a.csv: site 'plant-a' is that of again.csv too; remove one of the two, or mend its id"]),
        ("plant-b", []),
    ]


# Whether the rest of a sheet is good or not: the gateway may be that of the other site, which nobody would touch then.
@pytest.mark.parametrize("phases", ["3", "2"])
def test_a_gateway_that_two_sites_claim_is_of_neither(folder: Folder, phases: str) -> None:
    for name, number in (("plant-a", "3"), ("plant-b", phases), ("plant-c", "3")):
        gateway = "gw-2" if name == "plant-c" else "gw-1"
        folder.write(f"{name}.csv", f"{HEADING},Gateway\nRoof,MDB,1,A,{number},{gateway}\n")
    first, second, third = folder.hosts()
    sentence = "plant-b.csv: gateway 'gw-1' is the name of a host of plant-a.csv too; give it another"
    assert (first.faults, second.faults[-1], third.faults) == ([sentence], sentence, [])
    assert (first.gateways, second.gateways, list(third.gateways)) == ({}, {}, ["gw-2"])


def test_a_gateway_may_not_have_the_name_of_a_site(folder: Folder) -> None:
    folder.write("plant-a.csv", GOOD)
    folder.write("plant-b.csv", f"{HEADING},Gateway\nRoof,MDB,1,A,3,plant-a\nRoof,MDB,2,B,3,plant-b\n")
    first, second = folder.hosts()
    assert (first.faults, second.faults) == (
        [],
        [
            "plant-b.csv: gateway 'plant-a' is the name of a host of plant-a.csv too; give it another",
            "plant-b.csv: gateway 'plant-b' is the name of a host of plant-b.csv too; give it another",
        ],
    )


@pytest.mark.parametrize(
    ("name", "content", "host"),
    [
        ("plant.csv", '"open', "plant"),
        ("plant.csv", b"", "plant"),
        ("plant.yml", "a: b: c", "plant"),
        ("plant.xlsx", b"PK", "plant"),
        ("Werk 7 (2).csv", GOOD, "Werk-7-2"),
        ("plant.csv", f"Site id,../../plant\n{GOOD}", "plant"),
        ("plant.csv", f"Site id,???\n{GOOD}", "site"),
        ("plant.csv", f"Ring,canary\n{GOOD}{GOOD}", "plant"),
    ],
)
def test_a_faulty_site_has_a_host_and_nothing_but_its_faults(folder: Folder, name: str, content: str | bytes, host: str) -> None:
    folder.write(name, content)
    folder.write("plant-z.csv", GOOD)
    hosts = {found.site_id: found for found in folder.hosts(region="eu-central-1")}
    assert hosts.keys() == {host, "plant-z"}
    assert (hosts["plant-z"].faults, hosts["plant-z"].variables["site"]["topic"]) == ([], "energy/plant-z")
    faulty = hosts[host]
    assert faulty.faults and all(fault.startswith(name) for fault in faulty.faults)
    assert faulty.variables["site"] == {"faults": faulty.faults}
    assert (faulty.variables["aws_region"], faulty.variables["site_gateways"], faulty.gateways) == ("eu-central-1", [], {})


def test_a_pattern_that_leads_nowhere_and_a_default_that_does_not_exist(folder: Folder) -> None:
    problems = Problems()
    assert find_files(folder.path, ["*.xlsx"], problems) == []
    assert problems.sentences[0].startswith("sites: '*.xlsx' leads to no file (.yml, .yaml, .csv, .xlsx) below ")
    folder.write("plant.csv", GOOD)
    folder.hosts(topik="x")
    assert folder.problems[0].startswith("defaults.topik: is nothing that is known of a site; known are name, topic, ")


def test_locks_and_other_files_are_no_sheets(folder: Folder) -> None:
    for name in ("~$plant.xlsx", ".hidden.csv", "readme.md"):
        folder.write(name, "x")
    folder.write("plant.CSV", GOOD)
    assert [file.name for file in find_files(folder.path, [".", "*.CSV"], Problems())] == ["plant.CSV"]


def test_columns_are_lettered_as_in_a_spreadsheet() -> None:
    assert [letter(index) for index in (0, 25, 26, 51, 701, 702)] == ["A", "Z", "AA", "AZ", "ZZ", "AAA"]


@pytest.mark.parametrize(
    ("heading", "found"),
    [
        ("kW warning", ("kW", "warning")),
        ("Alarm (A)", ("a", "alarm")),
        ("limit kwhimport WARN", ("kWhImport", "warning")),
        ("warning", ("kW", "warning")),
        ("kW alarm kW", None),
        ("alarms", None),
    ],
)
def test_columns_of_limits(heading: str, found: tuple[str, str] | None) -> None:
    assert limit_of(heading) == found
