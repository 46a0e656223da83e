# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Devices that publish JSON of their own making: where in it the values of a reading stand, as the configuration says."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Mapping
from typing import Any, Final, Literal, cast

from .models import PROPERTIES
from .section import NAME, TOPIC, Section

TimeUnit = Literal["ms", "s", "iso"]

PANEL: Final = "{panel}"
METER: Final = "{meter}"


@dataclasses.dataclass(frozen=True)
class Field:
    """Where a value stands: keys (of a list: a number) with dots between them, and what it is to be multiplied with."""

    path: str
    scale: float = 1.0

    def find(self, data: Any) -> Any:
        """The value as it stands in a message; None where there is none."""
        for key in self.path.split("."):
            if isinstance(data, dict):
                data = data.get(key)
            elif isinstance(data, list) and key.isdecimal() and int(key) < len(data):
                data = data[int(key)]
            else:
                return None
        return data


@dataclasses.dataclass(frozen=True)
class Source:
    """What the messages of a topic hold. A level ``{panel}`` or ``{meter}`` of the topic stands for any, and names that.

    fields: by property. panel, meter: the names themselves; panel_field, meter_field: where a message has them. time_field: where it
    has its time: Unix milliseconds or seconds, or ISO 8601 with an offset from UTC.
    """

    topic: str
    fields: Mapping[str, Field]
    panel: str | None = None
    meter: str | None = None
    panel_field: Field | None = None
    meter_field: Field | None = None
    time_field: Field | None = None
    time_unit: TimeUnit = "ms"

    @property
    def filter(self) -> str:
        """What to subscribe to."""
        return "/".join("+" if level in (PANEL, METER) else level for level in self.topic.split("/"))

    def names(self, topic: str) -> dict[str, str] | None:
        """Panel and meter as far as the topic of a message or the configuration names them; None for another source's topic."""
        own, others = self.topic.split("/"), topic.split("/")
        if len(own) != len(others):
            return None
        found = {name: value for name, value in ((PANEL, self.panel), (METER, self.meter)) if value is not None}
        for level, other in zip(own, others, strict=True):
            if level in (PANEL, METER):
                found[level] = other
            elif level != other:
                return None
        return found


def parse_sources(section: Section) -> tuple[Source, ...]:
    """The sources of a listener's configuration; faults go to the section's list."""
    parts = section.sections("sources")
    found = tuple(_source(part) for part in parts)
    for topic, count in collections.Counter(source.filter for source in found).items():
        if count > 1:
            section.fault("sources", f"the topic '{topic}' stands {count} times; say once what its messages hold")
    return found


def _source(section: Section) -> Source:
    topic = section.text("topic", TOPIC).strip("/")
    levels = topic.split("/")
    for level in levels:
        if ("{" in level or "}" in level) and level not in (PANEL, METER):
            section.fault("topic", f"'{level}' cannot stand here; of names in braces there are {PANEL} and {METER}, each a whole level")
    source = Source(
        topic=topic,
        fields=_fields(section),
        panel=section.optional_text("panel", NAME),
        meter=section.optional_text("meter", NAME),
        panel_field=_field(section, "panel_field"),
        meter_field=_field(section, "meter_field"),
        time_field=_field(section, "time_field"),
        time_unit=cast("TimeUnit", section.choice("time_unit", ("ms", "s", "iso"), "ms")),
    )
    for level, name, value, field in (
        (PANEL, "panel", source.panel, source.panel_field),
        (METER, "meter", source.meter, source.meter_field),
    ):
        if levels.count(level) + (value is not None) + (field is not None) != 1:
            section.fault(name, f"is to be named once: as {name}, as {name}_field, or as the level {level} of the topic")
    section.done()
    return source


def _field(section: Section, key: str) -> Field | None:
    path = section.optional_text(key)
    return Field(path) if path else None


def _fields(section: Section) -> dict[str, Field]:
    part = section.section("fields")
    found = {}
    for name in PROPERTIES:
        value = part.get(name)
        if isinstance(value, dict):
            detail = part.section(name)
            found[name] = Field(detail.text("field"), detail.number("scale", -1e12, 1e12, 1.0))
            detail.done()
        elif value is not None:
            found[name] = Field(part.text(name))
    part.done()
    if not found:
        section.fault("fields", f"name at least one of {', '.join(PROPERTIES)}")
    return found
