# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which sites of an inventory are in one account and region (pure)."""

from __future__ import annotations

import collections.abc as c
import typing as t

Variables = c.Mapping[str, t.Any]
Place = tuple[tuple[str, str], ...]


def place_of(site: Variables) -> Place:
    """What tells accounts and regions apart: the site's aws_environment."""
    environment = site.get("aws_environment")
    return tuple(sorted((str(name), str(value)) for name, value in environment.items())) if isinstance(environment, c.Mapping) else ()
