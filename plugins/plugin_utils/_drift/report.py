# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gathers the results of a check, and makes of them one report per site: plain data of a stable form."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

from ansible_collections.energytwin.aws.plugins.plugin_utils._drift.differences import Difference, Result, Task, differences

FORMAT = 1
LAYERS = ("preflight", "stack", "twin", "dashboards", "edge_gateway", "verify")
NOT_CHECKED = ("does not support check mode", "would have run if not in check mode")


@dataclasses.dataclass
class _Site:
    hosts: dict[str, int] = dataclasses.field(default_factory=dict)
    layers: dict[str, int] = dataclasses.field(default_factory=dict)
    found: list[Difference] = dataclasses.field(default_factory=list)
    failures: list[dict[str, str]] = dataclasses.field(default_factory=list)
    unchecked: list[dict[str, str]] = dataclasses.field(default_factory=list)
    stack_changed: str | None = None
    given_up: bool = False


class Collector:
    """Takes the results of all tasks, in the order of the run."""

    def __init__(self) -> None:
        self._sites: dict[str, _Site] = {}

    @property
    def sites(self) -> list[str]:
        """Those of which a layer was looked at, or could not be."""
        return [site for site, about in self._sites.items() if about.layers or about.given_up]

    def done(self, site: str, task: Task, result: Result) -> None:
        """A task has come to its end, well or by a failure that was foreseen."""
        about = self._looked(site, task)
        about.found += differences(task, result)
        if noted := (result.get("ansible_facts") or {}).get("site_run_failure"):
            self._give_up(about, task, noted)
        for stack in (result.get("cloudformation") or {}).values() if isinstance(result.get("cloudformation"), c.Mapping) else ():
            description = stack.get("stack_description") or {}
            about.stack_changed = _time(description.get("last_updated_time") or description.get("creation_time"))

    def failed(self, site: str, task: Task, result: Result) -> None:
        """A task has failed, or its host cannot be reached."""
        message = result.get("msg") or "no reason given"
        text = _joined(message)
        if result.get("_ansible_no_log") or "censored" in result:
            text = "its result is secret; run it by itself to see why"
        about = self._looked(site, task)
        about.failures.append({"layer": task.layer, "host": task.host, "task": task.name, "message": text})

    def _give_up(self, about: _Site, task: Task, noted: Result) -> None:
        """The playbook has noted that it leaves a host out; the task that failed, if there was one, has told why already."""
        about.given_up = True
        if not about.failures:
            about.failures.append({"layer": task.layer, "host": task.host, "task": str(noted["where"]), "message": _joined(noted["why"])})

    def skipped(self, site: str, task: Task, result: Result) -> None:
        """A task was skipped; one that cannot be checked is told."""
        parts = result["results"] if isinstance(result.get("results"), list) else [result]
        texts = [str(part.get("msg", "")) for part in parts if isinstance(part, c.Mapping)]
        if any(phrase in text for phrase in NOT_CHECKED for text in texts):
            entry = {"layer": task.layer, "host": task.host, "task": task.name}
            about = self._looked(site, task)
            if entry not in about.unchecked:
                about.unchecked.append(entry)

    def _looked(self, site: str, task: Task) -> _Site:
        about = self._sites.setdefault(site, _Site())
        about.hosts[task.host] = about.hosts.get(task.host, 0) + 1
        if task.layer:
            about.layers[task.layer] = about.layers.get(task.layer, 0) + 1
        return about

    def report(self, site: str, checked: str) -> dict[str, t.Any]:
        """The report of a site, in the form that docs/life_of_a_site.md describes. checked: the time, ISO 8601 in UTC."""
        about = self._sites.get(site, _Site())
        found = [
            dataclasses.replace(one, since=about.stack_changed) if one.owner.startswith("stack ") and one.since is None else one
            for one in about.found
        ]
        return {
            "format": FORMAT,
            "site": site,
            "checked": checked,
            "complete": not about.failures,
            "drifted": bool(found),
            "hosts": sorted(about.hosts),
            "layers": {name: about.layers[name] for name in sorted(about.layers, key=_rank)},
            "differences": [one.plain() for one in sorted(found, key=lambda one: (_rank(one.layer), one.host))],
            "failures": about.failures,
            "unchecked": about.unchecked,
        }


def _joined(message: t.Any) -> str:
    return " ".join(map(str, message)) if isinstance(message, list) else str(message)


def _rank(layer: str) -> int:
    return LAYERS.index(layer) if layer in LAYERS else len(LAYERS)


def _time(value: t.Any) -> str | None:
    return str(value) if value else None
