# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Python runs this file at its start where its folder is on PYTHONPATH. See ../README.md."""

from __future__ import annotations

import os
import sys

if "QUICK_PLAYS_KEPT" in os.environ and any("/AnsiballZ_" in argument for argument in sys.orig_argv[1:2]):
    import compiled_once  # type: ignore[import-not-found]

    compiled_once.install(os.environ["QUICK_PLAYS_KEPT"])
