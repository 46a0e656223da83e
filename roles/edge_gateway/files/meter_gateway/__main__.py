# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``python -m meter_gateway``, and the zipapp."""

from __future__ import annotations

import sys

from meter_gateway.cli import main

if __name__ == "__main__":
    sys.exit(main())
