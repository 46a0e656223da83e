# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of roles' options, and what is told of those that are wrong."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.energytwin.aws.plugins.module_utils._preflight.checks import BAD
from ansible_collections.energytwin.aws.plugins.module_utils._preflight.table import preflight_failures
from ansible_collections.energytwin.aws.plugins.module_utils._preflight.variables import value_checks

SPECS: dict[str, dict[str, t.Any]] = {
    "storage": {"type": "str", "choices": ["dynamodb", "timestream"], "default": "{{ the_one_there }}"},
    "concurrency": {"type": "int", "default": 8},
    "seconds": {"type": "float"},
    "prune": {"type": "bool", "default": False},
    "name": {"type": "str"},
    "certificate": {"type": "path"},
    "emails": {"type": "list", "elements": "str", "default": []},
    "tags": {"type": "dict", "default": {}},
    "anything": {"type": "raw"},
    "pin": {"type": "int", "no_log": True},
    "buses": {
        "type": "list",
        "elements": "dict",
        "options": {"id": {"type": "str", "required": True}, "port": {"type": "int"}, "parity": {"type": "str", "choices": ["N", "E"]}},
    },
    "listener": {
        "type": "dict",
        "options": {"users": {"type": "list", "elements": "dict", "options": {"password": {"type": "str", "no_log": True}}}},
    },
}


def told(value: t.Any, name: str) -> list[str]:
    return preflight_failures([check.plain() for check in value_checks({"plant": {name: value}}, SPECS)])


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("storage", "dynamo", "storage: 'dynamo' (needed: one of dynamodb, timestream); write dynamodb"),
        ("storage", "postgres", "storage: 'postgres' (needed: one of dynamodb, timestream); mend it"),
        ("storage", None, "storage: nothing (needed: one of dynamodb, timestream); mend it"),
        ("concurrency", "many", "concurrency: 'many' (needed: a whole number); write for example 8"),
        ("concurrency", 2.5, "concurrency: 2.5 (needed: a whole number); write for example 8"),
        ("concurrency", None, "concurrency: nothing (needed: a whole number); write for example 8"),
        ("seconds", "fast", "seconds: 'fast' (needed: a number); mend it"),
        ("prune", "perhaps", "prune: 'perhaps' (needed: true or false); write for example false"),
        ("name", ["a"], "name: ['a'] (needed: a text); mend it"),
        ("certificate", {"a": 1}, "certificate: {'a': 1} (needed: a path); mend it"),
        ("emails", "a@example.com", "emails: 'a@example.com' (needed: a list); write [a@example.com]"),
        ("emails", ["a@example.com", ["b"]], "emails[1]: ['b'] (needed: a text); mend it"),
        ("tags", "team=energy", "tags: 'team=energy' (needed: a mapping); mend it"),
        ("buses", ["rs485"], "buses[0]: 'rs485' (needed: a mapping); mend it"),
        ("buses", [{"id": "a"}, {"id": "b", "port": "x"}], "buses[1].port: 'x' (needed: a whole number); mend it"),
        ("buses", [{"id": "a", "parity": "Odd"}], "buses[0].parity: 'Odd' (needed: one of N, E); mend it"),
        ("buses", [{"port": 502}], "buses[0].id: is missing (needed: a text); add it"),
        ("buses", [{"id": "a", "prot": 502}], "buses[0].prot: is no key of it (needed: one of id, port, parity); write port"),
        ("buses", [{"id": "a", "x": 1}], "buses[0].x: is no key of it (needed: one of id, port, parity); leave it out"),
    ],
)
def test_a_wrong_value_is_told_with_what_is_needed_and_what_to_do(name: str, value: t.Any, sentence: str) -> None:
    assert told(value, name) == [f"variable {sentence} (in the variables of plant)."]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("storage", "timestream"),
        ("concurrency", "12"),
        ("concurrency", 12),
        ("seconds", 1),
        ("prune", "yes"),
        ("name", 10.4),
        ("name", None),
        ("emails", []),
        ("emails", ["a@example.com"]),
        ("tags", {"team": "energy"}),
        ("anything", {"a": [1]}),
        ("buses", [{"id": 1, "port": "502", "parity": "N"}]),
        ("listener", {}),
        ("unknown", object()),
    ],
)
def test_what_the_roles_take_is_not_told(name: str, value: t.Any) -> None:
    assert told(value, name) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("pin", "s3cret"), ("listener", "s3cret"), ("listener", {"users": "s3cret"}), ("listener", {"users": [{"password": ["s3cret"]}]})],
)
def test_a_secret_is_told_without_its_value(name: str, value: t.Any) -> None:
    (sentence,) = told(value, name)
    assert "a value that is not shown" in sentence
    assert "s3cret" not in sentence


def test_all_values_are_told_at_once_and_what_several_hosts_have_once() -> None:
    given = {
        "plant": {"storage": "dynamo", "prune": "perhaps"},
        **{f"gw-{number}": {"concurrency": "many"} for number in range(5)},
        "gw-other": {"concurrency": "few"},
    }
    checks = value_checks(given, SPECS)
    assert {check.outcome for check in checks} == {BAD}
    assert [(check.what, check.found, check.remedy.partition(" (")[2]) for check in checks] == [
        ("variable prune", "'perhaps'", "in the variables of plant)"),
        ("variable storage", "'dynamo'", "in the variables of plant)"),
        ("variable concurrency", "'many'", "in the variables of gw-0, gw-1, gw-2 and 2 more)"),
        ("variable concurrency", "'few'", "in the variables of gw-other)"),
    ]
