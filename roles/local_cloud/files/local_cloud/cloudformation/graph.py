# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which resources depend on which, and the orders that follow from it."""

from __future__ import annotations

import collections.abc as c

from local_cloud.cloudformation import functions
from local_cloud.cloudformation.errors import invalid
from local_cloud.cloudformation.template import Template, depends_on

Graph = dict[str, list[str]]


def wanted(template: Template, conditions: dict[str, bool]) -> list[str]:
    """The logical ids whose condition holds, in the order of the template."""
    return [name for name, resource in template.resources.items() if conditions.get(resource.get("Condition", ""), True)]


def dependencies(template: Template, conditions: dict[str, bool]) -> Graph:
    """For each wanted resource the wanted resources that must exist before it. Refuses references to resources that are not wanted."""
    there = wanted(template, conditions)
    graph: Graph = {}
    for name in there:
        resource = template.resources[name]
        found = dict.fromkeys(other for other in depends_on(resource) if other in there)
        for kind, target, _attribute in functions.references(functions.prune(resource.get("Properties", {}), conditions)):
            if kind not in ("Ref", "GetAtt") or target not in template.resources:
                continue
            if target not in there:
                raise invalid(f"Template format error: Unresolved resource dependencies [{target}] in the Resources block of the template")
            found[target] = None
        graph[name] = list(found)
    for output in template.outputs.values():
        if not conditions.get(output.get("Condition", ""), True):
            continue
        for kind, target, _attribute in functions.references(functions.prune(output, conditions)):
            if kind in ("Ref", "GetAtt") and target in template.resources and target not in there:
                raise invalid(f"Template format error: Unresolved resource dependencies [{target}] in the Outputs block of the template")
    return graph


def order(graph: Graph) -> list[str]:
    """Every node after those that it depends on; otherwise in the graph's own order. Cycles are refused."""
    done: dict[str, None] = {}
    path: list[str] = []

    def visit(name: str) -> None:
        if name in done:
            return
        if name in path:
            raise invalid(f"Circular dependency between resources: [{', '.join(sorted(path[path.index(name) :]))}]")
        path.append(name)
        for other in graph[name]:
            if other in graph:
                visit(other)
        path.pop()
        done[name] = None

    for name in graph:
        visit(name)
    return list(done)


def dependents(graph: Graph, name: str) -> c.Iterator[str]:
    """The nodes that depend on this one directly."""
    return (other for other, needs in graph.items() if name in needs)
