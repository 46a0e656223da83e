# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows of texts as the lines of a table (pure)."""

from __future__ import annotations

import collections.abc as c


def text_table(heading: c.Sequence[str], rows: c.Iterable[c.Sequence[str]], long_last: bool = False) -> list[str]:
    """The heading, a rule, and a line for each row; aligned left, each column as wide as its widest cell.

    long_last: the last column may be long, so its rule is as long as its heading only.
    """
    every = [heading, *rows]
    widths = [max(map(len, column)) for column in zip(*every, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in every]
    rules = [*widths[:-1], len(heading[-1]) if long_last else widths[-1]]
    return [lines[0], "  ".join("-" * width for width in rules), *lines[1:]]


def counted(number: int, thing: str) -> str:
    """A number of things in words that people read; ``thing`` in the singular of a word that takes an s."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
