# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the parts of the control plane share: errors, authorisation and paging."""

from __future__ import annotations

import base64
import binascii
import collections.abc as c
import json
import typing as t

from local_cloud.errors import ApiError
from local_cloud.service import Answer, Request, Service


def invalid(message: str) -> ApiError:
    return ApiError("InvalidRequestException", message)


def not_found(what: str, name: str) -> ApiError:
    return ApiError("ResourceNotFoundException", f"{what} {name} cannot be found.")


def exists(what: str, name: str, identifier: str, arn: str) -> ApiError:
    message = f"{what} {name} already exists in account with different properties."
    return ApiError("ResourceAlreadyExistsException", message, resourceId=identifier, resourceArn=arn)


def not_implemented(what: str) -> ApiError:
    return ApiError("NotImplemented", f"The local cloud does not implement {what}.", status=501)


class Part(Service):
    """One part of the control plane; ``Iot`` is all of them together."""

    def arn(self, kind: str, name: str) -> str:
        return self.cloud.arn("iot", f"{kind}/{name}")

    def authorize(self, request: Request, kind: str, name: str) -> None:
        self.cloud.authorize(request, f"iot:{request.operation}", self.arn(kind, name))

    @property
    def milliseconds(self) -> float:
        """Now, in epoch seconds, as exactly as AWS gives times."""
        return round(self.cloud.now(), 3)


def page(
    request: Request,
    rows: c.Iterable[tuple[t.Any, t.Any]],
    member: str,
    *,
    size: str = "maxResults",
    token: str = "nextToken",
    answer_token: str | None = None,
    default: int = 25,
) -> Answer:
    """A page of answers. rows: (sort key, answer); the token is the sort key of the last one shown, so changes in between do no harm.

    size, token: the members of the request; answer_token: that of the answer if it has another name.
    ``ascendingOrder`` is honoured where the operation has it. Raises InvalidRequestException for a token that is none.
    """
    ascending = request.parameters.get("ascendingOrder", True)
    ordered = sorted(rows, key=lambda row: row[0], reverse=not ascending)
    if token in request.parameters:
        last = _decoded(request.parameters[token])
        ordered = [row for row in ordered if (_plain(row[0]) > last if ascending else _plain(row[0]) < last)]
    count = request.parameters.get(size, default)
    answer: Answer = {member: [shown for _unused, shown in ordered[:count]]}
    if len(ordered) > count:
        answer[answer_token or token] = _encoded(ordered[count - 1][0])
    return answer


def _plain(key: t.Any) -> t.Any:
    return list(key) if isinstance(key, tuple) else [key]


def _encoded(key: t.Any) -> str:
    return base64.b64encode(json.dumps(_plain(key)).encode()).decode()


def _decoded(token: str) -> t.Any:
    try:
        last = json.loads(base64.b64decode(token, validate=True))
    except (binascii.Error, ValueError):
        raise invalid(f"Invalid token: {token}") from None
    if not isinstance(last, list):
        raise invalid(f"Invalid token: {token}")
    return last
