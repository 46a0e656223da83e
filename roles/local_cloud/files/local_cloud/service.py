# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every service of the local cloud is: operations by name over the cloud's store."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from local_cloud.cloud import Cloud
    from local_cloud.protocol.http import HttpRequest, HttpResponse

Parameters = dict[str, t.Any]
Answer = dict[str, t.Any]
Operation = c.Callable[["Request"], Answer]


@dataclasses.dataclass(frozen=True)
class Request:
    """One API call: already parsed and strictly validated against the service model.

    parameters: members under their names in the botocore model. Blobs are bytes, timestamps are
    epoch seconds (float); members that were not sent are absent.
    principal: ARN of the role session that signed the call, or None for the account's own user (who may do all).
    host: the Host header that the client used.
    """

    model: str
    operation: str
    parameters: Parameters
    principal: str | None = None
    host: str = ""


class Service:
    """A service: subclass it, name its botocore models, and write a method per operation.

    ``CreateWorkspace`` is answered by the method ``create_workspace(self, request) -> dict``; the front finds it by
    botocore's ``xform_name``. The answer uses the model's member names; timestamps may be epoch seconds or datetimes,
    blobs bytes. An operation without a method is answered with 501. Raise ``ApiError`` for an AWS error.
    Handlers run in many threads: use ``self.cloud.store.transaction()`` for "check, then write", and never hold it
    while calling another service or a Lambda.
    """

    models: t.ClassVar[tuple[str, ...]] = ()
    web: t.ClassVar[str] = ""
    """Where the service has a web server of its own, beside AWS's API: what the paths of requests to it begin with. ``serve`` answers them."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def serve(self, request: HttpRequest) -> HttpResponse:
        """Answers an unsigned request whose path begins with ``web``; it must not raise."""
        raise NotImplementedError

    def admit(self, request: Request) -> None:
        """Called before each operation. Raise ``ApiError`` where the service refuses the account as a whole."""

    def start(self) -> None:
        """Called once when all services exist; resume here what a crash has interrupted."""

    def stop(self) -> None:
        """Called once when the cloud stops in good order; ``kill -9`` never calls it."""
