# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way back from a scene document: whether it follows from a site, and what it says that entities do not. Pure."""

from __future__ import annotations

import collections.abc as c
import re
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.model import Site
from ansible_collections.energytwin.aws.plugins.module_utils._site.scene import scene

Plain = dict[str, t.Any]

_LEVELS = {"iottwinmaker.common.icon:Warning": "warning", "iottwinmaker.common.icon:Error": "alarm"}
_REACHED = re.compile(r"\s*(\w+)\s*>=\s*(-?[0-9]+(?:\.[0-9]+)?)\s*")


def follows(document: c.Mapping[str, t.Any], site: Site | c.Mapping[str, t.Any]) -> bool:
    """Whether a scene document is what ``scene`` makes of the site, with or without motion, wherever its dashboards are."""
    return document == scene(site, _grafana_url(document), has_motion(document))


def has_motion(document: c.Mapping[str, t.Any]) -> bool:
    return any(component.get("type") == "MotionIndicator" for component in _components(document))


def limits_of(document: c.Mapping[str, t.Any]) -> dict[tuple[str, str], Plain]:
    """The limits that the icons of tags go by: (entity id, component name) -> {property: {warning, alarm}}. A tag shows one property."""
    found = {}
    for tag in _components(document):
        shown = (tag.get("valueDataBinding") or {}).get("dataBindingContext") or {}
        name = shown.get("propertyName")
        limit = _limit((document.get("rules") or {}).get(tag.get("ruleBasedMapId")) or {}, name)
        if tag.get("type") == "Tag" and limit:
            found[str(shown.get("entityId")), str(shown.get("componentName"))] = {str(name): limit}
    return found


def _limit(rule: Plain, name: str | None) -> dict[str, float]:
    """The warning and the alarm of a property; empty if the rule says none, or none that makes sense."""
    found: dict[str, float] = {}
    for statement in rule.get("statements") or []:
        match = _REACHED.fullmatch(str(statement.get("expression")))
        level = _LEVELS.get(str(statement.get("target")))
        if match and match[1] == name and level:
            found[level] = float(match[2])
    return {} if len(found) == len(_LEVELS) and found["warning"] >= found["alarm"] else found


def _grafana_url(document: c.Mapping[str, t.Any]) -> str:
    links = (component["navLink"].get("destination") for component in _components(document) if component.get("navLink"))
    return str(next(links, "")).partition("/d/")[0]


def _components(document: c.Mapping[str, t.Any]) -> c.Iterator[Plain]:
    return (component for node in document.get("nodes") or [] for component in node.get("components") or [])
