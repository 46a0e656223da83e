# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From an HTTP request to a service's operation and back: dispatch by SigV4 scope, access, parsing, validation, serialisation."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import json
import re
import traceback
import typing as t
import uuid

from botocore import xform_name

from local_cloud.access import denied
from local_cloud.errors import ApiError
from local_cloud.front import actions
from local_cloud.front.moto import MODELS as MOTO_MODELS
from local_cloud.protocol import models, serialise, validate
from local_cloud.protocol.http import HttpRequest, HttpResponse
from local_cloud.protocol.parse import parse
from local_cloud.service import Request

if t.TYPE_CHECKING:
    from local_cloud.cloud import Cloud
    from local_cloud.service import Service

_SIGNED = re.compile(r"AWS4-HMAC-SHA256\s+.*Credential=(?P<key>[^/,\s]+)/\d{8}/(?P<region>[^/]+)/(?P<scope>[^/]+)/aws4_request")
_GLOBAL = frozenset({"iam", "sts"})

# The names under which requests are signed, where they are not the models' own. Here, so that no model is read before it is needed.
_SCOPES = {
    "cloudwatch": "monitoring",
    "iot-data": "iotdata",
    "service-quotas": "servicequotas",
    "sso-admin": "sso",
    "timestream-query": "timestream",
    "timestream-write": "timestream",
}


class Refused(Exception):
    """A request that reaches no service; it has its answer already. service: what it was signed for, as far as that is known."""

    def __init__(self, response: HttpResponse, service: str = "-") -> None:
        super().__init__(response.status)
        self.response = response
        self.service = service


@dataclasses.dataclass(frozen=True)
class Call:
    """What a request asks for. service: botocore's name of the model; access_key: whose call it is."""

    service: str
    target: models.Target
    access_key: str
    request: HttpRequest

    @property
    def operation(self) -> str:
        return self.target.operation

    @property
    def protocol(self) -> str:
        return models.spoken(self.service, self.request)


@dataclasses.dataclass(frozen=True)
class Page:
    """A request to a web server of a service's own, which has tokens and errors of its own too."""

    room: Service
    request: HttpRequest

    @property
    def service(self) -> str:
        return f"{self.room.models[0]}-web"

    @property
    def operation(self) -> str:
        return f"{self.request.method} {self.request.path}"


class Front:
    """Answers the requests of every service of one cloud."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._scopes: dict[str, list[str]] = {}
        self._sites: dict[str, Service] = {}
        self._rooms: dict[str, Service] = {}
        for name in MOTO_MODELS:
            self._scopes.setdefault(scope_of(name), []).append(name)

    def add(self, service: Service) -> None:
        if service.web:
            self._sites[service.web] = service
        for name in service.models:
            self._rooms[name] = service
            if name not in MOTO_MODELS:
                self._scopes.setdefault(scope_of(name), []).append(name)

    def handle(self, request: HttpRequest) -> HttpResponse:
        try:
            call = self.identify(request)
        except Refused as refused:
            return refused.response
        return self.perform(call)[0]

    def identify(self, request: HttpRequest) -> Call | Page:
        """The call behind a request. Raises ``Refused``: unsigned, foreign region, or nothing here serves it."""
        credential = _credential(request)
        if credential is None:
            for prefix, room in self._sites.items():
                if request.path.startswith(prefix):
                    return Page(room, request)
            raise Refused(refusal(403, "MissingAuthenticationToken", "Missing Authentication Token"))
        key, region, scope = credential
        names = self._scopes.get(scope)
        if names is None:
            sentence = f"The local cloud has no service {scope}."
            form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
            raise Refused(
                serialise.form_error(501, "NotImplemented", sentence) if form else refusal(501, "NotImplemented", sentence), scope
            )
        home = self._cloud.settings.region
        if region != home and scope not in _GLOBAL:
            failure = ApiError(
                "InvalidSignatureException", f"Credential should be scoped to a valid region: {home}, not {region}.", status=403
            )
            raise Refused(serialise.error(names[0], None, failure, models.spoken(names[0], request)), scope)
        for name in names:
            target = models.target(name, request)
            if target is not None:
                return Call(name, target, key, request)
        asked = request.headers.get("x-amz-target") or dict(models.form(request)).get("Action") or f"{request.method} {request.path}"
        failure = ApiError("NotImplemented", f"The local cloud knows no operation of {names[0]} for {asked}.", status=501)
        raise Refused(serialise.error(names[0], None, failure, models.spoken(names[0], request)), scope)

    def perform(self, call: Call | Page) -> tuple[HttpResponse, str | None]:
        """The answer, and the role session that called (None: the account's own user, or somebody with a token of the service's)."""
        if isinstance(call, Page):
            return call.room.serve(call.request), None
        principal = None
        try:
            principal = self._cloud.access.principal(call.access_key, _token(call.request))
            return self._answer(call, principal), principal
        except ApiError as failure:
            return serialise.error(call.service, call.operation, failure, call.protocol), principal
        except Exception:  # whatever goes wrong in a service, the client gets an answer and the log the reason
            traceback.print_exc()
            sentence = f"The local cloud failed in {call.service}:{call.operation}; its log file says why."
            failed = ApiError("InternalFailure", sentence, status=500)
            return serialise.error(call.service, call.operation, failed, call.protocol), principal

    def _answer(self, call: Call, principal: str | None) -> HttpResponse:
        room = self._rooms.get(call.service)
        if room is None and models.protocol_of(call.service) == "rest-xml":
            self._require(call, {**call.target.labels}, principal)
            return self._cloud.moto.perform(call.service, call.operation, call.request)
        parameters = parse(call.service, call.target, call.request)
        method = getattr(room, xform_name(call.operation), None)
        if room is not None and method is None and call.service not in MOTO_MODELS:
            raise ApiError("NotImplemented", f"The local cloud does not implement {call.service}:{call.operation}.", status=501)
        validate.check(models.operation_model(call.service, call.operation), parameters)
        self._require(call, parameters, principal)
        if room is None or method is None:
            return self._cloud.moto.perform(call.service, call.operation, call.request)
        request = Request(call.service, call.operation, parameters, principal, call.request.host)
        room.admit(request)
        answer = method(request)
        return serialise.answer(call.service, call.operation, answer or {}, call.protocol)

    def _require(self, call: Call, parameters: c.Mapping[str, t.Any], principal: str | None) -> None:
        """A role session needs leave for the action: on its resource where the front knows it, else on any resource at all."""
        if principal is None:
            return
        for action, resource in actions.needed(call.service, call.operation, parameters, call.request, self._cloud.settings):
            if resource is not None:
                self._cloud.access.authorize(principal, action, resource, actions.context(call.service, call.request))
            elif not self._cloud.access.may(principal, action):
                raise denied(principal, action, None)


def scope_of(model: str) -> str:
    """The service's name in the credential scope of the requests to a model."""
    return _SCOPES.get(model, model)


def _credential(request: HttpRequest) -> tuple[str, str, str] | None:
    """Access key, region and service that a request was signed for: in its header or, presigned, in its query."""
    signed = _SIGNED.match(request.headers.get("authorization", ""))
    if signed is not None:
        return signed["key"], signed["region"], signed["scope"]
    presigned = dict(models.query(request)).get("X-Amz-Credential", "").split("/")
    if len(presigned) == 5:
        return presigned[0], presigned[2], presigned[3]
    return None


def _token(request: HttpRequest) -> str:
    header = request.headers.get("x-amz-security-token")
    return header if header is not None else dict(models.query(request)).get("X-Amz-Security-Token", "")


def refusal(status: int, code: str, sentence: str) -> HttpResponse:
    """An error for a request whose protocol is not known."""
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": code, "x-amzn-RequestId": str(uuid.uuid4())}
    return HttpResponse(status, headers, json.dumps({"__type": code, "message": sentence}).encode())
