# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Last readings of meters, as several dashboards show them. Pure."""

from __future__ import annotations

import collections.abc as c
import itertools

from ansible_collections.energytwin.aws.plugins.module_utils._site import dashboard_parts as parts
from ansible_collections.energytwin.aws.plugins.module_utils._site.dashboard_parts import Plain, Source

POWER = "kW"
VOLTAGES, CURRENTS, POWERS = ("v1", "v2", "v3"), ("i1", "i2", "i3"), ("kW", "kW1", "kW2", "kW3")
# Where a last reading is looked for, so that its age is known for as long.
LOOK_BACK = "7d"


def by_panel(known: c.Sequence[Plain]) -> list[list[Plain]]:
    """Meters in groups that share an electrical panel, in the order of the site."""
    return [list(own) for _id, own in itertools.groupby(known, key=lambda meter: meter["entity_id"])]


def newest(own: c.Sequence[Plain], source: Source) -> list[Plain]:
    """The last power of each meter: every meter measures it."""
    return [source.newest(f"M{n}", meter["entity_id"], meter["component_name"], [POWER]) for n, meter in enumerate(own, 1)]


def last_values(wanted: c.Sequence[tuple[Plain, str]], source: Source) -> list[Plain]:
    """The last value of each property, as the results L1, L2, ..."""
    asked = [source.newest(f"M{n}", meter["entity_id"], meter["component_name"], [name]) for n, (meter, name) in enumerate(wanted, 1)]
    return [*(parts.hidden(target) for target in asked), *(parts.last(f"L{n}", f"M{n}") for n in range(1, len(wanted) + 1))]


def silent(title: str, own: c.Sequence[Plain], source: Source, window: str) -> Plain:
    """Which meters have sent nothing for a while. window: how long that is, e.g. ``15m``."""
    return parts.panel(
        "stat",
        f"{title} (silent for {window})",
        source,
        [*(parts.hidden(target) for target in newest(own, source)), *(parts.silence(f"S{n}", f"M{n}") for n in range(1, len(own) + 1))],
        options=parts.stat("lastNotNull", textMode="value_and_name", colorMode="background", orientation="horizontal"),
        fieldConfig=parts.fields(
            [parts.override(f"S{number}", displayName=_in_panel(own, meter)) for number, meter in enumerate(own, 1)],
            mappings=[parts.mapping({"0": ("reports", parts.GOOD), "1": ("stale", parts.ALARM)})],
        ),
        timeFrom=window,
        hideTimeOverride=True,
    )


def _in_panel(own: c.Sequence[Plain], meter: Plain) -> str:
    """A meter's name, with that of its panel where meters of several panels are shown together."""
    several = len({one["entity_id"] for one in own}) > 1
    return f"{meter['panel_name']}: {meter['meter_name']}" if several else str(meter["meter_name"])
