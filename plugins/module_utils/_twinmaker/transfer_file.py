# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of metadata transfer jobs: which new entities one can hold, what it says of them, and what its report says. Pure.

Source: IoT TwinMaker user guide, "AWS IoT TwinMaker metadata transfer job schema". A job replaces what is there with all that
belongs to it, so only entities that are not there go into a file. That a job makes parents before their children is not
documented, so each file holds only entities whose parents are there already.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import json
import re
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._plan import shown
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.model import Wanted
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.plan import Step
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.transformations import create_request

Shape = dict[str, t.Any]

# What the schema limits more than the API does.
NAME = re.compile(r"[a-zA-Z_0-9\-.][a-zA-Z_0-9\-. ]*[a-zA-Z0-9]+")
LONGEST_DESCRIPTION = 512
CONFIGURATION_VALUE = re.compile(r"[a-zA-Z_\-0-9]+")
# The quota says 100 without a unit; this stays well below whatever it is.
FILE_BYTES = 50_000_000
RELATIONSHIP = {"targetEntityId": "TargetEntityId", "targetComponentName": "TargetComponentName"}
TOKEN = re.compile(r"[a-zA-Z0-9][a-zA-Z_\-0-9.:]*[a-zA-Z0-9]")
LONGEST_REASON = 500


def unfit(wanted: Wanted) -> str | None:
    """Why a file cannot hold the entity, or None if it can."""
    if not NAME.fullmatch(wanted.name):
        return f"the name {shown(wanted.name)} has other characters than ASCII letters, digits, '_', '-', '.' and spaces"
    descriptions = [wanted.description, *(component.description for component in (wanted.components or {}).values())]
    if any(len(description or "") > LONGEST_DESCRIPTION for description in descriptions):
        return f"a description is longer than {LONGEST_DESCRIPTION} characters"
    for name, component in (wanted.components or {}).items():
        for key, item in component.properties.items():
            for value in ((item.definition or {}).get("configuration") or {}).values():
                if not CONFIGURATION_VALUE.fullmatch(value):
                    return f"the configuration of property '{key}' of component '{name}' has {shown(value)}"
    return None


def file_entity(wanted: Wanted) -> Shape:
    """A new entity as a file holds it."""
    return t.cast(Shape, _with_file_names({"entityId": wanted.entity_id, **create_request(wanted)}))


def _with_file_names(value: t.Any) -> t.Any:
    """A copy in which relationships have the file's member names."""
    if isinstance(value, list):
        return [_with_file_names(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: {RELATIONSHIP.get(member, member): content for member, content in item.items()}
        if key == "relationshipValue" and isinstance(item, dict) and item.keys() <= RELATIONSHIP.keys()
        else _with_file_names(item)
        for key, item in value.items()
    }


@dataclasses.dataclass(frozen=True)
class File:
    """One file. indexes: of the steps whose entities it holds."""

    body: bytes
    indexes: list[int]


def files(steps: c.Sequence[Step], indexes: c.Iterable[int], most_entities: int, most_bytes: int = FILE_BYTES) -> c.Iterator[File]:
    """The entities of the steps in as few files as may be, in the order of the indexes."""
    parts: list[bytes] = []
    held: list[int] = []
    size = 0
    for index in indexes:
        part = json.dumps(file_entity(t.cast(Wanted, steps[index].wanted)), ensure_ascii=False, separators=(",", ":")).encode()
        if held and (len(held) >= most_entities or size + len(part) > most_bytes):
            yield _file(parts, held)
            parts, held, size = [], [], 0
        parts.append(part)
        held.append(index)
        size += len(part) + 1
    if held:
        yield _file(parts, held)


def _file(parts: list[bytes], indexes: list[int]) -> File:
    return File(b'{"entities":[' + b",".join(parts) + b"]}", indexes)


@dataclasses.dataclass(frozen=True)
class Round:
    """Steps that can be done once the rounds before are. by_file: by transfer jobs, in any order; else through the API, in theirs."""

    by_file: bool
    indexes: list[int]


def rounds(steps: c.Sequence[Step], by_file: c.Container[int]) -> c.Iterator[Round]:
    """The steps in rounds, files first, so that each file holds only what waits for nothing.

    by_file: indexes of the steps whose entities go into files.
    """
    done: set[int] = set()
    left = list(range(len(steps)))
    while left:
        found = [index for index in left if index in by_file and done.issuperset(steps[index].after)]
        is_file = bool(found)
        if not is_file:
            reached = set(done)
            for index in left:
                if index not in by_file and reached.issuperset(steps[index].after):
                    reached.add(index)
                    found.append(index)
        yield Round(is_file, found)
        done.update(found)
        left = [index for index in left if index not in done]


def part_of(steps: c.Sequence[Step], indexes: c.Sequence[int]) -> list[Step]:
    """Some of the steps by themselves; what they wait for outside of these is done."""
    place = {index: number for number, index in enumerate(indexes)}
    return [
        dataclasses.replace(steps[index], after=tuple(place[earlier] for earlier in steps[index].after if earlier in place))
        for index in indexes
    ]


def reasons(report: str, entity_ids: c.Collection[str]) -> dict[str, str]:
    """What a job's report says about entities, by id; those that it does not name are missing.

    AWS does not document the form of the report. So an entity's reason is whatever stands beside its id: the other texts of
    the same JSON object, or else the line.
    """
    known = set(entity_ids)
    found: dict[str, str] = {}
    try:
        _collect(json.loads(report), known, found)
    except ValueError:
        for line in report.splitlines():
            for token in known.intersection(TOKEN.findall(line)):
                found.setdefault(token, line.strip()[:LONGEST_REASON])
    return found


def _collect(value: t.Any, known: set[str], found: dict[str, str]) -> None:
    if isinstance(value, list):
        for item in value:
            _collect(item, known, found)
    elif isinstance(value, dict):
        texts = [item for item in value.values() if isinstance(item, str)]
        named = {text.split("/", 1)[0] for text in texts} | {text.rpartition("/")[2] for text in texts}
        for entity_id in known & named:
            others = [text for text in texts if entity_id not in (text.split("/", 1)[0], text.rpartition("/")[2])]
            if others:
                found.setdefault(entity_id, max(others, key=len)[:LONGEST_REASON])
        for item in value.values():
            _collect(item, known, found)
