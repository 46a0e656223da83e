# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Histories of properties: what to ask for, and plain numbers with plain times from the answers. Pure."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import datetime
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, shown
from ansible_collections.energytwin.aws.plugins.module_utils._times import ISO, iso, moment
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.values import plain

Answer = dict[str, t.Any]
Point = dict[str, t.Any]

# The most properties that one call takes (shape SelectedPropertyList).
MAX_SELECTED = 10


@dataclasses.dataclass(frozen=True)
class Subject:
    """Whose history is read: one component of one entity, or all components of a type."""

    entity_id: str | None = None
    component_name: str | None = None
    component_type_id: str | None = None

    def members(self) -> Answer:
        members = {"entityId": self.entity_id, "componentName": self.component_name, "componentTypeId": self.component_type_id}
        return {key: item for key, item in members.items() if item is not None}

    def __str__(self) -> str:
        if self.component_type_id:
            return f"component type '{self.component_type_id}'"
        return f"component '{self.component_name}' of entity '{self.entity_id}'"


def chunks(properties: c.Sequence[str]) -> list[list[str]]:
    """The properties in portions that one call takes."""
    return [list(properties[start : start + MAX_SELECTED]) for start in range(0, len(properties), MAX_SELECTED)]


def time_series(definitions: Answer) -> list[str]:
    """The names of the time-series properties of a component or a component type, from their definitions by name."""
    return sorted(name for name, definition in definitions.items() if definition.get("isTimeSeries"))


def points(values: c.Iterable[Answer]) -> list[Point]:
    """Plain values with ISO times from PropertyValue structures, which have ``time`` (text) or ``timestamp`` (a datetime)."""
    return [{"time": _time(value), "value": plain(value["value"])} for value in values]


def _time(value: Answer) -> str:
    if "time" in value:
        found = ISO.fullmatch(str(value["time"]))
        if found is None:
            raise Refused(f"The reader gave {shown(value['time'])} for a time, which is not ISO 8601; mend the data connector.")
        return iso(moment(str(value["time"]), datetime.datetime.now(datetime.timezone.utc), "time"))
    return iso(value["timestamp"])


class Histories:
    """Puts the pages of a subject's answers together: one entry for each component and set of external ids."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self._found: dict[tuple[t.Any, ...], dict[str, t.Any]] = {}

    def add(self, property_values: c.Iterable[Answer]) -> None:
        for history in property_values:
            reference = history["entityPropertyReference"]
            external_ids = reference.get("externalIdProperty") or {}
            entity_id = reference.get("entityId", self.subject.entity_id)
            component_name = reference.get("componentName", self.subject.component_name)
            key = (entity_id, component_name, *(() if entity_id else sorted(external_ids.items())))
            entry = self._found.setdefault(
                key, {"entity_id": entity_id, "component_name": component_name, "external_ids": {}, "properties": {}}
            )
            entry["external_ids"].update(external_ids)
            entry["properties"].setdefault(reference["propertyName"], []).extend(points(history.get("values") or []))

    def series(self) -> set[tuple[t.Any, ...]]:
        """Which components and properties have values so far."""
        return {(*key, name) for key, entry in self._found.items() for name, found in entry["properties"].items() if found}

    def fewest(self) -> int:
        """How many values the property with the fewest has."""
        return min((len(found) for entry in self._found.values() for found in entry["properties"].values()), default=0)

    def entries(self, limit: int | None, latest: bool) -> list[dict[str, t.Any]]:
        """The result. limit: the most values of one property. latest: only the newest value of each."""
        if not self._found and self.subject.entity_id:
            return [
                {"entity_id": self.subject.entity_id, "component_name": self.subject.component_name, "external_ids": {}, "properties": {}}
            ]

        def cut(found: list[Point]) -> list[Point]:
            # A reader may ignore the order that it was asked for.
            return [max(found, key=lambda point: point["time"])] if latest and found else found[:limit]

        return [
            {**entry, "properties": {name: cut(found) for name, found in sorted(entry["properties"].items())}}
            for _key, entry in sorted(self._found.items(), key=lambda item: [str(part) for part in item[0]])
        ]
