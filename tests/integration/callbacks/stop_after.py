# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kills a run with all its processes at the boundary between two tasks."""

from __future__ import annotations

DOCUMENTATION = """
name: stop_after
type: aggregate
short_description: Kills the run after a task
description:
  - Sends SIGKILL to the process group as soon as the task whose name ends with STOP_AFTER is done and the next one is to begin.
"""

import os
import signal
import typing as t

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "stop_after"

    def __init__(self, *arguments: t.Any, **options: t.Any) -> None:
        super().__init__(*arguments, **options)
        self._last = ""

    def v2_playbook_on_task_start(self, task: t.Any, is_conditional: bool) -> None:
        if self._last.endswith(os.environ["STOP_AFTER"]):
            os.killpg(0, signal.SIGKILL)
        self._last = task.get_name()
