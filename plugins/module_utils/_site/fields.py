# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the fields of plain data and noting all that is wrong with them, each under its path."""

from __future__ import annotations

import collections.abc as c
import difflib
import typing as t

Fault = c.Callable[[str], "str | None"]

_SHOWN = 80


class Problems:
    """What was found wrong so far: one sentence each, ``<path>: <value> <what is wrong>; <remedy>``.

    where: says a path to people, for data that was not written as it is parsed (a sheet's row and column); None: as it is.
    """

    def __init__(self, where: c.Callable[[str], str] | None = None) -> None:
        self.sentences: list[str] = []
        self._where = where

    def at(self, path: str) -> str:
        return self._where(path) if self._where else path

    def add(self, path: str, sentence: str) -> None:
        place = self.at(path)
        self.sentences.append(f"{place}: {sentence}" if place else sentence)

    def value(self, path: str, value: t.Any, rest: str) -> None:
        self.add(path, f"{shown(value)} {rest}")


class Fields:
    """One mapping of the data, with its path. What is missing or wrong is noted and read as empty, so that reading goes on."""

    def __init__(self, data: t.Any, path: str, what: str, known: c.Sequence[str], problems: Problems) -> None:
        self.path = path
        self._problems = problems
        self._broken = not isinstance(data, c.Mapping)
        self._data: c.Mapping[t.Any, t.Any] = {} if self._broken else data
        if self._broken:
            problems.value(path, data, f"is no {what}; write a mapping with the keys {', '.join(known)}")
        for key in self._data:
            if key not in known:
                problems.add(self.at(str(key)), f"is no key of {_article(what)} {what}; {_remedy(str(key), known)}")

    def at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def raw(self, key: str) -> t.Any:
        return self._data.get(key)

    def complain(self, key: str, rest: str) -> None:
        """Note that the value of a key is wrong."""
        self._problems.value(self.at(key), self.raw(key), rest)

    def missing(self, key: str, remedy: str) -> None:
        # Where the whole mapping is missing, its keys are not worth a sentence each.
        if not self._broken:
            self._problems.add(self.at(key), f"is missing; {remedy}")

    def text(self, key: str, *faults: Fault, required: bool = True) -> str:
        value = self.raw(key)
        if value is None:
            if required:
                self.missing(key, "write a text")
            return ""
        if not isinstance(value, str):
            self.complain(key, "is no text; put it in quotes")
            return ""
        return self._checked(key, str(value), faults)

    def identifier(self, key: str, *faults: Fault, required: bool = True) -> str:
        """A text, or a whole number that is taken as its digits."""
        value = self.raw(key)
        if value is None:
            if required:
                self.missing(key, "write a text or a number")
            return ""
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            self.complain(key, f"is no text or whole number; put it in quotes if it means {shown(str(value))}")
            return ""
        return self._checked(key, str(value), faults)

    def entries(self, key: str) -> list[tuple[str, t.Any]]:
        """The elements of a list, each with its path; an absent list is empty."""
        value = self.raw(key)
        if value is None:
            return []
        if isinstance(value, (str, bytes)) or not isinstance(value, c.Sequence):
            self.complain(key, "is no list; write one entry per line, each after a dash")
            return []
        return [(f"{self.at(key)}[{index}]", entry) for index, entry in enumerate(value)]

    def _checked(self, key: str, value: str, faults: c.Sequence[Fault]) -> str:
        for fault in faults:
            found = fault(value)
            if found:
                self.complain(key, found)
                return ""
        return value


def shown(value: t.Any) -> str:
    """A value as it stands in a sentence: short, and on one line."""
    text = repr(str(value) if isinstance(value, str) else value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def _article(what: str) -> str:
    return "an" if what[0] in "aeiou" else "a"


def _remedy(key: str, known: c.Sequence[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    return f"did you mean '{close[0]}'?" if close else f"known are {', '.join(known)}"
