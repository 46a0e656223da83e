# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files to grids of cells: CSV of any spreadsheet program, and Excel workbooks."""

from __future__ import annotations

import codecs
import collections.abc as c
import csv
import datetime
import io
import pathlib
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.fields import Problems, shown
from ansible_collections.energytwin.aws.plugins.plugin_utils._sheets.columns import METERS, SHEETS, sheet_of
from ansible_collections.energytwin.aws.plugins.plugin_utils._sheets.tables import Grid, Odd, heading_columns

DELIMITERS = (";", ",", "\t", "|")
ENCODINGS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# What Excel writes where it is not told to write UTF-8.
OLD_ENCODING = "cp1252"
# Excel states a size; a sheet with a format in its last row would take a minute and hold nothing.
MOST_ROWS = 50_000
MOST_COLUMNS = 200


class NoOpenpyxl(Exception):
    """The Python package openpyxl is not installed."""


def csv_name(path: pathlib.Path) -> tuple[str, str]:
    """(site, sheet) of a CSV file: plant.csv holds the meters of plant, plant.areas.csv its areas."""
    site, dot, last = path.stem.rpartition(".")
    return (site, last) if dot and site and last in SHEETS else (path.stem, METERS)


def read_csv(content: bytes, sheet: str, place: str, problems: Problems) -> Grid | None:
    """The rows of a CSV file: in UTF-8, UTF-16 with a mark or else Windows-1252, and with the delimiter that makes a heading of it."""
    text = _decoded(content)
    first, _newline, rest = text.partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.strip()) == len("sep=;"):
        # Excel's own word for it; the row counts as one.
        return _parsed("\n" + rest, first.strip()[-1], sheet, place, problems)
    found = [grid for delimiter in DELIMITERS if (grid := _parsed(text, delimiter, sheet, place, None))]
    if not found:
        return _parsed(text, DELIMITERS[0], sheet, place, problems)
    return max(found, key=heading_columns)


def _decoded(content: bytes) -> str:
    for mark, encoding in ENCODINGS:
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode(OLD_ENCODING, "replace")


def _parsed(text: str, delimiter: str, sheet: str, place: str, problems: Problems | None) -> Grid | None:
    try:
        return Grid(sheet, place, list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)))
    except csv.Error as error:
        if problems is not None:
            problems.add(place, f"is no CSV file ({error}); look for a quotation mark that is not closed, and save it again")
        return None


def read_xlsx(content: bytes, place: str, problems: Problems, ignore: c.Callable[[str], bool]) -> list[Grid]:
    """The sheets of an Excel workbook that are sheets of a site. A workbook with one sheet holds the meters in it.

    Raises NoOpenpyxl.
    """
    try:
        import openpyxl
    except ImportError:
        raise NoOpenpyxl from None
    try:
        # Values of formulas as Excel has computed them last. Not read_only: that mode does not know merged cells.
        workbook = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
    except Exception as error:  # What the parsers of archives and of XML raise goes through openpyxl.
        problems.add(place, f"is no Excel workbook that can be read ({type(error).__name__}); save it again as .xlsx, without a password")
        return []
    filled = [sheet for sheet in workbook.worksheets if any(cell is not None for row in sheet.values for cell in row)]
    grids: dict[str, Grid] = {}
    for sheet in filled:
        name = sheet_of(sheet.title) or (METERS if len(filled) == 1 else None)
        told = f"{place}, sheet {sheet.title}"
        if name is None:
            if not ignore(sheet.title):
                problems.add(told, f"is no sheet of a site; call it one of {', '.join(SHEETS)}, or name it in 'ignore'")
        elif name in grids:
            problems.add(told, f"means the same as that of {grids[name].place}; remove one of the two, or name it in 'ignore'")
        elif sheet.max_row > MOST_ROWS or sheet.max_column > MOST_COLUMNS:
            problems.add(
                told,
                f"has {sheet.max_row} rows and {sheet.max_column} columns, with those that only have a format; at most {MOST_ROWS} and"
                f" {MOST_COLUMNS} are read, delete the empty ones",
            )
        else:
            grids[name] = Grid(name, told, _cells(sheet))
    return list(grids.values())


def _cells(sheet: t.Any) -> list[list[t.Any]]:
    rows = [[_cell(cell) for cell in row] for row in sheet.iter_rows()]
    for merged in sheet.merged_cells.ranges:
        # What is written once for many rows or columns is meant for each of them.
        for row in range(merged.min_row - 1, merged.max_row):
            for column in range(merged.min_col - 1, merged.max_col):
                rows[row][column] = rows[merged.min_row - 1][merged.min_col - 1]
    return rows


def _cell(cell: t.Any) -> t.Any:
    if cell.data_type == "e":
        return Odd(str(cell.value), "is an error of the sheet's formula; mend the formula, or write the value")
    if isinstance(cell.value, (datetime.date, datetime.time, datetime.timedelta)):
        return Odd(
            str(cell.value),
            "is a date or a time, perhaps made by Excel of something like 1-2; format the column as text and write it again",
        )
    return cell.value if cell.value is None or isinstance(cell.value, (bool, int, float, str)) else Odd(shown(cell.value), "is no value")
