# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cells to values, as far as their meaning is clear; what is not stays as it is, for the site model to judge (pure)."""

from __future__ import annotations

import re
import typing as t
import unicodedata

from ansible_collections.energytwin.aws.plugins.module_utils._site import validate

_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?")
_PHASES = re.compile(r"([13])\s*[-~]?\s*(?:ph|phase|phases|phasig)?\.?", re.IGNORECASE)
_FLAGS = {**dict.fromkeys(("yes", "y", "x", "1", "true", "ja", "j"), True), **dict.fromkeys(("no", "n", "0", "false", "nein", "-"), False)}
# What German writes for letters that an id cannot hold.
_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})


def text(value: t.Any) -> t.Any:
    """A text; numbers as they are shown (7, not 7.0)."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def number(value: t.Any) -> t.Any:
    """A number, with a decimal point or a decimal comma."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value.strip().replace(",", "."))
    return value


def whole(value: t.Any) -> t.Any:
    """A whole number where the value is one."""
    found = number(value)
    return int(found) if isinstance(found, float) and found.is_integer() else found


def phases(value: t.Any) -> t.Any:
    """A number of phases; ``3~`` and ``3-phase`` are 3."""
    found = _PHASES.fullmatch(value.strip()) if isinstance(value, str) else None
    return int(found[1]) if found else whole(value)


def flag(value: t.Any) -> t.Any:
    """Yes or no, as people tick things off."""
    word = text(value)
    return _FLAGS.get(word.casefold(), value) if isinstance(word, str) else value


def entity_id(value: str) -> str:
    """The id that a name of an area or of a panel gives: itself where it is a legal id, else made of its letters and digits."""
    if not validate.entity_id_fault(value):
        return value
    plain = unicodedata.normalize("NFKD", value.translate(_LETTERS)).encode("ascii", "ignore").decode().lower()
    made = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    return value if validate.entity_id_fault(made) else made
