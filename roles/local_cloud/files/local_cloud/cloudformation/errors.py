# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The errors of CloudFormation's API, in AWS's words."""

from __future__ import annotations

from local_cloud.errors import ApiError


def invalid(message: str) -> ApiError:
    """A request or a template that CloudFormation refuses."""
    return ApiError("ValidationError", message)


def not_implemented(what: str) -> ApiError:
    """Something that AWS has and the local cloud has not."""
    return ApiError("NotImplemented", f"The local cloud's CloudFormation does not implement {what}", status=501)


def constraint(value: str, member: str, rule: str) -> ApiError:
    """A member of the request that breaks a limit which botocore's model does not carry."""
    return invalid(f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must {rule}")
