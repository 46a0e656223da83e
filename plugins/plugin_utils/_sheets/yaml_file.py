# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The YAML file of a site: ``site`` as in the host variable, and what the sheets say of region, ring and gateways."""

from __future__ import annotations

import collections.abc as c
import typing as t

import yaml

from ansible_collections.energytwin.aws.plugins.module_utils._site.fields import Fields, Problems
from ansible_collections.energytwin.aws.plugins.plugin_utils._sheets.columns import SITE_VARIABLES
from ansible_collections.energytwin.aws.plugins.plugin_utils._sheets.places import Places
from ansible_collections.energytwin.aws.plugins.plugin_utils._sheets.workbook import Listed

FILE_KEYS = ("site", "gateways", *SITE_VARIABLES)
GATEWAY_VARIABLES = {"model": "gateway_model", "host": "ansible_host", "buses": "edge_gateway_buses"}
_LOADER: t.Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(content: bytes, name: str, place: str, problems: Problems) -> Listed | None:
    """The site of a file; its site and its gateways are checked later. place: the file, as it is told to people."""
    places = Places(place)
    try:
        data = yaml.load(content, Loader=_LOADER)
        _note(yaml.compose(content, Loader=_LOADER), "", place, places)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        problems.add(f"{place}, row {mark.line + 1}" if mark else place, f"is no YAML ({_said(error)}); mend it")
        return None
    own = Problems(places.of)
    fields = Fields(data, "", "file of a site", FILE_KEYS, own)
    gateways = _gateways(fields, own) if fields.raw("gateways") is not None else None
    variables = {variable: text for key, variable in SITE_VARIABLES.items() if (text := fields.identifier(key, required=False))}
    problems.sentences.extend(own.sentences)
    site = fields.raw("site")
    site_id = str(site["id"]) if isinstance(site, c.Mapping) and site.get("id") is not None else name
    inner = Places(f"{place}, site")
    for path, found in places.below("site"):
        inner.note(path, found)
    return Listed(site_id, site if isinstance(site, dict) else {}, variables, gateways, inner)


def _said(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "a part of it holds itself"
    if isinstance(error, yaml.YAMLError):
        return getattr(error, "problem", None) or "it is not UTF-8"
    # What the values of some types may not be, such as a date without its month.
    return "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)


def _gateways(fields: Fields, problems: Problems) -> dict[str, dict[str, t.Any]]:
    listed = fields.raw("gateways")
    if not isinstance(listed, c.Mapping):
        fields.complain("gateways", "is no mapping; write the name of each gateway, a colon, and what is said of it")
        return {}
    found = {}
    for name, said in listed.items():
        entry = Fields(said or {}, f"gateways.{name}", "gateway", tuple(GATEWAY_VARIABLES), problems)
        found[str(name)] = {variable: entry.raw(key) for key, variable in GATEWAY_VARIABLES.items() if entry.raw(key) is not None}
    return found


def _note(node: t.Any, path: str, place: str, places: Places) -> None:
    """Note the line of every key and entry."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = f"{path}.{key.value}" if path else str(key.value)
            places.note(inner, f"{place}, row {key.start_mark.line + 1} ({inner})")
            _note(value, inner, place, places)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            inner = f"{path}[{index}]"
            places.note(inner, f"{place}, row {value.start_mark.line + 1} ({inner})")
            _note(value, inner, place, places)
