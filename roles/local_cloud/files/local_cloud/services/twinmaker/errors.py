# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The errors of the service model, one function each."""

from __future__ import annotations

from local_cloud.errors import ApiError


def invalid(message: str) -> ApiError:
    return ApiError("ValidationException", message)


def missing(what: str, name: str) -> ApiError:
    return ApiError("ResourceNotFoundException", f"{what} {name} does not exist")


def conflict(message: str) -> ApiError:
    return ApiError("ConflictException", message)


def over_quota(message: str) -> ApiError:
    return ApiError("ServiceQuotaExceededException", message)


def connector_failure(message: str) -> ApiError:
    return ApiError("ConnectorFailureException", message)


def connector_timeout(message: str) -> ApiError:
    return ApiError("ConnectorTimeoutException", message)


def not_implemented(what: str) -> ApiError:
    return ApiError("NotImplemented", f"The local cloud does not implement {what}", status=501)
