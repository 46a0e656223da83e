# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of a scene (its document and what it shows) against the objects in the bucket."""

from __future__ import annotations

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._aws import in_parallel
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import objects
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.objects import Content, Location
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.scenes import (
    check_document,
    document_changes,
    parsed,
    with_relative_files,
)

Answer = dict[str, t.Any]

CONCURRENCY = 8


class Files:
    """The files that are wanted, against the objects that are there.

    document: the scene document, if it is wanted. bucket: gives the bucket of the workspace. exists: whether that is there.
    """

    def __init__(
        self, client: t.Any, wanted: dict[Location, Content], document: Answer | None, bucket: c.Callable[[], str], *, exists: bool
    ) -> None:
        self.client = client
        self.wanted = wanted
        self.document = document
        self.bucket = bucket
        # The document that is there, read only if it is not known to be the wanted one.
        self.found: Answer = {}
        targets = list(wanted)
        self.stored: dict[Location, Answer | None] = dict.fromkeys(targets)
        if exists:
            self.stored = dict(zip(targets, in_parallel(lambda target: objects.head(client, *target), targets, CONCURRENCY), strict=True))
        self.to_upload = [target for target in targets if not self.is_same(target)]

    def is_same(self, target: Location) -> bool:
        stored, content = self.stored[target], self.wanted[target]
        if objects.is_same(stored, content):
            return True
        return stored is not None and content.body is not None and self.holds_the_document(target)

    def holds_the_document(self, target: Location) -> bool:
        """Whether the same document is there in another spelling."""
        try:
            self.found = stored = parsed(objects.read(self.client, *target) or b"", target.url())
            if self.document is None or stored == self.document:
                return self.document is not None
            check_document(stored, target.url())
        except Refused:
            return False
        bucket = self.bucket()
        return with_relative_files(stored, bucket) == with_relative_files(self.document, bucket)

    def reasons(self) -> list[str]:
        return [f"{target.url()} {'is not there' if self.stored[target] is None else 'differs'}" for target in self.to_upload]

    def document_changes(self) -> tuple[Answer, Answer]:
        """What differs between the document that is there and the one that takes its place; empty if none does."""
        replaced = any(self.wanted[target].body is not None for target in self.to_upload)
        return document_changes(self.found, self.document or {}) if replaced and self.found else ({}, {})

    def before(self) -> dict[str, str]:
        there = ((target, stored) for target, stored in self.stored.items() if stored is not None)
        return {
            target.url(): objects.described_stored(stored, self.wanted[target], target not in self.to_upload) for target, stored in there
        }

    def after(self) -> dict[str, str]:
        return {target.url(): objects.described(content) for target, content in self.wanted.items()}
