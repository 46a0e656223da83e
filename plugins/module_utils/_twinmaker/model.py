# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entities as the plan sees them: as they are wanted, and as they are.

Values are in the form of the API (``{"stringValue": "5"}``), own names are the API's in snake_case.
Nothing here is changed once it is made.
"""

from __future__ import annotations

import dataclasses
import typing as t

ROOT = "$ROOT"

DataValue = dict[str, t.Any]
Definition = dict[str, t.Any]


@dataclasses.dataclass(frozen=True, slots=True)
class WantedProperty:
    """None is "not given": the value or definition that is there stays."""

    value: DataValue | None = None
    definition: Definition | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class WantedComponent:
    type_id: str
    description: str | None = None
    properties: dict[str, WantedProperty] = dataclasses.field(default_factory=dict)
    groups: dict[str, dict[str, t.Any]] | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """An entity of the list. None is "not given": what is there stays.

    position: where it stands in the list, for messages.
    """

    entity_id: str
    name: str
    parent_id: str
    description: str | None = None
    components: dict[str, WantedComponent] | None = None
    tags: dict[str, str] | None = None
    position: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Property:
    """A property that has a value, or whose definition the list gives too (else definition is None).

    resettable: the value is not asked for by the type, is not the type's default and was not imported, so that a prune may reset it.
    required: the type asks for a value, so that no prune takes it away.
    """

    value: DataValue | None
    definition: Definition | None
    resettable: bool
    required: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Component:
    """error: why it is in state ERROR, empty if it is not. synced: a sync job owns it."""

    type_id: str
    description: str
    properties: dict[str, Property]
    groups: dict[str, dict[str, t.Any]]
    error: str = ""
    synced: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Actual:
    """An entity of the workspace. components and tags are None where they were not read.

    error: why it is in state ERROR, empty if it is not. synced: a sync job owns it.
    updated: when AWS changed it last, in microseconds since the epoch; 0 if that is not known.
    """

    entity_id: str
    name: str
    parent_id: str
    description: str = ""
    state: str = "ACTIVE"
    error: str = ""
    arn: str = ""
    components: dict[str, Component] | None = None
    tags: dict[str, str] | None = None
    synced: bool = False
    updated: int = 0
