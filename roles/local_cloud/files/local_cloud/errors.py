# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one error that a service raises to answer a call with an AWS error."""

from __future__ import annotations

import typing as t


class ApiError(Exception):
    """An AWS error answer.

    code: the error's name in the service model, e.g. ``ConflictException``.
    status: HTTP status; None takes it from the service model (400 where that has none).
    members: further members of the error's shape, e.g. ``RejectedRecords``.
    """

    def __init__(self, code: str, message: str, *, status: int | None = None, **members: t.Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.members = members
