# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of a scene: expressions over a measured property, the first that is true tells what is shown. Pure.

The viewer evaluates them with jexl. Without a value it shows the default of what the rule belongs to.
"""

from __future__ import annotations

import decimal
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.model import Limit

Plain = dict[str, t.Any]

_ICON = "iottwinmaker.common.icon:"
_COLOR = "iottwinmaker.common.color:"
_NUMBER = "iottwinmaker.common.number"
_ICONS = ("Info", "Warning", "Error")
_COLORS = ("#2ea597", "#ff9900", "#d13212")
# Power at which the arrows of a meter without limits run at one metre per second.
_USUAL_POWER = 10.0


def icon_rule(limit: Limit) -> Plain:
    return _levels(limit, [_ICON + name for name in _ICONS])


def reading_rule(name: str) -> Plain:
    """For what has no limits: any value is good."""
    return {"statements": [{"expression": f"{name} < 0 || {name} >= 0", "target": _ICON + _ICONS[0]}]}


def color_rule(limit: Limit) -> Plain:
    return _levels(limit, [_COLOR + color for color in _COLORS])


def speed_rule(name: str, limit: Limit | None) -> Plain:
    """Metres per second: 1 at the alarm, or at the warning where there is none. Export stands still, as the viewer has it."""
    levels = () if limit is None else (limit.alarm, limit.warning)
    full = next((level for level in levels if level is not None and level > 0), _USUAL_POWER)
    return {"statements": [{"expression": f"{name} / {number(full)}", "target": _NUMBER}]}


def number(value: float) -> str:
    """A number as jexl reads it: without an exponent."""
    text = format(decimal.Decimal(repr(value)), "f")
    return text.removesuffix(".0")


def _levels(limit: Limit, targets: list[str]) -> Plain:
    """targets: for good, for the warning and for the alarm. A limit is reached at its value, as in Grafana's thresholds."""
    good, warning, alarm = targets
    above = [(level, target) for level, target in ((limit.alarm, alarm), (limit.warning, warning)) if level is not None]
    statements = [{"expression": f"{limit.property} >= {number(level)}", "target": target} for level, target in above]
    lowest, _target = above[-1]
    return {"statements": [*statements, {"expression": f"{limit.property} < {number(lowest)}", "target": good}]}
