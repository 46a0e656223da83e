# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the module of this name, and has its result treated as secret if it holds a key."""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        # Connections show what a module writes at -vvv, and go by a context of their own. The action has another copy of it.
        context = self._connection._play_context
        before, context.no_log = context.no_log, True
        try:
            result.update(self._execute_module(task_vars=task_vars))
        finally:
            context.no_log = before
        # As if the task had no_log: registered in full, shown to nobody. A failure holds no key, and is to be read.
        if result.get("token"):
            result["_ansible_no_log"] = True
        return result
