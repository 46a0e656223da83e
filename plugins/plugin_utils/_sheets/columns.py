# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sheets of a site and their columns: what they are called, and by which other names lists from the field call them (pure)."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import re
import unicodedata

from ansible_collections.energytwin.aws.plugins.module_utils._site.gateways import BUS_KEYS
from ansible_collections.energytwin.aws.plugins.module_utils._site.parse import SITE_KEYS
from ansible_collections.energytwin.aws.plugins.module_utils._site.properties import MEASURED

SITE, AREAS, PANELS, METERS, GATEWAYS, BUSES, PEOPLE = "site", "areas", "panels", "meters", "gateways", "buses", "people"
POSITION = ("x", "y", "z")
LEVELS = ("warning", "alarm")


@dataclasses.dataclass(frozen=True)
class Sheet:
    """A sheet: how it is called, and its columns, each with the names that it may have. Without ``key`` no row has a meaning."""

    names: tuple[str, ...]
    key: str
    columns: dict[str, tuple[str, ...]]


_PLACES: dict[str, tuple[str, ...]] = {axis: (axis, f"{axis} m", f"position {axis}") for axis in POSITION}
_NAME = ("name", "description", "bezeichnung")
# What stands in the sheet "site" beside what the site model knows, and as which variable of the host it arrives.
SITE_VARIABLES = {"region": "aws_region", "ring": "rollout_ring"}
_SITE_NAMES = {
    "id": ("id", "site id"),
    "name": ("name", "site", "site name", "plant", "standort"),
    "topic": ("topic", "mqtt topic"),
    "model": ("model", "3d model", "3d file"),
    "region": ("region", "aws region"),
    "timezone": ("timezone", "time zone", "zeitzone"),
    "ring": ("ring", "rollout ring"),
}

SHEETS: dict[str, Sheet] = {
    SITE: Sheet(
        (SITE,),
        "id",
        {key: _SITE_NAMES.get(key, (key,)) for key in (*SITE_KEYS, *SITE_VARIABLES) if key not in (AREAS, PEOPLE)},
    ),
    AREAS: Sheet((AREAS, "bereiche"), "area", {"area": ("area", "area id", "id", "bereich"), "name": ("name", "area name"), **_PLACES}),
    PANELS: Sheet(
        (PANELS, "distribution boards", "verteiler"),
        "panel",
        {
            "panel": ("panel", "panel id", "id", "verteiler"),
            "name": ("name", "panel name"),
            "area": ("area", "location", "bereich"),
            "fed_from": ("fed from", "fed by", "gespeist von"),
            **_PLACES,
        },
    ),
    METERS: Sheet(
        (METERS, "meter list", "zähler", "zählerliste"),
        "id",
        {
            "area": ("area", "location", "area path", "bereich"),
            "panel": ("panel", "panel id", "board", "distribution board", "verteiler"),
            "panel_name": ("panel name", "board name"),
            "id": ("meter", "meter id", "meter no", "meter number", "meter nr", "id", "zähler", "zählernummer", "zähler nr"),
            "name": (*_NAME, "meter name", "load", "consumer", "verbraucher"),
            "model": ("model", "meter model", "meter type", "type", "typ"),
            "phases": ("phases", "phase", "no of phases", "number of phases", "phasen"),
            "gateway": ("gateway",),
            "address": ("address", "modbus address", "adresse"),
            "bus": ("bus", "line"),
            "unit": ("unit", "unit id", "slave", "slave id", "modbus id"),
            "incomer": ("incomer", "is incomer", "einspeisung"),
            "serial": ("serial", "serial number", "serial no", "seriennummer"),
            **_PLACES,
        },
    ),
    GATEWAYS: Sheet(
        (GATEWAYS,),
        "gateway",
        {
            "gateway": ("gateway", "gateway id", "name", "id"),
            "model": ("model", "gateway model", "type", "typ"),
            "host": ("host", "ip", "ip address", "hostname"),
        },
    ),
    BUSES: Sheet(
        (BUSES, "lines"),
        "id",
        {"gateway": ("gateway",), **{key: (key.replace("_", " "),) for key in BUS_KEYS}, "id": ("id", "bus", "bus id")},
    ),
    PEOPLE: Sheet((PEOPLE, "users"), "user", {"user": ("user", "user name", "login"), "role": ("role",)}),
}
# Columns that are for people only.
REMARKS = ("remark", "remarks", "comment", "comments", "note", "notes", "bemerkung")

_MEASURED = {measured.name.casefold(): measured.name for measured in MEASURED}
_LEVEL_NAMES = {"warning": "warning", "warn": "warning", "warnung": "warning", "alarm": "alarm"}
_LIMIT = re.compile(rf"(?:limit )?(?:(?P<before>\w+) )?(?P<level>{'|'.join(_LEVEL_NAMES)})(?: (?P<after>\w+))?")
_LIMITED = "kW"


def normalised(heading: str) -> str:
    """A heading as it is compared: without regard to case, punctuation and spaces."""
    return " ".join(re.sub(r"[\W_]+", " ", unicodedata.normalize("NFKC", heading).casefold()).split())


def known(heading: str, names: dict[str, tuple[str, ...]]) -> str | None:
    """The key that a heading stands for. What stands in brackets is taken as an explanation, if the heading is not known with it."""
    for text in (heading, re.sub(r"\([^()]*\)|\[[^\[\]]*\]", " ", heading)):
        said = normalised(text)
        for key, spelled in names.items():
            if said in spelled:
                return key
    return None


def sheet_of(title: str) -> str | None:
    """The sheet that a title stands for."""
    return known(title, {name: sheet.names for name, sheet in SHEETS.items()})


def limit_of(heading: str) -> tuple[str, str] | None:
    """(property, level) of a column with limits: ``kW warning``, ``Alarm (A)``; without a property, of the power."""
    found = _LIMIT.fullmatch(normalised(heading))
    if not found or (found["before"] and found["after"]):
        return None
    named = found["before"] or found["after"] or _LIMITED
    return _MEASURED.get(named.casefold(), named), _LEVEL_NAMES[found["level"]]


def spellings(names: dict[str, tuple[str, ...]]) -> c.Iterator[str]:
    for spelled in names.values():
        yield from spelled
