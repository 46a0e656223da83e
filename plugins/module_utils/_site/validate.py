# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with one value of a site (pure).

Every ``..._fault`` function gives None for a good value, or the end of a sentence that begins with the value:
what is wrong, and what to do about it.
"""

from __future__ import annotations

import math
import re
import typing as t
import zoneinfo

from ansible_collections.energytwin.aws.plugins.module_utils._site.properties import MEASURED, measured_by

ROLES = ("admin", "editor", "viewer")
PHASES = (1, 3)
MODEL_ENDINGS = (".glb", ".gltf")

# Limits of IoT TwinMaker: its service model, and its default quotas.
ENTITY_ID_LENGTH = 128
NAME_LENGTH = 256
COMPONENTS_PER_ENTITY = 30
# One component of a panel holds its totals.
METERS_PER_PANEL = COMPONENTS_PER_ENTITY - 1
HIERARCHY_DEPTH = 30
ENTITIES = 50_000
# The site's own entity and the panel's stand above and below the areas.
AREA_DEPTH = HIERARCHY_DEPTH - 2
METER_ID_LENGTH = 128

# Limits of IoT Core for topics.
TOPIC_BYTES = 256
TOPIC_SLASHES = 7

_ENTITY_ID = re.compile(r"[a-zA-Z0-9][a-zA-Z_\-0-9.:]*[a-zA-Z0-9]")
_METER_ID = re.compile(r"[a-zA-Z_\-0-9]+")
_TIMEZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}")
_CONTROL = re.compile(r"[\u0000-\u001f\u007f]")


def entity_id_fault(value: str) -> str | None:
    """Ids of the site, of areas and of panels are entity ids of IoT TwinMaker."""
    if len(value) > ENTITY_ID_LENGTH:
        return f"has {len(value)} characters; use at most {ENTITY_ID_LENGTH}"
    if len(value) < 2:
        return "is too short; an id needs at least 2 characters"
    if not _ENTITY_ID.fullmatch(value):
        return "is no legal id; use letters, digits and - _ . : and begin and end with a letter or a digit"
    return None


def meter_id_fault(value: str) -> str | None:
    """A meter's id is part of a component's name."""
    if len(value) > METER_ID_LENGTH:
        return f"has {len(value)} characters; use at most {METER_ID_LENGTH}"
    if not _METER_ID.fullmatch(value):
        return "is no legal meter id; use letters, digits, - and _"
    return None


def text_fault(value: str) -> str | None:
    if not value.strip():
        return "is empty; write a text"
    if len(value) > NAME_LENGTH:
        return f"has {len(value)} characters; use at most {NAME_LENGTH}"
    if _CONTROL.search(value):
        return "holds a line break or another control character; write it on one line"
    if not _is_utf8(value):
        return "cannot be written as UTF-8; remove the broken characters"
    return None


def topic_fault(value: str) -> str | None:
    """A topic that one publishes to, and that can stand in the SQL of a topic rule."""
    if not _is_utf8(value):
        return "cannot be written as UTF-8; remove the broken characters"
    if any(mark in value for mark in "+#"):
        return "holds a wildcard; readings are published to one topic, write it without + and #"
    if "$" in value:
        return "holds a $, which belongs to AWS's reserved topics; write it without"
    if _CONTROL.search(value) or any(mark in value for mark in "'\"\\"):
        return "holds a quote, a backslash or a control character, which the rule's SQL cannot take; write it without"
    if value.startswith("/") or value.endswith("/"):
        return "begins or ends with a slash; write it without"
    if value.count("/") > TOPIC_SLASHES:
        return f"has {value.count('/')} slashes; IoT Core takes at most {TOPIC_SLASHES}"
    if len(value.encode()) > TOPIC_BYTES:
        return f"has {len(value.encode())} bytes; IoT Core takes at most {TOPIC_BYTES}"
    return None


def timezone_fault(value: str) -> str | None:
    """A name of the IANA time zone database. A machine without that database can judge the form only."""
    if not _TIMEZONE.fullmatch(value) or (not _is_timezone(value) and _is_timezone("Europe/Berlin")):
        return "is no time zone; write an IANA name, for example Europe/Berlin or UTC"
    return None


def model_fault(value: str) -> str | None:
    if not value.lower().endswith(MODEL_ENDINGS):
        return "is no 3D file that a scene can show; give a .glb or .gltf file"
    return None


def limit_property_fault(name: str, phases: int) -> str | None:
    if name not in {measured.name for measured in MEASURED}:
        return f"is no measured property; use one of {', '.join(measured_by(phases))}"
    if name not in measured_by(phases):
        return f"is not measured by a meter of {phases} phase; use one of {', '.join(measured_by(phases))}"
    return None


def is_number(value: t.Any) -> bool:
    """A finite number; a boolean is none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_timezone(value: str) -> bool:
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _is_utf8(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
