# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows of cells to tables: where the heading stands, what its columns mean, and where each value stands (pure)."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import difflib
import fnmatch
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.fields import Problems, shown
from ansible_collections.energytwin.aws.plugins.plugin_utils._sheets import columns
from ansible_collections.energytwin.aws.plugins.plugin_utils._sheets.columns import METERS, REMARKS, SHEETS, SITE

# A heading names at least so many columns; above it there may be titles, and what is said of the site.
HEADING_COLUMNS = 2


@dataclasses.dataclass(frozen=True)
class Grid:
    """A sheet as a file holds it. place: how it is told to people, with its file. Cells are None, texts, numbers, booleans or Odd."""

    sheet: str
    place: str
    rows: c.Sequence[c.Sequence[t.Any]]


@dataclasses.dataclass(frozen=True)
class Odd:
    """A cell that cannot be a value. fault: the end of a sentence that begins with the text."""

    text: str
    fault: str


@dataclasses.dataclass(frozen=True)
class Cell:
    """A value with its place; an empty cell has the value None."""

    value: t.Any
    place: str


@dataclasses.dataclass(frozen=True)
class Row:
    """cells: by the key of their column. limits: by property and level."""

    place: str
    cells: dict[str, Cell]
    limits: dict[tuple[str, str], Cell] = dataclasses.field(default_factory=dict)

    def value(self, key: str) -> t.Any:
        return self.cells[key].value if key in self.cells else None


Column = str | tuple[str, str]


def letter(index: int) -> str:
    """The letters that spreadsheets give a column, from 0."""
    index, rest = divmod(index, 26)
    return (letter(index - 1) if index else "") + chr(ord("A") + rest)


def table(grid: Grid, problems: Problems, ignore: c.Sequence[str]) -> list[Row]:
    """The rows of a sheet below its heading, without the empty ones. ignore: patterns of headings that are left alone."""
    start = _heading(grid)
    if start is None:
        wanted = ", ".join(names[0] for names in SHEETS[grid.sheet].columns.values())
        problems.add(grid.place, f"holds no heading of sheet '{grid.sheet}'; name the columns in its first row ({wanted})")
        return []
    headings = _columns(grid, start, problems, ignore)
    bare = {index for index, cell in enumerate(grid.rows[start]) if _empty(cell)}
    rows = []
    for number, cells in enumerate(grid.rows[start + 1 :], start + 2):
        if any(not _empty(cell) for cell in cells):
            place = f"{grid.place}, row {number}"
            rows.append(_row(place, cells, headings, problems))
            for index, cell in enumerate(cells):
                if not _empty(cell) and (index in bare or index >= len(grid.rows[start])):
                    problems.add(
                        f"{place}, column {letter(index)}", f"{shown(cell)} stands below no heading; name the column, or remove it"
                    )
    return rows


def pairs(grid: Grid, problems: Problems, ignore: c.Sequence[str]) -> dict[str, Cell]:
    """What is said of the site: a key and a value in each row. Of the sheet with the meters, the rows above the heading."""
    whole = grid.sheet == SITE
    rows = grid.rows if whole else grid.rows[: _heading(grid) or 0]
    names = SHEETS[SITE].columns
    found: dict[str, Cell] = {}
    for number, cells in enumerate(rows, 1):
        filled = [(index, cell) for index, cell in enumerate(cells) if not _empty(cell)]
        if len(filled) < 2 and not (whole and filled):
            continue
        heading = str(filled[0][1])
        key = columns.known(heading.rstrip(":"), names)
        place = f"{grid.place}, row {number}"
        if key is None:
            if not _ignored(heading, ignore):
                problems.add(place, f"{shown(heading)} is nothing that is known of a site; {_remedy(heading, names)}")
        elif key in found:
            problems.add(place, f"{shown(heading)} stands already at {found[key].place}; remove one of the two")
        else:
            value = filled[1][1] if len(filled) > 1 else None
            found[key] = _cell(value, f"{place} ({heading})", problems)
    return found


def heading_columns(grid: Grid) -> int:
    """How many columns of the sheet are known; tells which delimiter a file has."""
    start = _heading(grid)
    return 0 if start is None else len(_known(grid, grid.rows[start]))


def _heading(grid: Grid) -> int | None:
    """The row that names the columns: the first one; a list of meters may have something above it."""
    for index, cells in enumerate(grid.rows):
        filled = sum(not _empty(cell) for cell in cells)
        if not filled or (grid.sheet == METERS and filled < HEADING_COLUMNS):
            continue
        found = _known(grid, cells)
        if grid.sheet != METERS:
            return index if found else None
        if SHEETS[METERS].key in found.values() and len(found) >= HEADING_COLUMNS:
            return index
    return None


def _known(grid: Grid, cells: c.Sequence[t.Any]) -> dict[int, Column]:
    names = SHEETS[grid.sheet].columns
    found: dict[int, Column] = {}
    for index, cell in enumerate(cells):
        if isinstance(cell, str) and cell.strip():
            column = columns.known(cell, names) or (columns.limit_of(cell) if grid.sheet == METERS else None)
            if column:
                found[index] = column
    return found


def _columns(grid: Grid, start: int, problems: Problems, ignore: c.Sequence[str]) -> dict[int, tuple[Column, str]]:
    """By its index, what each known column is and how its place is told; the others are noted."""
    cells = grid.rows[start]
    found = _known(grid, cells)
    headings: dict[int, tuple[Column, str]] = {}
    taken: dict[Column, str] = {}
    for index, cell in enumerate(cells):
        if _empty(cell):
            continue
        heading = " ".join(str(cell).split())
        told = f"column {letter(index)} ({heading})"
        place = f"{grid.place}, row {start + 1}, {told}"
        if index not in found:
            if columns.normalised(heading) not in REMARKS and not _ignored(heading, ignore):
                names = SHEETS[grid.sheet].columns
                problems.add(place, f"is no column of sheet '{grid.sheet}'; {_remedy(heading, names)}")
        elif found[index] in taken:
            problems.add(place, f"means the same as {taken[found[index]]}; remove one of the two, or name it in 'ignore'")
        else:
            taken[found[index]] = told
            headings[index] = (found[index], told)
    return headings


def _row(place: str, cells: c.Sequence[t.Any], headings: dict[int, tuple[Column, str]], problems: Problems) -> Row:
    row = Row(place, {})
    for index, (column, told) in headings.items():
        cell = _cell(cells[index] if index < len(cells) else None, f"{place}, {told}", problems)
        if isinstance(column, str):
            row.cells[column] = cell
        else:
            row.limits[column] = cell
    return row


def _cell(cell: t.Any, place: str, problems: Problems) -> Cell:
    if isinstance(cell, Odd):
        problems.add(place, f"{shown(cell.text)} {cell.fault}")
        return Cell(cell.text, place)
    return Cell(None if _empty(cell) else cell, place)


def _empty(cell: t.Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _ignored(heading: str, ignore: c.Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(heading.strip().casefold(), pattern.casefold()) for pattern in ignore)


def _remedy(heading: str, names: dict[str, tuple[str, ...]]) -> str:
    close = difflib.get_close_matches(columns.normalised(heading), list(columns.spellings(names)), n=1)
    return f"did you mean '{close[0]}'? (Or name it in 'ignore'.)" if close else "name it in 'ignore' if it is for people only"
