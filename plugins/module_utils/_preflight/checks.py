# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a site needs before it is deployed, what was found, and one row of the table for each (pure)."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import fnmatch
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.stack import DYNAMODB, TIMESTREAM, expected_outputs

Plain = dict[str, t.Any]

GOOD = "good"
BAD = "bad"
# Nobody can tell: a permission to look is missing, or what it depends on is bad.
UNKNOWN = "not known"
# Bad, and somebody has decided to go on.
IGNORED = "ignored"

# The stores, and the services of each that not every region has.
STORES: dict[str, tuple[str, ...]] = {DYNAMODB: (), TIMESTREAM: ("timestream-write",)}
# What role stack gives a new stack that is told nothing else.
NEW_STACKS_STORE = DYNAMODB


@dataclasses.dataclass(frozen=True)
class Check:
    """One row. what: its name, by which it can be ignored; needed: empty where found says it; remedy: what to do, unless it is good."""

    what: str
    outcome: str
    found: str
    needed: str
    remedy: str = ""

    def plain(self) -> Plain:
        return dataclasses.asdict(self)


def fault_and_remedy(sentence: str, otherwise: str) -> tuple[str, str]:
    """A sentence ``<fault>; <remedy>`` in its two parts. otherwise: the remedy of one that names none."""
    fault, _separator, remedy = sentence.rstrip(".").rpartition("; ")
    return (fault, remedy) if fault else (remedy, otherwise)


@dataclasses.dataclass(frozen=True)
class Needs:
    """What the site wants. account: the only one that will do, or empty; entities: how many the twin will have.

    storage: empty stands for the store that the stack has, or for the one that a new stack gets. others: the stacks that the same run is to
    keep in this account and region.
    """

    stack_name: str
    region: str
    storage: str
    authentication: str
    entities: int
    account: str
    identity_center_region: str
    others: tuple[str, ...] = ()

    @property
    def names(self) -> dict[str, str]:
        """The names that the stack gives, under the names of its outputs."""
        return expected_outputs(self.stack_name, "", self.storage)

    @property
    def workspaces_of_others(self) -> frozenset[str]:
        """Their workspaces in TwinMaker."""
        return frozenset(expected_outputs(name, "", self.storage)["WorkspaceId"] for name in self.others)

    @property
    def services(self) -> tuple[str, ...]:
        """What not every region has, under boto3's names."""
        return ("grafana", "iot", "iottwinmaker", *STORES[self.storage])


@dataclasses.dataclass(frozen=True)
class Reply:
    """What a call gave. ok: AWS gave a value, which is None where there is no such item.

    code: AWS's name of the error, empty if no answer came at all; text: the error as a sentence.
    """

    ok: bool
    value: t.Any = None
    code: str = ""
    text: str = ""

    @property
    def answered(self) -> bool:
        return self.ok or bool(self.code)


# A call that was not made, as the credentials do not work.
NOT_ASKED = Reply(False)


@dataclasses.dataclass(frozen=True)
class Facts:
    """All that was found. replies: by the name of the read; regions: where each service is, as botocore knows it;

    versions: (found, needed) of each library.
    """

    replies: c.Mapping[str, Reply]
    regions: c.Mapping[str, c.Collection[str]]
    versions: c.Mapping[str, tuple[str, str]]

    def reply(self, name: str) -> Reply:
        return self.replies.get(name, NOT_ASKED)


def with_ignored(checks: c.Iterable[c.Mapping[str, t.Any]], patterns: c.Sequence[str]) -> list[Plain]:
    """The rows, those that are bad and named by a shell pattern as ignored."""
    return [
        {**check, "outcome": IGNORED}
        if check["outcome"] == BAD and any(fnmatch.fnmatch(check["what"].lower(), pattern.lower()) for pattern in patterns)
        else dict(check)
        for check in checks
    ]
