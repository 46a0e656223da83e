# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The log: lines for people, with the priorities that journald knows (sd-daemon(3)) where journald reads them."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from typing import Final

_PRIORITIES: Final = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}


class Lines(logging.Formatter):
    """``<3>sentence`` for journald, ``12:00:00 ERROR sentence`` for a terminal; a sentence is one line in any case."""

    def __init__(self, journal: bool) -> None:
        super().__init__("%(message)s" if journal else "%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")
        self._journal = journal

    def format(self, record: logging.LogRecord) -> str:
        line = " ".join(super().format(record).split("\n"))
        return f"<{_PRIORITIES.get(record.levelno, 6)}>{line}" if self._journal else line


def start(level: int = logging.INFO, environment: Mapping[str, str] | None = None) -> None:
    """Log to standard error, as the surroundings want it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines("JOURNAL_STREAM" in (os.environ if environment is None else environment)))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # What the libraries have to say stands in our own sentences.
    for name in ("pymodbus", "paho"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
