# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows as a table for people (pure)."""

from __future__ import annotations

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._preflight.checks import BAD

HEADING = ("", "What", "Found", "Needed", "Remedy")
MARKS = {"good": "ok", "bad": "BAD", "not known": "?", "ignored": "ignored"}
# A longer cell would push the columns behind it out of sight.
WIDEST = 60


def preflight_table(checks: c.Sequence[c.Mapping[str, t.Any]]) -> list[str]:
    """Lines: a heading and a row for each check; the last column is as long as it is."""
    rows = [HEADING, *((MARKS[check["outcome"]], check["what"], check["found"], check["needed"], check["remedy"]) for check in checks)]
    widths = [min(WIDEST, max(len(row[column]) for row in rows)) for column in range(len(HEADING) - 1)]
    lines = ["  ".join([*(_cell(cell, width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip() for row in rows]
    return [lines[0], "  ".join("-" * width for width in (*widths, len(HEADING[-1]))), *lines[1:]]


def preflight_failures(checks: c.Sequence[c.Mapping[str, t.Any]]) -> list[str]:
    """A sentence for each check that is bad."""
    return [_sentence(check) for check in checks if check["outcome"] == BAD]


def _sentence(check: c.Mapping[str, t.Any]) -> str:
    needed = f" (needed: {check['needed']})" if check["needed"] else ""
    sentence = f"{check['what']}: {check['found']}{needed}; {check['remedy']}"
    return sentence if sentence.endswith("?") else f"{sentence}."


def _cell(text: str, width: int) -> str:
    return text.ljust(width) if len(text) <= width else text[: width - 3] + "..."
