# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What plans of every kind share: comparing what is there with what is wanted, and showing the difference. Pure."""

from __future__ import annotations

import collections.abc as c
import functools
import gc
import json
import typing as t

P = t.ParamSpec("P")
R = t.TypeVar("R")

SHOWN_LENGTH = 60
LISTED_NAMES = 5


def building(function: c.Callable[P, R]) -> c.Callable[P, R]:
    """For a function whose result is most of what it makes: Python does not look for garbage while it runs.

    It would look through the growing result again and again, which for a plan of fifty thousand entities takes a third of the time.
    """

    @functools.wraps(function)
    def built(*args: P.args, **kwargs: P.kwargs) -> R:
        if not gc.isenabled():
            return function(*args, **kwargs)
        gc.disable()
        try:
            return function(*args, **kwargs)
        finally:
            gc.enable()

    return built


class Refused(Exception):
    """The input, or what stands in AWS, makes the task impossible.

    The message is one sentence (or one per line) that names the item, the value and the remedy;
    details are further keys of the module's result.
    """

    def __init__(self, message: str, **details: t.Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


def covers(actual: t.Any, wanted: t.Any) -> bool:
    """Whether ``actual`` has everything that ``wanted`` asks for.

    Mappings may have more keys than asked for, since AWS adds its defaults to what it was sent. Lists are compared
    in full and in order. 1 and 1.0 are equal; 1 and true are not.
    """
    if isinstance(wanted, c.Mapping):
        return isinstance(actual, c.Mapping) and all(key in actual and covers(actual[key], value) for key, value in wanted.items())
    if isinstance(wanted, list):
        return (
            isinstance(actual, list)
            and len(actual) == len(wanted)
            and all(covers(one, other) for one, other in zip(actual, wanted, strict=True))
        )
    return isinstance(actual, bool) == isinstance(wanted, bool) and bool(actual == wanted)


def shown(value: t.Any) -> str:
    """A value as a reason shows it: short, on one line."""
    text = f"'{value}'" if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    return text if len(text) <= SHOWN_LENGTH else f"{text[: SHOWN_LENGTH - 3]}..."


def listed(names: c.Iterable[str]) -> str:
    """Names as a sentence lists them: the first few, and how many more there are."""
    every = list(names)
    first = ", ".join(f"'{name}'" for name in every[:LISTED_NAMES])
    return first if len(every) <= LISTED_NAMES else f"{first} and {len(every) - LISTED_NAMES} more"


def changed_value(label: str, before: t.Any, after: t.Any) -> str:
    """The reason for a change of one value."""
    return f"{label} changes from {shown(before)} to {shown(after)}"


# What holds nothing: most of what is put in order.
PLAIN = frozenset((str, int, float, bool, type(None)))


def in_order(value: t.Any) -> t.Any:
    """The same value with every mapping in the order of its keys, so that two diffs of the same state are the same text."""
    if isinstance(value, dict):
        # Most mappings of a diff have one key.
        pairs = sorted(value.items(), key=_first) if len(value) > 1 else value.items()
        return {key: item if type(item) in PLAIN else in_order(item) for key, item in pairs}
    if isinstance(value, list):
        return [in_order(item) for item in value]
    return value


def _first(pair: tuple[t.Any, t.Any]) -> t.Any:
    return pair[0]


def as_diff(before: c.Mapping[str, t.Any] | None, after: c.Mapping[str, t.Any] | None) -> dict[str, t.Any]:
    """The ``diff`` of a module's result. None means that there is nothing."""
    return {"before": in_order(before or {}), "after": in_order(after or {})}
