# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where each part of a site stands in the files that it was read from (pure)."""

from __future__ import annotations

import collections.abc as c
import re

_LAST = re.compile(r"(?:^|\.)[^.\[\]]+$|\[\d+\]$")


class Places:
    """Places by their path in the site's data. root: the place of the whole."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._places: dict[str, str] = {}

    def note(self, path: str, place: str) -> None:
        self._places[path] = place

    def of(self, path: str) -> str:
        """The place of a path; where it has none, that of what it belongs to, with the rest of the path."""
        above, rest = path, ""
        while above and above not in self._places:
            shorter = _LAST.sub("", above)
            above, rest = (shorter, above[len(shorter) :] + rest) if shorter != above else ("", path)
        place = self._places[above] if above else self.root
        return f"{place}, {rest.lstrip('.')}" if rest else place

    def below(self, path: str) -> c.Iterator[tuple[str, str]]:
        """The places of a part, by their paths in it."""
        yield from ((known[len(path) + 1 :], place) for known, place in self._places.items() if known.startswith(f"{path}."))
