# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""boto3 clients whose calls are answered in this process: the front's parsing, validation and access, without a socket or knobs."""

from __future__ import annotations

import collections.abc as c
import functools
import io
import threading
import typing as t
import urllib.parse

import boto3
import botocore.config
import botocore.loaders
import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from local_cloud.protocol.http import HttpRequest, HttpResponse

if t.TYPE_CHECKING:
    from local_cloud.cloud import Cloud

_CONFIG = botocore.config.Config(
    inject_host_prefix=False,
    s3={"addressing_style": "path"},
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
# A service that acts as a role sends what it has checked itself; the front validates it once more.
_SERVICE_CONFIG = _CONFIG.merge(botocore.config.Config(parameter_validation=False))


@functools.cache
def _loader() -> botocore.loaders.Loader:
    """What all clients share, as reading the models takes long. The protocol has its own: botocore rewrites its clients' models (S3's paths)."""
    return botocore.loaders.create_loader()


class _Raw(io.BytesIO):
    """What botocore reads a response's body from."""

    def stream(self, *_: t.Any, **__: t.Any) -> c.Iterator[bytes]:
        while block := self.read(1 << 20):
            yield block


class Clients:
    """Makes clients of the cloud's own account, one for each service and role."""

    def __init__(self, cloud: Cloud, handle: c.Callable[[HttpRequest], HttpResponse]) -> None:
        self._cloud = cloud
        self._handle = handle
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str | None], t.Any] = {}
        session = botocore.session.Session()
        session.register_component("data_loader", _loader())
        self._session = boto3.Session(botocore_session=session)

    def client(self, service: str, role_arn: str | None = None) -> t.Any:
        with self._lock:
            client = self._clients.get((service, role_arn))
        if client is None:
            client = self._make(service, role_arn)
            with self._lock:
                client = self._clients.setdefault((service, role_arn), client)
        return client

    def _make(self, service: str, role_arn: str | None) -> t.Any:
        keys = {"aws_access_key_id": "AKIALOCALCLOUD000000", "aws_secret_access_key": "local-cloud"}
        if role_arn is not None:
            session = self._cloud.issue_session(role_arn)
            keys = {
                "aws_access_key_id": session.access_key,
                "aws_secret_access_key": session.secret_key,
                "aws_session_token": session.token,
            }
        settings = self._cloud.settings
        with self._lock:  # boto3's sessions are not thread-safe
            client = self._session.client(
                service,
                region_name=settings.region,
                endpoint_url=settings.endpoint,
                config=_CONFIG if role_arn is None else _SERVICE_CONFIG,
                **keys,
            )
        model = client.meta.service_model
        client.meta.events.unregister(f"needs-retry.{model.service_id.hyphenize()}", unique_id=f"retry-config-{model.endpoint_prefix}")
        client.meta.events.register("before-send", self.send)
        return client

    def send(self, request: AWSPreparedRequest, **_: t.Any) -> AWSResponse:
        """What botocore's event ``before-send`` is answered with, of clients made elsewhere too."""
        url = urllib.parse.urlsplit(request.url)
        headers = {
            key.lower(): value.decode("latin-1") if isinstance(value, bytes) else str(value) for key, value in request.headers.items()
        }
        headers.setdefault("host", url.netloc)
        response = self._handle(HttpRequest(request.method, url.path, url.query, headers, _body(request.body)))
        return AWSResponse(request.url, response.status, response.headers, _Raw(response.body))


def _body(body: t.Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    return bytes(body.read() if hasattr(body, "read") else body)
