# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Dashboard Gateways: which meters of each gateway report. Pure."""

from __future__ import annotations

import collections.abc as c

from ansible_collections.energytwin.aws.plugins.module_utils._site import dashboard_parts as parts
from ansible_collections.energytwin.aws.plugins.module_utils._site.dashboard_parts import Line, Plain, Source
from ansible_collections.energytwin.aws.plugins.module_utils._site.dashboard_readings import LOOK_BACK, newest, silent

GATEWAY_NOTE = (
    "What is shown here is read from the twin: which of a gateway's meters have sent readings, and when. A gateway that is silent may"
    " still be well and keep its readings until it is online again; playbook `energytwin.aws.fleet_status` asks the gateways themselves."
)


def lines(known: c.Sequence[Plain], source: Source, window: str) -> c.Iterator[Line]:
    """The panels, a block for each gateway. known: the site's meters; window: how long a meter may be silent, e.g. ``15m``."""
    yield [(parts.WIDTH, 3, parts.text("", GATEWAY_NOTE))]
    for gateway in dict.fromkeys(meter["gateway"] for meter in known if meter["gateway"]):
        own = [meter for meter in known if meter["gateway"] == gateway]
        height = max(6, 1 + len(own))
        yield [(parts.WIDTH, 1, parts.row(gateway))]
        yield [
            (6, height, _newest_of_all(own, source)),
            (6, height, _reporting(own, source, window)),
            (12, height, silent("Its meters", own, source, window)),
        ]


def _newest_of_all(own: c.Sequence[Plain], source: Source) -> Plain:
    return parts.panel(
        "stat",
        "Last reading",
        source,
        [*newest(own, source), parts.last("X", "M1")],
        transformations=[{"id": "filterByRefId", "options": {"include": "/^M\\d+$/"}}, *parts.as_table()],
        options=parts.stat("max", "/^Time$/"),
        fieldConfig=parts.fields(unit="dateTimeFromNow", color=parts.fixed(parts.NEUTRAL)),
        timeFrom=LOOK_BACK,
        hideTimeOverride=True,
    )


def _reporting(own: c.Sequence[Plain], source: Source, window: str) -> Plain:
    """How many of a gateway's meters report: all of them, less those that are silent."""
    numbers = range(1, len(own) + 1)
    return parts.panel(
        "stat",
        f"Meters that report ({window})",
        source,
        [
            *(parts.hidden(target) for target in newest(own, source)),
            *(parts.hidden(parts.silence(f"S{n}", f"M{n}")) for n in numbers),
            parts.arithmetic("R", f"{len(own)} - ({' + '.join(f'$S{n}' for n in numbers)})"),
        ],
        options=parts.stat("lastNotNull", colorMode="background"),
        fieldConfig=parts.fields(
            unit=f"suffix: of {len(own)}",
            thresholds=parts.thresholds((parts.WARNING, 1 if len(own) > 1 else None), (parts.GOOD, len(own)), base=parts.ALARM),
            color={"mode": "thresholds"},
        ),
        timeFrom=window,
        hideTimeOverride=True,
    )
