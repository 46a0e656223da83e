# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values that somebody gave the options of roles, compared with the roles' argument specs (pure).

Ansible compares them when a role starts, after other roles have changed things. Its ArgumentSpecValidator judges the single values here, too.
What lists and mappings hold is told value by value, and a text in the place of a list is none: a validator would divide it at its commas,
but roles take what was given.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import difflib
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.energytwin.aws.plugins.module_utils._preflight.checks import BAD, Check
from ansible_collections.energytwin.aws.plugins.module_utils._site.fields import shown

Spec = c.Mapping[str, t.Any]

_NEEDED = {
    "bool": "true or false",
    "dict": "a mapping",
    "float": "a number",
    "int": "a whole number",
    "list": "a list",
    "path": "a path",
    "str": "a text",
}
# What ArgumentSpecValidator is to judge of an option; the rest is said of what the value holds.
_OF_THE_VALUE = ("type", "choices", "default")
# How many hosts are named that have the same value.
_NAMED_HOSTS = 3


@dataclasses.dataclass(frozen=True)
class Fault:
    """What is wrong with a value. path: the variable and the way into it; remedy: a hint, or empty."""

    path: str
    found: str
    needed: str
    remedy: str


def value_checks(given: c.Mapping[str, c.Mapping[str, t.Any]], specs: c.Mapping[str, Spec]) -> list[Check]:
    """A row for each wrong value, those that several hosts have once.

    given: by host, the values that it gives options. specs: the options, as a role's argument_specs.yml describes them.
    """
    hosts: dict[Fault, list[str]] = {}
    for host, values in given.items():
        for name in sorted(values.keys() & specs.keys()):
            for fault in _faults(name, values[name], specs[name]):
                hosts.setdefault(fault, []).append(host)
    return [
        Check(
            f"variable {fault.path}", BAD, fault.found, fault.needed, f"{fault.remedy or 'mend it'} (in the variables of {_named(names)})"
        )
        for fault, names in hosts.items()
    ]


def topic_check(topic: str, site: str, sites: c.Sequence[str]) -> Check:
    """The row of a site with the topic of others. sites: all that have it."""
    others = _named([name for name in sites if name != site])
    return Check(
        "topic", BAD, f"{shown(topic)} is the topic of {others}, too", "a topic for each site", "give each site a topic of its own"
    )


def _faults(path: str, value: t.Any, spec: Spec) -> c.Iterator[Fault]:
    kind = spec.get("type", "str")
    if kind == "list" and isinstance(value, (list, tuple)):
        for index, entry in enumerate(value):
            yield from _faults(f"{path}[{index}]", entry, {**spec, "type": spec.get("elements", "raw"), "default": None})
    elif kind == "dict" and isinstance(value, c.Mapping):
        if spec.get("options"):
            yield from _faults_of_keys(path, value, spec["options"])
    elif not _fits(value, spec):
        yield Fault(path, _found(value, spec), _needed(spec), _remedy(value, spec))


def _faults_of_keys(path: str, value: c.Mapping[str, t.Any], options: c.Mapping[str, Spec]) -> c.Iterator[Fault]:
    for key, inner in value.items():
        if key in options:
            yield from _faults(f"{path}.{key}", inner, options[key])
        else:
            close = difflib.get_close_matches(str(key), options, n=1)
            yield Fault(
                f"{path}.{key}", "is no key of it", f"one of {', '.join(options)}", f"write {close[0]}" if close else "leave it out"
            )
    for key, spec in options.items():
        if spec.get("required") and key not in value:
            yield Fault(f"{path}.{key}", "is missing", _needed(spec), "add it")


def _fits(value: t.Any, spec: Spec) -> bool:
    kind = spec.get("type", "str")
    # A validator makes a text of anything, also of a list, and a list or a mapping of a text.
    if (kind in ("str", "path") and isinstance(value, (c.Mapping, list, tuple))) or (kind in ("list", "dict") and value is not None):
        return False
    own = {key: spec[key] for key in _OF_THE_VALUE if spec.get(key) is not None}
    return not ArgumentSpecValidator({"value": own}).validate({"value": value}).error_messages


def _found(value: t.Any, spec: Spec) -> str:
    if value is None:
        return "nothing"
    return "a value that is not shown" if _secret(spec) else shown(value)


def _secret(spec: Spec) -> bool:
    return bool(spec.get("no_log")) or any(_secret(inner) for inner in spec.get("options", {}).values())


def _needed(spec: Spec) -> str:
    if spec.get("choices"):
        return "one of " + ", ".join(map(str, spec["choices"]))
    return _NEEDED[spec.get("type", "str")]


def _remedy(value: t.Any, spec: Spec) -> str:
    close = difflib.get_close_matches(str(value), map(str, spec.get("choices") or ()), n=1)
    if close:
        return f"write {close[0]}"
    if spec.get("type") == "list" and isinstance(value, (str, int)) and not _secret(spec):
        return f"write [{value}]"
    default = spec.get("default")
    # A default that is a template says nothing to somebody who reads it.
    if default in (None, "", [], {}) or "{{" in str(default):
        return ""
    return f"write for example {str(default).lower() if isinstance(default, bool) else default}"


def _named(hosts: c.Sequence[str]) -> str:
    more = len(hosts) - _NAMED_HOSTS
    return ", ".join(hosts[:_NAMED_HOSTS]) + (f" and {more} more" if more > 0 else "")
