# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules about devices get clients of a local cloud, where single calls can be made to fail."""

from __future__ import annotations

import collections.abc as c
import pathlib
import socket
import typing as t

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from local_cloud.assembly import build
from local_cloud.settings import Settings


class Iot:
    """The API of a local cloud.

    client: of boto3. calls: the operations that the modules have called. before, after: hooks that see each call by its name; what
    ``before`` gives (an error code and a message) is answered instead, what ``after`` gives is answered although the call had its effect.
    """

    def __init__(self, client: t.Any) -> None:
        self.client = client
        self.calls: list[str] = []
        self.before: c.Callable[[str], tuple[str, str] | None] = lambda operation: None
        self.after: c.Callable[[str], tuple[str, str] | None] = lambda operation: None
        client.meta.events.register("before-call.iot", self._called)
        client.meta.events.register("after-call.iot", self._answered)

    def _called(self, model: t.Any, **_event: t.Any) -> tuple[t.Any, dict[str, t.Any]] | None:
        self.calls.append(model.name)
        error = self.before(model.name)

        class Http:
            status_code = 400

        return (Http(), _error(*error)) if error else None

    def _answered(self, model: t.Any, http_response: t.Any, parsed: dict[str, t.Any], **_event: t.Any) -> None:
        error = self.after(model.name)
        if error:
            http_response.status_code = 400
            parsed.update(_error(*error))

    def writes(self) -> list[str]:
        return [call for call in self.calls if not call.startswith(("Get", "List", "Describe"))]


def _error(code: str, message: str) -> dict[str, t.Any]:
    return {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 400}}


@pytest.fixture
def registry(tmp_path: pathlib.Path, run: t.Any, monkeypatch: pytest.MonkeyPatch, no_pauses: None) -> c.Iterator[Iot]:
    with socket.socket() as one, socket.socket() as other:
        for listener in (one, other):
            listener.bind(("127.0.0.1", 0))
        settings = Settings(home=tmp_path / "cloud", port=one.getsockname()[1], mqtt_port=other.getsockname()[1])
    cloud = build(settings)
    iot = Iot(cloud.client("iot"))
    monkeypatch.setattr(AnsibleAWSModule, "client", lambda self, service, **options: iot.client)
    yield iot
    cloud.stop()


@pytest.fixture
def new_csr() -> c.Callable[[], str]:
    """Makes a certificate signing request with a new key."""

    def make() -> str:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gw-roof")])
        request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
        return request.public_bytes(serialization.Encoding.PEM).decode()

    return make
