# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The door to moto, which serves what it does well: one lock around all of it, and nothing acknowledged that is not on the disk."""

from __future__ import annotations

import dataclasses
import os
import re
import threading
import traceback
import typing as t
import xml.parsers.expat

from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders

from local_cloud.errors import ApiError
from local_cloud.protocol.http import HttpRequest, HttpResponse

if t.TYPE_CHECKING:
    from local_cloud.cloud import Cloud

MODELS = ("iam", "s3", "logs", "identitystore", "sso-admin", "dynamodb")
_HOSTS = {"iam": "iam.amazonaws.com", "sso-admin": "sso.{region}.amazonaws.com"}
_READS = ("BatchGet", "Describe", "Filter", "Get", "Head", "Is", "List", "Query", "Scan", "Search", "Select", "Simulate", "TransactGet")

# Calls that come often, and that do the same when they are repeated: a line in a journal instead of a whole snapshot.
_JOURNALED = {
    "dynamodb": frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"}),
    "logs": frozenset({"PutLogEvents"}),
}
# moto takes a part of S3 that it does not know for the bucket or the object itself: it would answer with a success.
_UNKNOWN_TO_S3 = re.compile(
    "Abac|Analytics|Annotation|IntelligentTiering|Metadata|Metrics|RequestPayment|Torrent"
    "|CreateSession|DirectoryBuckets|RenameObject|UpdateObjectEncryption|WriteGetObjectResponse"
)
_JOURNAL_LIMIT = 1_000  # entries of a service, until a snapshot takes their place


class Moto:
    """moto keeps its state in the process: one cloud at a time. Calls are in, answers out; moto's inner classes stay behind."""

    def __init__(self, cloud: Cloud) -> None:
        # moto reads these once, at its first import
        os.environ["MOTO_ACCOUNT_ID"] = cloud.settings.account
        os.environ["S3_IGNORE_SUBDOMAIN_BUCKETNAME"] = "true"
        from moto.core.base_backend import BackendDict
        from moto.core.botocore_stubber import BotocoreStubber

        from local_cloud.front import bucket_policy, partition_queries
        from local_cloud.front.moto_state import State

        self._cloud = cloud
        self._lock = threading.RLock()
        self._committing = threading.Lock()
        self._stubber = BotocoreStubber()
        self._versions = dict.fromkeys(MODELS, 0)
        self._durable = dict.fromkeys(MODELS, 0)
        self._journaled = dict.fromkeys(MODELS, 0)
        self._state = State(cloud.settings.home)
        bucket_policy.install()
        partition_queries.install()
        BackendDict.reset()
        for entry in self._state.load(MODELS, cloud.settings.account, cloud.settings.region):
            self._answer(entry.service, entry.request)
            self._versions[entry.service] += 1
        for service, replayed in self._versions.items():  # in a later run moto may judge an old call otherwise (events too old for the log)
            if replayed:
                self._make_durable(service, replayed)

    def version(self, service: str) -> int:
        """A number that grows with every call that may have changed the service's state."""
        return self._versions[service]

    def perform(self, service: str, operation: str, request: HttpRequest) -> HttpResponse:
        """moto's answer; what it has changed is on the disk when this returns."""
        if (service, operation) == ("s3", "GetBucketRequestPayment"):
            return self._request_payment(request)
        if service == "s3" and _UNKNOWN_TO_S3.search(operation):
            raise _not_implemented(service, operation)
        changes = not operation.startswith(_READS)
        snapshot_due = False
        with self._lock:
            try:
                response = self._answer(service, request)
            except NotImplementedError:
                response = None
            if changes:
                self._versions[service] += 1
                if operation not in _JOURNALED.get(service, ()):
                    snapshot_due = True
                elif response is not None and response.status < 400:
                    self._state.append(service, operation, request)
                    self._journaled[service] += 1
                    snapshot_due = self._journaled[service] >= _JOURNAL_LIMIT
            version = self._versions[service]
        if snapshot_due:
            self._make_durable(service, version)
        if response is None:
            raise _not_implemented(service, operation)
        return response

    def _request_payment(self, request: HttpRequest) -> HttpResponse:
        """Who pays for requests: the owner, since nobody else can be set here. A bucket that is not there is told as any call tells it."""
        with self._lock:
            found = self._answer("s3", dataclasses.replace(request, query="location"))
        if found is None or found.status != 200:
            return found or HttpResponse(404, {}, b"")
        namespace = "http://s3.amazonaws.com/doc/2006-03-01/"
        body = f'<RequestPaymentConfiguration xmlns="{namespace}"><Payer>BucketOwner</Payer></RequestPaymentConfiguration>'
        return HttpResponse(200, {"Content-Type": "application/xml"}, body.encode())

    def _make_durable(self, service: str, version: int) -> None:
        """Whoever comes first snapshots for all that wait behind."""
        with self._committing:
            if self._durable[service] >= version:
                return
            with self._lock:
                covered = self._versions[service]
                snapshot = self._state.take(service, self._cloud.settings.account)
                self._journaled[service] = 0
            self._state.keep(snapshot)
            self._durable[service] = covered

    def _answer(self, service: str, request: HttpRequest) -> HttpResponse | None:
        host = _HOSTS.get(service, service + ".{region}.amazonaws.com").format(region=self._cloud.settings.region)
        headers = HTTPHeaders()
        for name, value in request.headers.items():
            headers[name] = value
        headers.replace_header("host", host) if "host" in headers else headers.add_header("host", host)
        url = f"https://{host}{request.path}" + (f"?{request.query}" if request.query else "")
        try:
            answer = self._stubber.process_request(AWSPreparedRequest(request.method, url, headers, request.body, False))
        except xml.parsers.expat.ExpatError as error:
            raise ApiError("MalformedXML", f"The XML you provided was not well-formed: {error}.", status=400) from None
        except UnicodeDecodeError as error:
            raise ApiError("SerializationException", f"The body of the request is not UTF-8: {error.reason}.", status=400) from None
        except (LookupError, TypeError, AttributeError, ValueError):
            # moto reads many members without looking whether they are there: it does not know what to do with such a request.
            traceback.print_exc()
            raise ApiError(
                "NotImplemented", f"The local cloud cannot read this request to {service}; its log file says why.", status=501
            ) from None
        if answer is None:
            return None
        status, answered, body = answer
        return HttpResponse(
            status, {key: str(value) for key, value in answered.items()}, body.encode() if isinstance(body, str) else bytes(body)
        )

    def resources(self) -> dict[str, int]:
        """How many of the most common resources there are."""
        client = self._cloud.client
        return {
            "dynamodb.table": len(client("dynamodb").list_tables()["TableNames"]),
            "iam.role": len(client("iam").list_roles()["Roles"]),
            "logs.log_group": len(client("logs").describe_log_groups()["logGroups"]),
            "s3.bucket": len(client("s3").list_buckets()["Buckets"]),
        }

    def close(self) -> None:
        self._state.close()


def _not_implemented(service: str, operation: str) -> ApiError:
    return ApiError("NotImplemented", f"The local cloud does not implement {service}:{operation}.", status=501)
