# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reader is a Lambda function's folder, not a package of the collection: its tests find it here."""

from __future__ import annotations

import pathlib
import sys

ROLE = pathlib.Path(__file__).parents[3] / "roles" / "stack"
sys.path.insert(0, str(ROLE / "files" / "reader"))
