# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A JSON object that is read key by key, so that everything that is wrong with it is said at once."""

from __future__ import annotations

import difflib
import json
import math
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, cast


class Form(NamedTuple):
    """What a text may look like: its pattern, and the same in words."""

    pattern: re.Pattern[str]
    words: str


ANY: Final = Form(re.compile(r".+"), "a text")
NAME: Final = Form(re.compile(r"[^\s/#+\"]+"), "a name without blanks, quotes, /, # and +")
TOPIC: Final = Form(re.compile(r"[^#+\0]+"), "a topic without # and +")
PATH: Final = Form(re.compile(r"/.+"), "an absolute path")
RULE: Final = Form(re.compile(r"[a-zA-Z0-9_]{1,128}"), "a rule's name of letters, digits and _")


class Section:
    """A JSON object that is read key by key: faults go to the list, and something harmless comes back in place of a bad value."""

    def __init__(self, data: Any, place: str, faults: list[str]) -> None:
        self._place = place
        self._seen: set[str] = set()
        self._data: Mapping[str, Any] = data if isinstance(data, dict) else {}
        # One fault is enough for what is no object: that its keys are missing goes without saying.
        self._faults = faults if isinstance(data, dict) else []
        if not isinstance(data, dict):
            faults.append(f"{place or 'The configuration'}: {_shown(data)} is no object; write {{...}}.")

    def fault(self, key: str, what: str) -> None:
        place = ".".join(part for part in (self._place, key) if part)
        self._faults.append(f"{place}: {what}{'' if what.endswith(('.', '?')) else '.'}")

    def get(self, key: str) -> Any:
        self._seen.add(key)
        return self._data.get(key)

    def _value(self, key: str, default: Any) -> Any:
        self._seen.add(key)
        value = self._data.get(key)
        return default if value is None else value

    def text(self, key: str, form: Form = ANY, default: str | None = None) -> str:
        value = self._value(key, default)
        if value is None:
            self.fault(key, f"is missing; write {form.words}")
        elif not isinstance(value, str) or not form.pattern.fullmatch(value):
            self.fault(key, f"{_shown(value)} cannot stand here; write {form.words}")
        else:
            return value
        return ""

    def optional_text(self, key: str, form: Form = ANY) -> str | None:
        return self.text(key, form) if self._value(key, None) is not None else None

    def path(self, key: str, default: str | None = None) -> pathlib.Path:
        return pathlib.Path(self.text(key, PATH, default))

    def choice(self, key: str, choices: Sequence[str], default: str) -> str:
        value = self._value(key, default)
        if value not in choices:
            self.fault(key, f"{_shown(value)} is none of {', '.join(choices)}")
            return default
        return cast("str", value)

    def whole(self, key: str, least: int, most: int | None = None, default: int | None = None) -> int:
        value = self._value(key, default)
        if value is None:
            self.fault(key, "is missing; write a whole number")
        elif isinstance(value, bool) or not isinstance(value, int) or value < least or (most is not None and value > most):
            self.fault(key, f"{_shown(value)} is no whole number {f'from {least} to {most}' if most is not None else f'above {least - 1}'}")
        else:
            return value
        return least if default is None else default

    def number(self, key: str, least: float, most: float, default: float | None) -> Any:
        """A number, or the default where there is none (which may be None)."""
        value = self._value(key, default)
        if value is default:
            return value
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or not least <= value <= most:
            self.fault(key, f"{_shown(value)} is no number from {least:g} to {most:g}")
            return default
        return float(value)

    def mapping(self, key: str) -> Mapping[str, Any]:
        value = self._value(key, {})
        if not isinstance(value, dict):
            self.fault(key, f"{_shown(value)} is no object; write {{...}}")
            return {}
        return value

    def section(self, key: str, default: Any = None) -> Section:
        value = self._value(key, default)
        return Section(value, f"{self._place}.{key}" if self._place else key, self._faults)

    def sections(self, key: str) -> list[Section]:
        value = self._value(key, [])
        if not isinstance(value, list):
            self.fault(key, f"{_shown(value)} is no list; write [...]")
            return []
        place = f"{self._place}.{key}" if self._place else key
        return [Section(item, f"{place}[{number}]", self._faults) for number, item in enumerate(value)]

    def refuse(self, keys: Sequence[str], why: str) -> None:
        for key in keys:
            if self._value(key, None) is not None:
                self.fault(key, f"cannot stand here, {why}; remove it")

    def done(self) -> None:
        """All keys that are known have been read: the others are faults."""
        for key in self._data:
            if key not in self._seen:
                near = difflib.get_close_matches(key, sorted(self._seen), 1, 0.5)
                self.fault(key, f"is no known key{f'; did you mean {near[0]!r}?' if near else '; remove it'}")


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."
