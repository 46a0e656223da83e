# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A site to the sheets that inventory plugin energytwin.aws.sites reads: the way back, for tests and for examples."""

from __future__ import annotations

import collections.abc as c
import csv
import io
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.gateways import BUS_KEYS

Plain = dict[str, t.Any]
Rows = list[list[t.Any]]

METER_COLUMNS = ("id", "name", "model", "phases", "gateway", "address", "serial", "incomer")
DETAILS = ("areas", "people")


def tables(site: Plain, said: c.Mapping[str, str] | None = None, gateways: c.Mapping[str, Plain] | None = None) -> dict[str, Rows]:
    """The rows of each sheet, headings first. site: as ``projections.plain`` gives it. said: region and ring.

    gateways: by name, with model, host and buses.
    """
    limits = sorted(
        {(name, level) for _path, _panel, meter in _meters(site) for name, levels in meter["limits"].items() for level in levels}
    )
    sheets: dict[str, Rows] = {
        "site": [[key, value] for key, value in {**site, **(said or {})}.items() if key not in DETAILS],
        "areas": [["Area", "Name", "X", "Y", "Z"]],
        "panels": [["Panel", "Name", "Area", "Fed from", "X", "Y", "Z"]],
        "meters": [["Area", "Panel", *map(str.title, METER_COLUMNS), "X", "Y", "Z", *(f"{name} {level}" for name, level in limits)]],
        "people": [["User", "Role"], *([person["user"], person["role"]] for person in site["people"])],
    }
    for path, area in _areas(site["areas"], ""):
        sheets["areas"].append([path, area["name"], *_position(area)])
        sheets["panels"] += [[panel["id"], panel["name"], path, panel.get("fed_from"), *_position(panel)] for panel in area["panels"]]
    for path, panel, meter in _meters(site):
        row = [path, panel["id"], *(meter.get(key) for key in METER_COLUMNS), *_position(meter)]
        sheets["meters"].append([*row, *(meter["limits"].get(name, {}).get(level) for name, level in limits)])
    if gateways is not None:
        sheets["gateways"] = [["Gateway", "Model", "Host"], *([name, one.get("model"), one.get("host")] for name, one in gateways.items())]
        buses = [(name, bus) for name, one in gateways.items() for bus in one.get("buses", [])]
        sheets["buses"] = [["Gateway", *BUS_KEYS], *([name, *(bus.get(key) for key in BUS_KEYS)] for name, bus in buses)]
    return {name: rows for name, rows in sheets.items() if name == "site" or len(rows) > 1}


def as_csv(rows: Rows, delimiter: str = ",", decimal: str = ".") -> bytes:
    """A CSV file, with the decimal mark of the country."""
    text = io.StringIO()
    written = [[str(cell).replace(".", decimal) if isinstance(cell, float) else cell for cell in row] for row in rows]
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(written)
    return text.getvalue().encode()


def as_xlsx(sheets: c.Mapping[str, Rows]) -> bytes:
    """An Excel workbook."""
    import openpyxl

    workbook = openpyxl.Workbook(write_only=True)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()


def _areas(areas: c.Sequence[Plain], above: str) -> c.Iterator[tuple[str, Plain]]:
    for area in areas:
        path = f"{above}/{area['id']}" if above else area["id"]
        yield path, area
        yield from _areas(area["areas"], path)


def _meters(site: Plain) -> c.Iterator[tuple[str, Plain, Plain]]:
    for path, area in _areas(site["areas"], ""):
        for panel in area["panels"]:
            yield from ((path, panel, meter) for meter in panel["meters"])


def _position(part: Plain) -> list[float | None]:
    return part.get("position") or [None, None, None]
