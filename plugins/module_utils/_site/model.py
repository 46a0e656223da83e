# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A site: areas, panels and meters, and who may see them. Immutable; made by ``parse.parse_site`` only."""

from __future__ import annotations

import dataclasses

Position = tuple[float, float, float]


@dataclasses.dataclass(frozen=True)
class Limit:
    """When a measured property deserves attention: at ``warning``, and at the higher ``alarm`` (in the property's unit)."""

    property: str
    warning: float | None
    alarm: float | None


@dataclasses.dataclass(frozen=True)
class Meter:
    """A meter in a panel. ``gateway`` reads it at ``address``; ``serial`` is the maker's serial number.

    ``incomer``: it measures all that its panel takes, and so what the panel's other meters measure, too.
    """

    id: str
    name: str
    phases: int
    model: str | None = None
    gateway: str | None = None
    address: str | None = None
    serial: str | None = None
    incomer: bool = False
    limits: tuple[Limit, ...] = ()
    position: Position | None = None


@dataclasses.dataclass(frozen=True)
class Panel:
    """``fed_from``: the panel of the site that feeds this one, and whose meters measure it, too."""

    id: str
    name: str
    meters: tuple[Meter, ...] = ()
    fed_from: str | None = None
    position: Position | None = None


@dataclasses.dataclass(frozen=True)
class Area:
    id: str
    name: str
    areas: tuple[Area, ...] = ()
    panels: tuple[Panel, ...] = ()
    position: Position | None = None


@dataclasses.dataclass(frozen=True)
class Person:
    """Somebody who may see the site, by user name; role: admin, editor or viewer."""

    user: str
    role: str


@dataclasses.dataclass(frozen=True)
class Site:
    """topic: the MQTT topic that all readings are published to. model: name of the 3D file. Positions are in metres.

    timezone: IANA name of the time zone that the site's days begin in.
    """

    id: str
    name: str
    topic: str
    areas: tuple[Area, ...] = ()
    people: tuple[Person, ...] = ()
    model: str | None = None
    timezone: str = "UTC"
