# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a scene document binds to against what the site's twin has, and where it leads. Pure.

Module twinmaker_scene looks for all that keeps a document from being shown; this looks for what would show nothing and lead nowhere.
"""

from __future__ import annotations

import collections.abc as c
import re
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.fields import shown
from ansible_collections.energytwin.aws.plugins.module_utils._site.model import Site
from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import as_site, meters, twin_entities
from ansible_collections.energytwin.aws.plugins.module_utils._site.properties import IDENTIFIERS

_CONTEXT = "dataBindingContext"
_LINK = "navLink"
_LISTED = 5


def scene_faults(document: c.Mapping[str, t.Any], site: Site | c.Mapping[str, t.Any]) -> list[str]:
    """What the document binds to and the site has not, and links that Grafana does not follow: a sentence each.

    Bindings with variables (``${...}``) are left alone.
    """
    site = as_site(site)
    twin: dict[str, dict[str, list[str]]] = {entity["entity_id"]: {} for entity in twin_entities(site)}
    for meter in meters(site):
        twin[meter["entity_id"]][meter["component_name"]] = [*IDENTIFIERS, *meter["properties"]]
    nodes = document.get("nodes") or []
    bound = (found for index, node in enumerate(nodes) for found in _below(node, f"nodes[{index}]", _CONTEXT))
    links = (found for index, node in enumerate(nodes) for found in _below(node, f"nodes[{index}]", _LINK))
    faults = [_binding_fault(path, context, twin) for path, context in bound] + [_link_fault(path, link) for path, link in links]
    return [fault for fault in faults if fault is not None]


def _below(value: t.Any, path: str, wanted: str) -> c.Iterator[tuple[str, c.Mapping[str, t.Any]]]:
    """The mappings of that key at any depth, with their paths: each kind of component keeps its bindings elsewhere."""
    if isinstance(value, c.Mapping):
        for key, inner in value.items():
            if key == wanted and isinstance(inner, c.Mapping):
                yield f"{path}.{key}", inner
            else:
                yield from _below(inner, f"{path}.{key}", wanted)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _below(inner, f"{path}[{index}]", wanted)


def _link_fault(path: str, link: c.Mapping[str, t.Any]) -> str | None:
    """Grafana's TwinMaker app (2.1.7, ``getValidHttpUrl``) follows absolute addresses only."""
    destination = link.get("destination")
    if not destination or re.match(r"https?://[^/]", str(destination)):
        return None
    return f"{path}.destination: {shown(destination)} leads nowhere; give an address with http:// or https://"


def _binding_fault(path: str, context: c.Mapping[str, t.Any], twin: dict[str, dict[str, list[str]]]) -> str | None:
    known: c.Mapping[str, t.Any] | c.Sequence[str] = twin
    of = "the site"
    for key, what in (("entityId", "entity"), ("componentName", "component"), ("propertyName", "property")):
        name = context.get(key)
        if name is None or "${" in str(name):
            return None
        if name not in known:
            return f"{path}.{key}: {of} has no {what} {shown(name)}; {_remedy(known)}"
        if isinstance(known, c.Mapping):
            of, known = f"{what} {shown(name)}", known[name]
    return None


def _remedy(known: c.Iterable[str]) -> str:
    names = [*known]
    if not names:
        return "it has none"
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"it has {', '.join(names[:_LISTED])}{more}"
