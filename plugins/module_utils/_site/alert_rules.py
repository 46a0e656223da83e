# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What follows from a site for Grafana's alerting: a rule for each limit, and one for each meter that may fall silent. Pure.

Source: Grafana's alerting provisioning API, ``AlertRule`` and ``AlertQuery``.
"""

from __future__ import annotations

import collections.abc as c
import hashlib
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site import dashboard_names as names
from ansible_collections.energytwin.aws.plugins.module_utils._site import dashboard_parts as parts
from ansible_collections.energytwin.aws.plugins.module_utils._site.dashboard_parts import Plain, Source
from ansible_collections.energytwin.aws.plugins.module_utils._site.model import Site
from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import as_site, meters
from ansible_collections.energytwin.aws.plugins.module_utils._site.properties import unit_of

POWER = "kW"
LEVELS = ("warning", "alarm")
# Grafana takes 190 characters of a title; two names, what is wrong and a digest have to find room.
LONGEST_NAME = 60
DIGEST = 16


def alert_rules(site: Site | c.Mapping[str, t.Any], stale_minutes: int = 15) -> list[Plain]:
    """Rules in the shape of the provisioning API, in the order of the site's meters; module grafana_alert_rules takes them.

    stale_minutes: how long a meter may be silent, and how old a value may be to be compared with a limit.
    """
    site = as_site(site)
    source = Source(names.uid(site.id, names.DATASOURCE))
    seconds = stale_minutes * 60
    rules = []
    for meter in meters(site):
        rules += [
            _limit_rule(site, meter, name, level, limit[level], source, seconds)
            for name, limit in meter["limits"].items()
            for level in LEVELS
            if level in limit
        ]
        rules.append(_stale_rule(site, meter, source, seconds))
    return rules


def _limit_rule(site: Site, meter: Plain, name: str, level: str, value: float, source: Source, seconds: int) -> Plain:
    """No value is no alert here: the rule for stale meters tells of it."""
    asked = source.newest("A", meter["entity_id"], meter["component_name"], [name])
    data = [_asked(asked, seconds), _computed(parts.last("B", "A"), seconds), _computed(parts.arithmetic("C", f"$B >= {value}"), seconds)]
    said = f"{meter['meter_name']}: {name} is {value} {unit_of(name)} or more".rstrip()
    return _rule(site, meter, f"{name} {level}", data, "C", "OK", level, said)


def _stale_rule(site: Site, meter: Plain, source: Source, seconds: int) -> Plain:
    asked = source.newest("A", meter["entity_id"], meter["component_name"], [POWER])
    data = [_asked(asked, seconds), _computed(parts.silence("B", "A"), seconds)]
    said = f"{meter['meter_name']}: no reading for {seconds // 60} minutes"
    return _rule(site, meter, "stale", data, "B", "Alerting", "warning", said)


def _rule(site: Site, meter: Plain, what: str, data: list[Plain], condition: str, without_data: str, severity: str, said: str) -> Plain:
    key = "\n".join((site.id, meter["entity_id"], meter["component_name"], what))
    digest = hashlib.sha256(key.encode()).hexdigest()[:DIGEST]
    meter_name, panel_name = meter["meter_name"][:LONGEST_NAME], meter["panel_name"][:LONGEST_NAME]
    return {
        "uid": f"energytwin-{digest}",
        "title": f"{meter_name} ({panel_name}): {what} [{digest[:6]}]",
        "condition": condition,
        "data": data,
        "noDataState": without_data,
        "execErrState": "Error",
        "for": "0s",
        "labels": {"site": site.id, "panel": meter["entity_id"], "meter": meter["component_name"], "severity": severity},
        "annotations": {"summary": said},
    }


def _asked(target: Plain, seconds: int) -> Plain:
    """A query of the data source. The app reads its type beside the model, where Grafana puts it for panels by itself."""
    return {**_in_time(target, seconds), "queryType": target["queryType"], "datasourceUid": target["datasource"]["uid"]}


def _computed(target: Plain, seconds: int) -> Plain:
    return {**_in_time(target, seconds), "datasourceUid": parts.EXPRESSION["uid"]}


def _in_time(target: Plain, seconds: int) -> Plain:
    return {"refId": target["refId"], "relativeTimeRange": {"from": seconds, "to": 0}, "model": target}
