# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What earlier runs knew for certain, so that the next one need not read it again. Pure.

The record is a note per entity: "as AWS changed it last at this time, it was read in full and its components were as the list
wanted them". The time is compared with the one in the list of entities, and what is wanted by a digest, so a note is used only where
neither side has changed. A component type can change without the entities that use it, so the digest holds the types too.
Tags change without the entity, so they are never noted. Whatever else a record says, it can only cost reads: what it does not prove
is read. Two runs at once can therefore lose notes of each other, but never get a wrong one.

Two changes can have the same time if AWS's clock is coarse. A note is made only of what was read well after its last change, by
AWS's own clock; then a later change has a later time.
"""

from __future__ import annotations

import collections.abc as c
import hashlib
import json
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.changes import Options, changes
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.model import Actual, Wanted, WantedComponent
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.transformations import microseconds

Answer = dict[str, t.Any]

FORMAT = 1
# Times that are cut to seconds, and a second more for servers of AWS that do not agree.
MARGIN = 2_000_000
DIGEST_BYTES = 12

# When AWS changed the entity last (microseconds since the epoch), and the digest of what was wanted.
Note = tuple[int, str]
# What a record is about: any difference makes it a foreign one.
Subject = dict[str, t.Any]


class BadRecord(Exception):
    """A record that cannot be used; the text continues "the record"."""


def subject_of(workspace: Answer, parent_id: str) -> Subject:
    """What a record is about. workspace: GetWorkspace's answer; its ARN names account and region."""
    return {"workspace": workspace["arn"], "created": microseconds(workspace.get("creationDateTime")), "parent": parent_id}


def rendered(subject: Subject, notes: c.Mapping[str, Note]) -> bytes:
    content = _text({"subject": subject, "entities": {entity_id: list(note) for entity_id, note in notes.items()}})
    return f'{{"format":{FORMAT},"sha256":"{hashlib.sha256(content.encode()).hexdigest()}","content":{content}}}\n'.encode()


def parsed(body: bytes, subject: Subject) -> dict[str, Note]:
    """The notes of a record by entity id. Raises BadRecord."""
    try:
        record = json.loads(body)
        if record["format"] != FORMAT:
            raise BadRecord("has a format that this version does not know")
        content = record["content"]
        if hashlib.sha256(_text(content).encode()).hexdigest() != record["sha256"]:
            raise BadRecord("is damaged")
        if content["subject"] != subject:
            raise BadRecord("is about another workspace or another set")
        return {entity_id: (int(updated), str(digest)) for entity_id, (updated, digest) in content["entities"].items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BadRecord("is damaged") from error


def _text(content: t.Any) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


class Digests:
    """Digests of entities as they are wanted, with all that decides whether one that is there is like that.

    types: GetComponentType's answers, with all that a type inherits; None for one that is not there.
    """

    def __init__(self, types: c.Mapping[str, Answer | None], options: Options) -> None:
        self._types = {type_id: _digest(_without_metadata(answer)) for type_id, answer in types.items()}
        self._options = options

    def of(self, wanted: Wanted) -> str:
        components = {name: self._component(component) for name, component in (wanted.components or {}).items()}
        return _digest([wanted.entity_id, components, self._options.prune])

    def _component(self, component: WantedComponent) -> list[t.Any]:
        properties = {name: [item.value, item.definition] for name, item in component.properties.items()}
        return [component.type_id, self._types[component.type_id], component.description, properties, component.groups]


def _without_metadata(answer: Answer | None) -> Answer | None:
    return None if answer is None else {key: item for key, item in answer.items() if key != "ResponseMetadata"}


def _digest(content: t.Any) -> str:
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).hexdigest()


class Known:
    """The notes of earlier runs, those of this one, and what they make unnecessary to read.

    trusted: the entities whose components are as they are wanted.
    """

    def __init__(self, before: dict[str, Note], digests: Digests, options: Options) -> None:
        self.before = before
        self.notes: dict[str, Note] = {}
        self.trusted: set[str] = set()
        self._digests = digests
        self._options = Options(options.prune, purge_tags=False)

    def trust(self, summaries: c.Mapping[str, Actual], wanted: c.Iterable[Wanted], *, full: bool = False) -> None:
        """Finds the trusted entities. summaries: all entities as the list tells. full: keeps the notes, but trusts none."""
        self.notes = {
            entity_id: note
            for entity_id, note in self.before.items()
            if entity_id in summaries and summaries[entity_id].updated == note[0] != 0
        }
        for entity in wanted:
            note = self.notes.pop(entity.entity_id, None)
            if note and not full and _is_listed_so(summaries[entity.entity_id], entity) and note[1] == self._digests.of(entity):
                self.notes[entity.entity_id] = note
                self.trusted.add(entity.entity_id)

    def take(self, wanted: Wanted, actual: Actual | None, asked_at: int) -> None:
        """Notes an entity that was read in full, if it is as it is wanted.

        asked_at: a time (microseconds since the epoch) that AWS's clock had reached before the read; 0 is not known.
        """
        self.notes.pop(wanted.entity_id, None)
        if (
            has_components(wanted, self._options)
            and actual is not None
            and 0 < actual.updated <= asked_at - MARGIN
            and actual.state == "ACTIVE"
            and not actual.synced
            and not changes(actual, wanted, self._options).requests
        ):
            self.notes[wanted.entity_id] = (actual.updated, self._digests.of(wanted))

    def forget(self, entity_id: str) -> None:
        self.notes.pop(entity_id, None)

    @property
    def has_news(self) -> bool:
        return self.notes != self.before


def has_components(wanted: Wanted, options: Options) -> bool:
    """Whether the components of an entity have to be compared. That it is wanted without any matters only to a prune."""
    return bool(wanted.components) or (options.prune and wanted.components is not None)


def _is_listed_so(summary: Actual, wanted: Wanted) -> bool:
    """Whether all that the list of entities tells is as it is wanted."""
    return (
        summary.state == "ACTIVE"
        and summary.name == wanted.name
        and summary.parent_id == wanted.parent_id
        and wanted.description in (None, summary.description)
    )
