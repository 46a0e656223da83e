# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one error that callers see: IoT TwinMaker shows its sentence in a ConnectorFailureException."""

from __future__ import annotations


class ReaderError(Exception):
    """A request that cannot be answered; the message says what is wrong and what to do."""
