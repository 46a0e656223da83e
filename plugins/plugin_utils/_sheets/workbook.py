# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sheets of one site to its host and to the hosts of its gateways (pure)."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.fields import Problems, shown
from ansible_collections.energytwin.aws.plugins.module_utils._site.gateways import BUS_KEYS
from ansible_collections.energytwin.aws.plugins.plugin_utils._sheets import values
from ansible_collections.energytwin.aws.plugins.plugin_utils._sheets.columns import (
    AREAS,
    BUSES,
    GATEWAYS,
    METERS,
    PANELS,
    PEOPLE,
    POSITION,
    SITE,
    SITE_VARIABLES,
)
from ansible_collections.energytwin.aws.plugins.plugin_utils._sheets.places import Places
from ansible_collections.energytwin.aws.plugins.plugin_utils._sheets.tables import Cell, Grid, Row, pairs, table

Plain = dict[str, t.Any]
PATH_MARKS = ("/", ">")
# Numbers among the keys of a bus; the others are texts.
_BUS_NUMBERS = ("port", "baudrate", "stopbits", "timeout_seconds", "pause_seconds", "interval_seconds")
_METER_TEXTS = ("name", "model", "gateway", "serial")


@dataclasses.dataclass(frozen=True)
class Listed:
    """What the sheets of a site say. site: for ``parse_site``. gateways: variables of each gateway's host by its name, or None
    where the sheets do not list them. places: where each part of the site stands."""

    site_id: str
    site: Plain
    variables: Plain
    gateways: dict[str, Plain] | None
    places: Places


def read_workbook(name: str, place: str, grids: c.Sequence[Grid], ignore: c.Sequence[str], problems: Problems) -> Listed:
    """The site that a workbook describes. name: the site's id unless the sheets give one. place: the file, as it is told to people."""
    by_sheet = {grid.sheet: grid for grid in grids}
    said: dict[str, Cell] = {}
    for sheet in (SITE, METERS):
        if sheet in by_sheet:
            said |= {key: cell for key, cell in pairs(by_sheet[sheet], problems, ignore).items() if key not in said}
    rows = {sheet: table(grid, problems, ignore) for sheet, grid in by_sheet.items() if sheet != SITE}
    builder = _Builder(Places(place), problems)
    builder.say(said)
    for row in rows.get(PEOPLE, []):
        builder.person(row)
    for row in rows.get(AREAS, []):
        builder.area(row)
    for row in rows.get(PANELS, []):
        builder.panel(row)
    for row in rows.get(METERS, []):
        builder.meter(row)
    gateways = _gateways(rows.get(GATEWAYS, []), rows.get(BUSES, []), problems) if GATEWAYS in rows or BUSES in rows else None
    # Texts, though a cell may hold yes or no.
    written = {key: str(values.text(cell.value)) for key, cell in said.items() if cell.value is not None}
    variables = {variable: written[key] for key, variable in SITE_VARIABLES.items() if key in written}
    return Listed(written.get("id", name), builder.site, variables, gateways, builder.places)


class _Builder:
    """Grows the site row by row, in the order of the rows, and notes where each of its parts stands."""

    def __init__(self, places: Places, problems: Problems) -> None:
        self.places = places
        self.site: Plain = {}
        self._problems = problems
        # By path of ids: the part and its path in the data; and how the areas were named where they were met first.
        self._areas: dict[tuple[str, ...], tuple[Plain, str]] = {(): (self.site, "")}
        self._names: dict[tuple[str, ...], tuple[str, str]] = {}
        self._panels: dict[tuple[tuple[str, ...], str], tuple[Plain, str]] = {}
        self._areas_of: dict[str, list[tuple[str, ...]]] = {}
        self._panel_names: dict[str, tuple[str, str]] = {}

    def say(self, said: c.Mapping[str, Cell]) -> None:
        for key, cell in said.items():
            self.places.note(key, cell.place)
            if key not in ("id", *SITE_VARIABLES) and cell.value is not None:
                self.site[key] = values.text(cell.value)

    def person(self, row: Row) -> None:
        person, place = self._append("people", self.site, "", row)
        self._fill(person, place, row, dict.fromkeys(("user", "role"), values.text))

    def area(self, row: Row) -> None:
        path = self._area_path(row)
        if not path:
            self._missing(row, "area", "write the path of the area's id, such as hall-1/compressors")
            return
        if path in self._areas:
            self._problems.add(
                row.place, f"area {shown('/'.join(path))} stands already at {self.places.of(self._areas[path][1])}; remove one"
            )
            return
        area, place = self._area(path, row)
        self._fill(area, place, row, {"name": values.text})
        self._position(area, place, row)

    def panel(self, row: Row) -> None:
        name = values.text(row.value("panel"))
        path = self._area_path(row)
        if not name or not path:
            self._missing(row, "panel" if not name else "area", "a panel has an id and stands in an area")
            return
        panel, place = self._panel(path, name, row)
        self._fill(panel, place, row, {"name": values.text, "fed_from": values.text})
        self._position(panel, place, row)

    def meter(self, row: Row) -> None:
        name = values.text(row.value("panel"))
        if not name:
            self._missing(row, "panel", "name the panel that the meter stands in")
            return
        path = self._area_path(row)
        if not path:
            standing = self._areas_of.get(values.entity_id(str(name)), [])
            if len(standing) != 1:
                self._missing(row, "area", "name the area that the panel stands in, such as Hall 1/Compressors")
                return
            path = standing[0]
        panel, panel_place = self._panel(path, str(name), row)
        self._name_panel(panel, panel_place, row)
        meter, place = self._append("meters", panel, panel_place, row)
        self._fill(
            meter,
            place,
            row,
            {"id": values.text, "phases": values.phases, "incomer": values.flag, **dict.fromkeys(_METER_TEXTS, values.text)},
        )
        self._address(meter, place, row)
        self._position(meter, place, row)
        self._limits(meter, place, row)

    def _name_panel(self, panel: Plain, place: str, row: Row) -> None:
        """Every row of a panel may name it; they have to agree."""
        name = values.text(row.value("panel_name"))
        if name is None:
            return
        cell = row.cells["panel_name"]
        named = self._panel_names.setdefault(place, (name, cell.place))
        if named[0] != name:
            self._problems.add(cell.place, f"{shown(name)} names the panel that {shown(named[0])} names at {named[1]}; write both alike")
        panel["name"] = named[0]
        self.places.note(f"{place}.name", named[1])

    def _address(self, meter: Plain, place: str, row: Row) -> None:
        parts = [values.text(row.value(key)) for key in ("bus", "unit")]
        if row.value("address") is not None or not any(parts):
            self._fill(meter, place, row, {"address": values.text})
            if any(parts):
                self._problems.add(row.cells["address"].place, "stands beside a bus or a unit; write the address, or the bus and the unit")
            return
        meter["address"] = "/".join(str(part) for part in parts if part is not None)
        self.places.note(f"{place}.address", row.cells["unit" if "unit" in row.cells else "bus"].place)

    def _limits(self, meter: Plain, place: str, row: Row) -> None:
        for (name, level), cell in row.limits.items():
            if cell.value is not None:
                meter.setdefault("limits", {}).setdefault(name, {})[level] = values.number(cell.value)
                self.places.note(f"{place}.limits.{name}.{level}", cell.place)
                self.places.note(f"{place}.limits.{name}", cell.place)

    def _position(self, part: Plain, place: str, row: Row) -> None:
        given = [values.number(row.value(axis)) for axis in POSITION]
        if any(value is not None for value in given):
            part["position"] = given
            self.places.note(f"{place}.position", next(row.cells[axis].place for axis in POSITION if row.value(axis) is not None))

    def _area_path(self, row: Row) -> tuple[str, ...]:
        value = values.text(row.value("area"))
        if value is None:
            return ()
        said = str(value)
        for mark in PATH_MARKS[1:]:
            said = said.replace(mark, PATH_MARKS[0])
        names = [name.strip() for name in said.split(PATH_MARKS[0])]
        path = tuple(values.entity_id(name) for name in names)
        for depth, name in enumerate(names, 1):
            known = self._names.setdefault(path[:depth], (name, row.place))
            # What is listed in a sheet of its own is named by id elsewhere.
            if known[0] != name and name != path[depth - 1] and known[0] != path[depth - 1]:
                self._problems.add(
                    row.cells["area"].place,
                    f"{shown(name)} gives the id {shown(path[depth - 1])}, which is that of {shown(known[0])} at {known[1]} already; write both alike",
                )
        return path

    def _area(self, path: tuple[str, ...], row: Row) -> tuple[Plain, str]:
        """The area of a path; it and those above it are made where they are not there yet."""
        if path not in self._areas:
            above, place = self._area(path[:-1], row)
            area, made = self._append("areas", above, place, row)
            area |= {"id": path[-1], "name": self._names[path][0]}
            self._note(made, row, "area", "id", "name")
            self._areas[path] = area, made
        return self._areas[path]

    def _panel(self, path: tuple[str, ...], name: str, row: Row) -> tuple[Plain, str]:
        panel_id = values.entity_id(name)
        if (path, panel_id) not in self._panels:
            area, place = self._area(path, row)
            panel, made = self._append("panels", area, place, row)
            panel |= {"id": panel_id, "name": name}
            self._note(made, row, "panel", "id", "name")
            self._panels[path, panel_id] = panel, made
            self._areas_of.setdefault(panel_id, []).append(path)
        return self._panels[path, panel_id]

    def _append(self, key: str, part: Plain, place: str, row: Row) -> tuple[Plain, str]:
        """A new entry of a list of a part, with its path in the data."""
        entries = part.setdefault(key, [])
        path = f"{place}.{key}[{len(entries)}]" if place else f"{key}[{len(entries)}]"
        self.places.note(path, row.place)
        entry: Plain = {}
        entries.append(entry)
        return entry, path

    def _fill(self, part: Plain, place: str, row: Row, kinds: c.Mapping[str, c.Callable[[t.Any], t.Any]]) -> None:
        """Set the keys of a part from the columns of the same names. An empty cell leaves what is there."""
        for key, kind in kinds.items():
            cell = row.cells.get(key)
            if cell and (cell.value is not None or key not in part):
                self.places.note(f"{place}.{key}", cell.place)
            if cell and cell.value is not None:
                part[key] = kind(cell.value)

    def _note(self, place: str, row: Row, column: str, *keys: str) -> None:
        if column in row.cells:
            for key in keys:
                self.places.note(f"{place}.{key}", row.cells[column].place)

    def _missing(self, row: Row, column: str, remedy: str) -> None:
        place = row.cells[column].place if column in row.cells else f"{row.place}, {column}"
        self._problems.add(place, f"is missing; {remedy}")


def _gateways(rows: c.Sequence[Row], buses: c.Sequence[Row], problems: Problems) -> dict[str, Plain]:
    """The variables of the gateways' hosts, by name."""
    found: dict[str, Plain] = {}
    seen: dict[str, str] = {}
    for row in rows:
        name = values.text(row.value("gateway"))
        if not isinstance(name, str):
            problems.add(row.place, "names no gateway; write the name of its inventory host")
        elif name in seen:
            problems.add(row.place, f"gateway {shown(name)} stands already at {seen[name]}; remove one of the two")
        else:
            seen[name] = row.place
            said = {"gateway_model": values.text(row.value("model")), "ansible_host": values.text(row.value("host"))}
            found[name] = {key: value for key, value in said.items() if value is not None}
    for row in buses:
        name = values.text(row.value("gateway"))
        if name not in found:
            known = ", ".join(found) or "none"
            problems.add(row.place, f"{shown(name)} is no gateway of this site (known: {known}); list it in sheet '{GATEWAYS}'")
            continue
        kinds = {key: values.whole if key in _BUS_NUMBERS else values.text for key in BUS_KEYS}
        bus = {key: kind(row.value(key)) for key, kind in kinds.items() if row.value(key) is not None}
        found[name].setdefault("edge_gateway_buses", []).append(bus)
    return found
