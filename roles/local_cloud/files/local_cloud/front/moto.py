# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The door to moto, which serves what it does well: one lock around all of it."""

from __future__ import annotations

import os
import threading
import typing as t

from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders

from local_cloud.errors import ApiError
from local_cloud.protocol.http import HttpRequest, HttpResponse

if t.TYPE_CHECKING:
    from local_cloud.cloud import Cloud

MODELS = ("iam", "s3", "logs", "identitystore", "sso-admin", "dynamodb")
_HOSTS = {"iam": "iam.amazonaws.com", "sso-admin": "sso.{region}.amazonaws.com"}
_READS = (
    "Get",
    "List",
    "Describe",
    "Head",
    "Filter",
    "Query",
    "Scan",
    "BatchGet",
    "Simulate",
    "Generate",
    "Is",
    "Search",
    "Select",
    "TransactGet",
)


class Moto:
    """moto keeps its state in the process: one cloud at a time. Calls are in, answers out; moto's inner classes stay behind."""

    def __init__(self, cloud: Cloud) -> None:
        # moto reads these once, at its first import
        os.environ["MOTO_ACCOUNT_ID"] = cloud.settings.account
        os.environ["S3_IGNORE_SUBDOMAIN_BUCKETNAME"] = "true"
        from moto.core.base_backend import BackendDict
        from moto.core.botocore_stubber import BotocoreStubber

        self._cloud = cloud
        self._lock = threading.RLock()
        self._stubber = BotocoreStubber()
        self._versions = dict.fromkeys(MODELS, 0)
        BackendDict.reset()

    def version(self, service: str) -> int:
        """A number that grows with every call that may have changed the service's state."""
        return self._versions[service]

    def perform(self, service: str, operation: str, request: HttpRequest) -> HttpResponse:
        host = _HOSTS.get(service, service + ".{region}.amazonaws.com").format(region=self._cloud.settings.region)
        headers = HTTPHeaders()
        for name, value in request.headers.items():
            headers[name] = value
        headers["host"] = host
        url = f"https://{host}{request.path}" + (f"?{request.query}" if request.query else "")
        prepared = AWSPreparedRequest(request.method, url, headers, request.body, False)
        with self._lock:
            try:
                answer = self._stubber.process_request(prepared)
            except NotImplementedError:
                raise ApiError("NotImplemented", f"The local cloud does not implement {service}:{operation}.", status=501) from None
            finally:
                if not operation.startswith(_READS):
                    self._versions[service] += 1
        if answer is None:
            raise ApiError("NotImplemented", f"The local cloud does not implement {service}:{operation}.", status=501)
        status, answered, body = answer
        return HttpResponse(
            status, {key: str(value) for key, value in answered.items()}, body.encode() if isinstance(body, str) else bytes(body)
        )
