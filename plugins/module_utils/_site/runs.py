# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a run over many sites went: a report for programs, and a table for people (pure)."""

from __future__ import annotations

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.text_table import counted, text_table

HEADING = ("Site", "State", "Changed", "Gateways")
OK, FAILED, UNFINISHED = "ok", "failed", "unfinished"
# How many gateways are named for each site, and how many of its failures the table tells.
NAMED_GATEWAYS = 10
TOLD_FAILURES = 20

Host = c.Mapping[str, t.Any]
Report = dict[str, t.Any]


def site_runs(sites: c.Iterable[Host], gateways: c.Iterable[Host]) -> Report:
    """How the run went: ``sites`` by name, and how many are ``ok``, ``changed`` and ``failed``.

    sites, gateways: the variables of their hosts: inventory_hostname, site_run_tried (of gateways), site_run_failure {where, why} (why: a
    sentence or a list of them), site_run_changed (a list of what the run has changed), site_run_done, and of gateways gateway_site. All but the
    names may be missing.
    A site: state (ok, failed or unfinished), changed (a list), gateways (how many were tried), gateways_changed and gateways_failed (how
    many), failures (a sentence each). It is ok if its gateways are. Gateways that were not tried do not count.
    """
    of_site: dict[str, list[Host]] = {}
    for gateway in gateways:
        if gateway.get("site_run_tried"):
            of_site.setdefault(gateway.get("gateway_site", ""), []).append(gateway)
    found = {site["inventory_hostname"]: _site(site, of_site.get(site["inventory_hostname"], [])) for site in sites}
    return {
        "sites": found,
        "ok": sum(site["state"] == OK for site in found.values()),
        "changed": sum(bool(site["changed"] or site["gateways_changed"]) for site in found.values()),
        "failed": sum(site["state"] != OK for site in found.values()),
    }


def site_runs_table(report: Report) -> list[str]:
    """Lines: a table with a row for each site, those that failed first, and then a sentence for each failure."""
    sites = sorted(report["sites"].items(), key=lambda named: (named[1]["state"] == OK, named[0]))
    count = f"{counted(len(sites), 'site')}: {report['ok']} ok, {report['failed']} failed, {report['changed']} changed"
    sentences = [f"{name}: {failure}" for name, site in sites for failure in _first(site["failures"])]
    return [*text_table(HEADING, (_row(name, site) for name, site in sites)), "", count, *sentences]


def _site(site: Host, gateways: c.Sequence[Host]) -> Report:
    own = _told(site["site_run_failure"]) if site.get("site_run_failure") else []
    failed = [gateway for gateway in gateways if not gateway.get("site_run_done")]
    unfinished = not own and not site.get("site_run_done")
    failures = own or (["It was not brought to its end; look at what the run says of it."] if unfinished else [])
    failures += [
        f"gateway {gateway['inventory_hostname']}: {sentence}" for gateway in failed[:NAMED_GATEWAYS] for sentence in _gateway_told(gateway)
    ]
    if len(failed) > NAMED_GATEWAYS:
        failures.append(f"{counted(len(failed) - NAMED_GATEWAYS, 'more gateway')} failed")
    return {
        "state": OK if not failures else UNFINISHED if unfinished else FAILED,
        "changed": list(site.get("site_run_changed") or []),
        "gateways": len(gateways),
        "gateways_changed": sum(bool(gateway.get("site_run_changed")) for gateway in gateways),
        "gateways_failed": len(failed),
        "failures": failures,
    }


def _gateway_told(gateway: Host) -> list[str]:
    failure = gateway.get("site_run_failure")
    return _told(failure) if failure else ["It could not be reached, or not to the end."]


def _first(failures: c.Sequence[str]) -> list[str]:
    more = len(failures) - TOLD_FAILURES
    return [*failures[:TOLD_FAILURES], *([f"and {more} more; the artifact site_run has all"] if more > 0 else [])]


def _row(name: str, site: Report) -> tuple[str, ...]:
    changed = [*site["changed"], *([counted(site["gateways_changed"], "gateway")] if site["gateways_changed"] else [])]
    state = site["state"] if site["state"] == OK else site["state"].upper()
    good = f"{site['gateways'] - site['gateways_failed']} of {site['gateways']} ok" if site["gateways"] else "-"
    return (name, state, ", ".join(changed) or "-", good)


def _told(failure: c.Mapping[str, t.Any]) -> list[str]:
    why = failure["why"]
    sentences = [why] if isinstance(why, str) else [*why]
    return [f"{failure['where']}: {' '.join(str(sentence).split())}" for sentence in sentences]
