# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: drift
type: aggregate
short_description: Write what a check of sites has found
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Gathers what the playbook C(energytwin.aws.plan) finds in check mode, whichever callback prints the run, and writes two files per site
    into the folder that the variable C(plan_folder) names, C(plans) by default. C(SITE.html) is for people, C(SITE.json) for programs.
  - It does nothing in other playbooks, so that it can be enabled for good.
  - The files are readable for their owner only, since they show configurations. What tasks hide (C(no_log)) is not in them.
requirements:
  - It has to be enabled, with C(callbacks_enabled) in the section C([defaults]) of C(ansible.cfg) or with the environment variable
    C(ANSIBLE_CALLBACKS_ENABLED).
"""

import datetime
import json
import os
import pathlib
import tempfile
import typing as t

from ansible.plugins.callback import CallbackBase

from ansible_collections.energytwin.aws.plugins.plugin_utils._drift.differences import Task
from ansible_collections.energytwin.aws.plugins.plugin_utils._drift.page import page
from ansible_collections.energytwin.aws.plugins.plugin_utils._drift.report import Collector


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "energytwin.aws.drift"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *arguments: t.Any, **options: t.Any) -> None:
        super().__init__(*arguments, **options)
        self._active = False
        self._collector = Collector()
        self._folder = pathlib.Path("plans")
        self._site_of: dict[str, str | None] = {}
        self._play: t.Any = None

    def v2_playbook_on_play_start(self, play: t.Any) -> None:
        # The playbook may be imported by another one, so its first play is what tells it.
        if "plan_begins" in play.vars:
            self._active = True
        if not self._active:
            return
        self._play = play
        # The last play reads what was found until then, and may fail because of it.
        if "plan_report" in play.vars:
            self._write()
            self._active = False

    def v2_runner_on_ok(self, result: t.Any) -> None:
        if site := self._site(result.host):
            self._collector.done(site, _task(result), result.result)

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        if site := self._site(result.host):
            note = self._collector.done if ignore_errors else self._collector.failed
            note(site, _task(result), result.result)

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        if site := self._site(result.host):
            self._collector.failed(site, _task(result), result.result)

    def v2_runner_on_skipped(self, result: t.Any) -> None:
        if site := self._site(result.host):
            self._collector.skipped(site, _task(result), result.result)

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        if self._active:
            self._write()

    def _site(self, host: t.Any) -> str | None:
        """The site that a host is or belongs to; None for another host, and in other playbooks."""
        if not self._active:
            return None
        name = host.get_name()
        if name not in self._site_of:
            groups = {group.get_name() for group in host.get_groups()}
            variables = self._play.get_variable_manager().get_vars(play=self._play, host=host)
            site = name if "sites" in groups else str(variables.get("gateway_site", "")) if "gateways" in groups else ""
            self._site_of[name] = site or None
            if "sites" in groups:
                self._folder = pathlib.Path(str(variables.get("plan_folder", self._folder)))
        return self._site_of[name]

    def _write(self) -> None:
        checked = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for site in self._collector.sites:
                report = self._collector.report(site, checked)
                _replace(self._folder / f"{site}.json", json.dumps(report, indent=2, sort_keys=True, default=str) + "\n")
                _replace(self._folder / f"{site}.html", page(report))
        except OSError as error:
            self._display.error(f"The reports cannot be written to {self._folder}: {error.strerror}; set plan_folder to a folder of yours.")


def _task(result: t.Any) -> Task:
    role = result.task._role
    layer = role.get_name().rpartition(".")[2] if role else ""
    return Task(layer=layer, host=result.host.get_name(), name=result.task.get_name().strip(), module=result.task.action.rpartition(".")[2])


def _replace(path: pathlib.Path, text: str) -> None:
    """The file gets its content at once, for its owner only."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(name, path)
