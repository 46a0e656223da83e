# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pages of a list, and the tokens that lead from one page to the next.

A token is encrypted and holds a fingerprint of the request it belongs to, so that it can neither be read, nor made
up, nor be used with another request.
"""

from __future__ import annotations

import collections.abc as c
import hashlib
import json
import typing as t

import cryptography.fernet

from local_cloud.service import Answer, Request
from local_cloud.services.twinmaker.errors import invalid
from local_cloud.store import Store

T = t.TypeVar("T")

_KIND = "twinmaker.token_key"
_LONGEST = 17_880
_NOT_BOUND = ("nextToken", "maxResults")


class TokenTooLong(ValueError):
    """The content does not fit into the 17,880 characters of a NextToken."""


class Tokens:
    """Makes and reads the tokens of one cloud; its key lives in the store, so tokens outlive a restart."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def seal(self, request: Request, content: t.Any) -> str:
        text = json.dumps([_fingerprint(request), content])
        token = self._box().encrypt(text.encode()).decode()
        if len(token) > _LONGEST:
            raise TokenTooLong(f"{len(token)} characters")
        return token

    def open(self, request: Request) -> t.Any:
        """The content of the request's nextToken; None if there is none (an empty one asks for the first page)."""
        token = request.parameters.get("nextToken")
        if not token:
            return None
        try:
            fingerprint, content = json.loads(self._box().decrypt(token.encode()))
        except (cryptography.fernet.InvalidToken, UnicodeEncodeError):
            raise invalid("Invalid nextToken") from None
        if fingerprint != _fingerprint(request):
            raise invalid("Invalid nextToken: it belongs to another request")
        return content

    def _box(self) -> cryptography.fernet.Fernet:
        record = self._store.get(_KIND, "key")
        if record is None:
            with self._store.transaction():
                record = self._store.get(_KIND, "key") or {"key": cryptography.fernet.Fernet.generate_key().decode()}
                self._store.put(_KIND, "key", record)
        return cryptography.fernet.Fernet(record["key"])


def page(
    tokens: Tokens, request: Request, fetch: c.Callable[[str, int], list[tuple[str, T]]], *, default: int = 25
) -> tuple[list[T], Answer]:
    """One page: its items, and the answer's ``nextToken`` where there is more.

    fetch: gives at most so many (key, item) pairs after a key, in the order of keys.
    """
    size = request.parameters.get("maxResults") or default
    found = fetch(tokens.open(request) or "", size + 1)
    items = [item for _unused, item in found[:size]]
    return items, ({"nextToken": tokens.seal(request, found[size - 1][0])} if len(found) > size else {})


def after(pairs: c.Iterable[tuple[str, T]], key: str, limit: int) -> list[tuple[str, T]]:
    """The page of a list that is at hand as a whole: ``fetch`` of ``page`` for pairs in any order."""
    return sorted((pair for pair in pairs if pair[0] > key), key=lambda pair: pair[0])[:limit]


def _fingerprint(request: Request) -> str:
    bound = {name: value for name, value in request.parameters.items() if name not in _NOT_BOUND}
    text = json.dumps([request.operation, bound], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
