# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible packs a module with all that it imports once in a run. Runs that share a folder share what was packed, too."""

from __future__ import annotations

import os
import typing as t

from ansible import constants
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: kept_modules
type: aggregate
short_description: Keep packed modules for the next run
description:
  - Keeps the modules that Ansible has packed below the folder that the environment variable E(QUICK_PLAYS_KEPT) names.
  - Only for runs between which no file of a collection changes.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "kept_modules"

    def v2_playbook_on_start(self, playbook: t.Any) -> None:
        if folder := os.environ.get("QUICK_PLAYS_KEPT"):
            modules = os.path.join(folder, "modules")
            os.makedirs(modules, exist_ok=True)
            # Where ansible-core (executor/module_common.py) looks for them; it removes the link when it ends.
            os.symlink(modules, os.path.join(constants.DEFAULT_LOCAL_TMP, "ansiballz_cache"))  # type: ignore[attr-defined]
