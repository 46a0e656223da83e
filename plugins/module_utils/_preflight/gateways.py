# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What gateways, the site's own data and its variables say, as rows like those of AWS (pure)."""

from __future__ import annotations

import collections.abc as c
import difflib
import re
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._preflight.checks import BAD, GOOD, UNKNOWN, Check, fault_and_remedy

OLDEST_PYTHON = (3, 10)
# From here on (0 to 1) a name is taken for another one that was mistyped; names of things that differ by a letter are longer.
_ALIKE = 0.85
_OF_ANSIBLE = ("ansible_", "__")
_PAIR = re.compile(r"(\w+)=(\S*)")


def site_checks(faults: c.Sequence[str]) -> list[Check]:
    """A row for each fault of the site, or one that it has none."""
    if not faults:
        return [Check("site", GOOD, "no faults", "no faults")]
    parts = [fault_and_remedy(fault, "mend what the inventory says of it") for fault in faults]
    return [Check("site", BAD, found, "", remedy) for found, remedy in parts]


def variable_checks(variables: c.Iterable[str], known: c.Iterable[str]) -> list[Check]:
    """A row for each variable of a host that is most likely meant to be a known one: nothing would read it, and nothing would say so.

    It stops nobody: the variable may be one that a play of the user's own has registered. known: the variables of the roles and the playbooks.
    """
    every = frozenset(known)
    return [
        Check(f"variable {name}", UNKNOWN, "nothing here reads it", "", f"did you mean {close[0]}?")
        for name in sorted(frozenset(variables) - every)
        if not name.startswith(_OF_ANSIBLE) and (close := difflib.get_close_matches(name, every, n=1, cutoff=_ALIKE))
    ]


def wiring_checks(gateway: str, faults: c.Sequence[str]) -> list[Check]:
    """A row for each fault of a gateway's buses and of its meters' addresses."""
    parts = [fault_and_remedy(fault, "mend what the inventory says of it") for fault in faults]
    return [Check(f"gateway {gateway}: meters", BAD, found, "", remedy) for found, remedy in parts]


def gateway_checks(gateways: c.Sequence[c.Mapping[str, t.Any]], tolerance: float) -> list[Check]:
    """Rows of each gateway: that it can be reached, its Python and its clock.

    gateways: mappings with gateway, and, if it was asked, with reachable, output and message. output: what was printed there,
    ``asked=<seconds> time=<seconds> python=<version>``: this machine's clock when it asked, and the gateway's. tolerance: in seconds.
    """
    return [check for gateway in gateways for check in _gateway(gateway, tolerance)]


def _gateway(gateway: c.Mapping[str, t.Any], tolerance: float) -> c.Iterator[Check]:
    name = gateway["gateway"]
    what, needed = f"gateway {name}", "reachable"
    if "reachable" not in gateway:
        yield Check(what, UNKNOWN, "not asked", needed, "leave it within --limit to find out")
        return
    if not gateway["reachable"]:
        found = " ".join(str(gateway.get("message") or "no answer").split())
        yield Check(what, BAD, found, needed, "mend its network, its SSH, or its address in the inventory")
        return
    yield Check(what, GOOD, "reachable", needed)
    said = dict(_PAIR.findall(gateway.get("output", "")))
    yield _python(name, said.get("python", ""))
    yield _clock(name, said, tolerance)


def _python(name: str, version: str) -> Check:
    what, needed = f"gateway {name}: python", ".".join(map(str, OLDEST_PYTHON)) + " or newer"
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if numbers >= OLDEST_PYTHON:
        return Check(what, GOOD, version, needed)
    return Check(what, BAD, version or "none", needed, "install it there, or name another (edge_gateway_python)")


def _clock(name: str, said: c.Mapping[str, str], tolerance: float) -> Check:
    what, needed = f"gateway {name}: clock", f"within {tolerance:g} s"
    if not (said.get("time", "").isdecimal() and said.get("asked", "").isdecimal()):
        return Check(what, BAD, "cannot be read", needed, "mend the command date there")
    offset = int(said["time"]) - int(said["asked"])
    if abs(offset) <= tolerance:
        return Check(what, GOOD, "agrees with this machine's", needed)
    return Check(what, BAD, f"{abs(offset)} s {'ahead' if offset > 0 else 'behind'}", needed, "let NTP set it there (or on this machine)")
